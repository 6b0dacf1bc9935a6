// What @memlab/heap-analysis reads in a heap snapshot, as JSON.
//
//     node memlab.cjs NODE_MODULES FILE ID...
//
// Bytes and objects of each type, and what the nodes of these ids retain.
'use strict';
const path = require('path');
const [modules, file, ...ids] = process.argv.slice(2);
const {getFullHeapFromFile} = require(path.join(modules, '@memlab/heap-analysis'));

(async () => {
  // memlab tells on stdout how far it is.
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  const heap = await getFullHeapFromFile(file);
  const types = {};
  const wanted = new Set(ids.map(Number));
  const retained = {};
  let unreached = 0;
  heap.nodes.forEach(node => {
    if (wanted.has(node.id)) {
      retained[node.id] = node.retainedSize;
    }
    if (node.id % 2 === 0 && node.type === 'synthetic') {
      return;
    }
    unreached += node.pathEdge ? 0 : 1;
    const type = (types[node.name] ||= [0, 0]);
    type[0] += 1;
    type[1] += node.self_size;
  });
  write(JSON.stringify({types, retained, unreached, nodes: heap.nodes.length, edges: heap.edges.length}), () =>
    process.exit(0));
})().catch(error => {
  console.error(error);
  process.exit(1);
});
