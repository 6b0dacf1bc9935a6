//! Where things gather: many hang on few. Eclipse MAT calls it an accumulation point.

/// What has at least so many times more below it than its share is where things gather. It explains, whoever's it is.
const GATHERS: u64 = 16;

/// Whether what is `before` has things gathered below it, of which `behind` is one or which `behind` are: by what each retains, or by how
/// many they are, turned round.
pub fn is_gathering(before: u64, behind: u64) -> bool {
    before > 0 && before / GATHERS >= behind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_times_as_much_gathers() {
        assert!(is_gathering(320, 20) && !is_gathering(319, 20) && !is_gathering(0, 0) && is_gathering(16, 0));
    }
}
