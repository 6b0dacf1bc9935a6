//! The memory profile's records, which are no objects and are never freed.

use goheap_report::page::Page;

/// Fewer bytes are no word worth, and neither is less than this part of what is reachable: the table of them alone takes 1.4 MiB (mprof.go `buckHashSize`).
const WORTH: u64 = 4 << 20;
const PART: u64 = 20;

/// What they take, where that is much: `bytes` as `BuckHashSys` counts them, at a rate of `runtime.MemProfileRate`.
pub(crate) fn sentence(page: Page, bytes: Option<u64>, rate: Option<u64>, reachable: u64) -> Option<String> {
    let bytes = bytes.filter(|&bytes| bytes >= WORTH && bytes > reachable / PART)?;
    // What is set to 0 later leaves the records of before.
    let rate =
        rate.filter(|&rate| rate > 0).map_or_else(String::new, |rate| format!(", at a MemProfileRate of {rate}"));
    Some(format!(
        "{} more are records of the runtime's profiles (BuckHashSys){rate}: one a stack that allocated or waited, and none is ever freed",
        page.bytes(bytes)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_records_are_told() {
        let told = |bytes, rate, reachable| sentence(Page::default(), bytes, rate, reachable);
        let many = "34.0 MiB more are records of the runtime's profiles (BuckHashSys), at a MemProfileRate of 1: one a stack that \
                    allocated or waited, and none is ever freed";
        assert_eq!(told(Some(34 << 20), Some(1), 1 << 20).as_deref(), Some(many));
        assert_eq!(told(Some(34 << 20), Some(0), 1 << 20), Some(many.replace(", at a MemProfileRate of 1", "")));
        assert_eq!(told(Some(34 << 20), Some(1), 1 << 30), None, "a small part");
        assert_eq!(told(Some(3 << 20), Some(1), 0), None);
        assert_eq!(told(None, Some(1), 0), None);
    }
}
