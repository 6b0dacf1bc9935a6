//! goheap's own note: where a core comes from that it took of a live process.
//!
//! Lines `name=value`, and for texts of several lines `name:BYTES` with the bytes behind it. Names that are not known are passed over, so
//! that later ones can be added. Like all of a core it may be made up: numbers that make no sense are absent, and texts are for
//! showing alone.

/// The note's owner and kind.
pub const PROVENANCE_OWNER: &[u8] = b"goheap";
/// The note's kind.
pub const PROVENANCE_KIND: u32 = 1;
/// Longest line that is read.
const LINE: usize = 4096;
/// Longest list of mappings that is written.
const MOST_MAPS: usize = 16 << 20;

/// When, why and how a core was taken, and what the process's memory was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The tool and its version.
    pub tool: String,
    /// When, in seconds since 1970.
    pub taken: Option<u64>,
    /// What was waited for; empty where it was asked for at once.
    pub trigger: String,
    /// How memory was read: `copy`, `fork`, `straight` (while the process stood still) or `running` (it did not).
    pub method: String,
    /// The limit of the narrowest control group of the process, bytes.
    pub limit: Option<u64>,
    /// Bytes that the group holds and cannot drop.
    pub used: Option<u64>,
    /// Resident bytes of the process.
    pub rss: Option<u64>,
    /// The most that it ever had (`VmHWM`).
    pub peak: Option<u64>,
    /// Bytes of memory of the machine.
    pub machine: Option<u64>,
    /// `/proc/PID/oom_score`.
    pub oom_score: Option<u64>,
    /// `/proc/PID/smaps_rollup`.
    pub smaps_rollup: String,
    /// `/proc/PID/maps`, which has names that no other note has.
    pub maps: Vec<u8>,
}

impl Provenance {
    /// The contents of the note.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |name: &str, value: &str| {
            let is_safe = |letter: &char| !letter.is_control();
            let value: String = value.chars().filter(is_safe).take(LINE / 8).collect();
            if !value.is_empty() {
                out.extend(format!("{name}={value}\n").into_bytes());
            }
        };
        let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        line("tool", &self.tool);
        line("taken", &number(self.taken));
        line("trigger", &self.trigger);
        line("method", &self.method);
        let numbers = [
            ("limit", self.limit),
            ("used", self.used),
            ("rss", self.rss),
            ("peak", self.peak),
            ("machine", self.machine),
            ("oom-score", self.oom_score),
        ];
        for (name, value) in numbers {
            line(name, &number(value));
        }
        let maps = &self.maps[..self.maps.len().min(MOST_MAPS)];
        for (name, text) in [("smaps-rollup", self.smaps_rollup.as_bytes()), ("maps", maps)] {
            out.extend(format!("{name}:{}\n", text.len()).into_bytes());
            out.extend(text);
            out.push(b'\n');
        }
        out
    }

    /// Of a note's contents; `None` where they are no lines at all.
    pub(crate) fn parse(note: &[u8]) -> Option<Provenance> {
        let mut found = Provenance::default();
        let (mut rest, mut is_any) = (note, false);
        while let Some(end) = rest.iter().take(LINE).position(|&byte| byte == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            let line = String::from_utf8_lossy(line);
            if let Some((name, value)) = line.split_once('=') {
                is_any |= found.set(name, value);
            } else if let Some((name, len)) = line.split_once(':') {
                let len: usize = len.parse().ok()?;
                let text = rest.get(..len)?;
                found.set_text(name, text);
                // A line feed ends it.
                rest = rest.get(len + 1..).unwrap_or_default();
            } else {
                break;
            }
        }
        is_any.then_some(found)
    }

    fn set(&mut self, name: &str, value: &str) -> bool {
        let number = value.parse().ok();
        match name {
            "tool" => value.clone_into(&mut self.tool),
            "taken" => self.taken = number,
            "trigger" => value.clone_into(&mut self.trigger),
            "method" => value.clone_into(&mut self.method),
            "limit" => self.limit = number,
            "used" => self.used = number,
            "rss" => self.rss = number,
            "peak" => self.peak = number,
            "machine" => self.machine = number,
            "oom-score" => self.oom_score = number,
            _ => return false,
        }
        true
    }

    fn set_text(&mut self, name: &str, text: &[u8]) {
        match name {
            "smaps-rollup" => self.smaps_rollup = String::from_utf8_lossy(text).into_owned(),
            "maps" => self.maps = text.to_vec(),
            _ => {}
        }
    }

    /// What the process was held against: what is used of how much, bytes. The control group where that has a limit, else the machine.
    pub fn share(&self) -> Option<(u64, u64)> {
        let of_group = self.used.zip(self.limit);
        of_group.or_else(|| self.rss.zip(self.machine)).filter(|(_, whole)| *whole > 0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn whole() -> Provenance {
        Provenance {
            tool: "goheap 1".to_owned(),
            taken: Some(1_700_000_000),
            trigger: "rss > 80%".to_owned(),
            method: "copy".to_owned(),
            limit: Some(512 << 20),
            used: Some(420 << 20),
            rss: Some(1),
            peak: Some(2),
            machine: Some(3),
            oom_score: Some(4),
            smaps_rollup: "a\nb\n".to_owned(),
            maps: b"1000-2000 r-xp\n\xff\n".to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Provenance::parse(&whole().encode()), Some(whole()));
        assert_eq!(whole().share(), Some((420 << 20, 512 << 20)));
        let unlimited = Provenance { limit: None, ..whole() };
        assert_eq!(Provenance::parse(&unlimited.encode()).unwrap().share(), Some((1, 3)));
    }

    #[test]
    fn a_made_up_note_harms_nothing() {
        let mut note = whole().encode();
        note.truncate(note.len() - 5);
        assert_eq!(Provenance::parse(&note), None, "a text that is cut");
        for text in ["", "\n", "junk", "a=b\n", "maps:99999999999999999999\n", "maps:18446744073709551615\nx"] {
            assert_eq!(Provenance::parse(text.as_bytes()), None, "{text:?}");
        }
        let odd = Provenance::parse(b"tool=x\nlimit=-5\nused=1e9\nlater=7\nlimit=0\n").unwrap();
        assert_eq!((odd.limit, odd.used, odd.share()), (Some(0), None, None));
        let long = Provenance { trigger: "\n\x1b".repeat(5000) + "x", ..whole() };
        assert_eq!(Provenance::parse(&long.encode()).unwrap().trigger, "x");
    }
}
