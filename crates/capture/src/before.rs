//! What is known of a process before it is stopped, and what follows from it: it takes long, or need not be of one moment.

use crate::error::CaptureError;
use crate::heap_filter;
use crate::maps::{self, Details, Mapping};
use crate::memory::{Live, Memory};
use crate::notes;
use crate::pages::PageMap;
use crate::plan::Plan;
use crate::proc_files::{ProcFolder, machine_memory};
use crate::process::{Stopped, ThreadState};
use crate::take::{CaptureRequest, Method};
use goheap_image::{MemoryGroup, Provenance};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// A copy by fork may come to as much as the process has, when that writes everywhere meanwhile; services write to a part. Half of it
/// must be there.
const FORK_SHARE: u64 = 2;

/// What is known before the stop: it takes long or need not be of one moment.
pub(crate) struct Before {
    pub(crate) process: ProcFolder,
    pub(crate) details: Details,
    pub(crate) provenance: Provenance,
    /// Bytes of memory that a copy may take.
    pub(crate) room: u64,
    /// Bytes that are left to goheap at all.
    pub(crate) left: u64,
    pub(crate) group: Option<MemoryGroup>,
}

/// What is known of the stopped process.
pub(crate) struct Now {
    pub(crate) threads: Vec<ThreadState>,
    pub(crate) mappings: Vec<Mapping>,
}

impl Before {
    pub(crate) fn look(process: &ProcFolder, request: &CaptureRequest) -> Result<Before, CaptureError> {
        let root = Path::new("/");
        let details = maps::details(&process.bytes("smaps")?);
        let group = MemoryGroup::of(root, process.pid);
        let own = MemoryGroup::of(root, std::process::id() as i32);
        let (total, available) = machine_memory(root).unwrap_or((u64::MAX, u64::MAX));
        let left = own.as_ref().and_then(MemoryGroup::room).unwrap_or(u64::MAX).min(available);
        if left < request.least_memory {
            return Err(CaptureError::LittleMemory { room: left, least: request.least_memory });
        }
        let kibibytes = |name| Some(process.status_number(name)?.saturating_mul(1024));
        let number = |name| process.text(name).ok()?.trim().parse().ok();
        let provenance = Provenance {
            tool: request.tool.clone(),
            taken: SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs()),
            trigger: request.trigger.clone(),
            method: String::new(),
            limit: group.as_ref().map(|group| group.limit),
            // The first version counts some of it late.
            used: group.as_ref().and_then(MemoryGroup::used).max(kibibytes("VmRSS:").filter(|_| group.is_some())),
            rss: kibibytes("VmRSS:"),
            peak: kibibytes("VmHWM:"),
            machine: (total < u64::MAX).then_some(total),
            oom_score: number("oom_score"),
            smaps_rollup: process.text("smaps_rollup").unwrap_or_default(),
            maps: Vec::new(),
        };
        // A quarter stays for what is written meanwhile, by us and by others.
        let room = request.memory.min(left.saturating_sub(request.least_memory) / 4 * 3);
        Ok(Before { process: process.clone(), details, provenance, room, left, group })
    }

    /// Memory of no file, bytes, with what may come until the stop.
    pub(crate) fn expected(&self) -> u64 {
        let kibibytes = |name| self.process.status_number(name).unwrap_or(0).saturating_mul(1024);
        let now: u64 = ["RssAnon:", "RssShmem:", "VmSwap:"].into_iter().map(kibibytes).sum();
        now.saturating_add(now / 32).saturating_add(8 << 20)
    }

    pub(crate) fn look_at_stopped(&self, stopped: &Stopped) -> Result<Now, CaptureError> {
        let threads = stopped.states(&self.process)?;
        let mappings = maps::parse(&self.process.bytes("maps")?);
        Ok(Now { threads, mappings })
    }

    pub(crate) fn plan(
        &self,
        source: &ProcFolder,
        mappings: &[Mapping],
        live: &Live,
        full: bool,
    ) -> Result<Plan, CaptureError> {
        Plan::of(mappings, &self.details, &PageMap::open(source)?, live, full)
    }

    pub(crate) fn notes(&self, now: &Now, method: Method) -> Result<(Vec<u8>, Provenance), CaptureError> {
        let maps = self.process.bytes("maps")?;
        let provenance = Provenance { method: method.name().to_owned(), maps, ..self.provenance.clone() };
        Ok((notes::of_process(&self.process, &now.threads, &now.mappings, &provenance.encode())?, provenance))
    }

    /// Leaves out what of Go's heap is in no span; how many bytes.
    pub(crate) fn leave_out(
        &self,
        request: &CaptureRequest,
        mappings: &[Mapping],
        plan: &mut Plan,
        memory: &dyn Memory,
        notes: &[u8],
    ) -> u64 {
        if request.full {
            return 0;
        }
        let heap = heap_filter::live_heap(&self.process, mappings, plan, memory, notes, self.left / 2);
        heap.map_or(0, |heap| heap_filter::leave_out(plan, &heap))
    }

    /// Where threads wait in the kernel for memory of the group, which somebody may give (version 1, `oom_kill_disable`).
    pub(crate) fn is_out_of_memory(&self) -> bool {
        self.group.as_ref().is_some_and(MemoryGroup::is_out_of_memory)
    }

    /// Near the limit a copy by fork would bring the kill on.
    pub(crate) fn has_room_to_fork(&self) -> Result<(), CaptureError> {
        let need = self.expected() / FORK_SHARE;
        let of_machine = machine_memory(Path::new("/")).map(|(_, available)| available);
        let room = self.group.as_ref().and_then(MemoryGroup::room).into_iter().chain(of_machine).min();
        match room {
            Some(room) if room < need => Err(CaptureError::NoRoomToFork { pid: self.process.pid, need, room }),
            _ => Ok(()),
        }
    }
}
