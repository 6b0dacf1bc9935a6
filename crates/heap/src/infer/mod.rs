//! Which type every object has, and what the roots reach: evidence flows from what is certain along typed pointers until nothing
//! changes, and marks flow along all pointers by the same walk.
//!
//! It flows level by level: what changed in one level is followed in the next. A better type replaces a worse by one order
//! (`rank`), a level's objects are followed with the types that they had at its start, and counts are of objects, so that
//! neither order nor threads matter to the end. The collector's own bits judge: a type whose pointers are not exactly the slot's
//! is refused.

mod accept;
mod blocks;
mod candidates;
mod captures;
mod code;
mod confirm;
mod engine;
mod fit;
mod follow;
mod headers;
mod instances;
mod leads;
mod levels;
mod made_types;
mod marks;
mod polls;
mod proposal;
mod rounds;
mod rows;
mod shapes;
mod state;
mod timers;
mod tiny;
mod tries;
mod unsettled;
mod votes;
mod windows;
mod word;

pub(crate) use engine::{Inference, Inferred, payload_offset};
pub(crate) use fit::size_class;
pub(crate) use headers::header_types;
pub(crate) use polls::Votes;
pub(crate) use proposal::Proposal;

#[cfg(test)]
mod tests;
