//! The stacks of a tree, one after another, in an order that does not depend on how the tree was built.

use crate::prune::ShownTree;
use crate::tree::ChildLists;
use std::cmp::Reverse;
use std::io;

/// In which order stacks are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As `LC_ALL=C sort` would put the lines `a;b;c 123`.
    ByLine,
    /// The wider sibling first, a frame's own part after the frames under it.
    WidestFirst,
}

enum Step {
    Enter(u32),
    Own(u32),
    Leave,
}

/// Calls `visit` with the labels, root first, and the own count of each frame that has one. Nothing recurses: a tree may be
/// as deep as it is large.
pub(crate) fn walk(
    shown: &ShownTree<'_>,
    order: Order,
    mut visit: impl FnMut(&[&str], u64) -> io::Result<()>,
) -> io::Result<()> {
    let children = shown.children();
    let mut path: Vec<&str> = Vec::new();
    let mut steps = steps_under(shown, &children, None, order);
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(frame) => {
                path.push(&shown.frames[frame as usize].label);
                steps.push(Step::Leave);
                steps.append(&mut steps_under(shown, &children, Some(frame), order));
            }
            Step::Own(frame) => {
                let frame = &shown.frames[frame as usize];
                path.push(&frame.label);
                visit(&path, frame.own)?;
                path.pop();
            }
            Step::Leave => {
                path.pop();
            }
        }
    }
    Ok(())
}

/// The steps below `frame`, the first at the end.
fn steps_under(shown: &ShownTree<'_>, children: &ChildLists, frame: Option<u32>, order: Order) -> Vec<Step> {
    let mut siblings = children.of(frame).to_vec();
    if order == Order::WidestFirst {
        siblings.sort_by_key(|sibling| {
            let frame = &shown.frames[*sibling as usize];
            (Reverse(frame.total), &frame.label)
        });
    }
    let has_own = |sibling: u32| shown.frames[sibling as usize].own > 0;
    let has_under = |sibling: u32| !children.of(Some(sibling)).is_empty();
    let mut steps = Vec::with_capacity(2 * siblings.len());
    for sibling in siblings {
        steps.extend(has_under(sibling).then_some(Step::Enter(sibling)));
        steps.extend(has_own(sibling).then_some(Step::Own(sibling)));
    }
    if order == Order::ByLine {
        steps.sort_by_cached_key(|step| line_key(shown, step));
    }
    steps.reverse();
    steps
}

/// What a step's lines have after the path above. No key is the beginning of another, because labels hold no `;`, so
/// the order of the keys is that of the lines.
fn line_key(shown: &ShownTree<'_>, step: &Step) -> String {
    match step {
        Step::Enter(frame) => format!("{};", shown.frames[*frame as usize].label),
        Step::Own(frame) => {
            let frame = &shown.frames[*frame as usize];
            format!("{} {}", frame.label, frame.own)
        }
        Step::Leave => String::new(),
    }
}
