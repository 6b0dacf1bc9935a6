//! Which names are nearest to one that is not there.

use std::cmp::Reverse;

/// Names that are told.
const TOLD: usize = 5;
/// Longer names are compared by their beginnings: the work is their product.
const COMPARED: usize = 200;

/// The nearest of `names` to `name`, in words; empty where none is near.
///
/// First those that are the same but for the case, then those that have it in them or are in it, then those that differ by
/// few letters (Levenshtein's distance), by the whole name or behind the last dot; of equals the shorter one.
pub(crate) fn told<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let nearest = nearest(name, names);
    match nearest.is_empty() {
        true => String::new(),
        false => format!("; nearest: {}", nearest.join(", ")),
    }
}

/// True if one of `names` differs by few letters.
pub(crate) fn is_near<'n>(name: &str, mut names: impl Iterator<Item = &'n str>) -> bool {
    let sought = lower(name);
    names.any(|name| rank(&sought, &lower(name)).is_some())
}

fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let sought = lower(name);
    let mut ranked: Vec<_> = names.filter_map(|name| Some((rank(&sought, &lower(name))?, name.len(), name))).collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.into_iter().take(TOLD).map(|(.., name)| name).collect()
}

fn lower(name: &str) -> Vec<char> {
    name.chars().take(COMPARED).flat_map(char::to_lowercase).collect()
}

/// The less the nearer; None of what is far.
fn rank(sought: &[char], name: &[char]) -> Option<(u32, Reverse<usize>)> {
    if sought.is_empty() || name.is_empty() {
        return None;
    }
    let shared = sought.iter().zip(name).take_while(|(one, other)| one == other).count();
    let within = |long: &[char], short: &[char]| short.len() > 2 && long.windows(short.len()).any(|part| part == short);
    if sought == name {
        return Some((0, Reverse(shared)));
    }
    if last(sought) == last(name) {
        return Some((1, Reverse(shared)));
    }
    let allowed = (sought.len() / 4).clamp(1, 6);
    let whole = distance(sought, name, allowed);
    let of_last = distance(last(sought), last(name), (last(sought).len() / 3).max(1)).map(|distance| distance + 1);
    let least = whole.into_iter().chain(of_last).min();
    match least {
        Some(distance) => Some((1 + distance, Reverse(shared))),
        None if within(name, sought) || within(sought, name) || within(last(name), last(sought)) => {
            Some((20, Reverse(shared)))
        }
        None => None,
    }
}

/// What stands behind the last dot.
fn last(name: &[char]) -> &[char] {
    name.rsplit(|&letter| letter == '.').next().unwrap_or(name)
}

/// Letters to add, drop or change; None above `most`.
fn distance(one: &[char], other: &[char], most: usize) -> Option<u32> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut left = row + 1;
        let mut line = vec![left];
        for (column, with) in other.iter().enumerate() {
            left = (above[column] + usize::from(letter != with)).min(above[column + 1] + 1).min(left + 1);
            line.push(left);
        }
        if line.iter().min().is_none_or(|&least| least > most) {
            return None;
        }
        above = line;
    }
    above.last().copied().filter(|&distance| distance <= most).map(|distance| distance as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 7] =
        ["main.Session", "main.session", "net/http.Session", "main.Item", "[...]uint8", "main.globalCache", "string"];

    #[test]
    fn the_nearest_names_come_first() {
        for (name, expected) in [
            ("main.Sesion", vec!["main.Session", "main.session", "net/http.Session"]),
            ("Session", vec!["main.Session", "main.session", "net/http.Session"]),
            ("main.SESSION", vec!["main.Session", "main.session", "net/http.Session"]),
            ("globalcache", vec!["main.globalCache"]),
            ("main.global", vec!["main.globalCache"]),
            ("strin", vec!["string"]),
            ("nothing.like.this.at.all", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(nearest(name, NAMES.into_iter()), expected, "{name}");
        }
    }

    #[test]
    fn distances_are_levenshteins() {
        let of = |one: &str, other: &str, most| distance(&lower(one), &lower(other), most);
        assert_eq!(of("kitten", "sitting", 3), Some(3));
        assert_eq!(of("kitten", "sitting", 2), None);
        assert_eq!(of("abc", "abc", 0), Some(0));
        assert_eq!(of("", "ab", 2), Some(2));
    }
}
