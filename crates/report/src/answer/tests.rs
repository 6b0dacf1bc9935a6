#![allow(clippy::unwrap_used)]
use super::*;
use crate::ReportError;
use crate::page::Page;

fn answer() -> Answer {
    let columns = [
        Column::bytes("retained").of(8192),
        Column::count("objects").spare(),
        Column::new("address", Kind::Address),
        Column::name("held_by"),
        Column::new("path", Kind::Texts).hidden(),
    ];
    let mut section = Section::new("suspects", columns);
    section.title = "Suspects".into();
    let path = vec!["main.cache".to_owned(), ".entries".to_owned()];
    let row = section.row([4096.into(), 3.into(), 0xc000_0000.into(), "main.cache".into(), path.into()]);
    row.notes = vec!["3 entries grew into the map.".into()];
    section.row([Cell::Number(1), Cell::None, Cell::None, "a|b`\u{1b}<i>".into()]).depth = 1;
    section.left_out = 7;
    let next = Next { question: "what holds it".into(), command: "goheap core paths main.cache".into() };
    let empty = Section { key: "none".into(), text: vec!["Nothing else.".into()], ..Section::default() };
    Answer {
        name: "suspects".into(),
        title: String::new(),
        text: vec!["One suspect.".into()],
        sections: vec![section, empty],
        next: vec![next],
        opening: "goheap core".into(),
        about: vec!["suspects".into()],
    }
}

fn written(write: impl FnOnce(&Answer, &mut Vec<u8>) -> Result<(), ReportError>) -> String {
    let mut out = Vec::new();
    write(&answer(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_page_has_sentences_rows_and_what_to_ask() {
    let expected = "\
One suspect.

Suspects
retained    share  objects  address     held by
 4.0 KiB  50.00 %        3  0xc0000000  main.cache
                                          3 entries grew into the map.
     1 B   0.01 %        -                a|b`\\x1b<i>

7 lines more: see --limit

Nothing else.

ask next
  what holds it:
      goheap core paths main.cache
";
    assert_eq!(written(|answer, out| answer.write_table(Page::default(), out)), expected);
}

#[test]
fn csv_has_the_first_section_whole() {
    let expected = "\
depth,retained,objects,address,held_by,path
0,4096,3,0xc0000000,main.cache,main.cache → .entries
1,1,,,a|b`\\x1b<i>,
";
    assert_eq!(written(|answer, out| answer.write_csv(out)), expected);
}

#[test]
fn what_was_kept_takes_no_more_room_than_the_file() {
    let kept = |columns: usize, rows: &str| {
        let columns: Vec<String> =
            (0..columns).map(|at| format!(r#"{{"key":"c{at}","heading":"","kind":"count"}}"#)).collect();
        let json = format!(
            r#"{{"schema_version":1,"sections":[{{"key":"s","columns":[{}],"rows":[{rows}]}}]}}"#,
            columns.join(",")
        );
        Answer::read_json(json.as_bytes())
    };
    assert!(matches!(kept(257, ""), Err(ReadError::Columns { columns: 257, .. })));
    let rows: Vec<String> = (0..3000).map(|depth| format!(r#"{{"depth":{depth}}}"#)).collect();
    let answer = kept(256, &rows.join(",")).unwrap();
    let rows = &answer.sections[0].rows;
    assert!(rows.iter().all(|row| row.cells.is_empty()));
    assert_eq!(rows.iter().map(|row| row.depth).max(), Some(1024));
}

#[test]
fn json_is_read_again_as_it_was() {
    let json = written(|answer, out| answer.write_json(out));
    assert!(!json.contains('\u{1b}'));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["sections"][0]["rows"][0]["address"], "0xc0000000");
    assert_eq!(value["sections"][0]["rows"][1]["depth"], 1);
    assert_eq!(value["sections"][0]["rows_left_out"], 7);
    assert_eq!(Answer::read_json(json.as_bytes()).unwrap(), answer());
}

#[test]
fn what_is_no_answer_is_refused() {
    let json = written(|answer, out| answer.write_json(out));
    assert!(matches!(Answer::read_json(b"{}"), Err(ReadError::Json(_))));
    let newer = json.replace("\"schema_version\":1", "\"schema_version\":2");
    assert!(matches!(Answer::read_json(newer.as_bytes()), Err(ReadError::Version(2))));
    let deep = Answer::read_json(json.replace("\"depth\":1", "\"depth\":4000000000").as_bytes()).unwrap();
    assert_eq!(deep.sections[0].rows[1].depth, 1);
    let wrong = json.replace("\"retained\":4096", "\"retained\":-1");
    assert!(matches!(Answer::read_json(wrong.as_bytes()), Err(ReadError::Cell { kind: Kind::Bytes, .. })));
}

#[test]
fn markdown_takes_no_name_for_its_own_signs() {
    let expected = "\
# suspects

One suspect.

## Suspects

| retained | share | objects | address | held by |
|---:|---:|---:|---|---|
| 4.0 KiB | 50.00 % | 3 | 0xc0000000 | `main.cache` |
| 1 B | 0.01 % | - |  | · ``a¦b`\\x1b<i>`` |

- `main.cache`: 3 entries grew into the map.

7 more rows.

Nothing else.

## Ask next

- what holds it: `goheap core paths main.cache`
";
    assert_eq!(written(|answer, out| answer.write_markdown(Page::default(), out)), expected);
    assert_eq!(markdown::plain("a_b*[x](y)|<b>\n# z"), "a\\_b\\*\\[x\\](y)&#124;&lt;b&gt; \\# z");
    assert_eq!(markdown::code("`"), "`` ` ``");
}
