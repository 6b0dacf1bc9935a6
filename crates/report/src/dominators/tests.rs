#![allow(clippy::unwrap_used)]
use super::*;

fn tree() -> DominatorsReport {
    let row = |id, parent, name: &str, retained, own: [u64; 2]| Row {
        id,
        parent,
        depth: id,
        name: name.into(),
        retained,
        objects: 5,
        shallow: own[0],
        count: own[1],
        values: own[1],
        ..Row::default()
    };
    DominatorsReport {
        reachable: Sum { bytes: 4096, objects: 5 },
        not_known: Sum::default(),
        unreachable: Sum { bytes: 16, objects: 1 },
        rows: vec![
            row(0, None, "all roots", 4096, [0, 0]),
            row(1, Some(0), "main.\u{1b}x, *\"T\"", 2048, [1024, 2000]),
        ],
        hidden: (7, 512),
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), ReportError>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_tree_is_indented_and_says_what_is_left_out() {
    let expected = "\
reachable: 4.0 KiB in 5 objects; unreachable, so not below: 16 B in 1 objects
retained is what would be freed if the objects of the line went; below each what it alone keeps

retained     share  objects  shallow  held by
 4.0 KiB  100.00 %        5        -  all roots
 2.0 KiB   50.00 %        5  1.0 KiB    2,000 × main.\\x1bx, *\"T\"

7 lines more, of at most 512 B: see --limit, --depth and --min-size
";
    assert_eq!(written(|out| tree().write_table(Page::default(), out)), expected);
    let narrow = written(|out| tree().write_table(Page { columns: Some(50), ..Page::default() }, out));
    assert!(narrow.lines().all(|line| line.chars().count() <= 50), "{narrow}");
    assert!(narrow.contains("  2,000 × main.\\x1bx, *\"T\"\n"), "{narrow}");
}

#[test]
fn csv_and_json_have_every_number() {
    let csv = written(|out| tree().write_csv(out));
    assert_eq!(csv.lines().nth(2).unwrap(), "1,0,1,2048,5,1024,2000,,,\"main.\\x1bx, *\"\"T\"\"\"");
    let json: serde_json::Value = serde_json::from_str(&written(|out| tree().write_json(out))).unwrap();
    assert_eq!((&json["rows"][1]["parent"], &json["rows"][0]["parent"]), (&0.into(), &serde_json::Value::Null));
    assert_eq!((&json["rows"][1]["name"], &json["rows_left_out"]), (&"main.\u{1b}x, *\"T\"".into(), &7.into()));
}

#[test]
fn groups_of_roots_share_and_groups_of_objects_have_sizes() {
    let reachable = Sum { bytes: 4096, objects: 5 };
    let row = Group { name: "main".into(), retained: 1024, retained_objects: Some(2), ..Group::default() };
    let roots = RetainedGroups {
        group: "package",
        reachable,
        shared: Some(Sum { bytes: 3072, objects: 3 }),
        shared_by: vec![
            SharedBy {
                groups: vec!["main".into(), "http".into()],
                and_others: true,
                retained: 2048,
                retained_objects: 2,
            },
            SharedBy { groups: Vec::new(), and_others: true, retained: 1024, retained_objects: 1 },
        ],
        rows: vec![row],
        hidden: 0,
    };
    let expected = "\
retained by package: what would be freed if it went, of 4.0 KiB in 5 objects reachable

retained    share  objects  package
 3.0 KiB  75.00 %        3  (held by several of these)
                              2.0 KiB (50.00 %) by main, http and others
                              1.0 KiB (25.00 %) by others, which are not told apart
 1.0 KiB  25.00 %        2  main

Most is held by several of these at once, so that none alone keeps it, as goroutines that share a server: dominators without --group shows what they share
";
    assert_eq!(written(|out| roots.write_table(Page::default(), out)), expected);
    let json: serde_json::Value = serde_json::from_str(&written(|out| roots.write_json(out))).unwrap();
    assert_eq!(json["shared_by"][0]["groups"][1], "http");
    let own = Some(Sum { bytes: 48, objects: 3 });
    let row = Group { name: "main.T".into(), retained: 1024, own, ..Group::default() };
    let types = RetainedGroups { group: "type", reachable, hidden: 2, rows: vec![row], ..RetainedGroups::default() };
    assert!(
        written(|out| types.write_table(Page::default(), out))
            .contains(" 1.0 KiB  25.00 %        3     48 B  main.T\n")
    );
    assert_eq!(
        written(|out| types.write_csv(out)),
        "type,retained,retained_objects,objects,shallow,referred\nmain.T,1024,,3,48,\n"
    );
    let json: serde_json::Value = serde_json::from_str(&written(|out| types.write_json(out))).unwrap();
    assert_eq!((&json["rows"][0]["own"]["bytes"], &json["shared"]), (&48.into(), &serde_json::Value::Null));
}
