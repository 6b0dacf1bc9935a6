//! Groups by what they retain: types, packages, roots.

use super::{Born, SCHEMA_VERSION, Sum, room, sum, write_referred, write_rows};
use crate::ReportError;
use crate::objects::csv_field;
use crate::page::Page;
use crate::referred;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped, percent};
use serde::Serialize;
use std::io::{BufWriter, Write};

/// A group, by what it retains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The type, package or root.
    pub name: String,
    /// Bytes that the group retains.
    pub retained: u64,
    /// Objects that these are, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_objects: Option<u64>,
    /// The group's own objects and their bytes, where it is one of objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<Sum>,
    /// Bytes of what is retained that anything refers to, at most; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_bytes: Option<u64>,
    /// Entries of the maps that the group is or that the variable is; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_entries: Option<u64>,
    /// Entries that these have room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_slots: Option<u64>,
    /// Lines that allocated most of what is retained, by samples, most bytes first; where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub born: Vec<Born>,
}

impl Group {
    fn is_told(&self) -> bool {
        referred::is_told(self.referred_bytes, self.retained)
    }
}

/// What the same groups share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SharedBy {
    /// The groups, those that lead to most first.
    pub groups: Vec<String>,
    /// Whether others do that were not told apart.
    pub and_others: bool,
    /// Bytes that would go with all of them.
    pub retained: u64,
    /// Objects that these are.
    pub retained_objects: u64,
}

/// Sets of groups that a table has, groups of one that are named, and the part of all that is worth a line.
const SETS: usize = 6;
const NAMED: usize = 4;
const WORTH: u64 = 200;

impl SharedBy {
    /// `7.2 MiB (40.00 %) by main.app and 2 more`.
    fn text(&self, page: Page, whole: u64) -> String {
        let named: Vec<&str> = self.groups.iter().take(NAMED).map(String::as_str).collect();
        let more = match (self.groups.len() - named.len(), self.and_others) {
            (0, true) if named.is_empty() => "others, which are not told apart".to_owned(),
            (0, false) => String::new(),
            (0, true) => " and others".to_owned(),
            (more, false) => format!(" and {} more", grouped(more as u64)),
            (more, true) => format!(" and {} more and others", grouped(more as u64)),
        };
        let (bytes, share) = (page.bytes(self.retained), percent(self.retained, whole));
        format!("{bytes} ({share}) by {}{more}", named.join(", "))
    }
}

/// Groups in the order of showing.
#[derive(Debug, Clone, Default)]
pub struct RetainedGroups {
    /// What they are grouped by: `type`, `package` or `root`.
    pub group: &'static str,
    /// What the roots reach.
    pub reachable: Sum,
    /// What several groups hold and none alone, where each object is retained by one group at most.
    pub shared: Option<Sum>,
    /// The same by which groups they are, more bytes first.
    pub shared_by: Vec<SharedBy>,
    /// Groups to show.
    pub rows: Vec<Group>,
    /// How many more there are.
    pub hidden: usize,
}

impl RetainedGroups {
    /// For people.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        writeln!(
            out,
            "retained by {}: what would be freed if it went, of {} reachable\n",
            self.group,
            sum(page, self.reachable)
        )?;
        self.table(page).write(&mut out)?;
        if self.shared.is_some_and(|shared| shared.bytes > self.reachable.bytes / 2) {
            writeln!(
                out,
                "\nMost is held by several of these at once, so that none alone keeps it, as goroutines that share a server: \
                 dominators without --group shows what they share"
            )?;
        }
        let unused = |row: &&Group| referred::unused(row.referred_bytes, row.retained);
        if let Some(most) = self.rows.iter().filter(|row| row.is_told()).max_by_key(unused) {
            write_referred(page, most.referred_bytes, most.retained, &most.name, &mut out)?;
        }
        if self.hidden > 0 {
            writeln!(out, "\n{} more: see --limit and --min-size", grouped(self.hidden as u64))?;
        }
        Ok(out.flush()?)
    }

    fn table(&self, page: Page) -> Table {
        let is_of_objects = self.shared.is_none();
        let tells = self.rows.iter().any(Group::is_told);
        let (shallow, referred) = (Some("shallow").filter(|_| is_of_objects), Some("referred").filter(|_| tells));
        let names: Vec<&str> = ["retained", "share", "objects"].into_iter().chain(shallow).chain(referred).collect();
        let aligned: Vec<_> = names.iter().map(|_| Right).chain([Left]).collect();
        let spare: &[usize] = if is_of_objects { &[3, 2, 1] } else { &[2, 1] };
        let mut table = Table::new(0, &aligned).spare(spare);
        table.row(names.iter().copied().chain([self.group]));
        let cells = |retained: u64, objects: u64, others: [Option<String>; 2], name: &str| {
            let first = [page.bytes(retained), percent(retained, self.reachable.bytes), grouped(objects)];
            first.into_iter().chain(others.into_iter().flatten()).chain([name.to_owned()])
        };
        if let Some(shared) = self.shared.filter(|shared| shared.objects > 0) {
            let others = [shallow, referred].map(|name| name.map(|_| String::new()));
            table.row(cells(shared.bytes, shared.objects, others, "(held by several of these)"));
            let is_worth_it = |one: &&SharedBy| one.retained.saturating_mul(WORTH) >= shared.bytes;
            for one in self.shared_by.iter().filter(is_worth_it).take(SETS) {
                table.below(&one.text(page, self.reachable.bytes));
            }
        }
        for row in &self.rows {
            let told = row.referred_bytes.filter(|_| row.is_told()).map_or_else(String::new, |bytes| page.bytes(bytes));
            let objects = row.own.map_or(row.retained_objects.unwrap_or(0), |own| own.objects);
            let own = shallow.map(|_| page.bytes(row.own.unwrap_or_default().bytes));
            let name = format!("{}{}", row.name, room(row.map_entries, row.map_slots));
            table.row(cells(row.retained, objects, [own, referred.map(|_| told)], &name));
            for born in &row.born {
                table.below(&born.text(page));
            }
        }
        table
    }

    /// For spreadsheets: a line of names, then a line a group. What is shared is no line.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "{},retained,retained_objects,objects,shallow,referred", self.group)?;
        let cell = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        for row in &self.rows {
            let own = [row.own.map(|own| own.objects), row.own.map(|own| own.bytes)].map(cell);
            let (name, objects) = (csv_field(&row.name), cell(row.retained_objects));
            let referred = cell(row.referred_bytes);
            writeln!(out, "{name},{},{objects},{},{},{referred}", row.retained, own[0], own[1])?;
        }
        Ok(out.flush()?)
    }

    /// For scripts: a group a line.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let reachable = serde_json::to_string(&self.reachable)?;
        write!(out, "{{\"schema_version\":{SCHEMA_VERSION},\"group\":\"{}\",\"reachable\":{reachable},", self.group)?;
        if let Some(shared) = self.shared {
            write!(out, "\"shared\":{},", serde_json::to_string(&shared)?)?;
            write!(out, "\"shared_by\":{},", serde_json::to_string(&self.shared_by)?)?;
        }
        write!(out, "\"rows_left_out\":{},\"rows\":[", self.hidden)?;
        write_rows(&self.rows, &mut out)
    }
}
