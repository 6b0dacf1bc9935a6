//! GraphViz' dot.

use super::{Graph, size};
use crate::ExportError;
use crate::pprof::shown;
use std::io::{BufWriter, Write};

/// A box wider than this is a wall; GraphViz breaks no lines itself. What is left out of a label is in its tooltip.
const LINE: usize = 60;
const LINES: usize = 4;

/// Writes the graph: a box a node, the darker the more it retains; a line for each edge.
///
/// # Errors
/// It could not be written.
pub fn write_dot(graph: &Graph, out: impl Write) -> Result<(), ExportError> {
    let mut out = BufWriter::new(out);
    writeln!(out, "digraph heap {{")?;
    writeln!(out, "  graph [label={}, labelloc=t, fontname=\"Helvetica\", rankdir=TB];", quoted(&shown(&graph.title)))?;
    writeln!(out, "  node [shape=box, style=filled, fontname=\"Helvetica\", fontsize=10];")?;
    writeln!(out, "  edge [fontname=\"Helvetica\", fontsize=9];")?;
    let most = graph.nodes.iter().map(|node| node.retained).max().unwrap_or(0).max(1);
    for (index, node) in graph.nodes.iter().enumerate() {
        let name = shown(&node.text);
        let mut label = broken(&name);
        if node.bytes > 0 {
            let objects = if node.objects > 1 { format!("{} objects, ", node.objects) } else { String::new() };
            label.push(format!("{objects}{}", size(node.bytes)));
        }
        label.extend(node.address.map(|address| format!("{address:#x}")));
        label.extend((node.retained > 0).then(|| format!("retains {}", size(node.retained))));
        // From white to orange.
        let shade = 0.02 + 0.6 * (node.retained as f64 / most as f64);
        let (label, tip) = (quoted(&label.join("\n")), quoted(&name));
        writeln!(out, "  n{index} [label={label}, tooltip={tip}, fillcolor=\"0.08 {shade:.3} 1.000\"];")?;
    }
    for edge in graph.whole_edges() {
        let text = if edge.text.is_empty() { String::new() } else { broken(&shown(&edge.text)).join("\n") };
        writeln!(out, "  n{} -> n{} [label={}];", edge.from, edge.to, quoted(&text))?;
    }
    writeln!(out, "}}")?;
    Ok(out.flush()?)
}

/// Lines of a box, the last of which ends in `…` where there is more.
fn broken(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().take(LINE * LINES + 1).collect();
    let mut lines: Vec<String> = letters.chunks(LINE).map(|line| line.iter().collect()).collect();
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

/// A string of dot: within quotes only the quote and the backslash mean anything. `\n` is a line's end.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            // `&lt;` and the like would be read as HTML writes letters.
            '&' => quoted.push_str("&amp;"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_stay_within_their_quotes() {
        let mut out = Vec::new();
        write_dot(&super::super::hostile(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches(" -> n").count(), 2, "an edge to no node is left out");
        for line in text.lines() {
            let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
            assert!(quotes % 2 == 0 && !line.contains('\0'), "{line}");
        }
        assert!(text.contains(r#"label="a\\x00\\n\"b\\\n16.0 EiB\n0x10\nretains 1.5 KiB""#), "{}", &text[..900]);
        assert!(text.contains(r#""<b>&amp;amp;]]>"#));
    }
}
