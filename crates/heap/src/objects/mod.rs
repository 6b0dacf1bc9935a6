//! Slots and what each is: numbers, addresses, kinds.

pub(crate) mod page_table;
pub(crate) mod pointer_counts;
pub(crate) mod table;

#[cfg(test)]
mod tests;
