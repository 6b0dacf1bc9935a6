//! Why no runtime model can be made of a process.

use crate::layout::LayoutError;
use goheap_image::Address;
use goheap_model::Refusal;

/// The one error of this crate. What is merely odd is a [`Diagnostics`](crate::Diagnostics) instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The executable holds neither Go's build information nor its function table.
    #[error("this is no Go program: it has neither Go's build information nor its table of functions")]
    NotGo,
    /// It is Go, but does not say of which release.
    #[error("this Go program hides its release{}", hidden(stamp.as_deref(), *since_minor, candidates, fitting))]
    NoVersion {
        /// What stands where the release should, as set by `-X runtime.buildVersion=...`.
        stamp: Option<String>,
        /// The first minor release whose function table begins as this one.
        since_minor: Option<u32>,
        /// Strings that read as releases, none of which is known to be its own.
        candidates: Vec<String>,
        /// The minor releases by whose built-in layout its heap is found.
        fitting: Vec<u32>,
    },
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
    /// The observer refused: the memory that the run may use does not do, or nobody wants the answer any more.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl RuntimeError {
    /// A short stable name for scripts.
    pub fn name(&self) -> &'static str {
        match self {
            RuntimeError::NotGo => "not-go",
            RuntimeError::NoVersion { .. } => "go-version-hidden",
            RuntimeError::TooOld { .. } => "go-too-old",
            RuntimeError::Layout(_) => "unknown-layout",
            RuntimeError::NoModule => "no-moduledata",
            RuntimeError::ModuleUnreadable { .. } => "moduledata-unreadable",
            RuntimeError::NoHeap => "no-heap",
            RuntimeError::HeapUnreadable { .. } => "heap-unreadable",
            RuntimeError::Refused(_) => "over-budget",
        }
    }
}

fn hidden(stamp: Option<&str>, since_minor: Option<u32>, candidates: &[String], fitting: &[u32]) -> String {
    const SHOWN: usize = 4;
    let stamp = stamp.map(|text| format!("runtime.buildVersion is {text:?}"));
    let table = since_minor.map(|minor| match minor {
        20 => "its table of functions is of Go 1.20 or later".to_owned(),
        18 => "its table of functions is of Go 1.18 or 1.19".to_owned(),
        minor => format!("its table of functions is of Go 1.{minor}"),
    });
    let strings = (!candidates.is_empty()).then(|| {
        let shown: Vec<String> = candidates.iter().take(SHOWN).map(|text| format!("{text:?}")).collect();
        format!("it holds {}{}", shown.join(", "), if candidates.len() > SHOWN { ", ..." } else { "" })
    });
    let releases: Vec<String> = fitting.iter().map(|minor| format!("1.{minor}")).collect();
    let fitting = (!fitting.is_empty()).then(|| format!("the layout of Go {} fits", releases.join(", ")));
    let said: Vec<String> = [stamp, table, strings, fitting].into_iter().flatten().collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join("; ")) }
}
