//! What the program's machine code says of types, where no debug information does: which values its functions pass to methods, to
//! allocators and to maps, keep in package variables and in frames. Types of values are told by flow through each function, over all
//! of its paths: what all of them agree on is as certain as the compiler was.

mod abi;
mod claims;
mod dictionaries;
mod flow;
mod frame_words;
mod known;
mod prefixes;
mod state;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use claims::as_word;
pub(crate) use frame_words::FrameWords;
pub(crate) use known::Facts;
pub(crate) use value::Pointee;
