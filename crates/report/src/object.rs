//! One object, looked at closely, as a screen of text or as JSON.

use crate::ReportError;
use crate::object_text;
use crate::page::Page;
use crate::text::json_text;
use goheap_ask::ObjectDetail;
use serde::Serialize;
use std::io::Write;

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// As indented JSON.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_json(detail: &ObjectDetail, mut out: impl Write) -> Result<(), ReportError> {
    #[derive(Serialize)]
    struct Versioned<'a> {
        schema_version: u32,
        #[serde(flatten)]
        detail: &'a ObjectDetail,
    }
    let json = serde_json::to_string_pretty(&Versioned { schema_version: SCHEMA_VERSION, detail })?;
    writeln!(out, "{}", json_text(&json))?;
    Ok(out.flush()?)
}

/// For people.
///
/// # Errors
///
/// [`ReportError::Io`].
pub fn write_text(detail: &ObjectDetail, page: Page, out: impl Write) -> Result<(), ReportError> {
    object_text::write(detail, page, out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::contents::{Field, Value};

    #[test]
    fn text_and_json_hide_nothing_and_let_nothing_through() {
        let detail = ObjectDetail {
            address: 0xc000,
            size: 48,
            ty: "main.\u{202e}T".into(),
            evidence: "exact",
            reachable: true,
            path: vec!["main.x *main.T".into(), ".next\u{1b} *main.T".into()],
            fields: vec![Field { path: ".n".into(), offset: 0, ty: "T".into(), value: Value::Number(None) }],
            fields_left_out: 2,
            ..ObjectDetail::default()
        };
        let (mut text, mut json) = (Vec::new(), Vec::new());
        write_text(&detail, Page::default(), &mut text).unwrap();
        write_json(&detail, &mut json).unwrap();
        let expected = "\
object     0xc000
type       main.\\u{202e}T  (evidence: exact)
size       48 B
reachable  from main.x *main.T
           → .next\\x1b *main.T

fields
  +0  .n  T  …
  (2 more; --limit shows more)

held by roots: none

held by objects: none
";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["type"], &json["fields"][0]["kind"]), (&"main.\u{202e}T".into(), &"number".into()));
    }
}
