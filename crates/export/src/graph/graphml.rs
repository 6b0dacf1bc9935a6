//! GraphML, as Gephi, yEd, Cytoscape and networkx read it.

use super::Graph;
use crate::ExportError;
use crate::pprof::shown;
use std::io::{BufWriter, Write};

/// Attributes: id, of nodes or edges, name, type.
const KEYS: [(&str, &str, &str, &str); 6] = [
    ("label", "node", "label", "string"),
    ("address", "node", "address", "string"),
    ("objects", "node", "objects", "long"),
    ("bytes", "node", "bytes", "long"),
    ("retained", "node", "retained", "long"),
    ("reference", "edge", "label", "string"),
];

/// Writes the graph. Numbers are GraphML's `long`: what is more than that has is written as the most that it has.
///
/// # Errors
/// It could not be written.
pub fn write_graphml(graph: &Graph, out: impl Write) -> Result<(), ExportError> {
    let mut out = BufWriter::new(out);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#)?;
    for (id, of, name, ty) in KEYS {
        writeln!(out, r#"  <key id="{id}" for="{of}" attr.name="{name}" attr.type="{ty}"/>"#)?;
    }
    writeln!(out, "  <graph id=\"heap\" edgedefault=\"directed\">\n    <desc>{}</desc>", text(&graph.title))?;
    for (index, node) in graph.nodes.iter().enumerate() {
        writeln!(out, "    <node id=\"n{index}\">")?;
        data(&mut out, "label", &text(&node.text))?;
        if let Some(address) = node.address {
            data(&mut out, "address", &format!("{address:#x}"))?;
        }
        for (key, number) in [("objects", node.objects), ("bytes", node.bytes), ("retained", node.retained)] {
            data(&mut out, key, &number.min(i64::MAX as u64).to_string())?;
        }
        writeln!(out, "    </node>")?;
    }
    for edge in graph.whole_edges() {
        writeln!(out, "    <edge source=\"n{}\" target=\"n{}\">", edge.from, edge.to)?;
        if !edge.text.is_empty() {
            data(&mut out, "reference", &text(&edge.text))?;
        }
        writeln!(out, "    </edge>")?;
    }
    writeln!(out, "  </graph>\n</graphml>")?;
    Ok(out.flush()?)
}

fn data(out: &mut impl Write, key: &str, value: &str) -> Result<(), ExportError> {
    Ok(writeln!(out, "      <data key=\"{key}\">{value}</data>")?)
}

/// Text of XML: what XML 1.0 forbids is hidden anyway, or is one of two code points.
fn text(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in shown(name).chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_text() {
        let mut out = Vec::new();
        write_graphml(&super::super::hostile(), &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(written.contains(r#"<data key="label">a\x00\n"b\</data>"#));
        assert!(written.contains("&lt;b&gt;&amp;amp;]]&gt;"));
        assert!(written.contains("\\u{202e}\u{fffd}\\u{85}"));
        assert!(written.contains(&format!("<data key=\"bytes\">{}</data>", i64::MAX)));
        assert_eq!(written.matches("<edge ").count(), 2);
        let is_allowed = |c: char| c == '\n' || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}');
        assert!(written.chars().all(is_allowed));
    }
}
