//! That numbers of an index lead somewhere.

use super::name;
use super::read::has_labels;
use crate::absent::{Absent, AbsentHolder};
use crate::meaning::closures::MetClosures;
use crate::roots::root::Root;
use crate::samples::Sample;
use crate::snapshot::HeapSnapshot;
use foldhash::HashSet;
use goheap_graph::{CsrGraph, NarrowColumn, PathTrie};
use goheap_model::names::FrameName;
use goheap_model::{ObjectId, ObjectType, RootKind, RootNode, RootNodes, SectionError, StackGroups, Totals, TypeTable};
use rayon::prelude::*;

/// Nodes above objects, the node of each root, and the objects of whose edges some lead elsewhere than their words do.
pub(super) type Checked = (RootNodes, Vec<u32>, HashSet<u32>);

type Check = Result<(), SectionError>;

fn check(is_good: bool, section: &'static str, otherwise: &'static str) -> Check {
    if is_good { Ok(()) } else { Err(SectionError::Impossible(section, otherwise)) }
}

pub(super) fn kinds(kinds: &[u32], table: &TypeTable) -> Check {
    let is_kind = |&bits: &u32| {
        let kind = ObjectType::from_bits(bits);
        !kind.is_known() || (kind.ty().0 as usize) < table.len() && kind.has_part()
    };
    check(kinds.iter().all(is_kind), name::KINDS, "one is of no type")
}

pub(super) fn closures(met: &MetClosures, types: &TypeTable) -> Check {
    check(met.types().all(|ty| (ty.0 as usize) < types.len()), name::CLOSURES, "one is of no type")
}

pub(super) fn frames(frames: &NarrowColumn, tree: &PathTrie) -> Check {
    check((frames.greatest() as usize) < tree.len(), name::TREE_FRAMES, "an object is in no frame")
}

/// Greater than any count of bytes, words or objects of a real process; a sum of thousands of them does not wrap.
const MOST: u64 = 1 << 52;

/// That sums over these numbers do not wrap.
pub(super) fn totals(totals: &Totals) -> Check {
    let Totals { allocated, by_class, not_known, unreachable, awaiting_sweep, by_evidence, .. } = totals;
    let Totals { span_bytes, free_slot_bytes, tail_bytes, size_class_rounding, pointers, roots, inference, .. } =
        totals;
    let shares =
        [allocated, not_known, unreachable, awaiting_sweep].into_iter().chain(by_class.iter().map(|(_, share)| share));
    let shares = shares.flat_map(|share| [share.bytes, share.objects]);
    let sums = [*span_bytes, *free_slot_bytes, *tail_bytes, *size_class_rounding];
    let roots = [
        roots.variable_words,
        roots.absent_words,
        roots.unbuilt_masks,
        roots.whole_stacks,
        roots.broken_stacks,
        roots.untyped_frames,
    ];
    let inference = [inference.refused, inference.conflicts, inference.candidates];
    let mut all = shares.chain(*by_evidence).chain(sums).chain(pointers.numbers()).chain(roots).chain(inference);
    check(all.all(|number| number < MOST), name::TOTALS, "a sum is too large")
}

/// The same of what is absent.
pub(super) fn absent(absent: &Absent) -> Check {
    let sums = absent.by_class.iter().flat_map(|sum| [sum.root_words, sum.object_words, sum.objects]);
    let records = [absent.spans, absent.goroutines, absent.modules];
    let most = absent.most.iter().map(|one| one.words);
    check(sums.chain(records).chain(most).all(|number| number < MOST), name::ABSENT, "a sum is too large")
}

/// Of what the parts say of each other.
pub(super) fn snapshot(snapshot: &HeapSnapshot<'_, '_>) -> Check {
    let goroutines = snapshot.model.goroutines.len();
    check(has_labels(&snapshot.tree, &snapshot.labels), name::TREE, "a frame has no label")?;
    let are_names = FrameName::are_of(&snapshot.names, &snapshot.labels, &snapshot.types);
    check(are_names, name::FRAME_NAMES, "a frame has no name")?;
    check(is_stacks(&snapshot.stacks, goroutines), name::STACKS, "a goroutine is of no group")?;
    let is_root = |root: &Root| {
        root.node.index() < snapshot.tree.len()
            && (root.goroutine == Root::NO_GOROUTINE || (root.goroutine as usize) < goroutines)
    };
    check(snapshot.roots.par_iter().all(is_root), name::ROOTS, "one is in no frame")?;
    let is_window = |window: &crate::referred::RootWindow| (window.root as usize) < snapshot.roots.len();
    check(snapshot.root_windows.iter().all(is_window), name::ROOT_WINDOWS, "one is of no root")?;
    let is_object = |id: ObjectId| id.0 < snapshot.objects.len();
    let is_sample = |sample: &Sample| match *sample {
        Sample::Object(id) => is_object(id),
        Sample::Goroutine(index) => (index as usize) < goroutines,
        _ => true,
    };
    check(snapshot.samples.iter().all(is_sample), name::SAMPLES, "one is of no object")?;
    check(snapshot.votes.objects().all(is_object), name::VOTES, "one is of no object")?;
    let is_holder = |holder: &AbsentHolder| match *holder {
        AbsentHolder::Object(id) => is_object(id),
        AbsentHolder::Goroutine(index) => (index as usize) < goroutines,
        AbsentHolder::Variable(..) => true,
    };
    check(snapshot.absent.most.iter().all(|one| is_holder(&one.holder)), name::ABSENT, "a holder is none")
}

fn is_stacks(stacks: &StackGroups, goroutines: usize) -> bool {
    let is_group = |&group: &u32| group == StackGroups::NONE || (group as usize) < stacks.len() as usize;
    stacks.of_goroutine.len() <= goroutines
        && stacks.len() as usize <= stacks.of_goroutine.len()
        && stacks.of_goroutine.iter().all(is_group)
}

/// Of references and what is above objects.
pub(super) fn references(
    snapshot: &HeapSnapshot<'_, '_>,
    graph: &CsrGraph,
    (roots, node_of_root, rewired): Checked,
) -> Result<Checked, SectionError> {
    let (slots, goroutines) = (snapshot.objects.len(), snapshot.model.goroutines.len());
    let is_node = |(node, root): (u32, RootNode)| {
        let is_below = match root.parent {
            None => node == slots,
            Some(parent) => (slots..node).contains(&parent),
        };
        is_below
            && match root.kind {
                RootKind::Goroutine(index) => (index as usize) < goroutines,
                RootKind::Frame(frame) => frame.index() < snapshot.tree.len(),
                _ => true,
            }
    };
    let count = roots.iter().count() as u64;
    let is_whole = roots.root() == slots && u64::from(graph.node_count()) == u64::from(slots) + count && count > 0;
    check(is_whole && roots.iter().all(is_node), name::REFERENCES, "a node is none")?;
    let is_above = |node: &u32| (slots..graph.node_count()).contains(node);
    let are_of_roots = node_of_root.len() == snapshot.roots.len() && node_of_root.par_iter().all(is_above);
    check(are_of_roots, name::REFERENCES, "a root hangs on no node")?;
    check(rewired.iter().all(|id| *id < slots), name::REFERENCES, "an object is none")?;
    Ok((roots, node_of_root, rewired))
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::{Evidence, GoType, Kind, Part, RootClass, Share, TypeId};

    fn table() -> TypeTable {
        let mut types = TypeTable::default();
        types.add(GoType { name: "main.T".into(), size: 8, kind: Kind::Scalar, descriptor: None });
        types
    }

    #[test]
    fn kinds_are_of_types_that_are_there() {
        let bits = |part, ty| ObjectType::new(part, TypeId(ty), Evidence::Exact).to_bits();
        assert!(kinds(&[0, bits(Part::Value, 0), bits(Part::BoxedValue, 0)], &table()).is_ok());
        assert!(kinds(&[bits(Part::Value, 1)], &table()).is_err(), "there is one type");
        let no_part = bits(Part::Value, 0) | 15 << 26;
        assert!(kinds(&[no_part], &table()).is_err(), "there are fourteen parts");
    }

    #[test]
    fn frames_are_of_the_tree() {
        let mut tree = PathTrie::new();
        tree.child(PathTrie::ROOT, 0);
        let column = |frame| NarrowColumn::new([0, frame].into_iter(), 9);
        assert!(frames(&column(1), &tree).is_ok());
        assert!(frames(&column(2), &tree).is_err());
    }

    #[test]
    fn no_number_is_so_large_that_a_sum_could_wrap() {
        assert!(totals(&Totals::default()).is_ok());
        let share = |bytes, objects| Share { bytes, objects };
        let mut wrong = vec![
            Totals { allocated: share(MOST, 0), ..Totals::default() },
            Totals { unreachable: share(0, u64::MAX), ..Totals::default() },
            Totals { by_class: vec![(RootClass::Other, share(MOST, 0))], ..Totals::default() },
            Totals { by_evidence: [0, 0, MOST, 0], ..Totals::default() },
            Totals { tail_bytes: MOST, ..Totals::default() },
        ];
        let mut counts = Totals::default();
        counts.pointers.unexplained = MOST;
        counts.roots.untyped_frames = MOST - 1;
        wrong.push(counts.clone());
        counts.pointers.unexplained = 0;
        assert!(totals(&counts).is_ok(), "one less is a number of a real process");
        counts.inference.conflicts = MOST;
        wrong.push(counts);
        assert!(wrong.iter().all(|one| totals(one).is_err()));
    }

    #[test]
    fn what_is_absent_is_counted_in_real_numbers() {
        assert!(absent(&Absent::default()).is_ok());
        assert!(absent(&Absent { spans: MOST, ..Absent::default() }).is_err());
        let mut words = Absent::default();
        words.add_root(AbsentHolder::Variable(8, "main.x".into()), RootClass::Variables, MOST);
        assert!(absent(&words).is_err());
    }

    #[test]
    fn goroutines_are_in_groups_that_are_there() {
        let mut stacks = StackGroups::default();
        stacks.add(0, std::iter::once(1));
        stacks.add(1, std::iter::once(2));
        assert!(is_stacks(&stacks, 2) && is_stacks(&stacks, 3));
        assert!(!is_stacks(&stacks, 1), "there are no more goroutines");
        stacks.of_goroutine[1] = 7;
        assert!(!is_stacks(&stacks, 2), "there are two groups");
        stacks.of_goroutine[1] = StackGroups::NONE;
        assert!(is_stacks(&stacks, 2), "one that ended is in none");
    }
}
