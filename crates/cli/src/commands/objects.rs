//! `goheap CORE objects`: every allocated object, one a line.

use crate::args::{Input, ObjectsFormat, ObjectsOptions};
use crate::open::{Needs, with_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::{Heap, ObjectId, Standing, TextId, TypeTexts, is_wanted_text};
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
    let (mut types, mut owners) = (TypeCells::new(snapshot, options, form), OwnerCells::new(snapshot, form));
    for slot in objects.allocated() {
        if rows >= limit && !is_table {
            break;
        }
        let (size, standing) = (objects.span(slot).elem_size, snapshot.standing(slot.id));
        if options.min_size.is_some_and(|least| size < least) || !is_wanted(standing, options) {
            continue;
        }
        let id = types.texts.id(slot);
        let Some(ty) = types.cell(id) else { continue };
        if rows >= limit {
            left_out = (left_out.0 + 1, left_out.1 + size);
            continue;
        }
        let evidence = snapshot.object_types.of(slot.id).evidence().name();
        let address = objects.address(slot);
        let reachable = (standing != Standing::NotKnown).then_some(standing == Standing::Reachable);
        writer.row(&ObjectRow { address, size, ty, evidence, reachable, owner: owners.cell(slot.id) })?;
        rows += 1;
    }
    writer.finish(left_out)
}

fn is_wanted(standing: Standing, options: &ObjectsOptions) -> bool {
    match (options.reachable, options.unreachable, options.not_known) {
        (true, ..) => standing == Standing::Reachable,
        (_, true, _) => standing == Standing::Unreachable,
        (.., true) => standing == Standing::NotKnown,
        _ => true,
    }
}

/// The types' texts as they stand in rows, each made once; none for a type that is not wanted.
struct TypeCells<'a> {
    heap: &'a Heap,
    texts: TypeTexts<'a>,
    options: &'a ObjectsOptions,
    form: RowForm,
    cells: Vec<Option<Cell>>,
}

impl<'a> TypeCells<'a> {
    fn new(heap: &'a Heap, options: &'a ObjectsOptions, form: RowForm) -> Self {
        TypeCells { heap, texts: TypeTexts::new(heap), options, form, cells: Vec::new() }
    }

    fn cell(&mut self, id: TextId) -> Option<&Cell> {
        // Texts are numbered in the order they were first asked for.
        while self.cells.len() <= id.index() {
            let text = self.texts.at(self.cells.len());
            let is_wanted = self.options.ty.as_ref().is_none_or(|pattern| {
                is_wanted_text(text, |text| pattern.is_match(text))
                    || of_any_length(text).iter().any(|array| pattern.is_match(array))
            });
            let heap = self.heap;
            self.cells.push(is_wanted.then(|| match self.form {
                RowForm::Table(_) => self.form.cell(&heap.short_name(text)),
                _ => self.form.cell(text),
            }));
        }
        self.cells[id.index()].as_ref()
    }
}

/// An array's type as histograms name it and as a slice of it is named: `[...]T` and `[]T` of `[4]T`.
fn of_any_length(text: &str) -> Vec<String> {
    match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((len, elem)) if !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit()) => {
            vec![format!("[...]{elem}"), format!("[]{elem}")]
        }
        _ => Vec::new(),
    }
}

/// The same for the labels of owners.
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
