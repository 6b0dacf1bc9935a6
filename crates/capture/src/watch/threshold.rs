//! A wake-up from the kernel when a control group of the first version comes to a threshold of memory.
//!
//! Page cache counts towards it, so it wakes and decides nothing; after it has fired, looks go on by time. The second version has no such
//! thing: its files are looked at.

use goheap_image::MemoryGroup;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// An event descriptor that is bound to a threshold.
pub(super) struct Threshold {
    event: OwnedFd,
    /// Held open as long as the event is wanted.
    _usage: File,
}

impl Threshold {
    /// Of `bytes`; `None` where the group has none such.
    pub(super) fn new(group: &MemoryGroup, bytes: u64) -> Option<Threshold> {
        if group.version != 1 {
            return None;
        }
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()?;
        let usage = File::open(group.folder.join("memory.usage_in_bytes")).ok()?;
        let line = format!("{} {} {bytes}", event.as_raw_fd(), usage.as_raw_fd());
        fs::write(group.folder.join("cgroup.event_control"), line).ok()?;
        Some(Threshold { event, _usage: usage })
    }

    /// Waits for the event, at most so long.
    pub(super) fn wait(&mut self, most: Duration) {
        let most = Timespec { tv_sec: most.as_secs() as i64, tv_nsec: i64::from(most.subsec_nanos()) };
        let is_there = poll(&mut [PollFd::new(&self.event, PollFlags::IN)], Some(&most));
        if is_there.is_ok_and(|count| count > 0) {
            // Taken, so that the next crossing is told again.
            let _ = rustix::io::read(&self.event, &mut [0; 8]);
        }
    }
}
