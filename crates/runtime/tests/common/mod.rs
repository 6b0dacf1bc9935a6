//! The cores that the repository carries, opened.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_image::{OpenRequest, Process};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::path::PathBuf;

pub(crate) const RELEASES: [&str; 8] = ["1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];

/// The carried process of one release.
pub(crate) fn process(release: &str) -> Process {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release);
    let request = OpenRequest {
        core: folder.join("structures.core.zst"),
        executable: Some(folder.join("structures.zst")),
        ..OpenRequest::default()
    };
    Process::open(&request).unwrap()
}

/// Its runtime; `no_dwarf` as if the executable were stripped.
pub(crate) fn model(process: &Process, no_dwarf: bool) -> RuntimeModel<'_> {
    RuntimeModel::open(process, ModelOptions { no_dwarf, ..ModelOptions::default() }).unwrap()
}
