//! What can be waited for, as users write it.

use std::fmt;

/// A bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Bytes(u64),
    Percent(u64),
}

/// A kind of pressure (Documentation/accounting/psi.rst).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressure {
    Some,
    Full,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gauge {
    Rss(Bound),
    Heap(u64),
    Psi(Pressure, u64),
    High,
    Max,
}

/// Something that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub(super) gauge: Gauge,
    text: String,
}

const FORMS: &str = "'rss > 80%', 'rss > 6G', 'heap > 4G', 'psi full > 10%', 'memory.high' or 'memory.max'";

impl Condition {
    /// Of its text.
    ///
    /// # Errors
    /// What can be waited for, in words.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let gauge = gauge(text).ok_or_else(|| format!("what can be waited for is {FORMS}"))?;
        Ok(Condition { gauge, text: text.trim().to_owned() })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn gauge(text: &str) -> Option<Gauge> {
    let Some((name, bound)) = text.split_once('>') else {
        return match text.trim() {
            "memory.high" => Some(Gauge::High),
            "memory.max" => Some(Gauge::Max),
            _ => None,
        };
    };
    let bound = bound.trim().trim_start_matches('=').trim();
    let percent = bound.strip_suffix('%').map(|digits| digits.trim().parse::<u64>());
    let name: Vec<&str> = name.split_whitespace().collect();
    match (name.as_slice(), percent) {
        (["rss"], Some(percent)) => Some(Gauge::Rss(Bound::Percent(percent.ok().filter(is_share)?))),
        (["rss"], None) => Some(Gauge::Rss(Bound::Bytes(bytes(bound)?))),
        (["heap"], None) => Some(Gauge::Heap(bytes(bound)?)),
        (["psi", "full"], Some(percent)) => Some(Gauge::Psi(Pressure::Full, percent.ok().filter(is_share)?)),
        (["psi", "some"], Some(percent)) => Some(Gauge::Psi(Pressure::Some, percent.ok().filter(is_share)?)),
        _ => None,
    }
}

fn is_share(percent: &u64) -> bool {
    (1..=100).contains(percent)
}

/// A whole number with a unit of 1024.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn conditions_are_written_in_several_ways() {
        let gauge = |text: &str| Condition::parse(text).unwrap().gauge;
        assert_eq!(gauge("rss > 80%"), Gauge::Rss(Bound::Percent(80)));
        assert_eq!(gauge("rss>6G"), Gauge::Rss(Bound::Bytes(6 << 30)));
        assert_eq!(gauge(" heap >= 4 GiB".replace("4 G", "4G").as_str()), Gauge::Heap(4 << 30));
        assert_eq!(gauge("psi  full > 10%"), Gauge::Psi(Pressure::Full, 10));
        assert_eq!(gauge("memory.high"), Gauge::High);
        assert_eq!(Condition::parse(" rss > 1M ").unwrap().to_string(), "rss > 1M");
        for wrong in [
            "",
            "rss",
            "rss > ",
            "rss > 0",
            "rss > 101%",
            "rss < 5G",
            "heap > 5%",
            "psi > 5%",
            "rss > 99999999T",
            "cpu > 5%",
        ] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
    }
}
