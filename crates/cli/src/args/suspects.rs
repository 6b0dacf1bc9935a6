//! Options of `suspects`.

use super::objref::percent;
use super::written::Written;
use clap::Args;

pub(in crate::args) const SUSPECTS: &str = "\
Tells where so much of the heap gathers that it is worth a look.

A suspect is a variable, an object or the goroutines of one stack on which much of the heap hangs: a map with its entries, a slice with \
its elements, a list, a pool, one large buffer. It is found where, in the tree of dominators, few become many; what it retains \
would be freed if it went. The same kind of thing in several parts of one holder is one suspect. What several roots hold together is told \
by its type.

A suspect is no verdict: a cache may be meant to be as large as it is. `paths` and `owners` of what it prints tell more.

With --fail-over 30% the exit status is 6 if one suspect retains more than that share of what is reachable: for tests.";

/// Options of `suspects`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] suspects [OPTIONS]")]
pub(crate) struct SuspectsOptions {
    /// What a suspect retains at least, of what is reachable; no more than --fail-over says
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub(crate) least: Share,
    /// At most so many, those that retain most [default: 8 for a table, all for csv and json]
    #[arg(long, value_name = "N", value_parser = super::written::limit)]
    pub(crate) limit: Option<usize>,
    /// End with status 6 if one retains more than this share of what is reachable
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) fail_over: Option<Share>,
    #[command(flatten)]
    pub(crate) written: Written,
}

impl SuspectsOptions {
    /// Those of a screen, where none were given.
    pub(crate) fn usual() -> Self {
        SuspectsOptions { least: Share(50), limit: None, fail_over: None, written: Written::default() }
    }
}

/// A part of a whole, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share(u32);

impl Share {
    /// So much of `whole`.
    pub(crate) fn of(self, whole: u64) -> u64 {
        (u128::from(whole) * u128::from(self.0) / 1000) as u64
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 10.0)
    }
}

/// `30%`, `30`, `2.5%`.
fn share(text: &str) -> Result<Share, String> {
    let percent = percent(text.trim_end_matches('%').trim_end());
    percent
        .map(|percent| Share((percent * 10.0).round() as u32))
        .map_err(|_| "a share of 0% to 100% is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_per_cent() {
        let of = |text| share(text).map(|share| share.of(2000));
        assert_eq!([of("30%"), of("30"), of("2.5 %"), of("100%")], [Ok(600), Ok(600), Ok(50), Ok(2000)]);
        assert!(share("101%").is_err() && share("-1").is_err() && share("much").is_err() && share("NaN").is_err());
        assert_eq!(share("2.5%").map(|share| share.to_string()), Ok("2.5 %".to_owned()));
    }
}
