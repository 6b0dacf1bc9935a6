#![allow(clippy::unwrap_used)]
use crate::page::Page;
use crate::paths::*;
use crate::sharing::{ShownSharer, ShownSharing};

fn step(reference: &str, addr: Option<&str>, times: u64, left_out: u64) -> ShownStep {
    ShownStep {
        reference: reference.into(),
        addr: addr.map(str::to_owned),
        retained: 2048,
        times,
        left_out,
        ..ShownStep::default()
    }
}

fn cut(frees_of_asked: u64) -> ShownCut {
    ShownCut {
        holder: "main.x *main.T\u{1b}".into(),
        ty: "main.T".into(),
        frees: 4096,
        frees_of_asked,
        ..ShownCut::default()
    }
}

fn target() -> ShownTarget {
    let nearest = ShownCut { addr: Some("0xc0".into()), reference: ".next *main.T".into(), ..cut(64) };
    ShownTarget {
        addr: "0xc40".into(),
        size: 64,
        retained: 1024,
        reachable: true,
        cut: Some(cut(64)),
        nearest_cut: Some(nearest),
        paths: vec![ShownPath {
            root: "package variables",
            alike: 3,
            steps: vec![step("main.x *main.T\u{1b}", Some("0xc0"), 1, 0), step(".next *main.T", Some("0xc40"), 7, 9)],
        }],
        more_paths: true,
        ..ShownTarget::default()
    }
}

fn text(answer: PathsAnswer, columns: Option<usize>) -> String {
    let mut out = Vec::new();
    PathsReport { schema_version: SCHEMA_VERSION, asked: vec![answer] }
        .write_text(Page { columns, ..Page::default() }, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_path_is_told_step_by_step_with_the_places_to_cut() {
    let answer = PathsAnswer {
        asked: "main.T".into(),
        objects: 2,
        bytes: 128,
        targets: vec![target()],
        ..PathsAnswer::default()
    };
    let expected = "\
main.T: 2 objects, 128 B; of these the one that retains most (--merge: all)

object of unknown type at 0xc40: 64 B, retains 1.0 KiB

from package variables (and 3 more that read alike):
 retained  object at  reference
  2.0 KiB  0xc0       main.x *main.T\\x1b
                      … 9 steps more …
  2.0 KiB  0xc40      .next *main.T  (7 times)

Cut to free most: main.x *main.T\\x1b: 4.0 KiB would go with it
Cut nearest to it: .next *main.T of main.x *main.T\\x1b at 0xc0: 4.0 KiB would go with it
There are more paths (--all, --limit).
";
    assert_eq!(text(answer.clone(), None), expected);
    let narrow = text(answer, Some(30));
    assert!(narrow.lines().skip(1).all(|line| line.chars().count() <= 30), "{narrow}");
}

#[test]
fn of_many_a_typical_one_of_each_way_is_told() {
    let held = |objects| ShownTarget { held_alike: Some(ObjectShare { objects, bytes: objects * 64 }), ..target() };
    let answer = PathsAnswer {
        asked: "main.T".into(),
        objects: 6000,
        bytes: 384_000,
        ways: Some(3),
        targets: vec![held(5980), held(20)],
        ..PathsAnswer::default()
    };
    let shown = text(answer.clone(), None);
    let first = "main.T: 6,000 objects, 375.0 KiB, held in 3 ways; of these the 2 most common (--merge: all)\n\n5,980 of 6,000 are held like this one:\nobject of";
    assert!(shown.starts_with(first) && shown.contains("\n\n20 of 6,000 are held like"), "{shown}");
    let one = PathsAnswer { ways: Some(1), targets: vec![held(6000)], ..answer };
    let first = "main.T: 6,000 objects, 375.0 KiB\n\nall of 6,000 are held like this one:\n";
    assert!(text(one, None).starts_with(first));
}

#[test]
fn what_no_path_leads_to_is_said() {
    let answer = |target| PathsAnswer { objects: 1, targets: vec![target], ..PathsAnswer::default() };
    let garbage = ShownTarget { reachable: false, ..target() };
    assert!(text(answer(garbage), None).contains("No root leads to it"));
    let excluded = ShownTarget { paths: Vec::new(), ..target() };
    assert!(text(answer(excluded), None).contains("No path leads to it but by what is excluded"));
    let dominator = Some(Dominator { addr: None, name: "all roots".into() });
    let several = ShownTarget { cut: None, nearest_cut: None, dominator, ..target() };
    assert!(
        text(answer(several.clone()), None).contains("No one reference keeps it: the ways to it part at all roots\n")
    );
    let other = ShownCut { holder: "main.y *main.T".into(), ..cut(64) };
    let together = Some(ShownCuts { cuts: vec![cut(64), other], frees: 2048, frees_of_asked: 64 });
    let expected = "Without these two together 2.0 KiB would go:\n  main.x *main.T\\x1b\n  main.y *main.T\n";
    let shown = text(answer(ShownTarget { cut_together: together, ..several }), None);
    assert!(shown.contains(expected), "{shown}");
}

/// What objects of so many bytes are held by.
fn held_by_two(bytes: u64) -> ShownSharing {
    let holder =
        |kind, holder: &str, way: &str, each| ShownSharer { kind, holder: holder.into(), way: way.into(), each };
    let holders = vec![holder("object", "main.Series", ".label string", 2), holder("variable", "main.seen", "", 1)];
    ShownSharing { objects: 4, bytes, holders, ..ShownSharing::default() }
}

#[test]
fn merged_steps_lean_and_a_cut_that_frees_little_is_none() {
    let steps = vec![
        ShownMergedStep { reference: "main.x".into(), objects: 9, bytes: 9000, ..ShownMergedStep::default() },
        ShownMergedStep {
            depth: 1,
            reference: ".f".into(),
            objects: 8,
            bytes: 8000,
            own_objects: 8,
            example: Some("0xc000012340".into()),
        },
    ];
    let unreached = ObjectShare { objects: 1, bytes: 1000 };
    let answer = |cut| PathsAnswer {
        asked: "string".into(),
        objects: 10,
        bytes: 10_000,
        merged: Some(Merged {
            unreached,
            cut,
            sharing: vec![held_by_two(8000), held_by_two(10)],
            steps: steps.clone(),
            steps_left_out: 1,
            ..Merged::default()
        }),
        ..PathsAnswer::default()
    };
    let shown = text(answer(Some(cut(8000))), None);
    assert!(
        shown.contains("  90 %        9                main.x\n")
            && shown.contains("  80 %        8  0xc000012340    .f\n"),
        "{shown}"
    );
    assert!(shown.contains("1 more step to less (--limit).") && shown.contains("7.8 KiB (80 %) of these"), "{shown}");
    let held = "4 objects (80 % of these), held by 3 at once, go only when all of them let go:\n  2 × main.Series by .label \
                string\n  main.seen (variable)\n";
    // Those of which there is next to nothing are not told.
    assert!(shown.contains(held) && shown.matches("at once").count() == 1, "{shown}");
    let little = text(answer(Some(cut(100))), None);
    assert!(little.contains("No one reference keeps more than 100 B (1 %) of these"), "{little}");
    let mut csv = Vec::new();
    let report = PathsReport { schema_version: SCHEMA_VERSION, asked: vec![answer(None)] };
    report.write_csv(&mut csv).unwrap();
    let expected = "asked,depth,reference,objects,bytes,own_objects,example\nstring,0,main.x,9,9000,0,\nstring,1,.f,8,8000,8,0xc000012340\n";
    assert_eq!(String::from_utf8(csv).unwrap(), expected);
}

#[test]
fn what_leads_to_nothing_is_said_so() {
    let answer = PathsAnswer { asked: "goroutine 1".into(), means: "goroutine", ..PathsAnswer::default() };
    let report = PathsReport { schema_version: SCHEMA_VERSION, asked: vec![answer] };
    let mut out = Vec::new();
    report.write_text(Page::default(), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "goroutine 1: leads to no object\n");
}
