//! Text that names fields and frames; of types and packages see [`goheap_model::names`].

pub(crate) mod label_text;
pub(crate) mod labels;
pub(crate) mod late_names;
pub(crate) mod promoted;
#[cfg(test)]
mod said_twice;

#[cfg(test)]
mod tests;
