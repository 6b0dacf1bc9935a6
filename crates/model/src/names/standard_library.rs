//! What belongs to the standard library.

/// True if `first` is the first element of an import path of the standard library. A module's path has a dot there or, where it is
/// never fetched, another name.
pub fn is_standard(first: &str) -> bool {
    LIBRARY.binary_search(&first).is_ok()
}

/// The folders of `$GOROOT/src`, Go 1.17 to 1.27, in order, without that of `cmd`: Go's commands are programs.
#[rustfmt::skip]
const LIBRARY: [&str; 54] = [
    "archive", "arena", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto", "database",
    "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io",
    "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "simd", "slices",
    "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique", "unsafe", "uuid", "vendor", "weak",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(LIBRARY.is_sorted());
        assert!(is_standard("archive") && is_standard("weak") && !is_standard("cmd") && !is_standard("github.com"));
    }
}
