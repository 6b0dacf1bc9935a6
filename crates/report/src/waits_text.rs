//! What goroutines wait for together, for people.

use crate::goroutines_text::{duration, short};
use crate::page::{Lines, Page};
use crate::table::grouped;
use crate::text::{shortened, terminal_text};
use goheap_model::waits::{Awaited, Deadlock, Lock, ProbableHolder, SuspectedWait, WaitsReport};
use std::io::{self, Write};

/// Longest way to a lock, in characters.
const WAY_CHARS: usize = 100;
/// Goroutines of a deadlock that are told.
const MOST_LINKS: usize = 8;

/// The sections of a listing: an empty line before each.
pub(crate) fn write(report: &WaitsReport, out: &mut Lines<impl Write>) -> io::Result<()> {
    let page = out.page();
    let mut lines = Vec::new();
    for deadlock in &report.deadlocks {
        lines.extend([String::new(), deadlock_text(deadlock)]);
    }
    if !report.suspicions.is_empty() {
        lines.extend([
            String::new(),
            "suspected: nothing proves that these leak, but nobody seems to end their wait".to_owned(),
        ]);
        lines.extend(report.suspicions.iter().flat_map(|one| suspicion_lines(one, page)));
        lines.extend(left_out(report.suspicions_left_out));
    }
    if !report.locks.is_empty() {
        lines.extend([String::new(), "locks that goroutines wait for".to_owned()]);
        lines.extend(report.locks.iter().flat_map(lock_lines));
        lines.extend(left_out(report.locks_left_out));
    }
    write_lines(&lines, out)
}

/// A line each, for the overview.
pub(crate) fn write_summary(report: &WaitsReport, out: &mut impl Write) -> io::Result<()> {
    if report.is_empty() {
        return Ok(());
    }
    let mut lines = vec![String::new(), "waits".to_owned()];
    lines.extend(report.deadlocks.iter().map(|deadlock| format!("  {}", deadlock_text(deadlock))));
    for one in &report.suspicions {
        let way = way(&one.awaited);
        let what = format!("  suspected: {} {}{way}", waiters(one.goroutines), wanted(&one.awaited));
        lines.push(format!("{what}; {}", one.why.first().map_or("", |why| why)));
    }
    lines.extend(left_out(report.suspicions_left_out));
    for lock in &report.locks {
        let suspected = if lock.suspected > 0 { "suspected: " } else { "" };
        let holder = lock.holders.first().map_or_else(
            || "no goroutine is seen to have it".to_owned(),
            |holder| format!("{} has it", holders_text(holder, lock)),
        );
        lines.push(format!(
            "  {suspected}{} for {}{}; {holder}",
            waiters(lock.goroutines),
            title(&lock.awaited),
            way(&lock.awaited)
        ));
    }
    lines.extend(left_out(report.locks_left_out));
    if !report.suspicions.is_empty() || !report.locks.is_empty() {
        lines.push("  (goroutines --waits tells more)".to_owned());
    }
    write_lines(&lines, out)
}

fn write_lines(lines: &[String], out: &mut impl Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{}", terminal_text(line)))
}

fn left_out(count: u64) -> Option<String> {
    (count > 0).then(|| format!("  ({} more; goroutines --waits shows all)", grouped(count)))
}

fn waiters(count: u64) -> String {
    format!("{} goroutine{}", grouped(count), if count == 1 { " waits" } else { "s wait" })
}

/// `to send on chan main.result, held by main.app .results`.
pub fn awaited_text(awaited: &Awaited) -> String {
    format!("{}{}", wanted(awaited), way(awaited))
}

/// `to send on chan main.result`, `for sync.Mutex main.first`.
pub(crate) fn wanted(awaited: &Awaited) -> String {
    let has = |mode: &str| awaited.waiting.iter().any(|waiting| waiting.mode == mode);
    let verb = match (has("send"), has("receive")) {
        (true, true) => "to send on or receive from",
        (true, false) => "to send on",
        (false, true) => "to receive from",
        _ => "for",
    };
    format!("{verb} {}", title(awaited))
}

/// `sync.Mutex main.account .mu`, `chan main.result`.
pub(crate) fn title(awaited: &Awaited) -> String {
    match awaited.kind {
        "chan" => awaited.name.clone(),
        kind if kind == awaited.name => kind.to_owned(),
        kind => format!("{kind} {}", awaited.name),
    }
}

fn way(awaited: &Awaited) -> String {
    let way = awaited.held_by.as_deref().filter(|way| *way != awaited.name);
    way.map_or_else(String::new, |way| format!(", held by {}", shortened(way, WAY_CHARS)))
}

fn facts(awaited: &Awaited) -> String {
    let state = Some(awaited.state.clone()).filter(|state| !state.is_empty());
    let wait = awaited.oldest_wait_seconds.map(|seconds| format!("oldest wait at least {}", duration(seconds)));
    let ids: Vec<String> = awaited.ids.iter().take(3).map(u64::to_string).collect();
    let ids = (!ids.is_empty())
        .then(|| format!("e.g. goroutine{} {}", if ids.len() == 1 { "" } else { "s" }, ids.join(", ")));
    let all = [Some(format!("at {}", awaited.addr)), state, ids, wait];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn suspicion_lines(one: &SuspectedWait, page: Page) -> Vec<String> {
    let awaited = &one.awaited;
    let place = one.place.as_ref().map_or_else(String::new, |place| {
        let part =
            if one.at_place < one.goroutines { format!("{} of them ", grouped(one.at_place)) } else { String::new() };
        format!(", {part}in {}", short(place, page))
    });
    let creator = one.created_by.as_ref().map_or_else(String::new, |frame| format!("; made by {}", short(frame, page)));
    let mut lines = vec![
        format!("  {} {}{}{}", waiters(one.goroutines), wanted(awaited), way(awaited), other_cases(one)),
        format!("      {}{place}{creator}", facts(awaited)),
    ];
    lines.extend(one.why.iter().map(|why| format!("      {why}")));
    lines
}

/// The other cases of a select.
fn other_cases(one: &SuspectedWait) -> String {
    let told = |case: &Awaited| format!("; or {}{}", wanted(case), way(case));
    one.or.iter().map(told).collect()
}

fn lock_lines(lock: &Lock) -> Vec<String> {
    let awaited = &lock.awaited;
    let modes: Vec<String> = awaited.waiting.iter().filter(|_| awaited.kind == "sync.RWMutex").map(mode_text).collect();
    let modes = if modes.is_empty() { String::new() } else { format!(" ({})", modes.join(", ")) };
    let mut lines = vec![
        format!("  {} for {}{}", waiters(lock.goroutines), title(awaited), way(awaited)),
        format!("      {}{modes}", facts(awaited)),
    ];
    lines.extend(lock.holders.iter().map(|holder| format!("      probably held by {}", holder_text(holder))));
    if lock.holders_left_out > 0 {
        lines.push(format!("      or by {} more", grouped(lock.holders_left_out)));
    }
    if lock.holders.is_empty() {
        lines.push("      no goroutine is seen to have it".to_owned());
    }
    lines.extend(lock.why.iter().map(|why| format!("      suspected: {why}")));
    lines
}

fn mode_text(waiting: &goheap_model::waits::Waiting) -> String {
    let text = match waiting.mode {
        "read" => "to read",
        "drain" => "to write, once the readers have left",
        _ => "to write",
    };
    format!("{} {text}", grouped(waiting.goroutines))
}

/// The holder with why it is thought to be it.
pub(crate) fn holder_text(holder: &ProbableHolder) -> String {
    let at = match holder.hops {
        0 if holder.exact => "holds its address".to_owned(),
        0 => "holds the address of what it is in".to_owned(),
        1 => "leads to it by one reference".to_owned(),
        hops => format!("leads to it by {hops} references"),
    };
    let file = holder.file.rsplit('/').next().unwrap_or_default();
    format!(
        "goroutine {} ({}): its {} has locked at {file}:{}, stands at line {}, has yet to unlock, and {at}",
        holder.id, holder.state, holder.function, holder.locked_line, holder.line
    )
}

fn holders_text(holder: &ProbableHolder, lock: &Lock) -> String {
    let more = lock.holders.len() as u64 - 1 + lock.holders_left_out;
    let or = if more == 0 { String::new() } else { format!(" or one of {} others", grouped(more)) };
    format!("probably goroutine {} ({}){or}", holder.id, holder.state)
}

/// `deadlock: goroutine 18 waits for 19, which has A; 19 waits …`.
pub(crate) fn deadlock_text(deadlock: &Deadlock) -> String {
    let links = &deadlock.links;
    let told = |link: &goheap_model::waits::Link| format!("{} for {}", link.id, link.name);
    match &**links {
        [only] => format!("deadlock, probably: goroutine {} waits for {}, which it has itself", only.id, only.name),
        _ => {
            let each: Vec<String> = links.iter().take(MOST_LINKS).map(told).collect();
            let more = links.len().saturating_sub(MOST_LINKS);
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            format!("deadlock, probably: {} goroutines wait for each other: {}{more}", links.len(), each.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::waits::{Link, Waiting};

    fn mutex() -> Awaited {
        Awaited {
            kind: "sync.Mutex",
            addr: "0xc000010008".to_owned(),
            name: "main.account .mu".to_owned(),
            held_by: Some("main.savings .accounts [i]".to_owned()),
            waiting: vec![Waiting { mode: "lock", goroutines: 2 }],
            ids: vec![18, 19],
            ..Awaited::default()
        }
    }

    #[test]
    fn a_report_reads_as_sentences() {
        let holder = ProbableHolder {
            id: 20,
            state: "sleep".to_owned(),
            function: "main.f".to_owned(),
            file: "/src/main.go".to_owned(),
            locked_line: 3,
            line: 5,
            ..ProbableHolder::default()
        };
        let lock = Lock { awaited: mutex(), goroutines: 2, holders: vec![holder], ..Lock::default() };
        let link = |id, name: &str| Link { id, addr: String::new(), name: name.to_owned() };
        let deadlock = Deadlock { links: vec![link(18, "main.a"), link(19, "main.b")] };
        let queue = Awaited {
            kind: "chan",
            addr: "0xc000020000".to_owned(),
            name: "chan int".to_owned(),
            held_by: Some("main.queue".to_owned()),
            state: "unbuffered".to_owned(),
            waiting: vec![Waiting { mode: "send", goroutines: 30 }],
            oldest_wait_seconds: Some(90.0),
            ..Awaited::default()
        };
        let why = vec!["no goroutine waits to receive from it".to_owned()];
        let suspicion = SuspectedWait { awaited: queue, goroutines: 30, at_place: 30, why, ..SuspectedWait::default() };
        let report = WaitsReport {
            suspected: 30,
            suspicions: vec![suspicion],
            locks: vec![lock],
            deadlocks: vec![deadlock],
            locks_left_out: 2,
            ..WaitsReport::default()
        };
        let mut out = Vec::new();
        write(&report, &mut Page::default().lines(&mut out)).unwrap_or_default();
        write_summary(&report, &mut out).unwrap_or_default();
        let text = String::from_utf8_lossy(&out).into_owned();
        let expected = [
            "",
            "deadlock, probably: 2 goroutines wait for each other: 18 for main.a, 19 for main.b",
            "",
            "suspected: nothing proves that these leak, but nobody seems to end their wait",
            "  30 goroutines wait to send on chan int, held by main.queue",
            "      at 0xc000020000; unbuffered; oldest wait at least 1 min",
            "      no goroutine waits to receive from it",
            "",
            "locks that goroutines wait for",
            "  2 goroutines wait for sync.Mutex main.account .mu, held by main.savings .accounts [i]",
            "      at 0xc000010008; e.g. goroutines 18, 19",
            "      probably held by goroutine 20 (sleep): its main.f has locked at main.go:3, stands at line 5, has yet to unlock, \
             and holds the address of what it is in",
            "  (2 more; goroutines --waits shows all)",
            "",
            "waits",
            "  deadlock, probably: 2 goroutines wait for each other: 18 for main.a, 19 for main.b",
            "  suspected: 30 goroutines wait to send on chan int, held by main.queue; no goroutine waits to receive from it",
            "  2 goroutines wait for sync.Mutex main.account .mu, held by main.savings .accounts [i]; probably goroutine 20 \
             (sleep) has it",
            "  (2 more; goroutines --waits shows all)",
            "  (goroutines --waits tells more)",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
    }
}
