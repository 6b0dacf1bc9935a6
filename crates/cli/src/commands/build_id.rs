//! `goheap CORE build-id`: which executable and libraries a core is of, without any of them.

use crate::args::{BuildIdOptions, Input};
use crate::output::to_stdout;
use crate::say::errors::Failure;
use goheap_image::{CoreFile, MappedModule, OpenOptions};
use goheap_report::build_ids::{BuildIdsReport, Module, SCHEMA_VERSION};

/// Runs the command.
pub(crate) fn run(input: &Input, options: &BuildIdOptions) -> Result<(), Failure> {
    let core = CoreFile::open(&input.request.core, &OpenOptions { max_unpacked: input.request.max_unpacked })?;
    let (executable, libraries): (Vec<_>, Vec<_>) =
        core.mapped_modules().into_iter().partition(|module| module.is_executable);
    let report = BuildIdsReport {
        schema_version: SCHEMA_VERSION,
        executable: executable.into_iter().next().map(module),
        libraries: libraries.into_iter().map(module).collect(),
    };
    to_stdout(|out| match options.written.is_json() {
        true => report.write_json(out),
        false => report.write_table(crate::say::terminal::page(input), out),
    })
}

fn module(module: MappedModule) -> Module {
    let hex = |id: Vec<u8>| id.iter().map(|byte| format!("{byte:02x}")).collect();
    Module {
        path: module.path.map(|path| path.display().to_string()),
        deleted: module.is_deleted,
        start: format!("{:#x}", module.start.0),
        gnu_build_id: module.gnu_build_id.map(hex),
        go_build_id: module.go_build_id,
    }
}
