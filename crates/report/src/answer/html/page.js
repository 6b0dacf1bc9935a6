'use strict';
// Everything here adds comfort to a page that can be read without it; flame graphs alone need it.
(() => {
  const ROW = 18, SMALLEST = 3;
  const text = (tag, words, name) => {
    const node = document.createElement(tag);
    node.textContent = words;
    if (name) node.className = name;
    return node;
  };
  // Letters from right to left stand between signs that keep their order to themselves; who searches does not type these.
  const plain = (words) => words.replace(/[\u2068\u2069]/g, '');
  const finder = (words) => {
    if (!words) return null;
    try { return new RegExp(words, 'i'); } catch { return null; }
  };

  for (const bar of document.querySelectorAll('.bar')) bar.style.width = bar.dataset.share + '%';

  const opening = document.querySelector('main').dataset.opening;
  for (const code of document.querySelectorAll('code.command')) {
    const whole = code.classList.contains('whole') || !opening ? code.textContent : opening + ' ' + code.textContent;
    code.title = whole;
    const copy = text('button', 'copy', 'copy');
    copy.type = 'button';
    copy.setAttribute('aria-label', 'copy ' + whole);
    copy.addEventListener('click', () => {
      const range = document.createRange();
      range.selectNodeContents(code);
      const chosen = getSelection();
      chosen.removeAllRanges();
      chosen.addRange(range);
      if (navigator.clipboard) navigator.clipboard.writeText(whole).catch(() => {});
    });
    code.after(' ', copy);
  }

  // A row and the sentences on it are moved together.
  const groups = (table) => {
    const found = [];
    for (const row of table.tBodies[0].rows) {
      if (row.classList.contains('notes')) found.at(-1).push(row); else found.push([row]);
    }
    return found;
  };

  const sortable = (table) => {
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      const button = text('button', head.textContent);
      button.type = 'button';
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') !== 'descending';
        for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const key = (group) => group[0].cells[at];
        const number = (cell) => cell.dataset.value === undefined ? NaN : Number(cell.dataset.value);
        const order = (one, two) => {
          const [a, b] = [key(one), key(two)], [x, y] = [number(a), number(b)];
          if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
          return a.textContent.localeCompare(b.textContent);
        };
        const sorted = groups(table).sort((one, two) => down ? order(two, one) : order(one, two));
        table.tBodies[0].append(...sorted.flat());
      });
    });
  };

  const foldable = (table, tools) => {
    const all = groups(table), rows = all.map((group) => group[0]);
    const hide = (at, hidden) => { for (const row of all[at]) row.hidden = hidden; };
    const depth = rows.map((row) => Number(row.dataset.depth || 0));
    // At first, what is at least a hundredth of all.
    const bytes = rows.map((row) => Number(row.querySelector('[data-value]')?.dataset.value || 0));
    const open = rows.map((_, at) => depth[at] < 8 && bytes[at] * 100 >= bytes[0]);
    const show = () => {
      let closed = Infinity;
      rows.forEach((row, at) => {
        if (depth[at] <= closed) closed = Infinity;
        hide(at, closed !== Infinity);
        if (!row.hidden && !open[at]) closed = depth[at];
        const fold = row.querySelector('button.fold');
        if (fold) { fold.textContent = open[at] ? '▾' : '▸'; fold.setAttribute('aria-expanded', open[at]); }
      });
    };
    rows.forEach((row, at) => {
      const name = row.querySelector('td.name');
      name.style.paddingLeft = 8 + depth[at] * 12 + 'px';
      const parent = depth[at + 1] > depth[at];
      const fold = text(parent ? 'button' : 'span', parent ? '▾' : '', 'fold');
      if (parent) {
        fold.type = 'button';
        fold.setAttribute('aria-label', 'what is below');
        fold.addEventListener('click', () => { open[at] = !open[at]; show(); });
      }
      name.prepend(fold);
    });
    if (rows.length > 12) for (const [words, far] of [['open all', Infinity], ['close', 1]]) {
      const button = text('button', words);
      button.type = 'button';
      button.addEventListener('click', () => { open.forEach((_, at) => { open[at] = depth[at] < far; }); show(); });
      tools.append(button);
    }
    show();
    return (wanted) => {
      if (!wanted) { show(); return; }
      // What matches, with all that is above it.
      const keep = all.map((group) => group.some((row) => wanted.test(plain(row.textContent))));
      const above = [];
      rows.forEach((_, at) => {
        above.length = depth[at];
        above[depth[at]] = at;
        if (keep[at]) for (const one of above) if (one !== undefined) keep[one] = true;
      });
      rows.forEach((_, at) => hide(at, !keep[at]));
    };
  };

  for (const table of document.querySelectorAll('table')) {
    const tools = text('div', '', 'tools');
    const tree = table.classList.contains('tree');
    let filter = (wanted) => {
      for (const group of groups(table)) {
        const hit = !wanted || group.some((row) => wanted.test(plain(row.textContent)));
        for (const row of group) row.hidden = !hit;
      }
    };
    if (table.tBodies[0].rows.length > 12) {
      const search = document.createElement('input');
      search.type = 'search';
      search.placeholder = 'search (regular expression)';
      search.setAttribute('aria-label', 'search in this table');
      search.addEventListener('input', () => filter(finder(search.value)));
      tools.append(search);
      table.parentNode.before(tools);
    }
    if (tree) filter = foldable(table, tools); else sortable(table);
  }

  const colour = (name) => {
    // By the package that the text names, so that what belongs together looks alike.
    const place = /([\w/-]+)\.[\w(*]/.exec(name);
    let hash = 0;
    for (const letter of place ? place[1] : name) hash = (hash * 31 + letter.codePointAt(0)) % 360;
    return `hsl(${hash} 62% 74%)`;
  };

  for (const flame of document.querySelectorAll('.flame')) {
    // Frames: level, name, bytes, and what hangs below; parents before their children.
    const rows = JSON.parse(document.getElementById(flame.dataset.rows).textContent);
    const frames = rows.map(([depth, name, bytes, told]) => ({ depth, name, bytes, told, below: [], above: null, x: 0, w: 0 }));
    const path = [];
    for (const frame of frames) {
      path.length = frame.depth;
      frame.above = path[frame.depth - 1] || null;
      if (frame.above) frame.above.below.push(frame);
      path[frame.depth] = frame;
    }
    const root = frames[0];
    const tools = text('div', '', 'tools');
    const search = document.createElement('input');
    search.type = 'search';
    search.placeholder = 'search frames (regular expression)';
    search.setAttribute('aria-label', 'search frames');
    const reset = text('button', 'whole picture');
    reset.type = 'button';
    tools.append(search, reset);
    flame.before(tools);
    const told = text('p', '', 'told');
    told.setAttribute('aria-live', 'polite');
    flame.after(told);
    let top = root, wanted = null, focus = root, focused = false;
    const say = (frame) => { told.textContent = frame ? frame.told + '  ' + frame.name : ''; };
    const draw = () => {
      const wide = flame.clientWidth || 1000;
      const line = [];
      for (let one = top.above; one; one = one.above) line.unshift(one);
      line.forEach((one) => { one.x = 0; one.w = wide; });
      top.x = 0; top.w = wide;
      const shown = [...line];
      const fill = (frame) => {
        shown.push(frame);
        let x = frame.x;
        for (const one of frame.below) {
          one.x = x; one.w = frame.bytes ? frame.w * one.bytes / frame.bytes : 0;
          x += one.w;
          if (one.w >= SMALLEST) fill(one);
        }
      };
      fill(top);
      let deepest = 0;
      const buttons = shown.map((frame) => {
        const button = text('button', frame.w > 24 ? frame.name : '');
        button.type = 'button';
        button.title = frame.name + '\n' + frame.told;
        button.style.left = frame.x + 'px';
        button.style.width = frame.w + 'px';
        button.style.top = frame.depth * ROW + 'px';
        button.style.background = colour(frame.name);
        button.tabIndex = frame === focus ? 0 : -1;
        if (wanted) button.classList.add(wanted.test(plain(frame.name)) ? 'hit' : 'dim');
        button.addEventListener('click', () => { top = focus = frame; focused = true; draw(); });
        button.addEventListener('mouseenter', () => say(frame));
        button.addEventListener('focus', () => { focus = frame; say(frame); });
        frame.button = button;
        deepest = Math.max(deepest, frame.depth);
        return button;
      });
      flame.style.height = (deepest + 1) * ROW + 'px';
      flame.replaceChildren(...buttons);
      if (focused && shown.includes(focus)) focus.button.focus({ preventScroll: true });
    };
    flame.addEventListener('keydown', (event) => {
      const sides = focus.above ? focus.above.below.filter((one) => one.w >= SMALLEST) : [focus];
      const at = sides.indexOf(focus);
      const next = {
        ArrowUp: focus.above, ArrowDown: focus.below.find((one) => one.w >= SMALLEST),
        ArrowLeft: sides[at - 1], ArrowRight: sides[at + 1],
      }[event.key];
      if (event.key === 'Escape') { top = focus = root; focused = true; draw(); }
      else if (next && next.button) { focus.button.tabIndex = -1; focus = next; focus.button.tabIndex = 0; focus.button.focus(); }
      else return;
      event.preventDefault();
    });
    search.addEventListener('input', () => { wanted = finder(search.value); focused = false; draw(); });
    reset.addEventListener('click', () => { top = focus = root; focused = false; draw(); });
    let width = 0;
    new ResizeObserver(() => {
      if (flame.clientWidth !== width) { width = flame.clientWidth; focused = false; draw(); }
    }).observe(flame);
    draw();
  }
})();
