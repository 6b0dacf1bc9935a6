//! Taking a core: what is asked for before the stop, in it, and after.

use crate::asleep;
use crate::cgroup::{self, MemoryGroup};
use crate::core_file;
use crate::error::CaptureError;
use crate::heap_filter;
use crate::maps::{self, Details, Mapping, PAGE};
use crate::memory::{Copied, Live, Memory, room};
use crate::notes;
use crate::pages::PageMap;
use crate::plan::Plan;
use crate::proc_files::ProcFolder;
use crate::process::{Stopped, ThreadState};
use crate::program;
use crate::sink::{CoreSink, SinkOptions, Stored};
use crate::snapshot::Snapshot;
use goheap_image::Provenance;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How memory is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Snapshotting {
    /// The process stands still until all is copied: into memory where that has room, else straight into the file.
    #[default]
    Copy,
    /// It stands still until the kernel has copied its page tables; the copy of it is read.
    Fork,
}

/// What is to be taken.
#[derive(Clone, Debug)]
pub struct CaptureRequest {
    /// The process.
    pub pid: i32,
    /// The core; compressed where it ends in `.zst`.
    pub out: PathBuf,
    /// How memory is read.
    pub snapshotting: Snapshotting,
    /// Files' pages too, and what the program wants in no core.
    pub full: bool,
    /// Take it though it is no Go program.
    pub any: bool,
    /// How it is written.
    pub sink: SinkOptions,
    /// Bytes of memory that a copy may take.
    pub memory: u64,
    /// Bytes of memory that must be left to the machine and to the control group of this process.
    pub least_memory: u64,
    /// What was waited for, in words; empty where nothing was.
    pub trigger: String,
    /// The tool and its version.
    pub tool: String,
}

/// How memory was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Copied into memory while the process stood still.
    Copied,
    /// Written to the file while the process stood still: there was too little memory for a copy.
    Straight,
    /// Of a copy by fork.
    Forked,
    /// The process was not stopped: a thread that waits for memory of its control group does not stop.
    Running,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Method::Copied => "copy",
            Method::Straight => "straight",
            Method::Forked => "fork",
            Method::Running => "running",
        }
    }
}

/// A core that was taken.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The file.
    pub stored: Stored,
    /// How long the process stood still.
    pub stop: Duration,
    /// How its memory was read.
    pub method: Method,
    /// Threads.
    pub threads: usize,
    /// Bytes of memory in the core that are no hole.
    pub memory: u64,
    /// Bytes of Go's heap that were in no span and are not in the core.
    pub left_out: u64,
    /// Bytes that could not be read and are zeros in the core.
    pub unread: u64,
    /// What its note says.
    pub provenance: Provenance,
}

/// A copy by fork may come to as much as the process has, when that writes everywhere meanwhile; services write to a part. Half of it
/// must be there.
const FORK_SHARE: u64 = 2;

/// Takes a core of a live process, which goes on. `is_abandoned` is looked at while it is written, and ends it.
///
/// # Errors
/// The process is not ours to stop, ends, or is no Go program; there is too little room. Nothing is left behind then, and the process
/// goes on.
pub fn capture(request: &CaptureRequest, is_abandoned: &AtomicBool) -> Result<Captured, CaptureError> {
    let process = ProcFolder::of(request.pid)?;
    if rustix::param::page_size() as u64 != PAGE {
        return Err(CaptureError::PageSize { bytes: rustix::param::page_size() });
    }
    program::check(&process, request.any)?;
    let before = Before::look(&process, request)?;
    let mut sink = CoreSink::create(&request.out, &request.sink)?;
    let taken = match request.snapshotting {
        _ if before.is_out_of_memory() => before.running(request, &mut sink, is_abandoned),
        Snapshotting::Fork => before.by_fork(request, &mut sink, is_abandoned),
        Snapshotting::Copy => before.by_copy(request, &mut sink, is_abandoned),
    }?;
    Ok(Captured { stored: sink.finish()?, ..taken })
}

/// What is known before the stop: it takes long or need not be of one moment.
struct Before {
    process: ProcFolder,
    details: Details,
    provenance: Provenance,
    /// Bytes of memory that a copy may take.
    room: u64,
    /// Bytes that are left to goheap at all.
    left: u64,
    group: Option<MemoryGroup>,
}

/// What is known of the stopped process.
struct Now {
    threads: Vec<ThreadState>,
    mappings: Vec<Mapping>,
}

impl Before {
    fn look(process: &ProcFolder, request: &CaptureRequest) -> Result<Before, CaptureError> {
        let root = Path::new("/");
        let details = maps::details(&process.bytes("smaps")?);
        let group = MemoryGroup::of(root, process.pid);
        let own = MemoryGroup::of(root, std::process::id() as i32);
        let (total, available) = cgroup::machine(root).unwrap_or((u64::MAX, u64::MAX));
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
    fn expected(&self) -> u64 {
        let kibibytes = |name| self.process.status_number(name).unwrap_or(0).saturating_mul(1024);
        let now: u64 = ["RssAnon:", "RssShmem:", "VmSwap:"].into_iter().map(kibibytes).sum();
        now.saturating_add(now / 32).saturating_add(8 << 20)
    }

    fn look_at_stopped(&self, stopped: &Stopped) -> Result<Now, CaptureError> {
        let threads = stopped.states(&self.process)?;
        let mappings = maps::parse(&self.process.bytes("maps")?);
        Ok(Now { threads, mappings })
    }

    fn plan(&self, source: &ProcFolder, mappings: &[Mapping], live: &Live, full: bool) -> Result<Plan, CaptureError> {
        Plan::of(mappings, &self.details, &PageMap::open(source)?, live, full)
    }

    fn notes(&self, now: &Now, method: Method) -> Result<(Vec<u8>, Provenance), CaptureError> {
        let maps = self.process.bytes("maps")?;
        let provenance = Provenance { method: method.name().to_owned(), maps, ..self.provenance.clone() };
        Ok((notes::of_process(&self.process, &now.threads, &now.mappings, &provenance.encode())?, provenance))
    }

    fn by_copy(
        &self,
        request: &CaptureRequest,
        sink: &mut CoreSink,
        is_abandoned: &AtomicBool,
    ) -> Result<Captured, CaptureError> {
        let expected = self.expected();
        let space = if expected <= self.room { room(expected) } else { Vec::new() };
        let live = Live::open(&self.process)?;
        let stopped = Stopped::stop(&self.process)?;
        let now = self.look_at_stopped(&stopped)?;
        let mut plan = self.plan(&self.process, &now.mappings, &live, request.full)?;
        let is_copied = !space.is_empty() && plan.data_bytes() <= self.room;
        let method = if is_copied { Method::Copied } else { Method::Straight };
        let (notes, provenance) = self.notes(&now, method)?;
        let mut write = |plan: &mut Plan, memory: &dyn Memory| {
            let left_out = self.leave_out(request, &now.mappings, plan, memory, &notes);
            core_file::write(sink, &notes, plan, memory, is_abandoned, request.pid).map(|()| left_out)
        };
        let (stop, unread, left_out);
        if is_copied {
            let copied = Copied::of(&live, plan.data(), space, request.sink.threads);
            stop = end(stopped);
            left_out = write(&mut plan, &copied)?;
            unread = copied.unread();
        } else {
            left_out = write(&mut plan, &live)?;
            stop = end(stopped);
            unread = live.unread();
        }
        Ok(Captured { left_out, ..captured(stop, method, &now, &plan, unread, provenance) })
    }

    fn by_fork(
        &self,
        request: &CaptureRequest,
        sink: &mut CoreSink,
        is_abandoned: &AtomicBool,
    ) -> Result<Captured, CaptureError> {
        self.has_room_to_fork()?;
        let live = Live::open(&self.process)?;
        let stopped = Stopped::stop(&self.process)?;
        let now = self.look_at_stopped(&stopped)?;
        let (notes, provenance) = self.notes(&now, Method::Forked)?;
        let snapshot = Snapshot::take(&self.process, &stopped, &now.mappings, &live)?;
        let stop = end(stopped);
        let copy = Live::open(snapshot.folder())?;
        // Its own mappings: what the program wants in no copy (MADV_DONTFORK) is not among them.
        let mappings = maps::parse(&snapshot.folder().bytes("maps")?);
        let mut plan = self.plan(snapshot.folder(), &mappings, &copy, request.full)?;
        let left_out = self.leave_out(request, &mappings, &mut plan, &copy, &notes);
        core_file::write(sink, &notes, &plan, &copy, is_abandoned, request.pid)?;
        drop(snapshot);
        Ok(Captured { left_out, ..captured(stop, Method::Forked, &now, &plan, copy.unread(), provenance) })
    }

    /// Leaves out what of Go's heap is in no span; how many bytes.
    fn leave_out(
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
    fn is_out_of_memory(&self) -> bool {
        self.group.as_ref().is_some_and(MemoryGroup::is_out_of_memory)
    }

    /// Reads without a stop: threads that wait do nothing, and the others soon wait, too.
    fn running(
        &self,
        request: &CaptureRequest,
        sink: &mut CoreSink,
        is_abandoned: &AtomicBool,
    ) -> Result<Captured, CaptureError> {
        let live = Live::open(&self.process)?;
        let threads = asleep::states(&self.process)?;
        let now = Now { threads, mappings: maps::parse(&self.process.bytes("maps")?) };
        let plan = self.plan(&self.process, &now.mappings, &live, request.full)?;
        let (notes, provenance) = self.notes(&now, Method::Running)?;
        core_file::write(sink, &notes, &plan, &live, is_abandoned, request.pid)?;
        Ok(captured(Duration::ZERO, Method::Running, &now, &plan, live.unread(), provenance))
    }

    /// Near the limit a copy by fork would bring the kill on.
    fn has_room_to_fork(&self) -> Result<(), CaptureError> {
        let need = self.expected() / FORK_SHARE;
        let of_machine = cgroup::machine(Path::new("/")).map(|(_, available)| available);
        let room = self.group.as_ref().and_then(MemoryGroup::room).into_iter().chain(of_machine).min();
        match room {
            Some(room) if room < need => Err(CaptureError::NoRoomToFork { pid: self.process.pid, need, room }),
            _ => Ok(()),
        }
    }
}

/// Lets it go; how long it stood still.
fn end(stopped: Stopped) -> Duration {
    let since = stopped.since;
    drop(stopped);
    Instant::now() - since
}

fn captured(stop: Duration, method: Method, now: &Now, plan: &Plan, unread: u64, provenance: Provenance) -> Captured {
    let stored = Stored { core: 0, written: 0 };
    Captured {
        stored,
        stop,
        method,
        threads: now.threads.len(),
        memory: plan.data_bytes(),
        left_out: 0,
        unread,
        provenance,
    }
}
