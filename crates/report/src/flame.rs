//! The picture: a flame graph as SVG, drawn by inferno 0.12.
//!
//! goheap adds to that what inferno does not draw: a second number, colours with a meaning, a panel to search in (`flame/dress.rs`).
//!
//! Roots stand on top and what they hold hangs below, the widest at the left. The frame `all` above them is inferno's.

mod colors;
mod dress;

pub use colors::{Changed, HeldBy, Paint, Shade};

use crate::prune::{Limits, ShownFrame, ShownTree, prune};
use crate::table::{grouped, human_bytes};
use crate::text::one_line;
use crate::walk::{Order, walk};
use crate::{Count, Drawn, FlameTree, ReportError};
use dress::{Dress, Dresser, Wardrobe};
use inferno::flamegraph::color::{BasicPalette, Palette};
use inferno::flamegraph::{Direction, Options, TextTruncateDirection, from_lines};
use std::cmp::Reverse;
use std::io::{BufWriter, Write};

/// The words over the picture. Each is one line; a browser window of 1200 pixels shows some 160 characters of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlameText {
    /// What was looked at.
    pub title: String,
    /// Whether the numbers add up, and what was not seen.
    pub subtitle: String,
}

/// Greatest whole that can be drawn: inferno computes each frame's number in an `f64`, which is exact up to here (8 PiB).
pub const MAX_TOTAL: u64 = 1 << 53;

/// Most frames in a picture; browsers get slow beyond it, and nobody sees the narrow ones. The widest are drawn.
pub const MAX_FRAMES: usize = 50_000;

/// Most frames above each other: 512 are 8,000 pixels.
pub const MAX_DEPTH: usize = 512;

/// Most bytes of collapsed stacks handed to inferno, which holds them all.
const MAX_TEXT: usize = 64 << 20;

/// Draws `tree` as SVG. Every frame's title holds its label ([`crate::text::folded_label`]), its bytes and objects in short, and its exact count.
///
/// Frames below `min_width_percent` of the whole fold into the one above, as do the narrowest where there would be more
/// than [`MAX_FRAMES`], and those deeper than [`MAX_DEPTH`]; [`Drawn`] tells how many.
///
/// # Errors
///
/// [`ReportError::Io`]; and, before anything is written, [`ReportError::NothingToDraw`],
/// [`ReportError::TotalTooLarge`] and [`ReportError::ParentNotBefore`].
pub fn write_svg(
    tree: &FlameTree,
    count: Count,
    text: &FlameText,
    min_width_percent: f64,
    out: impl Write,
) -> Result<Drawn, ReportError> {
    let limits = Limits { min_width_percent, frames: MAX_FRAMES, depth: MAX_DEPTH, text: MAX_TEXT };
    let shown = prune(tree, count, &limits)?;
    let total = shown.whole();
    if total > MAX_TOTAL {
        return Err(ReportError::TotalTooLarge { total, count });
    }
    let lines = collapsed(&shown)?;
    let wardrobe = wardrobe(&shown, &tree.changes, count);
    let mut options = options(count, text);
    // inferno turns the lines of a flame chart round.
    let lines = lines.iter().rev().map(String::as_str);
    let mut dresser = Dresser::new(&wardrobe, BufWriter::new(out));
    from_lines(&mut options, lines, &mut dresser)?;
    dresser.finish()?;
    Ok(shown.drawn)
}

/// What each frame is given, by where inferno draws it: the widest sibling first, the frames under one from where that begins.
fn wardrobe(shown: &ShownTree<'_>, changes: &[Changed], count: Count) -> Wardrobe {
    let amount = |total: u64, also: u64| {
        let (bytes, objects) = if count == Count::Bytes { (total, also) } else { (also, total) };
        format!("{} in {} object{}", human_bytes(bytes), grouped(objects), if objects == 1 { "" } else { "s" })
    };
    let mut wardrobe = Wardrobe::default();
    let roots = || shown.frames.iter().filter(|frame| frame.parent.is_none());
    let also = roots().fold(0, |sum: u64, root| sum.saturating_add(root.also));
    wardrobe.frames.insert((0, 0), Dress { amount: amount(shown.whole(), also), paint: None });
    let children = shown.children();
    let frame = |index: u32| &shown.frames[index as usize];
    // Frames whose siblings are to be placed: where these begin, and how deep.
    let mut under: Vec<(Option<u32>, u64, u32)> = vec![(None, 0, 1)];
    while let Some((parent, start, depth)) = under.pop() {
        let mut siblings = children.of(parent).to_vec();
        siblings.sort_by_key(|&sibling| (Reverse(frame(sibling).total), &frame(sibling).label));
        let mut x = start;
        for sibling in siblings {
            let ShownFrame { label, total, also, paint, first, .. } = frame(sibling);
            wardrobe.used.add(*paint, label);
            let change = changes.get(*first as usize).filter(|_| paint.change.is_some());
            let amount = change.map_or_else(|| amount(*total, *also), |&change| changed(change, count));
            wardrobe.frames.insert((x, depth), Dress { amount, paint: Some(*paint) });
            under.push((Some(sibling), x, depth + 1));
            x += total;
        }
    }
    wardrobe
}

/// `1.0 MiB to 3.0 MiB (+2.0 MiB)`.
fn changed(change: Changed, count: Count) -> String {
    let told = |number: u64| if count == Count::Bytes { human_bytes(number) } else { grouped(number) };
    let Changed { before, after } = change;
    let sign = if after < before { '-' } else { '+' };
    format!("{} to {} ({sign}{})", told(before), told(after), told(before.abs_diff(after)))
}

fn collapsed(shown: &ShownTree<'_>) -> Result<Vec<String>, ReportError> {
    let mut lines = Vec::new();
    walk(shown, Order::WidestFirst, |path, own| {
        lines.push(format!("{} {own}", path.join(";")));
        Ok(())
    })?;
    Ok(lines)
}

fn options(count: Count, text: &FlameText) -> Options<'static> {
    let mut options = Options::default();
    options.title = one_line(&text.title).into_owned();
    options.subtitle = Some(one_line(&text.subtitle).into_owned()).filter(|line| !line.is_empty());
    options.count_name = count.to_string();
    options.name_type = "Held by:".to_owned();
    options.colors = Palette::Basic(BasicPalette::Mem);
    // The colours are replaced; these are the same in every run.
    options.deterministic = true;
    // Nothing has a meaning but the frames.
    options.bgcolors = "#ffffff".parse().ok();
    if let Ok(searched) = "#ffff00".parse() {
        options.search_color = searched;
    }
    options.direction = Direction::Inverted;
    options.text_truncate_direction = TextTruncateDirection::Right;
    // Pruned already.
    options.min_width = 0.0;
    // Keeps our order. Else inferno sorts the lines, and because a space and a dot sort before `;`, a frame `a` with weight
    // of its own beside frames `a b` or `a.b` is drawn twice, each time with a part of its count.
    options.flame_chart = true;
    options
}

#[cfg(test)]
mod tests;
