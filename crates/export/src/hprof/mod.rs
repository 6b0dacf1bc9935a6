//! The heap as a dump of a Java machine (HPROF, `JAVA PROFILE 1.0.2`): Eclipse MAT, VisualVM and what reads their files.
//!
//! | of Go | in the file |
//! |---|---|
//! | a value | an instance of a class of its type's name, with its fields; those of nested structs have dotted names |
//! | a row of numbers, the bytes of a string | an array of numbers |
//! | any other row, a map's groups, what no type tells | an array of its words: what leads nowhere in the heap is null |
//! | a pointer, wherever into an object it leads | the id of the object: its address, of arrays of words the low 48 bits of it |
//! | package variables | static fields of one class a package |
//! | a goroutine | a thread with its calls; what its variables lead to are roots of these calls |
//!
//! Fields fill the slot to its last byte, so that the sizes of instances are goheap's. Readers add a header of their own. Without a
//! handle to memory all numbers are zero.
//!
//! The format is that of Java's `heapDumper.cpp`; what readers refuse or show otherwise was tried with VisualVM 2.1.5 and
//! hprof-analyzer 0.3.2.

mod classes;
mod java;
mod layout;
mod names;
mod objects;
mod records;
mod roots;
mod threads;

use crate::word_references::WordReferences;
use crate::{BUFFER, ExportError};
use classes::{Class, Classes, Form};
use goheap_model::{Claim, Fields, Graph, Meter, Observer};
use java::{CLASSES, JavaType, OBJECT};
use names::{Ids, MOST, Names, array_class_name};
use objects::ObjectWriter;
use records::{Body, NO_TRACE, Records, Sub, Tag};
use roots::{Holder, Roots};
use std::io::{BufWriter, Write};
use threads::ThreadTable;

/// What the format's name is in errors.
const FORMAT: &str = "HPROF";
/// The class of what an object is split into, as its elements are called.
const PIECES: &str = "pieces of a large object";

/// Who knows the bytes of objects.
pub trait Contents {
    /// Reads memory from an address on; false if it is not all there.
    fn read(&self, address: u64, into: &mut [u8]) -> bool;
}

/// One call of a goroutine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Call {
    /// The function.
    pub function: String,
    /// Its file; empty where that is not known.
    pub file: String,
    /// The line; 0 where it is not known.
    pub line: u32,
}

/// Who knows the calls of goroutines.
pub trait Stacks {
    /// Those of the goroutine with that index, the innermost first; empty where its stack is not known.
    fn calls(&self, goroutine: u32) -> Vec<Call>;
}

/// How a dump is written.
#[derive(Clone, Copy, Default)]
pub struct HprofFile<'a> {
    /// The calls of goroutines; without it those that have roots.
    pub stacks: Option<&'a dyn Stacks>,
    /// The values of what is no pointer; without it all are zero.
    pub contents: Option<&'a dyn Contents>,
    /// When the process was as it is, in milliseconds since 1970.
    pub millis: u64,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HprofWritten {
    /// Objects.
    pub objects: u64,
    /// Classes of objects, variables and calls.
    pub classes: u64,
    /// Goroutines.
    pub threads: u64,
}

impl HprofFile<'_> {
    /// Writes the heap of a graph. It goes three times over the objects and holds none of the file.
    ///
    /// # Errors
    /// [`ExportError::TooMany`] names, classes or calls; what `out` answers; the observer's refusal.
    pub fn write(
        self,
        graph: Graph<'_>,
        fields: &dyn Fields,
        observer: &dyn Observer,
        out: &mut dyn Write,
    ) -> Result<HprofWritten, ExportError> {
        let heap = graph.heap();
        observer.begin("classes");
        observer.claim(Claim { kept: u64::from(heap.objects.len()) / 8, passing: 0 })?;
        let (mut ids, references) = (Ids::new(&heap.objects), WordReferences::new(graph));
        let objects = heap.totals.allocated.objects;
        let meter = Meter::new(observer, objects);
        let mut classes = Classes::survey(heap, &references, fields, &mut ids, || meter.add(1));
        let roots = Roots::of(graph);
        let mut names = Names::default();
        let threads = ThreadTable::new(graph, &roots.threads, self.stacks, &mut names, &mut ids)?;
        let declared = Declared::new(&classes, &roots.holders, &threads, &mut ids);
        let mut out = BufWriter::with_capacity(BUFFER, out);
        let mut records = Records::begin(&mut out, self.millis)?;
        declared.write_names(&mut records, &mut names, &mut ids)?;
        threads.write_calls(&mut records, declared.first_call_class())?;
        let split = declared.split;
        let mut writer =
            ObjectWriter { heap, references: &references, classes: &mut classes, contents: self.contents, split };
        declared.write_classes(&mut records, &mut names, &mut ids, &|object| writer.id(object))?;
        threads.write_roots(&mut records, &declared, &mut ids, &|object| writer.id(object))?;
        observer.begin("objects");
        let meter = Meter::new(observer, objects);
        for slot in heap.objects.allocated() {
            writer.write(slot, &mut ids, &mut records)?;
            meter.add(1);
        }
        records.end()?;
        out.flush()?;
        Ok(HprofWritten { objects, classes: declared.all.len() as u64, threads: threads.len() as u64 })
    }
}

/// A class of the file.
#[derive(Debug, Default)]
struct ClassRecord {
    id: u64,
    name: String,
    above: u64,
    bytes: u32,
    fields: Vec<(String, JavaType)>,
    /// Each with the object that it leads to.
    statics: Vec<(String, u32)>,
}

/// All classes of the file, in the order of their serial numbers, which begin at 1.
struct Declared {
    all: Vec<ClassRecord>,
    /// Ids of [`CLASSES`].
    java: Vec<u64>,
    /// Ids of the classes of variables.
    holders: Vec<u64>,
    /// The class of what large objects are split into.
    split: u64,
    /// Where those of calls begin.
    calls: usize,
}

impl Declared {
    fn new(classes: &Classes<'_>, holders: &[Holder], threads: &ThreadTable, ids: &mut Ids) -> Self {
        let java: Vec<u64> = CLASSES.iter().map(|_| ids.next()).collect();
        let object = java[OBJECT];
        let plain = |id, name: String| ClassRecord { id, name, above: object, ..ClassRecord::default() };
        let mut all: Vec<ClassRecord> =
            CLASSES.iter().zip(&java).map(|(class, &id)| java_class(class, id, &java)).collect();
        let found: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
        let arrays = JavaType::NUMBERS.iter().map(|ty| ty.array_class()).filter(|name| !found.contains(name));
        all.extend(arrays.map(|name| plain(ids.next(), name.to_owned())));
        let split = ids.next();
        all.push(plain(split, array_class_name(PIECES)));
        all.extend(classes.iter().map(|class| go_class(class, object)));
        let holder_ids: Vec<u64> = holders.iter().map(|_| ids.next()).collect();
        all.extend(holders.iter().zip(&holder_ids).map(|(holder, &id)| ClassRecord {
            statics: holder.statics.clone(),
            ..plain(id, names::class_name(&holder.name))
        }));
        let calls = all.len();
        all.extend(threads.classes().map(|name| plain(ids.next(), names::class_name(name))));
        Declared { all, java, holders: holder_ids, split, calls }
    }

    /// The serial number of the first class of calls.
    fn first_call_class(&self) -> u32 {
        self.calls as u32 + 1
    }

    /// Texts and classes.
    fn write_names(&self, records: &mut Records<'_>, names: &mut Names, ids: &mut Ids) -> Result<(), ExportError> {
        let found = self.all.len() as u64;
        if found > MOST {
            return Err(ExportError::TooMany { format: FORMAT, what: "classes", most: MOST, found });
        }
        for class in &self.all {
            names.id(&class.name, ids)?;
            for name in class.fields.iter().map(|field| &field.0).chain(class.statics.iter().map(|field| &field.0)) {
                names.id(name, ids)?;
            }
        }
        for (id, text) in names.iter() {
            let mut body = Body::default();
            body.id(id).0.extend_from_slice(text.as_bytes());
            records.write(Tag::Text, &body)?;
        }
        for (class, serial) in self.all.iter().zip(1..) {
            let mut body = Body::default();
            body.u4(serial).id(class.id).u4(NO_TRACE).id(names.id(&class.name, ids)?);
            records.write(Tag::LoadClass, &body)?;
        }
        Ok(())
    }

    /// What each class is, and which are roots.
    fn write_classes(
        &self,
        records: &mut Records<'_>,
        names: &mut Names,
        ids: &mut Ids,
        id_of: &dyn Fn(u32) -> u64,
    ) -> Result<(), ExportError> {
        for class in &self.all {
            let body = records.heap()?;
            body.sub(Sub::Class).id(class.id).u4(NO_TRACE).id(class.above);
            (0..5).for_each(|_| _ = body.id(0));
            body.u4(class.bytes).u2(0).u2(class.statics.len() as u16);
            for (name, to) in &class.statics {
                body.id(names.id(name, ids)?).u1(JavaType::Object as u8).id(id_of(*to));
            }
            body.u2(class.fields.len() as u16);
            for (name, ty) in &class.fields {
                body.id(names.id(name, ids)?).u1(*ty as u8);
            }
        }
        for &holder in &self.holders {
            records.heap()?.sub(Sub::RootStickyClass).id(holder);
        }
        Ok(())
    }
}

fn java_class(class: &java::JavaClass, id: u64, java: &[u64]) -> ClassRecord {
    ClassRecord {
        id,
        name: class.name.to_owned(),
        above: class.above.map_or(0, |above| java[above]),
        bytes: class.bytes,
        fields: class.fields.iter().map(|&(name, ty)| (name.to_owned(), ty)).collect(),
        statics: Vec::new(),
    }
}

fn go_class(class: &Class, object: u64) -> ClassRecord {
    let fields = match &class.form {
        Form::Instance(layout) => layout.leaves.iter().map(|leaf| (leaf.name.clone(), leaf.ty)).collect(),
        _ => Vec::new(),
    };
    ClassRecord {
        id: class.id,
        name: class.name.clone(),
        above: object,
        bytes: class.bytes as u32,
        fields,
        statics: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
