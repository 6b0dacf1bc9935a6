//! Goroutine stacks: their frames, and which words in them the collector takes for pointers.
//!
//! [`unwind`](unwind::Unwinder) walks frames as `traceback.go` does; [`StackScanner::scan`] finds the pointers as `scanstack`
//! (mgcmark.go) does: stack maps, stack objects that something points to, deferred calls; and, where a thread was stopped at
//! an arbitrary instruction, registers and its innermost frame conservatively.

mod bounds;
mod defers;
mod frame_map;
mod known;
mod objects;
mod scan;
mod signal;
mod start;
mod unwind;
mod words;

pub(crate) use bounds::StackBounds;
pub(crate) use known::FuncKind;
pub use known::{FrameFunc, FrameFuncs};
pub use scan::{Precision, StackPlace, StackPointer, StackRoot, StackScan, StackScanner};
pub(crate) use signal::{Interrupted, SignalSearch, frame_facts, interrupted, interrupted_on_own_stack};
pub use start::{StartPoint, ThreadIndex};
pub use unwind::{Frame, UnwindEnd, Unwinder};
pub use words::StackWords;
