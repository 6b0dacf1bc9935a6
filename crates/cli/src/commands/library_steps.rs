//! Steps inside the standard library, which say how `net/http` and the like are built inside: passed over on the way to the program's own code.

use goheap_model::Heap;

/// Fewer steps in a row than this are no longer than the words that would stand for them.
const FEWEST: usize = 2;

/// For each of the texts of a path whether it stands inside the library: it and the one before it name nothing but the library's types, or
/// nothing at all. The last is what was asked for and stands inside nothing, nor do those that explain. Runs that are short are left.
pub(crate) fn inner(heap: &Heap, texts: &[&str], explains: impl Fn(usize) -> bool) -> Vec<bool> {
    inner_of(texts, |text| heap.is_library_text(text), explains)
}

fn inner_of(texts: &[&str], is_library: impl Fn(&str) -> Option<bool>, explains: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut before = false;
    let mut inner: Vec<bool> = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let is_here = is_library(text).unwrap_or(before);
        inner.push(before && is_here && !explains(index));
        before = is_here;
    }
    if let Some(last) = inner.last_mut() {
        *last = false;
    }
    for run in inner.chunk_by_mut(|one, next| one == next) {
        if run.len() < FEWEST {
            run.fill(false);
        }
    }
    inner
}

/// Steps joined by arrows without those inside the library.
pub(crate) fn folded(heap: &Heap, way: &str) -> String {
    let steps: Vec<&str> = way.split(ARROW).collect();
    join(&steps, &inner(heap, &steps, |index| is_map(&steps, index)))
}

/// Where no numbers tell, a map is what things gather in.
fn is_map(steps: &[&str], index: usize) -> bool {
    steps.get(index + 1).is_some_and(|next| next.starts_with("[key]") || next.starts_with("[value]"))
}

const ARROW: &str = " → ";

fn join(steps: &[&str], inner: &[bool]) -> String {
    let mut shown: Vec<String> = Vec::new();
    let mut index = 0;
    for run in inner.chunk_by(|one, next| one == next) {
        let here = &steps[index..index + run.len()];
        index += run.len();
        match run.first() {
            Some(true) => shown.push(format!("… {} in the library …", run.len())),
            _ => shown.extend(here.iter().map(|step| (*step).to_owned())),
        }
    }
    shown.join(ARROW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_ask::is_gathering;

    fn is_library(text: &str) -> Option<bool> {
        let word = text.split(' ').next_back().filter(|word| word.contains('.'))?;
        Some(word.starts_with("*http."))
    }

    #[test]
    fn runs_inside_the_library_are_told_by_their_number() {
        let steps = ["main.x", "w *http.response", ".conn *http.conn", ".raw []uint8", ".h *main.App", ".b []uint8"];
        let inside = inner_of(&steps, is_library, |_| false);
        assert_eq!(inside, [false, false, true, true, false, false]);
        assert_eq!(
            join(&steps, &inside),
            "main.x → w *http.response → … 2 in the library … → .h *main.App → .b []uint8"
        );
        let short = ["a *http.a", "b *http.b", "c *main.C"];
        assert_eq!(inner_of(&short, is_library, |_| false), [false; 3]);
        // What was asked for is shown.
        let target = ["a *http.a", "b *http.b", "c *http.c", "d *http.d"];
        assert_eq!(inner_of(&target, is_library, |_| false), [false, true, true, false]);
    }

    #[test]
    fn where_things_gather_is_shown_though_it_is_the_librarys() {
        let steps = [
            ".ctx http.Context",
            ".children map[http.canceler]struct{} in *http.c",
            "[key] http.canceler = *http.c",
            ".Context *http.v",
            ".val = *main.request",
        ];
        let retained = [2_600_000_u64, 2_590_000, 2_600, 2_560, 2_550];
        let explains = |index: usize| retained.get(index + 1).is_some_and(|&next| is_gathering(retained[index], next));
        let inside = inner_of(&steps, |text| Some(!text.contains("main.")), explains);
        assert_eq!(inside, [false, false, true, true, false]);
        assert!(is_map(&steps, 1) && !is_map(&steps, 2) && !is_map(&steps, 4));
    }
}
