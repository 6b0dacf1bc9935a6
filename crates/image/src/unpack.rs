//! Compressed cores and executables: streamed to a sparse, unlinked temporary file.
//!
//! A core of zero pages packs better than 1000 to 1, so a ratio tells nothing: the size itself is capped, and zeros become holes.

mod apport;
mod lz4;
mod sparse;
mod xz;
mod zstd;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{ImageError, Role};
use sparse::SparseWriter;

/// How a file is packed, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compression {
    None,
    Zstd,
    Gzip,
    Lz4,
    Xz,
    /// A crash report of apport, which has the core as one of its fields.
    Apport,
    /// Known, but not unpacked here: its name and what to do.
    Other(&'static str, &'static str),
}

impl Compression {
    pub(crate) fn detect(start: &[u8]) -> Compression {
        match start {
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            // pzstd begins with a skippable frame.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Compression::Lz4,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            _ if start.starts_with(apport::FIRST_FIELD) => Compression::Apport,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Compression::Other("bzip2", "bzip2 -d"),
            [b'P', b'K', 3, 4, ..] => Compression::Other("zip", "unzip"),
            [b'L', b'Z', b'I', b'P', ..] => Compression::Other("lzip", "lzip -d"),
            [0x89, b'L', b'Z', b'O', 0, ..] => Compression::Other("lzop", "lzop -d"),
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Compression::Other("7z", "7z x"),
            [0xff, 6, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y', ..] => Compression::Other("snappy", "snzip -d"),
            _ => Compression::None,
        }
    }
}

/// The temporary file, and why the stream ended early if it did.
pub(crate) struct Unpacked {
    pub(crate) file: File,
    pub(crate) damage: Option<String>,
}

/// A zstd window or an xz dictionary that would take more memory than [`WINDOW_LIMIT`].
#[derive(Debug, thiserror::Error)]
#[error("window too large")]
struct WindowTooLarge;

/// The largest window unpacked, bytes: that of `zstd -d` without `--long`, and twice that of `xz -9`.
pub(crate) const WINDOW_LIMIT: u64 = 128 << 20;

/// Bytes by which a stream is told to be an ELF file.
const MAGIC: [u8; 4] = [0x7f, b'E', b'L', b'F'];

/// What is kept of other files: the magics of [`crate::foreign`] are within it.
const BEGINNING: u64 = 4096;

/// Unpacks `reader` to a temporary file of at most `limit` bytes. A stream that breaks off is kept as far as it goes; of one that is no ELF
/// file the beginning is kept, by which it is refused: 288 kB of zstd may be gigabytes of nothing, and `/dev/urandom` has no end.
pub(crate) fn to_temporary(
    path: &Path,
    role: Role,
    mut reader: impl BufRead,
    compression: Compression,
    limit: u64,
) -> Result<Unpacked, ImageError> {
    let temporary = |source| ImageError::Temporary { folder: std::env::temp_dir(), role, source };
    let mut writer = SparseWriter::new(tempfile::tempfile().map_err(temporary)?);
    let unpacker = |reader, compression| {
        unpacker(reader, compression).map_err(|(format, hint)| ImageError::UnsupportedCompression {
            path: path.to_owned(),
            role,
            format,
            hint,
        })
    };
    let mut decoder = if compression == Compression::Apport {
        let mut field = BufReader::with_capacity(1 << 18, apport::CoreField::new(&mut reader));
        let inner = Compression::detect(field.fill_buf().map_err(|source| refusal(path, role, &source))?);
        unpacker(Box::new(field), inner)?
    } else {
        unpacker(Box::new(reader), compression)?
    };
    let damage = match keep(&mut decoder, &mut writer, limit).map_err(temporary)? {
        Kept::All => None,
        Kept::Until(damage) => Some(damage),
        Kept::TooLarge => return Err(ImageError::UnpackedTooLarge { path: path.to_owned(), limit }),
    };
    if let Some(source) = damage.as_ref().filter(|error| is_window(error) || writer.length() == 0) {
        return Err(refusal(path, role, source));
    }
    let file = writer.finish().map_err(temporary)?;
    Ok(Unpacked { file, damage: damage.map(|error| error.to_string()) })
}

/// How much of a stream is kept.
enum Kept {
    /// All of an ELF file, or enough of another.
    All,
    /// What came before the stream broke off, and why it did.
    Until(io::Error),
    TooLarge,
}

/// Copies `decoder` to `writer`; fails as writing does.
fn keep(decoder: &mut dyn Read, writer: &mut SparseWriter, limit: u64) -> io::Result<Kept> {
    let mut buffer = vec![0; 1 << 18];
    let mut begun = Vec::with_capacity(MAGIC.len());
    loop {
        let bytes = match decoder.read(&mut buffer) {
            Ok(0) => return Ok(Kept::All),
            Ok(count) => buffer.get(..count).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Kept::Until(error)),
        };
        if writer.length() + bytes.len() as u64 > limit {
            return Ok(Kept::TooLarge);
        }
        begun.extend(bytes.iter().take(MAGIC.len() - begun.len()));
        writer.write(bytes)?;
        if !MAGIC.starts_with(&begun) && writer.length() >= BEGINNING {
            return Ok(Kept::All);
        }
    }
}

/// What unpacks `reader`, for a look at its beginning; none where that is not done here.
pub(crate) fn reader<'r>(reader: Box<dyn BufRead + 'r>, compression: Compression) -> Option<Box<dyn Read + 'r>> {
    unpacker(reader, compression).ok()
}

/// What unpacks `reader`; the name of the format and a command that unpacks it, where that is not done here.
fn unpacker<'r>(
    reader: Box<dyn BufRead + 'r>,
    compression: Compression,
) -> Result<Box<dyn Read + 'r>, (&'static str, &'static str)> {
    Ok(match compression {
        // A report within a report is none: it comes out as it is, and is refused as no ELF file.
        Compression::None | Compression::Apport => Box::new(reader),
        Compression::Zstd => Box::new(zstd::Frames::new(reader)),
        Compression::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Compression::Lz4 => Box::new(lz4::Frames::new(reader)),
        Compression::Xz => Box::new(xz::streams(reader)),
        Compression::Other(format, hint) => return Err((format, hint)),
    })
}

fn is_window(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<WindowTooLarge>())
}

fn refusal(path: &Path, role: Role, error: &io::Error) -> ImageError {
    let path = path.to_owned();
    if is_window(error) {
        return ImageError::WindowTooLarge { path, limit: WINDOW_LIMIT };
    }
    ImageError::Unpack { path, role, source: io::Error::new(error.kind(), error.to_string()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kept(stream: impl Read) -> u64 {
        let limit = 16 << 20;
        let reader = BufReader::new(stream);
        let unpacked = to_temporary(Path::new("f"), Role::Core, reader, Compression::None, limit).unwrap();
        unpacked.file.metadata().unwrap().len()
    }

    #[test]
    fn of_what_is_no_elf_file_the_beginning_is_kept() {
        assert!((BEGINNING..1 << 20).contains(&kept(io::repeat(7))));
        assert_eq!(kept(b"\x7fEL".as_slice()), 3);
        let elf = MAGIC.chain(io::repeat(7).take((8 << 20) - 4));
        assert_eq!(kept(elf), 8 << 20);
        assert!(matches!(
            to_temporary(
                Path::new("f"),
                Role::Core,
                BufReader::new(MAGIC.chain(io::repeat(7))),
                Compression::None,
                1 << 20
            ),
            Err(ImageError::UnpackedTooLarge { limit: 0x10_0000, .. })
        ));
    }
}
