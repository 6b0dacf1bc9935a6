//! Rows for SQL: a heap as tables of Apache Parquet, a file each, for DuckDB, polars, pandas, Spark and others.
//!
//! What the tables are: [`TABLES`], and docs/sql.md in words. To write them: [`Rows::write`].
//!
//! The format: Apache Parquet 2.10 (parquet.thrift): data pages of version 1, dictionaries, differences of addresses
//! (`DELTA_BINARY_PACKED`), pages as frames of zstd. All types are those of which every reader makes the same.

mod births;
mod goroutines;
mod hybrid;
mod objects;
mod pages;
mod paths;
mod references;
mod roots;
mod run;
mod schema;
mod spans;
mod table_writer;
mod texts;
mod types;
mod values;

pub use goroutines::{CallRow, GoroutineRow};
pub use pages::Codec;
pub use run::Run;
pub use schema::{Column, Kind, SCHEMA, TABLES, Table};

use crate::ExportError;
use goheap_graph::TrieNode;
use goheap_model::{Aside, Births, Claim, Dominance, Fields, Graph, Meter, ObjectId, Observer, Refusal};
use paths::RootClasses;
use schema::{BIRTHS, FRAMES, GOROUTINES, OBJECTS, PATHS, REFERENCES, ROOTS, RUN, SPANS, TYPES};
use std::io::{self, Write};
use table_writer::TableWriter;

/// What the rows are made of.
pub struct Rows<'r> {
    /// The heap with its references.
    pub graph: Graph<'r>,
    /// The frame of the heap's tree that counts an object; None of what no root reaches.
    pub frame_of: &'r (dyn Fn(ObjectId) -> Option<TrieNode> + Sync),
    /// Where sampled objects were allocated.
    pub births: &'r Births,
    /// The core itself.
    pub run: &'r Run,
    /// The goroutines that are alive.
    pub goroutines: &'r [GoroutineRow],
    /// The calls of their stacks.
    pub calls: &'r [CallRow],
    /// How pages are compressed.
    pub codec: Codec,
}

/// Where a table goes: asked for by its name.
pub type Open<'o, W> = &'o mut dyn FnMut(&'static str) -> io::Result<W>;

impl Rows<'_> {
    /// Writes every table to what `open` gives for its name; `fields` tell by which fields objects lead to each other. References are
    /// written while it is found who dominates whom, and beside objects then: of these there are most.
    ///
    /// # Errors
    /// What `open` and the files say; the observer's refusal, which is asked before each group of rows.
    pub fn write<W: Write + Send>(
        &self,
        fields: &dyn Fields,
        open: Open<'_, W>,
        observer: &dyn Observer,
    ) -> Result<(), ExportError> {
        let aside = Aside(observer);
        let mut table = |table: &'static Table| -> Result<TableWriter<'_, W>, ExportError> {
            TableWriter::new(table, (&self.run.core_id, self.codec), open(table.name)?, observer)
        };
        run::write(self, table(&RUN)?)?;
        let classes = RootClasses::new(self.graph);
        let largest = [table(&OBJECTS)?, table(&TYPES)?, table(&REFERENCES)?];
        observer.begin("dominators, objects and references");
        let dominance = self.write_largest(fields, largest, &classes, &aside)?;
        observer.begin("other rows written");
        roots::write(self, &dominance, table(&ROOTS)?)?;
        paths::write(self, table(&PATHS)?, &classes, observer)?;
        goroutines::write(self, &dominance, table(&GOROUTINES)?)?;
        goroutines::write_calls(self, table(&FRAMES)?)?;
        births::write(self, table(&BIRTHS)?, observer)?;
        spans::write(self, table(&SPANS)?)
    }

    fn write_largest<W: Write + Send>(
        &self,
        fields: &dyn Fields,
        [objects, types, references]: [TableWriter<'_, W>; 3],
        classes: &RootClasses,
        aside: &Aside<'_>,
    ) -> Result<Dominance, ExportError> {
        aside.claim(Claim::default())?;
        let totals = &self.graph.heap().totals;
        let meter = &Meter::new(aside.0, totals.allocated.objects.saturating_add(totals.reachable().objects));
        let mut of_objects = None;
        let of_references = rayon::in_place_scope(|scope| {
            scope.spawn(|_| {
                let write = || {
                    let dominance = self.graph.dominance(aside)?;
                    let met = objects::write(self, &dominance, objects, classes, meter)?;
                    types::write(self, &dominance, met, types)?;
                    Ok(dominance)
                };
                of_objects = Some(write());
            });
            references::write(self, fields, references, meter)
        });
        let dominance = of_objects.unwrap_or(Err(ExportError::from(Refusal::Cancelled)))?;
        of_references?;
        Ok(dominance)
    }
}

#[cfg(test)]
mod tests;
