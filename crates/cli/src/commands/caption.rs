//! The words over the picture: what was looked at, and whether the numbers add up.

use goheap_heap::HeapSnapshot;
use goheap_image::Process;
use goheap_model::Share;
use goheap_report::Count;
use goheap_report::flame::FlameText;
use goheap_report::table::{grouped, human_bytes, percent};

/// Characters that fit over a picture of 1200 pixels; inferno does not wrap.
const SUBTITLE_CHARS: usize = 165;

/// What the widths of a picture mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Widths {
    /// Who reaches objects first.
    First,
    /// The same, with what is shared marked.
    FirstMarked,
    /// Who retains them.
    Retained,
}

impl Widths {
    fn meaning(self) -> &'static str {
        match self {
            Widths::First => "width: who reaches it first, not what dropping it would free",
            Widths::FirstMarked => "width: who reaches it first; dropping what is [shared] would not free it",
            Widths::Retained => "width: what would be freed if it went; [shared]: held in several ways that part here",
        }
    }
}

/// The words for a picture of `snapshot`.
pub(crate) fn caption(snapshot: &HeapSnapshot<'_, '_>, widths: Widths, count: Count, title: Option<&str>) -> FlameText {
    let (model, totals) = (snapshot.model, &snapshot.totals);
    let program = model.process.program_name();
    let verb = if widths == Widths::Retained { "retains" } else { "holds" };
    let all = amount(totals.allocated, count);
    let title =
        title.map_or_else(|| format!("{program}: who {verb} the heap ({}, {all})", model.version), str::to_owned);
    let sums = Sums {
        allocated: totals.allocated,
        reachable: totals.reachable(),
        not_known: totals.not_known,
        unreachable: totals.unreachable,
        is_reconciled: totals.is_reconciled(),
        missing: missing(model.process),
    };
    FlameText { title, subtitle: sums.subtitle(count, widths) }
}

/// What a truncated core lacks, in words.
pub(crate) fn missing(process: &Process) -> Option<String> {
    let diagnostics = &process.diagnostics;
    let bytes = diagnostics.missing_bytes;
    if bytes > 0 {
        return Some(format!("{} of the core are MISSING", human_bytes(bytes)));
    }
    let is_cut = diagnostics.missing_program_headers > 0
        || diagnostics.inferred_segment_count
        || diagnostics.core_unpacking.is_some();
    is_cut.then(|| "the end of the core is MISSING".to_owned())
}

struct Sums {
    allocated: Share,
    reachable: Share,
    not_known: Share,
    unreachable: Share,
    is_reconciled: bool,
    missing: Option<String>,
}

impl Sums {
    /// What is wrong comes first; the meaning of widths goes where there is no room.
    fn subtitle(&self, count: Count, widths: Widths) -> String {
        let mut parts = Vec::new();
        if !self.is_reconciled {
            parts.push("NOT RECONCILED".to_owned());
        }
        parts.extend(self.missing.clone());
        parts.push(format!(
            "allocated {} = reachable {} ({}){} + unreachable {}",
            amount(self.allocated, count),
            amount(self.reachable, count),
            percent(number(self.reachable, count), number(self.allocated, count)),
            not_known(self.not_known, amount(self.not_known, count)),
            amount(self.unreachable, count),
        ));
        let subtitle = parts.join("; ");
        let explained = format!("{subtitle}; {}", widths.meaning());
        if explained.chars().count() <= SUBTITLE_CHARS { explained } else { subtitle }
    }
}

/// A part of the sum that there mostly is none of.
pub(crate) fn not_known(share: Share, amount: String) -> String {
    if share.objects == 0 { String::new() } else { format!(" + not known to be reachable {amount}") }
}

fn number(share: Share, count: Count) -> u64 {
    match count {
        Count::Bytes => share.bytes,
        Count::Objects => share.objects,
    }
}

fn amount(share: Share, count: Count) -> String {
    match count {
        Count::Bytes => human_bytes(share.bytes),
        Count::Objects => format!("{} objects", grouped(share.objects)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(bytes: u64) -> Share {
        Share { bytes, objects: bytes / 16 }
    }

    #[test]
    fn the_subtitle_fits_and_begins_with_what_is_wrong() {
        let mut sums = Sums {
            allocated: share(1 << 20),
            reachable: share(1 << 19),
            not_known: share(0),
            unreachable: share(1 << 19),
            is_reconciled: true,
            missing: None,
        };
        let whole = "allocated 1.0 MiB = reachable 512.0 KiB (50.00 %) + unreachable 512.0 KiB";
        assert_eq!(sums.subtitle(Count::Bytes, Widths::First), format!("{whole}; {}", Widths::First.meaning()));
        let objects = "allocated 65,536 objects = reachable 32,768 objects (50.00 %) + unreachable 32,768 objects";
        assert!(sums.subtitle(Count::Objects, Widths::First).starts_with(objects));
        (sums.is_reconciled, sums.missing) = (false, Some("12.3 MiB of the core are MISSING".to_owned()));
        let wrong = "NOT RECONCILED; 12.3 MiB of the core are MISSING; ";
        assert!(sums.subtitle(Count::Bytes, Widths::First).starts_with(wrong));
        sums.allocated.bytes = u64::MAX;
        assert!(sums.subtitle(Count::Objects, Widths::First).chars().count() <= SUBTITLE_CHARS);
    }
}
