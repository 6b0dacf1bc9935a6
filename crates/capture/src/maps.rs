//! The mappings of a process, from `/proc/PID/maps`.

use std::collections::BTreeSet;
use std::ops::Range;

/// Bytes of a page, to which mappings are aligned on the machines that are captured.
pub(crate) const PAGE: u64 = 4096;

/// A mapping: `START-END PERMS OFFSET DEVICE INODE PATH` (proc(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
    /// Changes are seen by others.
    pub(crate) shared: bool,
    pub(crate) offset: u64,
    pub(crate) inode: u64,
    /// The bytes of the path, or a name in brackets; empty for memory of no name.
    pub(crate) path: Vec<u8>,
}

/// What lies behind a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backing {
    /// Memory of no file.
    Anonymous,
    /// A file that has no name on a disk (`/dev/zero`, memfd, System V), whose pages others may have.
    SharedMemory,
    /// A file.
    File,
    /// The kernel's own, which it writes into every core.
    Vdso,
    /// The kernel's own, which cannot be read or says nothing.
    Kernel,
}

impl Mapping {
    /// Bytes.
    pub(crate) fn len(&self) -> u64 {
        self.end - self.start
    }

    pub(crate) fn range(&self) -> Range<u64> {
        self.start..self.end
    }

    pub(crate) fn backing(&self) -> Backing {
        match self.path.as_slice() {
            b"[vdso]" => Backing::Vdso,
            b"[vsyscall]" => Backing::Kernel,
            path if path.starts_with(b"[vvar") => Backing::Kernel,
            // Deleted files of a disk are files still: a deploy has replaced them.
            path if self.inode != 0 && is_memory(path) => Backing::SharedMemory,
            _ if self.inode != 0 => Backing::File,
            _ => Backing::Anonymous,
        }
    }
}

fn is_memory(path: &[u8]) -> bool {
    [b"/memfd:".as_slice(), b"/dev/zero", b"/SYSV", b"/dev/shm/", b"/anon_hugepage"]
        .iter()
        .any(|start| path.starts_with(start))
}

/// The mappings of the text of `maps`; lines that make no sense are left out.
pub(crate) fn parse(text: &[u8]) -> Vec<Mapping> {
    text.split(|&byte| byte == b'\n').filter_map(line).collect()
}

fn line(line: &[u8]) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let end = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after.strip_prefix(b" ").unwrap_or_default();
        std::str::from_utf8(word).ok()
    };
    let (start, end) = word()?.split_once('-')?;
    let (permissions, offset, _device, inode) = (word()?.as_bytes(), word()?, word()?, word()?);
    let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
    let has = |index: usize, letter: u8| permissions.get(index) == Some(&letter);
    let mapping = Mapping {
        start: hexadecimal(start)?,
        end: hexadecimal(end)?,
        readable: has(0, b'r'),
        writable: has(1, b'w'),
        executable: has(2, b'x'),
        shared: has(3, b's'),
        offset: hexadecimal(offset)?,
        inode: inode.parse().ok()?,
        path: unescaped(rest.trim_ascii_start()),
    };
    (mapping.start < mapping.end).then_some(mapping)
}

/// The kernel writes a newline of a path as `\012`, and nothing else so (fs/proc/task_mmu.c `show_map_vma`).
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut rest = path;
    let mut whole = Vec::with_capacity(path.len());
    while let Some(at) = rest.windows(4).position(|part| part == b"\\012") {
        whole.extend_from_slice(&rest[..at]);
        whole.push(b'\n');
        rest = &rest[at + 4..];
    }
    whole.extend_from_slice(rest);
    whole
}

/// What `smaps` tells beside `maps`.
#[derive(Debug, Default)]
pub(crate) struct Details {
    /// Beginnings of mappings that are no memory, or that the program wants in no core (`VmFlags` io, pf and dd).
    pub(crate) left_out: BTreeSet<u64>,
    /// Mappings in which nothing was ever touched.
    pub(crate) untouched: BTreeSet<(u64, u64)>,
}

/// Reads the text of `smaps`.
pub(crate) fn details(smaps: &[u8]) -> Details {
    let (mut details, mut current, mut resident) = (Details::default(), None, 0);
    let number = |rest: &[u8]| std::str::from_utf8(rest).ok()?.split_whitespace().next()?.parse::<u64>().ok();
    for text in smaps.split(|&byte| byte == b'\n') {
        if let Some(mapping) = line(text) {
            (current, resident) = (Some((mapping.start, mapping.end)), 0);
        } else if let Some(rest) = text.strip_prefix(b"Rss:").or_else(|| text.strip_prefix(b"Swap:")) {
            resident += number(rest).unwrap_or(1);
        } else if let (Some(rest), Some(range)) = (text.strip_prefix(b"VmFlags:"), current) {
            if resident == 0 {
                details.untouched.insert(range);
            }
            let has = |flag: &[u8]| rest.split(|&byte| byte == b' ').any(|one| one == flag);
            if has(b"io") || has(b"pf") || has(b"dd") {
                details.left_out.insert(range.0);
            }
        }
    }
    details
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MAPS: &[u8] = b"00400000-004c8000 r-xp 00001000 fd:00 131 /opt/a b (deleted)\n\
        c000000000-c000400000 rw-p 00000000 00:00 0 \n\
        7f0000000000-7f0000001000 rw-s 00000000 00:01 5 /memfd:x (deleted)\n\
        7fff1000-7fff3000 r-xp 00000000 00:00 0                          [vdso]\n\
        7fff0000-7fff1000 r--p 00000000 00:00 0                          [vvar]\n\
        junk\n7fff9000-7fff8000 r--p 0 0 0\n";

    #[test]
    fn lines_are_mappings() {
        let maps = parse(MAPS);
        assert_eq!(maps.len(), 5);
        assert_eq!((maps[0].start, maps[0].len(), maps[0].offset), (0x40_0000, 0xc_8000, 0x1000));
        assert_eq!(maps[0].path, b"/opt/a b (deleted)");
        assert!(maps[0].executable && !maps[0].writable && !maps[0].shared && maps[2].shared);
        let backing: Vec<Backing> = maps.iter().map(Mapping::backing).collect();
        let expected = [Backing::File, Backing::Anonymous, Backing::SharedMemory, Backing::Vdso, Backing::Kernel];
        assert_eq!(backing, expected);
    }

    #[test]
    fn flags_tell_what_is_no_memory() {
        let text = b"1000-2000 rw-p 00000000 00:00 0 \nRss: 4 kB\nSwap: 0 kB\nVmFlags: rd wr dd \n\
            2000-3000 ---p 00000000 00:00 0 \nRss: 0 kB\nSwap: 0 kB\nVmFlags: mr mw \n";
        let details = details(text);
        assert_eq!(details.left_out, BTreeSet::from([0x1000]));
        assert_eq!(details.untouched, BTreeSet::from([(0x2000, 0x3000)]));
    }

    #[test]
    fn paths_have_their_newlines_back() {
        assert_eq!(unescaped(b"/a\\012b\\0x"), b"/a\nb\\0x");
    }
}
