//! The tree as JSON (`.json`), for scripts.
//!
//! ```text
//! {"schema_version":1,"title":…,"root":
//! {"name":"all","bytes":4160,"objects":4,"self_bytes":0,"self_objects":0,"children":[
//! {"name":"main.cache *main.Cache","bytes":4160,"objects":4,"self_bytes":64,"self_objects":1,"children":[
//! …
//! ```
//!
//! `bytes` and `objects` include what is under the node, `self_bytes` and `self_objects` do not. One node a line; a node
//! without children has none listed. Names are the labels as they are, hidden characters as `\u…`. The nesting is the
//! tree's: some readers have a limit that a deep tree passes.

use crate::text::json_text;
use crate::tree::ChildLists;
use crate::{Count, FlameTree, ReportError};
use serde_json::{Map, Value};
use std::cmp::Reverse;
use std::io::{self, BufWriter, Write};

/// Version of the form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Name of the node above all roots.
pub const ROOT_NAME: &str = "all";

/// Writes the whole tree, siblings with more of `count` first, then by name. `meta` stands beside `root`; its entries
/// `schema_version` and `root`, if any, are left out.
///
/// Nothing is dropped for being narrow: prune before, where that is wanted.
///
/// # Errors
///
/// [`ReportError::Io`]; and, before anything is written, [`ReportError::ParentNotBefore`].
pub fn write_tree(
    tree: &FlameTree,
    count: Count,
    meta: &Map<String, Value>,
    out: impl Write,
) -> Result<(), ReportError> {
    let writer = TreeWriter {
        tree,
        bytes: tree.totals(Count::Bytes)?,
        objects: tree.totals(Count::Objects)?,
        children: ChildLists::new(tree.frames.iter().map(|frame| frame.parent)),
        count,
    };
    let mut out = BufWriter::new(out);
    write!(out, "{{\"schema_version\":{SCHEMA_VERSION}")?;
    for (key, value) in meta {
        if key != "schema_version" && key != "root" {
            write!(out, ",{}:", quoted(key)?)?;
            out.write_all(json_text(&serde_json::to_string(value)?).as_bytes())?;
        }
    }
    write!(out, ",\"root\":")?;
    writer.write(&mut out)?;
    writeln!(out, "}}")?;
    out.flush()?;
    Ok(())
}

struct TreeWriter<'a> {
    tree: &'a FlameTree,
    bytes: Vec<u64>,
    objects: Vec<u64>,
    children: ChildLists,
    count: Count,
}

enum Step {
    Open(u32),
    Close,
}

impl TreeWriter<'_> {
    /// Nothing recurses: a tree may be as deep as it is large.
    fn write(&self, out: &mut impl Write) -> Result<(), ReportError> {
        let sum = |totals: &[u64]| {
            let roots = self.children.of(None).iter();
            roots.fold(0u64, |sum, root| sum.saturating_add(totals[*root as usize]))
        };
        let whole = (sum(&self.bytes), sum(&self.objects));
        self.open(out, ROOT_NAME, whole, (0, 0))?;
        let mut steps = vec![Step::Close];
        self.push_children(&mut steps, None);
        let mut is_first = true;
        while let Some(step) = steps.pop() {
            let Step::Open(index) = step else {
                write!(out, "]}}")?;
                is_first = false;
                continue;
            };
            if !is_first {
                write!(out, ",")?;
            }
            let (frame, at) = (&self.tree.frames[index as usize], index as usize);
            let total = (self.bytes[at], self.objects[at]);
            self.open(out, &frame.label, total, (frame.bytes, frame.objects))?;
            steps.push(Step::Close);
            self.push_children(&mut steps, Some(index));
            is_first = true;
        }
        Ok(())
    }

    fn open(
        &self,
        out: &mut impl Write,
        name: &str,
        (bytes, objects): (u64, u64),
        (own_bytes, own_objects): (u64, u64),
    ) -> Result<(), ReportError> {
        let name = quoted(name)?;
        write!(
            out,
            "\n{{\"name\":{name},\"bytes\":{bytes},\"objects\":{objects},\
             \"self_bytes\":{own_bytes},\"self_objects\":{own_objects},\"children\":["
        )?;
        Ok(())
    }

    fn push_children(&self, steps: &mut Vec<Step>, frame: Option<u32>) {
        let mut children = self.children.of(frame).to_vec();
        let totals = match self.count {
            Count::Bytes => &self.bytes,
            Count::Objects => &self.objects,
        };
        children.sort_by_key(|child| {
            let at = *child as usize;
            (Reverse(totals[at]), &self.tree.frames[at].label, at)
        });
        steps.extend(children.into_iter().rev().map(Step::Open));
    }
}

fn quoted(text: &str) -> io::Result<String> {
    let quoted = serde_json::to_string(text)?;
    Ok(json_text(&quoted).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tree::tests_support::nasty_tree;
    use proptest::prelude::*;
    use serde_json::json;

    fn json(tree: &FlameTree, count: Count, meta: &Value) -> String {
        let mut out = Vec::new();
        write_tree(tree, count, meta.as_object().unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nodes_are_nested_and_sorted_by_the_count() {
        let mut tree = FlameTree::default();
        let a = tree.push(None, "a \"\u{202e}", 1, 5).unwrap();
        tree.push(Some(a), "x", 2, 1).unwrap();
        tree.push(Some(a), "y", 4, 1).unwrap();
        tree.push(None, "b", 1, 9).unwrap();
        let meta = json!({"title": "t\u{9b}", "root": 1, "schema_version": 7});
        let expected = r#"{"schema_version":1,"title":"t\u009b","root":
{"name":"all","bytes":8,"objects":16,"self_bytes":0,"self_objects":0,"children":[
{"name":"a \"\u202e","bytes":7,"objects":7,"self_bytes":1,"self_objects":5,"children":[
{"name":"y","bytes":4,"objects":1,"self_bytes":4,"self_objects":1,"children":[]},
{"name":"x","bytes":2,"objects":1,"self_bytes":2,"self_objects":1,"children":[]}]},
{"name":"b","bytes":1,"objects":9,"self_bytes":1,"self_objects":9,"children":[]}]}}
"#;
        assert_eq!(json(&tree, Count::Bytes, &meta), expected);
        let by_objects = json(&tree, Count::Objects, &meta);
        assert!(by_objects.find("\"b\"") < by_objects.find("\"a "));
    }

    #[test]
    fn an_empty_tree_and_a_very_deep_one_are_written() {
        let empty: Value = serde_json::from_str(&json(&FlameTree::default(), Count::Bytes, &json!({}))).unwrap();
        assert_eq!(empty["root"]["children"], json!([]));
        let mut tree = FlameTree::default();
        let mut above = None;
        for _ in 0..200_000 {
            above = Some(tree.push(above, "d", 1, 1).unwrap());
        }
        let text = json(&tree, Count::Bytes, &json!({}));
        assert_eq!(text.matches("{\"name\":\"d\"").count(), 200_000);
        let end = "]}".repeat(200_001) + "}\n";
        assert!(text.ends_with(&end));
    }

    /// Own numbers by path, read back out of the JSON.
    fn collect(node: &Value, path: &str, found: &mut Vec<(String, u64, u64)>) -> (u64, u64) {
        let number = |key: &str| node[key].as_u64().unwrap();
        let path = format!("{path}\n{}", node["name"].as_str().unwrap());
        found.push((path.clone(), number("self_bytes"), number("self_objects")));
        let mut sum = (number("self_bytes"), number("self_objects"));
        for child in node["children"].as_array().unwrap() {
            let (bytes, objects) = collect(child, &path, found);
            sum = (sum.0 + bytes, sum.1 + objects);
        }
        assert_eq!(sum, (number("bytes"), number("objects")));
        sum
    }

    proptest! {
        #[test]
        fn json_reads_back_to_the_tree(tree in nasty_tree()) {
            let text = json(&tree, Count::Bytes, &json!({}));
            prop_assert!(!text.contains(|c: char| c != '\n' && crate::text::is_hidden(c)));
            let value: Value = serde_json::from_str(&text).unwrap();
            let mut read = Vec::new();
            collect(&value["root"], "", &mut read);
            let mut paths: Vec<String> = Vec::new();
            let mut expected = vec![("\nall".to_owned(), 0, 0)];
            for frame in &tree.frames {
                let above = frame.parent.map_or("\nall", |parent| &paths[parent as usize]);
                let path = format!("{above}\n{}", frame.label);
                expected.push((path.clone(), frame.bytes, frame.objects));
                paths.push(path);
            }
            read.sort();
            expected.sort();
            prop_assert_eq!(read, expected);
        }
    }
}
