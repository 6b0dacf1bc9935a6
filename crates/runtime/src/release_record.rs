//! What differs between Go releases beside the offsets of fields: one value, made once of a version.
//!
//! Offsets are data in [`layout`](crate::layout). What a whole table says (wait reasons, kinds of specials, records of inlined calls)
//! stands in that table, by minor release.

use crate::version::GoVersion;

/// How a release writes what it writes, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The function table has addresses, not offsets into the text (runtime/symtab.go `functab`, up to 1.17).
    pub has_absolute_entries: bool,
    /// Records of stack objects are words and not halves, and have the mask's address (`stackObjectRecord`, up to 1.17).
    pub has_wide_stack_objects: bool,
    /// `sync.(*WaitGroup).Wait` sleeps on the half of `state1` that is aligned (up to 1.17).
    pub aligns_wait_groups: bool,
    /// Arm64 passes arguments in registers (since 1.18).
    pub has_arm64_register_arguments: bool,
    /// The compiler tells which argument words hold in a traceback (`FUNCDATA_ArgLiveInfo`, since 1.18).
    pub tells_live_arguments: bool,
    /// Names of struct types that reflect makes say ` = ` behind an embedded field (since 1.18).
    pub names_embedded_by_sign: bool,
    /// The low bit of a struct field's offset says that it is embedded; later a bit of its name does (reflect, up to 1.18).
    pub has_embedded_in_offset: bool,
    /// `growslice(et, old, cap)` takes the type first (up to 1.19).
    pub grows_by_type_first: bool,
    /// Pointers to types of memory outside the heap are no pointers to the collector: `go:notinheap`, up to 1.19.
    pub has_not_in_heap_pointers: bool,
    /// The goal that the memory limit gives leaves a part of itself free (mgcpacer.go `memoryLimitHeapGoal`, since 1.21).
    pub leaves_part_of_limit: bool,
    /// Long tracebacks leave out their middle and count it; before, they end (traceback.go, since 1.21).
    pub elides_middle_of_traceback: bool,
    /// Headings of tracebacks say `g`, `m` and `mp` at level system (since 1.22).
    pub has_records_in_traceback: bool,
    /// What a function captures is in DWARF (`DW_AT_go_closure_offset`, since 1.23).
    pub has_captures_in_dwarf: bool,
    /// Masks of large types are programs in their descriptors (`KindGCProg`, up to 1.23).
    pub has_gc_programs_in_types: bool,
    /// Masks of large types are made when first asked for (`TFlagGCMaskOnDemand`, since 1.24).
    pub has_masks_on_demand: bool,
    /// Profiler labels are a list; before, a map (runtime/pprof `labelMap`, since 1.24).
    pub has_label_list: bool,
    /// Pointer bits of small objects are of as many values as fit, red zone included (mbitmap.go `writeHeapBitsSmall`, since 1.24).
    pub has_pointer_bits_in_red_zones: bool,
    /// Return addresses of a stack in a profile (mprof.go `maxStack`; `profstackdepth` since 1.23).
    pub profile_stack_depth: usize,
    /// Stacks of blocked goroutines and mutexes have an address a frame, and no others for inlined calls (mprof.go
    /// `fpTracebackPartialExpand`, since 1.23).
    pub has_frames_in_contention: bool,
    /// Waits for mutexes are multiplied by the fraction that is sampled when a profile is written; later when they are counted (pprof.go
    /// `scaleMutexProfile` in 1.19; 1.20 was not at hand).
    pub scales_mutexes_when_written: bool,
    /// Every sample of the memory profile tells the size of its objects; before, those that count allocations (protomem.go, since 1.27).
    pub tells_every_object_size: bool,
    /// Words of a queued cleanup (mcleanup.go: a funcval in 1.25, a `cleanupFn` since 1.26).
    pub cleanup_words: u64,
    /// A condition's sudog has its list in `elem`; before, the condition itself is found (sema.go `notifyListWait`, since 1.26).
    pub conditions_wait_by_list: bool,
    /// Vector registers that were saved for a goroutine are scanned (`xRegScan`, since 1.27).
    pub scans_vector_registers: bool,
    /// Bytes of a map type's descriptor (`abi.MapType`).
    pub map_type_bytes: u64,
    /// Maps are Swiss tables (`internal/runtime/maps`): the default of 1.24, the only kind since 1.26.
    pub has_swiss_maps: bool,
    /// Spans of elements of 16 to 512 bytes keep Green Tea's mark bits at their end (`spanInlineMarkBits`): the experiment of 1.25, the
    /// default since 1.26 (internal/runtime/gc, `mgcmark_greenteagc.go`).
    pub has_inline_mark_bits: bool,
}

impl Release {
    pub(crate) fn of(version: &GoVersion) -> Self {
        let minor = version.minor;
        let has_swiss_maps = match minor {
            ..=23 => false,
            24 | 25 => !version.has_experiment("noswissmap"),
            _ => true,
        };
        Release {
            has_absolute_entries: minor <= 17,
            has_wide_stack_objects: minor <= 17,
            aligns_wait_groups: minor <= 17,
            has_arm64_register_arguments: minor >= 18,
            tells_live_arguments: minor >= 18,
            names_embedded_by_sign: minor >= 18,
            has_embedded_in_offset: minor <= 18,
            grows_by_type_first: minor <= 19,
            has_not_in_heap_pointers: minor <= 19,
            leaves_part_of_limit: minor >= 21,
            elides_middle_of_traceback: minor >= 21,
            has_records_in_traceback: minor >= 22,
            has_captures_in_dwarf: minor >= 23,
            has_gc_programs_in_types: minor <= 23,
            has_masks_on_demand: minor >= 24,
            has_label_list: minor >= 24,
            has_pointer_bits_in_red_zones: minor >= 24,
            profile_stack_depth: if minor <= 22 { 32 } else { 128 },
            has_frames_in_contention: minor >= 23,
            scales_mutexes_when_written: minor <= 20,
            tells_every_object_size: minor >= 27,
            cleanup_words: if minor <= 25 { 1 } else { 3 },
            conditions_wait_by_list: minor >= 26,
            scans_vector_registers: minor >= 27,
            map_type_bytes: match minor {
                ..=23 => 88,
                _ if !has_swiss_maps => 88,
                24..=26 => 112,
                _ => 136,
            },
            has_swiss_maps,
            has_inline_mark_bits: match minor {
                ..=24 => false,
                25 => version.has_experiment("greenteagc"),
                _ => !version.has_experiment("nogreenteagc"),
            },
        }
    }
}

impl GoVersion {
    /// What differs in this release.
    pub fn release(&self) -> Release {
        Release::of(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fmt::Write;

    /// Each field, and its value in each release that is another than in the release before.
    fn table() -> String {
        let minors = GoVersion::OLDEST_MINOR..=GoVersion::NEWEST_KNOWN_MINOR;
        let release = |minor: u32| GoVersion::parse(&format!("go1.{minor}")).unwrap().release();
        let fields = |release: Release| -> Vec<(String, String)> {
            let text = format!("{release:?}");
            let inner = text.trim_start_matches("Release { ").trim_end_matches(" }");
            let pair = |field: &str| field.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
            inner.split(", ").map(|field| pair(field).unwrap()).collect()
        };
        let releases: Vec<(u32, Vec<(String, String)>)> = minors.map(|minor| (minor, fields(release(minor)))).collect();
        let mut text = String::new();
        for (index, (name, first)) in releases[0].1.iter().enumerate() {
            write!(text, "{name} {first}").unwrap();
            for pair in releases.windows(2) {
                let (before, after) = (&pair[0].1[index].1, &pair[1].1[index].1);
                if before != after {
                    write!(text, ", 1.{} {after}", pair[1].0).unwrap();
                }
            }
            text.push('\n');
        }
        text
    }

    #[test]
    fn releases_differ_so() {
        let wanted = "has_absolute_entries true, 1.18 false
has_wide_stack_objects true, 1.18 false
aligns_wait_groups true, 1.18 false
has_arm64_register_arguments false, 1.18 true
tells_live_arguments false, 1.18 true
names_embedded_by_sign false, 1.18 true
has_embedded_in_offset true, 1.19 false
grows_by_type_first true, 1.20 false
has_not_in_heap_pointers true, 1.20 false
leaves_part_of_limit false, 1.21 true
elides_middle_of_traceback false, 1.21 true
has_records_in_traceback false, 1.22 true
has_captures_in_dwarf false, 1.23 true
has_gc_programs_in_types true, 1.24 false
has_masks_on_demand false, 1.24 true
has_label_list false, 1.24 true
has_pointer_bits_in_red_zones false, 1.24 true
profile_stack_depth 32, 1.23 128
has_frames_in_contention false, 1.23 true
scales_mutexes_when_written true, 1.21 false
tells_every_object_size false, 1.27 true
cleanup_words 1, 1.26 3
conditions_wait_by_list false, 1.26 true
scans_vector_registers false, 1.27 true
map_type_bytes 88, 1.24 112, 1.27 136
has_swiss_maps false, 1.24 true
has_inline_mark_bits false, 1.26 true
";
        assert_eq!(table(), wanted);
    }

    #[test]
    fn experiments_flip_the_layout() {
        let release = |text: &str| GoVersion::parse(text).unwrap().release();
        assert!(!release("go1.25.5").has_inline_mark_bits);
        assert!(release("go1.25.5 X:greenteagc").has_inline_mark_bits);
        assert!(!release("go1.26.6-X:nogreenteagc").has_inline_mark_bits);
        let maps_of_before = release("go1.25.1 X:noswissmap");
        assert_eq!((maps_of_before.has_swiss_maps, maps_of_before.map_type_bytes), (false, 88));
    }
}
