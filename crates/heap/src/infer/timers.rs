//! Timers: the runtime knows them by a part, `runtime.timer`, of what the time package handed out.

use super::accept::Refused;
use super::engine::Inference;
use super::fit::fits;
use goheap_image::Address;
use goheap_model::{Part, TypeId};

const RUNTIME_TIMER: &str = "runtime.timer";
/// Since 1.23 (runtime/time.go `timeTimer`): what `time.Timer` and `time.Ticker` begin.
const TIME_TIMER: &str = "runtime.timeTimer";
/// Up to 1.22 the runtime's `timer` is the field `r` of these two, declared as a `time.runtimeTimer` (time/sleep.go, tick.go). User code
/// cannot make one that runs: only `NewTimer`, `AfterFunc` and `NewTicker` start them.
const TIMER: &str = "time.Timer";
const TICKER: &str = "time.Ticker";
const RUNTIME_TIMER_IN_TIMER: u64 = 8;
/// `period`, behind `pp` and `when`.
const PERIOD: u64 = 16;

/// The object that a `runtime.timer` in it tells, where it is one that the time package makes.
pub(super) fn holder(inference: &Inference<'_, '_, '_>, refused: &Refused<'_, '_>) -> Option<TypeId> {
    let (types, inner) = (&inference.resolver.types, refused.inner);
    if inner.part != Part::Value || &*types.get(inner.ty).name != RUNTIME_TIMER {
        return None;
    }
    let fitting =
        |name: &str| types.by_name(name).filter(|&ty| fits(inference.resolver, refused.place, Part::Value, ty));
    if let Some(ty) = types.by_name(TIME_TIMER) {
        let is_part = super::shapes::contains(types, ty, inner);
        return fitting(TIME_TIMER).filter(|_| is_part);
    }
    if inner.offset != RUNTIME_TIMER_IN_TIMER {
        return None;
    }
    let period = inference.model.memory().read_u64(Address(refused.address).add(PERIOD))?;
    fitting(if period == 0 { TIMER } else { TICKER })
}
