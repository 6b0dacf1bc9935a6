//! Calls that allocated, as `births` and others tell them.

use goheap_ask::{BirthIndex, BirthSite, BirthSites, SiteGrouping};
use goheap_model::{BirthCall, Births};
use goheap_report::dominators::Born;
use goheap_report::table::grouped;

/// Calls that are told of an object, on a screen.
const CALLS_OF_OBJECT: usize = 8;
/// Lines that are told of a row of another command's table.
const SITES_OF_ROW: usize = 3;
/// What stands for a line that is not known.
pub(crate) const NO_STACK: &str = "(stack not known)";

/// The calls that allocated an object.
pub(crate) fn born(calls: &[BirthCall], is_table: bool) -> Vec<String> {
    if !is_table {
        return calls.iter().map(BirthCall::text).collect();
    }
    let mut born: Vec<String> = calls.iter().take(CALLS_OF_OBJECT).map(BirthCall::short_text).collect();
    let more = calls.len() - born.len();
    if more > 0 {
        born.push(format!("… {} calls more: see --json", grouped(more as u64)));
    }
    born
}

/// The lines that allocated most of what a node retains.
pub(crate) fn most_below(index: &BirthIndex<'_>, births: &Births, node: u32, is_table: bool) -> Vec<Born> {
    most(index.below(node, SiteGrouping::Line), births, is_table)
}

/// The first of sites.
pub(crate) fn most(sites: BirthSites, births: &Births, is_table: bool) -> Vec<Born> {
    let most = if is_table { SITES_OF_ROW } else { usize::MAX };
    let born = |site: BirthSite| {
        let call = site.calls.first().and_then(|&call| births.call(call));
        let text = |call: &BirthCall| if is_table { call.short_text() } else { call.text() };
        let site_text = call.map_or_else(|| NO_STACK.to_owned(), text);
        Born { site: site_text, samples: site.count.samples, bytes: site.count.bytes }
    };
    sites.sites.into_iter().take(most).map(born).collect()
}
