//! Who retains how much: the dominator tree as an indented table, and groups by what they retain.
//!
//! ```text
//! {"schema_version":1,"reachable":{"bytes":…,"objects":…},"unreachable":{…},"rows_left_out":7,"rows":[
//! {"id":0,"depth":0,"name":"all roots","retained":…,"objects":…,"shallow":0,"count":0},
//! {"id":1,"parent":0,"depth":1,"name":"package variables","retained":…,…},
//! …
//! ```

use crate::ReportError;
use crate::objects::csv_field;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped, human_bytes, percent};
use crate::text::{json_text, shortened};
use serde::Serialize;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Longest name in a table, in characters.
const NAME_CHARS: usize = 120;

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
}

/// The dominator tree from its root down.
#[derive(Debug, Clone, Default)]
pub struct DominatorsReport {
    /// What the roots reach: what the first row retains.
    pub reachable: Sum,
    /// Garbage, which nobody retains.
    pub unreachable: Sum,
    /// Rows, the first of which is all roots.
    pub rows: Vec<Row>,
    /// Frames that are not shown, and what the widest of them retains.
    pub hidden: (usize, u64),
}

impl DominatorsReport {
    /// For people: lines of at most `columns` characters.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, columns: Option<usize>, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "reachable: {}; unreachable, so not below: {}", sum(self.reachable), sum(self.unreachable))?;
        writeln!(
            out,
            "retained is what would be freed if the objects of the line went; below each what it alone keeps\n"
        )?;
        let mut table = Table::new(0, &[Right, Right, Right, Right, Left]);
        table.row(["retained", "share", "objects", "shallow", "held by"]);
        for row in &self.rows {
            let count = if row.count > 1 { format!("{} × ", grouped(row.count)) } else { String::new() };
            let name = format!("{}{count}{}", "  ".repeat(row.depth), shortened(&row.name, NAME_CHARS));
            let shallow = if row.count > 0 { human_bytes(row.shallow) } else { "-".to_owned() };
            let share = percent(row.retained, self.reachable.bytes);
            table.row([human_bytes(row.retained), share, grouped(row.objects), shallow, name]);
        }
        table.write_within(columns, &mut out)?;
        let (frames, widest) = self.hidden;
        if frames > 0 {
            writeln!(
                out,
                "\n{} lines more, of at most {}: see --limit, --depth and --min-size",
                grouped(frames as u64),
                human_bytes(widest)
            )?;
        }
        Ok(out.flush()?)
    }

    /// For spreadsheets: a line of names, then a line a row.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "id,parent,depth,retained,objects,shallow,count,name")?;
        for row in &self.rows {
            let parent = row.parent.map_or_else(String::new, |parent| parent.to_string());
            let Row { id, depth, retained, objects, shallow, count, .. } = row;
            let name = csv_field(&row.name);
            writeln!(out, "{id},{parent},{depth},{retained},{objects},{shallow},{count},{name}")?;
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
        let [reachable, unreachable] = [self.reachable, self.unreachable].map(|sum| serde_json::to_string(&sum));
        write!(out, "{{\"schema_version\":{SCHEMA_VERSION},\"reachable\":{},", reachable?)?;
        write!(out, "\"unreachable\":{},\"rows_left_out\":{},\"rows\":[", unreachable?, self.hidden.0)?;
        write_rows(&self.rows, &mut out)
    }
}

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
    /// Groups to show.
    pub rows: Vec<Group>,
    /// How many more there are.
    pub hidden: usize,
}

impl RetainedGroups {
    /// For people: lines of at most `columns` characters.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, columns: Option<usize>, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let is_of_objects = self.shared.is_none();
        writeln!(
            out,
            "retained by {}: what would be freed if it went, of {} reachable\n",
            self.group,
            sum(self.reachable)
        )?;
        let mut table = Table::new(
            0,
            &if is_of_objects { vec![Right, Right, Right, Right, Left] } else { vec![Right, Right, Right, Left] },
        );
        let heading: &[&str] = if is_of_objects {
            &["retained", "share", "objects", "shallow"]
        } else {
            &["retained", "share", "objects"]
        };
        table.row(heading.iter().copied().chain([self.group]));
        let cells = |retained: u64, numbers: [Option<String>; 2], name: &str| {
            let first = [human_bytes(retained), percent(retained, self.reachable.bytes)];
            first.into_iter().chain(numbers.into_iter().flatten()).chain([shortened(name, NAME_CHARS).into_owned()])
        };
        for row in &self.rows {
            let numbers = match (row.own, row.retained_objects) {
                (Some(own), _) => [Some(grouped(own.objects)), Some(human_bytes(own.bytes))],
                (None, objects) => [Some(grouped(objects.unwrap_or(0))), None],
            };
            table.row(cells(row.retained, numbers, &row.name));
        }
        if let Some(shared) = self.shared.filter(|shared| shared.objects > 0) {
            table.row(cells(shared.bytes, [Some(grouped(shared.objects)), None], "(held by several of these)"));
        }
        table.write_within(columns, &mut out)?;
        if self.hidden > 0 {
            writeln!(out, "\n{} more: see --limit and --min-size", grouped(self.hidden as u64))?;
        }
        Ok(out.flush()?)
    }

    /// For spreadsheets: a line of names, then a line a group. What is shared is no line.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "{},retained,retained_objects,objects,shallow", self.group)?;
        let cell = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        for row in &self.rows {
            let own = [row.own.map(|own| own.objects), row.own.map(|own| own.bytes)].map(cell);
            let (name, objects) = (csv_field(&row.name), cell(row.retained_objects));
            writeln!(out, "{name},{},{objects},{},{}", row.retained, own[0], own[1])?;
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
        }
        write!(out, "\"rows_left_out\":{},\"rows\":[", self.hidden)?;
        write_rows(&self.rows, &mut out)
    }
}

fn write_rows(rows: &[impl Serialize], out: &mut impl Write) -> Result<(), ReportError> {
    for (at, row) in rows.iter().enumerate() {
        let row = serde_json::to_string(row)?;
        write!(out, "{}\n{}", if at == 0 { "" } else { "," }, json_text(&row))?;
    }
    writeln!(out, "]}}")?;
    Ok(out.flush()?)
}

fn sum(sum: Sum) -> String {
    format!("{} in {} objects", human_bytes(sum.bytes), grouped(sum.objects))
}
