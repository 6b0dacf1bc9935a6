//! The files that profiles name.

use goheap_export::pprof::Mapping;
use goheap_image::Process;
use std::collections::HashMap;

/// Code that was mapped: of the executable and of libraries.
pub(super) struct MappedCode {
    addresses: (u64, u64),
    offset: u64,
    file: String,
    build_id: String,
}

impl MappedCode {
    /// The files of which code was mapped, by address, as the runtime reads them in `/proc/self/maps`; their GNU build ids.
    pub(super) fn all(process: &Process) -> Vec<MappedCode> {
        let core = &process.core;
        let mut code: Vec<&goheap_image::Segment> =
            core.segments().iter().filter(|segment| segment.flags.executable()).collect();
        code.sort_by_key(|segment| segment.address);
        let is_code = |start| {
            let before = code.partition_point(|segment| segment.address <= start);
            before.checked_sub(1).is_some_and(|at| start < code[at].end())
        };
        let executable = process.executable.gnu_build_id().map(hex).unwrap_or_default();
        let mut firsts = HashMap::new();
        for one in core.mapped_files().iter().filter(|one| one.file_offset == 0) {
            firsts.entry(&one.path).or_insert(one.start);
        }
        let files = core.mapped_files().iter().filter(|file| is_code(file.start));
        let mapped = files.map(|file| {
            let in_memory = firsts.get(&file.path).and_then(|&first| process.build_id_in_memory(first));
            let is_executable = process.load_bias <= file.start.0 && holds_go(process, file.start.0, file.end.0);
            MappedCode {
                addresses: (file.start.0, file.end.0),
                offset: file.file_offset,
                file: file.path_lossy().into_owned(),
                build_id: if is_executable { executable.clone() } else { in_memory.unwrap_or_default() },
            }
        });
        let mut mapped: Vec<MappedCode> = mapped.collect();
        mapped.sort_by_key(|one| one.addresses);
        mapped
    }

    pub(super) fn mapping(&self) -> Mapping<'_> {
        let MappedCode { addresses, offset, file, build_id } = self;
        // Go's own id is no build id to pprof.
        let build_id = if build_id.starts_with('"') { "" } else { build_id };
        Mapping { addresses: *addresses, offset: *offset, file, build_id, is_told: true }
    }
}

/// True if code of the executable that is read lies there.
fn holds_go(process: &Process, start: u64, end: u64) -> bool {
    let at = |address: goheap_image::Address| address.0.wrapping_add(process.load_bias);
    let is_there = |from: u64| (start..end).contains(&from);
    process.executable.load_segments().any(|segment| segment.flags.executable() && is_there(at(segment.address)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
