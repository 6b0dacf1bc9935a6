//! `--timings`: a line a stage on stderr, and nothing else changes.

mod common;

use common::carried;

#[test]
fn every_stage_has_a_line_with_its_times_and_memory() {
    let carried = carried("1.27");
    let plain = goheap!(carried.core, "--exe", carried.exe, "-q", "overview").ok();
    let timed = goheap!(carried.core, "--exe", carried.exe, "-q", "overview", "--timings").ok();
    assert_eq!(timed.stdout, plain.stdout);
    assert_eq!(plain.stderr, "");
    let lines: Vec<&str> = timed.stderr.lines().collect();
    for stage in ["open", "spans", "roots", "inference", "sums", "report", "all"] {
        let start = format!("goheap: {stage} ");
        let line = lines.iter().find(|line| line.starts_with(&start));
        let numbers = line.into_iter().flat_map(|line| line.split_whitespace().rev().take(3));
        let numbers: Vec<f64> = numbers.filter_map(|number| number.parse().ok()).collect();
        assert!(
            matches!(numbers[..], [peak, cpu, wall] if peak > 0.0 && cpu >= 0.0 && wall >= 0.0),
            "{stage}: {line:?}"
        );
    }
}
