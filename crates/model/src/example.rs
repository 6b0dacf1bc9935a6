//! One of the things that a count counts, and how to look at it.

use serde::Serialize;
use std::fmt;

/// An object, variable or goroutine that a count counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its address, like `0xc000012340`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<String>,
    /// Its type, name or place; empty where there is none to tell.
    pub what: String,
    /// Of words, how many of the count are in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<u64>,
    /// The command of goheap that shows it, like `object 0xc000012340`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl fmt::Display for Example {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words.map(|words| format!("{} in", crate::words::grouped(words)));
        let what = Some(self.what.clone()).filter(|what| !what.is_empty());
        let parts: Vec<String> = [words, self.addr.clone(), what].into_iter().flatten().collect();
        write!(out, "{}", parts.join(" "))?;
        match &self.command {
            Some(command) => write!(out, "  (goheap … {command})"),
            None => Ok(()),
        }
    }
}
