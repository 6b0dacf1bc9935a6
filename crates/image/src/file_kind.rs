//! What a file is, by its first bytes, before it is opened as anything.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use goblin::elf64::header::{ET_CORE, ET_DYN, ET_EXEC};

use crate::unpack::{self, Compression};

/// What a file seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A core dump, plain or packed, or a crash report of apport.
    Core,
    /// An executable or shared library, plain or packed.
    Executable,
    /// Anything else, or no regular file, or one that cannot be read.
    Other,
}

/// Where `e_type` ends in an ELF file.
const TYPE_END: usize = 18;

impl FileKind {
    /// By `e_type` of the ELF header, of a packed file unpacked that far. Pipes and devices are not read: they could not be read again.
    #[must_use]
    pub fn of(path: &Path) -> FileKind {
        if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return FileKind::Other;
        }
        let Ok(file) = File::open(path) else { return FileKind::Other };
        let mut reader = BufReader::new(file);
        let Ok(start) = reader.fill_buf() else { return FileKind::Other };
        match Compression::detect(start) {
            Compression::Apport => FileKind::Core,
            compression => match unpack::reader(Box::new(reader), compression) {
                Some(unpacked) => FileKind::of_header(unpacked),
                None => FileKind::Other,
            },
        }
    }

    fn of_header(reader: impl Read) -> FileKind {
        let mut header = Vec::with_capacity(TYPE_END);
        // What breaks off is judged by what came.
        let _ = reader.take(TYPE_END as u64).read_to_end(&mut header);
        match header.as_slice() {
            [0x7f, b'E', b'L', b'F', .., low, high] if header.len() == TYPE_END => {
                match u16::from_le_bytes([*low, *high]) {
                    ET_CORE => FileKind::Core,
                    ET_EXEC | ET_DYN => FileKind::Executable,
                    _ => FileKind::Other,
                }
            }
            _ => FileKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn elf(kind: u16) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.resize(16, 0);
        bytes.extend(kind.to_le_bytes());
        bytes
    }

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let kind = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            FileKind::of(&path)
        };
        assert_eq!(kind(&elf(ET_CORE)), FileKind::Core);
        assert_eq!(kind(&elf(ET_EXEC)), FileKind::Executable);
        assert_eq!(kind(&elf(ET_DYN)), FileKind::Executable);
        assert_eq!(kind(&elf(1)), FileKind::Other);
        assert_eq!(kind(&elf(ET_CORE)[..17]), FileKind::Other);
        assert_eq!(kind(b"ProblemType: Crash\n"), FileKind::Core);
        assert_eq!(kind(b""), FileKind::Other);
        assert_eq!(kind(b"\x28\xb5\x2f\xfdrest"), FileKind::Other);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &elf(ET_CORE)).unwrap();
        assert_eq!(kind(&gzip.finish().unwrap()), FileKind::Core);
        assert_eq!(FileKind::of(folder.path()), FileKind::Other);
        assert_eq!(FileKind::of(Path::new("/dev/zero")), FileKind::Other);
    }

    #[test]
    fn carried_files_are_told_though_packed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores/1.27");
        assert_eq!(FileKind::of(&folder.join("structures.core.zst")), FileKind::Core);
        assert_eq!(FileKind::of(&folder.join("structures.zst")), FileKind::Executable);
    }
}
