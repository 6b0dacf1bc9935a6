//! Answers that were kept, by whomever: what is read is written in every format, and JSON of it is read again as it was.
#![no_main]

use goheap_fuzz::{bounded, tree};
use goheap_report::answer::{Answer, Cell, Column, Kind, Section, View};
use goheap_report::page::Page;
use goheap_report::text::is_hidden;
use libfuzzer_sys::fuzz_target;

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), goheap_report::ReportError>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory");
    String::from_utf8(out).expect("UTF-8")
}

fn check(answer: &Answer) {
    let json = written(|out| answer.write_json(out));
    let again = Answer::read_json(json.as_bytes()).expect("what was written");
    assert_eq!(written(|out| again.write_json(out)), json);
    let page = Page { columns: Some(60), ..Page::default() };
    for text in [
        json,
        written(|out| answer.write_table(page, out)),
        written(|out| answer.write_csv(out)),
        written(|out| answer.write_markdown(page, out)),
        written(|out| answer.write_html(page, out)),
    ] {
        // Letters from right to left stand between signs of ours.
        assert!(!text.contains(|c| !['\n', '\u{2068}', '\u{2069}'].contains(&c) && is_hidden(c)));
    }
    let html = written(|out| answer.write_html(page, out));
    let pictures = answer.sections.iter().filter(|one| one.view == View::Flame && !one.rows.is_empty()).count();
    assert_eq!(html.matches("<script").count(), 1 + pictures, "a name began a script");
}

fn of_names(tree::Input { tree, title, .. }: &tree::Input) -> Answer {
    let columns = [
        Column::bytes("bytes").of(1000),
        Column::name("name"),
        Column::new("way", Kind::Texts),
        Column::command("next"),
    ];
    let mut section = Section::new("rows", columns);
    section.title.clone_from(title);
    for frame in &tree.frames {
        let (label, way) = (frame.label.as_str(), vec![frame.label.clone(), title.clone()]);
        let is_first = section.rows.is_empty();
        let row = section.row([Cell::Number(frame.bytes), label.into(), way.into(), label.into()]);
        row.notes.push(frame.label.clone());
        row.depth = u32::from(frame.parent.is_some() && !is_first);
    }
    let picture = Section { view: View::Flame, key: title.clone(), ..section.clone() };
    Answer { name: title.clone(), text: vec![title.clone()], sections: vec![section, picture], ..Answer::default() }
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    if let Ok(answer) = Answer::read_json(input) {
        check(&answer);
    }
    check(&of_names(&tree::read(input)));
}));
