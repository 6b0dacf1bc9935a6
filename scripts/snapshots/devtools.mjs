// What DevTools' own code reads in a heap snapshot (that which chrome-devtools-mcp brings along), as JSON.
//
//     node --import ./node20.mjs devtools.mjs NODE_MODULES FILE ID...
//
// Bytes and objects of each class of the summary, and what the nodes of these ids retain.
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const [modules, file, ...ids] = process.argv.slice(2);
const manager = path.join(modules, 'chrome-devtools-mcp/build/src/processors/HeapSnapshotManager.js');
const {HeapSnapshotManager} = await import(pathToFileURL(manager));
const snapshots = new HeapSnapshotManager();
const {aggregates, objectCount, totalSelfSize} = await snapshots.getAggregates(file);
const types = {};
for (const {className, count, selfSize} of aggregates) {
  const type = (types[className] ??= [0, 0]);
  type[0] += count;
  type[1] += selfSize;
}
const retained = {};
for (const id of ids.map(Number)) {
  const retainers = await snapshots.getRetainers(file, id);
  const info = await snapshots.getObjectInfo(file, id);
  retained[id] = info.retainedSize ?? null;
  if (!retainers.items.length) {
    retained[id] = null;
  }
}
const {totalSize, nodeCount} = await snapshots.getStaticData(file);
const answer = {types, retained, objects: objectCount, bytes: totalSelfSize, totalSize, nodeCount};
process.stdout.write(JSON.stringify(answer), () => process.exit(0));
