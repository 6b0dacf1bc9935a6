//! Names of types as people read them: packages short where that is clear, unless `--full-names` asks ([`SnapshotOptions::full_names`]).
//!
//! [`SnapshotOptions::full_names`]: goheap_heap::SnapshotOptions::full_names

use goheap_ask::ObjectDetail;
use goheap_model::Heap;
use goheap_model::contents::{Field, Target, Value};
use goheap_report::goroutine::GoroutineReport;
use std::borrow::Cow;

/// Shortens the types of a report that was made for data.
pub(crate) struct ShortNames<'h>(pub(crate) &'h Heap);

impl ShortNames<'_> {
    /// A type's name.
    pub(crate) fn name(&self, name: &mut String) {
        if let Cow::Owned(short) = self.0.short_name(name) {
            *name = short;
        }
    }

    /// Those of an object.
    pub(crate) fn object(&self, report: &mut ObjectDetail) {
        self.name(&mut report.ty);
        self.fields(&mut report.fields);
        for holder in &mut report.holders {
            self.name(&mut holder.ty);
            self.name(&mut holder.path);
        }
        for group in &mut report.holder_groups {
            self.name(&mut group.ty);
            self.name(&mut group.path);
        }
        for pointer in &mut report.pointers {
            self.name(&mut pointer.path);
            self.target(&mut pointer.target);
        }
    }

    /// Those of a goroutine's variables.
    pub(crate) fn goroutine(&self, report: &mut GoroutineReport) {
        report.awaits.iter_mut().for_each(|target| self.target(target));
        for variable in report.frames.iter_mut().flat_map(|call| &mut call.variables) {
            self.name(&mut variable.ty);
            self.fields(&mut variable.fields);
        }
    }

    fn fields(&self, fields: &mut [Field]) {
        for field in fields {
            self.name(&mut field.ty);
            if let Value::Interface(Some(dynamic), _) = &mut field.value {
                self.name(dynamic);
            }
            field.value.target_mut().into_iter().for_each(|target| self.target(target));
        }
    }

    /// What is no object is a variable.
    fn target(&self, target: &mut Target) {
        if target.object.is_some() {
            self.name(&mut target.text);
        }
    }
}
