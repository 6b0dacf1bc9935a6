//! The buildinfo blob (debug/buildinfo), which the linker puts first into the data segment.

use crate::mapped_elf::MappedElf;
use goheap_image::{Address, MemoryImage};

/// `\xff Go buildinf:` with the pointer size behind it and the flags.
const MAGIC: &[u8] = b"\xff Go buildinf:";
const FLAGS: usize = 15;
/// The version string follows in the blob, since 1.18; before, two pointers to string headers did.
const FLAG_INLINE: u8 = 2;
const INLINE_STRING: usize = 32;
const MAX_STRING: usize = 4096;
/// The list of modules of a large program is some tens of kilobytes.
const MAX_MODULES: usize = 1 << 20;
const ALIGNMENT: usize = 16;
/// This much of each range of memory is searched where no file tells the segments.
const SEARCHED_BYTES: u64 = 1 << 20;

/// What the blob says as the Go version: whatever `runtime.buildVersion` was when it was linked, also by `-X`. None where there is no
/// blob.
pub(crate) fn stamp(file: &MappedElf<'_>) -> Option<String> {
    let section = file.executable.section_data(".go.buildinfo");
    let named = section.and_then(|section| parse(&section, file.memory));
    named.or_else(|| file.writable_segments().find_map(|segment| search(&file.bytes(&segment), file.memory)))
}

/// What the build recorded of the main module (runtime/debug `BuildInfo`): `path`, `mod` and `build` lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleInfo {
    /// The path of the main package.
    pub path: String,
    /// The version of the main module: `(devel)` where it was built from its own folder.
    pub version: String,
    /// The revision of its repository (`vcs.revision`), since 1.18.
    pub revision: String,
}

impl ModuleInfo {
    /// What tells one build from others: the version, where it is one, else the revision.
    pub fn version_or_revision(&self) -> Option<String> {
        let is_told = |text: &&String| !text.is_empty() && *text != DEVEL;
        [&self.version, &self.revision].into_iter().find(is_told).cloned()
    }

    fn parse(text: &str) -> ModuleInfo {
        let mut found = ModuleInfo::default();
        for line in text.lines() {
            let mut words = line.split('\t');
            match (words.next(), words.next(), words.next()) {
                (Some("path"), Some(path), _) => path.clone_into(&mut found.path),
                (Some("mod"), Some(_), Some(version)) => version.clone_into(&mut found.version),
                (Some("build"), Some(setting), _) => {
                    if let Some(revision) = setting.strip_prefix("vcs.revision=") {
                        revision.clone_into(&mut found.revision);
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// The version of a main module that was built from its own folder.
const DEVEL: &str = "(devel)";

/// What the blob says of the main module. None where there is no blob, or none of a module.
pub(crate) fn module_info(file: &MappedElf<'_>) -> Option<ModuleInfo> {
    let section = file.executable.section_data(".go.buildinfo");
    let named = section.and_then(|section| parse_module(&section, file.memory));
    named.or_else(|| {
        file.writable_segments().find_map(|segment| {
            let bytes = file.bytes(&segment);
            let mut places = (0..bytes.len()).step_by(ALIGNMENT).filter(|&at| bytes[at..].starts_with(MAGIC));
            places.find_map(|at| parse_module(&bytes[at..], file.memory))
        })
    })
}

fn parse_module(blob: &[u8], memory: &MemoryImage) -> Option<ModuleInfo> {
    let blob = blob.strip_prefix(MAGIC).and(Some(blob))?;
    let text = if blob.get(FLAGS)? & FLAG_INLINE != 0 {
        let (_, rest) = split_string(blob.get(INLINE_STRING..)?)?;
        String::from_utf8_lossy(split_string(rest)?.0).into_owned()
    } else {
        crate::words::read_string(memory, Address(crate::words::word_at(blob, 24)?), MAX_MODULES)?
    };
    // Before the text stands a mark of bytes that are none.
    let first = text.find("path\t")?;
    Some(ModuleInfo::parse(&text[first..]))
}

/// Every blob among the variables in memory, with its version string: one for each file of Go that the process had loaded.
pub(crate) fn all_in(memory: &MemoryImage) -> impl Iterator<Item = (Address, String)> + '_ {
    let dumped = memory.ranges().filter(|range| range.writable);
    dumped.flat_map(move |range| {
        let len = usize::try_from(range.len.min(SEARCHED_BYTES)).unwrap_or(0);
        let bytes = memory.bytes(range.start, len).unwrap_or_default();
        let places = (0..bytes.len()).step_by(ALIGNMENT).filter(|&at| bytes[at..].starts_with(MAGIC));
        let found = places.filter_map(|at| Some((range.start.add(at as u64), parse(&bytes[at..], memory)?)));
        found.collect::<Vec<_>>()
    })
}

fn search(bytes: &[u8], memory: &MemoryImage) -> Option<String> {
    let places = (0..bytes.len()).step_by(ALIGNMENT);
    places.filter(|&at| bytes[at..].starts_with(MAGIC)).find_map(|at| parse(&bytes[at..], memory))
}

fn parse(blob: &[u8], memory: &MemoryImage) -> Option<String> {
    let blob = blob.strip_prefix(MAGIC).and(Some(blob))?;
    if blob.get(FLAGS)? & FLAG_INLINE != 0 {
        return inline_string(blob.get(INLINE_STRING..)?);
    }
    let header = Address(crate::words::word_at(blob, 16)?);
    crate::words::read_string(memory, header, MAX_STRING)
}

fn inline_string(bytes: &[u8]) -> Option<String> {
    Some(String::from_utf8_lossy(split_string(bytes)?.0).into_owned())
}

/// A string with its length before it, and what follows. The length is a varint, of at most three bytes for a list of modules.
fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut len = 0;
    for (index, &byte) in bytes.iter().enumerate().take(3) {
        len |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_inline_form_anywhere() {
        let mut blob = vec![0; 48];
        blob.extend(MAGIC);
        blob.extend([8, 2]);
        blob.resize(48 + INLINE_STRING, 0);
        blob.push(9);
        blob.extend(b"go1.22.10");
        blob.resize(256, 0);
        let memory = MemoryImage::from_buffers([]);
        assert_eq!(search(&blob, &memory).as_deref(), Some("go1.22.10"));
    }

    #[test]
    fn the_module_follows_the_version() {
        let text = "path\texample.com/srv/cmd/api\nmod\texample.com/srv\t(devel)\t\ndep\tx\tv1.0.0\nbuild\tvcs=git\nbuild\tvcs.revision=0a1b\n";
        let mut blob = MAGIC.to_vec();
        blob.extend([8, 2]);
        blob.resize(INLINE_STRING, 0);
        blob.push(8);
        blob.extend(b"go1.27.3");
        let marked = [&[0x30, 0x77, 0xaf, 0x0c], text.as_bytes()].concat();
        blob.extend([marked.len() as u8 | 0x80, (marked.len() >> 7) as u8]);
        blob.extend(marked);
        let memory = MemoryImage::from_buffers([]);
        let module = parse_module(&blob, &memory).unwrap_or_default();
        assert_eq!(
            (&*module.path, &*module.version, &*module.revision),
            ("example.com/srv/cmd/api", "(devel)", "0a1b")
        );
        assert_eq!(module.version_or_revision().as_deref(), Some("0a1b"));
        assert_eq!(parse_module(&blob[..60], &memory), None);
        let released = ModuleInfo::parse("path\tx\nmod\tx\tv1.2.3\th1:abc=\n");
        assert_eq!(released.version_or_revision().as_deref(), Some("v1.2.3"));
        assert_eq!(ModuleInfo::default().version_or_revision(), None);
    }
}
