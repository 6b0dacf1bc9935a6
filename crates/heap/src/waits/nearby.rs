//! What lies within few references of an object: for each object once, however many lead to it.

use foldhash::{HashMap, HashSet};
use goheap_graph::IdBitSet;
use std::rc::Rc;

/// References from an object that are followed: of a table with more the first.
const MOST_TARGETS: usize = 4096;
/// What is gathered of an object before what is there twice is left out.
const GATHERED: usize = 1 << 14;

/// A thing and by how many references it is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Near {
    /// 0 where the pointer leads into the object that it is in.
    pub(super) hops: u32,
    /// The number of its group.
    pub(super) group: u32,
    /// The itab of the interface by which it is held, 0 where it is held by a pointer.
    pub(super) itab: u64,
}

impl Near {
    pub(super) fn new(group: u32, hops: u32) -> Self {
        Near { group, hops, itab: 0 }
    }
}

/// Each thing once by each itab, by the fewest references, and those that are nearest first.
pub(super) fn put_in_order(near: &mut Vec<Near>) {
    near.sort_unstable_by_key(|near| (near.group, near.itab, near.hops));
    near.dedup_by_key(|near| (near.group, near.itab));
    near.sort_unstable();
}

/// The graph that is looked through.
pub(super) trait Links {
    /// What is in an object, at 0 references, and what it holds by interfaces, at 1 if `hops` are so many.
    fn own(&self, object: u32, hops: u32) -> Vec<Near>;

    /// The objects that it leads to; numbers that are no objects are passed over.
    fn targets(&self, object: u32) -> &[u32];

    /// Objects have numbers below this one.
    fn objects(&self) -> u32;
}

/// What an object has itself, and the lists of those that it leads to.
type Parts = (Vec<Near>, Vec<*const Near>);

/// Lists of what is near.
///
/// # Overhead
/// Some 64 bytes an object that has something near, 16 a thing of each list that differs from all others, and for each number of
/// references a bit an object.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    /// By how many references may be gone yet.
    nothing: Vec<IdBitSet>,
    known: HashMap<(u32, u32), Rc<[Near]>>,
    /// Objects that lead to the same have one list.
    lists: HashSet<Rc<[Near]>>,
    merged: HashMap<Parts, Rc<[Near]>>,
    things: u64,
}

impl Nearby {
    /// What is within `hops` references of an object, as [`put_in_order`] has it; None where nothing is. Equal lists are the same one.
    ///
    /// Each object is gone through once for each number of references that may be gone from it yet.
    pub(super) fn of(&mut self, links: &dyn Links, object: u32, hops: u32) -> Option<Rc<[Near]>> {
        self.nothing.resize_with(self.nothing.len().max(hops as usize + 1), IdBitSet::default);
        if self.nothing[hops as usize].contains(object) {
            return None;
        }
        if let Some(known) = self.known.get(&(object, hops)) {
            return Some(Rc::clone(known));
        }
        let found = self.search(links, object, hops);
        match &found {
            Some(found) => _ = self.known.insert((object, hops), Rc::clone(found)),
            None => _ = self.nothing[hops as usize].insert(object),
        }
        found
    }

    fn search(&mut self, links: &dyn Links, object: u32, hops: u32) -> Option<Rc<[Near]>> {
        let own = links.own(object, hops);
        let (mut lists, mut met) = (Vec::new(), HashSet::default());
        if let Some(left) = hops.checked_sub(1) {
            for &to in links.targets(object).iter().take(MOST_TARGETS).filter(|to| **to < links.objects()) {
                let of_target = self.of(links, to, left);
                lists.extend(of_target.filter(|list| met.insert(list.as_ptr())));
            }
        }
        if own.is_empty() && lists.is_empty() {
            return None;
        }
        lists.sort_unstable_by_key(|list| list.as_ptr());
        let key = (own, lists.iter().map(|list| list.as_ptr()).collect());
        if let Some(known) = self.merged.get(&key) {
            return Some(Rc::clone(known));
        }
        let merged = self.list(merged(&key.0, &lists));
        self.things += (key.0.len() + key.1.len()) as u64;
        self.merged.insert(key, Rc::clone(&merged));
        Some(merged)
    }

    /// A list, in order, that is the same one whenever it has the same in it.
    pub(super) fn list(&mut self, mut near: Vec<Near>) -> Rc<[Near]> {
        put_in_order(&mut near);
        if let Some(known) = self.lists.get(&*near) {
            return Rc::clone(known);
        }
        let list: Rc<[Near]> = near.into();
        self.things += list.len() as u64;
        self.lists.insert(Rc::clone(&list));
        list
    }

    /// Bytes that the lists take, about.
    pub(super) fn bytes(&self) -> u64 {
        self.known.len() as u64 * 64 + self.things * size_of::<Near>() as u64
    }
}

/// What an object has itself, and what those have that it leads to.
fn merged(own: &[Near], lists: &[Rc<[Near]>]) -> Vec<Near> {
    let (mut found, mut room) = (own.to_vec(), GATHERED);
    for list in lists {
        found.extend(list.iter().map(|near| Near { hops: near.hops + 1, ..*near }));
        if found.len() > room {
            put_in_order(&mut found);
            room = found.len() + GATHERED;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::cell::Cell;

    struct Graph {
        targets: Vec<Vec<u32>>,
        things: HashMap<u32, Vec<Near>>,
        steps: Cell<usize>,
    }

    impl Graph {
        fn new(targets: Vec<Vec<u32>>, things: &[(u32, Near)]) -> Self {
            let mut of_objects = HashMap::<u32, Vec<Near>>::default();
            things.iter().for_each(|&(object, near)| of_objects.entry(object).or_default().push(near));
            Graph { targets, things: of_objects, steps: Cell::new(0) }
        }
    }

    impl Links for Graph {
        fn own(&self, object: u32, hops: u32) -> Vec<Near> {
            let things = self.things.get(&object).into_iter().flatten();
            things.filter(|near| near.hops <= hops).copied().collect()
        }

        fn targets(&self, object: u32) -> &[u32] {
            let targets = &self.targets[object as usize];
            self.steps.set(self.steps.get() + targets.len());
            targets
        }

        fn objects(&self) -> u32 {
            self.targets.len() as u32
        }
    }

    #[test]
    fn each_thing_is_met_by_the_fewest_references() {
        // 0 leads to 1 and 2, 1 to 3, 3 to 2 and 4, 4 to 5.
        let targets = vec![vec![1, 2, 77], vec![3], vec![], vec![2, 4], vec![5], vec![]];
        let by_interface = Near { group: 9, hops: 1, itab: 8 };
        let graph = Graph::new(targets, &[(2, Near::new(7, 0)), (3, by_interface), (5, Near::new(8, 0))]);
        let mut nearby = Nearby::default();
        let found =
            |nearby: &mut Nearby, object| nearby.of(&graph, object, 3).map_or_else(Vec::new, |near| near.to_vec());
        assert_eq!(found(&mut nearby, 0), [Near::new(7, 1), Near { group: 9, hops: 3, itab: 8 }]);
        assert_eq!(found(&mut nearby, 1), [Near::new(7, 2), Near { group: 9, hops: 2, itab: 8 }, Near::new(8, 3)]);
        assert_eq!(found(&mut nearby, 2), [Near::new(7, 0)]);
        // No reference is left by which an interface would hold it.
        assert_eq!(nearby.of(&graph, 3, 0), None);
    }

    #[test]
    fn what_many_lead_to_is_gone_through_once() {
        // Each of many leads to a server with a table of a thousand, of which each has a thing.
        const MANY: u32 = 20_000;
        const TABLE: u32 = 1000;
        let server = MANY;
        let mut targets = vec![vec![server]; MANY as usize];
        targets.push((server + 1..=server + TABLE).collect());
        targets.resize((server + TABLE + 1) as usize, Vec::new());
        let things: Vec<(u32, Near)> = (1..=TABLE).map(|one| (server + one, Near::new(one, 0))).collect();
        let graph = Graph::new(targets, &things);
        let mut nearby = Nearby::default();
        let first = nearby.of(&graph, 0, 3).unwrap();
        assert_eq!((first.len(), first[0]), (TABLE as usize, Near::new(1, 2)));
        for object in 1..MANY {
            assert!(Rc::ptr_eq(&first, &nearby.of(&graph, object, 3).unwrap()));
        }
        assert!(graph.steps.get() <= (MANY + TABLE) as usize, "{} steps", graph.steps.get());
        assert!(nearby.bytes() < u64::from(MANY) * 80);
    }

    #[test]
    fn a_ring_and_a_dense_layer_end() {
        // Two layers of which each object leads to all of the other: from one of them everything is met again and again.
        let layer = |to: std::ops::Range<u32>| vec![to.collect::<Vec<u32>>(); 1000];
        let targets = [layer(1000..2000), layer(0..1000)].concat();
        let graph = Graph::new(targets, &[(1500, Near::new(1, 0))]);
        let mut nearby = Nearby::default();
        assert_eq!(nearby.of(&graph, 0, 3).unwrap().to_vec(), [Near::new(1, 1)]);
        assert!(graph.steps.get() <= 3 * 2_000_000);
    }
}
