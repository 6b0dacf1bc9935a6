//! That what is built reads as it was meant: one process of everything, with and without debug information, in each kind of release.

use super::*;
use goheap_model::Evidence;

/// A list, a map, a channel, a closure, and a goroutine that holds a node.
fn everything(mut go: GoProcess) -> (GoProcess, [u64; 7]) {
    go.define("main.Node", &[("next", "*main.Node"), ("name", "string"), ("any", "interface {}")]);
    let tail = go.object("main.Node");
    let text = go.string("a text of more than sixteen bytes");
    let int = go.data(&7_u64.to_le_bytes());
    let int_type = go.descriptor("int");
    let head = go.filled("main.Node", &[tail, text[0], text[1], int_type, int]);
    let held = go.object("main.Node");
    let key = go.string("a key that is not tiny");
    let map = go.map("map[string]*main.Node", &[(&key, &[held])]);
    let channel = go.channel("*main.Node", &[&[head]], 4);
    let closure = go.closure("main.main.func1", &[tail], &[1]);
    go.captures("main.main.func1", &[("tail", "*main.Node")]);
    go.variable("main.list", "*main.Node", &[head]);
    go.variable("main.table", "map[string]*main.Node", &[map]);
    go.variable("main.queue", "chan *main.Node", &[channel]);
    go.variable("main.call", "func()", &[closure]);
    let local = go.object("main.Node");
    go.frame("main.work", 3, &[1]);
    go.local("main.work", "node", "*main.Node", 1);
    go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.work", &[5, local, 9])]);
    (go, [head, tail, text[0], map, held, channel, local])
}

#[test]
fn debug_information_names_what_is_reached() {
    let (go, [head, tail, text, map, held, channel, local]) = everything(GoProcess::new().with_dwarf());
    go.take(|snapshot| {
        assert!(snapshot.totals.is_reconciled());
        let types = [head, tail, text, map, held, channel, local].map(|at| snapshot.type_at(at));
        let node = "main.Node";
        let map = "map[string]*main.Node header";
        assert_eq!(types, [node, node, "string", map, node, "chan *main.Node", node]);
        assert_eq!(snapshot.evidence_at(local), Evidence::Exact);
        assert_eq!(snapshot.path_at(tail), "main.list *main.Node → .next *main.Node");
        assert_eq!(snapshot.path_at(held), "main.table map[string]*main.Node → [value] *main.Node");
        assert_eq!(snapshot.path_at(local), "goroutine main.work → node *main.Node");
    });
}

#[test]
fn each_release_reads_alike() {
    for version in ["go1.22.1", "go1.23.1", "go1.24.1", "go1.25.1", "go1.26.1", "go1.27.1"] {
        let (go, all) = everything(GoProcess::of_release(version).with_dwarf());
        go.take(|snapshot| {
            assert!(all.iter().all(|at| snapshot.is_reachable(snapshot.id(*at))), "{version}");
            assert_eq!(snapshot.type_at(all[4]), "main.Node", "{version}");
            assert_eq!(snapshot.model.diagnostics, goheap_runtime::Diagnostics::default(), "{version}");
        });
    }
}
