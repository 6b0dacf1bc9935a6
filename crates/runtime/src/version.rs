//! Which Go release made the process, and under which experiments.

use std::fmt;

/// A Go release, as `runtime.buildVersion` or the buildinfo blob spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoVersion {
    /// The whole string, experiments included.
    pub text: String,
    /// `27` of `go1.27.3`.
    pub minor: u32,
    /// `3` of `go1.27.3`; 0 where it is not said.
    pub patch: u32,
    /// What follows `X:`, in order: `noswissmap`, `greenteagc`, ...
    pub experiments: Vec<String>,
}

impl GoVersion {
    /// Oldest minor release that goheap reads.
    pub const OLDEST_MINOR: u32 = 17;
    /// Newest minor release with a built-in layout table.
    pub const NEWEST_KNOWN_MINOR: u32 = 27;

    /// Reads `go1.22.10`, `go1.25.5 X:noswissmap,greenteagc`, `go1.26.1-X:arenas` and `devel go1.28-abcdef Mon ...`.
    /// None where no `go1.N` stands in it.
    pub fn parse(text: &str) -> Option<GoVersion> {
        let start = text.find("go1.")?;
        let mut numbers = text[start + "go1.".len()..].split(|c: char| !c.is_ascii_digit());
        let minor = numbers.next()?.parse().ok()?;
        let after_minor = &text[start + "go1.".len()..].trim_start_matches(|c: char| c.is_ascii_digit());
        let patch = match after_minor.strip_prefix('.') {
            Some(_) => numbers.next().and_then(|digits| digits.parse().ok()).unwrap_or(0),
            None => 0,
        };
        // Up to 1.25 the separator is a space; 1.26 joins with `-` where the version holds none (go1.26.1-X:...).
        let experiments = match text.find("X:") {
            Some(at) if matches!(text.as_bytes().get(at.wrapping_sub(1)), Some(b' ' | b'-')) => {
                let list = text[at + 2..].split_whitespace().next().unwrap_or("");
                list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Some(GoVersion { text: text.to_owned(), minor, patch, experiments })
    }

    /// True if the named experiment was asked for beside the release's defaults.
    pub fn has_experiment(&self, name: &str) -> bool {
        self.experiments.iter().any(|experiment| experiment == name)
    }

    /// True if no built-in table covers the release: its layout can come from DWARF alone.
    pub fn is_newer_than_known(&self) -> bool {
        self.minor > Self::NEWEST_KNOWN_MINOR
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parsed(text: &str) -> (u32, u32, Vec<String>) {
        let version = GoVersion::parse(text).unwrap();
        (version.minor, version.patch, version.experiments)
    }

    #[test]
    fn reads_releases_and_experiments() {
        assert_eq!(parsed("go1.22.10"), (22, 10, vec![]));
        assert_eq!(parsed("go1.19"), (19, 0, vec![]));
        assert_eq!(parsed("go1.21rc2"), (21, 0, vec![]));
        let both = vec!["noswissmap".to_owned(), "greenteagc".to_owned()];
        assert_eq!(parsed("go1.25.5 X:noswissmap,greenteagc"), (25, 5, both));
        assert_eq!(parsed("go1.26.1-X:arenas"), (26, 1, vec!["arenas".to_owned()]));
        assert_eq!(parsed("devel go1.28-abcdef Mon Nov 2 X:arenas").0, 28);
        assert_eq!(GoVersion::parse("gc 3.1"), None);
    }
}
