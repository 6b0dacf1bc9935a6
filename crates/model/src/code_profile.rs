//! A profile of the runtime's own: stacks of code, and what was counted at each.

use std::sync::Arc;

/// A function of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeFunction {
    /// Its full name, type arguments and all; empty where no function of Go has code there.
    pub name: Arc<str>,
    /// Its source file, as compiled.
    pub file: Arc<str>,
    /// The line where it begins; 0 where that is not known.
    pub start_line: u32,
}

/// A call at a place in code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeCall {
    /// The function, by its number.
    pub function: u32,
    /// The line.
    pub line: u32,
}

/// A frame of a stack: an instruction, and the calls that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodePlace {
    /// The instruction of the innermost call.
    pub address: u64,
    /// The calls: those that are inlined first, the function that has the frame last.
    pub calls: Box<[CodeCall]>,
}

/// What was counted at one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeSample {
    /// The frames by number, the innermost first.
    pub places: Box<[u32]>,
    /// A number for each kind of value.
    pub values: Vec<i64>,
    /// Labels, by key.
    pub labels: Vec<(String, String)>,
    /// Bytes of each object, of a profile of memory.
    pub object_bytes: Option<u64>,
}

/// Stacks and what was counted at them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeProfile {
    /// The functions that are met.
    pub functions: Vec<CodeFunction>,
    /// The frames that are met.
    pub places: Vec<CodePlace>,
    /// What was counted.
    pub samples: Vec<CodeSample>,
}
