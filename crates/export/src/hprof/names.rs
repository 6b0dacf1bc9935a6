//! Names and ids: what is no object of the heap has ids where no object is.

use super::FORMAT;
use crate::ExportError;
use foldhash::HashMap;
use goheap_model::Objects;

/// Ids of what is no object begin here, or behind the heap.
const FIRST_ID: u64 = 0x1000;
/// Heaps lie above; also the distance behind a heap that does not.
const ROOM: u64 = 1 << 32;
/// Between two ids.
const STEP: u64 = 16;
/// Numbers of classes and traces have 32 bits, and readers take them for signed.
pub(super) const MOST: u64 = i32::MAX as u64;

/// Gives out ids.
#[derive(Debug)]
pub(super) struct Ids {
    next: u64,
}

impl Ids {
    pub(super) fn new(objects: &Objects) -> Self {
        let spans = objects.spans();
        let lowest = spans.iter().map(|span| span.start).min().unwrap_or(u64::MAX);
        let end = spans.iter().map(|span| span.start.saturating_add(span.bytes)).max().unwrap_or(0);
        let behind = end.checked_next_multiple_of(ROOM).unwrap_or(FIRST_ID);
        Ids { next: if lowest >= ROOM { FIRST_ID } else { behind } }
    }

    pub(super) fn next(&mut self) -> u64 {
        let id = self.next;
        self.next = self.next.wrapping_add(STEP);
        id
    }
}

/// The texts of the file, each once.
///
/// # Overhead
/// Each text twice, and some 60 bytes.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_text: HashMap<Box<str>, u64>,
    in_order: Vec<(u64, Box<str>)>,
}

impl Names {
    /// The id of a text.
    ///
    /// # Errors
    /// [`ExportError::TooMany`]
    pub(super) fn id(&mut self, text: &str, ids: &mut Ids) -> Result<u64, ExportError> {
        if let Some(&id) = self.by_text.get(text) {
            return Ok(id);
        }
        let found = self.in_order.len() as u64 + 1;
        if found > MOST {
            return Err(ExportError::TooMany { format: FORMAT, what: "names", most: MOST, found });
        }
        let id = ids.next();
        self.by_text.insert(text.into(), id);
        self.in_order.push((id, text.into()));
        Ok(id)
    }

    /// All, in the order in which they were asked for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &str)> {
        self.in_order.iter().map(|(id, text)| (*id, &**text))
    }
}

/// The name of the class of instances of a Go type. Readers take names that begin with a bracket for arrays, and look for Java's own.
pub(super) fn class_name(text: &str) -> String {
    let is_taken = text.is_empty() || text.starts_with('[') || text.starts_with("java") || text == "goroutine";
    if is_taken { format!("type {text}") } else { text.to_owned() }
}

/// The name of the class of arrays of what is called so.
pub(super) fn array_class_name(element: &str) -> String {
    format!("[L{element};")
}
