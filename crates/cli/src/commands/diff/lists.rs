//! The lists beside what grew: before and after by name.

use super::shown::{Shown, USUAL_ROWS};
use crate::commands::short_names::ShortNames;
use goheap_ask::diff::{Change, NamedChange, NamedCount, Side, changes};
use goheap_graph::{PathTrie, TrieNode, Weight};
use goheap_model::Share;
use goheap_report::answer::{BeforeAfter, Cell, Column, Section, change_cells, change_columns};

impl Shown<'_> {
    pub(super) fn types(&self) -> Section {
        let (before, after) = (self.compared.before(), self.compared.after());
        let mut rows = changes(&before.types, &after.types);
        let lived = self.compared.objects.as_ref().map(|objects| &objects.by_type);
        let lives: Vec<_> = rows.iter().map(|row| lived.and_then(|lived| lived.get(&row.name)).copied()).collect();
        if self.options.written.is_table() {
            rows.iter_mut().for_each(|row| ShortNames(&self.compared.names).name(&mut row.name));
        }
        let extra = ["survived", "perhaps", "new"].map(|key| Column::bytes(key).hidden());
        let mut section = Section::new("types", change_columns("type").into_iter().chain(extra));
        "By type".clone_into(&mut section.title);
        for (row, lives) in rows.iter().zip(lives) {
            if self.is_shown(row) {
                let lives = lives.map(|lives| [lives.survived.bytes, lives.perhaps.bytes, lives.new.bytes]);
                let lives = lives.map_or([Cell::None, Cell::None, Cell::None], |lives| lives.map(Cell::from));
                section.row(cells(row).into_iter().chain(lives));
            }
        }
        section.limit(self.options.most(USUAL_ROWS));
        section
    }

    pub(super) fn section(&self, key: &str, title: &str, rows: &[NamedChange]) -> Section {
        let mut section = Section::new(key, change_columns("name"));
        title.clone_into(&mut section.title);
        for row in rows.iter().filter(|row| self.is_shown(row)) {
            section.row(cells(row));
        }
        section.limit(self.options.most(USUAL_ROWS));
        section
    }

    /// On a screen what grew, else what changed.
    fn is_shown(&self, row: &NamedChange) -> bool {
        let by = if row.change.before.bytes == 0 && row.change.after.bytes == 0 {
            row.change.objects()
        } else {
            let bytes = row.change.bytes();
            if bytes.unsigned_abs() < self.options.min_size { 0 } else { bytes }
        };
        self.is_wanted(&row.name) && if self.options.written.is_table() { by > 0 } else { by != 0 }
    }

    /// What roots retain.
    pub(super) fn owners(&self) -> Vec<NamedChange> {
        let merged = &self.compared.merged;
        let is_owner = |node: &TrieNode| {
            let parent = merged.frames.trie.parent(*node);
            merged.frames.is_root(*node)
                && !merged.is_grouping[node.index()]
                && parent.is_some_and(|parent| merged.is_grouping[parent.index()])
        };
        let count = |node: TrieNode, sides: &[Side]| NamedCount {
            name: merged.frames.text(node).to_owned(),
            share: share(sides[node.index()].retained),
        };
        let owners: Vec<TrieNode> = merged.frames.trie.nodes().filter(is_owner).collect();
        let all = |sides: &[Side]| owners.iter().map(|&node| count(node, sides)).collect::<Vec<_>>();
        changes(&all(&merged.before), &all(&merged.after))
    }

    /// The dominator tree: what each path retains, where that changed.
    pub(super) fn frames(&self) -> Section {
        let merged = &self.compared.merged;
        let mut section = Section::new("frames", change_columns("frame"));
        "The dominator tree: what each path retains".clone_into(&mut section.title);
        let children = merged.frames.trie.children();
        // Deepest last: a stack instead of calls, for a trie may be deep.
        let mut open: Vec<(TrieNode, u32)> = vec![(PathTrie::ROOT, 0)];
        while let Some((node, depth)) = open.pop() {
            let (before, after) = (merged.before[node.index()].retained, merged.after[node.index()].retained);
            let name = if depth == 0 { "all" } else { merged.frames.text(node) };
            let row =
                NamedChange { name: name.to_owned(), change: Change { before: share(before), after: share(after) } };
            section.row(cells(&row)).depth = depth;
            let changed = |child: &&TrieNode| merged.bytes(**child).unsigned_abs() >= self.options.min_size.max(1);
            let mut below: Vec<TrieNode> = children.of(node).iter().filter(changed).copied().collect();
            below.sort_by_key(|&child| (merged.bytes(child), child));
            open.extend(below.into_iter().map(|child| (child, depth + 1)));
        }
        section.limit(self.options.most(usize::MAX));
        section
    }
}

fn share(weight: Weight) -> Share {
    Share { bytes: weight.bytes, objects: weight.objects }
}

fn cells(row: &NamedChange) -> Vec<Cell> {
    let Change { before, after } = row.change;
    let by = (after.bytes.saturating_sub(before.bytes), before.bytes.saturating_sub(after.bytes));
    let numbers = BeforeAfter {
        before: Some(before.bytes),
        after: Some(after.bytes),
        objects_before: Some(before.objects),
        objects_after: Some(after.objects),
    };
    change_cells(by, numbers, &row.name)
}
