#![allow(clippy::unwrap_used)]

use super::super::Cli;
use super::*;
use clap::CommandFactory;
use goheap_image::FileKind;
use proptest::prelude::*;

/// Files by their names: `*.core` are cores, `*.exe` executables, `*.file` others; nothing else is there.
struct Named;

impl Files for Named {
    fn kind(&self, word: &OsStr) -> FileKind {
        match word.to_str().and_then(|word| word.rsplit_once('.')) {
            Some((_, "core")) => FileKind::Core,
            Some((_, "exe")) => FileKind::Executable,
            _ => FileKind::Other,
        }
    }

    fn is_there(&self, word: &OsStr) -> bool {
        self.kind(word) != FileKind::Other || word.to_str().is_some_and(|word| word.ends_with(".file"))
    }
}

fn tool() -> Command {
    let mut tool = Cli::command();
    tool.build();
    tool
}

fn ordered(words: &[String]) -> Line {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    in_order(&words, &tool(), &Named)
}

fn order_of(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let words = ordered(&words).words;
    words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn natural_orders_are_one() {
    let cases: [(&str, &[&str]); 10] = [
        (
            "a.core overview --exe b.exe",
            &[
                "overview a.core --exe b.exe",
                "a.core b.exe overview",
                "overview a.core b.exe",
                "b.exe a.core overview",
                "--exe b.exe overview a.core",
                "-exe b.exe overview a.core",
                "a.core --exe b.exe",
                "a.core b.exe",
                "b.exe overview a.core",
                "overview --exe b.exe -- a.core",
            ],
        ),
        ("a.core overview --exe=b.exe --json", &["a.core -json -exe=b.exe", "-exe=b.exe overview -json a.core"]),
        ("a.core overview", &["a.core", "overview a.core", "a.core overview"]),
        (
            "a.core paths --all --exe b.exe -- main.x 0xc000012340",
            &[
                "a.core --exe b.exe paths --all main.x 0xc000012340",
                "paths a.core b.exe main.x 0xc000012340 -all",
                "a.core b.exe paths main.x 0xc000012340 --all",
                "paths --all main.x a.core 0xc000012340 b.exe",
            ],
        ),
        (
            "a.core objref --exe b.exe -- out.svg",
            &["a.core objref out.svg b.exe", "objref a.core b.exe out.svg", "objref out.svg --exe b.exe a.core"],
        ),
        ("--help", &["--help", "-help", "a.core --help"]),
        ("paths --help", &["paths --help", "a.core paths x --help", "--help paths"]),
        ("-V", &["-V", "a.core -V"]),
        ("--version", &["--version", "-version"]),
        ("help paths", &["help paths", "paths help"]),
    ];
    for (expected, lines) in cases {
        for line in lines {
            assert_eq!(order_of(line), expected, "{line}");
        }
    }
}

#[test]
fn what_is_no_file_is_told_by_its_place() {
    for (line, expected) in [
        ("typo overview", "typo overview"),
        ("overview core.typo exe.typo", "core.typo overview --exe exe.typo"),
        ("core.typo exe.typo paths main.x", "core.typo paths --exe exe.typo -- main.x"),
        ("paths core.typo main.x", "core.typo paths -- main.x"),
        ("object 0xc000012340", "object -- 0xc000012340"),
        ("objref a.exe out.svg", "objref --exe a.exe -- out.svg"),
        ("overview --exe a.exe", "overview --exe a.exe"),
        ("overview a.exe", "overview --exe a.exe"),
        // Never a file to be written because the name of the core is wrong.
        ("core.typo objref other.core", "core.typo objref -- other.core"),
        ("- objref out.svg", "- objref -- out.svg"),
        ("objref - a.core", "a.core objref -- -"),
        ("a.core objref -", "a.core objref -- -"),
        ("overview systemd:server", "systemd:server overview"),
        // An executable given as the core is refused as one.
        ("b.exe --exe b.exe overview", "b.exe overview --exe b.exe"),
        ("core.file", "core.file overview"),
    ] {
        assert_eq!(order_of(line), expected, "{line}");
    }
}

#[test]
fn words_that_look_like_others_are_kept_apart() {
    for (line, expected) in [
        // A core with a command's name.
        ("overview overview", "./overview overview"),
        ("overview -- -core", "./-core overview"),
        // A type with the name of a command or file.
        ("a.core owners objects", "a.core owners -- objects"),
        ("a.core owners b.exe", "a.core owners -- b.exe"),
        ("a.core owners b.exe main.T", "a.core owners --exe b.exe -- main.T"),
        // Values are no words, and may look like options.
        ("a.core goroutines --match overview", "a.core goroutines --match overview"),
        ("a.core goroutines --match -x", "a.core goroutines --match=-x"),
        ("a.core goroutines --match --json", "a.core goroutines --json --match"),
        // What there is not is for the parser to refuse.
        ("a.core overveiw", "CORE overveiw"),
        ("overveiw", "CORE overveiw"),
        ("overview a.core --nonsense", "a.core overview --nonsense"),
        ("overview a.core b.exe surplus", "a.core overview --exe b.exe -- surplus"),
        ("completions bash", "completions bash"),
        ("capture 4711 -o core.zst", "capture 4711 -o core.zst"),
        ("4711 capture --full", "capture 4711 --full"),
        ("-quiet capture 4711", "capture 4711 --quiet"),
        ("", ""),
    ] {
        assert_eq!(order_of(line), expected, "{line}");
    }
}

#[test]
fn an_option_means_the_same_for_every_command() {
    let tool = tool();
    let mut known: HashMap<String, bool> = HashMap::new();
    for arg in arguments(&tool) {
        let takes_value = arg.get_action().takes_values();
        for name in arg.get_long().into_iter().chain(arg.get_all_aliases().into_iter().flatten()) {
            let met = *known.entry(name.to_owned()).or_insert(takes_value);
            assert_eq!(met, takes_value, "--{name} takes a value of some commands only");
        }
    }
    // Words of commands without a core are not put in order.
    let in_order = tool.get_subcommands().filter(|command| !WITHOUT_CORE.contains(&command.get_name()));
    for arg in tool.get_arguments().chain(in_order.flat_map(Command::get_arguments)) {
        let takes_value = arg.get_action().takes_values();
        assert!(arg.get_short().is_none() || !takes_value, "{arg} is short and takes a value");
    }
    for name in WITHOUT_CORE {
        assert!(tool.find_subcommand(name).is_some(), "{name}");
    }
}

#[test]
fn what_opens_the_core_again_is_what_was_given() {
    let line = ordered(&["-q", "a.core", "b.exe", "--json", "--no-dwarf"].map(str::to_owned));
    assert!(line.is_first_look);
    assert_eq!(line.opening, ["a.core", "--exe", "b.exe", "--no-dwarf"]);
}

/// Groups of words that belong together, in an order.
fn lines() -> impl Strategy<Value = (Vec<Vec<&'static str>>, Vec<Vec<&'static str>>)> {
    let command = prop_oneof![
        Just(vec!["paths", "main.x", "main.y"]),
        Just(vec!["owners", "[]uint8"]),
        Just(vec!["object", "0xc000012340"]),
        Just(vec!["objref", "out.svg"]),
        Just(vec!["histogram"]),
        Just(vec!["overview"]),
        Just(vec![]),
    ];
    let exe =
        prop_oneof![Just(vec!["b.exe"]), Just(vec!["--exe", "b.exe"]), Just(vec!["-exe", "b.exe"]), Just(vec![]),];
    let options = [vec!["--json"], vec!["-limit", "5"], vec!["--no-dwarf"], vec!["--exe-dir", "overview"], vec!["-q"]];
    let options = proptest::sample::subsequence(options.to_vec(), 0..=5);
    (command, exe, options).prop_flat_map(|(command, exe, options)| {
        let groups: Vec<Vec<&str>> = [vec![vec!["a.core"], exe, command], options].concat();
        (Just(groups.clone()), Just(groups).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn the_order_of_what_belongs_together_does_not_matter((one, other) in lines()) {
        let words = |groups: &[Vec<&str>]| groups.concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (ordered(&words(&one)), ordered(&words(&other)));
        prop_assert_eq!(&one, &other);
        // What is in order stays so.
        let again: Vec<String> = one.words.iter().map(|word| word.to_str().unwrap().to_owned()).collect();
        prop_assert_eq!(&ordered(&again).words, &one.words);
    }

    #[test]
    fn no_word_is_lost_or_made_up(words in proptest::collection::vec("(a\\.core|b\\.exe|overview|paths|--exe|--json|-limit|--|-|x|é|-q|--x=y)", 0..8)) {
        let line = ordered(&words);
        let is_help = words.iter().any(|word| word.contains("help"));
        let kept = |word: &str| line.words.iter().any(|one| one.to_string_lossy().contains(word.trim_start_matches('-')));
        let is_command = line.words.first().is_some_and(|first| first == "CORE");
        for word in words.iter().filter(|word| *word != "--") {
            prop_assert!(is_help || is_command || kept(word), "{word} is not in {line:?}");
        }
    }
}
