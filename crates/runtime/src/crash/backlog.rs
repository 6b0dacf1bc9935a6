//! `runtime.printBacklog` (print.go): the last 512 bytes that the runtime printed before it began to crash.

use crate::discover::BACKLOG_BYTES;
use crate::model::RuntimeModel;

/// What the runtime prints before the text of a fatal error, and before a panic `panic: `.
const FATAL: &str = "fatal error: ";
/// Lines before the error that are told.
const MOST_LINES: usize = 4;
/// How lines begin that the runtime prints of its own just before it gives up (stack.go, malloc.go, signal_unix.go, proc.go).
const OWN_LINES: [&str; 2] = ["runtime: ", "unexpected fault address "];

/// An error that the runtime does not let anybody recover.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FatalError {
    /// What follows `fatal error: `; None where it is neither in a frame nor in what was printed.
    pub text: Option<String>,
    /// What the runtime printed just before.
    pub before: Vec<String>,
}

impl RuntimeModel<'_> {
    /// What was printed, oldest first; None where the variable is not known.
    fn print_backlog(&self) -> Option<String> {
        let (text, index) = self.anchors.print_backlog?;
        let bytes = self.memory().bytes(text, BACKLOG_BYTES)?;
        let next = usize::try_from(self.memory().read_u64(index)?).ok()?;
        let (newer, older) = (bytes.get(..next)?, bytes.get(next..)?);
        let written: Vec<u8> = older.iter().chain(newer).copied().skip_while(|&byte| byte == 0).collect();
        Some(String::from_utf8_lossy(&written).into_owned())
    }

    /// The error that was thrown with `thrown`, or that the backlog ends with.
    pub(super) fn fatal_error(&self, thrown: Option<Thrown>) -> FatalError {
        let printed = self.print_backlog().unwrap_or_default();
        fatal_error(&printed, thrown)
    }
}

/// The argument of `throw` as its frame has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thrown {
    pub(super) text: String,
    /// False if the words may be stale: mostly the length is, as it came in a register.
    pub(super) is_sure: bool,
}

fn fatal_error(printed: &str, thrown: Option<Thrown>) -> FatalError {
    // `printindented` begins each further line of a text with a tab (since 1.21), and the error is the last that is printed.
    let last =
        printed.rfind(FATAL).map(|at| (at, printed[at + FATAL.len()..].trim_end_matches('\n').replace("\n\t", "\n")));
    let is_it = |said: &str| match &thrown {
        Some(thrown) if thrown.is_sure => said == thrown.text.trim_end_matches('\n'),
        // With a stale length the text goes on with the constants behind it, or is something else.
        _ => true,
    };
    let sure = || thrown.as_ref().filter(|thrown| thrown.is_sure).map(|thrown| thrown.text.clone());
    let Some((at, said)) = last.filter(|(_, said)| is_it(said)) else {
        return FatalError { text: sure(), before: Vec::new() };
    };
    let lines = printed[..at].trim_end_matches('\n').rsplit('\n');
    let own = lines.take_while(|line| OWN_LINES.iter().any(|own| line.starts_with(own))).take(MOST_LINES);
    let mut before: Vec<String> = own.map(str::to_owned).collect();
    before.reverse();
    FatalError { text: Some(said), before }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure(text: &str) -> Option<Thrown> {
        Some(Thrown { text: text.to_owned(), is_sure: true })
    }

    #[test]
    fn a_stale_length_is_not_believed() {
        let stale = Some(Thrown { text: "faultgrew heap, but".to_owned(), is_sure: false });
        assert_eq!(fatal_error("fatal error: fault\n", stale.clone()).text.as_deref(), Some("fault"));
        assert_eq!(fatal_error("", stale).text, None);
    }

    #[test]
    fn the_error_is_the_last_that_was_printed() {
        let printed = "hello\nruntime: goroutine stack exceeds 1000000000-byte limit\nruntime: sp=0x1\nfatal error: stack overflow\n";
        let found = fatal_error(printed, sure("stack overflow"));
        assert_eq!(found.text.as_deref(), Some("stack overflow"));
        assert_eq!(found.before, ["runtime: goroutine stack exceeds 1000000000-byte limit", "runtime: sp=0x1"]);
        assert_eq!(fatal_error(printed, None), found);
    }

    #[test]
    fn what_a_program_prints_is_not_taken_for_it() {
        let printed = "fatal error: not really\n";
        let found = fatal_error(printed, sure("all goroutines are asleep - deadlock!"));
        assert_eq!(found.text.as_deref(), Some("all goroutines are asleep - deadlock!"));
        assert_eq!(found.before, Vec::<String>::new());
        assert_eq!(fatal_error("", None), FatalError::default());
    }

    #[test]
    fn lines_are_told_as_they_were_given() {
        let found = fatal_error("fatal error: a\n\tb\n", sure("a\nb"));
        assert_eq!(found.text.as_deref(), Some("a\nb"));
        assert_eq!(fatal_error("fatal error: a\n\tb\n", None).text.as_deref(), Some("a\nb"));
    }
}
