//! How much there is of which type, as a table, CSV or JSON.
//!
//! ```text
//! {"schema_version":1,"group":"type","selection":"allocated","total":{…},"rows":[
//! {"name":"main.Session","objects":3,"bytes":192,"evidence":{"derived":128,"exact":64,"none":0}},
//! …
//! ```

use crate::ReportError;
use crate::objects::csv_field;
use crate::page::Page;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped, percent, whole_percent};
use crate::text::json_text;
use serde::{Serialize, Serializer};
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// One group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The type, package or kind; of the total, empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Objects.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
    /// Elements of the arrays among them.
    pub elements: u64,
    /// Bytes that would be freed if these objects went, where that was asked for and can be told of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained: Option<u64>,
    /// These bytes by how the types are known: names and bytes, the same names for every group.
    #[serde(serialize_with = "as_map")]
    pub evidence: Vec<(&'static str, u64)>,
}

fn as_map<S: Serializer>(evidence: &[(&'static str, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(evidence.iter().copied())
}

/// Groups in the order of showing, and their sum.
#[derive(Debug, Clone, Default)]
pub struct HistogramReport {
    /// What objects are grouped by: `type`, `package` or `kind`.
    pub group: &'static str,
    /// Which objects are counted: `allocated`, `reachable`, `unreachable` or `not known to be reachable`.
    pub selection: &'static str,
    /// How the retained bytes were found, `minimum` or `exact`, where they were asked for.
    pub retained: Option<&'static str>,
    /// Groups to show.
    pub rows: Vec<Group>,
    /// How many more there are, and what they hold together.
    pub hidden: (usize, Group),
    /// All groups, hidden ones too.
    pub total: Group,
}

impl HistogramReport {
    /// For people. A name stands at the end of its line.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        let total = &self.total;
        writeln!(
            out,
            "{} by {}: {} in {} objects\n",
            self.selection,
            self.group,
            page.bytes(total.bytes),
            grouped(total.objects),
        )?;
        let columns: Vec<_> = [Right; 4]
            .into_iter()
            .chain(self.retained.map(|_| Right))
            .chain(total.evidence.iter().map(|_| Right))
            .chain([Left])
            .collect();
        let mut table = Table::new(0, &columns).spare(&self.spare());
        let evidence = total.evidence.iter().map(|(name, _)| (*name).to_owned());
        let heading = ["bytes", "share", "objects", "elements"].map(str::to_owned).into_iter();
        let heading = heading.chain(self.retained.map(|_| "retained".to_owned()));
        table.row(heading.chain(evidence).chain([self.group.to_owned()]));
        for row in &self.rows {
            table.row(self.cells(page, row, &row.name));
        }
        let (count, hidden) = &self.hidden;
        if *count > 0 {
            table.row(self.cells(page, hidden, &format!("({} more)", grouped(*count as u64))));
        }
        table.row(self.cells(page, total, "(total)"));
        table.write(&mut out)?;
        Ok(out.flush()?)
    }

    /// What can be missed first: elements, then the evidence, objects, shares.
    fn spare(&self) -> Vec<usize> {
        let first = 4 + usize::from(self.retained.is_some());
        let evidence = first..first + self.total.evidence.len();
        [3].into_iter().chain(evidence.rev()).chain([2, 1]).collect()
    }

    fn cells(&self, page: Page, row: &Group, name: &str) -> Vec<String> {
        let elements = if row.elements == 0 { "-".to_owned() } else { grouped(row.elements) };
        let mut cells =
            vec![page.bytes(row.bytes), percent(row.bytes, self.total.bytes), grouped(row.objects), elements];
        if let Some(how) = self.retained {
            let sign = if how == "minimum" { "≥ " } else { "" };
            cells.push(row.retained.map_or_else(|| "-".to_owned(), |bytes| format!("{sign}{}", page.bytes(bytes))));
        }
        cells.extend(row.evidence.iter().map(|(_, bytes)| whole_percent(*bytes, row.bytes)));
        cells.push(name.to_owned());
        cells
    }

    /// For spreadsheets: a line of names, then a line a group. The total is no line: it is the sum of them.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        write!(out, "{},objects,elements,bytes", self.group)?;
        if self.retained.is_some() {
            write!(out, ",retained_bytes")?;
        }
        for (name, _) in &self.total.evidence {
            write!(out, ",{name}_bytes")?;
        }
        writeln!(out)?;
        for row in &self.rows {
            write!(out, "{},{},{},{}", csv_field(&row.name), row.objects, row.elements, row.bytes)?;
            if self.retained.is_some() {
                let retained = row.retained.map_or_else(String::new, |bytes| bytes.to_string());
                write!(out, ",{retained}")?;
            }
            for (_, bytes) in &row.evidence {
                write!(out, ",{bytes}")?;
            }
            writeln!(out)?;
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
        let total = serde_json::to_string(&self.total)?;
        let (group, selection, hidden) = (self.group, self.selection, self.hidden.0);
        write!(out, "{{\"schema_version\":{SCHEMA_VERSION},\"group\":\"{group}\",\"selection\":\"{selection}\",")?;
        if let Some(how) = self.retained {
            write!(out, "\"retained\":\"{how}\",")?;
        }
        write!(out, "\"total\":{total},\"rows_left_out\":{hidden},\"rows\":[")?;
        for (at, row) in self.rows.iter().enumerate() {
            let row = serde_json::to_string(row)?;
            write!(out, "{}\n{}", if at == 0 { "" } else { "," }, json_text(&row))?;
        }
        writeln!(out, "]}}")?;
        Ok(out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn group(name: &str, objects: u64, bytes: u64, exact: u64) -> Group {
        Group {
            name: name.into(),
            objects,
            bytes,
            elements: objects / 3 * 5,
            retained: None,
            evidence: vec![("exact", exact), ("none", bytes - exact)],
        }
    }

    fn report() -> HistogramReport {
        HistogramReport {
            group: "type",
            selection: "allocated",
            retained: None,
            rows: vec![group("main.Session", 3, 9_984, 9_980), group("a\u{1b}, \"b\"", 1, 16, 0)],
            hidden: (7, group("", 10, 1000, 3)),
            total: group("", 14, 11_000, 9_983),
        }
    }

    fn written(write: impl FnOnce(&HistogramReport, &mut Vec<u8>) -> Result<(), ReportError>) -> String {
        let mut out = Vec::new();
        write(&report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_is_aligned_and_sums_up() {
        let expected = "\
allocated by type: 10.7 KiB in 14 objects

   bytes     share  objects  elements  exact   none  type
 9.8 KiB   90.76 %        3         5  >99 %   <1 %  main.Session
    16 B    0.15 %        1         -      -  100 %  a\\x1b, \"b\"
  1000 B    9.09 %       10        15   <1 %  >99 %  (7 more)
10.7 KiB  100.00 %       14        20   91 %    9 %  (total)
";
        assert_eq!(written(|report, out| report.write_table(Page::default(), out)), expected);
    }

    #[test]
    fn csv_and_json_have_every_number() {
        let expected = "type,objects,elements,bytes,exact_bytes,none_bytes\n\
                        main.Session,3,5,9984,9980,4\n\"a\\x1b, \"\"b\"\"\",1,0,16,0,16\n";
        assert_eq!(written(|report, out| report.write_csv(out)), expected);
        let json: serde_json::Value = serde_json::from_str(&written(|report, out| report.write_json(out))).unwrap();
        assert_eq!(json["rows"][1]["name"], "a\u{1b}, \"b\"");
        assert_eq!(json["rows"][0]["evidence"]["exact"], 9980);
        assert_eq!((&json["total"]["bytes"], &json["rows_left_out"]), (&11_000.into(), &7.into()));
    }
}
