//! Which files a core is of: as a table or JSON.

use crate::ReportError;
use crate::page::Page;
use crate::table::{Align, Table};
use crate::text::json_text;
use serde::Serialize;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// The ELF files that a process had mapped.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BuildIdsReport {
    /// Version of the form.
    pub schema_version: u32,
    /// The program that was started; absent where the core does not hold its first page.
    pub executable: Option<Module>,
    /// The others, by address.
    pub libraries: Vec<Module>,
}

/// One mapped ELF file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Module {
    /// Its path when it was mapped, where the core says.
    pub path: Option<String>,
    /// True when it was gone from there as the core was written.
    pub deleted: bool,
    /// Where its first page lies, hexadecimal.
    pub start: String,
    /// GNU's build id, hexadecimal.
    pub gnu_build_id: Option<String>,
    /// Go's build id.
    pub go_build_id: Option<String>,
}

impl BuildIdsReport {
    /// For people: a line a file, the executable first.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_table(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        let mut out = page.lines(BufWriter::new(out));
        let mut table = Table::new(0, &[Align::Whole, Align::Whole, Align::Words]);
        let executable = self.executable.iter().map(|module| ("executable", module));
        for (role, module) in executable.chain(self.libraries.iter().map(|module| ("library", module))) {
            let path = module.path.as_deref().unwrap_or("(no name in the core)");
            let gone = if module.deleted { " (deleted)" } else { "" };
            table.row([role, &module.ids(), &format!("{path}{gone}")]);
        }
        if self.executable.is_none() {
            table.row(["executable", "unknown: the core does not hold its first page", ""]);
        }
        table.write(&mut out)?;
        Ok(out.flush()?)
    }

    /// For scripts.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        writeln!(out, "{}", json_text(&serde_json::to_string_pretty(self)?))?;
        Ok(out.flush()?)
    }
}

impl Module {
    fn ids(&self) -> String {
        match (&self.gnu_build_id, &self.go_build_id) {
            (Some(gnu), Some(go)) => format!("{gnu}  go {go}"),
            (Some(gnu), None) => gnu.clone(),
            (None, Some(go)) => format!("go {go}"),
            (None, None) => "no build id".to_owned(),
        }
    }
}
