//! The picture: whatever the labels are, it is well-formed, hides nothing, and has a title for each frame.
#![no_main]

use goheap_fuzz::{bounded, tree};
use goheap_report::Count;
use goheap_report::flame::{FlameText, write_svg};
use goheap_report::text::{is_hidden, one_line};
use libfuzzer_sys::fuzz_target;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Titles of frames, and the texts outside of them.
fn texts(svg: &str) -> (usize, Vec<String>) {
    let mut reader = Reader::from_str(svg);
    let (mut titles, mut texts) = (0, vec![String::new()]);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                titles += usize::from(tag.name().as_ref() == b"title");
                tag.attributes().for_each(|attribute| drop(attribute.expect("an attribute")));
                texts.push(String::new());
            }
            Event::Text(text) => texts.last_mut().expect("never empty").push_str(&text.decode().expect("UTF-8")),
            Event::GeneralRef(name) => {
                let name = name.decode().expect("UTF-8");
                let text =
                    quick_xml::escape::unescape(&format!("&{name};")).expect("a reference that is known").into_owned();
                texts.last_mut().expect("never empty").push_str(&text);
            }
            Event::Eof => return (titles, texts),
            _ => {}
        }
    }
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let tree::Input { tree, title, percent } = tree::read(input);
    let words = FlameText { title: title.clone(), subtitle: title.clone() };
    let mut svg = Vec::new();
    let Ok(drawn) = write_svg(&tree, Count::Bytes, &words, percent, &mut svg) else { return };
    let svg = String::from_utf8(svg).expect("UTF-8");
    // Letters from right to left are kept to themselves.
    assert!(!svg.contains(|c| !matches!(c, '\n' | '\t' | '\u{2068}' | '\u{2069}') && is_hidden(c)));
    let (titles, texts) = texts(&svg);
    // The frame above all roots is inferno's.
    assert_eq!(titles, drawn.shown + 1);
    let title = one_line(&title);
    assert!(texts.iter().any(|text| text.trim() == title.trim()), "{title:?} is not in the picture");
}));
