// What DevTools' Memory panel shows of a heap snapshot, in Chromium without a window: how many objects, as JSON; and a picture of it.
//
//     node window.mjs NODE_MODULES FILE CHROMIUM [PICTURE]
import path from 'node:path';
import {createRequire} from 'node:module';

const [modules, file, chromium, picture] = process.argv.slice(2);
const puppeteer = createRequire(path.join(modules, 'x.js'))('puppeteer-core');
const sleep = time => new Promise(done => setTimeout(done, time));
const browser = await puppeteer.launch({
  executablePath: chromium,
  headless: true,
  args: ['--no-sandbox', '--remote-allow-origins=*'],
  defaultViewport: {width: 1500, height: 900},
});
try {
  const host = new URL(browser.wsEndpoint()).host;
  const watched = await browser.newPage();
  const session = await watched.createCDPSession();
  const {targetInfo} = await session.send('Target.getTargetInfo');
  const page = await browser.newPage();
  const socket = `${host}/devtools/page/${targetInfo.targetId}`;
  await page.goto(`http://${host}/devtools/devtools_app.html?ws=${socket}&panel=heap-profiler`);
  const load = await page.waitForSelector('aria/Load profile[role="button"]', {timeout: 20000});
  const [chooser] = await Promise.all([page.waitForFileChooser({timeout: 20000}), load.click()]);
  await chooser.accept([file]);
  // All text of the page, shadows included.
  const text = () => page.evaluate(() => {
    const of = node => [...node.childNodes].map(child => child.nodeType === 3 ? child.data : of(child)).join('\n') +
        (node.shadowRoot ? of(node.shadowRoot) : '');
    return of(document.body);
  });
  const name = path.basename(file, '.heapsnapshot');
  let found = null;
  for (let tries = 0; tries < 400 && !found; tries++) {
    await sleep(500);
    const item = await page.$(`>>> [role="treeitem"][aria-label*="${name}"]`) ?? await page.$('>>> .heap-snapshot-sidebar-tree-item');
    await item?.click().catch(() => {});
    found = /([\d,]+) objects \(/.exec(await text());
  }
  if (picture) {
    await page.screenshot({path: picture});
  }
  process.stdout.write(JSON.stringify({objects: found && Number(found[1].replaceAll(',', ''))}));
} finally {
  await browser.close();
}
