//! Why debug information as a whole could not be used.

/// Failure to open the debug information of an executable.
///
/// Damage inside a unit is no error: it costs that entry or the rest of that unit and is counted in
/// [`DwarfDiagnostics`](super::DwarfDiagnostics).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DwarfError {
    /// `.debug_info` is there, but a section without which no entry of it can be decoded is not.
    #[error(".debug_info is present but {section} is missing")]
    MissingSection {
        /// ELF name of the missing section.
        section: &'static str,
    },
}
