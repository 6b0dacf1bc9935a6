//! Goroutines as Go's own tracebacks print them (runtime/traceback.go), so that tools which read these read ours.

use crate::ReportError;
use crate::text::terminal_text;
use std::fmt::Write as _;
use std::io::Write;

/// One goroutine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrintedGoroutine {
    /// Its id.
    pub id: u64,
    /// Addresses of its records, as Go 1.22 and later print them at `GOTRACEBACK=system`.
    pub records: Option<Records>,
    /// What it does: `running`, `chan receive`.
    pub state: String,
    /// True if it is blocked for ever.
    pub leaked: bool,
    /// Minutes that it waits at the least.
    pub minutes: u64,
    /// True if it is bound to a thread.
    pub locked: bool,
    /// Kind and number of its synctest bubble.
    pub bubble: Option<(&'static str, u64)>,
    /// Its calls, innermost first.
    pub calls: Vec<PrintedCall>,
    /// Calls that are left out, and after how many of `calls`.
    pub elided: Option<Elided>,
    /// The go statement that made it.
    pub created_by: Option<Creator>,
    /// Those from which it descends, its parent first.
    pub ancestors: Vec<PrintedAncestor>,
}

/// Where the runtime keeps a goroutine and its thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Records {
    /// Address of its `g`.
    pub g: u64,
    /// Number and address of the `m` that runs it.
    pub m: Option<(u64, u64)>,
}

/// Calls that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elided {
    /// They stand after so many.
    pub after: usize,
    /// How many; None in Go before 1.21, which does not say.
    pub count: Option<usize>,
}

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrintedCall {
    /// The function.
    pub function: String,
    /// What stands between the parentheses.
    pub arguments: String,
    /// The source file.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// Bytes from the function's entry; None of an inlined call and of one that has not begun.
    pub offset: Option<u64>,
    /// Frame pointer, stack pointer and program counter, at `GOTRACEBACK=system`.
    pub registers: Option<(u64, u64, u64)>,
}

/// The go statement that made a goroutine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Creator {
    /// The call.
    pub call: PrintedCall,
    /// The goroutine that ran it; 0 where that is not known.
    pub parent: u64,
}

/// One from which a goroutine descends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrintedAncestor {
    /// Its id.
    pub id: u64,
    /// Its calls when it made the next.
    pub calls: Vec<PrintedCall>,
    /// The go statement that made it.
    pub created_by: Option<PrintedCall>,
}

impl PrintedGoroutine {
    /// `goroutine 17 [chan receive, 5 minutes, locked to thread]:`.
    pub fn heading(&self) -> String {
        let mut text = format!("goroutine {}", self.id);
        // Writing to a String does not fail.
        if let Some(Records { g, m }) = self.records {
            let _ = match m {
                Some((number, address)) => write!(text, " gp={g:#x} m={number} mp={address:#x}"),
                None => write!(text, " gp={g:#x} m=nil"),
            };
        }
        let _ = write!(text, " [{}", self.state);
        if self.leaked {
            text.push_str(" (leaked)");
        }
        if self.minutes >= 1 {
            let _ = write!(text, ", {} minutes", self.minutes);
        }
        if self.locked {
            text.push_str(", locked to thread");
        }
        if let Some((kind, number)) = self.bubble {
            let _ = write!(text, ", {kind} {number}");
        }
        text.push_str("]:");
        text
    }

    /// Writes it, without the empty line that stands between two.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write(&self, out: &mut impl Write) -> Result<(), ReportError> {
        writeln!(out, "{}", terminal_text(&self.heading()))?;
        for (at, call) in self.calls.iter().enumerate() {
            self.write_elided(at, out)?;
            call.write(out)?;
        }
        self.write_elided(self.calls.len(), out)?;
        if let Some(Creator { call, parent }) = &self.created_by {
            let parent = if *parent == 0 { String::new() } else { format!(" in goroutine {parent}") };
            writeln!(out, "created by {}{parent}", terminal_text(&call.function))?;
            call.write_place(out)?;
        }
        for ancestor in &self.ancestors {
            writeln!(out, "[originating from goroutine {}]:", ancestor.id)?;
            ancestor.calls.iter().try_for_each(|call| call.write(out))?;
            if let Some(call) = &ancestor.created_by {
                writeln!(out, "created by {}", terminal_text(&call.function))?;
                call.write_place(out)?;
            }
        }
        Ok(())
    }

    fn write_elided(&self, at: usize, out: &mut impl Write) -> Result<(), ReportError> {
        match self.elided.filter(|elided| elided.after == at) {
            Some(Elided { count: Some(count), .. }) => writeln!(out, "...{count} frames elided...")?,
            Some(Elided { count: None, .. }) => writeln!(out, "...additional frames elided...")?,
            None => {}
        }
        Ok(())
    }
}

impl PrintedCall {
    fn write(&self, out: &mut impl Write) -> Result<(), ReportError> {
        // The runtime calls its own function by the name of the statement.
        let function = if self.function == "runtime.gopanic" { "panic" } else { &self.function };
        writeln!(out, "{}({})", terminal_text(function), self.arguments)?;
        self.write_place(out)
    }

    fn write_place(&self, out: &mut impl Write) -> Result<(), ReportError> {
        // The runtime prints `?` and 0 where its tables do not tell.
        let file = if self.file.is_empty() { "?" } else { &self.file };
        write!(out, "\t{}:{}", terminal_text(file), self.line)?;
        if let Some(offset) = self.offset {
            write!(out, " +{offset:#x}")?;
        }
        if let Some((fp, sp, pc)) = self.registers {
            write!(out, " fp={fp:#x} sp={sp:#x} pc={pc:#x}")?;
        }
        Ok(writeln!(out)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_goroutine_reads_as_the_runtime_prints_it() {
        let call = |function: &str, offset| PrintedCall {
            function: function.to_owned(),
            arguments: "0x1, ...".to_owned(),
            file: "/src/a.go".to_owned(),
            line: 7,
            offset,
            ..PrintedCall::default()
        };
        let goroutine = PrintedGoroutine {
            id: 17,
            state: "chan receive".to_owned(),
            leaked: true,
            minutes: 5,
            locked: true,
            bubble: Some(("synctest bubble", 2)),
            calls: vec![call("runtime.gopanic", Some(0x1d)), call("main.f", None)],
            elided: Some(Elided { after: 1, count: Some(3) }),
            created_by: Some(Creator { call: call("main.main", Some(0x20)), parent: 1 }),
            ..PrintedGoroutine::default()
        };
        let mut out = Vec::new();
        goroutine.write(&mut out).unwrap();
        let expected = "goroutine 17 [chan receive (leaked), 5 minutes, locked to thread, synctest bubble 2]:\n\
                        panic(0x1, ...)\n\t/src/a.go:7 +0x1d\n...3 frames elided...\nmain.f(0x1, ...)\n\t/src/a.go:7\n\
                        created by main.main in goroutine 1\n\t/src/a.go:7 +0x20\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn records_stand_in_the_heading_where_they_are_asked_for() {
        let records = |m| PrintedGoroutine {
            id: 1,
            state: "idle".into(),
            records: Some(Records { g: 16, m }),
            ..PrintedGoroutine::default()
        };
        assert_eq!(records(None).heading(), "goroutine 1 gp=0x10 m=nil [idle]:");
        assert_eq!(records(Some((3, 32))).heading(), "goroutine 1 gp=0x10 m=3 mp=0x20 [idle]:");
    }
}
