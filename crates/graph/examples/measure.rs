//! Measures dominators and retained sizes on a made-up heap: `cargo run --release -p goheap-graph --example measure [NODES]
//! [EDGES]`, 10 million and 20 million unless told. Of the edges 80 % lead to ids within 4096, the others anywhere; one
//! node of 50 000 is a root. Peak memory is that of the process (`VmHWM`), so each step's is the greatest up to it.
#![allow(clippy::print_stdout)]

use goheap_graph::{
    CsrGraph, DominatorTree, GraphBuilder, GraphError, MergedPaths, PathsToRoots, RetainedSizes, Weight,
    retained_by_set,
};
use std::time::Instant;

/// Scrambles the bits of a number (the finisher of splitmix64): the same edges whenever they are asked for.
fn scrambled(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The target of the edge with that number from `from`.
fn target(from: u32, edge: u64, nodes: u32) -> u32 {
    let bits = scrambled(u64::from(from) << 8 | edge);
    if bits % 10 >= 8 {
        return ((bits >> 8) % u64::from(nodes)) as u32;
    }
    let near = from.saturating_sub(4096) + ((bits >> 8) % 8192) as u32;
    near.min(nodes - 1)
}

/// A line of `/proc/self/status` in MB; 0 where there is none.
fn status_mb(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}

fn step<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let before = status_mb("VmRSS:");
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    let (now, peak) = (status_mb("VmRSS:"), status_mb("VmHWM:"));
    println!("{name:<28} {seconds:>6.2} s   RSS {before:>6.0} -> {now:>6.0} MB   peak {peak:>6.0} MB");
    result
}

fn main() -> Result<(), GraphError> {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u32>().ok());
    let nodes = numbers.next().unwrap_or(10_000_000).max(2);
    let edges = numbers.next().unwrap_or(20_000_000);
    let most = u64::from(edges / nodes) * 2;
    // 0 to twice the mean, as often each.
    let edges_of = |from: u32| {
        let degree = scrambled(u64::from(from) ^ 0xdead_beef) % (most + 1);
        (0..degree).map(move |edge| target(from, edge, nodes))
    };
    let mut builder = GraphBuilder::new(nodes)?;
    let root = builder.add_node()?;
    for object in (0..nodes).step_by(50_000) {
        builder.add_edge(root, object)?;
    }
    println!("threads {}", rayon::current_num_threads());
    let graph = step("graph, two passes", || builder.build(edges_of))?;
    println!("nodes {}, edges {}", graph.node_count(), graph.edge_count());
    let tree = step("dominators", || DominatorTree::new(&graph, root));
    println!("reached {}, children of the root {}", tree.len(), tree.children(root).count());
    let retained = step("retained sizes", || RetainedSizes::new(&tree, |node| u64::from(node % 7 + 1) * 16));
    println!("retained by the root {}", retained.of(root));
    let reversed = step("reversed", || graph.reversed());
    println!("edges turned {}", reversed.edge_count());
    ask(&graph, &reversed, &tree, &retained);
    Ok(())
}

/// What is asked of single nodes and of sets.
fn ask(graph: &CsrGraph, reversed: &CsrGraph, tree: &DominatorTree, retained: &RetainedSizes) {
    let Some(root) = tree.root() else { return };
    let weigh = |_| Weight { bytes: 16, objects: 1 };
    let set: Vec<u32> = tree.preorder().iter().skip(1).step_by(800).copied().collect();
    println!("a set of {} nodes", set.len());
    let least = step("its minimum retained size", || retained.minimum_of_set(tree, &set));
    let exact = step("its exact retained size", || retained_by_set(graph, &[root], &set, weigh));
    println!("at least {least} bytes; exactly {} objects", exact.objects);
    let merged = step("its merged paths", || MergedPaths::new(graph, &[root], &set, |_, _| Some(1), weigh));
    println!("nodes on paths {}", merged.nodes.len());
    let depths = step("depths", || tree.depths());
    let deepest = tree.preorder().iter().zip(depths).max_by_key(|(_, depth)| *depth);
    let Some((node, depth)) = deepest else { return };
    let links = step("links of the deepest node", || tree.links(reversed, retained, *node).count());
    println!("depth {depth}, links {links}");
    let is_root = |node| node == root;
    let mut paths = step("path to a root", || PathsToRoots::new(reversed, *node, is_root, |_, _| Some(1)).peekable());
    let first = step("the first", || paths.peek().map(|path| path.nodes.len()));
    let all = step("all others", || paths.count());
    println!("nodes on the first {}, paths {all}", first.unwrap_or(0));
}
