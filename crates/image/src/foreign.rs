//! Formats of others that are given by mistake: their first bytes, what they are, and what to do instead.

/// A format that is no ELF file.
pub(crate) struct Foreign {
    /// Where the magic stands, bytes from the beginning.
    at: usize,
    magic: &'static [u8],
    /// What it is, with its article.
    pub(crate) format: &'static str,
    /// What to do.
    pub(crate) advice: &'static str,
}

const fn foreign(magic: &'static [u8], format: &'static str, advice: &'static str) -> Foreign {
    Foreign { at: 0, magic, format, advice }
}

const TAKE_A_CORE: &str =
    "take an ELF core of the process: gcore PID, or ulimit -c unlimited and GOTRACEBACK=crash before it dies";
const LINUX_ONLY: &str = "only cores and programs of Linux can be read";
const UNPACK: &str = "unpack it and give the file in it";

/// The longer of two magics that begin alike stands first.
const KNOWN: [Foreign; 24] = [
    foreign(b"MDMP", "a minidump (Breakpad, Crashpad), which has stacks but no heap", TAKE_A_CORE),
    foreign(b"PAGEDU64", "a crash dump of Windows", LINUX_ONLY),
    foreign(b"PAGEDUMP", "a crash dump of Windows", LINUX_ONLY),
    foreign(b"MZ", "a program of Windows", LINUX_ONLY),
    foreign(&[0xcf, 0xfa, 0xed, 0xfe], "a Mach-O file of macOS", LINUX_ONLY),
    foreign(&[0xca, 0xfe, 0xba, 0xbe], "a universal Mach-O file of macOS or a Java class", LINUX_ONLY),
    foreign(b"\0asm", "a WebAssembly module", LINUX_ONLY),
    foreign(b"KDUMP   ", "a dump of the kernel (makedumpfile)", TAKE_A_CORE),
    foreign(b"DISKDUMP", "a dump of the kernel (diskdump)", TAKE_A_CORE),
    foreign(b"JAVA PROFILE 1.0", "a heap dump of Java (hprof)", "for Java see Eclipse MAT"),
    // runtime/heapdump.go, dumphdr.
    foreign(b"go1.7 heap dump\n", "a dump of runtime/debug.WriteHeapDump, which has no types", TAKE_A_CORE),
    // The first field of profile.proto, a ValueType of two small indices.
    foreign(
        &[0x0a, 4, 8, 1, 0x10, 2],
        "a profile of pprof",
        "go tool pprof reads it; for who holds the heap take a core",
    ),
    foreign(b"PERFILE2", "a profile of perf", "perf report reads it; for who holds the heap take a core"),
    foreign(b"go 1.", "an execution trace of Go", "go tool trace reads it; for who holds the heap take a core"),
    foreign(b"goroutine ", "a traceback in words", TAKE_A_CORE),
    foreign(b"panic: ", "a traceback in words", TAKE_A_CORE),
    foreign(b"fatal error: ", "a traceback in words", TAKE_A_CORE),
    foreign(b"SIGQUIT: ", "a traceback in words", TAKE_A_CORE),
    foreign(b"{\"snapshot\"", "a heap snapshot of JavaScript", TAKE_A_CORE),
    // criu/include/magic.h, IMG_COMMON_MAGIC.
    foreign(&[0x19, 0x43, 0x56, 0x54], "an image of CRIU", "criu's coredump makes ELF cores of its images"),
    foreign(b"!<arch>\n", "an archive of ar or a Debian package", UNPACK),
    foreign(&[0xed, 0xab, 0xee, 0xdb], "an RPM package", UNPACK),
    foreign(b"#!", "a script", "give the program that it starts"),
    Foreign { at: 257, magic: b"ustar", format: "an archive of tar", advice: UNPACK },
];

/// What `bytes`, the whole of a file or its beginning, are known to be.
pub(crate) fn detect(bytes: &[u8]) -> Option<&'static Foreign> {
    KNOWN.iter().find(|known| bytes.get(known.at..).is_some_and(|bytes| bytes.starts_with(known.magic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let name = |bytes: &[u8]| detect(bytes).map(|known| known.format);
        assert_eq!(name(b"MDMP\x93\xa7"), Some("a minidump (Breakpad, Crashpad), which has stacks but no heap"));
        assert_eq!(name(b"go1.7 heap dump\nx"), Some("a dump of runtime/debug.WriteHeapDump, which has no types"));
        assert_eq!(name(b"go 1.26 trace\0\0\0"), Some("an execution trace of Go"));
        let mut tar = [0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(name(&tar), Some("an archive of tar"));
        for unknown in [b"".as_slice(), b"\x7fELF", b"hello", &[0; 512]] {
            assert_eq!(name(unknown), None);
        }
    }
}
