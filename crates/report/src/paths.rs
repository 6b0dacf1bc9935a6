//! How objects are held: paths from roots, as text or JSON.
//!
//! ```text
//! {"schema_version":1,"asked":[{"asked":"main.Session","means":"type","objects":120,"bytes":7680,"targets":[
//!  {"addr":"0xc000012340","type":"main.Session","size":64,"retained":196,"reachable":true,"dominator":{…},"cut":{…},
//!   "paths":[{"root":"package variables","steps":[{"reference":"main.cache *main.Cache",…},…]}],"more_paths":true}]}]}
//! ```

use crate::ReportError;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped, human_bytes, whole_percent};
use crate::text::{json_text, shortened, terminal_text};
use serde::Serialize;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// What was asked for, each with its answer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PathsReport {
    /// Version of the form.
    pub schema_version: u32,
    /// The answers, in the order of asking.
    pub asked: Vec<Answer>,
}

/// Paths to what one argument means.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Answer {
    /// The argument.
    pub asked: String,
    /// What it means: `address`, `type` or `variable`.
    pub means: &'static str,
    /// Objects of it.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
    /// Objects that are told of one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// The shortest paths to all, merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
}

/// One object.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Target {
    /// First byte of its slot.
    pub addr: String,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// Bytes of its slot.
    pub size: u64,
    /// Bytes that would be freed with it.
    pub retained: u64,
    /// Whether a root leads to it.
    pub reachable: bool,
    /// Through whom every path goes; absent where no root leads to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dominator: Option<Dominator>,
    /// The reference without which most goes, it among that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// The nearest reference without which it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_cut: Option<Cut>,
    /// Paths, the shortest first.
    pub paths: Vec<Path>,
    /// Whether there are more.
    pub more_paths: bool,
}

/// An immediate dominator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Dominator {
    /// First byte of the object; absent of roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<String>,
    /// The object's type, or what the root is: `main.cache *main.Cache`, `package main`, `all roots`.
    pub name: String,
}

/// One path.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Path {
    /// What kind of root it begins at.
    pub root: &'static str,
    /// How many more, not told, read alike but for the goroutine.
    #[serde(skip_serializing_if = "is_zero")]
    pub alike: u64,
    /// Its steps, the root first.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Step {
    /// The root's name, or the field with its type.
    pub reference: String,
    /// First byte of the object that it leads to; absent of a root that leads to the next step's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<String>,
    /// The object's type; empty where it is not known.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub ty: String,
    /// Bytes that would be freed with it.
    pub retained: u64,
    /// How many times in a row the field leads on.
    #[serde(skip_serializing_if = "is_one")]
    pub times: u64,
    /// Steps before it that are not told.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// One reference, and what goes without it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The type of the object that has it, or the name of the root.
    pub holder: String,
    /// The object's first byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<String>,
    /// The field with its type.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// The type of the object that it leads to.
    #[serde(rename = "type")]
    pub ty: String,
    /// Bytes that go.
    pub frees: u64,
    /// Of these, the ones asked for.
    pub frees_of_asked: u64,
}

/// Merged shortest paths.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Merged {
    /// What no root leads to, or only by what was excluded.
    pub unreached: Share,
    /// The one reference without which most of them go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// Steps in preorder.
    pub steps: Vec<MergedStep>,
    /// Steps that are not told, each to fewer bytes.
    pub steps_left_out: u64,
}

/// Some of the objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
}

/// One step of merged paths.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MergedStep {
    /// Steps above it.
    pub depth: u32,
    /// The root, or the field with its type.
    pub reference: String,
    /// Objects asked for to which paths lead through it.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these objects, those it leads to itself.
    #[serde(skip_serializing_if = "is_zero")]
    pub own_objects: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_one(number: &u64) -> bool {
    *number == 1
}

/// Merged steps lean in by so many spaces, up to so many steps.
const LEAN: usize = 2;
const DEEPEST_LEAN: usize = 24;
/// A reference is worth telling if it keeps one part in so many of what was asked for.
const WORTH: u64 = 50;
/// The longest line of a table that nobody sees on a terminal.
const WIDEST: usize = 200;

impl PathsReport {
    /// For people; lines are at most `columns` characters long.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_text(&self, columns: Option<usize>, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        let columns = columns.unwrap_or(WIDEST);
        for (at, answer) in self.asked.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            answer.write(columns, &mut out)?;
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

    /// Merged steps for spreadsheets.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "asked,depth,reference,objects,bytes,own_objects")?;
        for answer in &self.asked {
            for step in answer.merged.iter().flat_map(|merged| &merged.steps) {
                let [asked, reference] = [&answer.asked, &step.reference].map(|text| crate::objects::csv_field(text));
                let MergedStep { depth, objects, bytes, own_objects, .. } = step;
                writeln!(out, "{asked},{depth},{reference},{objects},{bytes},{own_objects}")?;
            }
        }
        Ok(out.flush()?)
    }
}

impl Answer {
    fn write(&self, columns: usize, out: &mut impl Write) -> Result<(), ReportError> {
        let asked = terminal_text(&self.asked);
        let (objects, bytes) = (count(self.objects, "object", "objects"), human_bytes(self.bytes));
        if let Some(merged) = &self.merged {
            writeln!(out, "{asked}: {objects}, {bytes}; the shortest path to each, merged")?;
            return merged.write(self.bytes, columns, out);
        }
        if self.objects > self.targets.len() as u64 {
            let which = match self.targets.len() {
                1 => "the one that retains most".to_owned(),
                more => format!("the {more} that retain most"),
            };
            writeln!(out, "{asked}: {objects}, {bytes}; of these {which} (--merge: all)")?;
            writeln!(out)?;
        }
        for (at, target) in self.targets.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            target.write(columns, out)?;
        }
        Ok(())
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

fn or_unknown(ty: &str) -> std::borrow::Cow<'_, str> {
    if ty.is_empty() { "object of unknown type".into() } else { terminal_text(ty) }
}

impl Target {
    fn write(&self, columns: usize, out: &mut impl Write) -> Result<(), ReportError> {
        let line = format!(
            "{} at {}: {}, retains {}",
            or_unknown(&self.ty),
            self.addr,
            human_bytes(self.size),
            human_bytes(self.retained)
        );
        writeln!(out, "{}", shortened(&line, columns))?;
        if !self.reachable {
            writeln!(out, "No root leads to it: it is garbage that was not collected yet.")?;
            return Ok(());
        }
        if self.paths.is_empty() {
            writeln!(out, "No path leads to it but by what is excluded.")?;
            return Ok(());
        }
        for (at, path) in self.paths.iter().enumerate() {
            writeln!(out)?;
            let number = if self.paths.len() > 1 { format!("path {} from ", at + 1) } else { "from ".to_owned() };
            let alike = match path.alike {
                0 => String::new(),
                more => format!(" (and {} more that read alike)", grouped(more)),
            };
            writeln!(out, "{}", shortened(&format!("{number}{}{alike}:", path.root), columns))?;
            path.write(columns, out)?;
        }
        writeln!(out)?;
        self.write_cut(columns, out)?;
        if self.more_paths {
            writeln!(out, "{}", shortened("There are more paths (--all, --limit).", columns))?;
        }
        Ok(())
    }

    fn write_cut(&self, columns: usize, out: &mut impl Write) -> Result<(), ReportError> {
        if let Some(cut) = &self.cut {
            let text = |cut: &Cut| format!("{}: {} would go with it", cut.place(), human_bytes(cut.frees));
            writeln!(out, "{}", shortened(&format!("Cut to free most: {}", text(cut)), columns))?;
            for nearest in self.nearest_cut.iter().filter(|nearest| *nearest != cut) {
                writeln!(out, "{}", shortened(&format!("Cut nearest to it: {}", text(nearest)), columns))?;
            }
            return Ok(());
        }
        let Some(dominator) = &self.dominator else { return Ok(()) };
        let by = match &dominator.addr {
            Some(addr) => format!("{} at {addr}", or_unknown(&dominator.name)),
            None => terminal_text(&dominator.name).into_owned(),
        };
        let line = format!("No one reference keeps it: the ways to it part at {by}");
        Ok(writeln!(out, "{}", shortened(&line, columns))?)
    }
}

impl Cut {
    /// Whose reference it is.
    fn place(&self) -> String {
        match &self.addr {
            Some(addr) => format!("{} of {} at {addr}", terminal_text(&self.reference), or_unknown(&self.holder)),
            None => terminal_text(&self.holder).into_owned(),
        }
    }
}

impl Path {
    fn write(&self, columns: usize, out: &mut impl Write) -> Result<(), ReportError> {
        let mut table = Table::new(1, &[Right, Left, Left]);
        table.row(["retained", "object at", "reference"]);
        for step in &self.steps {
            if step.left_out > 0 {
                table.row(["", "", &format!("… {} more …", count(step.left_out, "step", "steps"))]);
            }
            let times = if step.times > 1 { format!("  ({} times)", grouped(step.times)) } else { String::new() };
            let reference = if step.reference.is_empty() {
                format!("(several ways) {}", step.ty)
            } else {
                format!("{}{times}", step.reference)
            };
            table.row([&human_bytes(step.retained), step.addr.as_deref().unwrap_or(""), &reference]);
        }
        Ok(table.write_within(Some(columns), out)?)
    }
}

impl Merged {
    fn write(&self, whole: u64, columns: usize, out: &mut impl Write) -> Result<(), ReportError> {
        writeln!(out)?;
        let mut table = Table::new(0, &[Right, Right, Right, Left]);
        table.row(["bytes", "share", "objects", "path"]);
        for step in &self.steps {
            let lean = " ".repeat(LEAN * (step.depth as usize).min(DEEPEST_LEAN));
            table.row([
                human_bytes(step.bytes),
                whole_percent(step.bytes, whole),
                grouped(step.objects),
                format!("{lean}{}", step.reference),
            ]);
        }
        if self.unreached.objects > 0 {
            let (bytes, objects) = (self.unreached.bytes, self.unreached.objects);
            let text = "(no root leads there, or only by what is excluded)".to_owned();
            table.row([human_bytes(bytes), whole_percent(bytes, whole), grouped(objects), text]);
        }
        table.write_within(Some(columns), &mut *out)?;
        if self.steps_left_out > 0 {
            writeln!(out, "{} to less (--limit).", count(self.steps_left_out, "more step", "more steps"))?;
        }
        if let Some(cut) = &self.cut {
            writeln!(out)?;
            let (frees, part) = (human_bytes(cut.frees), human_bytes(cut.frees_of_asked));
            let share = whole_percent(cut.frees_of_asked, whole);
            let line = match cut.frees_of_asked.saturating_mul(WORTH) >= whole {
                true => {
                    format!("Cut to free most of these: {}: {frees} would go, {part} ({share}) of these", cut.place())
                }
                false => format!("No one reference keeps more than {part} ({share}) of these"),
            };
            writeln!(out, "{}", shortened(&line, columns))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn step(reference: &str, addr: Option<&str>, times: u64, left_out: u64) -> Step {
        Step {
            reference: reference.into(),
            addr: addr.map(str::to_owned),
            retained: 2048,
            times,
            left_out,
            ..Step::default()
        }
    }

    fn cut(frees_of_asked: u64) -> Cut {
        Cut {
            holder: "main.x *main.T\u{1b}".into(),
            ty: "main.T".into(),
            frees: 4096,
            frees_of_asked,
            ..Cut::default()
        }
    }

    fn target() -> Target {
        let nearest = Cut { addr: Some("0xc0".into()), reference: ".next *main.T".into(), ..cut(64) };
        Target {
            addr: "0xc40".into(),
            size: 64,
            retained: 1024,
            reachable: true,
            cut: Some(cut(64)),
            nearest_cut: Some(nearest),
            paths: vec![Path {
                root: "package variables",
                alike: 3,
                steps: vec![
                    step("main.x *main.T\u{1b}", Some("0xc0"), 1, 0),
                    step(".next *main.T", Some("0xc40"), 7, 9),
                ],
            }],
            more_paths: true,
            ..Target::default()
        }
    }

    fn text(answer: Answer, columns: Option<usize>) -> String {
        let mut out = Vec::new();
        PathsReport { schema_version: SCHEMA_VERSION, asked: vec![answer] }.write_text(columns, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_path_is_told_step_by_step_with_the_places_to_cut() {
        let answer =
            Answer { asked: "main.T".into(), objects: 2, bytes: 128, targets: vec![target()], ..Answer::default() };
        let expected = "\
main.T: 2 objects, 128 B; of these the one that retains most (--merge: all)

object of unknown type at 0xc40: 64 B, retains 1.0 KiB

from package variables (and 3 more that read alike):
 retained  object at  reference
  2.0 KiB  0xc0       main.x *main.T\\x1b
                      … 9 steps more …
  2.0 KiB  0xc40      .next *main.T  (7 times)

Cut to free most: main.x *main.T\\x1b: 4.0 KiB would go with it
Cut nearest to it: .next *main.T of main.x *main.T\\x1b at 0xc0: 4.0 KiB would go with it
There are more paths (--all, --limit).
";
        assert_eq!(text(answer.clone(), None), expected);
        let narrow = text(answer, Some(30));
        assert!(narrow.lines().skip(1).all(|line| line.chars().count() <= 30), "{narrow}");
    }

    #[test]
    fn what_no_path_leads_to_is_said() {
        let answer = |target| Answer { objects: 1, targets: vec![target], ..Answer::default() };
        let garbage = Target { reachable: false, ..target() };
        assert!(text(answer(garbage), None).contains("No root leads to it"));
        let excluded = Target { paths: Vec::new(), ..target() };
        assert!(text(answer(excluded), None).contains("No path leads to it but by what is excluded"));
        let dominator = Some(Dominator { addr: None, name: "all roots".into() });
        let several = Target { cut: None, nearest_cut: None, dominator, ..target() };
        assert!(text(answer(several), None).contains("No one reference keeps it: the ways to it part at all roots\n"));
    }

    #[test]
    fn merged_steps_lean_and_a_cut_that_frees_little_is_none() {
        let steps = vec![
            MergedStep { reference: "main.x".into(), objects: 9, bytes: 9000, ..MergedStep::default() },
            MergedStep { depth: 1, reference: ".f".into(), objects: 8, bytes: 8000, own_objects: 8 },
        ];
        let unreached = Share { objects: 1, bytes: 1000 };
        let answer = |cut| Answer {
            asked: "string".into(),
            objects: 10,
            bytes: 10_000,
            merged: Some(Merged { unreached, cut, steps: steps.clone(), steps_left_out: 1 }),
            ..Answer::default()
        };
        let shown = text(answer(Some(cut(8000))), None);
        assert!(shown.contains("  90 %        9  main.x\n") && shown.contains("  80 %        8    .f\n"), "{shown}");
        assert!(
            shown.contains("1 more step to less (--limit).") && shown.contains("7.8 KiB (80 %) of these"),
            "{shown}"
        );
        let little = text(answer(Some(cut(100))), None);
        assert!(little.contains("No one reference keeps more than 100 B (1 %) of these"), "{little}");
        let mut csv = Vec::new();
        let report = PathsReport { schema_version: SCHEMA_VERSION, asked: vec![answer(None)] };
        report.write_csv(&mut csv).unwrap();
        let expected =
            "asked,depth,reference,objects,bytes,own_objects\nstring,0,main.x,9,9000,0\nstring,1,.f,8,8000,8\n";
        assert_eq!(String::from_utf8(csv).unwrap(), expected);
    }
}
