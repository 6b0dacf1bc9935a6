//! What a channel says of those that wait for it (chan.go `hchan`, `waitq`).

use crate::model::RuntimeModel;
use foldhash::HashSet;
use goheap_image::Address;

/// One channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Elements in its buffer.
    pub len: u64,
    /// Elements that the buffer has room for.
    pub cap: u64,
    /// True once it is closed.
    pub is_closed: bool,
    /// True of a timer's or a ticker's, since 1.23: the runtime sends.
    pub has_timer: bool,
    /// The first record of those that wait to send.
    first_sender: u64,
}

/// The records of those that wait to send, of the channels that were asked for.
///
/// # Overhead
/// 8 to 16 bytes a channel and a record, whatever the queues of a broken core share: a record belongs to one channel.
#[derive(Clone, Debug, Default)]
pub struct SenderQueues {
    channels: HashSet<u64>,
    senders: HashSet<u64>,
    /// Records that were looked at.
    looked_at: u64,
}

impl SenderQueues {
    /// True if the `sudog` at this address is of one that waits to send to the channel whose `hchan` lies at `address`; else it receives.
    pub fn is_sender(&mut self, model: &RuntimeModel<'_>, address: u64, sudog: u64) -> bool {
        if self.channels.insert(address) {
            let first = model.channel(address).map_or(0, |channel| channel.first_sender);
            self.queue(first, |at| {
                let sudog = model.sudog(at)?;
                Some((sudog.channel == address, sudog.next))
            });
        }
        self.senders.contains(&sudog)
    }

    /// The records from `first` on. `read` tells whether one is of this channel, and the next.
    fn queue(&mut self, first: u64, read: impl Fn(u64) -> Option<(bool, u64)>) {
        let mut at = first;
        while at != 0 {
            self.looked_at += 1;
            match read(at) {
                // One that was met before leads to what was met, too.
                Some((true, next)) if self.senders.insert(at) => at = next,
                _ => break,
            }
        }
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
            first_sender: word(fields.sendq)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many channels whose queues are one: each record is read once, and once more where a queue ends.
    #[test]
    fn queues_that_share_their_records_are_read_once() {
        let mut queues = SenderQueues::default();
        let channels = 1000;
        for first in 1..=channels {
            queues.queue(first, |at| Some((true, if at < 5000 { at + 1 } else { 1 })));
        }
        assert_eq!(queues.senders.len(), 5000);
        assert_eq!(queues.looked_at, 5000 + channels);
    }

    #[test]
    fn a_record_of_another_channel_ends_the_queue() {
        let mut queues = SenderQueues::default();
        queues.queue(1, |at| Some((at < 3, at + 1)));
        assert_eq!((queues.senders.len(), queues.looked_at), (2, 3));
    }
}
