//! Any natural order of words made into the one that the parser reads: `CORE COMMAND OPTIONS -- OPERANDS`.
//!
//! What is an option, and which take a value, is the parser's own description. What is left are words: the first that is a
//! command's name is the command ([`super::places`] tells CORE, EXECUTABLE and operands apart). A file that is named like a command is
//! given as `./overview`.

use super::files::Files;
use super::places::{Operands, Places, Words};
use clap::{Arg, Command};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

/// Commands that read no core: their words stay as they are.
const WITHOUT_CORE: [&str; 5] = ["capture", "completions", "core-handler", "help", "man"];
/// Of these, those whose own words may stand before the name: `goheap 4711 capture`.
const OF_PROCESSES: [&str; 1] = ["capture"];
/// What is looked at where no command is given.
const FIRST_LOOK: &str = "overview";
/// Options that open no core otherwise.
const OF_ONE_RUN: [&str; 2] = ["quiet", "timings"];

/// The words after the program's name in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// For the parser.
    pub(super) words: Vec<OsString>,
    /// What opens the same core again: it, and the options that say how.
    pub(super) opening: Vec<OsString>,
    /// True where no command was given.
    pub(super) is_first_look: bool,
}

/// An option with its value.
#[derive(Clone, Debug)]
struct Given {
    /// Its long name; the word itself where it is none of the tool's.
    name: String,
    words: Vec<OsString>,
}

/// Puts the words behind the program's name in order. `tool` is built.
pub(super) fn in_order(words: &[OsString], tool: &Command, files: &dyn Files) -> Line {
    let (options, words) = Known::of(tool).sorted(words);
    let named = words.command.as_deref().and_then(|name| tool.find_subcommand(name));
    let asks = |name: &str| options.iter().any(|option| option.name == name);
    let as_asked = |name: &str| {
        options.iter().find(|option| option.name == name).map_or(&[][..], |option| option.words.as_slice())
    };
    let wants_help = words.before.is_empty() && words.after == ["help"];
    match named {
        // `-V` and `--version`, `-h` and `--help` say differently much.
        _ if asks("version") => line(as_asked("version"), &[]),
        _ if asks("help") => line(as_asked("help"), named.map(Command::get_name).as_slice()),
        Some(named) if OF_PROCESSES.contains(&named.get_name()) && !wants_help => {
            as_given(options, words.behind_command())
        }
        Some(named) if WITHOUT_CORE.contains(&named.get_name()) && !wants_help => as_given(options, words),
        Some(named) if wants_help => line(&[], &["help", named.get_name()]),
        Some(named) => arranged(options, words, named, tool, files),
        None if words.before.is_empty() => as_given(options, words),
        None => match would_be_command(&words.before, tool, files) {
            Some(wrong) => line(&["CORE".into(), wrong.clone()], &[]),
            None => {
                let Some(overview) = tool.find_subcommand(FIRST_LOOK) else { return as_given(options, words) };
                Line { is_first_look: true, ..arranged(options, words, overview, tool, files) }
            }
        },
    }
}

fn line(words: &[OsString], first: &[&str]) -> Line {
    let words = first.iter().map(OsString::from).chain(words.iter().cloned()).collect();
    Line { words, ..Line::default() }
}

/// A word that is no file and reads like a command that there is not.
fn would_be_command<'w>(words: &'w [OsString], tool: &Command, files: &dyn Files) -> Option<&'w OsString> {
    let reads_like_one = |word: &&OsString| {
        let Some(text) = word.to_str().filter(|text| !text.contains(['/', '.', ':']) && *text != "-") else {
            return false;
        };
        let commands = tool.get_subcommands().map(Command::get_name);
        !files.is_there(word) && (words.len() > 1 || crate::say::nearest::is_near(text, commands))
    };
    words.iter().find(reads_like_one)
}

fn as_given(options: Vec<Given>, words: Words) -> Line {
    let first = words.before.into_iter().chain(words.command.map(OsString::from));
    let words = first.chain(words.after).chain(options.into_iter().flat_map(|option| option.words)).collect();
    Line { words, ..Line::default() }
}

fn arranged(mut options: Vec<Given>, words: Words, command: &Command, tool: &Command, files: &dyn Files) -> Line {
    let has_exe = options.iter().any(|option| option.name == "exe");
    let Places { core, exe, operands } = Places::of(words, Operands::of(command), has_exe, files);
    options.extend(exe.map(|exe| Given { name: "exe".to_owned(), words: with_value("--exe".into(), exe) }));
    options.sort_by(|one, other| one.name.cmp(&other.name));
    let core = core.map(|core| as_path(core, tool));
    let opens = |option: &&Given| {
        let is_of_the_tool = |arg: &Arg| arg.is_global_set() && arg.get_long() == Some(&option.name);
        tool.get_arguments().any(is_of_the_tool) && !OF_ONE_RUN.contains(&&*option.name)
    };
    let opening = core.iter().chain(options.iter().filter(opens).flat_map(|option| &option.words)).cloned().collect();
    let mut words: Vec<OsString> = core.into_iter().collect();
    words.push(command.get_name().into());
    words.extend(options.into_iter().flat_map(|option| option.words));
    if !operands.is_empty() {
        words.push("--".into());
        words.extend(operands);
    }
    Line { words, opening, is_first_look: false }
}

/// A path that is neither a command's name nor an option.
fn as_path(core: OsString, tool: &Command) -> OsString {
    let is_command = core.to_str().is_some_and(|core| tool.find_subcommand(core).is_some());
    let is_option = core != "-" && core.as_encoded_bytes().starts_with(b"-");
    if !is_command && !is_option {
        return core;
    }
    let mut path = OsString::from("./");
    path.push(core);
    path
}

/// An option and its value; as one word where the value looks like an option itself.
fn with_value(option: OsString, value: OsString) -> Vec<OsString> {
    if value == "-" || !value.as_encoded_bytes().starts_with(b"-") {
        return vec![option, value];
    }
    let mut whole = option;
    whole.push("=");
    whole.push(value);
    vec![whole]
}

/// The tool's and its commands' options, by name, and whether a value follows.
struct Known<'t> {
    tool: &'t Command,
    long: HashMap<&'t str, (&'t str, bool)>,
    short: HashMap<char, (&'t str, bool)>,
}

impl<'t> Known<'t> {
    fn of(tool: &'t Command) -> Self {
        let mut known = Known { tool, long: HashMap::new(), short: HashMap::new() };
        for arg in arguments(tool) {
            let Some(name) = arg.get_long() else { continue };
            let meant = (name, arg.get_action().takes_values());
            known.long.insert(name, meant);
            known.long.extend(arg.get_all_aliases().into_iter().flatten().map(|alias| (alias, meant)));
            known.short.extend(arg.get_short().map(|short| (short, meant)));
        }
        known
    }

    /// Options with their values, and the other words.
    fn sorted(&self, line: &[OsString]) -> (Vec<Given>, Words) {
        let (mut options, mut words) = (Vec::new(), Words::default());
        let mut rest = line.iter().peekable();
        while let Some(word) = rest.next() {
            if word == "--" {
                let place = if words.command.is_some() { &mut words.after } else { &mut words.before };
                place.extend(rest.by_ref().cloned());
            } else if let Some((mut option, takes_value)) = self.option(word) {
                let value = rest.next_if(|next| takes_value && *next != "--" && !self.is_known(next));
                if let Some(value) = value {
                    option.words = option.words.into_iter().flat_map(|word| with_value(word, value.clone())).collect();
                }
                options.push(option);
            } else {
                words.add(word, |name| self.tool.find_subcommand(name).is_some());
            }
        }
        (options, words)
    }

    fn is_known(&self, word: &OsStr) -> bool {
        self.option(word).is_some_and(|(option, _)| self.long.contains_key(&*option.name))
    }

    /// The word as an option, and whether its value is the next word. A long name does with one dash, as Go's flags have it.
    fn option(&self, word: &OsStr) -> Option<(Given, bool)> {
        let text = word.to_string_lossy();
        let name_and_value = text.strip_prefix('-').filter(|rest| !rest.is_empty())?;
        let name_and_value = name_and_value.strip_prefix('-').unwrap_or(name_and_value);
        let (name, has_value) =
            name_and_value.split_once('=').map_or((name_and_value, false), |(name, _)| (name, true));
        if let Some((name, takes_value)) = self.long.get(name) {
            let mut whole = OsString::from(if text.starts_with("--") { "" } else { "-" });
            whole.push(word);
            return Some((Given { name: (*name).to_owned(), words: vec![whole] }, *takes_value && !has_value));
        }
        let letter = text.strip_prefix('-').and_then(|rest| rest.chars().next());
        let (name, takes_value) = letter.and_then(|letter| self.short.get(&letter)).copied().unwrap_or((&text, false));
        let is_alone = text.chars().count() == 2;
        Some((Given { name: name.to_owned(), words: vec![word.to_owned()] }, takes_value && is_alone))
    }
}

/// Those of the tool and of all its commands.
pub(super) fn arguments(tool: &Command) -> impl Iterator<Item = &Arg> {
    tool.get_arguments().chain(tool.get_subcommands().flat_map(Command::get_arguments))
}

#[cfg(test)]
mod tests;
