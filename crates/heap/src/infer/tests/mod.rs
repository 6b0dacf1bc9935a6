//! The rules of inference, on small processes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod candidates;
mod closures;
mod containers;
mod evidence;
mod fields;
mod library;
mod rounds;
mod tiny;

use crate::snapshot::HeapSnapshot;
use crate::testing::{Doing, GoProcess};
use goheap_model::Evidence;

/// What an object is taken for, and how surely.
fn told(snapshot: &HeapSnapshot<'_, '_>, at: u64) -> (String, Evidence) {
    (snapshot.type_at(at), snapshot.evidence_at(at))
}

/// The same of one object of a process.
fn told_of(go: &GoProcess, at: u64) -> (String, Evidence) {
    go.take(|snapshot| told(snapshot, at))
}

fn exact(text: &str) -> (String, Evidence) {
    (text.to_owned(), Evidence::Exact)
}

fn derived(text: &str) -> (String, Evidence) {
    (text.to_owned(), Evidence::Derived)
}

fn guessed(text: &str) -> (String, Evidence) {
    (text.to_owned(), Evidence::Candidate)
}

fn unknown() -> (String, Evidence) {
    (String::new(), Evidence::None)
}
