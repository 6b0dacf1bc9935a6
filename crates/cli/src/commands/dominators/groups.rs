//! Groups of objects or roots by what they retain.

use super::{most_rows, sum};
use crate::args::{DominatorsOptions, RetainedBy};
use crate::commands::birth_calls;
use crate::commands::short_names::ShortNames;
use crate::open::Aside;
use crate::say::errors::Failure;
use foldhash::{HashMap, HashMapExt};
use goheap_ask::{
    BirthIndex, Grouping, HistogramRow, RetainedHistogram, RootGroup, RootGrouping, RootGroups, Selection,
    SharedByRoots, SiteGrouping, retained_histogram, root_groups, shared_by_roots,
};
use goheap_graph::Weight;
use goheap_model::{Dominance, Graph, Heap, MapRoom, ObjectId, RootKind, TypeId};
use goheap_report::dominators::{Group, RetainedGroups, SharedBy, Sum};
use std::cmp::Reverse;

/// By which groups what several hold is shared is told where that is one part in so many: it is one more walk over all references.
const WORTH_A_LOOK: u64 = 100;

/// What groups of one kind retain.
pub(super) fn report(
    graph: Graph<'_>,
    group: RetainedBy,
    options: &DominatorsOptions,
    aside: &Aside<'_>,
) -> Result<RetainedGroups, Failure> {
    let dominance = graph.dominance(aside.watch)?;
    let reachable = sum(graph.heap().totals.reachable());
    let report = RetainedGroups { reachable, ..RetainedGroups::default() };
    let asking = Asking { graph, dominance: &dominance, options, aside };
    match group {
        RetainedBy::Type => Ok(asking.types(RetainedGroups { group: "type", ..report })),
        RetainedBy::Package => asking.roots(RootGrouping::Package, RetainedGroups { group: "package", ..report }),
        RetainedBy::Root => asking.roots(RootGrouping::Root, RetainedGroups { group: "root", ..report }),
    }
}

struct Asking<'a> {
    graph: Graph<'a>,
    dominance: &'a Dominance,
    options: &'a DominatorsOptions,
    aside: &'a Aside<'a>,
}

impl Asking<'_> {
    fn is_wanted(&self, text: &str) -> bool {
        self.options.matching.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    fn types(&self, mut report: RetainedGroups) -> RetainedGroups {
        let (graph, heap) = (self.graph, self.graph.heap());
        let request = || {
            let (grouping, selection) = (Grouping::Whole, Selection::Reachable);
            RetainedHistogram { grouping, selection, is_wanted: |text: &str| self.is_wanted(text), exact: 0 }
        };
        let histogram = retained_histogram(graph, self.dominance, request());
        report.rows = histogram.rows.into_iter().map(of_type).collect();
        report.rows.sort_by(|a, b| (Reverse(a.retained), &a.name).cmp(&(Reverse(b.retained), &b.name)));
        self.limit(&mut report);
        let rooms = rooms_by_type(heap, &self.aside.maps);
        report.rows.iter_mut().for_each(|row| tell_room(row, rooms.get(&row.name).copied()));
        let is_table = self.options.written.is_table();
        if let Some(births) = &heap.births {
            let mut found =
                BirthIndex::new(graph, &self.dominance.tree, births).by_group(request(), SiteGrouping::Line);
            for row in &mut report.rows {
                let sites = found.remove(&row.name).unwrap_or_default();
                row.born = birth_calls::most(sites, births, is_table);
            }
        }
        if is_table {
            report.rows.iter_mut().for_each(|row| ShortNames(heap).name(&mut row.name));
        }
        report
    }

    fn roots(&self, grouping: RootGrouping, mut report: RetainedGroups) -> Result<RetainedGroups, Failure> {
        let (graph, dominance) = (self.graph, self.dominance);
        let found = root_groups(graph, dominance, grouping, |text| self.is_wanted(text));
        report.shared = Some(weight(found.shared));
        if found.shared.bytes > 0 && found.shared.bytes.saturating_mul(WORTH_A_LOOK) >= report.reachable.bytes {
            let shared = shared_by_roots(graph, dominance, grouping, self.aside.watch)?;
            report.shared_by = shared.into_iter().map(shared_by).collect();
        }
        report.rows = found.groups.iter().map(of_roots).collect();
        self.limit(&mut report);
        // Only of what is shown: each is a walk over all that it retains.
        self.look_closer(&found, &mut report.rows);
        Ok(report)
    }

    /// Leaves the rows that are shown: the first.
    fn limit(&self, report: &mut RetainedGroups) {
        let rows = report.rows.len();
        report.rows.retain(|row| row.retained >= self.options.min_size.unwrap_or(0));
        report.rows.truncate(most_rows(self.options));
        report.hidden = rows - report.rows.len();
    }

    fn look_closer(&self, found: &RootGroups, rows: &mut [Group]) {
        let (graph, dominance) = (self.graph, self.dominance);
        let births = graph.heap().births.as_ref();
        let index = births.map(|births| (BirthIndex::new(graph, &dominance.tree, births), births));
        for (row, group) in rows.iter_mut().zip(&found.groups) {
            row.referred_bytes = graph.retained_extent(dominance, group.node).map(|extent| extent.referred);
            tell_room(row, self.room_below(group.node));
            if let Some((index, births)) = &index {
                row.born = birth_calls::most_below(index, births, group.node, self.options.written.is_table());
            }
        }
    }

    /// Of the maps that a variable itself leads to.
    fn room_below(&self, root: u32) -> Option<MapRoom> {
        let is_variable = matches!(self.graph.root_node(root)?.kind, RootKind::Frame(_));
        if !is_variable {
            return None;
        }
        let maps = &self.aside.maps;
        let room = |node| maps.binary_search_by_key(&ObjectId(node), |map| map.0).ok().map(|at| maps[at].1);
        self.dominance.tree.children(root).filter_map(room).reduce(together)
    }
}

/// Of all maps of a type, by how that reads.
fn rooms_by_type(heap: &Heap, maps: &[(ObjectId, MapRoom)]) -> HashMap<String, MapRoom> {
    let mut by_type: HashMap<TypeId, (ObjectId, MapRoom)> = HashMap::new();
    for &(id, room) in maps {
        let ty = heap.object_types.of(id).ty();
        by_type.entry(ty).and_modify(|(_, sum)| sum.add(room)).or_insert((id, room));
    }
    let mut rooms: HashMap<String, MapRoom> = HashMap::new();
    for (id, room) in by_type.into_values() {
        let text = heap.text_key(heap.objects.slot(id)).and_then(|key| heap.whole_text(key));
        rooms.entry(text.unwrap_or_default()).or_default().add(room);
    }
    rooms
}

fn together(mut one: MapRoom, other: MapRoom) -> MapRoom {
    one.add(other);
    one
}

fn tell_room(row: &mut Group, room: Option<MapRoom>) {
    (row.map_entries, row.map_slots) = (room.map(|room| room.entries), room.map(|room| room.slots));
}

fn of_type(row: HistogramRow) -> Group {
    Group {
        name: row.name,
        retained: row.retained.unwrap_or(0),
        own: Some(sum(row.share)),
        referred_bytes: row.referred,
        ..Group::default()
    }
}

fn of_roots(group: &RootGroup) -> Group {
    let Weight { bytes, objects } = group.retained;
    Group { name: group.name.clone(), retained: bytes, retained_objects: Some(objects), ..Group::default() }
}

fn shared_by(shared: SharedByRoots) -> SharedBy {
    SharedBy {
        groups: shared.groups,
        and_others: shared.and_others,
        retained: shared.retained.bytes,
        retained_objects: shared.retained.objects,
    }
}

fn weight(weight: Weight) -> Sum {
    Sum { bytes: weight.bytes, objects: weight.objects }
}
