//! Paths as people read them.

use crate::ReportError;
use crate::page::{Lines, Page};
use crate::paths::{Merged, PathsAnswer, PathsReport, ShownCut, ShownCuts, ShownPath, ShownTarget, taken_for};
use crate::referred;
use crate::sharing::ShownSharing;
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

impl PathsAnswer {
    fn write(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        let asked = taken_for(&self.asked, &self.taken_for);
        let holds = if self.objects == 0 { "it leads to no object" } else { "what it leads to:" };
        match &self.in_variable {
            Some(variable) => {
                let root = format!("in the package variable {}, which is a root", terminal_text(variable));
                writeln!(out, "{asked}: {root}: no path leads to it; {holds}")?;
            }
            None if self.objects == 0 => writeln!(out, "{asked}: leads to no object")?,
            None => {}
        }
        if self.objects == 0 {
            return Ok(());
        }
        let (objects, bytes) = (count(self.objects, "object", "objects"), page.bytes(self.bytes));
        if let Some(merged) = &self.merged {
            writeln!(out, "{asked}: {objects}, {bytes}; the shortest path to each, merged")?;
            return merged.write(self.bytes, out);
        }
        if let Some(ways) = self.ways.filter(|_| self.targets.iter().all(|target| target.held_alike.is_some())) {
            return self.write_ways(ways, &format!("{asked}: {objects}, {bytes}"), out);
        }
        if self.objects > self.targets.len() as u64 || !self.taken_for.is_empty() {
            writeln!(out, "{asked}: {objects}, {bytes}{}", self.of_these())?;
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

    /// Which of them are told; nothing where all are.
    fn of_these(&self) -> String {
        match self.targets.len() {
            told if self.objects <= told as u64 => String::new(),
            1 => "; of these the one that retains most (--merge: all)".to_owned(),
            more => format!("; of these the {more} that retain most (--merge: all)"),
        }
    }

    /// A typical object of each way.
    fn write_ways(&self, ways: u64, asked: &str, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let shown = self.targets.len() as u64;
        let more = match ways.saturating_sub(shown) {
            0 => String::new(),
            _ if shown == 1 => format!(", held in {} ways; of these the most common (--merge: all)", grouped(ways)),
            _ => format!(", held in {} ways; of these the {shown} most common (--merge: all)", grouped(ways)),
        };
        writeln!(out, "{asked}{more}")?;
        for target in &self.targets {
            let held = target.held_alike.unwrap_or_default().objects;
            let part = if held == self.objects { "all".to_owned() } else { grouped(held) };
            writeln!(out, "\n{part} of {} are held like this one:", grouped(self.objects))?;
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

impl ShownTarget {
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
        if let Some(map) = self.map {
            writeln!(out, "Map: {}", referred::map_told(map))?;
        }
        if !self.reachable {
            writeln!(out, "No root leads to it: it is garbage that was not collected yet.")?;
            return Ok(());
        }
        self.write_referred(out)?;
        if self.paths.is_empty() {
            writeln!(out, "No path leads to it but by what is excluded.")?;
            return Ok(());
        }
        self.write_paths(out)?;
        writeln!(out)?;
        if let Some(held) = &self.held_by {
            writeln!(out, "{} at once, and goes only when all of them let go:", capital(&held.held_by()))?;
            for line in held.lines() {
                writeln!(out, "  {line}")?;
            }
        }
        self.write_cut(out)?;
        if self.more_paths {
            writeln!(out, "There are more paths (--all, --limit).")?;
        }
        Ok(())
    }

    fn write_referred(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        // Windows are noted by words; `object` asks those of one object once more.
        const EXACTLY: &str = " (counted by whole words: object tells it to the byte)";
        let whole = [
            (self.referred_bytes, self.size, "Of itself", EXACTLY),
            (self.retained_referred_bytes, self.retained, "Of all", ""),
        ];
        for (referred, kept, what, exactly) in whole.into_iter().take(if self.retained == self.size { 1 } else { 2 }) {
            if let Some(referred) = referred::told(out.page(), referred, kept) {
                writeln!(out, "{what}: at most {referred}{exactly}")?;
            }
        }
        Ok(())
    }

    fn write_paths(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
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
        Ok(())
    }

    fn write_cut(&self, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        if let Some(cut) = &self.cut {
            let text = |cut: &ShownCut| format!("{}: {} would go with it", cut.place(), page.bytes(cut.frees));
            writeln!(out, "Cut to free most: {}", text(cut))?;
            if let Some(own) = &self.own_cut {
                writeln!(out, "Cut in own code: {}", text(own))?;
            }
            let is_told = |other: &&ShownCut| *other != cut && self.own_cut.as_ref() != Some(*other);
            for nearest in self.nearest_cut.iter().filter(is_told) {
                writeln!(out, "Cut nearest to it: {}", text(nearest))?;
            }
            return self.cut_together.as_ref().map_or(Ok(()), |together| together.write("", out));
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
        writeln!(out, "{line}")?;
        self.cut_together.as_ref().map_or(Ok(()), |together| together.write("", out))
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl ShownCuts {
    fn write(&self, of_asked: &str, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let number = if self.cuts.len() == 2 { "two" } else { "three" };
        let frees = out.page().bytes(self.frees);
        writeln!(out, "Without these {number} together {frees} would go{of_asked}:")?;
        for cut in &self.cuts {
            writeln!(out, "  {}", cut.place())?;
        }
        Ok(())
    }
}

impl ShownCut {
    /// Whose reference it is.
    pub(crate) fn place(&self) -> String {
        match &self.addr {
            Some(addr) => format!("{} of {} at {addr}", terminal_text(&self.reference), or_unknown(&self.holder)),
            None => terminal_text(&self.holder).into_owned(),
        }
    }
}

impl ShownPath {
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
            // A root whose all others hold too keeps nothing alone.
            let retained = if step.retained > 0 { page.bytes(step.retained) } else { String::new() };
            table.row([&retained, step.addr.as_deref().unwrap_or(""), &reference]);
        }
        Ok(table.write(out)?)
    }
}

impl Merged {
    fn write(&self, whole: u64, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        writeln!(out)?;
        self.write_steps(whole, out)?;
        self.write_sharing(whole, out)?;
        self.write_cuts(whole, out)
    }

    fn write_steps(&self, whole: u64, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
        let mut table = Table::new(0, &[Right, Right, Right, Whole, Left]).spare(&[1, 2]).names_first();
        table.row(["bytes", "share", "objects", "example", "path"]);
        for step in &self.steps {
            let lean = " ".repeat(LEAN * (step.depth as usize).min(DEEPEST_LEAN));
            table.row([
                page.bytes(step.bytes),
                whole_percent(step.bytes, whole),
                grouped(step.objects),
                step.example.clone().unwrap_or_default(),
                format!("{lean}{}", step.reference),
            ]);
        }
        if self.unreached.objects > 0 {
            let (bytes, objects) = (self.unreached.bytes, self.unreached.objects);
            let text = "(no root leads there, or only by what is excluded)".to_owned();
            table.row([page.bytes(bytes), whole_percent(bytes, whole), grouped(objects), String::new(), text]);
        }
        table.write(out)?;
        if self.steps_left_out > 0 {
            writeln!(out, "{} to less (--limit).", count(self.steps_left_out, "more step", "more steps"))?;
        }
        Ok(())
    }

    /// What several hold at once, where that is worth telling.
    fn write_sharing(&self, whole: u64, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let is_worth_it = |held: &&ShownSharing| held.bytes.saturating_mul(WORTH) >= whole;
        for held in self.sharing.iter().filter(is_worth_it) {
            let (objects, part) = (count(held.objects, "object", "objects"), whole_percent(held.bytes, whole));
            let go = if held.objects == 1 { "goes" } else { "go" };
            writeln!(
                out,
                "\n{objects} ({part} of these), {} at once, {go} only when all of them let go:",
                held.held_by()
            )?;
            for line in held.lines() {
                writeln!(out, "  {line}")?;
            }
        }
        Ok(())
    }

    fn write_cuts(&self, whole: u64, out: &mut Lines<impl Write>) -> Result<(), ReportError> {
        let page = out.page();
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
        if let Some(together) = &self.cut_together {
            if self.cut.is_none() {
                writeln!(out)?;
            }
            let share = whole_percent(together.frees_of_asked, whole);
            let part = page.bytes(together.frees_of_asked);
            together.write(&format!(", {part} ({share}) of these"), out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
