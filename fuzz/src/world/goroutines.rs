//! Goroutines, their stacks, a thread that a signal stopped, and what they wait for.

use super::heap::{CHAN, SCANNED, THREADS, object};
use super::module::{ANCHORS, FRAME, GOEXIT, GOPARK, LEAF, MAIN, SIGPANIC, SIGTRAMP, entry};
use super::{STACKS, World, types};
use goheap_synth::Machine;

const STACK_BYTES: u64 = 0x1000;
const SIGNAL_STACK: u64 = STACKS + 4 * STACK_BYTES;
/// Where the thread stands on it.
pub(super) const SIGNAL_SP: u64 = SIGNAL_STACK + 0x400;
/// The frame of the kernel.
const CONTEXT: u64 = SIGNAL_STACK + 0x600;
const G_ROOM: u64 = 0x400;
const M: u64 = THREADS + 4 * G_ROOM;
const P: u64 = THREADS + 0x1c00;
const SUDOG: u64 = THREADS + 0x1a00;
const DEFER: u64 = THREADS + 0x1b00;

const fn g(index: u64) -> u64 {
    THREADS + index * G_ROOM
}

impl World {
    pub(super) fn goroutines(&mut self) {
        self.places.piece(STACKS, 0x8000, true);
        self.places.piece(THREADS + 0x3000, 0x4000, true);
        self.places.slice(ANCHORS, ANCHORS + 0xa00, 3);
        self.places.words(ANCHORS + 0xa00, &[g(0), g(1), g(2)]);
        self.places.slice(ANCHORS + 0x20, ANCHORS + 0xa40, 1);
        self.places.word(ANCHORS + 0xa40, P);
        self.places.word(ANCHORS + 0x40, M);
        // Waiting, running, dead; and that of the thread for signals.
        for (index, status) in [(0, 4), (1, 2), (2, 6), (3, 0)] {
            self.goroutine(index, status);
        }
        self.thread();
        self.signal_frame();
        self.waiting();
    }

    fn goroutine(&mut self, index: u64, status: u32) {
        let (at, fields) = (g(index), self.layout.g.clone());
        let lo = if index == 3 { SIGNAL_STACK } else { STACKS + index * STACK_BYTES };
        self.places.words(at + fields.stack, &[lo, lo + STACK_BYTES]);
        self.places.half(at + fields.atomicstatus, status);
        self.places.word(at + fields.goid, index + 1);
        self.places.bytes(at + fields.waitreason, &[14]);
        self.places.word(at + fields.waitsince, 1000);
        self.places.word(at + fields.startpc, entry(MAIN));
        self.places.word(at + fields.gopc, entry(MAIN) + 8);
        self.places.word(at + fields.m, if index == 1 { M } else { 0 });
        self.places.bytes(at + fields.async_safe_point, &[0]);
        self.places.words(at + fields.syscallsp, &[0, 0]);
        let sp = lo + 0x400;
        let (saved, gobuf) = (at + fields.sched, self.layout.gobuf.clone());
        self.places.word(saved + gobuf.sp, sp);
        self.places.word(saved + gobuf.pc, entry(GOPARK) + 0x10);
        self.places.word(saved + gobuf.g, at);
        self.places.word(saved + gobuf.ctxt, object(SCANNED, 5));
        if index < 2 {
            self.frames(sp, &[MAIN, LEAF, SIGPANIC, LEAF, MAIN, GOEXIT]);
        }
    }

    /// Frames above `sp`: return addresses into `callers`, pointers between.
    fn frames(&mut self, sp: u64, callers: &[usize]) {
        let mut at = sp;
        for caller in callers {
            let back = entry(*caller) + 0x10;
            match self.machine {
                Machine::X86_64 => {
                    self.places.words(at, &[object(SCANNED, 1), types::descriptor(types::STRUCT), object(SCANNED, 2)]);
                    self.places.word(at + FRAME, back);
                    at += FRAME + 8;
                }
                Machine::Aarch64 => {
                    self.places.words(at, &[back, object(SCANNED, 1), object(SCANNED, 2)]);
                    at += FRAME;
                }
            }
        }
    }

    fn thread(&mut self) {
        let fields = self.layout.m.clone();
        for (at, value) in [
            (fields.g0, g(2)),
            (fields.procid, 100),
            (fields.gsignal, g(3)),
            (fields.curg, g(1)),
            (fields.id, 1),
            (fields.alllink, 0),
            (fields.vdso_sp, 0),
            (fields.vdso_pc, 0),
        ] {
            self.places.word(M + at, value);
        }
        let fields = self.layout.p.clone();
        self.places.half(P + fields.id, 0);
        self.places.half(P + fields.status, 1);
        self.places.word(P + fields.m, M);
        self.places.word(P + fields.mcache, P + 0x3000 - 0x1c00 + 0x2000);
        self.frames(SIGNAL_SP, &[SIGTRAMP, SIGTRAMP]);
    }

    /// `ucontext` and `siginfo_t` (see `runtime/src/stack/signal.rs`).
    fn signal_frame(&mut self) {
        self.places.words(CONTEXT, &[0, 0, SIGNAL_STACK, 0, STACK_BYTES]);
        let (registers, count, sp, pc, info) = match self.machine {
            Machine::X86_64 => (CONTEXT + 40, 17, 15, 16, CONTEXT + 304),
            Machine::Aarch64 => (CONTEXT + 184, 33, 31, 32, CONTEXT - 128),
        };
        for register in 0..count {
            let value = match register {
                _ if register == sp => STACKS + STACK_BYTES + 0x400,
                _ if register == pc => entry(LEAF) + 0x10,
                _ => object(SCANNED, register % 8),
            };
            self.places.word(registers + register * 8, value);
        }
        self.places.half(info, 11);
        self.places.half(info + 8, 1);
        self.places.word(info + 16, 0x10);
    }

    /// The first waits to receive of a channel; the second has deferred a call and panics.
    fn waiting(&mut self) {
        let (fields, sudog) = (self.layout.g.clone(), self.layout.sudog.clone());
        let chan = self.kept(CHAN);
        self.places.word(g(0) + fields.waiting, SUDOG);
        self.places.word(SUDOG + sudog.g, g(0));
        self.places.word(SUDOG + sudog.elem, object(SCANNED, 6));
        self.places.word(SUDOG + sudog.c, chan);
        self.places.word(SUDOG + sudog.next, 0);
        self.places.word(SUDOG + sudog.waitlink, 0);
        let sendq = self.layout.hchan.sendq;
        self.places.words(chan + sendq, &[SUDOG, SUDOG]);
        self.places.word(g(1) + fields.defer, DEFER);
        let defer = self.layout.defer.clone();
        self.places.word(DEFER + defer.sp, STACKS + STACK_BYTES + 0x440);
        self.places.word(DEFER + defer.pc, entry(MAIN) + 0x20);
        self.places.word(DEFER + defer.func, object(SCANNED, 5));
        self.places.word(DEFER + defer.link, 0);
        self.places.bytes(DEFER + defer.heap, &[1]);
        let panic = self.layout.panic.clone();
        let at = STACKS + STACK_BYTES + 0x500;
        self.places.word(g(1) + fields.panic, at);
        self.places.words(at + panic.arg, &[types::descriptor(types::INT), object(SCANNED, 2)]);
        self.places.word(at + panic.link, 0);
        self.places.word(g(1) + fields.ancestors, 0);
        self.places.word(g(1) + fields.labels, object(SCANNED, 7));
        self.places.half(g(1) + fields.sig, 11);
        self.places.word(g(1) + fields.sigpc, entry(LEAF) + 0x10);
    }
}
