//! Who holds what hangs below a frame of the first level, told by its text: in the reference tree it is a root, in that of dominators a class
//! of roots.

use goheap_model::names::package_of;
use goheap_model::names::{Code, code_of_package};
use goheap_model::{HELD_BY_SEVERAL, NOT_KNOWN, RootClass, UNREACHABLE};

/// What a frame of the first level is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopFrame {
    /// A root of this class, or the class.
    Root(RootClass),
    /// What several classes of roots hold together.
    Several,
    /// What is not known to be reachable.
    NotKnown,
    /// Garbage.
    Unreachable,
}

impl TopFrame {
    /// By the text of the frame. A root of no known kind is one of the runtime's records.
    pub fn of(text: &str) -> TopFrame {
        if let Some(class) = RootClass::ALL.into_iter().find(|class| class.name() == text) {
            return TopFrame::Root(class);
        }
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        match text {
            UNREACHABLE => TopFrame::Unreachable,
            NOT_KNOWN => TopFrame::NotKnown,
            _ if text.starts_with(HELD_BY_SEVERAL) => TopFrame::Several,
            _ if first == "goroutine" || rest.starts_with("× goroutine") => TopFrame::Root(RootClass::Goroutines),
            _ if !first.contains('.') => TopFrame::Root(RootClass::Other),
            _ => match code_of_package(&package_of(first)) {
                Code::Runtime => TopFrame::Root(RootClass::Runtime),
                _ => TopFrame::Root(RootClass::Variables),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_first_level_tell_who_holds() {
        for (text, top) in [
            ("main.cache *main.Cache", TopFrame::Root(RootClass::Variables)),
            ("net/http.DefaultClient *http.Client", TopFrame::Root(RootClass::Variables)),
            ("gopkg.in/a.v2.x int", TopFrame::Root(RootClass::Variables)),
            ("runtime.allm *runtime.m", TopFrame::Root(RootClass::Runtime)),
            ("internal/runtime/maps.x T", TopFrame::Root(RootClass::Runtime)),
            ("runtime variables", TopFrame::Root(RootClass::Runtime)),
            ("package variables", TopFrame::Root(RootClass::Variables)),
            ("goroutine main.work", TopFrame::Root(RootClass::Goroutines)),
            ("12 × goroutine main.work", TopFrame::Root(RootClass::Goroutines)),
            ("finalizers", TopFrame::Root(RootClass::Other)),
            ("held by several classes of roots", TopFrame::Several),
            ("unreachable", TopFrame::Unreachable),
            ("not known to be reachable", TopFrame::NotKnown),
        ] {
            assert_eq!(TopFrame::of(text), top, "{text}");
        }
    }
}
