//! The sections of an executable, unpacked where they are compressed.

use std::borrow::Cow;
use std::io::Read;

use goblin::elf64::section_header as sh;

use crate::elf::ElfHeader;
use crate::{Address, le};

/// Sections that unpack to more are taken for bombs, bytes: the offsets of 32-bit DWARF, all that Go writes, end there.
const SECTION_LIMIT: u64 = 4 << 30;

/// Size of `Elf64_Shdr`.
const SHDR: u64 = 64;

/// One section (`Elf64_Shdr`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionHeader {
    /// Its name; `.zdebug_…` as the file has it.
    pub name: String,
    /// `sh_type`.
    pub kind: u32,
    /// `sh_addr`, at link time; 0 when it is not loaded.
    pub address: Address,
    /// `sh_offset`.
    pub file_offset: u64,
    /// `sh_size`: bytes in memory for `SHT_NOBITS`, else bytes in the file, packed if the section is.
    pub size: u64,
    /// `sh_flags`.
    pub flags: u64,
    /// `sh_link`.
    pub(crate) link: u32,
}

impl SectionHeader {
    /// First address past the section, at link time.
    pub fn end(&self) -> Address {
        self.address + self.size
    }

    /// True for `SHT_NOBITS`, such as `.bss`: it has no bytes in the file.
    pub fn is_nobits(&self) -> bool {
        self.kind == sh::SHT_NOBITS
    }
}

/// Why a section's bytes cannot be had.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// It lies outside the file.
    #[error("section {name:?} lies outside the file")]
    Outside {
        /// The section.
        name: String,
    },
    /// A compression other than zlib and zstd.
    #[error("section {name:?} is compressed in an unknown way ({kind})")]
    UnknownCompression {
        /// The section.
        name: String,
        /// `ch_type`.
        kind: u32,
    },
    /// It claims more bytes than are ever unpacked.
    #[error("section {name:?} claims to unpack to {size} bytes")]
    TooLarge {
        /// The section.
        name: String,
        /// The size claimed.
        size: u64,
    },
    /// The compressed bytes are damaged, or yield another size than they claim.
    #[error("the compressed bytes of section {name:?} are damaged")]
    Damaged {
        /// The section.
        name: String,
    },
}

/// The section headers; those outside the file are left out.
pub(crate) fn section_headers(bytes: &[u8], header: &ElfHeader) -> Vec<SectionHeader> {
    if header.section_offset == 0 || u64::from(header.section_size) < SHDR {
        return Vec::new();
    }
    let stride = u64::from(header.section_size);
    let first = le::range(bytes, header.section_offset, SHDR).unwrap_or_default();
    // With 0xff00 sections and more, count and name index are in section 0 (gABI, SHN_XINDEX).
    let count = match header.section_count {
        0 => le::u64(first, 32).unwrap_or(0),
        count => u64::from(count),
    };
    let names_index = match header.names_index {
        0xffff => le::u32(first, 40).unwrap_or(0),
        index => u32::from(index),
    };
    let table = le::available(bytes, header.section_offset, count.saturating_mul(stride));
    let raw = |index: usize| table.chunks(stride as usize).nth(index);
    let names = raw(names_index as usize).and_then(|section| fields(section, &[]));
    let names = names.and_then(|names| le::range(bytes, names.file_offset, names.size)).unwrap_or_default();
    table.chunks(stride as usize).filter_map(|section| fields(section, names)).collect()
}

fn fields(section: &[u8], names: &[u8]) -> Option<SectionHeader> {
    const NAME_LIMIT: usize = 256;
    let name = names.get(le::u32(section, 0)? as usize..).unwrap_or_default();
    Some(SectionHeader {
        name: String::from_utf8_lossy(le::text(name, NAME_LIMIT)).into_owned(),
        kind: le::u32(section, 4)?,
        flags: le::u64(section, 8)?,
        address: Address(le::u64(section, 16)?),
        file_offset: le::u64(section, 24)?,
        size: le::u64(section, 32)?,
        link: le::u32(section, 40)?,
    })
}

/// The bytes of a section: `None` when it has none in the file.
pub(crate) fn contents<'a>(bytes: &'a [u8], section: &SectionHeader) -> Result<Option<Cow<'a, [u8]>>, SectionError> {
    if section.is_nobits() {
        return Ok(None);
    }
    let name = || section.name.clone();
    let raw =
        le::range(bytes, section.file_offset, section.size).ok_or_else(|| SectionError::Outside { name: name() })?;
    if section.flags & u64::from(sh::SHF_COMPRESSED) != 0 {
        let kind = le::u32(raw, 0).ok_or_else(|| SectionError::Damaged { name: name() })?;
        let size = le::u64(raw, 8).ok_or_else(|| SectionError::Damaged { name: name() })?;
        let packed = raw.get(24..).unwrap_or_default();
        return unpack(&section.name, kind, size, packed).map(|bytes| Some(Cow::Owned(bytes)));
    }
    // Go up to 1.18 packs debug sections as binutils once did: "ZLIB", big-endian size, zlib stream. A section that would not
    // shrink keeps its plain name and bytes (cmd/link/internal/ld/dwarf.go, dwarfcompress).
    if section.name.starts_with(".zdebug_") && raw.starts_with(b"ZLIB") {
        let size = le::array(raw, 4).map(u64::from_be_bytes).ok_or_else(|| SectionError::Damaged { name: name() })?;
        let packed = raw.get(12..).unwrap_or_default();
        return unpack(&section.name, ELFCOMPRESS_ZLIB, size, packed).map(|bytes| Some(Cow::Owned(bytes)));
    }
    Ok(Some(Cow::Borrowed(raw)))
}

const ELFCOMPRESS_ZLIB: u32 = 1;
const ELFCOMPRESS_ZSTD: u32 = 2;

fn unpack(name: &str, kind: u32, size: u64, packed: &[u8]) -> Result<Vec<u8>, SectionError> {
    let damaged = || SectionError::Damaged { name: name.to_owned() };
    if size > SECTION_LIMIT {
        return Err(SectionError::TooLarge { name: name.to_owned(), size });
    }
    // Deflate expands at most 1032 to 1; beyond that the claim is no reason to reserve memory.
    let reserve = size.min((packed.len() as u64).saturating_mul(1032)) as usize;
    let mut out = Vec::new();
    out.try_reserve_exact(reserve).map_err(|_| SectionError::TooLarge { name: name.to_owned(), size })?;
    let read = match kind {
        ELFCOMPRESS_ZLIB => flate2::read::ZlibDecoder::new(packed).take(size).read_to_end(&mut out),
        ELFCOMPRESS_ZSTD => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(packed).map_err(|_| damaged())?;
            decoder.take(size).read_to_end(&mut out)
        }
        kind => return Err(SectionError::UnknownCompression { name: name.to_owned(), kind }),
    };
    match read {
        Ok(length) if length as u64 == size => Ok(out),
        _ => Err(damaged()),
    }
}
