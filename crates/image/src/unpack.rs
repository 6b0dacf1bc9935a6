//! Compressed cores and executables: streamed to a sparse, unlinked temporary file.
//!
//! A core of zero pages packs better than 1000 to 1, so a ratio tells nothing: the size itself is capped, and zeros become holes.

mod lz4;
mod sparse;
mod zstd;

use std::fs::File;
use std::io::{self, BufRead, Read};
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
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Other("xz", "xz -d"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Compression::Other("bzip2", "bzip2 -d"),
            [b'P', b'K', 3, 4, ..] => Compression::Other("zip", "unzip"),
            _ => Compression::None,
        }
    }
}

/// The temporary file, and why the stream ended early if it did.
pub(crate) struct Unpacked {
    pub(crate) file: File,
    pub(crate) damage: Option<String>,
}

/// A zstd frame whose window would take more memory than [`zstd::WINDOW_LIMIT`].
#[derive(Debug, thiserror::Error)]
#[error("zstd window too large")]
struct WindowTooLarge;

/// Unpacks `reader` to a temporary file of at most `limit` bytes. A stream that breaks off is kept as far as it goes.
pub(crate) fn to_temporary(
    path: &Path,
    role: Role,
    reader: impl BufRead,
    compression: Compression,
    limit: u64,
) -> Result<Unpacked, ImageError> {
    let temporary = |source| ImageError::Temporary { folder: std::env::temp_dir(), role, source };
    let mut writer = SparseWriter::new(tempfile::tempfile().map_err(temporary)?);
    let mut decoder: Box<dyn Read + '_> = match compression {
        Compression::None => Box::new(reader),
        Compression::Zstd => Box::new(zstd::Frames::new(reader)),
        Compression::Gzip => Box::new(MultiGzDecoder::new(reader)),
        Compression::Lz4 => Box::new(lz4::Frames::new(reader)),
        Compression::Other(format, hint) => {
            return Err(ImageError::UnsupportedCompression { path: path.to_owned(), role, format, hint });
        }
    };
    let mut buffer = vec![0; 1 << 18];
    let damage = loop {
        match decoder.read(&mut buffer) {
            Ok(0) => break None,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                if writer.length() + count as u64 > limit {
                    return Err(ImageError::UnpackedTooLarge { path: path.to_owned(), limit });
                }
                writer.write(bytes).map_err(temporary)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Some(error),
        }
    };
    if let Some(source) = damage.as_ref().filter(|error| is_window(error) || writer.length() == 0) {
        return Err(refusal(path, role, source));
    }
    let file = writer.finish().map_err(temporary)?;
    Ok(Unpacked { file, damage: damage.map(|error| error.to_string()) })
}

fn is_window(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<WindowTooLarge>())
}

fn refusal(path: &Path, role: Role, error: &io::Error) -> ImageError {
    let path = path.to_owned();
    if is_window(error) {
        return ImageError::ZstdWindow { path, limit: zstd::WINDOW_LIMIT };
    }
    ImageError::Unpack { path, role, source: io::Error::new(error.kind(), error.to_string()) }
}
