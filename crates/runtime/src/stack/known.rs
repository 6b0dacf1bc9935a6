//! The functions of frames, each decoded once: a stack that overflowed has millions of frames of a few functions.

use crate::module::ModuleData;
use crate::pclntab::Func;
use foldhash::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// A function that frames are of; to be read as the [`Func`] that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameFunc {
    func: Func,
    /// Index of its module.
    pub module: usize,
    pub(crate) kind: FuncKind,
}

impl Deref for FrameFunc {
    type Target = Func;

    fn deref(&self) -> &Func {
        &self.func
    }
}

/// Functions that a signal handler made it look as if the frame above had called (`abi.FuncID`; by name, since the ids move).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FuncKind {
    SigPanic,
    Injected,
    /// Not of that kind: it only stands out among those that move SP.
    CgoCallback,
    Other,
}

impl FuncKind {
    fn of(name: &str) -> Self {
        match name {
            "runtime.sigpanic" => FuncKind::SigPanic,
            "runtime.asyncPreempt" | "runtime.debugCallV2" => FuncKind::Injected,
            "runtime.cgocallback" => FuncKind::CgoCallback,
            _ => FuncKind::Other,
        }
    }
}

/// The functions that frames were found to be of, for all threads.
///
/// # Overhead
/// Some 150 bytes for each.
#[derive(Debug, Default)]
pub struct FrameFuncs {
    by_entry: Mutex<HashMap<u64, Arc<FrameFunc>>>,
}

impl FrameFuncs {
    /// The function at `pc`.
    pub(super) fn at(&self, modules: &[ModuleData<'_>], pc: u64) -> Option<Arc<FrameFunc>> {
        let (module, func) = find_func(modules, pc)?;
        let new = || {
            let kind = FuncKind::of(&modules[module].functions.name(&func));
            Arc::new(FrameFunc { func, module, kind })
        };
        let mut known = self.by_entry.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(known.entry(func.entry).or_insert_with(new)))
    }
}

/// The function at `pc`, with its module's index.
pub(super) fn find_func(modules: &[ModuleData<'_>], pc: u64) -> Option<(usize, Func)> {
    let mut holding = modules.iter().enumerate().filter(|(_, module)| module.text.contains(&pc));
    holding.find_map(|(index, module)| Some((index, module.functions.find(pc)?)))
}
