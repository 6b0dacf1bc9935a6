//! Bytes of runs that may overlap, each counted once.

use std::ops::Range;

/// Cuts a row of so many into chunks of about `size`, each of which begins where `may_begin` says so of its first, which is not the first of all.
pub(super) fn split(len: usize, size: usize, may_begin: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let (mut chunks, mut start) = (Vec::with_capacity(len / size + 1), 0);
    while start < len {
        let end = (start.saturating_add(size)..len).find(|&at| may_begin(at)).unwrap_or(len);
        chunks.push(start..end);
        start = end;
    }
    chunks
}

/// A run of bytes, and whether it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// For each run of `gone`, in order of start, how many of its bytes lie in no run of `kept` and in none of `gone` before it. Those of `kept`
/// are in order of start too.
pub(super) fn uncovered(gone: &[Run], kept: &[Run], mut told: impl FnMut(usize, u64)) {
    // Runs of `kept` that end before are behind, and those that overlap are one.
    let mut merged: Vec<Run> = Vec::with_capacity(kept.len());
    for run in kept.iter().filter(|run| run.end > run.start) {
        match merged.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => merged.push(*run),
        }
    }
    let (mut counted, mut next) = (0, 0);
    for (index, run) in gone.iter().enumerate() {
        let start = run.start.max(counted);
        if start >= run.end {
            told(index, 0);
            continue;
        }
        counted = run.end;
        while merged.get(next).is_some_and(|kept| kept.end <= start) {
            next += 1;
        }
        let (mut bytes, mut at) = (run.end - start, next);
        while let Some(kept) = merged.get(at).filter(|kept| kept.start < run.end) {
            bytes -= kept.end.min(run.end) - kept.start.max(start);
            at += 1;
        }
        told(index, bytes);
        next = at.saturating_sub(1).max(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_begin_where_they_may() {
        assert_eq!(split(10, 3, |at| at % 2 == 0), [0..4, 4..8, 8..10]);
        assert_eq!(split(10, 3, |at| at == 9), [0..9, 9..10]);
        assert_eq!(split(0, 3, |_| true), []);
    }

    fn run((start, end): (u64, u64)) -> Run {
        Run { start, end }
    }

    fn told(gone: &[(u64, u64)], kept: &[(u64, u64)]) -> Vec<u64> {
        let of = |runs: &[(u64, u64)]| runs.iter().copied().map(run).collect::<Vec<_>>();
        let mut found = Vec::new();
        uncovered(&of(gone), &of(kept), |_, bytes| found.push(bytes));
        found
    }

    #[test]
    fn each_byte_is_counted_once_and_not_where_something_stays() {
        assert_eq!(told(&[(0, 10), (5, 15), (6, 8)], &[]), [10, 5, 0]);
        assert_eq!(told(&[(0, 10), (20, 30)], &[(2, 4), (3, 6), (9, 21)]), [5, 9]);
        assert_eq!(told(&[(0, 10)], &[(0, 10)]), [0]);
        assert_eq!(told(&[(4, 8), (4, 12), (12, 16)], &[(0, 5), (11, 13)]), [3, 3, 3]);
    }

    #[test]
    fn runs_of_every_kind_are_what_single_bytes_would_be() {
        let mut number = 7_u64;
        let mut next = |below: u64| {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (number >> 33) % below
        };
        for _ in 0..200 {
            let mut make = |count: u64| {
                let mut runs: Vec<(u64, u64)> = (0..count).map(|_| next(60)).map(|at| (at, at)).collect();
                runs.iter_mut().for_each(|run| run.1 += next(12));
                runs.sort_unstable();
                runs
            };
            let (gone, kept) = (make(9), make(5));
            let mut is_free = [true; 80];
            kept.iter().for_each(|run| is_free[run.0 as usize..run.1 as usize].fill(false));
            let expected: Vec<u64> = gone
                .iter()
                .map(|run| {
                    let bytes = &mut is_free[run.0 as usize..run.1 as usize];
                    let count = bytes.iter().filter(|&&is| is).count() as u64;
                    bytes.fill(false);
                    count
                })
                .collect();
            assert_eq!(told(&gone, &kept), expected, "{gone:?} {kept:?}");
        }
    }
}
