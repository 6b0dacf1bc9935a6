//! What a channel says of those that wait for it (chan.go `hchan`, `waitq`).

use crate::model::RuntimeModel;
use goheap_image::Address;
use rustc_hash::FxHashSet;

/// Waiters of one channel that are looked at: more than any process has goroutines.
const MAX_WAITERS: usize = 1 << 24;

/// One channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Elements in its buffer.
    pub len: u64,
    /// Elements that the buffer has room for.
    pub cap: u64,
    /// True once it is closed.
    pub is_closed: bool,
    /// True of a timer's or a ticker's, since 1.23: the runtime sends.
    pub has_timer: bool,
    /// Where the records of those lie that wait to send.
    senders: FxHashSet<u64>,
}

impl Channel {
    /// True if the `sudog` at this address is of one that waits to send; else it receives.
    pub fn is_sender(&self, sudog: u64) -> bool {
        self.senders.contains(&sudog)
    }
}

impl RuntimeModel<'_> {
    /// The channel whose `hchan` lies at `address`; None where the core lacks it.
    pub fn channel(&self, address: u64) -> Option<Channel> {
        let fields = &self.layout.hchan;
        let word = |offset: u64| self.memory().read_u64(Address(address).add(offset));
        Some(Channel {
            len: word(fields.qcount)?,
            cap: word(fields.dataqsiz)?,
            is_closed: self.memory().read_u32(Address(address).add(fields.closed))? != 0,
            has_timer: fields.timer.and_then(word).unwrap_or(0) != 0,
            senders: self.queue(word(fields.sendq)?),
        })
    }

    /// The sudogs of a queue from its first.
    fn queue(&self, first: u64) -> FxHashSet<u64> {
        let mut found = FxHashSet::default();
        let mut at = first;
        while at != 0 && found.len() < MAX_WAITERS && found.insert(at) {
            let Some(next) = self.memory().read_u64(Address(at).add(self.layout.sudog.next)) else { break };
            at = next;
        }
        found
    }
}
