//! When and why a process died, as text.

use super::text::join;
use crate::page::Lines;
use crate::table::Align::{Whole, Words};
use crate::table::Table;
use crate::text::{one_line, shortened};
use goheap_model::process::{Caught, Death, DiedAt, NativeCode, Panicking, ShownFault, ShownPanic};
use std::io::{self, Write};

/// `goroutine 7: index out of range`.
pub(crate) fn panicking_line(panicking: &Panicking) -> String {
    let last = panicking.panics.last().map(panic_line).unwrap_or_default();
    format!("goroutine {}: {}", panicking.id, shortened(one_line(&last).as_ref(), LINE))
}

/// Characters of a panic that are shown in a line.
const LINE: usize = 200;

/// The fact in one line: signal, sender, time.
pub(crate) fn line(death: &Death) -> Option<String> {
    let signal = death.signal.map(|number| named(number.unsigned_abs(), death.name.as_deref()));
    let at = death.address.map(|address| format!("at {:#x}", address.0));
    let why = join([death.code.clone(), at], " ");
    let source = death.time_source.as_ref().map(|source| format!("({source})"));
    let when = death.when.is_some().then(|| join([death.when.clone(), source], " "));
    join([signal.or(death.name.clone()), why, when.flatten()], ", ")
}

/// The section that says why; nothing where nothing more is known than the line says.
pub(crate) fn write(death: &Death, out: &mut Lines<impl Write>) -> io::Result<()> {
    let mut table = Table::new(2, &[Whole, Words]);
    rows(death, &mut table);
    if death.why.is_none() {
        return Ok(());
    }
    writeln!(out, "\nwhy it died")?;
    table.write(out)?;
    writeln!(out)
}

/// Whether the goroutine's line begins so.
fn is_place(death: &Death, place: &str) -> bool {
    death.goroutine.as_ref().is_some_and(|goroutine| place_line(goroutine, "").contains(place))
}

fn rows(death: &Death, table: &mut Table) {
    for (index, panic) in death.panics.iter().enumerate() {
        let name = if index == 0 { "panic" } else { "then panic" };
        text_rows(table, name, &panic_line(panic));
        for (path, value) in &panic.fields {
            table.row(["", &format!("  {path} = {value}")]);
        }
    }
    if let Some(text) = &death.fatal_error {
        text_rows(table, "fatal error", text);
    }
    for line in &death.printed_before {
        table.row(["", line]);
    }
    if let Some(caught) = &death.caught {
        table.row(["signal", &caught_line(caught)]);
    }
    if let Some(fault) = &death.fault {
        fault_rows(fault, table);
        // Mostly the goroutine's own place says it.
        if let Some(place) = fault.code_place.as_ref().filter(|place| !is_place(death, place)) {
            table.row(["by", place]);
        }
    }
    native_rows(&death.native, "in", table);
    if let Some(goroutine) = &death.goroutine {
        table.row(["goroutine", &place_line(goroutine, "")]);
    }
    if let Some(waiting) = &death.waiting {
        table.row(["waiting", &format!("goroutine {}", place_line(&waiting.at, &format!(" [{}]", waiting.state)))]);
    }
}

/// A text of several lines has a row for each.
fn text_rows(table: &mut Table, name: &str, text: &str) {
    for (index, line) in text.split('\n').enumerate() {
        table.row([if index == 0 { name } else { "" }, line]);
    }
}

fn named(number: u32, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{name} ({number})"),
        None => format!("signal {number}"),
    }
}

/// As the runtime prints it; a value that it cannot print by its type.
fn panic_line(panic: &ShownPanic) -> String {
    let value = match (&panic.text, &panic.type_name) {
        (Some(text), _) => text.clone(),
        (None, Some(name)) => format!("a value of type {name}"),
        (None, None) => "(its value is not in the core)".to_owned(),
    };
    match (panic.recovered, panic.repanicked) {
        (true, true) => format!("{value} [recovered, repanicked]"),
        (true, false) => format!("{value} [recovered]"),
        _ => value,
    }
}

fn caught_line(caught: &Caught) -> String {
    join([Some(named(caught.signal, caught.name.as_deref())), caught.code.clone()], ", ").unwrap_or_default()
}

fn fault_rows(fault: &ShownFault, table: &mut Table) {
    let signal = named(fault.signal, fault.name.as_deref());
    let text = join([Some(signal), fault.code.clone()], ", ").unwrap_or_default();
    table.row(["fault", &text]);
    let at = fault.address.map(|address| format!("{:#x}", address.0));
    if let Some(place) = join([at, fault.place.clone()], ", ") {
        table.row(["address", &place]);
    }
}

/// `17 at main.f, a.go:3 (within sync.(*Mutex).Unlock)`.
fn place_line(at: &DiedAt, state: &str) -> String {
    let position = at.file.as_ref().zip(at.line).map(|(file, line)| format!("{file}:{line}"));
    let place = join([at.function.as_ref().map(|function| format!("at {function}")), position], ", ");
    let within = at.within.as_ref().map(|within| format!("(within {within})"));
    join([Some(format!("{}{state}", at.id)), place, within], " ").unwrap_or_default()
}

/// `memcpy+0x1f of /usr/lib/libc.so.6`, `fire+0x6 at /src/hook.c:12 of /usr/bin/server`.
fn native_text(code: &NativeCode) -> String {
    let file = code.file.as_ref().map(|file| format!("of {file}"));
    let offset = code.file_offset.filter(|_| code.symbol.is_none()).map(|offset| format!("offset {:#x}", offset.0));
    let source = code.source.as_ref().zip(code.line).map(|(source, line)| format!("at {source}:{line}"));
    let nowhere = || format!("{:#x}, where no file was mapped", code.pc.0);
    join([code.symbol.clone(), offset, source, file], " ").unwrap_or_else(nowhere)
}

/// Adds the frames of native code, the first named `name`; those of a function that calls itself once.
pub(crate) fn native_rows(native: &[NativeCode], name: &str, table: &mut Table) {
    let lines: Vec<String> = native.iter().map(native_text).collect();
    let mut shown = 0;
    for (index, run) in lines.chunk_by(|one, next| one == next).enumerate() {
        shown += run.len();
        // Frames are told to a limit.
        let least = if shown == lines.len() { "at least " } else { "" };
        let times = if run.len() > 1 { format!(", {least}{} times", run.len()) } else { String::new() };
        let first = run.first().map_or("", String::as_str);
        table.row([if index == 0 { name } else { "" }, &format!("{first}{times}")]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::process::HexAddress;

    fn text(death: &Death) -> String {
        let mut out = Vec::new();
        write(death, &mut crate::page::Page::default().lines(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn panics_are_told_in_their_order_and_made_fit_for_a_terminal() {
        let panic = |text: &str| ShownPanic { text: Some(text.to_owned()), ..ShownPanic::default() };
        let death = Death {
            why: Some("panic".to_owned()),
            panics: vec![
                ShownPanic { recovered: true, ..panic("first\x1b[2J") },
                ShownPanic {
                    type_name: Some("main.failure".to_owned()),
                    fields: vec![("Op".to_owned(), "\"read\"".to_owned())],
                    ..ShownPanic::default()
                },
                panic("two\nlines"),
            ],
            goroutine: Some(DiedAt {
                id: 7,
                function: Some("main.f".to_owned()),
                file: Some("/a.go".to_owned()),
                line: Some(3),
                within: Some("sync.(*Mutex).Unlock".to_owned()),
            }),
            ..Death::default()
        };
        let expected = r#"
why it died
  panic       first\x1b[2J [recovered]
  then panic  a value of type main.failure
                Op = "read"
  then panic  two
              lines
  goroutine   7 at main.f, /a.go:3 (within sync.(*Mutex).Unlock)

"#;
        assert_eq!(text(&death), expected);
    }

    #[test]
    fn native_code_that_calls_itself_is_told_once() {
        let code = |symbol: &str| NativeCode {
            file: Some("/lib/a.so".to_owned()),
            symbol: Some(symbol.to_owned()),
            ..NativeCode::default()
        };
        let death = Death {
            why: Some("SIGSEGV".to_owned()),
            fault: Some(ShownFault {
                signal: 11,
                name: Some("SIGSEGV".to_owned()),
                code: Some("nothing mapped".to_owned()),
                address: Some(HexAddress(8)),
                place: Some("nil and 8 bytes".to_owned()),
                ..ShownFault::default()
            }),
            native: vec![
                code("f+0x2"),
                NativeCode { source: Some("/src/a.c".to_owned()), line: Some(7), ..code("h+0x1") },
                code("g+0x4"),
                code("g+0x4"),
                code("main+0x1"),
                NativeCode::default(),
            ],
            ..Death::default()
        };
        let expected = "
why it died
  fault    SIGSEGV (11), nothing mapped
  address  0x8, nil and 8 bytes
  in       f+0x2 of /lib/a.so
           h+0x1 at /src/a.c:7 of /lib/a.so
           g+0x4 of /lib/a.so, 2 times
           main+0x1 of /lib/a.so
           0x0, where no file was mapped

";
        assert_eq!(text(&death), expected);
        assert_eq!(text(&Death::default()), "", "nothing is known");
    }
}
