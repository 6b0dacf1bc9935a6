//! Who retains how much: the dominator tree as an indented table, and groups by what they retain.
//!
//! ```text
//! {"schema_version":1,"reachable":{"bytes":…,"objects":…},"unreachable":{…},"rows_left_out":7,"rows":[
//! {"id":0,"depth":0,"name":"all roots","retained":…,"objects":…,"shallow":0,"count":0},
//! {"id":1,"parent":0,"depth":1,"name":"package variables","retained":…,…},
//! …
//! ```

mod groups;

pub use groups::{Group, RetainedGroups, SharedBy};

use crate::ReportError;
use crate::objects::csv_field;
use crate::page::Page;
use crate::referred;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped, percent};
use crate::text::json_text;
use serde::Serialize;
use std::collections::HashMap;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// What is kept and not referred to is worth a column if it is one part in so many of what is reachable.
const WORTH: u64 = 100;

/// Bytes of slots, and slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Bytes.
    pub bytes: u64,
    /// Objects.
    pub objects: u64,
}

/// A frame of the dominator tree: objects that are held alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Number of the row; parents stand before their children.
    pub id: usize,
    /// The row above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// Rows above in all.
    pub depth: usize,
    /// The root, group of roots, or the field by which the objects are held, with its type.
    pub name: String,
    /// Bytes that would be freed if these objects went, their own among them.
    pub retained: u64,
    /// Objects that are these bytes.
    pub objects: u64,
    /// Bytes of the row's own objects.
    pub shallow: u64,
    /// The row's own objects; none of a root.
    pub count: u64,
    /// How many values these are: a map is one with all that it is made of, and so is a slice whose header is an object of its own with
    /// its array. None where they are only parts of one whose header is no object.
    pub values: u64,
    /// Bytes of what is retained that anything refers to, at most; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_bytes: Option<u64>,
    /// The same with what slices have room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_bytes: Option<u64>,
    /// Entries of the maps among the row's own objects; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_entries: Option<u64>,
    /// Entries that these have room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_slots: Option<u64>,
    /// Lines that allocated most of what is retained, by samples, most bytes first; where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub born: Vec<Born>,
}

impl Row {
    fn is_told(&self) -> bool {
        referred::is_told(self.referred_bytes, self.retained)
    }

    /// What of its maps is worth telling.
    fn room(&self) -> String {
        room(self.map_entries, self.map_slots)
    }
}

/// What of maps is worth telling behind a name.
fn room(entries: Option<u64>, slots: Option<u64>) -> String {
    match (entries, slots) {
        (Some(entries), Some(slots)) if referred::is_sparse(entries, slots) => {
            format!(" ({} of {} slots taken)", grouped(entries), grouped(slots))
        }
        _ => String::new(),
    }
}

/// The dominator tree from its root down.
#[derive(Debug, Clone, Default)]
pub struct DominatorsReport {
    /// What the roots reach: what the first row retains.
    pub reachable: Sum,
    /// What no word leads to that is in the core, and perhaps one that is not.
    pub not_known: Sum,
    /// Garbage, which nobody retains.
    pub unreachable: Sum,
    /// Rows, the first of which is all roots.
    pub rows: Vec<Row>,
    /// Frames that are not shown, and what the widest of them retains.
    pub hidden: (usize, u64),
}

impl DominatorsReport {
    /// For people.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        let not_known = match self.not_known.objects {
            0 => String::new(),
            _ => format!("not known to be reachable: {}; ", sum(page, self.not_known)),
        };
        let (reachable, unreachable) = (sum(page, self.reachable), sum(page, self.unreachable));
        writeln!(out, "reachable: {reachable}; {not_known}unreachable, so not below: {unreachable}")?;
        writeln!(
            out,
            "retained is what would be freed if the objects of the line went; below each what it alone keeps\n"
        )?;
        let most = self.most_unused();
        self.table(page, most.is_some()).write(&mut out)?;
        if let Some(most) = most {
            write_referred(page, most.referred_bytes, most.retained, &most.name, &mut out)?;
        }
        if self.rows.iter().any(|row| row.name.contains("[shared]")) {
            writeln!(
                out,
                "\n[shared]: several references below the line above lead there, none of which keeps it alone"
            )?;
        }
        let (frames, widest) = self.hidden;
        if frames > 0 {
            writeln!(
                out,
                "\n{} lines more, of at most {}: see --limit, --depth and --min-size",
                grouped(frames as u64),
                page.bytes(widest)
            )?;
        }
        Ok(out.flush()?)
    }

    /// The rows; what of them is referred to, where that is told.
    fn table(&self, page: Page, tells: bool) -> Table {
        let numbers = if tells { 5 } else { 4 };
        let aligned: Vec<_> = [Right; 5].into_iter().take(numbers).chain([Left]).collect();
        let mut table = Table::new(0, &aligned).spare(&[3, 1, 2]).names_first();
        let heading = ["retained", "share", "objects", "shallow", "referred"];
        table.row(heading.into_iter().take(numbers).chain(["held by"]));
        for row in &self.rows {
            let count = if row.values > 1 { format!("{} × ", grouped(row.values)) } else { String::new() };
            let name = format!("{}{count}{}", "  ".repeat(row.depth), row.name);
            let shallow = if row.count > 0 { page.bytes(row.shallow) } else { "-".to_owned() };
            let share = percent(row.retained, self.reachable.bytes);
            let referred =
                row.referred_bytes.filter(|_| row.is_told()).map_or_else(String::new, |bytes| page.bytes(bytes));
            let numbers_of = [page.bytes(row.retained), share, grouped(row.objects), shallow, referred];
            table.row(numbers_of.into_iter().take(numbers).chain([format!("{name}{}", row.room())]));
            for born in &row.born {
                table.below(&format!("{}{}", "  ".repeat(row.depth), born.text(page)));
            }
        }
        table
    }

    /// The row that says best where the most is kept that nothing refers to: the furthest down that has half or more of what the one
    /// above has of it. None where all that is not worth a column.
    fn most_unused(&self) -> Option<&Row> {
        let unused = |row: &Row| referred::unused(row.referred_bytes, row.retained);
        let told = || self.rows.iter().filter(|row| row.is_told());
        let mut most = told().rev().max_by_key(|row| unused(row))?;
        if unused(most) < self.reachable.bytes / WORTH {
            return None;
        }
        // By row, which of those below it has the most.
        let mut mains: HashMap<usize, &Row> = HashMap::new();
        for row in told() {
            let Some(parent) = row.parent else { continue };
            let main = mains.entry(parent).or_insert(row);
            if unused(row) >= unused(main) {
                *main = row;
            }
        }
        while let Some(below) = mains.get(&most.id).filter(|row| unused(row) >= unused(most) / 2) {
            most = below;
        }
        Some(most)
    }

    /// For spreadsheets: a line of names, then a line a row.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "id,parent,depth,retained,objects,shallow,count,referred,capacity,name")?;
        for row in &self.rows {
            let parent = row.parent.map_or_else(String::new, |parent| parent.to_string());
            let Row { id, depth, retained, objects, shallow, count, .. } = row;
            let name = csv_field(&row.name);
            let [referred, capacity] = [row.referred_bytes, row.capacity_bytes]
                .map(|bytes| bytes.map_or_else(String::new, |bytes| bytes.to_string()));
            writeln!(out, "{id},{parent},{depth},{retained},{objects},{shallow},{count},{referred},{capacity},{name}")?;
        }
        Ok(out.flush()?)
    }

    /// For scripts: a row a line.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let sums = [self.reachable, self.not_known, self.unreachable].map(|sum| serde_json::to_string(&sum));
        let [reachable, not_known, unreachable] = sums;
        write!(out, "{{\"schema_version\":{SCHEMA_VERSION},\"reachable\":{},", reachable?)?;
        write!(out, "\"not_known_to_be_reachable\":{},", not_known?)?;
        write!(out, "\"unreachable\":{},\"rows_left_out\":{},\"rows\":[", unreachable?, self.hidden.0)?;
        write_rows(&self.rows, &mut out)
    }
}

/// What a line allocated of what a group retains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Born {
    /// The line: `main.fill /src/main.go:10`.
    pub site: String,
    /// Objects sampled.
    pub samples: u64,
    /// Bytes that these stand for.
    pub bytes: u64,
}

impl Born {
    /// For people.
    pub fn text(&self, page: Page) -> String {
        let Born { site, samples, bytes } = self;
        format!("allocated by {site}: {} ({} sampled)", page.bytes(*bytes), grouped(*samples))
    }
}

/// What the column means, by the line that has most.
fn write_referred(
    page: Page,
    used: Option<u64>,
    retained: u64,
    name: &str,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let (used, retained, reason) = (page.bytes(used.unwrap_or(0)), page.bytes(retained), referred::reason(name));
    Ok(writeln!(out, "\nreferred: {used} used of {retained}: {reason}")?)
}

fn write_rows(rows: &[impl Serialize], out: &mut impl Write) -> Result<(), ReportError> {
    for (at, row) in rows.iter().enumerate() {
        let row = serde_json::to_string(row)?;
        write!(out, "{}\n{}", if at == 0 { "" } else { "," }, json_text(&row))?;
    }
    writeln!(out, "]}}")?;
    Ok(out.flush()?)
}

fn sum(page: Page, sum: Sum) -> String {
    format!("{} in {} objects", page.bytes(sum.bytes), grouped(sum.objects))
}

#[cfg(test)]
mod tests;
