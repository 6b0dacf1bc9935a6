//! Merged paths without steps inside the standard library.

use foldhash::HashMap;
use goheap_ask::holding::MergedStep;
use goheap_ask::is_gathering;
use goheap_model::Heap;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;

/// A step above.
struct Above {
    is_library: bool,
    is_passed: bool,
    /// Where it is shown; where the one above is, if it is passed over.
    shown: Option<usize>,
}

struct Shown {
    step: MergedStep,
    below: Vec<usize>,
}

/// Merged steps without those inside the library that lead to no object that was asked for and hold no more each than what is above;
/// what is below them hangs on the one above, with a `…`. Those that read alike then are one.
pub(crate) fn without_library(heap: &Heap, steps: Vec<MergedStep>) -> Vec<MergedStep> {
    folded(steps, |text| heap.is_library_text(text))
}

fn folded(steps: Vec<MergedStep>, is_library: impl Fn(&str) -> Option<bool>) -> Vec<MergedStep> {
    let gathers = gathering(&steps);
    let mut above: Vec<Above> = Vec::new();
    let mut shown: Vec<Shown> = Vec::new();
    let mut tops: Vec<usize> = Vec::new();
    // Where a step stands below another.
    let mut known: HashMap<(Option<usize>, String), usize> = HashMap::default();
    for (mut step, gathers) in steps.into_iter().zip(gathers) {
        above.truncate(step.depth as usize);
        let parent = above.last();
        let is_of_library = parent.is_some_and(|parent| parent.is_library);
        let is_library = is_library(&step.reference).unwrap_or(is_of_library);
        let is_passed = is_of_library && is_library && step.own.objects == 0 && !gathers;
        let holder = parent.and_then(|parent| parent.shown);
        let mut here = Above { is_library, is_passed, shown: holder };
        if !is_passed {
            if parent.is_some_and(|parent| parent.is_passed) {
                step.reference.insert_str(0, "… ");
            }
            here.shown = Some(match known.entry((holder, step.reference.clone())) {
                Entry::Occupied(twin) => {
                    add(&mut shown[*twin.get()].step, &step);
                    *twin.get()
                }
                Entry::Vacant(empty) => {
                    let place = *empty.insert(shown.len());
                    shown.push(Shown { step, below: Vec::new() });
                    match holder {
                        Some(holder) => shown[holder].below.push(place),
                        None => tops.push(place),
                    }
                    place
                }
            });
        }
        above.push(here);
    }
    in_preorder(shown, tops)
}

/// Of each step, whether many times as many objects hang right below it.
fn gathering(steps: &[MergedStep]) -> Vec<bool> {
    let mut gathers = vec![false; steps.len()];
    let mut above: Vec<usize> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        above.truncate(step.depth as usize);
        if let Some(&parent) = above.last() {
            gathers[parent] |= is_gathering(step.heads, steps[parent].holders);
        }
        above.push(index);
    }
    gathers
}

fn add(step: &mut MergedStep, more: &MergedStep) {
    step.through.add(more.through);
    step.own.add(more.own);
    step.holders = step.holders.saturating_add(more.holders);
    step.heads = step.heads.saturating_add(more.heads);
    step.example = step.example.or(more.example);
}

/// At each step the one below to most bytes first.
fn in_preorder(mut shown: Vec<Shown>, tops: Vec<usize>) -> Vec<MergedStep> {
    let order = |shown: &[Shown], places: &mut Vec<usize>| {
        places.sort_by_key(|&place| (Reverse(shown[place].step.through.bytes), place));
        places.reverse();
    };
    let mut open = tops;
    order(&shown, &mut open);
    let mut open: Vec<(u32, usize)> = open.into_iter().map(|place| (0, place)).collect();
    let mut steps = Vec::with_capacity(shown.len());
    while let Some((depth, place)) = open.pop() {
        let mut below = std::mem::take(&mut shown[place].below);
        order(&shown, &mut below);
        open.extend(below.into_iter().map(|place| (depth + 1, place)));
        steps.push(MergedStep { depth, ..shown[place].step.clone() });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_graph::Weight;

    fn step(depth: u32, reference: &str, [objects, own, holders]: [u64; 3]) -> MergedStep {
        let weight = |objects| Weight { bytes: objects * 64, objects };
        MergedStep {
            depth,
            reference: reference.to_owned(),
            through: weight(objects),
            own: weight(own),
            holders,
            heads: if reference.starts_with(".next") { 1 } else { holders },
            example: (own > 0).then_some(own),
        }
    }

    fn told(steps: Vec<MergedStep>) -> Vec<(u32, String, u64, u64)> {
        let steps = folded(steps, |text| Some(!text.contains("main.")).filter(|_| text.contains('.')));
        steps.into_iter().map(|step| (step.depth, step.reference, step.through.objects, step.own.objects)).collect()
    }

    #[test]
    fn ways_inside_the_library_that_read_alike_are_one() {
        // A list, from its front and from its back.
        let steps = vec![
            step(0, ".ring *list.List", [10_000, 0, 1]),
            step(1, ".root.next *list.Element", [5_000, 0, 1]),
            step(2, ".Value interface {} = main.Quote", [1, 1, 1]),
            step(2, ".next *list.Element", [4_999, 0, 4_999]),
            step(3, ".Value interface {} = main.Quote", [4_999, 4_999, 4_999]),
            step(1, ".root.prev *list.Element", [5_000, 0, 5_000]),
            step(2, ".Value interface {} = main.Quote", [5_000, 5_000, 5_000]),
        ];
        let expected = [
            (0, ".ring *list.List".to_owned(), 10_000, 0),
            (1, "… .Value interface {} = main.Quote".to_owned(), 10_000, 10_000),
        ];
        assert_eq!(told(steps), expected);
    }

    #[test]
    fn what_many_hang_on_is_shown_though_it_is_the_librarys() {
        let steps = vec![
            step(0, ".ctx context.Context", [19_784, 0, 20]),
            step(1, ".children map[context.canceler]struct {}", [19_784, 0, 20]),
            step(2, "[key] context.canceler", [19_784, 0, 19_784]),
            step(3, ".Context context.Context", [19_784, 0, 19_784]),
            step(4, ".val = main.request", [19_784, 19_784, 19_784]),
        ];
        let names: Vec<(u32, String)> = told(steps).into_iter().map(|(depth, name, ..)| (depth, name)).collect();
        let expected = [
            (0, ".ctx context.Context".to_owned()),
            (1, ".children map[context.canceler]struct {}".to_owned()),
            (2, "… .val = main.request".to_owned()),
        ];
        assert_eq!(names, expected);
    }
}
