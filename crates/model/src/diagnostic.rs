//! What was absent, unreadable or guessed.

/// Something that may make a sum or a name wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable short name.
    pub code: &'static str,
    /// How often, or how many bytes.
    pub count: u64,
    /// Where the count is a part, of how many.
    pub of: Option<u64>,
    /// What it means, in words.
    pub text: String,
    /// True if it may make a sum wrong, and not only names.
    pub is_serious: bool,
}
