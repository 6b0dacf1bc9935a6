//! Options of `export`: a format is a value of [`ExportFormat`] here and a file in `commands/export`.

use super::pattern::Asked;
use crate::args::usage;
use crate::say::errors::Failure;
use clap::error::ErrorKind;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

pub(in crate::args) const EXPORT: &str = "\
Writes the heap as a file of another tool.

FORMAT may be left out where the name of OUT tells it: refs.pb.gz. What each format carries and what it cannot, and how it is opened, is in \
docs/exports.md. Like any output an export holds names of the program, and none of its data.

  FORMAT            is                                                          OUT ends in
  pprof             who holds the heap, for go tool pprof and its kin           .pb.gz
  pprof-dominators  the same by who retains it: what would be freed             .pb.gz
  heap              the profile /debug/pprof/heap as the process would have     heap.pb.gz
                    answered it when it died; so are the others
  allocs            the same, allocations first                                 allocs.pb.gz
  goroutine         goroutines by stack and labels                              goroutine.pb.gz
  goroutineleak     of these the ones that can never go on                      goroutineleak.pb.gz
  threadcreate      threads by the stack that made them                         threadcreate.pb.gz
  block             where goroutines blocked, and how long                      block.pb.gz
  mutex             who held mutexes that others waited for                     mutex.pb.gz
  dot               the dominator tree's upper part, or --of something, for dot .dot
  graphml           the same for Gephi, yEd, networkx                           .graphml
  parquet           every object and reference as tables, for SQL               .parquet
  heapsnapshot      objects and their fields, for DevTools and memlab           .heapsnapshot
  hprof             the same as a dump of Java, for MAT and VisualVM            .hprof

parquet writes a folder of files: docs/sql.md tells the tables, and asks them.";

/// Options of `export`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] export [OPTIONS] [FORMAT] OUT")]
pub(crate) struct ExportOptions {
    /// What is written, see above; it may be left out where the name of OUT tells it
    #[arg(value_name = "FORMAT")]
    first: PathBuf,
    /// The file to write; - is stdout where the format is one file
    #[arg(value_name = "OUT")]
    second: Option<PathBuf>,
    /// Write contents: in goroutine and goroutineleak the values of profiler labels, which are … without it; in hprof strings
    /// and numbers, which are zero without it
    #[arg(long)]
    pub(crate) values: bool,
    /// Leave contents out, as without it: for scripts that say so
    #[arg(long, conflicts_with = "values")]
    pub(crate) redact: bool,
    /// In dot and graphml: of a variable, field or type as the dominator tree's frames name it, or a regular expression
    #[arg(long, value_name = "WHAT", value_parser = Asked::parse)]
    pub(crate) of: Option<Asked>,
    /// In dot and graphml: at most so many things, those that retain most, and what is above them [default: 40]; in
    /// heapsnapshot: of more objects [default: 10000000] the small ones are merged
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    /// parquet: what tells this core from all others, such as the name of a pod [default: worked out of the core, or X of a folder core_id=X]
    #[arg(long, value_name = "ID")]
    pub(crate) core_id: Option<String>,
    /// parquet: the machine or pod [default: HOSTNAME of the process]
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// The reference tree as a profile
    Pprof,
    /// The dominator tree as a profile
    PprofDominators,
    /// The runtime's profile of memory
    Heap,
    /// The same, allocations first
    Allocs,
    /// The runtime's profile of goroutines
    Goroutine,
    /// That of goroutines which can never go on
    Goroutineleak,
    /// That of threads
    Threadcreate,
    /// That of blocked goroutines
    Block,
    /// That of mutexes
    Mutex,
    /// Who retains most, for GraphViz
    Dot,
    /// The same for programs that draw graphs
    Graphml,
    /// Every object and reference as tables
    #[cfg(feature = "parquet")]
    Parquet,
    /// Objects and their fields, as V8 writes them
    Heapsnapshot,
    /// Objects as a dump of a Java machine
    Hprof,
}

impl ExportFormat {
    /// How names of its files end; an ending that several have is of the first.
    fn ending(self) -> &'static str {
        match self {
            ExportFormat::Pprof
            | ExportFormat::PprofDominators
            | ExportFormat::Heap
            | ExportFormat::Allocs
            | ExportFormat::Goroutine
            | ExportFormat::Goroutineleak
            | ExportFormat::Threadcreate
            | ExportFormat::Block
            | ExportFormat::Mutex => ".pb.gz",
            ExportFormat::Dot => ".dot",
            ExportFormat::Graphml => ".graphml",
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => ".parquet",
            ExportFormat::Heapsnapshot => ".heapsnapshot",
            ExportFormat::Hprof => ".hprof",
        }
    }

    /// The word for it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn named(text: &Path) -> Option<ExportFormat> {
        text.to_str().and_then(|text| ExportFormat::from_str(text, true).ok())
    }

    /// That which the name of a file tells: `heap.pb.gz` by the format's own name, `refs.pb.gz` by the ending.
    fn of_file(path: &Path) -> Option<ExportFormat> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let formats = || ExportFormat::value_variants().iter().copied();
        let by_name = formats().find(|format| name.strip_suffix(format.ending()) == Some(&format.name()));
        by_name.or_else(|| formats().find(|format| name.ends_with(format.ending())))
    }
}

impl ExportOptions {
    /// The format and where it is to go.
    ///
    /// # Errors
    /// No format is named and the file's name tells none.
    pub(crate) fn asked(&self) -> Result<(ExportFormat, &Path), Failure> {
        let first = &self.first;
        let found = match &self.second {
            Some(second) => match (ExportFormat::named(first), ExportFormat::named(second)) {
                (Some(format), _) => Ok((format, second.as_path())),
                (None, Some(format)) => Ok((format, first.as_path())),
                (None, None) => Err(format!("there is no format {first:?}")),
            },
            None if ExportFormat::named(first).is_some() => Err(format!("of the format {first:?} the file is missing")),
            None => {
                let wrong = || format!("cannot tell the format of {first:?}");
                ExportFormat::of_file(first).map(|format| (format, first.as_path())).ok_or_else(wrong)
            }
        };
        let found = found.map_err(|wrong| format!("{wrong}: say export FORMAT OUT; {}", listed()));
        found
            .and_then(|found| self.fits(found.0).map(|()| found))
            .map_err(|wrong| usage(ErrorKind::InvalidValue, wrong))
    }

    /// An option that would do nothing is a mistake.
    fn fits(&self, format: ExportFormat) -> Result<(), String> {
        let is_graph = matches!(format, ExportFormat::Dot | ExportFormat::Graphml);
        let has_labels = matches!(format, ExportFormat::Goroutine | ExportFormat::Goroutineleak);
        let (is_dump, is_snapshot) = (format == ExportFormat::Hprof, format == ExportFormat::Heapsnapshot);
        let has = [
            (self.values && !has_labels && !is_dump, "--values", "goroutine, goroutineleak and hprof"),
            (self.of.is_some() && !is_graph, "--of", "dot and graphml"),
            (self.limit.is_some() && !is_graph && !is_snapshot, "--limit", "dot, graphml and heapsnapshot"),
            (self.core_id.is_some() && format.name() != "parquet", "--core-id", "parquet"),
            (self.host.is_some() && format.name() != "parquet", "--host", "parquet"),
        ];
        match has.into_iter().find(|(is_wrong, ..)| *is_wrong) {
            Some((_, option, formats)) => Err(format!("{option} is for {formats}; {} has none", format.name())),
            None => Ok(()),
        }
    }
}

/// Every format, and what tells it.
fn listed() -> String {
    let one = |format: &ExportFormat| format!("{} ({})", format.name(), format.ending());
    let all: Vec<String> = ExportFormat::value_variants().iter().map(one).collect();
    format!("formats are {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(first: &str, second: Option<&str>) -> Option<(ExportFormat, PathBuf)> {
        let second = second.map(PathBuf::from);
        let options = ExportOptions {
            first: first.into(),
            second,
            values: false,
            redact: false,
            of: None,
            limit: None,
            core_id: None,
            host: None,
        };
        options.asked().ok().map(|(format, out)| (format, out.to_owned()))
    }

    #[test]
    fn a_format_is_named_or_told_by_the_file() {
        let pprof = |out: &str| Some((ExportFormat::Pprof, PathBuf::from(out)));
        assert_eq!(asked("pprof", Some("x")), pprof("x"));
        assert_eq!(asked("x.pb.gz", Some("pprof")), pprof("x.pb.gz"));
        assert_eq!(asked("a/refs.pb.gz", None), pprof("a/refs.pb.gz"));
        assert_eq!(asked("pprof", Some("-")), pprof("-"));
        assert_eq!(asked("x/heap.pb.gz", None), Some((ExportFormat::Heap, "x/heap.pb.gz".into())));
        assert_eq!(asked("A.HPROF", None), Some((ExportFormat::Hprof, "A.HPROF".into())));
        assert_eq!(asked("X/Heap.PB.GZ", None), Some((ExportFormat::Heap, "X/Heap.PB.GZ".into())));
        for (first, second) in [("pprof", None), ("x.txt", None), ("-", None), ("nosuch", Some("x.pb.gz"))] {
            assert_eq!(asked(first, second), None, "{first} {second:?}");
        }
    }

    #[test]
    fn the_help_names_every_format() {
        for format in ExportFormat::value_variants() {
            let row = format!("\n  {} ", format.name());
            assert!(EXPORT.contains(&row), "{row:?} is not in the help");
        }
    }
}
