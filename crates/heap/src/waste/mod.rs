//! What a heap spends on nothing: contents that are there twice, room that nothing was put into, empty slots of maps, buffers of zeros,
//! small values that lie in a box of their own.
//!
//! To begin: [`HeapSnapshot::waste`]. Strings, slices and pointers are told by the types of the objects that they stand in and by the
//! program's variables; each question then goes over them in order of address. All of it is "at most": what the program means to be so,
//! and what types are only guessed to be, counts. The kinds overlap: a slot of a map may hold a string that is there twice.

mod contents;
mod duplicates;
mod empty;
mod headers;
mod intervals;
mod maps;
mod places;
mod slack;
mod zeros;

pub use duplicates::{Content, Duplicates, HolderDuplicates};
pub use empty::EmptyChannels;
pub use maps::MapWaste;
pub use slack::{Slack, SlackSum};
pub use zeros::Zeros;

use crate::error::HeapError;
use crate::snapshot::HeapSnapshot;
use goheap_model::{Meter, Observer};
use headers::Shape;
use places::Places;
use rayon::prelude::*;
use serde::Serialize;

/// What is told beside sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WasteOptions {
    /// Whether contents are told: they may be secrets of the dead process.
    pub values: bool,
    /// The most contents of strings and byte slices that are told one by one.
    pub contents: usize,
}

/// What a heap spends on nothing, of what roots reach; each list begins with the most.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Waste {
    /// Strings and byte slices.
    pub duplicates: Duplicates,
    /// Room beyond and before what slices and strings say.
    pub slack: Slack,
    /// By map type.
    pub maps: Vec<MapWaste>,
    /// Objects of nothing but zeros, by type.
    pub zeros: Vec<Zeros>,
    /// Small values in a slot of their own that an interface refers to, by their type.
    pub boxed: Duplicates,
    /// Small values in a slot of their own that a pointer refers to, by the field that the pointer is in.
    pub pointed: Duplicates,
    /// By channel type.
    pub channels: Vec<EmptyChannels>,
}

impl HeapSnapshot<'_, '_> {
    /// What the heap spends on nothing. Variables are looked at where the snapshot was taken with
    /// [`SnapshotOptions::roots`](crate::SnapshotOptions).
    ///
    /// # Overhead
    /// 40 bytes a string, slice, box and pointer to a small value, claimed as they are found; while contents are compared 12 more for each
    /// and 24 for each different one, of 16 million at a time at the most.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn waste(&self, options: WasteOptions, observer: &dyn Observer) -> Result<Waste, HeapError> {
        observer.begin("waste");
        let resolver = self.resolver();
        let places = Places::new(self, &resolver);
        let headers = headers::read(self, &resolver, &places, observer)?;
        let names = places::Names { snapshot: self, resolver: &resolver, places: &places };
        observer.begin("contents");
        let mut waste = Waste { slack: slack::slack(self, &names, &headers), ..Waste::default() };
        let none = WasteOptions { contents: 0, ..options };
        let of_shape = |shape: Shape| headers.par_iter().filter(|header| header.place.shape == shape).count();
        let of = |shapes: &[Shape], options| {
            let taken = headers.iter().filter(|header| shapes.contains(&header.place.shape));
            let count = shapes.iter().map(|&shape| of_shape(shape)).sum();
            if count == 0 {
                return Ok(Duplicates::default());
            }
            duplicates::duplicates(self, &names, (taken, count), options, observer)
        };
        // Of contents that were taken out nothing is told: what stands in their place is the same everywhere.
        let has_contents = !self.model.process.core.is_redacted();
        if has_contents {
            waste.duplicates = of(&[Shape::Text, Shape::Bytes], options)?;
            waste.pointed = of(&[Shape::Pointed], none)?;
        }
        waste.boxed = of(&[Shape::Boxed], none)?;
        drop(headers);
        observer.begin("empty");
        let meter = Meter::new(observer, u64::from(self.objects.len()));
        waste.maps = maps::maps(self, &resolver);
        waste.zeros = if has_contents { zeros::zeros(self, &meter) } else { Vec::new() };
        waste.channels = empty::channels(self);
        Ok(waste)
    }
}

#[cfg(test)]
mod tests;
