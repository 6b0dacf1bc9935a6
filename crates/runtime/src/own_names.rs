//! Which names are the runtime's and those of the library that works hand in hand with it: their values are structure, not contents.

/// Packages whose types, functions and variables belong to it, and single names.
const OWN: [&str; 18] = [
    "runtime.",
    "runtime/internal/",
    "internal/runtime/",
    "internal/abi.",
    "internal/cpu.",
    "internal/sync.",
    "internal/concurrent.",
    "internal/poll.fdMutex",
    "internal/poll.(*fdMutex)",
    "internal/reflectlite.",
    "internal/weak.",
    "sync.",
    "reflect.",
    "unique.",
    "weak.",
    "time.Timer",
    "time.Ticker",
    "time.runtimeTimer",
];

/// Variables among these that hold contents: seeds and keys of random numbers and hashes, and what was printed last.
const CONTENTS: [&str; 7] = [
    "runtime.aeskeysched",
    "runtime.globalRand",
    "runtime.hashkey",
    "runtime.printBacklog",
    "runtime.startupRand",
    "runtime.extraStartupRand",
    "runtime.randomData",
];

/// True of a type, function or variable of that name.
pub fn is_runtimes(name: &str) -> bool {
    let name = name.trim_start_matches('*');
    OWN.iter().any(|own| name.starts_with(own))
}

/// True of a variable of that name that holds nothing but structure.
pub fn is_runtimes_variable(name: &str) -> bool {
    is_runtimes(name) && !CONTENTS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_by_package() {
        let own = ["runtime.g", "*runtime.hmap", "sync.Mutex", "internal/runtime/maps.Map", "sync.(*Mutex).Lock"];
        assert!(own.into_iter().all(is_runtimes));
        let others = ["sync/atomic.Int64", "runtime/pprof.label", "main.runtime", "time.Time", "synced.T"];
        assert!(!others.into_iter().any(is_runtimes));
        assert!(is_runtimes_variable("runtime.mheap_") && !is_runtimes_variable("runtime.printBacklog"));
    }
}
