//! From a stack pointer to its frames (traceback.go `unwinder`).

use super::known::{FrameFunc, FrameFuncs, FuncKind, find_func};
use crate::module::ModuleData;
use crate::pclntab::{Func, FuncTable};
use goheap_image::{Address, Machine, MemoryImage};
use std::sync::Arc;

/// A stack of 1 GB (the runtime's limit) has no more frames than this.
const MAX_FRAMES: usize = 1 << 25;
/// Frames of which none takes a word of the stack.
const FRAMES_WITHOUT_WORD: usize = 64;

/// Instructions that a walk remembers: recursions have few.
const REMEMBERED: usize = 8;

/// One physical frame. There may be millions: each takes 56 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its function.
    pub func: Arc<FrameFunc>,
    /// Where it will go on: a return address, or where it was stopped if innermost.
    pub pc: u64,
    /// The pc whose stack map holds; 0 if the frame will not go on.
    pub continpc: u64,
    /// Lowest address.
    pub sp: u64,
    /// First address past it: DWARF's canonical frame address.
    pub fp: u64,
    /// End of the local variables.
    pub varp: u64,
    /// Start of the arguments and results on the stack.
    pub argp: u64,
}

/// Why a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnwindEnd {
    /// At a function that is the top of stacks.
    Top,
    /// At a program counter that no module knows.
    UnknownFunction(u64),
    /// At a function that moves SP without saying how far.
    WritesSp,
    /// At a word that is absent, a frame outside the stack, or one that leads to itself.
    Broken,
}

/// Walks the frames of one stack.
#[derive(Clone, Copy)]
pub struct Unwinder<'a> {
    /// The process.
    pub memory: &'a MemoryImage,
    /// Its modules.
    pub modules: &'a [ModuleData<'a>],
    /// Its architecture.
    pub machine: Machine,
    /// Functions that frames were of before.
    pub known: &'a FrameFuncs,
}

/// Where a frame stands: its function, and bytes between SP and its end, if that is known.
type Standing = (Arc<FrameFunc>, Option<i32>);

/// The last instructions at which frames of a walk stood.
#[derive(Default)]
struct Remembered {
    standings: [Option<(u64, Standing)>; REMEMBERED],
    next: usize,
}

impl Remembered {
    fn of(&mut self, unwinder: &Unwinder<'_>, pc: u64) -> Option<Standing> {
        if let Some((_, standing)) = self.standings.iter().flatten().find(|(at, _)| *at == pc) {
            return Some(standing.clone());
        }
        let func = unwinder.known.at(unwinder.modules, pc)?;
        let delta = unwinder.modules[func.module].functions.sp_delta(&func, pc);
        self.standings[self.next] = Some((pc, (Arc::clone(&func), delta)));
        self.next = (self.next + 1) % REMEMBERED;
        Some((func, delta))
    }
}

impl<'a> Unwinder<'a> {
    /// The function at `pc`, with its module's index.
    pub fn find_func(&self, pc: u64) -> Option<(usize, Func)> {
        find_func(self.modules, pc)
    }

    /// The function table of a frame.
    pub fn functions(&self, frame: &Frame) -> &'a FuncTable<'a> {
        &self.modules[frame.func.module].functions
    }

    fn uses_link_register(&self) -> bool {
        self.machine == Machine::Aarch64
    }

    /// Walks from `(pc, sp, lr)` within the stack `[lo, hi)`, innermost frame first.
    pub fn walk(&self, pc: u64, sp: u64, lr: u64, stack: (u64, u64)) -> (Vec<Frame>, UnwindEnd) {
        self.walk_first(pc, sp, lr, stack, MAX_FRAMES)
    }

    /// The same, at most `limit` frames; it ends as [`UnwindEnd::Broken`] where there are more.
    pub fn walk_first(&self, pc: u64, sp: u64, lr: u64, stack: (u64, u64), limit: usize) -> (Vec<Frame>, UnwindEnd) {
        let mut frames: Vec<Frame> = Vec::new();
        let (mut pc, mut sp, mut lr) = (pc, sp, lr);
        if pc == 0 {
            // A call through a nil func: start in the caller.
            let Some(caller) = self.memory.read_u64(Address(sp)) else { return (frames, UnwindEnd::Broken) };
            pc = caller;
            lr = 0;
            if !self.uses_link_register() {
                sp = sp.wrapping_add(8);
            }
        }
        // A frame takes a word of the stack; of leaf functions, whose return address is in a register, there are few in a row.
        let words = stack.1.saturating_sub(stack.0) / 8;
        let limit = limit.min(usize::try_from(words).unwrap_or(usize::MAX).saturating_add(FRAMES_WITHOUT_WORD));
        let mut remembered = Remembered::default();
        while frames.len() < limit {
            let Some(standing) = remembered.of(self, pc) else { return (frames, UnwindEnd::UnknownFunction(pc)) };
            let callee = frames.last().map(|callee| callee.func.kind);
            let (frame, back) = match self.resolve(standing, pc, sp, lr, callee) {
                Ok(resolved) => resolved,
                Err(end) => return (frames, end),
            };
            if frame.fp < sp || sp < stack.0 || frame.fp > stack.1 {
                return (frames, UnwindEnd::Broken);
            }
            let (func, next) = (Arc::clone(&frame.func), self.caller(&frame, back));
            let is_itself = back == pc && frame.fp == sp;
            frames.push(frame);
            if func.is_top_frame {
                return (frames, UnwindEnd::Top);
            }
            // cgocallback moves SP between stacks so that both show its frame (traceback.go resolveInternal).
            let switches = func.writes_sp && func.kind != FuncKind::CgoCallback;
            if switches && frames.len() > 1 && callee != Some(FuncKind::Injected) {
                return (frames, UnwindEnd::WritesSp);
            }
            if back == 0 || is_itself {
                return (frames, UnwindEnd::Broken);
            }
            (pc, sp, lr) = next;
        }
        (frames, UnwindEnd::Broken)
    }

    /// PC, SP and LR of the caller, to which the frame returns at `back`. A signal handler on a link register machine saves LR on the
    /// stack before it fakes a call.
    fn caller(&self, frame: &Frame, back: u64) -> (u64, u64, u64) {
        if !self.uses_link_register() || matches!(frame.func.kind, FuncKind::Other | FuncKind::CgoCallback) {
            return (back, frame.fp, 0);
        }
        let saved = self.memory.read_u64(Address(frame.fp)).unwrap_or(0);
        let sp = frame.fp.wrapping_add(16);
        match self.find_func(back) {
            None => (saved, sp, 0),
            Some((module, func)) => {
                let frameless = self.modules[module].functions.sp_delta(&func, back) == Some(0);
                (back, sp, if frameless { saved } else { 0 })
            }
        }
    }

    /// The frame, and where it returns to.
    fn resolve(
        &self,
        (func, delta): Standing,
        pc: u64,
        sp: u64,
        lr: u64,
        callee: Option<FuncKind>,
    ) -> Result<(Frame, u64), UnwindEnd> {
        let innermost = callee.is_none();
        let delta = u64::try_from(delta.ok_or(UnwindEnd::Broken)?).map_err(|_| UnwindEnd::Broken)?;
        let pushed = if self.uses_link_register() { 0 } else { 8 };
        let fp = sp.checked_add(delta + pushed).ok_or(UnwindEnd::Broken)?;
        let lr = if func.is_top_frame {
            0
        } else if !self.uses_link_register() {
            self.memory.read_u64(Address(fp - 8)).ok_or(UnwindEnd::Broken)?
        } else if lr == 0 || (innermost && sp < fp) {
            self.memory.read_u64(Address(sp)).ok_or(UnwindEnd::Broken)?
        } else {
            lr
        };
        // Below the return address, where there is a frame at all, lies the caller's frame pointer.
        let mut varp = fp - pushed;
        if varp > sp {
            varp -= 8;
        }
        let continpc = match callee {
            Some(FuncKind::SigPanic) if func.deferreturn == 0 => 0,
            Some(FuncKind::SigPanic) => func.entry.wrapping_add(func.deferreturn).wrapping_add(1),
            _ => pc,
        };
        let argp = fp.wrapping_add(if self.uses_link_register() { 8 } else { 0 });
        Ok((Frame { func, pc, continpc, sp, fp, varp, argp }, lr))
    }
}
