//! Goroutines that wait for each other.

use foldhash::HashMap;

/// The rings of `next`: each goroutine waits for the one that it leads to. A ring begins with its least member.
pub(super) fn rings(next: &HashMap<u32, u32>) -> Vec<Vec<u32>> {
    let mut starts: Vec<u32> = next.keys().copied().collect();
    starts.sort_unstable();
    let (mut rings, mut done) = (Vec::new(), foldhash::HashSet::default());
    for start in starts {
        let (mut path, mut places) = (Vec::new(), HashMap::default());
        let mut at = Some(start);
        while let Some(node) = at.filter(|node| !done.contains(node)) {
            if let Some(first) = places.insert(node, path.len()) {
                let mut ring = path.split_off(first);
                let least = ring.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(index, _)| index);
                ring.rotate_left(least);
                done.extend(&ring);
                rings.push(ring);
                break;
            }
            path.push(node);
            at = next.get(&node).copied();
        }
        done.extend(path);
    }
    rings.sort();
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_told_once_and_tails_are_none() {
        let next = [(1, 2), (2, 3), (3, 2), (5, 1), (7, 7), (8, 9), (10, 12), (12, 11), (11, 10)].into_iter().collect();
        assert_eq!(rings(&next), [vec![2, 3], vec![7], vec![10, 12, 11]]);
        assert!(rings(&HashMap::default()).is_empty());
    }
}
