//! When and why a process died.

use super::HexAddress;
use crate::overview_text::join;
use crate::page::Lines;
use crate::table::Align::{Whole, Words};
use crate::table::Table;
use crate::text::{one_line, shortened};
use serde::Serialize;
use std::io::{self, Write};

/// When and why a process died.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Death {
    /// Number of the signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Its name, like `SIGSEGV`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the signal's code says, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The address that faulted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<HexAddress>,
    /// When, ready to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Where the time comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_source: Option<String>,
    /// Why, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The panics of the goroutine that ended the process, the first of them first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panics: Vec<ShownPanic>,
    /// The error that the runtime gave up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fatal_error: Option<String>,
    /// What the runtime printed just before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub printed_before: Vec<String>,
    /// The signal that Go's handler caught and did not survive; that which the core has was raised to get the core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caught: Option<Caught>,
    /// The access that the machine refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<ShownFault>,
    /// The goroutine that died, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goroutine: Option<DiedAt>,
    /// The code that is not Go's in which it died, innermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub native: Vec<NativeCode>,
    /// Of a deadlock, what the main goroutine waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<ShownWaiting>,
}

/// One panic.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownPanic {
    /// Its value as the runtime prints it; none where that takes code of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The type of the value; a string where the runtime made a text of an error.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Fields of the value by path, where the text is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
    /// Whether a deferred function recovered it and then another panic came.
    pub recovered: bool,
    /// Whether its value was passed to `panic` again.
    pub repanicked: bool,
}

/// A goroutine that panics and runs deferred functions at that.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Panicking {
    /// Its id.
    pub id: u64,
    /// Its panics, the first of them first.
    pub panics: Vec<ShownPanic>,
}

impl Panicking {
    /// `goroutine 7: index out of range`.
    pub(crate) fn line(&self) -> String {
        let last = self.panics.last().map(ShownPanic::line).unwrap_or_default();
        format!("goroutine {}: {}", self.id, shortened(one_line(&last).as_ref(), LINE))
    }
}

/// Characters of a panic that are shown in a line.
const LINE: usize = 200;

/// A signal that Go's handler caught.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Caught {
    /// Its number.
    pub signal: u32,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What its code says, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The process that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<u32>,
}

/// What the machine refused.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownFault {
    /// Number of the signal.
    pub signal: u32,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What its code says, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The address; none where the processor does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<HexAddress>,
    /// What lies there, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The instruction.
    pub pc: HexAddress,
    /// What the instruction is in, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_place: Option<String>,
}

/// Where a goroutine died.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DiedAt {
    /// Its id.
    pub id: u64,
    /// The innermost function outside the standard library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The innermost call that tracebacks show, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

/// Code that is not Go's.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NativeCode {
    /// The mapped file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Bytes from its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_offset: Option<HexAddress>,
    /// The nearest symbol before, and the bytes from there: `memcpy+0x1f`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// The source file and the line, where the file or its debug file tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// See `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The instruction.
    pub pc: HexAddress,
}

/// A goroutine that waits.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownWaiting {
    /// The goroutine, and where it waits.
    #[serde(flatten)]
    pub at: DiedAt,
    /// The runtime's word for what it waits for.
    pub state: String,
}

impl Death {
    /// The fact in one line: signal, sender, time.
    pub(crate) fn line(&self) -> Option<String> {
        let signal = self.signal.map(|number| named(number.unsigned_abs(), self.name.as_deref()));
        let at = self.address.map(|address| format!("at {:#x}", address.0));
        let why = join([self.code.clone(), at], " ");
        let source = self.time_source.as_ref().map(|source| format!("({source})"));
        let when = self.when.is_some().then(|| join([self.when.clone(), source], " "));
        join([signal.or(self.name.clone()), why, when.flatten()], ", ")
    }

    /// The section that says why; nothing where nothing more is known than the line says.
    pub(crate) fn write(&self, out: &mut Lines<impl Write>) -> io::Result<()> {
        let mut table = Table::new(2, &[Whole, Words]);
        self.rows(&mut table);
        if self.why.is_none() {
            return Ok(());
        }
        writeln!(out, "\nwhy it died")?;
        table.write(out)?;
        writeln!(out)
    }

    /// Whether the goroutine's line begins so.
    fn is_place(&self, place: &str) -> bool {
        self.goroutine.as_ref().is_some_and(|goroutine| goroutine.line("").contains(place))
    }

    fn rows(&self, table: &mut Table) {
        for (index, panic) in self.panics.iter().enumerate() {
            let name = if index == 0 { "panic" } else { "then panic" };
            text_rows(table, name, &panic.line());
            for (path, value) in &panic.fields {
                table.row(["", &format!("  {path} = {value}")]);
            }
        }
        if let Some(text) = &self.fatal_error {
            text_rows(table, "fatal error", text);
        }
        for line in &self.printed_before {
            table.row(["", line]);
        }
        if let Some(caught) = &self.caught {
            table.row(["signal", &caught.line()]);
        }
        if let Some(fault) = &self.fault {
            fault.rows(table);
            // Mostly the goroutine's own place says it.
            if let Some(place) = fault.code_place.as_ref().filter(|place| !self.is_place(place)) {
                table.row(["by", place]);
            }
        }
        native_rows(&self.native, "in", table);
        if let Some(goroutine) = &self.goroutine {
            table.row(["goroutine", &goroutine.line("")]);
        }
        if let Some(waiting) = &self.waiting {
            table.row(["waiting", &format!("goroutine {}", waiting.at.line(&format!(" [{}]", waiting.state)))]);
        }
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

impl ShownPanic {
    /// As the runtime prints it; a value that it cannot print by its type.
    fn line(&self) -> String {
        let value = match (&self.text, &self.type_name) {
            (Some(text), _) => text.clone(),
            (None, Some(name)) => format!("a value of type {name}"),
            (None, None) => "(its value is not in the core)".to_owned(),
        };
        match (self.recovered, self.repanicked) {
            (true, true) => format!("{value} [recovered, repanicked]"),
            (true, false) => format!("{value} [recovered]"),
            _ => value,
        }
    }
}

impl Caught {
    fn line(&self) -> String {
        join([Some(named(self.signal, self.name.as_deref())), self.code.clone()], ", ").unwrap_or_default()
    }
}

impl ShownFault {
    fn rows(&self, table: &mut Table) {
        let signal = named(self.signal, self.name.as_deref());
        let text = join([Some(signal), self.code.clone()], ", ").unwrap_or_default();
        table.row(["fault", &text]);
        let at = self.address.map(|address| format!("{:#x}", address.0));
        if let Some(place) = join([at, self.place.clone()], ", ") {
            table.row(["address", &place]);
        }
    }
}

impl DiedAt {
    /// `17 at main.f, a.go:3 (within sync.(*Mutex).Unlock)`.
    fn line(&self, state: &str) -> String {
        let position = self.file.as_ref().zip(self.line).map(|(file, line)| format!("{file}:{line}"));
        let at = join([self.function.as_ref().map(|function| format!("at {function}")), position], ", ");
        let within = self.within.as_ref().map(|within| format!("(within {within})"));
        join([Some(format!("{}{state}", self.id)), at, within], " ").unwrap_or_default()
    }
}

impl NativeCode {
    /// `memcpy+0x1f of /usr/lib/libc.so.6`, `fire+0x6 at /src/hook.c:12 of /usr/bin/server`.
    fn text(&self) -> String {
        let file = self.file.as_ref().map(|file| format!("of {file}"));
        let offset = self.file_offset.filter(|_| self.symbol.is_none()).map(|offset| format!("offset {:#x}", offset.0));
        let source = self.source.as_ref().zip(self.line).map(|(source, line)| format!("at {source}:{line}"));
        let nowhere = || format!("{:#x}, where no file was mapped", self.pc.0);
        join([self.symbol.clone(), offset, source, file], " ").unwrap_or_else(nowhere)
    }
}

/// Adds the frames of native code, the first named `name`; those of a function that calls itself once.
pub(crate) fn native_rows(native: &[NativeCode], name: &str, table: &mut Table) {
    let lines: Vec<String> = native.iter().map(NativeCode::text).collect();
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

    fn text(death: &Death) -> String {
        let mut out = Vec::new();
        death.write(&mut crate::page::Page::default().lines(&mut out)).unwrap();
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
