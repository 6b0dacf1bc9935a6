//! Which of the words is the core, which the executable, and which are the command's own.

use super::files::Files;
use clap::Command;
use goheap_image::FileKind;
use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Words that are no options.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) before: Vec<OsString>,
    pub(super) command: Option<String>,
    pub(super) after: Vec<OsString>,
}

impl Words {
    /// All of them behind the command's name.
    pub(super) fn behind_command(self) -> Words {
        let after = self.before.into_iter().chain(self.after).collect();
        Words { before: Vec::new(), command: self.command, after }
    }

    /// Adds one; the first that is a command's name is the command.
    pub(super) fn add(&mut self, word: &OsStr, is_command: impl Fn(&str) -> bool) {
        match (&self.command, word.to_str().filter(|name| is_command(name))) {
            (None, Some(name)) => self.command = Some(name.to_owned()),
            (None, None) => self.before.push(word.to_owned()),
            (Some(_), _) => self.after.push(word.to_owned()),
        }
    }
}

/// How many operands a command takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operands {
    least: usize,
    most: usize,
    are_paths: bool,
}

impl Operands {
    pub(super) fn of(command: &Command) -> Self {
        let mut operands = Operands { least: 0, most: 0, are_paths: false };
        for arg in command.get_positionals() {
            let many = arg.get_num_args().is_some_and(|range| range.max_values() > 1)
                || matches!(arg.get_action(), clap::ArgAction::Append);
            operands.least += usize::from(arg.is_required_set());
            operands.most = if many { usize::MAX } else { operands.most.saturating_add(1) };
            operands.are_paths |= arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        }
        operands
    }

    fn are_many_paths(self) -> bool {
        self.are_paths && self.most == usize::MAX
    }
}

/// The words by what they are for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) core: Option<OsString>,
    pub(super) exe: Option<OsString>,
    pub(super) operands: Vec<OsString>,
}

/// A word, what its file is, and whether it stands before the command.
struct Word {
    text: OsString,
    kind: FileKind,
    is_before: bool,
}

impl Places {
    /// Files tell by what they are; what does not is told by its place: the core first, the executable next.
    ///
    /// Where a word stands before the command that is no executable, the core is among those before it: so a core whose name is
    /// wrong is never taken for the file to be written. `has_exe` says that the executable is given by its option.
    pub(super) fn of(words: Words, operands: Operands, has_exe: bool, files: &dyn Files) -> Places {
        let word = |text: OsString, is_before| Word { kind: files.kind(&text), text, is_before };
        let before = words.before.into_iter().map(|text| word(text, true));
        let mut words: Vec<Word> = before.chain(words.after.into_iter().map(|text| word(text, false))).collect();
        let core = core(&words, operands, has_exe).map(|at| words.remove(at).text);
        let exe = if has_exe { None } else { exe(&words, operands) }.map(|at| words.remove(at).text);
        Places { core, exe, operands: words.into_iter().map(|word| word.text).collect() }
    }
}

fn core(words: &[Word], operands: Operands, has_exe: bool) -> Option<usize> {
    let may_be_core = |word: &Word| has_exe || word.kind != FileKind::Executable;
    let is_among_first = words.iter().any(|word| word.is_before && may_be_core(word));
    let candidates = || words.iter().enumerate().filter(|(_, word)| word.is_before || !is_among_first);
    // Among files of one kind, as `diff` takes them, a kept report keeps its place before a core.
    let is_report = |word: &Word| operands.are_many_paths() && is_kept_report(&word.text);
    let by_file = candidates().find(|(_, word)| word.kind == FileKind::Core || is_report(word));
    let by_name = || candidates().find(|(_, word)| is_named_as_core(&word.text));
    let by_place = || {
        let left = words.iter().filter(|word| may_be_core(word)).count();
        let is_one = is_among_first || left > operands.least;
        candidates().find(|(_, word)| is_one && may_be_core(word))
    };
    by_file.or_else(by_name).or_else(by_place).map(|(at, _)| at)
}

fn is_kept_report(word: &OsStr) -> bool {
    Path::new(word).extension().is_some_and(|ending| ending == "json")
}

/// True of what is a core without being a file: standard input, and what systemd keeps.
fn is_named_as_core(word: &OsStr) -> bool {
    word == "-" || word.as_encoded_bytes().starts_with(crate::coredumps::PREFIX.as_bytes())
}

/// The executable among the words other than the core.
fn exe(words: &[Word], operands: Operands) -> Option<usize> {
    let is_more_than_needed = words.len() > operands.least;
    let by_file = words.iter().position(|word| {
        word.kind == FileKind::Executable && (word.is_before || operands.are_paths || is_more_than_needed)
    });
    let by_place = || {
        let is_it = |word: &Word| if word.is_before { is_more_than_needed } else { words.len() > operands.most };
        words.iter().position(is_it)
    };
    by_file.or_else(by_place)
}
