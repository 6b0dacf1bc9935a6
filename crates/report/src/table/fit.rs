//! How wide each column is, on a page that may be narrower than the table.
//!
//! Numbers have what they need. Names and sentences share the rest, the widest giving way first. Where they would have too little, spare
//! columns go.

use super::{Align, NAME_COLUMNS, Table};
use crate::page::Page;
use crate::text::width::width;

/// Places between columns.
const GAP: usize = 2;
/// What a name or sentence has in any case, though the line be longer than the page.
const LEAST: usize = 8;
/// Spare columns go where names and sentences would have less than this part of the page together.
const WISH: (usize, usize) = (1, 2);
const WISH_OF_NAMES_FIRST: (usize, usize) = (3, 4);

/// A sentence is not put into a column of fewer places.
const NARROW: usize = 28;

/// Widths of columns.
pub(super) struct Fitted {
    /// None of columns that are left out.
    pub(super) widths: Vec<Option<usize>>,
    /// Those that are left out though they have something to show, from the left.
    pub(super) left_out: Vec<usize>,
    /// Whether the last column stands below each row.
    pub(super) is_last_below: bool,
    /// The furthest that a cell of each column leans in.
    leans: Vec<usize>,
    columns: Option<usize>,
}

/// By how much the cells of a column lean in.
#[derive(Clone, Copy)]
pub(super) struct Lean {
    furthest: usize,
    room: usize,
}

impl Lean {
    /// What `spaces` become.
    pub(super) fn of(self, spaces: usize) -> usize {
        if self.furthest <= self.room { spaces } else { spaces * self.room / self.furthest.max(1) }
    }
}

impl Fitted {
    /// Where what is said below a row begins.
    pub(super) fn start_below(&self, indent: usize) -> usize {
        let before: usize = self.widths.iter().rev().skip(1).flatten().map(|wide| wide + GAP).sum();
        let start = indent + before + GAP;
        if self.columns.is_none_or(|columns| start <= columns / 2) { start } else { indent + super::BELOW }
    }

    /// Names have at least half of their column for themselves.
    pub(super) fn lean(&self, at: usize) -> Lean {
        Lean { furthest: self.leans[at], room: self.widths[at].map_or(0, |wide| wide / 2) }
    }
}

pub(super) fn fit(table: &Table, rows: &[Vec<String>], page: Page) -> Fitted {
    let most = |at: usize, measure: &dyn Fn(&str) -> usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|cell| measure(cell)).max().unwrap_or(0)
    };
    let all = 0..table.columns.len();
    let lean = |cell: &str| cell.len() - cell.trim_start_matches(' ').len();
    let leans: Vec<usize> = all.clone().map(|at| most(at, &lean)).collect();
    let mut widths: Vec<Option<usize>> = all.map(|at| Some(most(at, &|cell| width(cell)))).collect();
    let mut left_out = Vec::new();
    let mut is_last_below = false;
    if let Some(columns) = page.columns {
        let room = columns.saturating_sub(table.indent);
        let mut spare = table.spare.iter();
        while !has_room(table, &widths, room)
            && let Some(&at) = spare.next()
        {
            left_out.extend(widths[at].take().is_some_and(|wide| wide > 0).then_some(at));
        }
        left_out.sort_unstable();
        is_last_below = put_last_below(table, &mut widths, room);
        share_out(table, &mut widths, room, page);
    } else if !page.full_names {
        for at in 0..widths.len() {
            if table.columns[at] == Align::Left {
                widths[at] = widths[at].map(|wide| wide.min(NAME_COLUMNS + leans[at]));
            }
        }
    }
    Fitted { widths, left_out, is_last_below, leans, columns: page.columns }
}

/// Whether cells take less room where there is none.
fn gives_way(align: Align) -> bool {
    matches!(align, Align::Left | Align::Words)
}

/// What numbers and gaps take.
fn fixed(table: &Table, widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten().count();
    let numbers = widths.iter().zip(&table.columns).filter(|(_, align)| !gives_way(**align));
    numbers.filter_map(|(wide, _)| *wide).sum::<usize>() + GAP * shown.saturating_sub(1)
}

fn of_text<'w>(table: &'w Table, widths: &'w [Option<usize>]) -> impl Iterator<Item = usize> + Clone + 'w {
    let text = widths.iter().zip(&table.columns).filter(|(_, align)| gives_way(**align));
    text.filter_map(|(wide, _)| *wide)
}

fn has_room(table: &Table, widths: &[Option<usize>], room: usize) -> bool {
    let wanted: usize = of_text(table, widths).sum();
    let (part, of) = if table.has_names_first { WISH_OF_NAMES_FIRST } else { WISH };
    room >= fixed(table, widths) + wanted.min(room * part / of)
}

/// Where sentences in the last column would have less than they need and less than [`NARROW`], they get no column.
fn put_last_below(table: &Table, widths: &mut [Option<usize>], room: usize) -> bool {
    let Some(Some(wanted)) = widths.last().copied() else { return false };
    let others: usize = widths.iter().rev().skip(1).flatten().map(|wide| wide + GAP).sum();
    let is_below = table.columns.last() == Some(&Align::Words) && room < others + wanted.min(NARROW.min(room / 2));
    if is_below && let Some(last) = widths.last_mut() {
        *last = None;
    }
    is_below
}

/// Gives names and sentences what is left, to each the same at most.
fn share_out(table: &Table, widths: &mut [Option<usize>], room: usize, page: Page) {
    let room = room.saturating_sub(fixed(table, widths));
    let needs = |most: usize| of_text(table, widths).map(|wide| wide.min(most)).sum::<usize>();
    let widest = of_text(table, widths).max().unwrap_or(0);
    // The greatest that fits, found by halving: names of a core can be long.
    let (mut fits, mut too_much) = (0, widest + 1);
    while fits + 1 < too_much {
        let middle = fits + (too_much - fits) / 2;
        if needs(middle) <= room { fits = middle } else { too_much = middle }
    }
    let most = fits.max(LEAST);
    let mut rest = room.saturating_sub(needs(most));
    for (wide, align) in widths.iter_mut().zip(&table.columns) {
        let is_kept = !gives_way(*align) || (*align == Align::Left && page.full_names);
        if let Some(wide) = wide.as_mut().filter(|_| !is_kept) {
            let cut = wide.saturating_sub(most);
            let more = cut.min(rest);
            rest -= more;
            *wide -= cut - more;
        }
    }
}
