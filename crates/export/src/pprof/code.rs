//! A profile of the runtime's own, as the process itself would have written it.

use super::text::shown;
use super::writer::{Function, Header, Label, Line, Location, Mapping, Writer};
use crate::ExportError;
use goheap_model::{CodeFunction, CodeProfile, CodeSample};
use std::borrow::Cow;
use std::io::Write;

/// Writes a profile of code: functions, files and lines, and calls that are inlined. A frame is of the mapping that has its address.
///
/// # Errors
/// It could not be written.
pub fn write_code(
    profile: &CodeProfile,
    header: &Header<'_>,
    mappings: &[Mapping<'_>],
    out: impl Write,
) -> Result<(), ExportError> {
    let mut writer = Writer::new(out, header)?;
    let mut mapped = Vec::with_capacity(mappings.len());
    for mapping in mappings {
        mapped.push((mapping.addresses, writer.mapping(mapping)?));
    }
    mapped.sort_unstable();
    let mut functions = Vec::with_capacity(profile.functions.len());
    for function in &profile.functions {
        functions.push(write_function(function, &mut writer)?);
    }
    let mut locations = Vec::with_capacity(profile.places.len());
    for place in &profile.places {
        let line = |call: &goheap_model::CodeCall| {
            let function = functions.get(call.function as usize).copied().unwrap_or(0);
            Line { function, line: call.line.into() }
        };
        let lines: Vec<Line> = place.calls.iter().map(line).collect();
        let has = |((start, end), _): &&((u64, u64), u64)| (*start..*end).contains(&place.address);
        let behind = mapped.partition_point(|((start, _), _)| *start <= place.address);
        let mapping = behind.checked_sub(1).and_then(|at| mapped.get(at)).filter(has).map_or(0, |&(_, number)| number);
        locations.push(writer.location(&Location {
            mapping,
            address: place.address,
            lines: &lines,
            is_folded: false,
        })?);
    }
    for sample in &profile.samples {
        write_sample(sample, &locations, &mut writer)?;
    }
    writer.finish()
}

/// What has no name or value has none here, as the runtime has it.
fn clean(text: &str) -> Cow<'_, str> {
    if text.is_empty() { Cow::Borrowed("") } else { shown(text) }
}

fn write_function(function: &CodeFunction, writer: &mut Writer<impl Write>) -> Result<u64, ExportError> {
    let (name, file) = (clean(&function.name), clean(&function.file));
    writer.function(&Function { name: &name, system_name: &name, file: &file, start_line: function.start_line.into() })
}

fn write_sample(sample: &CodeSample, locations: &[u64], writer: &mut Writer<impl Write>) -> Result<(), ExportError> {
    let texts: Vec<_> = sample.labels.iter().map(|(key, value)| (clean(key), clean(value))).collect();
    let mut labels: Vec<Label<'_>> = texts.iter().map(|(key, value)| Label::Text(key, value)).collect();
    labels.extend(sample.object_bytes.map(|bytes| Label::Number("bytes", bytes as i64, "")));
    let places = sample.places.iter().filter_map(|&place| locations.get(place as usize).copied());
    writer.sample(places, &sample.values, &labels)
}
