#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

/// Words that each break some reader, and arbitrary text between them.
pub(crate) fn nasty_label() -> impl Strategy<Value = String> {
    let bad = prop::sample::select(vec![
        ";",
        " ",
        "  ",
        "\n",
        "\t",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{202e}",
        "\0",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{9b}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{feff}",
        "# ",
        "#",
        "5",
        " 5",
        " 5 6",
        " 1.5",
        ".",
        " .",
        "_[k]",
        "_[w]",
        "_[i]",
        "_[j]",
        "-",
        "--",
        "<",
        ">",
        "&",
        "\"",
        "'",
        "]]>",
        "<!--",
        "-->",
        "&#0;",
        "</title>",
        "%",
        "%2e",
        "%s",
        "+",
        "+0x5",
        " : ",
        ":",
        "(",
        "a",
        "main.x",
        "*T",
        "世界",
        "🦀",
        "$k",
        "@",
        "\\",
        "e\u{301}",
    ]);
    let piece = prop_oneof![
        4 => bad.prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[ -~]{0,12}",
        1 => Just("long/package.Name".repeat(25)),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

#[test]
fn folded_label_keeps_what_is_harmless() {
    for label in [
        "main.globalCache *main.Cache",
        ".entries map[string]*main.Session",
        "[value] func(int) <-chan struct {}",
        "main.x5",
        "go.shape.[]uint8",
        "x86_[abc]",
        "日本語 T",
    ] {
        assert!(matches!(folded_label(label), Cow::Borrowed(same) if same == label), "{label}");
    }
}

#[test]
fn folded_label_does_what_its_table_says() {
    let table = [
        ("struct { A int; B int }", "struct { A int, B int }"),
        ("main.x 5", "main.x (5)"),
        ("main.x 5 6", "main.x 5 (6)"),
        ("5", "(5)"),
        ("1.5", "(1.5)"),
        ("x .", "x (.)"),
        ("# x", "\\x23 x"),
        ("#", "\\x23"),
        ("# 5", "\\x23 (5)"),
        ("#x", "#x"),
        ("f_[k]", "f_ [k]"),
        ("a f_[j]", "a f_ [j]"),
        ("a _[i]", "a _ [i]"),
        ("-", "(-)"),
        ("--", "(--)"),
        ("---", "---"),
        ("", "(no name)"),
        (" \t\u{2028}", "(no name)"),
        ("  a \n\t b ", "a b"),
        ("a\u{1b}[31mb", "a\\x1b[31mb"),
        ("a\u{202e}b\u{fffe}", "a\\u{202e}b\\u{fffe}"),
    ];
    for (label, folded) in table {
        assert_eq!(folded_label(label), folded, "{label:?}");
    }
}

#[test]
fn long_labels_are_cut_by_characters() {
    let exact = "é".repeat(LABEL_CHARS);
    assert_eq!(folded_label(&exact), exact);
    let cut = folded_label(&format!("{exact} 5")).into_owned();
    assert_eq!(cut, format!("{}…", "é".repeat(LABEL_CHARS - 1)));
}

#[test]
fn stap_label_does_what_its_table_says() {
    let table = [
        ("main.f+0x18", "main.f+0x18+0x0"),
        ("a : b", "a: b"),
        ("a : : : b", "a: :: b"),
        ("gopkg.in/yaml%2ev2", "gopkg.in/yaml%%2ev2"),
        ("func(int) (<-chan T)", "func(int) (<-chan T)"),
    ];
    for (label, stap) in table {
        assert_eq!(stap_label(label), stap, "{label:?}");
    }
}

#[test]
fn json_text_is_undone_by_a_reader() {
    let nasty = "a\u{7f}\u{202e}\u{e0041}\n\"é";
    let json = serde_json::to_string_pretty(&[nasty]).unwrap();
    let safe = json_text(&json);
    assert!(!safe.contains(|c: char| c != '\n' && is_hidden(c)));
    let back: Vec<String> = serde_json::from_str(&safe).unwrap();
    assert_eq!(back, [nasty]);
}

/// What stackcollapse-stap.pl does with one line that is a frame; None where it would take the line for something else.
pub(crate) fn collapse_stap(line: &str) -> Option<String> {
    let line = line.trim_start_matches(|c: char| c.is_ascii_whitespace());
    if line.is_empty() || line.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let line = line.rsplit_once('+').map_or(line, |(frame, _)| frame);
    let line = line.rsplit_once(" : ").map_or(line, |(_, frame)| frame);
    // printf: only `%%` is harmless.
    let parts: Vec<&str> = line.split("%%").collect();
    let harmless = parts.iter().all(|part| !part.contains('%'));
    harmless.then(|| parts.join("%"))
}

proptest! {
    #[test]
    fn no_text_leaves_hidden_characters(label in nasty_label()) {
        let folded = folded_label(&label);
        for shown in [terminal_text(&label), one_line(&label), stap_label(&folded), folded.clone()] {
            prop_assert!(!shown.contains(is_hidden), "{shown:?}");
        }
        prop_assert!(!one_line(&label).contains("  "));
    }

    #[test]
    fn a_folded_label_is_one_frame_and_no_count(label in nasty_label()) {
        let folded = folded_label(&label);
        prop_assert!(!folded.is_empty() && !folded.contains(';'));
        prop_assert_eq!(folded.trim(), &*folded);
        prop_assert!(!folded.starts_with("# "));
        let last = folded.rsplit(' ').next().unwrap();
        prop_assert!(last.contains(|c: char| !(c.is_ascii_digit() || c == '.')), "{folded:?}");
        prop_assert!(!["_[k]", "_[w]", "_[i]", "_[j]"].iter().any(|end| folded.ends_with(end)));
        prop_assert!(!["-", "--"].contains(&&*folded));
    }

    #[test]
    fn the_stap_script_gives_the_folded_label_back(label in nasty_label()) {
        let mut expected = folded_label(&label).into_owned();
        while expected.contains(" : ") {
            expected = expected.replace(" : ", ": ");
        }
        prop_assert_eq!(collapse_stap(&stap_label(&folded_label(&label))), Some(expected));
    }
}
