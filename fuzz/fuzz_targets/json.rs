//! JSON: whatever the names are, a reader gets them back as they were.
#![no_main]

use goheap_fuzz::{bounded, tree};
use goheap_report::objects::{ObjectRow, ObjectWriter, RowForm};
use goheap_report::text::is_hidden;
use goheap_report::{Count, json};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The names under `node`, in any order.
fn names(node: &Value, found: &mut Vec<String>) {
    found.push(node["name"].as_str().expect("a name").to_owned());
    node["children"].as_array().into_iter().flatten().for_each(|child| names(child, found));
}

fn check_tree(tree::Input { tree, title, .. }: &tree::Input) {
    let mut out = Vec::new();
    if json::write_tree(tree, Count::Bytes, &tree::meta(title), &mut out).is_err() {
        return;
    }
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(!text.contains(|c| c != '\n' && is_hidden(c)));
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let mut found = Vec::new();
    names(&value["root"], &mut found);
    let mut expected: Vec<String> = tree.frames.iter().map(|frame| frame.label.clone()).collect();
    expected.push(json::ROOT_NAME.to_owned());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

fn check_rows(tree: &tree::Input) {
    let mut out = Vec::new();
    let mut writer = ObjectWriter::new(&mut out, RowForm::Ndjson).expect("memory");
    for frame in &tree.tree.frames {
        let (ty, owner) = (RowForm::Ndjson.cell(&frame.label), RowForm::Ndjson.cell(&tree.title));
        let row = ObjectRow {
            address: frame.bytes,
            size: frame.objects,
            ty: &ty,
            evidence: "exact",
            reachable: (frame.bytes % 3 > 0).then_some(frame.bytes % 3 > 1),
            owner: &owner,
        };
        writer.row(&row).expect("memory");
    }
    writer.finish((0, 0)).expect("memory");
    let text = String::from_utf8(out).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), tree.tree.frames.len());
    for (line, frame) in lines.iter().zip(&tree.tree.frames) {
        let texts: Vec<&str> = line.as_object().expect("an object").values().filter_map(Value::as_str).collect();
        assert!(frame.label.is_empty() || texts.contains(&frame.label.as_str()), "{texts:?}: {:?}", frame.label);
    }
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let tree = tree::read(input);
    check_tree(&tree);
    check_rows(&tree);
}));
