//! What an object was found to be; see [`goheap_model`].

pub(crate) use goheap_model::{Evidence, ObjectType, Part};
