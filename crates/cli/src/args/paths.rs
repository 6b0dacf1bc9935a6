//! Options of `paths`.

use super::pattern::{Asked, Pattern};
use clap::{Args, ValueEnum};

pub(in crate::args) const PATHS: &str = "\
Tells by which references objects are held: the shortest paths from roots, by field, with what each step retains.

WHAT is an address (hex) inside an object or package variable; a type as it is printed or as Go lets it be written ('main.Item', \
with arrays of it, '[]byte', 'session.Session' whatever the path before it, 'metrics.Gauge' for all its instances); a package \
variable, with fields behind it or not ('main.cache.entries', 'main.jobs[3].owner'): the objects that it points to; \
'finalizer of main.File' what a finalizer's object leads to, as it is printed; 'main.work.buffer' is a variable of a function that a goroutine is in, 'main.work' all variables there; 'goroutine 17' what its stack \
points to. A name that fits exactly wins; then what has one of ^ $ | ? + \\ or .* in it is a regular expression for types.

Paths from the program's own variables and functions come before those from the library's, the runtime's last; then the \
shorter one does. What maps and channels are made of counts as one step with them. `retained` is what would be freed with a \
step's object. Steps inside the standard library are passed over where two or more follow each other, unless --full asks; what much hangs on is shown whoever's it is. At the end stands the one reference without which most would go: the place to cut.

Of many objects a typical one is shown, of those that are held the most common way, and how many these are; --limit N shows one of each of the \
N most common ways, --merge the paths to all of them.";

/// Options of `paths`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] paths [OPTIONS] WHAT...")]
pub(crate) struct PathsOptions {
    /// An address, a type, or a variable and its field
    #[arg(value_name = "WHAT", required = true, value_parser = Asked::parse)]
    what: Vec<Asked>,
    /// Show more than the shortest path, as many as --limit says
    ///
    /// There is one for each root and object that it leads to; those that read alike but for the goroutine are told once.
    #[arg(long, conflicts_with = "merge")]
    pub(crate) all: bool,
    /// Merge the shortest path to each object of WHAT: how many, and how many bytes, are held which way
    #[arg(long)]
    pub(crate) merge: bool,
    /// Take no field, type or variable in which this regular expression finds something
    ///
    /// It is held against the text of each step, as it is shown, with the type before the field and without, and against the
    /// types of objects. To see what else holds an object beside a known cache: --exclude '^main\.cache'.
    #[arg(long, value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) exclude: Option<Pattern>,
    /// Show every step inside the standard library
    #[arg(long)]
    pub(crate) full: bool,
    /// At most so many paths, merged steps or objects [default: 10 paths, 40 steps, 1 object]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    /// How it is written [default: table]
    #[arg(long, value_name = "FORMAT", hide_default_value = true)]
    format: Option<PathsFormat>,
    /// The same as --format json: sizes in bytes, addresses as strings
    #[arg(long, conflicts_with_all = ["format", "csv"])]
    json: bool,
    /// The same as --format csv
    #[arg(long, conflicts_with = "format")]
    csv: bool,
}

/// How paths are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PathsFormat {
    /// Lines for people
    Table,
    /// Comma-separated values with a line of names
    Csv,
    /// JSON
    Json,
    /// A graph for GraphViz
    Dot,
}

impl PathsOptions {
    /// As it was asked for.
    pub(crate) fn form(&self) -> PathsFormat {
        match (self.json, self.csv) {
            (true, _) => PathsFormat::Json,
            (_, true) => PathsFormat::Csv,
            _ => self.format.unwrap_or(PathsFormat::Table),
        }
    }

    /// True if it is for people, who are shown less.
    pub(crate) fn is_for_people(&self) -> bool {
        matches!(self.form(), PathsFormat::Table | PathsFormat::Dot)
    }

    /// What is asked about; `goroutine 17` may be two words.
    pub(crate) fn what(&self) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        for one in &self.what {
            let is_number = one.text.bytes().all(|byte| byte.is_ascii_digit());
            match asked.last_mut().filter(|last| is_number && last.text == "goroutine") {
                Some(last) => last.text = format!("goroutine {}", one.text),
                None => asked.push(one.clone()),
            }
        }
        asked
    }
}
