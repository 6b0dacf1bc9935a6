//! What failures are for scripts: a code that stays, and the exit status.

#[cfg(feature = "capture")]
use goheap_capture::{CaptureError, SinkError};
use goheap_image::ImageError;
use std::io::ErrorKind;

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The command line is wrong.
    Usage,
    /// A file is not there or cannot be read.
    NoFile,
    /// The executable was not found.
    NoExecutable,
    /// The output cannot be written.
    Output,
    /// The type, variable, address, goroutine or library is not in this core.
    NotFound,
    /// The input is not what is read.
    NotRead,
    /// The executable did not make the core.
    WrongExecutable,
    /// The index is of another core, or damaged.
    Index,
    /// The program is not Go.
    NotGo,
    /// The release of Go is not read or not known.
    Release,
    /// Too little of the core is left, or it is damaged.
    Damaged,
    /// It would take more memory than it may use.
    Memory,
    /// It is larger than a limit allows.
    TooLarge,
    /// An input was cut, or became unreadable, while it was read.
    Lost,
    /// A suspect retains more than was allowed.
    Over,
    /// Two cores cannot be held against each other.
    Pair,
}

/// What ends the run without a word of a command: its code and exit status.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// For scripts.
    pub(crate) code: &'static str,
    /// The exit status.
    pub(crate) status: u8,
}

impl Ending {
    /// An input is lost.
    pub(crate) const LOST: Ending = Ending::of(Code::Lost);
    /// There is no more memory.
    pub(crate) const MEMORY: Ending = Ending::of(Code::Memory);

    const fn of(code: Code) -> Ending {
        Ending { code: code.name(), status: code.status() }
    }
}

impl Code {
    /// Every one, in the order of the table in `docs/json-schema.md`.
    #[cfg(test)]
    pub(super) const ALL: [Code; 16] = [
        Code::Usage,
        Code::NoFile,
        Code::NoExecutable,
        Code::Output,
        Code::NotFound,
        Code::NotRead,
        Code::WrongExecutable,
        Code::Index,
        Code::NotGo,
        Code::Release,
        Code::Damaged,
        Code::Memory,
        Code::TooLarge,
        Code::Lost,
        Code::Over,
        Code::Pair,
    ];

    /// Of a failure to open.
    pub(super) fn of_image(error: &ImageError) -> Code {
        match error {
            ImageError::Unreadable { source, .. } if source.kind() == ErrorKind::OutOfMemory => Code::Memory,
            ImageError::Unreadable { .. } | ImageError::Temporary { .. } => Code::NoFile,
            ImageError::ExecutableNotFound { .. } => Code::NoExecutable,
            ImageError::AmbiguousModule { .. } => Code::Usage,
            ImageError::NoSuchModule { .. } => Code::NotFound,
            ImageError::MachineMismatch { .. }
            | ImageError::WrongExecutable { .. }
            | ImageError::ExecutableMismatch { .. }
            | ImageError::DebugFileMismatch { .. } => Code::WrongExecutable,
            ImageError::Empty { .. } | ImageError::HeadersCut { .. } | ImageError::Unpack { .. } => Code::Damaged,
            ImageError::TooManySegments { .. }
            | ImageError::UnpackedTooLarge { .. }
            | ImageError::WindowTooLarge { .. } => Code::TooLarge,
            _ => Code::NotRead,
        }
    }

    /// Of a core that was not taken.
    #[cfg(feature = "capture")]
    pub(super) fn of_capture(error: &CaptureError) -> Code {
        match error {
            CaptureError::OtherMachine { .. } | CaptureError::PageSize { .. } => Code::NotRead,
            CaptureError::NotGo { .. } => Code::NotGo,
            CaptureError::NoRoomToFork { .. } | CaptureError::LittleMemory { .. } => Code::Memory,
            CaptureError::TooManySegments { .. } | CaptureError::Sink(SinkError::TooLarge { .. }) => Code::TooLarge,
            CaptureError::Unseen { .. } | CaptureError::ForkNotHere => Code::Usage,
            CaptureError::Sink(_) => Code::Output,
            // Files of /proc that are not there or not for us.
            _ => Code::NoFile,
        }
    }

    /// The code.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Code::Usage => "usage",
            Code::NoFile => "no-file",
            Code::NoExecutable => "no-executable",
            Code::Output => "output",
            Code::NotFound => "not-found",
            Code::NotRead => "not-read",
            Code::WrongExecutable => "wrong-executable",
            Code::Index => "index",
            Code::NotGo => "not-go",
            Code::Release => "release",
            Code::Damaged => "damaged",
            Code::Memory => "memory",
            Code::TooLarge => "too-large",
            Code::Lost => "lost",
            Code::Over => "over",
            Code::Pair => "pair",
        }
    }

    /// The exit status.
    pub(super) const fn status(self) -> u8 {
        match self {
            Code::NoFile | Code::NoExecutable | Code::Output => 1,
            Code::Usage => 2,
            Code::NotRead
            | Code::WrongExecutable
            | Code::Index
            | Code::NotGo
            | Code::Release
            | Code::Damaged
            | Code::Memory
            | Code::TooLarge
            | Code::Pair => 3,
            Code::NotFound => 4,
            Code::Lost => 5,
            Code::Over => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of codes says what the code says, and nothing else.
    #[test]
    fn the_table_of_codes_is_true() {
        let page = include_str!("../../../../../docs/json-schema.md");
        let (_, table) = page.split_once("| code | status |").unwrap_or_default();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let cells = |row: &str| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
        let told: Vec<(String, String)> = rows.map(cells).map(|cells| (cells[1].clone(), cells[2].clone())).collect();
        let known = Code::ALL.map(|code| (code.name().to_owned(), code.status().to_string()));
        assert_eq!(told, known);
    }
}
