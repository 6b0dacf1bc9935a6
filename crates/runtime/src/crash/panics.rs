//! `runtime._panic` (runtime2.go): the panics of a goroutine, innermost first along `link`.

use super::value::PanicValue;
use crate::model::RuntimeModel;
use goheap_image::Address;

/// Panics of one goroutine that are told; a broken chain may be a ring.
const MOST_PANICS: usize = 64;

/// One panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// What was passed to `panic`. As the runtime ends the process it puts the text of an error, or of a value with a method `String`,
    /// in its place.
    pub value: PanicValue,
    /// True if a deferred function recovered it, and another panic came before its caller went on.
    pub recovered: bool,
    /// True if its value was then passed to `panic` again (since 1.25): it is printed once.
    pub repanicked: bool,
    /// True if it is no panic but `runtime.Goexit`.
    pub goexit: bool,
}

impl RuntimeModel<'_> {
    /// The panics from the innermost at `address` on, the first of them first.
    pub(crate) fn panics(&self, address: u64) -> Vec<Panic> {
        let (mut found, mut at) = (Vec::new(), address);
        while at != 0 && found.len() < MOST_PANICS {
            let Some((panic, link)) = self.panic(Address(at)) else { break };
            found.push(panic);
            at = link;
        }
        found.reverse();
        found
    }

    fn panic(&self, at: Address) -> Option<(Panic, u64)> {
        let (memory, fields) = (self.memory(), &self.layout.panic);
        let flag = |offset: u64| memory.read_u8(at.add(offset)).map(|byte| byte != 0);
        let (ty, data) = (memory.read_u64(at.add(fields.arg))?, memory.read_u64(at.add(fields.arg + 8))?);
        let panic = Panic {
            value: self.interface_value(ty, data),
            recovered: flag(fields.recovered)?,
            repanicked: fields.repanicked.and_then(flag).unwrap_or(false),
            goexit: flag(fields.goexit)?,
        };
        Some((panic, memory.read_u64(at.add(fields.link))?))
    }
}
