//! How objects are held: paths from roots, as text or JSON.
//!
//! ```text
//! {"schema_version":1,"asked":[{"asked":"main.Session","means":"type","objects":120,"bytes":7680,"targets":[
//!  {"addr":"0xc000012340","type":"main.Session","size":64,"retained":196,"reachable":true,"dominator":{…},"cut":{…},
//!   "paths":[{"root":"package variables","steps":[{"reference":"main.cache *main.Cache",…},…]}],"more_paths":true}]}]}
//! ```

use crate::ReportError;
use crate::objects::csv_field;
use crate::sharing::ShownSharing;
use crate::table::grouped;
use crate::text::{json_text, terminal_text};
use goheap_model::MapRoom;
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
    pub asked: Vec<PathsAnswer>,
}

/// Paths to what one argument means.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PathsAnswer {
    /// The package variable, with the field, that an address lies in which is no object's: a root, to which no path leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_variable: Option<String>,
    /// The argument.
    pub asked: String,
    /// The types that it is taken for, where it is not the very name of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_for: Vec<String>,
    /// What it means: `address`, `type`, `variable`, `field` (of all objects of a type) or `goroutine`.
    pub means: &'static str,
    /// Objects of it.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
    /// In how many ways that read differently they are held; absent of one object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ways: Option<u64>,
    /// Objects that are told of one by one: of several, a typical one of each way, the way of most objects first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<ShownTarget>,
    /// The shortest paths to all, merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
}

/// One object.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownTarget {
    /// Of several that are asked for, how many are held as this one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_alike: Option<ObjectShare>,
    /// First byte of its slot.
    pub addr: String,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// Bytes of its slot.
    pub size: u64,
    /// Bytes that would be freed with it.
    pub retained: u64,
    /// Bytes of the object that anything refers to, at most; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_bytes: Option<u64>,
    /// The same of what is retained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_referred_bytes: Option<u64>,
    /// Entries and room, where it is the header of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapRoom>,
    /// Whether a root leads to it.
    pub reachable: bool,
    /// Through whom every path goes; absent where no root leads to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dominator: Option<Dominator>,
    /// The reference without which most goes, it among that, of those that somebody can cut: of the program's own code where there
    /// is one, unless a library's frees far more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<ShownCut>,
    /// The one of the program's own code, where `cut` is a library's that frees far more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_cut: Option<ShownCut>,
    /// Two or three of the program's own code that keep together far more than any single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_together: Option<ShownCuts>,
    /// The nearest reference without which it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_cut: Option<ShownCut>,
    /// Whether one reference keeps it, or what does, and nobody can cut it: it is the runtime's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held_by_runtime: bool,
    /// All who hold it at once, where those are several: it goes only when all of them let go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<ShownSharing>,
    /// Paths, the shortest first.
    pub paths: Vec<ShownPath>,
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
pub struct ShownPath {
    /// What kind of root it begins at.
    pub root: &'static str,
    /// How many more, not told, read alike but for the goroutine.
    #[serde(skip_serializing_if = "is_zero")]
    pub alike: u64,
    /// Its steps, the root first.
    pub steps: Vec<ShownStep>,
}

/// One step.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownStep {
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
    /// Steps before it, inside the standard library, that are passed over.
    #[serde(skip_serializing_if = "is_zero")]
    pub in_library: u64,
}

/// One reference, and what goes without it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShownCut {
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

/// A few references, and what goes without all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShownCuts {
    /// The references; `frees` is what each frees alone, or 0.
    pub cuts: Vec<ShownCut>,
    /// Bytes that go.
    pub frees: u64,
    /// Of these, the ones asked for.
    pub frees_of_asked: u64,
}

/// Merged shortest paths.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Merged {
    /// What no root leads to, or only by what was excluded.
    pub unreached: ObjectShare,
    /// The one reference without which most of them go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<ShownCut>,
    /// Two or three of the program's own code that keep together far more of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_together: Option<ShownCuts>,
    /// By who holds them at once, those that nobody holds alone; more bytes first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sharing: Vec<ShownSharing>,
    /// Steps in preorder.
    pub steps: Vec<ShownMergedStep>,
    /// Steps that are not told, each to fewer bytes.
    pub steps_left_out: u64,
}

/// Some of the objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ObjectShare {
    /// How many.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
}

/// One step of merged paths.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownMergedStep {
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
    /// First byte of one of those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// Types that are told where an argument is not the very name of one.
const NAMES_TOLD: usize = 5;

/// The argument, and what it is taken for: `*main.Item, taken for main.Item`.
pub(crate) fn taken_for(asked: &str, names: &[String]) -> String {
    let told = names.iter().take(NAMES_TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    let text = match names.len().saturating_sub(NAMES_TOLD) {
        _ if names.is_empty() => asked.to_owned(),
        0 => format!("{asked}, taken for {told}"),
        more => format!("{asked}, taken for {told} and {} more", grouped(more as u64)),
    };
    terminal_text(&text).into_owned()
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_one(number: &u64) -> bool {
    *number == 1
}

impl PathsReport {
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

    /// For spreadsheets: merged steps; of paths that are not merged a line a step, the first of which is a root.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        if self.asked.iter().all(|answer| answer.merged.is_none()) {
            self.write_steps(&mut out)?;
            return Ok(out.flush()?);
        }
        writeln!(out, "asked,depth,reference,objects,bytes,own_objects,example")?;
        for answer in &self.asked {
            for step in answer.merged.iter().flat_map(|merged| &merged.steps) {
                let [asked, reference] = [&answer.asked, &step.reference].map(|text| csv_field(text));
                let ShownMergedStep { depth, objects, bytes, own_objects, .. } = step;
                let example = step.example.as_deref().unwrap_or("");
                writeln!(out, "{asked},{depth},{reference},{objects},{bytes},{own_objects},{example}")?;
            }
        }
        Ok(out.flush()?)
    }

    fn write_steps(&self, out: &mut impl Write) -> Result<(), ReportError> {
        writeln!(out, "asked,target,path,root,step,times,left_out,reference,addr,type,retained")?;
        for answer in &self.asked {
            let asked = csv_field(&answer.asked);
            for target in &answer.targets {
                for (path, number) in target.paths.iter().zip(1..) {
                    for (step, place) in path.steps.iter().zip(1..) {
                        let [reference, ty] = [&step.reference, &step.ty].map(|text| csv_field(text));
                        let ShownStep { times, left_out, retained, .. } = step;
                        let addr = step.addr.as_deref().unwrap_or("");
                        write!(out, "{asked},{},{number},{},{place},{times},{left_out},", target.addr, path.root)?;
                        writeln!(out, "{reference},{addr},{ty},{retained}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
