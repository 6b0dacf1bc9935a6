#![allow(clippy::unwrap_used)]
use super::*;
use crate::table::grouped;
use crate::text::not_isolated;
use crate::text::tests::nasty_label;
use crate::tree::tests_support::{nasty_tree, stacks_of};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

fn svg(tree: &FlameTree, count: Count, text: &FlameText, min_width: f64) -> String {
    let mut out = Vec::new();
    write_svg(tree, count, text, min_width, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Char of XML 1.0, section 2.2.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The text of each element that `selector` names (`name` or `#id`) in a document that must be well-formed.
fn elements(svg: &str, selector: &str) -> Vec<String> {
    assert!(svg.chars().all(is_xml));
    let mut reader = Reader::from_str(svg);
    reader.config_mut().check_comments = true;
    let mut depth = 0;
    let (mut found, mut inside) = (Vec::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                depth += 1;
                if is_wanted(&start, selector) {
                    inside = true;
                    found.push(String::new());
                }
            }
            Event::End(_) => {
                depth -= 1;
                inside = false;
            }
            Event::Text(text) if inside => found.last_mut().unwrap().push_str(&text.decode().unwrap()),
            Event::GeneralRef(name) if inside => {
                let name = name.decode().unwrap();
                let text = quick_xml::escape::resolve_predefined_entity(&name).unwrap();
                found.last_mut().unwrap().push_str(text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    found
}

fn is_wanted(start: &BytesStart<'_>, selector: &str) -> bool {
    let mut attributes = start.attributes().map(|attribute| attribute.unwrap());
    match selector.strip_prefix('#') {
        Some(id) => attributes.any(|a| a.key.as_ref() == b"id" && &*a.value == id.as_bytes()),
        None => start.name().as_ref() == selector.as_bytes(),
    }
}

/// What a frame's title reads without the percentage.
fn titles(svg: &str, count: Count) -> Vec<(String, String)> {
    let titles = elements(svg, "title").into_iter().filter(|title| title.contains('%'));
    let titles = titles.map(|title| not_isolated(&title).into_owned());
    let parts = titles.map(|title| {
        let (label, rest) = title.rsplit_once(" (").unwrap();
        let (label, amount) = label.rsplit_once(": ").unwrap();
        assert!(amount.contains(" in ") && amount.contains(" object"), "{title}");
        let (number, _) = rest.split_once(&format!(" {count}, ")).unwrap();
        (label.to_owned(), number.to_owned())
    });
    let mut parts: Vec<_> = parts.collect();
    parts.sort();
    parts
}

/// What titles must read: each stack's total over all stacks that begin with it.
fn expected_titles(tree: &FlameTree) -> Vec<(String, String)> {
    let mut totals: BTreeMap<&[String], u64> = BTreeMap::new();
    let stacks = stacks_of(tree);
    for (stack, bytes) in &stacks {
        for end in 0..=stack.len() {
            *totals.entry(&stack[..end]).or_default() += bytes;
        }
    }
    let line = |(stack, bytes): (&[String], u64)| {
        let label = stack.last().map_or("all".to_owned(), Clone::clone);
        (label, grouped(bytes))
    };
    let mut lines: Vec<_> = totals.into_iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn a_frame_is_drawn_once_whatever_its_siblings_are_called() {
    let mut tree = FlameTree::default();
    for root in ["a", "a.b", "a b", "a-"] {
        let root = tree.push(None, root, 10, 1).unwrap();
        tree.push(Some(root), "x", 3, 1).unwrap();
    }
    let svg = svg(&tree, Count::Bytes, &FlameText::default(), 0.0);
    assert_eq!(titles(&svg, Count::Bytes), expected_titles(&tree));
}

#[test]
fn wide_frames_stand_left_of_narrow_ones() {
    let mut tree = FlameTree::default();
    for (label, bytes) in [("b", 1), ("c", 9), ("a", 1)] {
        tree.push(None, label, bytes, 0).unwrap();
    }
    let svg = svg(&tree, Count::Bytes, &FlameText::default(), 0.0);
    let place = |label: &str| {
        let frame = svg.split("<g>").find(|g| g.contains(&format!("<title>{label}: "))).unwrap();
        let at = frame.split("fg:x=\"").nth(1).unwrap();
        at.split('"').next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!([place("c"), place("a"), place("b")], [0, 9, 10]);
}

#[test]
fn letters_from_right_to_left_turn_no_numbers_around() {
    let mut tree = FlameTree::default();
    tree.push(None, "main.\u{5e9}\u{5dd}[3]", 1 << 20, 1).unwrap();
    let svg = svg(&tree, Count::Bytes, &FlameText::default(), 0.0);
    let shown = "main.\u{2068}\u{5e9}\u{5dd}\u{2069}[3]: 1.0 MiB in 1 object";
    assert!(svg.contains(&format!("<title>{shown} (1,048,576 bytes, 100.00%)</title>")), "{svg}");
    assert!(svg.contains(&format!(">{shown}</text>")), "{svg}");
}

#[test]
fn big_counts_are_exact() {
    let mut tree = FlameTree::default();
    tree.push(None, "a", MAX_TOTAL - 1, 1).unwrap();
    tree.push(None, "b", 1, 1).unwrap();
    let drawn = svg(&tree, Count::Bytes, &FlameText::default(), 0.0);
    assert!(drawn.contains("<title>a: 8.0 PiB in 1 object (9,007,199,254,740,991 bytes, 100.00%)</title>"));
    tree.push(None, "c", 1, 1).unwrap();
    let error = write_svg(&tree, Count::Bytes, &FlameText::default(), 0.0, Vec::new()).unwrap_err();
    let expected = "9007199254740993 bytes are more than a picture can show exactly";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn nothing_is_written_where_there_is_nothing_to_draw() {
    let mut out = Vec::new();
    let tree = FlameTree::default();
    let error = write_svg(&tree, Count::Objects, &FlameText::default(), 0.0, &mut out).unwrap_err();
    assert_eq!(error.to_string(), "there are no objects to draw");
    assert!(out.is_empty());
}

#[test]
fn a_picture_has_a_most_of_frames_and_of_depth() {
    let mut deep = FlameTree::default();
    let mut above = None;
    for _ in 0..2000 {
        above = Some(deep.push(above, "deep", 1, 1).unwrap());
    }
    let drawn = write_svg(&deep, Count::Bytes, &FlameText::default(), 0.0, Vec::new()).unwrap();
    assert_eq!((drawn.shown, drawn.too_deep), (512, 1488));

    let mut tree = FlameTree::default();
    for root in 0..60_000 {
        tree.push(None, format!("root{root}"), 1000 + root, 1).unwrap();
    }
    let mut out = Vec::new();
    let drawn = write_svg(&tree, Count::Bytes, &FlameText::default(), 0.0, &mut out).unwrap();
    // One more frame holds the roots left out.
    assert_eq!((drawn.shown, drawn.no_room), (50_001, 10_000));
    let svg = String::from_utf8(out).unwrap();
    let whole: u64 = tree.frames.iter().map(|frame| frame.bytes).sum();
    assert!(svg.contains(&format!(" objects ({} bytes, 100%)</title>", grouped(whole))));
}

#[test]
fn an_output_that_ends_is_an_io_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut tree = FlameTree::default();
    tree.push(None, "a", 1, 1).unwrap();
    let error = write_svg(&tree, Count::Bytes, &FlameText::default(), 0.0, Closed).unwrap_err();
    assert!(matches!(error, ReportError::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_labels_give_xml_with_every_count(tree in nasty_tree(), title in nasty_label(), subtitle in nasty_label()) {
        let text = FlameText { title, subtitle };
        let drawn = svg(&tree, Count::Bytes, &text, 0.0);
        prop_assert_eq!(titles(&drawn, Count::Bytes), expected_titles(&tree));
        prop_assert_eq!(elements(&drawn, "#title").concat(), one_line(&text.title));
        prop_assert_eq!(elements(&drawn, "#subtitle").concat(), one_line(&text.subtitle));
        // Each frame has a colour of ours, and no label has made a script.
        let (head, frames) = drawn.split_once("<svg id=\"frames\"").unwrap();
        prop_assert!(!frames.contains("fill=\"rgb("));
        prop_assert_eq!((head.matches("<script").count(), frames.matches("<script").count()), (1, 1));
        prop_assert_eq!(&drawn, &svg(&tree, Count::Bytes, &text, 0.0), "twice the same");
    }
}
