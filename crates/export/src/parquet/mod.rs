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
use goheap_model::{Births, Claim, Dominance, Fields, Graph, Meter, ObjectId, Observer};
use paths::RootClasses;
use schema::{BIRTHS, FRAMES, GOROUTINES, OBJECTS, PATHS, REFERENCES, ROOTS, RUN, SPANS, TYPES};
use std::io::{self, Write};
use table_writer::TableWriter;

/// What the rows are made of.
pub struct Rows<'r> {
    /// The heap with its references.
    pub graph: Graph<'r>,
    /// Who dominates whom.
    pub dominance: &'r Dominance,
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
    /// Writes every table to what `open` gives for its name; `fields` tell by which fields objects lead to each other. Objects and
    /// references, of which there are most, are written side by side.
    ///
    /// # Errors
    /// What `open` and the files say; the observer's refusal, which is asked before each group of rows.
    pub fn write<W: Write + Send>(
        &self,
        fields: &dyn Fields,
        open: Open<'_, W>,
        observer: &dyn Observer,
    ) -> Result<(), ExportError> {
        let mut table = |table: &'static Table| -> Result<TableWriter<'_, W>, ExportError> {
            TableWriter::new(table, (&self.run.core_id, self.codec), open(table.name)?, observer)
        };
        run::write(self, table(&RUN)?)?;
        let classes = RootClasses::new(self.graph);
        self.write_largest(fields, [table(&OBJECTS)?, table(&TYPES)?, table(&REFERENCES)?], &classes, observer)?;
        observer.begin("other rows written");
        roots::write(self, table(&ROOTS)?)?;
        paths::write(self, table(&PATHS)?, &classes, observer)?;
        goroutines::write(self, table(&GOROUTINES)?)?;
        goroutines::write_calls(self, table(&FRAMES)?)?;
        births::write(self, table(&BIRTHS)?, observer)?;
        spans::write(self, table(&SPANS)?)
    }

    fn write_largest<W: Write + Send>(
        &self,
        fields: &dyn Fields,
        [objects, types, references]: [TableWriter<'_, W>; 3],
        classes: &RootClasses,
        observer: &dyn Observer,
    ) -> Result<(), ExportError> {
        observer.begin("objects and references written");
        observer.claim(Claim::default())?;
        let totals = &self.graph.heap().totals;
        let meter = &Meter::new(observer, totals.allocated.objects.saturating_add(totals.reachable().objects));
        let mut of_objects = Ok(());
        let of_references = rayon::in_place_scope(|scope| {
            scope.spawn(|_| {
                of_objects =
                    objects::write(self, objects, classes, meter).and_then(|met| types::write(self, met, types));
            });
            references::write(self, fields, references, meter)
        });
        of_objects.and(of_references)
    }
}

#[cfg(test)]
mod tests;
