//! What is at hand: which of the things that are waited for lie within few references of what a pointer or a variable leads to.

use super::nearby::{Links, Near, Nearby, put_in_order};
use super::ranges::Ranges;
use crate::error::HeapError;
use crate::references::ReferenceGraph;
use foldhash::{HashMap, HashSet};
use goheap_image::Address;
use goheap_model::{Claim, Observer};
use goheap_runtime::RuntimeModel;
use std::rc::Rc;

/// Words of an object that are looked at for interfaces, and references from it.
const MOST_WORDS: usize = 4096;
/// Memory is asked for in such pieces.
const CLAIMED: u64 = 16 << 20;
/// Bytes of a range of variables while the others are found.
const FOUND_BYTES: u64 = 128;

/// The things that are waited for, and where they are.
struct Things<'g, 's, 'm, 'p> {
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    /// Groups by the object that they are in.
    in_object: HashMap<u32, Vec<u32>>,
    /// First byte of each group's thing.
    addresses: HashMap<u32, u64>,
}

/// Asks for more memory where what is taken has grown beyond what was asked for.
pub(super) fn claim_more(taken: u64, claimed: &mut u64, observer: &dyn Observer) -> Result<(), HeapError> {
    if taken > *claimed {
        observer.claim(Claim { kept: 0, passing: CLAIMED })?;
        *claimed = taken + CLAIMED;
    }
    Ok(())
}

/// Finds what is near.
pub(super) struct AtHand<'g, 's, 'm, 'p> {
    things: Things<'g, 's, 'm, 'p>,
    /// Static groups by their variables.
    statics: Ranges<Rc<[Near]>>,
    static_lists: Vec<(u64, u64, Rc<[Near]>)>,
    by_address: HashSet<u64>,
    most_hops: u32,
    nearby: Nearby,
}

impl<'g, 's, 'm, 'p> AtHand<'g, 's, 'm, 'p> {
    /// For these groups: number, first byte and length. Static ones are near where a pointer leads into their variable.
    pub(super) fn new(
        graph: &'g ReferenceGraph<'s, 'm, 'p>,
        groups: impl Iterator<Item = (u32, u64, u64)>,
        most_hops: u32,
    ) -> Self {
        let snapshot = graph.snapshot();
        let mut in_object = HashMap::<u32, Vec<u32>>::default();
        let mut in_statics = HashMap::<(u64, u64), Vec<Near>>::default();
        let mut addresses = HashMap::default();
        for (number, address, size) in groups {
            addresses.insert(number, address);
            match snapshot.objects.find_allocated(address) {
                Some(slot) => in_object.entry(slot.id.0).or_default().push(number),
                None => {
                    let range = match snapshot.model.symbols.variable_at(address) {
                        Some(variable) => (variable.address, variable.address.saturating_add(variable.size)),
                        None => (address, address.saturating_add(size)),
                    };
                    in_statics.entry(range).or_default().push(Near::new(number, 0));
                }
            }
        }
        let mut nearby = Nearby::default();
        let list = |((start, end), near)| (start, end, nearby.list(near));
        let static_lists: Vec<(u64, u64, Rc<[Near]>)> = in_statics.into_iter().map(list).collect();
        let statics = static_lists.iter().cloned().collect();
        let by_address = addresses.values().copied().collect();
        let things = Things { graph, in_object, addresses };
        AtHand { things, statics, static_lists, by_address, most_hops, nearby }
    }

    /// What a pointer has at hand: lists of it.
    pub(super) fn of_pointer(&mut self, pointer: u64) -> Vec<Rc<[Near]>> {
        match self.things.graph.snapshot().objects.find_allocated(pointer) {
            Some(slot) => self.nearby.of(&self.things, slot.id.0, self.most_hops).into_iter().collect(),
            None => self.statics.at(pointer).cloned().collect(),
        }
    }

    /// Bytes that were taken for what was found, about.
    pub(super) fn bytes(&self) -> u64 {
        self.nearby.bytes()
    }

    /// True of the address of a thing.
    pub(super) fn is_address(&self, pointer: u64) -> bool {
        self.by_address.contains(&pointer)
    }

    /// Where the thing of a group is.
    pub(super) fn address(&self, group: u32) -> Option<u64> {
        self.things.addresses.get(&group).copied()
    }

    /// The words of package variables that have something at hand, by address: what code that refers to them has, too. Static groups
    /// are at hand in all of their variable.
    ///
    /// # Errors
    /// The observer's refusal.
    pub(super) fn of_variables(&mut self, observer: &dyn Observer) -> Result<Ranges<Rc<[Near]>>, HeapError> {
        let model = self.things.graph.snapshot().model;
        let mut found = self.static_lists.clone();
        let (mut of_variable, mut claimed) = (OfVariable::default(), 0);
        for module in &model.modules {
            for (range, mask) in [(&module.data, &module.data_mask), (&module.bss, &module.bss_mask)] {
                for word in mask.iter().flat_map(goheap_model::BitVector::ones) {
                    let at = range.start.saturating_add((word as u64).saturating_mul(8));
                    if at >= range.end {
                        break;
                    }
                    self.word(at, &mut of_variable, &mut found);
                    claim_more(self.bytes() + found.len() as u64 * FOUND_BYTES, &mut claimed, observer)?;
                }
            }
        }
        of_variable.end(&mut self.nearby, &mut found);
        Ok(found.into_iter().collect())
    }

    /// What the word of a variable has at hand.
    fn word(&mut self, at: u64, variable: &mut OfVariable, found: &mut Vec<(u64, u64, Rc<[Near]>)>) {
        let snapshot = self.things.graph.snapshot();
        let model = snapshot.model;
        let Some(value) = model.memory().read_u64(Address(at)).filter(|&value| value != 0) else { return };
        let near = self.of_pointer(value);
        if near.is_empty() || is_runtimes(model, at) {
            return;
        }
        let (start, end) = match model.symbols.variable_at(at) {
            Some(variable) => (variable.address, variable.address.saturating_add(variable.size.max(8))),
            None => (at, at.saturating_add(8)),
        };
        if let Some(itab) = itab_before(model, at) {
            let direct = near.iter().flat_map(|near| near.iter().take_while(|near| near.hops == 0));
            let held = direct.map(|near| near.group).filter(|&group| self.things.is_held(group, itab, value));
            let held: Vec<Near> = held.map(|group| Near { group, hops: 0, itab }).collect();
            if !held.is_empty() {
                found.push((start.min(at.saturating_sub(8)), end, self.nearby.list(held)));
            }
        }
        // A static thing is at hand where its own variable is, and in no other that points to it.
        if snapshot.objects.find_allocated(value).is_some() {
            variable.add((start, end), near, &mut self.nearby, found);
        }
    }
}

/// What one variable has at hand by all of its words.
#[derive(Default)]
struct OfVariable {
    range: (u64, u64),
    near: Vec<Near>,
    lists: HashSet<*const Near>,
}

impl OfVariable {
    /// Adds what a word has at hand, after that of the words before it.
    fn add(
        &mut self,
        range: (u64, u64),
        near: Vec<Rc<[Near]>>,
        nearby: &mut Nearby,
        found: &mut Vec<(u64, u64, Rc<[Near]>)>,
    ) {
        if range != self.range {
            self.end(nearby, found);
            self.range = range;
        }
        for list in near.iter().filter(|list| self.lists.insert(list.as_ptr())) {
            self.near.extend(list.iter());
        }
    }

    fn end(&mut self, nearby: &mut Nearby, found: &mut Vec<(u64, u64, Rc<[Near]>)>) {
        self.lists.clear();
        if !self.near.is_empty() {
            found.push((self.range.0, self.range.1, nearby.list(std::mem::take(&mut self.near))));
        }
    }
}

impl Things<'_, '_, '_, '_> {
    /// True if the value at `pointer` of an interface with this itab is or holds the group's thing.
    fn is_held(&self, group: u32, itab: u64, pointer: u64) -> bool {
        let address = self.addresses.get(&group);
        address.is_some_and(|&address| super::interfaces::holds(self.graph.snapshot().model, itab, pointer, address))
    }

    /// What the object holds by interfaces, at one reference.
    fn by_interfaces(&self, object: u32) -> Vec<Near> {
        let snapshot = self.graph.snapshot();
        let leads_to_thing = |to: &&u32| self.in_object.contains_key(to);
        let targets = self.targets(object).iter().take(MOST_WORDS);
        let targets: HashSet<u32> = targets.filter(leads_to_thing).copied().collect();
        let Some(slot) = self.graph.data().slot_of(object).filter(|_| !targets.is_empty()) else { return Vec::new() };
        let start = snapshot.objects.address(slot);
        let words = (snapshot.objects.span(slot).elem_size / 8).min(MOST_WORDS as u64);
        let mut found = Vec::new();
        for at in (1..words).map(|word| start + word * 8) {
            let Some(value) = snapshot.model.memory().read_u64(Address(at)) else { continue };
            let target = snapshot.objects.find_allocated(value).filter(|to| targets.contains(&to.id.0));
            let Some((to, itab)) = target.zip(itab_before(snapshot.model, at)) else { continue };
            let groups = self.in_object.get(&to.id.0).into_iter().flatten();
            let groups = groups.filter(|&&group| self.is_held(group, itab, value));
            found.extend(groups.map(|&group| Near { group, hops: 1, itab }));
        }
        put_in_order(&mut found);
        found
    }
}

impl Links for Things<'_, '_, '_, '_> {
    fn own(&self, object: u32, hops: u32) -> Vec<Near> {
        let groups = self.in_object.get(&object).into_iter().flatten();
        let mut own: Vec<Near> = groups.map(|&group| Near::new(group, 0)).collect();
        if hops > 0 {
            own.extend(self.by_interfaces(object));
        }
        own
    }

    fn targets(&self, object: u32) -> &[u32] {
        self.graph.data().edges().targets(object)
    }

    fn objects(&self) -> u32 {
        self.graph.data().object_count()
    }
}

/// The runtime's variables lead to every goroutine and by these to everything.
fn is_runtimes(model: &RuntimeModel<'_>, at: u64) -> bool {
    model.symbols.variable_at(at).is_some_and(|variable| variable.name.starts_with("runtime."))
}

/// The itab before the word at `at`, if that is the second of an interface with methods.
fn itab_before(model: &RuntimeModel<'_>, at: u64) -> Option<u64> {
    let itab = model.memory().read_u64(Address(at.checked_sub(8)?))?;
    super::interfaces::methods(model, itab).map(|_| itab)
}
