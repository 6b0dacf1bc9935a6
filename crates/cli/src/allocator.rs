//! The system's allocator, with every byte counted: [`allowance`] ends the run where it would take more than it may, or where the
//! system has no more, which Rust's own hook could not do without an abort.
#![allow(unsafe_code)]

use crate::bounds::allowance;
use std::alloc::{GlobalAlloc, Layout, System};

/// Allocates as [`System`] does.
pub(crate) struct Counted;

// SAFETY: every call goes to `System` with the arguments as they came, whose contract is the same, and what it returns is returned;
// a null pointer is not, for `allowance::failed` does not return. Counting touches no memory of the allocator, does not unwind
// (plain integers, atomics and one read of a file), and where it allocates, to say a last line, the calls nest between whole calls
// of `System`.
unsafe impl GlobalAlloc for Counted {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allowance::take(layout.size());
        // SAFETY: the caller's promise for `layout`.
        had(unsafe { System.alloc(layout) }, layout.size())
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allowance::take(layout.size());
        // SAFETY: the caller's promise for `layout`.
        had(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        allowance::give_back(layout.size());
        // SAFETY: the caller's promise; every block is `System`'s.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allowance::resize(layout.size(), size);
        // SAFETY: the caller's promise; every block is `System`'s.
        had(unsafe { System.realloc(block, layout, size) }, size)
    }
}

#[inline]
fn had(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        allowance::failed(size)
    }
    block
}
