//! What the core lacks is not called garbage, whole commands on cores that lost a page.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Carried, carried, carried_of, number};
use goheap_image::{OpenRequest, Process};
use goheap_runtime::{ModelOptions, RuntimeModel};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

const PAGE: u64 = 4096;
const RELEASES: [&str; 4] = ["1.19", "1.22", "1.26", "1.27"];

/// A core whose bytes are changed.
struct Core {
    bytes: Vec<u8>,
}

impl Core {
    fn of(carried: &Carried) -> Core {
        Core { bytes: carried.unpacked_core() }
    }

    fn word(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap())
    }

    fn set(&mut self, at: usize, value: u64) {
        self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Where each PT_LOAD stands in the file.
    fn loads(&self) -> Vec<usize> {
        let count = u16::from_le_bytes(self.bytes[56..58].try_into().unwrap());
        let headers = (0..usize::from(count)).map(|index| self.word(32) as usize + index * 56);
        headers.filter(|&at| self.word(at) as u32 == 1).collect()
    }

    /// The header of the segment whose dumped bytes hold `address`.
    fn header_of(&self, address: u64) -> usize {
        let holds = |&at: &usize| (self.word(at + 16)..self.word(at + 16) + self.word(at + 32)).contains(&address);
        self.loads().into_iter().find(holds).unwrap()
    }

    /// Where the byte at `address` stands in the file.
    fn place(&self, address: u64) -> usize {
        let header = self.header_of(address);
        (self.word(header + 8) + address - self.word(header + 16)) as usize
    }

    /// Takes the pages away, as gcore does with what a program wants left out: no segment has them. The segment of the
    /// highest address, which is no memory of Go's, lends its header to what is behind them.
    fn lose(&mut self, pages: Range<u64>) {
        let header = self.header_of(pages.start);
        let [offset, address, size] = [8, 16, 32].map(|field| self.word(header + field));
        let spare = self.loads().into_iter().max_by_key(|&at| self.word(at + 16)).unwrap();
        assert_ne!(header, spare);
        let before = pages.start - address;
        let after = size - (pages.end - address);
        for (at, fields) in
            [(header, [offset, address, before]), (spare, [offset + (pages.end - address), pages.end, after])]
        {
            self.set(at, self.word(header));
            let [offset, address, size] = fields;
            for (field, value) in [(8, offset), (16, address), (32, size), (40, size)] {
                self.set(at + field, value);
            }
        }
    }

    fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("core");
        std::fs::write(&path, &self.bytes).unwrap();
        path
    }
}

fn json(core: &Path, carried: &Carried, arguments: &[&str]) -> Value {
    let mut command = common::command(&[core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str()]);
    command.args(arguments);
    serde_json::from_str(&common::run(command).ok().stdout).unwrap()
}

/// Reachable objects by page, with their types.
fn pages(carried: &Carried) -> BTreeMap<u64, Vec<String>> {
    let rows = goheap!(carried.core, "--exe", carried.exe, "objects", "--reachable", "--format", "ndjson").ok().stdout;
    let mut pages: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for row in rows.lines().map(|row| serde_json::from_str::<Value>(row).unwrap()) {
        let addr = u64::from_str_radix(&row["addr"].as_str().unwrap()[2..], 16).unwrap();
        if number(&row, "/size") <= PAGE {
            pages.entry(addr / PAGE * PAGE).or_default().push(row["type"].as_str().unwrap().to_owned());
        }
    }
    pages
}

/// The page that holds most objects of the program's own types; and one that holds nothing but strings.
fn pages_to_lose(carried: &Carried) -> (u64, u64) {
    let pages = pages(carried);
    let own = |types: &[String]| types.iter().filter(|ty| ty.starts_with("main.") || ty.contains("*main.")).count();
    let most = pages.iter().max_by_key(|(page, types)| (own(types), **page)).unwrap();
    assert!(own(most.1) > 0);
    let text = pages.iter().filter(|(_, types)| types.iter().all(|ty| ty == "string"));
    (*most.0, *text.max_by_key(|(_, types)| types.len()).unwrap().0)
}

#[test]
fn what_a_lost_page_may_lead_to_is_not_called_unreachable() {
    for release in RELEASES {
        let carried = carried(release);
        let folder = tempfile::tempdir().unwrap();
        let whole = json(&carried.core, &carried, &["overview", "--json"]);
        assert_eq!(number(&whole, "/heap/not_known_to_be_reachable"), 0);
        assert_eq!(whole["heap"]["absent_pointers"], Value::Null);
        let (lost, _) = pages_to_lose(&carried);
        let mut core = Core::of(&carried);
        core.lose(lost..lost + PAGE);
        let core = core.write(folder.path());

        let report = json(&core, &carried, &["overview", "--json"]);
        let sum = |name: &str| number(&report, &format!("/heap/{name}"));
        let parts = ["reachable", "not_known_to_be_reachable", "unreachable"].map(sum);
        assert_eq!(parts.iter().sum::<u64>(), sum("allocated"), "{release}");
        assert_eq!(sum("allocated"), number(&whole, "/heap/allocated"), "{release}");
        assert!(parts[1] >= number(&whole, "/heap/unreachable"), "{release}: {parts:?}");
        let known_dead = number(&whole, "/heap/unreachable");
        assert!(parts[2] <= known_dead, "{release}: what lost its holder is called garbage: {parts:?}");
        let absent = &report["heap"]["absent_pointers"];
        let words = number(absent, "/words");
        let classes = absent["by_root_class"].as_array().unwrap().iter();
        let by_class = classes.map(|class| number(class, "/root_words") + number(class, "/object_words")).sum::<u64>();
        assert_eq!(words, by_class, "{release}");
        assert!(words > 0 && words <= PAGE / 8 * 5, "{release}: {words}");
        let first = &absent["most"][0];
        let command = first["command"].as_str().unwrap();
        assert!(command.starts_with("object 0x"), "{release}: {first}");
        let object = json(&core, &carried, &["object", "--json", first["addr"].as_str().unwrap()]);
        assert_eq!((&object["addr"], &object["reachable"]), (&first["addr"], &Value::Bool(true)), "{release}");

        let histogram =
            |which: &str| number(&json(&core, &carried, &["histogram", "--format", "json", which]), "/total/bytes");
        assert_eq!((histogram("--not-known"), histogram("--unreachable")), (parts[1], parts[2]), "{release}");
        let rows = |which: &str| {
            let rows = goheap!(core, "--exe", carried.exe, "objects", "--csv", which).ok().stdout;
            rows.lines().skip(1).map(|row| row.split(',').nth(1).unwrap().parse::<u64>().unwrap()).sum::<u64>()
        };
        assert_eq!((rows("--not-known"), rows("--unreachable")), (parts[1], parts[2]), "{release}");
        let dominators = json(&core, &carried, &["dominators", "--json"]);
        let sums = ["reachable", "not_known_to_be_reachable", "unreachable"];
        assert_eq!(sums.map(|sum| number(&dominators, &format!("/{sum}/bytes"))), parts, "{release}");

        for tree in ["breadth-first", "dominator"] {
            let drawn = goheap!(core, "--exe", carried.exe, "objref", "--tree", tree, "--format", "folded", "-").ok();
            let tower = |top: &str| {
                let of = drawn.stdout.lines().filter(|line| line.starts_with(&format!("{top};")));
                of.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
            };
            assert_eq!(tower("not known to be reachable"), parts[1], "{release} {tree}");
            assert_eq!(tower("unreachable"), parts[2], "{release} {tree}");
            assert!(drawn.stderr.contains("+ not known to be reachable "), "{release}: {}", drawn.stderr);
        }
    }
}

#[test]
fn a_page_without_pointers_makes_nothing_uncertain() {
    for release in RELEASES {
        let carried = carried(release);
        let folder = tempfile::tempdir().unwrap();
        let whole = json(&carried.core, &carried, &["overview", "--json"]);
        let (_, lost) = pages_to_lose(&carried);
        let mut core = Core::of(&carried);
        core.lose(lost..lost + PAGE);
        let report = json(&core.write(folder.path()), &carried, &["overview", "--json"]);
        for sum in ["reachable", "not_known_to_be_reachable", "unreachable"] {
            let [now, before] = [&report, &whole].map(|report| number(report, &format!("/heap/{sum}")));
            assert_eq!(now, before, "{release} {sum}");
        }
        assert_eq!(report["heap"]["absent_pointers"], Value::Null, "{release}");
    }
}

#[test]
fn no_goroutine_is_called_leaked_whose_channel_an_absent_pointer_may_lead_to() {
    // In the program of 1.24 the page has the list of goroutines too.
    for release in ["1.19", "1.22", "1.27"] {
        let carried = carried_of("goroutines", release);
        let folder = tempfile::tempdir().unwrap();
        let whole = json(&carried.core, &carried, &["goroutines", "--json"]);
        assert!(number(&whole, "/leaked") > 0);
        // Variables of the program.
        let process = open(&carried, &carried.core);
        let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let own = model.symbols.variables().iter().filter(|variable| variable.name.starts_with("main."));
        let pages = own.map(|variable| variable.address / PAGE * PAGE);
        let bss = &model.modules[0].bss;
        let lost = pages.filter(|page| bss.start <= *page && page + PAGE <= bss.end).min();
        // Where these share a page with what the runtime needs, any other of bss will do.
        let lost = lost.unwrap_or_else(|| bss.start.next_multiple_of(PAGE));
        let mut core = Core::of(&carried);
        core.lose(lost..lost + PAGE);
        let core = core.write(folder.path());
        let report = json(&core, &carried, &["goroutines", "--json"]);
        assert_eq!(number(&report, "/leaked"), 0, "{release}");
        assert!(number(&report, "/leaked_not_known") >= number(&whole, "/leaked"), "{release}");
        let text = goheap!(core, "--exe", carried.exe, "goroutines", "--leaked").ok().stdout;
        assert!(text.contains(" look leaked, and are not taken for it"), "{release}: {text}");
        let id = whole["groups"].as_array().unwrap().iter().find(|group| number(group, "/leaked") > 0).unwrap()["ids"]
            [0]
        .to_string();
        let one = json(&core, &carried, &["goroutine", "--json", &id]);
        assert_eq!((&one["leaked"], &one["leaked_not_known"]), (&Value::Null, &Value::Bool(true)), "{release}");
    }
}

fn open(carried: &Carried, core: &Path) -> Process {
    let (core, executable) = (core.to_owned(), Some(carried.exe.clone()));
    Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap()
}

#[test]
fn variables_without_masks_are_scanned_word_by_word() {
    for release in RELEASES {
        let carried = carried(release);
        let folder = tempfile::tempdir().unwrap();
        let whole = json(&carried.core, &carried, &["overview", "--json"]);
        let mut core = Core::of(&carried);
        {
            let process = open(&carried, &carried.core);
            let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
            let (module, fields) = (model.modules[0].address.0, &model.layout.moduledata);
            // The masks that the runtime built, and the linker's programs for them.
            let words = [fields.gcdatamask, fields.gcbssmask, fields.types - 16, fields.types - 8];
            words.into_iter().for_each(|at| {
                let place = core.place(module + at);
                core.set(place, 0);
            });
        }
        let report = json(&core.write(folder.path()), &carried, &["overview", "--json"]);
        let heap = |report: &Value, sum: &str| number(report, &format!("/heap/{sum}"));
        assert!(heap(&report, "reachable") >= heap(&whole, "reachable"), "{release}");
        assert!(heap(&report, "unreachable") <= heap(&whole, "unreachable"), "{release}");
        assert_eq!(heap(&report, "not_known_to_be_reachable"), 0, "{release}");
        let told = report["diagnostics"].as_array().unwrap().iter().find(|one| one["code"] == "masks-unbuilt");
        assert_eq!(number(told.unwrap(), "/count"), 2, "{release}");
        let broken = report["invariants"].as_array().unwrap().iter().filter(|one| number(one, "/violations") > 0);
        assert_eq!(broken.collect::<Vec<_>>(), Vec::<&Value>::new(), "{release}");
    }
}

#[test]
fn what_breaks_an_invariant_is_named_with_the_command_that_shows_it() {
    let carried = carried("1.27");
    let folder = tempfile::tempdir().unwrap();
    let mut core = Core::of(&carried);
    let rows = goheap!(carried.core, "--exe", carried.exe, "histogram", "--reachable", "--format", "csv").ok().stdout;
    assert!(rows.contains("main."));
    // A pointer that leads to where no object is: the first word of a variable's object that is a pointer.
    let objects =
        goheap!(carried.core, "--exe", carried.exe, "objects", "--csv", "--reachable", "--type", r"^\[\d+\]\*main\.")
            .ok();
    let row = objects.stdout.lines().nth(1).unwrap().to_owned();
    let addr = u64::from_str_radix(&row.split(',').next().unwrap()[2..], 16).unwrap();
    let (at, target) = {
        let process = open(&carried, &carried.core);
        let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let span =
            model.heap.spans.iter().find(|span| span.nelems > span.allocated.count() as u32 && !span.is_noscan());
        let span = span.unwrap();
        let free = (0..span.nelems).find(|&slot| !span.allocated.get(slot as usize)).unwrap();
        (addr + 8, span.slot_address(free))
    };
    let place = core.place(at);
    core.set(place, target);
    let core = core.write(folder.path());
    let report = json(&core, &carried, &["overview", "--json"]);
    let broken: Vec<&Value> =
        report["invariants"].as_array().unwrap().iter().filter(|one| number(one, "/violations") > 0).collect();
    let [broken] = &broken[..] else { panic!("{broken:#?}") };
    assert_eq!(broken["name"], "pointers do not lead to free slots");
    let example = &broken["examples"][0];
    assert_eq!(example["addr"], format!("{at:#x}"));
    assert_eq!(example["command"], format!("object {at:#x}"));
    assert!(example["what"].as_str().unwrap().contains("*main."), "{example}");
    let told = report["diagnostics"].as_array().unwrap().iter().find(|one| one["code"] == "pointers-to-free").unwrap();
    assert_eq!(told["examples"], broken["examples"]);
    let text = goheap!(core, "--exe", carried.exe, "overview", "--invariants").ok().stdout;
    let line = format!("{at:#x} 0x8 bytes into {}", row.split(',').nth(2).unwrap());
    assert!(
        text.lines().any(|shown| shown.trim_start().starts_with("e.g.") && shown.contains(&line)),
        "{line}\n{text}"
    );
    assert!(text.contains(&format!("(goheap … object {at:#x})")), "{text}");
}
