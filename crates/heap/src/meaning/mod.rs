//! What a word of an object of a known type means: fields, insides of containers, captured variables.

mod address_cache;
pub(crate) mod closures;
pub(crate) mod compiled;
pub(crate) mod containers;
pub(crate) mod plan;
pub(crate) mod resolve;
pub(crate) mod rules;

#[cfg(test)]
mod tests;
