//! What was allocated and what of it is in use: `heap` and `allocs` (protomem.go).

use super::places::{Addresses, Places, SAMPLE_BYTES};
use crate::error::HeapError;
use goheap_model::{Claim, CodeProfile, CodeSample, Observer, sample_scale};
use goheap_runtime::{MemProfile, RuntimeModel};

/// The memory profile as the process would have written it. The values are objects and bytes allocated, objects and bytes in use.
///
/// # Errors
/// The observer's refusal.
pub fn heap_profile(model: &RuntimeModel<'_>, observer: &dyn Observer) -> Result<(CodeProfile, MemProfile), HeapError> {
    observer.begin("profile");
    let mut profile = model.mem_profile(observer)?;
    let (rate, tells_all) = (profile.rate.unwrap_or(0), model.version.release().tells_every_object_size);
    let words: usize = profile.buckets.iter().map(|bucket| bucket.stack.len()).sum();
    let kept = profile.buckets.len() * SAMPLE_BYTES + words * 4;
    observer.claim(Claim { kept: kept as u64, passing: 0 })?;
    let mut places = Places::new(model);
    let mut samples = Vec::with_capacity(profile.buckets.len());
    for bucket in std::mem::take(&mut profile.buckets) {
        let shown = bucket.stack.iter().position(|&pc| !places.is_of_allocator(pc)).unwrap_or(0);
        let mut frames = places.of_stack(&bucket.stack[shown..], Addresses::OfCalls);
        if frames.is_empty() {
            frames = places.of_stack(&bucket.stack, Addresses::OfCalls);
        }
        let in_use = bucket.allocs.wrapping_sub(bucket.frees) as i64;
        let (objects, bytes) = scaled(bucket.allocs as i64, bucket.object_size, rate);
        let (used_objects, used_bytes) = scaled(in_use, bucket.object_size, rate);
        samples.push(CodeSample {
            places: frames,
            values: vec![objects, bytes, used_objects, used_bytes],
            labels: Vec::new(),
            object_bytes: Some(bucket.object_size).filter(|_| tells_all || bucket.allocs > 0),
        });
    }
    Ok((places.with(samples), profile))
}

/// What `count` sampled objects stand for; less than none of what was freed.
fn scaled(count: i64, size: u64, rate: u64) -> (i64, i64) {
    if count == 0 || size == 0 {
        return (0, 0);
    }
    let bytes = count.wrapping_mul(size as i64);
    match sample_scale(size, rate) {
        Some(scale) => ((count as f64 * scale) as i64, (bytes as f64 * scale) as i64),
        None => (count, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_for_others() {
        // 1 / (1 - exp(-64 / 524288)) = 8192.50…
        assert_eq!(scaled(3, 64, 524_288), (24577, 1_572_960));
        assert_eq!(scaled(-3, 64, 524_288), (-24577, -1_572_960));
        assert_eq!(
            (scaled(3, 8, 1), scaled(3, 8, 0), scaled(3, 0, 512), scaled(0, 8, 512)),
            ((3, 24), (3, 24), (0, 0), (0, 0))
        );
    }
}
