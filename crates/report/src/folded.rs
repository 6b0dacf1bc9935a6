//! Collapsed stacks (`.folded`): one line a stack, `root;frame;frame 123`, as flamegraph.pl, inferno, speedscope and others read.

use crate::prune::{Limits, prune};
use crate::text::folded_label;
use crate::walk::{Order, walk};
use crate::{Count, Drawn, FlameTree, ReportError};
use std::io::{BufWriter, Write};

/// Writes one line for each frame that weighs something itself, sorted as `LC_ALL=C sort` would.
///
/// Frames below `min_width_percent` of the whole fold into the one above, narrow roots into one of their own, so the
/// counts add up to the whole. Labels are [`crate::text::folded_label`]s.
///
/// # Errors
///
/// [`ReportError::Io`]; and, before anything is written, [`ReportError::NothingToDraw`] and
/// [`ReportError::ParentNotBefore`].
pub fn write(tree: &FlameTree, count: Count, min_width_percent: f64, out: impl Write) -> Result<Drawn, ReportError> {
    let shown = prune(tree, count, &Limits::width(min_width_percent))?;
    let mut out = BufWriter::new(out);
    walk(&shown, Order::ByLine, |path, own| {
        for (at, label) in path.iter().enumerate() {
            let before = if at == 0 { "" } else { ";" };
            write!(out, "{before}{label}")?;
        }
        writeln!(out, " {own}")
    })?;
    out.flush()?;
    Ok(shown.drawn)
}

/// A stack with what it was and is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TwoCounts {
    /// The labels, root first, as they are.
    pub labels: Vec<String>,
    /// In the older core.
    pub before: u64,
    /// In the newer one.
    pub after: u64,
}

/// Writes `root;frame 123 456` lines, sorted, as difffolded.pl does of two files and flamegraph.pl reads.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_two(stacks: &[TwoCounts], out: impl Write) -> Result<Drawn, ReportError> {
    let line = |stack: &TwoCounts| {
        let labels: Vec<_> = stack.labels.iter().map(|label| folded_label(label)).collect();
        format!("{} {} {}", labels.join(";"), stack.before, stack.after)
    };
    let mut lines: Vec<String> = stacks.iter().map(line).collect();
    lines.sort_unstable();
    let mut out = BufWriter::new(out);
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    out.flush()?;
    Ok(Drawn { shown: lines.len(), ..Drawn::default() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tree::tests_support::{nasty_tree, stacks_of};
    use proptest::prelude::*;

    fn folded(tree: &FlameTree, count: Count, min_width: f64) -> String {
        let mut out = Vec::new();
        write(tree, count, min_width, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_sorted_like_sort_does() {
        let mut tree = FlameTree::default();
        // Space sorts before `;`, a dot too: the own line of `a`, those under `a.b` and those under `a` do not follow
        // from the order of the names alone.
        for root in ["a", "a.b", "a b", "ab"] {
            let root = tree.push(None, root, 1, 2).unwrap();
            tree.push(Some(root), "x", 3, 4).unwrap();
        }
        let expected = "a 1\na b 1\na b;x 3\na.b 1\na.b;x 3\na;x 3\nab 1\nab;x 3\n";
        assert_eq!(folded(&tree, Count::Bytes, 0.0), expected);
        let objects = folded(&tree, Count::Objects, 0.0);
        assert!(objects.starts_with("a 2\na b 2\na b;x 4\n"), "{objects}");
    }

    proptest! {
        #[test]
        fn lines_read_back_to_the_same_stacks(tree in nasty_tree()) {
            let text = folded(&tree, Count::Bytes, 0.0);
            let mut lines: Vec<&str> = text.lines().collect();
            prop_assert!(lines.is_sorted());
            lines.dedup();
            let read = lines.iter().map(|line| {
                let (stack, count) = line.rsplit_once(' ').unwrap();
                let frames: Vec<String> = stack.split(';').map(str::to_owned).collect();
                (frames, count.parse::<u64>().unwrap())
            });
            prop_assert_eq!(read.collect::<std::collections::BTreeMap<_, _>>(), stacks_of(&tree));
        }

        #[test]
        fn no_width_loses_a_byte(tree in nasty_tree(), width in 0.0..120.0) {
            let text = folded(&tree, Count::Bytes, width);
            let counts = text.lines().map(|line| line.rsplit_once(' ').unwrap().1);
            let sum: u64 = counts.map(|count| count.parse::<u64>().unwrap()).sum();
            prop_assert_eq!(sum, tree.frames.iter().map(|frame| frame.bytes).sum::<u64>());
        }
    }
}
