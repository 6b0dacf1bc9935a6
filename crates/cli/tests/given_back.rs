//! What one command prints can be given to the others: types, variables, goroutines, functions and addresses.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, Outcome, all_cores, carried, carried_of, command, number, run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;

fn ask(carried: &Carried, words: &[&str]) -> Outcome {
    let first = [carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "-q".as_ref()];
    let words: Vec<&OsStr> = first.into_iter().chain(words.iter().map(OsStr::new)).collect();
    run(command(&words))
}

fn json(carried: &Carried, words: &[&str]) -> Value {
    serde_json::from_str(&ask(carried, words).ok().stdout).unwrap()
}

/// The answers of one run of `paths`, which takes any number of arguments.
fn paths(carried: &Carried, asked: &[String]) -> Vec<Value> {
    let words: Vec<&str> = ["paths", "--json", "--"].into_iter().chain(asked.iter().map(String::as_str)).collect();
    let answers = json(carried, &words);
    let answers = answers["asked"].as_array().unwrap().clone();
    assert_eq!(answers.len(), asked.len());
    answers
}

fn texts(values: &Value, key: &str) -> Vec<String> {
    values.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
}

/// One of each layout of the runtime's; see [`all_cores`].
fn carried_cores() -> [Carried; 4] {
    [carried("1.27"), carried("1.19"), carried_of("goroutines", "1.24"), carried_of("edges", "1.27")]
}

/// Ways of writing, and what they mean in the same core.
#[test]
fn names_are_taken_as_go_lets_them_be_written() {
    let core = carried("1.27");
    let pairs = [
        ("[]byte", "[]uint8"),
        ("[70000]byte", "[70000]uint8"),
        ("map[any]any", "map[interface {}]interface {}"),
        ("map[string]struct{}", "map[string]struct {}"),
        ("list.Element", "container/list.Element"),
        ("*list.Element", "container/list.Element"),
        ("main.Element", r"^main\.Element\[.*\]$"),
        ("main.Element[...]", "main.Element"),
        ("*main.Cache", "main.Cache"),
        ("*main.Session", "main.Session"),
        ("main.globalCache *main.Cache", "main.globalCache"),
        ("3 × main.record main.Record", "main.record"),
        ("main.record.Base.Label", "main.record.Label"),
        ("main.record.Session.Payload", "main.record.Payload"),
        ("^main\\.Cach", "main.Cache"),
        ("goroutine main.holdInReceive", "main.holdInReceive"),
    ];
    let asked = |side: fn(&(&str, &str)) -> String| pairs.iter().map(side).collect::<Vec<_>>();
    let given = paths(&core, &asked(|(given, _)| (*given).to_owned()));
    let plain = paths(&core, &asked(|(_, plain)| (*plain).to_owned()));
    for ((given, plain), (text, _)) in given.iter().zip(&plain).zip(pairs) {
        assert!(number(given, "/objects") > 0, "{text}");
        let [given, plain] = [given, plain].map(|answer| (number(answer, "/objects"), number(answer, "/bytes")));
        assert_eq!(given, plain, "{text}");
    }
}

#[test]
fn a_goroutine_and_a_function_are_what_their_variables_lead_to() {
    let core = carried("1.27");
    let goroutines = json(&core, &["goroutines", "--json"]);
    let groups = goroutines["groups"].as_array().unwrap();
    let of = |function: &str| {
        groups
            .iter()
            .find(|group| {
                group["frames"][0]["function"] == function
                    || group["frames"].as_array().unwrap().iter().any(|frame| frame["function"] == function)
            })
            .unwrap()
    };
    let id = number(of("main.holdInReceive"), "/ids/0");
    let [as_words, as_one, function] = [
        vec!["paths", "--json", "goroutine", &*id.to_string()],
        vec!["paths", "--json", &*format!("goroutine {id}")],
        vec!["paths", "--json", "main.holdInReceive"],
    ]
    .map(|words| number(&json(&core, &words), "/asked/0/objects"));
    assert!(as_words > 0 && as_words == as_one && function > 0, "{as_words} {as_one} {function}");
    let method = paths(&core, &["main.(*Guard).inMethod".to_owned()]);
    assert!(number(&method[0], "/objects") > 0);
    let by_id = ask(&core, &["goroutine", &id.to_string()]).ok().stdout;
    assert_eq!(ask(&core, &["goroutine", &format!("goroutine {id} [chan receive]:")]).ok().stdout, by_id);
}

/// Every type of a histogram: `paths` knows it, and counts the same.
#[test]
fn types_of_a_histogram_are_known_to_paths() {
    for core in all_cores() {
        let rows = json(&core, &["histogram", "--format", "json"])["rows"].clone();
        let names = texts(&rows, "name");
        let answers = paths(&core, &names);
        for ((row, name), answer) in rows.as_array().unwrap().iter().zip(&names).zip(&answers) {
            let counted = number(row, "/objects");
            assert_eq!(answer["means"], "type", "{name}");
            if let Some(pointed) = name.strip_prefix('*') {
                // What such pointers lead to, which may be nothing but static data.
                assert!(answer["taken_for"][0] == pointed || number(answer, "/objects") == counted, "{name}");
                continue;
            }
            // `T` has the arrays of it with it, as the help says.
            assert!(number(answer, "/objects") >= counted, "{name} of {}", core.release);
        }
    }
}

/// Some of them: so do the others.
#[test]
fn types_of_a_histogram_are_known_to_all() {
    for core in carried_cores() {
        let names = texts(&json(&core, &["histogram", "--format", "json"])["rows"], "name");
        let names: Vec<String> = names.into_iter().step_by(83).collect();
        let answers = paths(&core, &names);
        for name in &names {
            let total = number(&json(&core, &["owners", "--json", "--", name]), "/total/objects");
            let answer = answers.iter().find(|answer| answer["asked"] == *name.as_str()).unwrap();
            assert_eq!(total, number(answer, "/objects"), "{name}");
            let listed = ask(&core, &["objects", "--csv", "--type", name, "--limit", "1"]).ok().stdout;
            assert!(listed.lines().count() > 1 || name == "(unknown)", "{name}");
            let rows = json(&core, &["histogram", "--format", "json", "--type", name]);
            assert!(name == "(unknown)" || texts(&rows["rows"], "name").contains(name), "{name}");
        }
    }
}

/// Every variable, goroutine, finalizer, cleanup and queue of the tree of dominators.
#[test]
fn roots_of_dominators_are_known_to_paths() {
    for core in all_cores() {
        let rows = json(&core, &["dominators", "--json", "--group", "root"])["rows"].clone();
        let names: Vec<String> = texts(&rows, "name");
        assert!(names.len() > 5);
        for (name, answer) in names.iter().zip(paths(&core, &names)) {
            assert!(number(&answer, "/objects") > 0, "{name} of {}", core.release);
        }
    }
}

/// Owners of every type, and the first steps of paths.
#[test]
fn owners_and_steps_are_known_to_paths() {
    for (core, types) in [(carried_of("names", "1.27"), &["string"][..]), (carried("1.27"), &["[]uint8", "string"])] {
        for ty in types {
            let owners = json(&core, &["owners", "--json", ty]);
            let rows = ["owned", "shared"].map(|list| texts(&owners[list]["rows"], "owner")).concat();
            assert!(!rows.is_empty());
            for (owner, answer) in rows.iter().zip(paths(&core, &rows)) {
                assert!(number(&answer, "/objects") > 0, "{owner} of {}", core.release);
            }
        }
        let all = json(&core, &["paths", "--json", "--all", "--limit", "50", "string"]);
        let found = all["asked"][0]["targets"][0]["paths"].as_array().unwrap();
        let first: Vec<String> =
            found.iter().map(|path| path["steps"][0]["reference"].as_str().unwrap().to_owned()).collect();
        for (step, answer) in first.iter().zip(paths(&core, &first)) {
            assert!(number(&answer, "/objects") > 0, "{step}");
        }
    }
}

/// What stands on the screen, where packages are short: of two that end alike it is whole, and each means its own.
#[test]
fn short_names_of_packages_mean_one() {
    let core = carried_of("names", "1.27");
    let sessions = number(&core.truth, "/sessions");
    let shown = ask(&core, &["histogram", "--limit", "0"]).ok().stdout;
    for (short, objects) in [
        ("yaml%2ev3.Session", sessions + 2),
        ("odd%2ename.Session", sessions + 1),
        ("mod/v2.Session", sessions + 1),
        ("fixtures/names/github.com/acme/y.Session", sessions + 1),
        ("fixtures/names/internal/y.Session", sessions + 1),
    ] {
        assert!(shown.lines().any(|line| line.ends_with(&format!("  {short}"))), "{short}: {shown}");
        // A row of ten is one object of them.
        let answer = &paths(&core, &[short.to_owned()])[0];
        assert_eq!((number(answer, "/objects"), &answer["means"]), (objects, &Value::from("type")), "{short}");
    }
    let whole = ask(&core, &["histogram", "--limit", "0", "--full-names"]).ok().stdout;
    assert!(whole.contains("  fixtures/names/gopkg.in/yaml%2ev3.Session\n"), "{whole}");
}

/// Functions and ids that goroutines are listed with.
#[test]
fn goroutines_are_known_to_the_others() {
    for core in carried_cores() {
        let groups = json(&core, &["goroutines", "--json", "--no-retained"])["groups"].clone();
        for group in groups.as_array().unwrap().iter().step_by(9) {
            let (id, function) = (number(group, "/ids/0"), group["frames"][0]["function"].as_str().unwrap());
            let one = json(&core, &["goroutine", "--no-retained", "--json", &id.to_string()]);
            assert_eq!(number(&one, "/id"), id);
            let matching = json(&core, &["goroutines", "--json", "--no-retained", "--match", function]);
            assert!(number(&matching, "/selected") >= number(group, "/count"), "{function}");
        }
    }
}

/// Addresses of objects, of what holds them and of what they lead to, and of package variables.
#[test]
fn addresses_are_known_to_the_others() {
    let core = carried("1.27");
    let listed = ask(&core, &["objects", "--format", "ndjson", "--reachable"]).ok().stdout;
    let rows: Vec<Value> = listed.lines().step_by(5000).map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut asked = BTreeSet::new();
    for row in &rows {
        let address = row["addr"].as_str().unwrap();
        let object = json(&core, &["object", address, "--json", "--limit", "3"]);
        assert_eq!(object["addr"], row["addr"]);
        asked.insert(address.to_owned());
        for list in ["holders", "pointers"] {
            for other in object[list].as_array().into_iter().flatten() {
                let target = other["target"]["object"].as_str().or_else(|| other["addr"].as_str());
                asked.extend(target.map(str::to_owned));
            }
        }
    }
    let asked: Vec<String> = asked.into_iter().collect();
    for (address, answer) in asked.iter().zip(paths(&core, &asked)) {
        assert_eq!((number(&answer, "/objects"), &answer["means"]), (1, &Value::from("address")), "{address}");
    }
    let waits = json(&core, &["goroutines", "--json"]);
    let lock = waits["waits"]["locks"].as_array().unwrap().iter().find(|lock| lock["static"] == true).unwrap();
    let address = lock["addr"].as_str().unwrap();
    assert_eq!(json(&core, &["object", "--json", address])["addr"], *address);
    let told = ask(&core, &["paths", address]).ok().stdout;
    assert!(told.contains("in the package variable main.") && told.contains("it leads to no object"), "{told}");
    assert_eq!(ask(&core, &["owners", address]).status, 0);
}

#[test]
fn what_can_be_nothing_is_refused_before_the_core_is_opened() {
    for words in [
        &["paths", "0xzz"][..],
        &["paths", "main.("],
        &["owners", ""],
        &["object", "main.x"],
        &["goroutine", "main.x"],
        &["goroutines", "--match", "["],
        &["objects", "--min-size", "big"],
    ] {
        let words: Vec<&OsStr> = ["no-such-core"].iter().chain(words).map(OsStr::new).collect();
        let outcome = run(command(&words));
        assert_eq!(outcome.status, 2, "{words:?}: {}", outcome.stderr);
    }
}

#[test]
fn nearest_names_are_none_of_the_compilers() {
    for core in [carried("1.27"), carried_of("edges", "1.27")] {
        for name in
            ["main.stmp_1", "go.shape.int", "type:.eq.main.T", "noalg.map.group", "main.Stak", "main.globalCach"]
        {
            let outcome = ask(&core, &["paths", name]);
            assert_ne!(outcome.status, 0);
            for sign in ["go.shape", "noalg.", "type:", "..stmp_", "..dict"] {
                let (_, nearest) = outcome.stderr.split_once("nearest: ").unwrap_or_default();
                assert!(!nearest.contains(sign), "{}", outcome.stderr);
            }
        }
    }
}
