//! Why no runtime model can be made of a process.

use crate::layout::LayoutError;
use crate::observer::OverBudget;
use goheap_image::Address;

/// The one error of this crate. What is merely odd is a [`Diagnostics`](crate::Diagnostics) instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// Neither the executable nor the core holds Go's buildinfo.
    #[error("this is no Go program: neither the executable nor the core holds a Go version")]
    NotGo,
    /// A release before 1.17.
    #[error("the program was built with {version}; goheap reads Go 1.17 and later")]
    TooOld {
        /// The version string as found.
        version: String,
    },
    /// The structs' fields are unknown.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// No moduledata was found.
    #[error(
        "runtime.moduledata was not found: the core lacks the program's data segment, or the executable is another's"
    )]
    NoModule,
    /// A moduledata cannot be read.
    #[error("the moduledata at {address} is absent or contradicts itself")]
    ModuleUnreadable {
        /// Where it should be.
        address: Address,
    },
    /// No heap was found.
    #[error("runtime.mheap_ was not found: the core lacks the program's data segment, or the executable is another's")]
    NoHeap,
    /// The list of spans is absent.
    #[error("the list of spans at {mheap} is absent: the core is cut off before the runtime's own memory")]
    HeapUnreadable {
        /// Address of `runtime.mheap_`.
        mheap: Address,
    },
    /// The memory that the run may use does not do.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

impl RuntimeError {
    /// A short stable name for scripts.
    pub fn name(&self) -> &'static str {
        match self {
            RuntimeError::NotGo => "not-go",
            RuntimeError::TooOld { .. } => "go-too-old",
            RuntimeError::Layout(_) => "unknown-layout",
            RuntimeError::NoModule => "no-moduledata",
            RuntimeError::ModuleUnreadable { .. } => "moduledata-unreadable",
            RuntimeError::NoHeap => "no-heap",
            RuntimeError::HeapUnreadable { .. } => "heap-unreadable",
            RuntimeError::OverBudget(_) => "over-budget",
        }
    }
}
