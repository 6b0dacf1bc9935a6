//! Paths as people read them.

use crate::ReportError;
use crate::page::{Lines, Page};
use crate::paths::{Answer, Cut, Merged, Path, PathsReport, Target, taken_for};
use crate::referred;
use crate::table::Align::{Left, Right, Whole};
use crate::table::{Table, grouped, whole_percent};
use crate::text::terminal_text;
use std::io::{BufWriter, Write};

/// Merged steps lean in by so many spaces, up to so many steps.
const LEAN: usize = 2;
const DEEPEST_LEAN: usize = 24;
/// A reference is worth telling if it keeps one part in so many of what was asked for.
const WORTH: u64 = 50;

impl PathsReport {
    /// For people.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_text(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        for (at, answer) in self.asked.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            answer.write(&mut out)?;
        }
        Ok(out.flush()?)
    }
}

impl Answer {
    fn write(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        let asked = taken_for(&self.asked, &self.taken_for);
        if let Some(variable) = &self.in_variable {
            let holds = match self.objects {
                0 => "it leads to no object",
                _ => "what it leads to:",
            };
            let variable = terminal_text(variable);
            let text =
                format!("{asked}: in the package variable {variable}, which is a root: no path leads to it; {holds}");
            writeln!(out, "{text}")?;
            if self.objects == 0 {
                return Ok(());
            }
        }
        let (objects, bytes) = (count(self.objects, "object", "objects"), page.bytes(self.bytes));
        if let Some(merged) = &self.merged {
            writeln!(out, "{asked}: {objects}, {bytes}; the shortest path to each, merged")?;
            return merged.write(self.bytes, out);
        }
        if self.objects > self.targets.len() as u64 || !self.taken_for.is_empty() {
            let which = match self.targets.len() {
                1 => "the one that retains most".to_owned(),
                more => format!("the {more} that retain most"),
            };
            let of_these = match self.objects > self.targets.len() as u64 {
                true => format!("; of these {which} (--merge: all)"),
                false => String::new(),
            };
            writeln!(out, "{asked}: {objects}, {bytes}{of_these}")?;
            writeln!(out)?;
        }
        for (at, target) in self.targets.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            target.write(out)?;
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
    fn write(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        let line = format!(
            "{} at {}: {}, retains {}",
            or_unknown(&self.ty),
            self.addr,
            page.bytes(self.size),
            page.bytes(self.retained)
        );
        writeln!(out, "{line}")?;
        let whole =
            [(self.referred_bytes, self.size, "Of itself"), (self.retained_referred_bytes, self.retained, "Of all")];
        for (referred, kept, what) in whole.into_iter().take(if self.retained == self.size { 1 } else { 2 }) {
            if let Some(referred) = referred::told(page, referred, kept).filter(|_| self.reachable) {
                writeln!(out, "{what}: {referred}")?;
            }
        }
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
            writeln!(out, "{number}{}{alike}:", path.root)?;
            path.write(out)?;
        }
        writeln!(out)?;
        self.write_cut(out)?;
        if self.more_paths {
            writeln!(out, "There are more paths (--all, --limit).")?;
        }
        Ok(())
    }

    fn write_cut(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        if let Some(cut) = &self.cut {
            let text = |cut: &Cut| format!("{}: {} would go with it", cut.place(), page.bytes(cut.frees));
            writeln!(out, "Cut to free most: {}", text(cut))?;
            if let Some(own) = &self.own_cut {
                writeln!(out, "Cut in own code: {}", text(own))?;
            }
            let is_told = |other: &&Cut| *other != cut && self.own_cut.as_ref() != Some(*other);
            for nearest in self.nearest_cut.iter().filter(is_told) {
                writeln!(out, "Cut nearest to it: {}", text(nearest))?;
            }
            return Ok(());
        }
        let Some(dominator) = &self.dominator else { return Ok(()) };
        let by = match &dominator.addr {
            Some(addr) => format!("{} at {addr}", or_unknown(&dominator.name)),
            None => terminal_text(&dominator.name).into_owned(),
        };
        let line = match self.held_by_runtime {
            true => format!("What keeps it is not the program's to cut: it hangs on {by}"),
            false => format!("No one reference keeps it: the ways to it part at {by}"),
        };
        Ok(writeln!(out, "{line}")?)
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
    fn write(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        let mut table = Table::new(1, &[Right, Whole, Left]);
        table.row(["retained", "object at", "reference"]);
        for step in &self.steps {
            if step.left_out > 0 {
                table.row(["", "", &format!("… {} more …", count(step.left_out, "step", "steps"))]);
            }
            if step.in_library > 0 {
                table.row([
                    "",
                    "",
                    &format!("… {} in the library (--full) …", count(step.in_library, "step", "steps")),
                ]);
            }
            let times = if step.times > 1 { format!("  ({} times)", grouped(step.times)) } else { String::new() };
            let reference = if step.reference.is_empty() {
                format!("(several ways) {}", step.ty)
            } else {
                format!("{}{times}", step.reference)
            };
            table.row([&page.bytes(step.retained), step.addr.as_deref().unwrap_or(""), &reference]);
        }
        Ok(table.write(out)?)
    }
}

impl Merged {
    fn write(&self, whole: u64, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        writeln!(out)?;
        let mut table = Table::new(0, &[Right, Right, Right, Left]).spare(&[2, 1]);
        table.row(["bytes", "share", "objects", "path"]);
        for step in &self.steps {
            let lean = " ".repeat(LEAN * (step.depth as usize).min(DEEPEST_LEAN));
            table.row([
                page.bytes(step.bytes),
                whole_percent(step.bytes, whole),
                grouped(step.objects),
                format!("{lean}{}", step.reference),
            ]);
        }
        if self.unreached.objects > 0 {
            let (bytes, objects) = (self.unreached.bytes, self.unreached.objects);
            let text = "(no root leads there, or only by what is excluded)".to_owned();
            table.row([page.bytes(bytes), whole_percent(bytes, whole), grouped(objects), text]);
        }
        table.write(out)?;
        if self.steps_left_out > 0 {
            writeln!(out, "{} to less (--limit).", count(self.steps_left_out, "more step", "more steps"))?;
        }
        if let Some(cut) = &self.cut {
            writeln!(out)?;
            let (frees, part) = (page.bytes(cut.frees), page.bytes(cut.frees_of_asked));
            let share = whole_percent(cut.frees_of_asked, whole);
            let line = match cut.frees_of_asked.saturating_mul(WORTH) >= whole {
                true => {
                    format!("Cut to free most of these: {}: {frees} would go, {part} ({share}) of these", cut.place())
                }
                false => format!("No one reference keeps more than {part} ({share}) of these"),
            };
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
