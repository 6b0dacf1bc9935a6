//! Who, in the program's own code, keeps a set of objects: as a table, CSV or JSON.

use crate::ReportError;
use crate::objects::csv_field;
use crate::page::{Lines, Page};
use crate::paths::{ObjectShare, taken_for};
use crate::referred;
use crate::sharing::ShownSharing;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped, whole_percent};
use crate::text::json_text;
use goheap_model::MapRoom;
use serde::Serialize;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Owners of what was asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OwnersReport {
    /// Version of the form.
    pub schema_version: u32,
    /// The argument.
    pub asked: String,
    /// The types that it is taken for, where it is not the very name of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_for: Vec<String>,
    /// All that it means.
    pub total: ObjectShare,
    /// Bytes of it that anything refers to, at most; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_bytes: Option<u64>,
    /// The same with what slices have room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_bytes: Option<u64>,
    /// Entries and room of all maps of it together, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maps: Option<MapRoom>,
    /// What of it no word leads to that is in the core, and perhaps one that is not.
    pub not_known_to_be_reachable: ObjectShare,
    /// What of it no root leads to.
    pub unreachable: ObjectShare,
    /// Those that own alone.
    pub owned: OwnerRows,
    /// Of what nobody owns alone: who stands nearest to it on a shortest path.
    pub shared: OwnerRows,
    /// The same by all who hold it: it goes only when all of these let go; more bytes first.
    pub sharing: Vec<ShownSharing>,
    /// How many of these are not told.
    pub sharing_left_out: u64,
}

/// Owners in the order of showing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OwnerRows {
    /// What all of them keep, those that are not told too.
    pub total: ObjectShare,
    /// How many are not told.
    pub rows_left_out: u64,
    /// The others.
    pub rows: Vec<ShownOwner>,
}

/// Objects of a type, variables or functions.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownOwner {
    /// `object`, `variable`, `function` or `foreign`.
    pub kind: &'static str,
    /// The type, the variable with its type, or the function.
    pub owner: String,
    /// How many there are.
    pub owners: u64,
    /// Objects of the set that they keep.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these, what anything refers to, at most; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_bytes: Option<u64>,
    /// The same with what slices have room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_bytes: Option<u64>,
    /// By which fields, more bytes first.
    pub by: Vec<ShownHeld>,
    /// Ways that are not told.
    pub by_left_out: u64,
    /// The roots above the owners, more bytes first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<ShownHeld>,
    /// Roots that are not told.
    pub held_by_left_out: u64,
}

/// Some of what an owner keeps.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownHeld {
    /// The fields from the owner to the objects, or the root above it; empty where the root itself leads to them.
    pub path: String,
    /// Objects kept so.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl OwnersReport {
    /// For people.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        let ObjectShare { objects, bytes } = self.total;
        if objects == 0 {
            writeln!(out, "{}: leads to no object", taken_for(&self.asked, &self.taken_for))?;
            return Ok(out.flush()?);
        }
        let noun = if objects == 1 { "object" } else { "objects" };
        writeln!(
            out,
            "{}: {} {noun}, {}; who in the program's own code keeps them",
            taken_for(&self.asked, &self.taken_for),
            grouped(objects),
            page.bytes(bytes)
        )?;
        if let Some(referred) = referred::told(page, self.referred_bytes, bytes) {
            writeln!(out, "{referred}: the rest is in no window of a string or slice")?;
        }
        if let Some(maps) = self.maps {
            writeln!(out, "its maps have {}", referred::map_told(maps))?;
        }
        self.owned.write("kept by one owner", bytes, &mut out)?;
        match self.sharing.is_empty() {
            true => self.shared.write("kept in several ways; on a shortest path the nearest is", bytes, &mut out)?,
            false => self.write_sharing(bytes, &mut out)?,
        }
        if self.not_known_to_be_reachable.objects > 0 {
            let ObjectShare { objects, bytes: not_known } = self.not_known_to_be_reachable;
            let (share, bytes, objects) = (whole_percent(not_known, bytes), page.bytes(not_known), grouped(objects));
            writeln!(out)?;
            writeln!(out, "{bytes} ({share}) of {objects} may be kept by pointers that are absent from the core.")?;
        }
        if self.unreachable.objects > 0 {
            let ObjectShare { objects, bytes: unreachable } = self.unreachable;
            let share = whole_percent(unreachable, bytes);
            writeln!(out)?;
            writeln!(
                out,
                "{} ({share}) in {} {} kept by nobody: garbage that was not collected yet.",
                page.bytes(unreachable),
                grouped(objects),
                if objects == 1 { "object is" } else { "objects are" }
            )?;
        }
        Ok(out.flush()?)
    }

    /// For spreadsheets: a line for each way of each owner.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "shared,kind,owner,owners,path,objects,bytes")?;
        for (shared, rows) in [("false", &self.owned), ("true", &self.shared)] {
            for row in &rows.rows {
                for held in &row.by {
                    let [owner, path] = [&row.owner, &held.path].map(|text| csv_field(text));
                    let (kind, owners, ShownHeld { objects, bytes, .. }) = (row.kind, row.owners, held);
                    writeln!(out, "{shared},{kind},{owner},{owners},{path},{objects},{bytes}")?;
                }
            }
        }
        Ok(out.flush()?)
    }

    /// For scripts.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let json = serde_json::to_string_pretty(self)?;
        writeln!(out, "{}", json_text(&json))?;
        Ok(out.flush()?)
    }
}

impl OwnersReport {
    /// Of what nobody keeps alone, all who keep it.
    fn write_sharing(&self, whole: u64, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        let kept = page.bytes(self.shared.total.bytes);
        writeln!(out, "\nkept by several at once, and freed only when all of them let go ({kept} of these)")?;
        let mut table = Table::new(0, &[Right, Right, Right, Left]).spare(&[2, 1]);
        table.row(["bytes", "share", "objects", "held by"]);
        for held in &self.sharing {
            let (bytes, share) = (page.bytes(held.bytes), whole_percent(held.bytes, whole));
            table.row([bytes, share, grouped(held.objects), held.held_by()]);
            held.lines().iter().for_each(|line| _ = table.below(line));
            if let Some(cut) = &held.cut_together {
                table.below(&cut.sentence(page));
            }
        }
        let told = self.sharing.iter().fold(ObjectShare::default(), |sum, held| ObjectShare {
            objects: sum.objects + held.objects,
            bytes: sum.bytes + held.bytes,
        });
        let rest = self.shared.total.bytes.saturating_sub(told.bytes);
        let objects = self.shared.total.objects.saturating_sub(told.objects);
        if objects > 0 {
            let text = "(others, --limit, --json)".to_owned();
            table.row([page.bytes(rest), whole_percent(rest, whole), grouped(objects), text]);
        }
        Ok(table.write(out)?)
    }
}

impl OwnerRows {
    fn write(&self, heading: &str, whole: u64, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        if self.total.objects == 0 {
            return Ok(());
        }
        writeln!(out, "\n{heading} ({} of these)", page.bytes(self.total.bytes))?;
        let mut table = Table::new(0, &[Right, Right, Right, Right, Left]).spare(&[3, 2, 1]);
        table.row(["bytes", "share", "objects", "owners", "owner"]);
        for row in &self.rows {
            let owner = match row.kind {
                "object" => row.owner.clone(),
                kind => format!("{} ({kind})", row.owner),
            };
            let (bytes, share) = (page.bytes(row.bytes), whole_percent(row.bytes, whole));
            table.row([bytes, share, grouped(row.objects), grouped(row.owners), owner]);
            if let Some(referred) = referred::told(page, row.referred_bytes, row.bytes) {
                table.below(&referred);
            }
            for (word, held, left_out) in
                [("by", &row.by, row.by_left_out), ("held by", &row.held_by, row.held_by_left_out)]
            {
                let told = told(held, left_out, row.bytes);
                if !told.is_empty() {
                    table.below(&format!("{word} {told}"));
                }
            }
        }
        if self.rows_left_out > 0 {
            let shown: u64 = self.rows.iter().map(|row| row.bytes).sum();
            let rest = self.total.bytes.saturating_sub(shown);
            let objects = self.total.objects.saturating_sub(self.rows.iter().map(|row| row.objects).sum());
            let text = format!("({} more, --limit)", grouped(self.rows_left_out));
            table.row([page.bytes(rest), whole_percent(rest, whole), grouped(objects), String::new(), text]);
        }
        Ok(table.write(out)?)
    }
}

/// The first of several, and how much there is beside it; nothing where the owner itself is all the way.
fn told(held: &[ShownHeld], left_out: u64, whole: u64) -> String {
    let Some(first) = held.first() else { return String::new() };
    let more = held.len() as u64 - 1 + left_out;
    match (more, first.path.as_str()) {
        (0, path) => path.to_owned(),
        (_, path) => {
            let path = if path.is_empty() { "itself" } else { path };
            format!("{} of it {path}, {} more {}", whole_percent(first.bytes, whole), grouped(more), ways(more))
        }
    }
}

fn ways(number: u64) -> &'static str {
    if number == 1 { "way" } else { "ways" }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn held(path: &str, bytes: u64) -> ShownHeld {
        ShownHeld { path: path.into(), objects: 1, bytes }
    }

    fn report() -> OwnersReport {
        let cache = ShownOwner {
            kind: "object",
            owner: "main.Cache\u{1b}".into(),
            owners: 2,
            objects: 3,
            bytes: 3000,
            by: vec![held(".a \"x\"", 2000), held(".b", 1000)],
            held_by: vec![held("main.cache *main.Cache", 3000)],
            ..ShownOwner::default()
        };
        let variable = ShownOwner {
            kind: "variable",
            owner: "main.x".into(),
            owners: 1,
            objects: 1,
            bytes: 500,
            by: vec![held("", 500)],
            ..ShownOwner::default()
        };
        OwnersReport {
            schema_version: SCHEMA_VERSION,
            asked: "[]uint8".into(),
            total: ObjectShare { objects: 6, bytes: 4096 },
            not_known_to_be_reachable: ObjectShare::default(),
            unreachable: ObjectShare { objects: 1, bytes: 96 },
            owned: OwnerRows {
                total: ObjectShare { objects: 4, bytes: 3500 },
                rows_left_out: 0,
                rows: vec![cache, variable.clone()],
            },
            shared: OwnerRows { total: ObjectShare { objects: 1, bytes: 500 }, rows_left_out: 1, rows: Vec::new() },
            ..OwnersReport::default()
        }
    }

    fn written(write: impl FnOnce(&OwnersReport, &mut Vec<u8>) -> Result<(), ReportError>) -> String {
        let mut out = Vec::new();
        write(&report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_tells_who_by_what_and_below_whom() {
        let expected = "\
[]uint8: 6 objects, 4.0 KiB; who in the program's own code keeps them

kept by one owner (3.4 KiB of these)
  bytes  share  objects  owners  owner
2.9 KiB   73 %        3       2  main.Cache\\x1b
                                   by 67 % of it .a \"x\", 1 more way
                                   held by main.cache *main.Cache
  500 B   12 %        1       1  main.x (variable)

kept in several ways; on a shortest path the nearest is (500 B of these)
bytes  share  objects  owners  owner
500 B   12 %        1          (1 more, --limit)

96 B (2 %) in 1 object is kept by nobody: garbage that was not collected yet.
";
        assert_eq!(written(|report, out| report.write_table(Page::default(), out)), expected);
        let page = Page { columns: Some(40), ..Page::default() };
        let narrow = written(|report, out| report.write_table(page, out));
        assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
        assert!(narrow.contains("main.Cache"), "{narrow}");
    }

    #[test]
    fn csv_and_json_have_every_way() {
        let expected = "shared,kind,owner,owners,path,objects,bytes\n\
                        false,object,main.Cache\\x1b,2,\".a \"\"x\"\"\",1,2000\nfalse,object,main.Cache\\x1b,2,.b,1,1000\n\
                        false,variable,main.x,1,,1,500\n";
        assert_eq!(written(|report, out| report.write_csv(out)), expected);
        let json: serde_json::Value = serde_json::from_str(&written(|report, out| report.write_json(out))).unwrap();
        assert_eq!(json["owned"]["rows"][0]["by"][1]["bytes"], 1000);
        assert_eq!(json["shared"]["rows_left_out"], 1);
    }
}
