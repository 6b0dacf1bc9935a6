//! When and why a process died.

use super::HexAddress;
use serde::Serialize;

/// When and why a process died.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Death {
    /// Number of the signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Its name, like `SIGSEGV`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the signal's code says, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The address that faulted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<HexAddress>,
    /// When, ready to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Where the time comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_source: Option<String>,
    /// Why, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The panics of the goroutine that ended the process, the first of them first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panics: Vec<ShownPanic>,
    /// The error that the runtime gave up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fatal_error: Option<String>,
    /// What the runtime printed just before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub printed_before: Vec<String>,
    /// The signal that Go's handler caught and did not survive; that which the core has was raised to get the core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caught: Option<Caught>,
    /// The access that the machine refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<ShownFault>,
    /// The goroutine that died, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goroutine: Option<DiedAt>,
    /// The code that is not Go's in which it died, innermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub native: Vec<NativeCode>,
    /// Of a deadlock, what the main goroutine waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<ShownWaiting>,
}

/// One panic.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownPanic {
    /// Its value as the runtime prints it; none where that takes code of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The type of the value; a string where the runtime made a text of an error.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Fields of the value by path, where the text is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
    /// Whether a deferred function recovered it and then another panic came.
    pub recovered: bool,
    /// Whether its value was passed to `panic` again.
    pub repanicked: bool,
}

/// A goroutine that panics and runs deferred functions at that.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Panicking {
    /// Its id.
    pub id: u64,
    /// Its panics, the first of them first.
    pub panics: Vec<ShownPanic>,
}

/// A signal that Go's handler caught.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Caught {
    /// Its number.
    pub signal: u32,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What its code says, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The process that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<u32>,
}

/// What the machine refused.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownFault {
    /// Number of the signal.
    pub signal: u32,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What its code says, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The address; none where the processor does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<HexAddress>,
    /// What lies there, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The instruction.
    pub pc: HexAddress,
    /// What the instruction is in, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_place: Option<String>,
}

/// Where a goroutine died.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DiedAt {
    /// Its id.
    pub id: u64,
    /// The innermost function outside the standard library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The innermost call that tracebacks show, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

/// Code that is not Go's.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NativeCode {
    /// The mapped file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Bytes from its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_offset: Option<HexAddress>,
    /// The nearest symbol before, and the bytes from there: `memcpy+0x1f`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// The source file and the line, where the file or its debug file tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// See `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The instruction.
    pub pc: HexAddress,
}

/// A goroutine that waits.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownWaiting {
    /// The goroutine, and where it waits.
    #[serde(flatten)]
    pub at: DiedAt,
    /// The runtime's word for what it waits for.
    pub state: String,
}
