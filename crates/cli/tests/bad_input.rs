//! What bad input gets: one clear line that says what is wrong and what to do, an exit status, no panic, nothing half-written.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::carried;
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder for the files of one test.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Scratch {
        Scratch(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// The status, and that stderr is one line that holds every one of `parts`.
#[track_caller]
fn assert_refused(outcome: &common::Outcome, status: i32, parts: &[&str]) {
    let line = outcome.stderr.trim_end();
    assert_eq!(outcome.status, status, "{line}");
    assert!(line.starts_with("goheap: ") && !line.contains('\n'), "not one line: {line}");
    for part in parts {
        assert!(line.contains(part), "{part:?} is not in: {line}");
    }
    assert_eq!(outcome.stdout, "");
}

/// The first bytes of an ELF file of the given class, byte order, type and machine, padded.
fn elf(class: u8, order: u8, kind: u16, machine: u16) -> Vec<u8> {
    let number = |number: u16| if order == 2 { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut bytes = vec![0x7f, b'E', b'L', b'F', class, order, 1];
    bytes.resize(16, 0);
    bytes.extend(number(kind));
    bytes.extend(number(machine));
    bytes.resize(4096, 0);
    bytes
}

const ET_CORE: u16 = 4;

#[test]
fn what_is_no_core_is_refused() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let missing = scratch.path("missing");
    assert_refused(&goheap!(missing, "overview"), 1, &["cannot read the core", "missing", "No such file"]);
    assert_refused(&goheap!(scratch.0.path(), "overview"), 1, &["cannot read the core", "directory"]);
    let cases = [
        (scratch.file("empty", ""), "is empty"),
        (scratch.file("text", "Dear core,\n"), "is not an ELF file; give the core of the Go program"),
        (carried.exe.clone(), "is an executable, not a core dump; the core comes first: goheap CORE --exe EXECUTABLE"),
        (
            scratch.file("sparc", elf(2, 2, ET_CORE, 43)),
            "is a big-endian ELF file; only little-endian x86-64 and aarch64",
        ),
        (scratch.file("i386", elf(1, 1, ET_CORE, 3)), "is a 32-bit ELF file; only 64-bit x86-64 and aarch64"),
        (scratch.file("riscv", elf(2, 1, ET_CORE, 243)), "is of another machine (e_machine 243)"),
        (scratch.file("object", elf(2, 1, 1, 62)), "is an ELF file of type 1, not the core that is needed"),
        (scratch.file("short", &elf(2, 1, ET_CORE, 62)[..40]), "is cut short after 40 bytes"),
        (scratch.file("headless", elf(2, 1, ET_CORE, 62)), "before its first segment"),
        (scratch.file("core.bz2", b"BZh91AYrest"), "is compressed with bzip2; unpack it first (bzip2 -d)"),
        (scratch.file("core.xz", b"\xfd7zXZ\0rest"), "cannot unpack the core"),
    ];
    for (core, message) in cases {
        let outcome = goheap!(core, "--exe", carried.exe, "overview");
        assert_refused(&outcome, 3, &[message, core.file_name().unwrap().to_str().unwrap()]);
    }
}

#[test]
fn a_compressed_core_stays_within_its_limit() {
    let carried = carried("1.27");
    let outcome = goheap!(carried.core, "--exe", carried.exe, "--max-unpacked", "1M", "overview");
    assert_refused(&outcome, 3, &["unpacks to more than 1048576 bytes; raise the limit with --max-unpacked"]);
}

#[test]
fn a_program_that_is_not_go_is_refused() {
    let scratch = Scratch::new();
    let mut exe = ExeBuilder::new(Machine::X86_64, 0x40_0000);
    exe.gnu_build_id(&[7; 20]).load(0x40_1000, R, b"int main(void) { return 0; }");
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.memory(0x40_0000, R, |memory| {
        memory.bytes(&exe.header_page());
    });
    core.memory(0x60_0000, RW, |memory| {
        memory.word(42);
    });
    let (core, exe) = (scratch.file("core", core.build()), scratch.file("c", exe.build()));
    let message =
        "is no Go program: it has neither Go's build information nor its table of functions; nor has any file";
    assert_refused(&goheap!(core, "--exe", exe, "overview"), 3, &[message]);
}

#[test]
fn a_program_of_go_before_1_17_is_refused() {
    let scratch = Scratch::new();
    // The form of the buildinfo blob up to 1.17: addresses of two strings, and of those the bytes.
    let base = 0x50_0000;
    let mut blob = b"\xff Go buildinf:\x08\0".to_vec();
    blob.extend([base + 32, base + 32].map(u64::to_le_bytes).concat());
    blob.extend([base + 48, 8].map(u64::to_le_bytes).concat());
    blob.extend(b"go1.16.5");
    let mut exe = ExeBuilder::new(Machine::X86_64, 0x40_0000);
    exe.gnu_build_id(&[7; 20]).section(".go.buildinfo", base, &blob).load(base, RW, &blob);
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.memory(0x40_0000, R, |memory| {
        memory.bytes(&exe.header_page());
    });
    core.memory(base, RW, |memory| {
        memory.bytes(&blob);
    });
    let (core, exe) = (scratch.file("core", core.build()), scratch.file("old", exe.build()));
    let outcome = goheap!(core, "--exe", exe, "overview");
    assert_refused(&outcome, 3, &["built with go1.16.5; goheap reads Go 1.17 and later", "viewcore"]);
}

#[test]
fn a_wrong_executable_is_refused_with_both_ids() {
    let (scratch, core, other) = (Scratch::new(), carried("1.27"), carried("1.26"));
    let outcome = goheap!(core.core, "--exe", other.exe, "overview");
    assert_refused(&outcome, 3, &["did not make this core", "give the executable that did with --exe"]);
    let ids: Vec<&str> =
        outcome.stderr.split("build id is ").skip(1).chain(outcome.stderr.split("the file's ").skip(1)).collect();
    let id = |text: &str| text.split(['"', ',', ';']).find(|part| part.len() >= 20).map(str::to_owned);
    let ids: Vec<String> = ids.into_iter().filter_map(id).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "both ids: {}", outcome.stderr);

    let missing = scratch.path("missing");
    let outcome = goheap!(core.core, "--exe", missing, "overview");
    assert_refused(&outcome, 1, &["cannot read the executable", "No such file"]);
    let outcome = goheap!(core.core, "--exe", other.core, "overview");
    assert_refused(&outcome, 3, &["is a core dump, not an executable"]);
    let outcome = goheap!(core.core, "--exe", scratch.file("text", "text"), "overview");
    assert_refused(&outcome, 3, &["is not an ELF file; give the executable of the Go program"]);
}

#[test]
fn an_executable_that_is_not_found_is_asked_for() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let core = scratch.path("structures.core.zst");
    fs::copy(&carried.core, &core).unwrap();
    let outcome = goheap!(core, "overview");
    assert_refused(&outcome, 1, &["the executable of the core was not found (looked at ", "give it with --exe"]);
    // Beside the core it is found.
    fs::copy(&carried.exe, scratch.path("structures.zst")).unwrap();
    goheap!(core, "overview").ok();
}

#[test]
fn a_truncated_core_is_analysed_as_far_as_it_goes_and_says_so() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let whole = carried.unpacked_core();
    let (mut drawn, mut refused) = (0, 0);
    let parts = [4, 20, 50, 70, 80, 90, 97, 99].map(|percent| whole.len() / 100 * percent);
    let ends = [65, 700, 4000, 1 << 16, whole.len() - 5000, whole.len() - 2];
    for length in ends.into_iter().chain(parts) {
        let core = scratch.file("core", &whole[..length]);
        let out = scratch.path("out.svg");
        let outcome = goheap!(core, "--exe", carried.exe, "objref", out);
        match outcome.status {
            0 => {
                drawn += 1;
                let svg = fs::read_to_string(&out).unwrap();
                assert!(svg.contains(" of the core are MISSING"), "{length}: the subtitle says nothing");
                for part in ["the core is TRUNCATED", "bytes missing in "] {
                    assert!(outcome.stderr.contains(part), "{length}: {}", outcome.stderr);
                }
                fs::remove_file(out).unwrap();
            }
            _ => {
                refused += 1;
                assert_refused(&outcome, 3, &[]);
                assert!(!out.exists());
            }
        }
    }
    assert!(drawn >= 2 && refused >= 2, "{drawn} drawn, {refused} refused");
}

#[test]
fn a_compressed_stream_that_breaks_off_says_so() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let whole = fs::read(&carried.core).unwrap();
    for length in [3, 10, 1000, whole.len() / 2, whole.len() - 5] {
        let core = scratch.file("core.zst", &whole[..length]);
        let outcome = goheap!(core, "--exe", carried.exe, "overview");
        if outcome.status == 0 {
            assert!(outcome.stdout.contains("[core-unpacking]"), "{length}: {}", outcome.stdout);
        } else {
            assert_refused(&outcome, 3, &[]);
        }
    }
}

#[test]
fn output_that_cannot_be_written_leaves_nothing() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let nowhere = scratch.path("no such folder/out.svg");
    let outcome = goheap!(carried.core, "--exe", carried.exe, "objref", nowhere);
    assert_refused(&outcome, 1, &["cannot write", "no such folder", "nothing was left behind"]);
    // Not even root can make files here.
    let outcome = goheap!(carried.core, "--exe", carried.exe, "objref", "/proc/out.svg");
    assert_refused(&outcome, 1, &["cannot write \"/proc/out.svg\""]);
    let folder = scratch.path("folder.svg");
    fs::create_dir(&folder).unwrap();
    let outcome = goheap!(carried.core, "--exe", carried.exe, "objref", folder);
    assert_refused(&outcome, 1, &["cannot write", "directory"]);
    // The disk is full, and full on stdout.
    let outcome = goheap!(carried.core, "--exe", carried.exe, "-q", "objref", "--format", "svg", "/dev/full");
    assert_refused(&outcome, 1, &["cannot write \"/dev/full\"", "No space left"]);
    let names: Vec<_> = fs::read_dir(scratch.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["folder.svg"], "nothing is left behind");
}

#[test]
fn a_failed_run_keeps_the_file_that_was_there() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let out = scratch.file("out.svg", "the picture of yesterday");
    let wrong = common::carried("1.26");
    assert_refused(&goheap!(carried.core, "--exe", wrong.exe, "objref", out), 3, &["did not make this core"]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "the picture of yesterday");
    goheap!(carried.core, "--exe", carried.exe, "objref", out).ok();
    assert!(fs::read_to_string(&out).unwrap().starts_with("<?xml"));
    assert_eq!(fs::read_dir(scratch.0.path()).unwrap().count(), 1);
}

#[test]
fn an_input_is_not_overwritten() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let core = scratch.path("core.zst");
    fs::copy(&carried.core, &core).unwrap();
    let outcome = goheap!(core, "--exe", carried.exe, "objref", "--format", "svg", core);
    assert_refused(&outcome, 2, &["is what is being read; write to another file"]);
    assert_eq!(fs::read(&core).unwrap(), fs::read(&carried.core).unwrap());
}

#[test]
fn a_wrong_command_line_is_told_apart() {
    for (arguments, message) in [
        (&["core", "objref", "out.png"][..], "end it in .svg, .folded, .bt or .json"),
        (&["core", "objref", "out"], "end it in .svg, .folded, .bt or .json"),
        (&["core", "objref"], "<OUT>"),
        (&["--exe", "exe"], "requires a subcommand"),
        (&["overview"], "CORE is missing: which core dump is to be read?"),
        (&["core", "objreff", "out.svg"], "'objref'"),
        (&["core", "objref", "--min-width", "120", "out.svg"], "a percentage from 0 to 100"),
        (&["core", "--max-unpacked", "much", "overview"], "a number of bytes, or of K, M, G or T, such as 64G"),
        (&["core", "--max-memory", "half", "overview"], "a number of bytes, or of K, M, G or T, such as 64G"),
        (&["core", "objects", "--type", "main.("], "no regular expression: unclosed group"),
        (&["core", "objects", "--format", "xml"], "[possible values: table, csv, ndjson]"),
        (&["core", "objref", "--count", "sheep", "out.svg"], "[possible values: bytes, objects]"),
    ] {
        let arguments: Vec<&std::ffi::OsStr> = arguments.iter().map(std::ffi::OsStr::new).collect();
        let outcome = common::run(common::command(&arguments));
        assert_eq!(outcome.status, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    for argument in ["--help", "-h", "--version"] {
        let mut command = common::command(&[argument.as_ref()]);
        command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
        assert_refused(&common::run(command), 1, &["cannot write to stdout", "No space left"]);
    }
}

#[test]
fn stdout_by_its_name_is_stdout() {
    let carried = carried("1.27");
    let by_name =
        |out: &str| goheap!(carried.core, "--exe", carried.exe, "-q", "objref", "--format", "folded", out).ok().stdout;
    let wanted = by_name("-");
    assert!(wanted.len() > 1000);
    assert!(by_name("/dev/stdout") == wanted && by_name("/proc/self/fd/1") == wanted);
    let picture = |out: &str| goheap!(carried.core, "--exe", carried.exe, "-q", "objref", out).ok().stdout;
    assert!(picture("/dev/stdout") == picture("-"), "as a picture where no format is asked for");
    assert!(fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;
    let carried = carried("1.27");
    let arguments = [carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "overview".as_ref()];
    let mut command = common::command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn a_core_cut_before_the_heap_says_what_is_known_and_suggests_what_works() {
    let (scratch, carried) = (Scratch::new(), carried("1.27"));
    let whole = carried.unpacked_core();
    let mut seen = 0;
    for percent in [50, 70, 80, 90, 97] {
        let core = scratch.file("core", &whole[..whole.len() / 100 * percent]);
        let outcome = goheap!(core, "--exe", carried.exe);
        if !outcome.stdout.contains("heap  not in the core") {
            continue;
        }
        seen += 1;
        // README: a truncated core of which too little is left.
        assert_eq!(outcome.status, 3, "{percent}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("of the core are missing: dump again"), "{percent}: {}", outcome.stderr);
        let commands = outcome.stdout.lines().map(str::trim).filter_map(|line| line.strip_prefix("goheap "));
        let suggested: Vec<&str> = commands.filter_map(|line| line.split(' ').next_back()).collect();
        assert_eq!(suggested, ["overview", "goroutines"], "{percent}");
        for command in suggested {
            goheap!(core, "--exe", carried.exe, command).ok();
        }
    }
    assert!(seen > 0, "no length leaves the runtime without its heap");
}

#[test]
fn that_a_process_lived_is_said_only_where_a_note_tells_it() {
    let carried = carried("1.27");
    let died = |core: &std::path::Path| {
        let outcome = goheap!(core, "--exe", carried.exe);
        outcome.stdout.lines().find(|line| line.starts_with("died ")).unwrap_or_default().to_owned()
    };
    assert!(died(&carried.core).contains("SIGABRT"), "{}", died(&carried.core));
    // The same core with its notes named as nobody's: type of the program header from PT_NOTE to PT_NULL.
    let mut bytes = carried.unpacked_core();
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let (headers, size) = (word(&bytes, 32), usize::from(u16::from_le_bytes([bytes[54], bytes[55]])));
    let count = usize::from(u16::from_le_bytes([bytes[56], bytes[57]]));
    for at in (0..count).map(|index| headers + index * size) {
        if bytes[at..at + 4] == 4_u32.to_le_bytes() {
            bytes[at..at + 4].fill(0);
        }
    }
    let scratch = Scratch::new();
    let without = died(&scratch.file("core", bytes));
    assert!(without.contains("not known: the core has no notes of threads or of a signal"), "{without}");
}
