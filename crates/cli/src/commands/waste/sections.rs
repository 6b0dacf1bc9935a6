//! The rows of each kind of waste.

use goheap_ask::Rounding;
use goheap_heap::waste::{Duplicates, Waste};
use goheap_model::Heap;
use goheap_report::answer::{Cell, Column, Kind, Section};

/// What was found.
pub(super) struct Told<'a> {
    pub(super) heap: &'a Heap,
    pub(super) waste: &'a Waste,
    pub(super) rounding: &'a [Rounding],
    /// Whether contents are shown.
    pub(super) values: bool,
}

/// Each kind: what scripts find it by, what it is, and what is counted.
const KINDS: [(&str, &str, &str); 13] = [
    ("duplicates", "the same strings and bytes again", "copies"),
    ("slack", "room behind the lengths of slices", "slices and strings"),
    ("before", "bytes before what slices and strings refer to", "slices and strings"),
    ("between", "bytes between what slices and strings refer to", "slices and strings"),
    ("behind", "bytes behind what slices and strings have room for", "slices and strings"),
    ("map_slots", "slots of maps without an entry", "slots"),
    ("map_deleted", "slots of maps that are marked as deleted", "slots"),
    ("map_empty", "slots of maps without any entry", "maps"),
    ("zeros", "objects of nothing but zeros", "objects"),
    ("boxed", "small values in a box for an interface", "boxes"),
    ("pointed", "small values behind a pointer, there again", "copies"),
    ("channels", "room in buffers of channels", "channels"),
    ("rounding", "what size classes round up", "objects"),
];

/// The sum of a kind.
pub(super) struct Sum {
    /// What scripts find it by.
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) bytes: u64,
    /// How many of what there are, and what they are.
    count: u64,
    of: &'static str,
}

impl Told<'_> {
    /// The sum of each kind.
    pub(super) fn sums(&self) -> Vec<Sum> {
        let of = |(key, name, of): (&'static str, &'static str, &'static str)| {
            let (bytes, count) = self.sum(key);
            Sum { key, name, bytes, count, of }
        };
        KINDS.into_iter().map(of).collect()
    }

    /// Bytes and number of a kind.
    fn sum(&self, key: &str) -> (u64, u64) {
        fn all<T>(rows: &[T], of: impl Fn(&T) -> (u64, u64)) -> (u64, u64) {
            rows.iter().map(of).fold((0, 0), |sum, row| (sum.0.saturating_add(row.0), sum.1.saturating_add(row.1)))
        }
        let waste = self.waste;
        let slack = &waste.slack.all;
        match key {
            "duplicates" => (waste.duplicates.lost, waste.duplicates.copies),
            "slack" => (slack.slack, slack.runs),
            "before" => (slack.before, slack.runs),
            "between" => (slack.between, slack.runs),
            "behind" => (slack.behind, slack.runs),
            "map_slots" => all(&waste.maps, |map| (map.free_bytes, map.slots.saturating_sub(map.entries))),
            "map_deleted" => all(&waste.maps, |map| (map.deleted.saturating_mul(map.slot_bytes), map.deleted)),
            "map_empty" => all(&waste.maps, |map| (map.empty_bytes, map.empty)),
            "zeros" => all(&waste.zeros, |zeros| (zeros.bytes, zeros.objects)),
            "boxed" => (waste.boxed.bytes, waste.boxed.runs),
            "pointed" => (waste.pointed.lost, waste.pointed.copies),
            "channels" => all(&waste.channels, |channel| (channel.free_bytes, channel.channels)),
            _ => all(self.rounding, |row| (row.rounding_bytes, row.objects)),
        }
    }

    /// A row a kind.
    pub(super) fn kinds(&self) -> Section {
        let reachable = self.heap.totals.reachable().bytes;
        let columns = [
            Column::new("kind", Kind::Word).hidden(),
            Column::bytes("bytes").of(reachable),
            Column::count("count"),
            Column::new("of", Kind::Word),
            Column::new("what", Kind::Text),
        ];
        let mut section = Section::new("kinds", columns);
        for sum in self.sums() {
            section.row([sum.key.into(), sum.bytes.into(), sum.count.into(), sum.of.into(), sum.name.into()]);
        }
        section
    }

    /// All others, in the order of the kinds.
    pub(super) fn details(&self) -> Vec<Section> {
        let waste = self.waste;
        let mut duplicates = self.duplicates("duplicates", &waste.duplicates);
        duplicates.title = "The same strings and byte slices again, by who refers to them".into();
        let mut boxed = self.duplicates("boxed", &waste.boxed);
        boxed.title = "Small values in a box for an interface, by type".into();
        let mut pointed = self.duplicates("pointed", &waste.pointed);
        pointed.title = "Small values behind a pointer, by who refers to them".into();
        let (maps, zeros, channels) = (self.maps(), self.zeros(), self.channels());
        vec![duplicates, self.contents(), self.slack(), maps, zeros, boxed, pointed, channels, self.of_rounding()]
    }

    fn name(&self, name: &str) -> Cell {
        self.heap.short_name(name).into_owned().into()
    }

    fn duplicates(&self, key: &str, duplicates: &Duplicates) -> Section {
        let columns = [
            Column::bytes("lost_bytes").headed("lost"),
            Column::count("copies"),
            Column::count("contents").spare(),
            Column::count("runs").headed("of").spare(),
            Column::bytes("bytes").spare(),
            Column::name("holder"),
            Column::name("type").spare(),
        ];
        let mut section = Section::new(key, columns);
        for row in &duplicates.holders {
            let name = [self.name(&row.holder), self.name(&row.ty)];
            let numbers = [row.lost, row.copies, row.contents, row.runs, row.bytes].map(Cell::from);
            section.row(numbers.into_iter().chain(name));
        }
        if duplicates.absent > 0 {
            section.notes.push(format!("{} are not in the core, and were not compared", duplicates.absent));
        }
        if duplicates.left_out > 0 {
            section.notes.push(format!("{} overlap so much that they were not compared", duplicates.left_out));
        }
        section
    }

    fn contents(&self) -> Section {
        let text = Column::new("text", Kind::Text);
        let columns = [
            Column::bytes("lost_bytes").headed("lost"),
            Column::count("runs"),
            Column::bytes("length").spare(),
            Column::new("hash", Kind::Word).spare(),
            if self.values { text } else { text.hidden() },
            Column::name("holder"),
            Column::name("type").spare(),
        ];
        let mut section = Section::new("contents", columns);
        section.title = "Contents that are there most, and who refers to the first of each".into();
        for row in &self.waste.duplicates.most {
            let text = row.text.clone().map_or(Cell::None, Cell::from);
            let (lost, hash) = (row.len.saturating_mul(row.runs - 1), format!("{:016x}", row.hash));
            let names = [self.name(&row.holder), self.name(&row.ty)];
            let cells: [Cell; 5] = [lost.into(), row.runs.into(), row.len.into(), hash.into(), text];
            section.row(cells.into_iter().chain(names));
        }
        section
    }

    fn slack(&self) -> Section {
        let columns = [
            Column::bytes("slack_bytes").headed("room"),
            Column::bytes("before_bytes").headed("before").spare(),
            Column::bytes("between_bytes").headed("between").spare(),
            Column::bytes("behind_bytes").headed("behind"),
            Column::bytes("bytes").headed("used").spare(),
            Column::count("runs").headed("of").spare(),
            Column::count("empty").spare(),
            Column::name("holder"),
            Column::name("type").spare(),
        ];
        let mut section = Section::new("slack", columns);
        section.title = "Room of slices and strings, by who refers to them".into();
        for row in self.waste.slack.holders.iter().filter(|row| row.lost() > 0) {
            let numbers =
                [row.slack, row.before, row.between, row.behind, row.bytes, row.runs, row.empty].map(Cell::from);
            section.row(numbers.into_iter().chain([self.name(&row.holder), self.name(&row.ty)]));
        }
        section
    }

    fn maps(&self) -> Section {
        let columns = [
            Column::bytes("free_bytes").headed("free"),
            Column::count("entries"),
            Column::count("slots"),
            Column::count("deleted").spare(),
            Column::bytes("slot_bytes").headed("a slot").spare(),
            Column::count("maps").spare(),
            Column::count("empty").spare(),
            Column::bytes("empty_bytes").hidden(),
            Column::name("type"),
            Column::count("absent").hidden(),
        ];
        let mut section = Section::new("maps", columns);
        section.title = "Slots of maps, by type".into();
        for row in &self.waste.maps {
            let numbers = [row.free_bytes, row.entries, row.slots, row.deleted, row.slot_bytes, row.maps, row.empty];
            let rest = [row.empty_bytes.into(), self.name(&row.ty), row.absent.into()];
            section.row(numbers.into_iter().map(Cell::from).chain(rest));
        }
        section
    }

    fn zeros(&self) -> Section {
        let columns =
            [Column::bytes("bytes"), Column::count("objects"), Column::count("of").spare(), Column::name("type")];
        let mut section = Section::new("zeros", columns);
        section.title = "Objects of nothing but zeros, of so many of a KiB or more, by type".into();
        for row in &self.waste.zeros {
            let ty = if row.ty.is_empty() { goheap_model::UNKNOWN_TYPE.into() } else { self.name(&row.ty) };
            section.row([row.bytes.into(), row.objects.into(), row.of.into(), ty]);
        }
        section
    }

    fn channels(&self) -> Section {
        let columns = [
            Column::bytes("free_bytes").headed("free"),
            Column::count("queued").spare(),
            Column::count("capacity").spare(),
            Column::count("channels"),
            Column::count("empty").spare(),
            Column::name("type"),
        ];
        let mut section = Section::new("channels", columns);
        section.title = "Room in buffers of channels, by type".into();
        for row in &self.waste.channels {
            let numbers = [row.free_bytes, row.queued, row.capacity, row.channels, row.empty].map(Cell::from);
            section.row(numbers.into_iter().chain([self.name(&row.ty)]));
        }
        section
    }

    fn of_rounding(&self) -> Section {
        let columns = [
            Column::bytes("rounding_bytes").headed("lost"),
            Column::count("objects"),
            Column::bytes("bytes").spare(),
            Column::name("type"),
        ];
        let mut section = Section::new("rounding", columns);
        section.title = "What size classes round up, by type".into();
        for row in self.rounding {
            section.row([row.rounding_bytes.into(), row.objects.into(), row.bytes.into(), self.name(&row.ty)]);
        }
        section
    }
}
