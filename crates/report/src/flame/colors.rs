//! What the colours of a picture mean: the hue is who holds, the strength whose type it is, hatching that a type is a guess.
//!
//! Hues are those of Okabe and Ito, which the colour-blind tell apart, made light: black text stands out from every one by a contrast of at
//! least 9 (WCAG asks for 7). Neighbours differ a little, by their labels.

use std::fmt::Write;

/// Who holds what a frame stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldBy {
    /// A package variable.
    Variables,
    /// The stack of a goroutine.
    Goroutines,
    /// The runtime's own variables.
    Runtime,
    /// Finalizers and the like, several of these together, or it was not said.
    #[default]
    Other,
    /// Nothing that is in the core, perhaps something that is not.
    NotKnown,
    /// Nobody.
    Unreachable,
}

/// What the colour of a frame says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paint {
    /// Who holds it.
    pub held_by: HeldBy,
    /// Whether the frame names one of the program's own types, variables or functions.
    pub is_own: bool,
    /// How it changed, in a picture of a difference: then the colour says that. [`Changed::shade`].
    pub change: Option<Shade>,
}

/// Which way a frame changed, and how far: a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shade(u8);

/// What a frame and all below it were and are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// In the older core.
    pub before: u64,
    /// In the newer one.
    pub after: u64,
}

/// Fills of what grew and of what shrank by ever more of itself. Orange-red and blue, which the colour-blind tell apart.
const GREW: [&str; 4] = ["#fde0d3", "#fbc4ab", "#f8a583", "#f58a5f"];
const SHRANK: [&str; 4] = ["#dbe9f8", "#bcd8f2", "#9cc5ec", "#7db2e5"];
const AS_BEFORE: &str = "#eeeeea";

impl Shade {
    const AS_BEFORE: Shade = Shade(u8::MAX);

    fn fill(self) -> &'static str {
        GREW.iter().chain(&SHRANK).nth(usize::from(self.0)).copied().unwrap_or(AS_BEFORE)
    }
}

impl Changed {
    /// By how much of the larger of both, in eighths.
    fn eighths(self) -> u64 {
        let larger = u128::from(self.before.max(self.after)).max(1);
        (u128::from(self.before.abs_diff(self.after)) * 8 / larger) as u64
    }

    /// What less than 1 % changed is as it was.
    #[must_use]
    pub fn shade(self) -> Shade {
        let difference = u128::from(self.before.abs_diff(self.after));
        let palest = match self.after.cmp(&self.before) {
            _ if difference * 100 < u128::from(self.before.max(self.after)) => return Shade::AS_BEFORE,
            std::cmp::Ordering::Less => GREW.len() as u8,
            std::cmp::Ordering::Equal => return Shade::AS_BEFORE,
            std::cmp::Ordering::Greater => 0,
        };
        Shade(match self.eighths() {
            0 => palest,
            1 | 2 => palest + 1,
            3..=5 => palest + 2,
            _ => palest + 3,
        })
    }
}

/// A hue: strong shades, pale shades, and what it says.
struct Hue {
    own: [&'static str; 3],
    other: [&'static str; 3],
    meaning: &'static str,
}

impl HeldBy {
    const ALL: [HeldBy; 6] =
        [HeldBy::Variables, HeldBy::Goroutines, HeldBy::Runtime, HeldBy::Other, HeldBy::NotKnown, HeldBy::Unreachable];

    #[rustfmt::skip]
    fn hue(self) -> Hue {
        let (own, other, meaning) = match self {
            HeldBy::Variables => (["#7db7e8", "#89beea", "#95c5ec"], ["#c5dff5", "#cee4f6", "#d7e9f8"], "package variables"),
            HeldBy::Goroutines => (["#f0ad4b", "#f2b55c", "#f4bd6d"], ["#fbe0b8", "#fce5c3", "#fceacf"], "goroutines"),
            HeldBy::Runtime => (["#6fc3a5", "#7cc9ad", "#89cfb6"], ["#c0e5d7", "#cae9dd", "#d4ede4"], "the runtime"),
            HeldBy::Other => (["#d8a2c4", "#dcabca", "#e0b4d0"], ["#efd8e6", "#f1deea", "#f4e5ee"], "others"),
            HeldBy::NotKnown => (["#d3d3c4", "#d6d6c9", "#dadacd"], ["#e4e4da", "#e7e7de", "#eaeae2"], "not known to be reachable"),
            HeldBy::Unreachable => (["#bdbdbd", "#c3c3c3", "#c9c9c9"], ["#d6d6d6", "#dadada", "#dfdfdf"], "unreachable"),
        };
        Hue { own, other, meaning }
    }

    /// Name of its hatching.
    fn pattern(self) -> char {
        ['v', 'g', 'r', 'o', 'n', 'u'][self as usize]
    }
}

/// The fill of a frame.
pub(super) fn fill(paint: Paint, label: &str) -> String {
    if let Some(shade) = paint.change {
        return shade.fill().to_owned();
    }
    if is_guess(label) {
        return format!("url(#{})", paint.held_by.pattern());
    }
    let hue = paint.held_by.hue();
    let shades = if paint.is_own { hue.own } else { hue.other };
    // Nothing but a spread, the same in every picture.
    let spread = label.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    shades[usize::from(spread) % shades.len()].to_owned()
}

/// Whether a label says that its type was told by shape alone, or not at all.
fn is_guess(label: &str) -> bool {
    label.split(' ').any(|word| word == "?")
}

/// What of this a picture has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Used {
    held_by: [bool; HeldBy::ALL.len()],
    is_own: bool,
    is_guess: bool,
    is_change: bool,
}

impl Used {
    pub(super) fn add(&mut self, paint: Paint, label: &str) {
        if paint.change.is_some() {
            self.is_change = true;
            return;
        }
        self.held_by[paint.held_by as usize] = true;
        self.is_own |= paint.is_own;
        self.is_guess |= is_guess(label);
    }

    fn hues(self) -> impl Iterator<Item = HeldBy> {
        // Of a difference the colours say nothing of holders, not even of the frame of narrow roots.
        HeldBy::ALL.into_iter().filter(move |held_by| !self.is_change && self.held_by[*held_by as usize])
    }

    /// The hatchings, as SVG.
    pub(super) fn patterns(self) -> String {
        let mut svg = String::new();
        for held_by in self.hues().filter(|_| self.is_guess) {
            // Writing to a String does not fail.
            let _ = write!(
                svg,
                "<pattern id=\"{}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
                 <path fill=\"{}\" d=\"M0 0h6v6H0z\"/><path fill=\"{}\" d=\"M0 0h2v6H0z\"/></pattern>",
                held_by.pattern(),
                held_by.hue().other[2],
                held_by.hue().own[0],
            );
        }
        svg
    }

    /// Swatches with what they say, as SVG that begins at `x` and stands on the line `y`.
    pub(super) fn legend(self, x: usize, y: usize) -> String {
        let hues: Vec<HeldBy> = self.hues().collect();
        let mut entries: Vec<(String, String)> =
            hues.iter().map(|held_by| (held_by.hue().own[0].to_owned(), held_by.hue().meaning.to_owned())).collect();
        if let (true, Some(first)) = (self.is_own, hues.first()) {
            entries.push((first.hue().other[1].to_owned(), "paler: the library's, not the program's own".to_owned()));
        }
        if let (true, Some(first)) = (self.is_guess, hues.first()) {
            entries.push((format!("url(#{})", first.pattern()), "hatched: type guessed (?)".to_owned()));
        }
        if self.is_change {
            let shades = [(GREW[2], "grew"), (SHRANK[2], "shrank"), (AS_BEFORE, "changed by less than 1 %")];
            entries.extend(shades.map(|(fill, meaning)| (fill.to_owned(), meaning.to_owned())));
        }
        let mut svg = "<g id=\"legend\">".to_owned();
        let mut at = x;
        for (fill, meaning) in entries {
            let _ = write!(
                svg,
                "<rect x=\"{at}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{fill}\" stroke=\"#666\"/>\
                 <text x=\"{}\" y=\"{y}\">{meaning}</text>",
                y - 10,
                at + 17,
            );
            at += 17 + meaning.chars().count() * 15 / 2 + 15;
        }
        svg + "</g>"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Relative luminance as WCAG 2 has it.
    fn luminance(hex: &str) -> f64 {
        let part = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    }

    #[test]
    fn black_text_stands_out_from_every_fill() {
        for held_by in HeldBy::ALL {
            let hue = held_by.hue();
            for fill in hue.own.into_iter().chain(hue.other) {
                let contrast = (luminance(fill) + 0.05) / 0.05;
                assert!(contrast >= 9.0, "{held_by:?} {fill}: {contrast}");
            }
        }
        for fill in GREW.into_iter().chain(SHRANK).chain([AS_BEFORE]) {
            let contrast = (luminance(fill) + 0.05) / 0.05;
            assert!(contrast >= 8.5, "{fill}: {contrast}");
        }
    }

    #[test]
    fn the_fill_of_a_difference_says_which_way_and_how_far() {
        let of = |before, after| {
            let change = Some(Changed { before, after }.shade());
            fill(Paint { change, ..Paint::default() }, "main.x ?")
        };
        assert_eq!([of(0, 0), of(1000, 1005), of(1000, 995)], [AS_BEFORE; 3]);
        assert_eq!([of(1000, 1050), of(0, 5), of(1000, 2000)], [GREW[0], GREW[3], GREW[2]]);
        assert_eq!([of(1050, 1000), of(u64::MAX, 0), of(2000, 1500)], [SHRANK[0], SHRANK[3], SHRANK[1]]);
    }

    #[test]
    fn the_fill_says_who_holds_and_whose_it_is() {
        let paint = |is_own| Paint { held_by: HeldBy::Goroutines, is_own, ..Paint::default() };
        assert!(HeldBy::Goroutines.hue().own.contains(&&*fill(paint(true), "main.x *main.T")));
        assert!(HeldBy::Goroutines.hue().other.contains(&&*fill(paint(false), ".buf []uint8")));
        for guess in [".x *main.T ?", "? 64 bytes", ".x *main.T ? [shared]"] {
            assert_eq!(fill(paint(true), guess), "url(#g)");
        }
        assert_ne!(fill(paint(true), "what?"), "url(#g)");
    }

    #[test]
    fn the_legend_tells_what_is_there() {
        let mut used = Used::default();
        used.add(Paint { held_by: HeldBy::Variables, is_own: true, ..Paint::default() }, "main.x");
        used.add(Paint { held_by: HeldBy::Unreachable, ..Paint::default() }, "a");
        let legend = used.legend(10, 20);
        assert!(legend.contains(">package variables<") && legend.contains(">unreachable<") && legend.contains("paler"));
        assert!(!legend.contains("goroutines") && !legend.contains("hatched") && used.patterns().is_empty());
        used.add(Paint::default(), "x ?");
        assert!(used.legend(10, 20).contains("hatched") && used.patterns().contains("id=\"v\""));
    }
}
