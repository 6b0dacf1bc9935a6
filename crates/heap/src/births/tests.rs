//! Where sampled objects were allocated, and the profiles made of that.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::profiles::{goroutine_profile, heap_profile};
use crate::testing::{Doing, GoProcess};
use goheap_model::{CodeProfile, Unobserved};

/// A process that sampled objects of two stacks; a sampled object and one that was not.
fn sampled(version: &str) -> (GoProcess, [u64; 2]) {
    let mut go = GoProcess::of_release(version);
    for name in ["runtime.mallocgc", "main.makeA", "main.makeB", "main.main"] {
        go.function(name);
    }
    let (born, other) = (go.data(&[1; 48]), go.data(&[2; 48]));
    let first = go.bucket(48, &["runtime.mallocgc", "main.makeA", "main.main"], (10, 4));
    go.bucket(1024, &["runtime.mallocgc", "main.makeB", "runtime.goexit"], (3, 3));
    go.sampled(born, first);
    go.variable("runtime.MemProfileRate", "int", &[1]);
    (go, [born, other])
}

#[test]
fn a_sampled_object_tells_the_calls_that_allocated_it() {
    for version in ["go1.24.2", "go1.26.1", "go1.27.1"] {
        let (go, [born, other]) = sampled(version);
        go.take(|snapshot| {
            let of = |at| snapshot.birth(snapshot.objects.find_allocated(at).unwrap());
            let functions: Vec<String> = of(born).iter().map(|call| call.function.to_string()).collect();
            assert_eq!(functions, ["main.makeA", "main.main"], "{version}: what allocates is not shown");
            assert_eq!(of(other), [], "{version}");
            let births = snapshot.births(&Unobserved).unwrap();
            assert_eq!((births.rate(), births.records().len(), births.all().len()), (Some(1), 2, 1), "{version}");
            let record = births.record(births.of(snapshot.id(born))[0].record);
            assert_eq!((record.object_bytes, record.in_use(), record.in_use_bytes()), (48, 6, 288), "{version}");
        });
    }
}

#[test]
fn a_sample_of_a_freed_object_is_no_birth() {
    let (mut go, [born, _]) = sampled("go1.26.1");
    go.free(born);
    go.take(|snapshot| {
        let births = snapshot.births(&Unobserved).unwrap();
        assert_eq!((births.all().len(), births.known().absent), (0, 0), "its special goes when its span is swept");
    });
}

/// The functions of each sample, with its values.
fn told(profile: &CodeProfile) -> Vec<(Vec<&str>, &[i64])> {
    let function = |place: &u32| {
        let call = profile.places[*place as usize].calls[0];
        &*profile.functions[call.function as usize].name
    };
    profile.samples.iter().map(|sample| (sample.places.iter().map(function).collect(), &*sample.values)).collect()
}

#[test]
fn a_heap_profile_counts_what_was_allocated_and_what_is_in_use() {
    let (go, _) = sampled("go1.26.1");
    go.open(|model| {
        let (profile, read) = heap_profile(model, &Unobserved).unwrap();
        let mut found = told(&profile);
        found.sort();
        assert_eq!(found[0], (vec!["main.makeA", "main.main"], &[10, 480, 6, 288][..]));
        assert_eq!(found[1], (vec!["main.makeB"], &[3, 3072, 0, 0][..]));
        assert_eq!((read.rate, read.has_list), (Some(1), true));
    });
}

#[test]
fn a_goroutine_profile_counts_those_that_stand_alike() {
    let mut go = GoProcess::new();
    for function in ["main.other", "main.work", "main.work", "runtime.bgsweep"] {
        go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), (function, &[])]);
    }
    go.goroutine(Doing::Dead, &[]);
    go.open(|model| {
        let profile = goroutine_profile(model, &Unobserved, |_| true).unwrap();
        let found = told(&profile);
        assert_eq!(found[0], (vec!["runtime.gopark", "main.work"], &[2][..]));
        assert_eq!(found[1], (vec!["runtime.gopark", "main.other"], &[1][..]));
        assert_eq!(found.len(), 2, "the runtime's own is not counted");
        let some = goroutine_profile(model, &Unobserved, |index| index == 0).unwrap();
        assert_eq!(told(&some), [(vec!["runtime.gopark", "main.other"], &[1][..])]);
    });
}
