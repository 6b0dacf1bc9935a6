//! `goheap CORE objects`: every allocated object, one a line.

use crate::args::{Input, ObjectsFormat, ObjectsOptions};
use crate::open::{Needs, with_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_ask::{ObjectFilter, ObjectsWanted};
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::{Heap, ObjectId, Standing, TextId};
use goheap_report::ReportError;
use goheap_report::objects::{Cell, ObjectRow, ObjectWriter, RowForm};
use goheap_report::page::Page;
use std::collections::HashMap;
use std::io::Write;

/// Rows of a table unless another number is asked for: a screen.
const USUAL_ROWS: usize = 40;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ObjectsOptions) -> Result<(), Failure> {
    let snapshot = SnapshotOptions { owners: true, ..SnapshotOptions::default() };
    with_heap(input, Needs { snapshot, ..Needs::default() }, |snapshot| {
        diagnostics::warn(snapshot, input.quiet);
        to_stdout(|out| write(snapshot, page(input), options, out))
    })
}

fn write(
    snapshot: &HeapSnapshot<'_, '_>,
    page: Page,
    options: &ObjectsOptions,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let form = match options.form() {
        ObjectsFormat::Table => RowForm::Table(page),
        ObjectsFormat::Csv => RowForm::Csv,
        ObjectsFormat::Ndjson => RowForm::Ndjson,
    };
    let mut writer = ObjectWriter::new(out, form)?;
    let is_table = options.form() == ObjectsFormat::Table;
    let limit = options.limit.unwrap_or(if is_table { USUAL_ROWS } else { usize::MAX });
    let (objects, mut rows, mut left_out) = (&snapshot.objects, 0, (0, 0));
    let is_wanted = |text: &str| options.ty.as_ref().is_none_or(|pattern| pattern.is_match(text));
    let wanted = ObjectsWanted {
        least_bytes: options.min_size.unwrap_or(0),
        standing: standing(options),
        is_wanted: &is_wanted,
    };
    let mut filter = ObjectFilter::new(snapshot, wanted);
    let (mut types, mut owners) =
        (TypeCells { heap: snapshot, form, cells: HashMap::new() }, OwnerCells::new(snapshot, form));
    for slot in objects.allocated() {
        if rows >= limit && !is_table {
            break;
        }
        let Some(id) = filter.takes(slot) else { continue };
        let (size, standing) = (objects.span(slot).elem_size, snapshot.standing(slot.id));
        if rows >= limit {
            left_out = (left_out.0 + 1, left_out.1 + size);
            continue;
        }
        let ty = types.cell(id, filter.text(id));
        let evidence = snapshot.object_types.of(slot.id).evidence().name();
        let address = objects.address(slot);
        let reachable = standing.is_reachable();
        writer.row(&ObjectRow { address, size, ty, evidence, reachable, owner: owners.cell(slot.id) })?;
        rows += 1;
    }
    writer.finish(left_out)
}

fn standing(options: &ObjectsOptions) -> Option<Standing> {
    match (options.reachable, options.unreachable, options.not_known) {
        (true, ..) => Some(Standing::Reachable),
        (_, true, _) => Some(Standing::Unreachable),
        (.., true) => Some(Standing::NotKnown),
        _ => None,
    }
}

/// The types' texts as they stand in rows, each made once.
struct TypeCells<'a> {
    heap: &'a Heap,
    form: RowForm,
    cells: HashMap<TextId, Cell>,
}

impl TypeCells<'_> {
    fn cell(&mut self, id: TextId, text: &str) -> &Cell {
        let (heap, form) = (self.heap, self.form);
        self.cells.entry(id).or_insert_with(|| match form {
            RowForm::Table(_) => form.cell(&heap.short_name(text)),
            _ => form.cell(text),
        })
    }
}

/// The labels of owners as they stand in rows, each made once.
struct OwnerCells<'a, 'm, 'p> {
    snapshot: &'a HeapSnapshot<'m, 'p>,
    form: RowForm,
    nobody: Cell,
    cells: HashMap<u32, Cell>,
}

impl<'a, 'm, 'p> OwnerCells<'a, 'm, 'p> {
    fn new(snapshot: &'a HeapSnapshot<'m, 'p>, form: RowForm) -> Self {
        OwnerCells { snapshot, form, nobody: form.cell(""), cells: HashMap::new() }
    }

    fn cell(&mut self, id: ObjectId) -> &Cell {
        let Some(label) = self.snapshot.owner(id) else { return &self.nobody };
        let (snapshot, form) = (self.snapshot, self.form);
        self.cells.entry(label).or_insert_with(|| form.cell(snapshot.label_text(label)))
    }
}
