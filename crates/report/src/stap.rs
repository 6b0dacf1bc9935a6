//! SystemTap backtraces (`.bt`): the form that mosn's `viewcore objref` wrote, for FlameGraph's stackcollapse-stap.pl.
//!
//! A stack is its frames, one a line, the innermost first, then a line with a tab and the count:
//!
//! ```text
//! .entries map[string]int
//! main.cache *main.Cache
//!         4096
//! ```

use crate::prune::{Limits, prune};
use crate::text::stap_label;
use crate::walk::{Order, walk};
use crate::{Count, Drawn, FlameTree, ReportError};
use std::io::{BufWriter, Write};

/// Writes one backtrace for each frame that weighs something itself, a blank line after each.
///
/// What stackcollapse-stap.pl makes of it is what [`crate::folded::write`] writes, save for ` : ` in labels; see
/// [`crate::text::stap_label`] for what protects labels from the script.
///
/// # Errors
///
/// [`ReportError::Io`]; and, before anything is written, [`ReportError::NothingToDraw`] and
/// [`ReportError::ParentNotBefore`].
pub fn write(tree: &FlameTree, count: Count, min_width_percent: f64, out: impl Write) -> Result<Drawn, ReportError> {
    let shown = prune(tree, count, &Limits::width(min_width_percent))?;
    let mut out = BufWriter::new(out);
    walk(&shown, Order::ByLine, |path, own| {
        for label in path.iter().rev() {
            writeln!(out, "{}", stap_label(label))?;
        }
        writeln!(out, "\t{own}\n")
    })?;
    out.flush()?;
    Ok(shown.drawn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::text::tests::collapse_stap;
    use crate::tree::tests_support::{nasty_tree, stacks_of};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn backtraces(tree: &FlameTree) -> String {
        let mut out = Vec::new();
        write(tree, Count::Bytes, 0.0, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn innermost_first_and_the_count_after_a_tab() {
        let mut tree = FlameTree::default();
        let root = tree.push(None, "main.f+0x18 *gopkg.in/yaml%2ev2.T", 8, 1).unwrap();
        tree.push(Some(root), "5", 16, 1).unwrap();
        let expected = "main.f+0x18 *gopkg.in/yaml%%2ev2.T+0x0\n\t8\n\n\
                        (5)\nmain.f+0x18 *gopkg.in/yaml%%2ev2.T+0x0\n\t16\n\n";
        assert_eq!(backtraces(&tree), expected);
    }

    proptest! {
        #[test]
        fn the_script_reads_the_folded_stacks(tree in nasty_tree()) {
            let mut read: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            let mut stack = Vec::new();
            for line in backtraces(&tree).split('\n') {
                if let Some(frame) = collapse_stap(line) {
                    stack.insert(0, frame);
                } else if let Ok(count) = line.trim_start().parse::<u64>() {
                    *read.entry(std::mem::take(&mut stack)).or_default() += count;
                }
            }
            let mut expected: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            for (mut stack, count) in stacks_of(&tree) {
                for frame in &mut stack {
                    while frame.contains(" : ") {
                        *frame = frame.replace(" : ", ": ");
                    }
                }
                *expected.entry(stack).or_default() += count;
            }
            prop_assert_eq!(read, expected);
        }
    }
}
