//! Reading the pointer words of many objects, in batches and on any number of threads.

pub(crate) mod kind_plans;
pub(crate) mod pieces;
pub(crate) mod span_scan;
pub(crate) mod word_batch;
