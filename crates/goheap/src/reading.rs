//! From the files to a heap.

use crate::heap::{Beside, Goroutines, Origin, Places, Waiting};
use crate::index_file::{self, CoreOptions, IndexError};
use crate::{Error, Heap, Options, open_process};
use goheap_heap::goroutines::{leaked, read_groups};
use goheap_heap::process_facts::process_facts;
use goheap_heap::process_memory::ProcessMemory;
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_heap::waits::FoundWaits;
use goheap_heap::waste::WasteOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::{Births, Diagnostic, Observer, References};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

/// Contents of strings that are told one by one, by their sizes alone.
const CONTENTS: usize = 100;
/// Locks and suspicions that are told, each with a name: how many more there are is told, too.
const MOST_WAITS: usize = 1000;

/// Reads a heap; see [`open_observed`](crate::open_observed).
pub(crate) fn read(core: &Path, options: &Options, observer: &dyn Observer) -> Result<Heap, Error> {
    observer.begin("open");
    let core = options.of(core);
    let process = open_process(&core.request)?;
    let model = ModelOptions { no_dwarf: core.no_dwarf, version: core.go.clone(), ..ModelOptions::default() };
    let model = RuntimeModel::open_observed(&process, model, observer)?;
    let (snapshot, passed_over) = taken(&model, &core, options, observer)?;
    let mut beside = Beside { mark: model.mark(), origin: origin(&model), ..Beside::default() };
    if options.process_memory {
        observer.begin("process memory");
        beside.memory = Some(ProcessMemory::take(&snapshot));
    }
    if options.waste {
        let wanted = WasteOptions { values: false, contents: CONTENTS };
        beside.waste = Some(snapshot.waste(wanted, observer)?);
    }
    let births = if options.births { Some(snapshot.births(observer)?) } else { None };
    let references = match options.references {
        true => Some(with_references(&snapshot, options, births.as_ref(), &mut beside, observer)?),
        false => None,
    };
    if options.goroutines && beside.goroutines.is_none() {
        beside.goroutines = Some(Goroutines { groups: read_groups(&model, observer)?, waiting: None });
    }
    beside.process = process_facts(&model);
    beside.checks = snapshot.checks(&snapshot.diagnostics());
    let mut data = snapshot.into_heap(references);
    data.births = births;
    data.diagnostics.extend(passed_over);
    Ok(Heap::new(data, beside))
}

/// The heap, and what is said of an index that is not used.
fn taken<'m, 'p>(
    model: &'m RuntimeModel<'p>,
    core: &CoreOptions,
    options: &Options,
    observer: &dyn Observer,
) -> Result<(HeapSnapshot<'m, 'p>, Option<Diagnostic>), Error> {
    let said = Cell::new(None);
    let passed_over = |path: &Path, why: &IndexError| {
        said.set(Some(format!("the index {} is passed over: {why}", path.display())));
    };
    let wanted = SnapshotOptions { roots: options.references, ..SnapshotOptions::default() };
    let snapshot = index_file::take(model, core, wanted, observer, &passed_over)?;
    let told = said.into_inner().map(|text| Diagnostic {
        code: "index-passed-over",
        count: 1,
        of: None,
        text,
        is_serious: false,
    });
    Ok((snapshot, told))
}

/// The references, and what only they and the core tell together.
fn with_references(
    snapshot: &HeapSnapshot<'_, '_>,
    options: &Options,
    births: Option<&Births>,
    beside: &mut Beside,
    observer: &dyn Observer,
) -> Result<References, Error> {
    let graph = snapshot.references_with(ReferenceOptions { referred: true, words: true }, observer)?;
    if options.goroutines {
        beside.goroutines = Some(goroutines(&graph, observer)?);
    }
    if options.draws_frames() {
        let dominance = graph.data().dominance(observer)?;
        let none = Births::default();
        let births = births.unwrap_or(&none);
        if options.places {
            let (frames, places) = graph.frames_with_places(&dominance.tree, births, observer)?;
            beside.frames = Some(frames);
            beside.places = Some(Places { frames: places, sweeps: snapshot.sweeps() });
        } else {
            beside.frames = Some(graph.frames_with_births(&dominance.tree, births, observer)?);
        }
        beside.dominance = Some(Arc::new(dominance));
    }
    observer.begin("fields");
    let fields = graph.field_table();
    Ok(graph.into_references().with_fields(fields))
}

fn goroutines(graph: &ReferenceGraph<'_, '_, '_>, observer: &dyn Observer) -> Result<Goroutines, Error> {
    let groups = read_groups(graph.snapshot().model, observer)?;
    let leaks = leaked(graph, observer)?;
    let found = FoundWaits::new(graph, observer)?;
    let waits = found.report(MOST_WAITS, &|_| true, &|one| leaks.contains(one));
    let first = found.report(goheap_ask::MOST_WAITS, &|_| true, &|_| false);
    let waiting = Some(Waiting { waits, first, suspected: found.suspected(), leaks });
    Ok(Goroutines { groups, waiting })
}

fn origin(model: &RuntimeModel<'_>) -> Origin {
    let executable = &model.process.executable;
    Origin {
        executable: executable.path().to_string_lossy().into_owned(),
        build_id: executable.build_id_text().unwrap_or_default(),
        time_nanos: model.process.taken_nanos().unwrap_or(0),
    }
}
