//! What is at hand: which of the things that are waited for lie within few references of an object.

use crate::references::ReferenceGraph;
use goheap_image::Address;
use goheap_runtime::RuntimeModel;
use rustc_hash::FxHashMap;

/// References from an object that are followed: of a table with more the first.
const MOST_TARGETS: usize = 4096;
/// Objects that are looked at from one.
const MOST_OBJECTS: usize = 16_384;

/// A thing and by how many references it is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Near {
    /// The number of its group.
    pub(super) group: u32,
    /// 0 where the pointer leads into the object that it is in.
    pub(super) hops: u32,
    /// The itab of the interface by which it is held, 0 where it is held by a pointer.
    pub(super) itab: u64,
}

impl Near {
    pub(super) fn new(group: u32, hops: u32) -> Self {
        Near { group, hops, itab: 0 }
    }
}

/// Finds what is near, each object once.
pub(super) struct AtHand<'g, 's, 'm, 'p> {
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    /// Groups by the object that they are in.
    in_object: FxHashMap<u32, Vec<u32>>,
    /// First byte of each group's thing.
    addresses: FxHashMap<u32, u64>,
    /// Static groups: first byte, last byte, number; by address.
    in_statics: Vec<(u64, u64, u32)>,
    most_hops: u32,
    known: FxHashMap<u32, Box<[Near]>>,
}

impl<'g, 's, 'm, 'p> AtHand<'g, 's, 'm, 'p> {
    /// For these groups: number, first byte and length. Static ones are near where a pointer leads into their variable.
    pub(super) fn new(
        graph: &'g ReferenceGraph<'s, 'm, 'p>,
        groups: impl Iterator<Item = (u32, u64, u64)>,
        most_hops: u32,
    ) -> Self {
        let snapshot = graph.snapshot();
        let (mut in_object, mut in_statics) = (FxHashMap::<u32, Vec<u32>>::default(), Vec::new());
        let mut addresses = FxHashMap::default();
        for (number, address, size) in groups {
            addresses.insert(number, address);
            match snapshot.objects.find_allocated(address) {
                Some(slot) => in_object.entry(slot.id.0).or_default().push(number),
                None => {
                    let (start, end) = match snapshot.model.symbols.variable_at(address) {
                        Some(variable) => (variable.address, variable.address.saturating_add(variable.size)),
                        None => (address, address.saturating_add(size)),
                    };
                    in_statics.push((start, end, number));
                }
            }
        }
        in_statics.sort_unstable();
        AtHand { graph, in_object, addresses, in_statics, most_hops, known: FxHashMap::default() }
    }

    /// What a pointer has at hand.
    pub(super) fn of_pointer(&mut self, pointer: u64) -> Vec<Near> {
        match self.graph.snapshot().objects.find_allocated(pointer) {
            Some(slot) => self.of_object(slot.id.0).to_vec(),
            None => self.in_static(pointer).map(|group| Near::new(group, 0)).collect(),
        }
    }

    fn in_static(&self, address: u64) -> impl Iterator<Item = u32> + '_ {
        let holds = move |(start, end, _): &&(u64, u64, u32)| *start <= address && address < *end;
        self.in_statics.iter().filter(holds).map(|(.., group)| *group)
    }

    fn of_object(&mut self, object: u32) -> &[Near] {
        if !self.known.contains_key(&object) {
            let found = self.search(object);
            self.known.insert(object, found);
        }
        self.known.get(&object).map_or(&[], |found| found)
    }

    /// Breadth first, so that each is met by the fewest references.
    fn search(&self, object: u32) -> Box<[Near]> {
        let (mut found, mut open, mut met) = (Vec::<Near>::new(), vec![object], vec![object]);
        for hops in 0..=self.most_hops {
            let mut next = Vec::new();
            for &object in &open {
                for &group in self.in_object.get(&object).into_iter().flatten() {
                    if !found.iter().any(|near| near.group == group) {
                        found.push(Near::new(group, hops));
                    }
                }
                found.extend(self.by_interfaces(object, hops));
                if hops < self.most_hops && met.len() < MOST_OBJECTS {
                    let targets = self.graph.data().edges().targets(object);
                    next.extend(targets.iter().copied().take(MOST_TARGETS).filter(|to| self.leads_on(*to)));
                }
            }
            next.sort_unstable();
            next.dedup();
            next.retain(|to| met.binary_search(to).is_err());
            next.truncate(MOST_OBJECTS.saturating_sub(met.len()));
            met.extend(&next);
            met.sort_unstable();
            open = next;
        }
        found.into_boxed_slice()
    }

    /// True if the value at `pointer` of an interface with this itab is or holds the group's thing.
    pub(super) fn is_held(&self, group: u32, itab: u64, pointer: u64) -> bool {
        let address = self.addresses.get(&group);
        address.is_some_and(|&address| super::interfaces::holds(self.graph.snapshot().model, itab, pointer, address))
    }

    /// What the object holds by interfaces, at one reference more.
    fn by_interfaces(&self, object: u32, hops: u32) -> Vec<Near> {
        let snapshot = self.graph.snapshot();
        let leads_to_lock = |to: &&u32| self.in_object.contains_key(to);
        let targets = self.graph.data().edges().targets(object).iter().take(MOST_TARGETS);
        let targets: Vec<u32> = targets.filter(leads_to_lock).copied().collect();
        let Some(slot) = self.graph.data().slot_of(object).filter(|_| !targets.is_empty() && hops < self.most_hops)
        else {
            return Vec::new();
        };
        let start = snapshot.objects.address(slot);
        let words = (snapshot.objects.span(slot).elem_size / 8).min(MOST_TARGETS as u64);
        let mut found = Vec::new();
        for at in (1..words).map(|word| start + word * 8) {
            let Some(value) = snapshot.model.memory().read_u64(Address(at)) else { continue };
            let target = snapshot.objects.find_allocated(value).filter(|to| targets.contains(&to.id.0));
            let Some((to, itab)) = target.zip(itab_before(snapshot.model, at)) else { continue };
            let groups = self.in_object.get(&to.id.0).into_iter().flatten();
            let groups = groups.filter(|&&group| self.is_held(group, itab, value));
            found.extend(groups.map(|&group| Near { group, hops: hops + 1, itab }));
        }
        found
    }

    /// False of nodes that are no objects, and of objects that lead nowhere and are not waited for.
    fn leads_on(&self, node: u32) -> bool {
        node < self.graph.data().object_count()
            && (self.in_object.contains_key(&node) || !self.graph.data().edges().targets(node).is_empty())
    }

    /// The words of package variables that have something at hand, by address: what code that refers to them has, too. Static groups
    /// are at hand in all of their variable.
    pub(super) fn of_variables(&mut self) -> Vec<(u64, u64, Near)> {
        let snapshot = self.graph.snapshot();
        let model = snapshot.model;
        let mut found: Vec<(u64, u64, Near)> =
            self.in_statics.iter().map(|&(start, end, group)| (start, end, Near::new(group, 0))).collect();
        for module in &model.modules {
            for (range, mask) in [(&module.data, &module.data_mask), (&module.bss, &module.bss_mask)] {
                for word in mask.iter().flat_map(goheap_model::BitVector::ones) {
                    let at = range.start.saturating_add((word as u64).saturating_mul(8));
                    if at >= range.end {
                        break;
                    }
                    let Some(value) = model.memory().read_u64(Address(at)).filter(|&value| value != 0) else {
                        continue;
                    };
                    let slot = snapshot.objects.find_allocated(value);
                    let statics: Vec<u32> = self.in_static(value).collect();
                    if (slot.is_none() && statics.is_empty()) || self.is_runtimes(at) {
                        continue;
                    }
                    let (start, end) = match model.symbols.variable_at(at) {
                        Some(variable) => (variable.address, variable.address.saturating_add(variable.size.max(8))),
                        None => (at, at.saturating_add(8)),
                    };
                    let near = slot.map_or_else(Vec::new, |slot| self.of_object(slot.id.0).to_vec());
                    if let Some(itab) = itab_before(model, at) {
                        let held = near.iter().filter(|near| near.hops == 0).map(|near| near.group).chain(statics);
                        let held = held.filter(|&group| self.is_held(group, itab, value));
                        found.extend(held.map(|group| (start.min(at - 8), end, Near { group, hops: 0, itab })));
                    }
                    found.extend(near.into_iter().map(|near| (start, end, near)));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The runtime's variables lead to every goroutine and by these to everything.
    fn is_runtimes(&self, at: u64) -> bool {
        let variable = self.graph.snapshot().model.symbols.variable_at(at);
        variable.is_some_and(|variable| variable.name.starts_with("runtime."))
    }
}

/// The itab before the word at `at`, if that is the second of an interface with methods.
fn itab_before(model: &RuntimeModel<'_>, at: u64) -> Option<u64> {
    let itab = model.memory().read_u64(Address(at.checked_sub(8)?))?;
    super::interfaces::methods(model, itab).map(|_| itab)
}
