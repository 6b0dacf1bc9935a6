//! Options of `diff`.

use super::objref::{Counted, Tree};
use super::pattern::Pattern;
use super::written::Written;
use clap::Args;
use std::path::PathBuf;

pub(in crate::args) const DIFF: &str = "\
Tells what grew between two cores: which map, slice, channel or goroutines, by how many entries and bytes.

OLD and NEW are two cores of one process, or of two processes of one program, also of two builds of it (--exe-old); the first line says \
which. Of one process objects are told one by one: Go moves none, and the collector's own bits say what of a slot was freed and given out \
again. What is certain is called survived or new; what cannot be told after several collections is counted as `perhaps the same`. So the list is \
ranked by growth that stays: new objects that something holds that was there before, or that goroutines hold which wait. What a request holds \
that is under way does not count. Of two processes it is ranked by growth alone, by path.

Of one core alone it is told what was given out since the last collection, and who holds that: an estimate of what grows, from the collector's \
bits. With that comes how old goroutines are, by their numbers and waits, and which backing arrays took the place of smaller ones.

OLD, NEW or both may be reports that were kept as JSON (`report X.json`): then what grew is told and drawn by paths and names alone, without \
objects, and of rows that a report left out how large they were at the most.

With an OUT that ends in .svg the difference is drawn: red grew, blue shrank. One that ends in .folded has two counts a line, as difffolded.pl writes them and flamegraph.pl reads. With three cores or \
more the first and the last are held against each other, and each holder is told at every one of them.";

/// Options of `diff`.
#[derive(Debug, Args)]
#[command(
    override_usage = "goheap OLD NEW [--exe EXECUTABLE] diff [OPTIONS] [OUT]\n       goheap diff OLD NEW --exe EXECUTABLE\n       goheap CORE [--exe EXECUTABLE] diff [OPTIONS]"
)]
pub(crate) struct DiffOptions {
    /// The newer core, more of them in their order, and a picture to write (.svg, .folded)
    #[arg(value_name = "NEW")]
    pub(crate) files: Vec<PathBuf>,
    /// The executable that made OLD, where that is another build
    #[arg(long, value_name = "EXECUTABLE")]
    pub(crate) exe_old: Option<PathBuf>,
    /// Only what changed by at least this, such as 64K
    #[arg(long, value_name = "SIZE", default_value = "1K", value_parser = super::input::size)]
    pub(crate) min_size: u64,
    /// At most so many rows of each list, those that grew most [default: a screen for a table, all for csv and json]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    /// Only rows in whose name this regular expression finds something
    #[arg(long = "match", value_name = "REGEX", value_parser = Pattern::parse)]
    pub(crate) matching: Option<Pattern>,
    /// List each reached object of NEW instead, and what it is to OLD: survived, perhaps the same, or new
    #[arg(long)]
    pub(crate) objects: bool,
    /// Which tree is drawn
    #[arg(long, value_name = "TREE", default_value = "breadth-first")]
    pub(crate) tree: Tree,
    /// What widths of the picture mean
    #[arg(long, value_name = "WHAT", default_value = "bytes")]
    pub(crate) count: Counted,
    #[command(flatten)]
    pub(crate) written: Written,
}

/// Rows of each list in a report, and what of changes is none.
const ROWS_OF_REPORT: usize = 20;
const LEAST_OF_REPORT: u64 = 1 << 10;

impl DiffOptions {
    /// Those of a report.
    pub(crate) fn of_report() -> Self {
        DiffOptions {
            files: Vec::new(),
            exe_old: None,
            min_size: LEAST_OF_REPORT,
            limit: Some(ROWS_OF_REPORT),
            matching: None,
            objects: false,
            tree: Tree::BreadthFirst,
            count: Counted::Bytes,
            written: Written::default(),
        }
    }

    /// Rows of a list of which a screen has `usual`.
    pub(crate) fn most(&self, usual: usize) -> usize {
        self.limit.unwrap_or(if self.written.is_table() { usual } else { usize::MAX })
    }

    /// The newer cores, and the picture.
    pub(crate) fn cores_and_picture(&self) -> (&[PathBuf], Option<&PathBuf>) {
        match self.files.split_last() {
            Some((out, cores)) if is_picture(out) => (cores, Some(out)),
            _ => (&self.files, None),
        }
    }
}

fn is_picture(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|ending| ending == "svg" || ending == "folded")
}
