//! Options of `objref`.

use clap::{Args, ValueEnum};
use goheap_graph::Measure;
use goheap_report::Count;
use std::path::PathBuf;

pub(super) const OBJREF: &str = "\
Draws who holds the heap: the reference flame graph.

Every allocated object is shown once, under the root that reaches it first: package variables before goroutines, \
goroutines before the runtime's own variables, those before finalizers and the rest; within a class breadth first, so \
by the shortest way. A frame reads as the variable, field, element or key that leads to the objects, with its type; \
its width is what hangs below it. Recursive data (lists, trees) folds into one frame. What no root reaches is \
garbage that was not collected yet, and has a tower of its own, `unreachable`; where the core lacks pointers that may \
lead there, `not known to be reachable`.

Widths say who reaches objects first. They do not say what would be freed if a reference were dropped: an \
object that is held twice is shown once. --tree dominator draws what would be freed.";

/// Options of `objref`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] objref [OPTIONS] OUT")]
pub(crate) struct ObjrefOptions {
    /// The file to write; its ending says how: .svg, .folded, .bt or .json; - is stdout
    ///
    /// .svg is a flame graph for the browser (click to zoom, Ctrl-F to search). .folded are collapsed stacks for
    /// flamegraph.pl, speedscope and difffolded.pl. .bt are the backtraces that viewcore's objref writes. .json is the
    /// whole tree for scripts. A file that is there is replaced, at once and whole. To stdout goes an .svg unless --format says otherwise.
    #[arg(value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// Write this format, whatever the ending of OUT
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Leave out frames narrower than this part of the whole
    ///
    /// What they hold counts in the frame above. Without it the widest 10,000 frames are drawn in .svg, the widest 100,000
    /// written in .folded and .bt, and all in .json.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) min_width: Option<f64>,
    /// What widths mean
    #[arg(long, value_name = "WHAT", default_value = "bytes")]
    pub(crate) count: Counted,
    /// Which tree is drawn
    ///
    /// breadth-first: who reaches objects first, class by class, by the shortest way; it is the quickest and reads best.
    /// dominator: who retains them; a width is what would be freed if the frame's objects went. What several frames hold
    /// stands beside them.
    #[arg(long, value_name = "TREE", default_value = "breadth-first")]
    pub(crate) tree: Tree,
    /// Mark frames of the breadth-first tree whose objects are shared
    ///
    /// Shared is what several objects or roots hold of which none alone keeps it: dropping the reference shown would not
    /// free it. It takes two to three times as long, and as much memory.
    #[arg(long)]
    pub(crate) mark_shared: bool,
    /// The title of the picture
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
}

/// Which tree is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tree {
    /// Who reaches first
    BreadthFirst,
    /// Who retains
    Dominator,
}

/// How the tree is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A flame graph for the browser
    Svg,
    /// Collapsed stacks, one a line
    Folded,
    /// SystemTap backtraces, as viewcore's objref writes them
    Bt,
    /// The tree with all its numbers
    Json,
}

/// What widths mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Counted {
    /// Bytes of the heap
    Bytes,
    /// Number of objects
    Objects,
}

impl Counted {
    /// For the report.
    pub(crate) fn count(self) -> Count {
        match self {
            Counted::Bytes => Count::Bytes,
            Counted::Objects => Count::Objects,
        }
    }

    /// For the tree.
    pub(crate) fn measure(self) -> Measure {
        match self {
            Counted::Bytes => Measure::Bytes,
            Counted::Objects => Measure::Objects,
        }
    }
}

/// A number from 0 to 100, with the sign or without.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number: f64 = text.trim_end_matches('%').parse().map_err(|_| "a number is needed, such as 0.1".to_owned())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err("a percentage from 0 to 100 is needed".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_stay_within_the_whole() {
        assert_eq!(percent("0.1"), Ok(0.1));
        assert_eq!(percent("5%"), Ok(5.0));
        for wrong in ["-1", "101", "NaN", "wide"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
