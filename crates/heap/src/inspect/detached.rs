//! What a value holds that lies in no memory in one piece: in registers, or partly there.

use super::value::number_of;
use crate::snapshot::HeapSnapshot;
use goheap_model::contents::{Field, InspectOptions, Listed, Value};
use goheap_model::{Kind, TypeId};

/// Structs and arrays that the compiler keeps in registers have few parts.
const MAX_DEPTH: u32 = 8;
const MAX_ELEMENTS: u64 = 4;
/// Parts that are looked at beside one a byte.
const LEAST_PARTS: usize = 1024;

impl HeapSnapshot<'_, '_> {
    /// The fields of the variable `name` of type `ty` whose bytes are these.
    pub(crate) fn detached_fields(
        &self,
        name: &str,
        ty: TypeId,
        bytes: &[u8],
        options: InspectOptions,
    ) -> Listed<Field> {
        let mut detached = Detached {
            snapshot: self,
            options,
            bytes,
            fields: Listed::default(),
            parts: bytes.len().saturating_add(LEAST_PARTS),
        };
        detached.value(name, ty, 0, MAX_DEPTH);
        detached.fields
    }
}

struct Detached<'d, 'm, 'p> {
    snapshot: &'d HeapSnapshot<'m, 'p>,
    options: InspectOptions,
    bytes: &'d [u8],
    fields: Listed<Field>,
    /// Parts that may still be looked at: of a forged type more lie in the same bytes than there are bytes.
    parts: usize,
}

impl Detached<'_, '_, '_> {
    fn value(&mut self, path: &str, ty: TypeId, at: u64, depth: u32) {
        let (Some(depth), Some(parts)) = (depth.checked_sub(1), self.parts.checked_sub(1)) else { return };
        self.parts = parts;
        let go_type = self.snapshot.types.get(ty);
        match &go_type.kind {
            Kind::Struct(fields) => {
                for field in fields.iter().filter(|field| self.snapshot.types.get(field.ty).size > 0) {
                    let path = format!("{path}.{}", field.name.rsplit('.').next().unwrap_or_default());
                    self.value(&path, field.ty, at.saturating_add(field.offset), depth);
                }
            }
            Kind::Array(elem, len) => {
                let size = self.snapshot.types.get(*elem).size;
                for index in 0..(*len).min(MAX_ELEMENTS) {
                    self.value(
                        &format!("{path}[{index}]"),
                        *elem,
                        at.saturating_add(index.saturating_mul(size)),
                        depth,
                    );
                }
            }
            _ => {
                let value = self.leaf(ty, at).unwrap_or(Value::Absent);
                let (path, ty) = (path.to_owned(), go_type.name.to_string());
                self.fields.push(self.options.limit, || Field { path, offset: at, ty, value });
            }
        }
    }

    fn word(&self, at: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        Some(u64::from_le_bytes(self.bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
    }

    fn leaf(&self, ty: TypeId, at: u64) -> Option<Value> {
        let (snapshot, values) = (self.snapshot, self.options.values);
        let go_type = snapshot.types.get(ty);
        let word = |index: u64| self.word(at.checked_add(index * 8)?);
        Some(match &go_type.kind {
            Kind::Scalar | Kind::Opaque => {
                let (start, size) = (usize::try_from(at).ok()?, usize::try_from(go_type.size).ok()?);
                let bytes = self.bytes.get(start..start.checked_add(size)?)?;
                Value::Number(values.then(|| number_of(snapshot.model.memory(), go_type, bytes)).flatten())
            }
            Kind::String => snapshot.string(word(0)?, word(1)?, values, self.options.text_bytes),
            Kind::Slice(_) => match (word(0)?, word(1)?, word(2)?) {
                (0, 0, 0) => Value::Nil,
                (data, len, cap) => Value::Slice(len, cap, snapshot.target(data)),
            },
            Kind::Interface(has_methods) => match (word(0)?, word(1)?) {
                (0, _) => Value::Nil,
                (tab, data) => Value::Interface(snapshot.dynamic_name(tab, *has_methods), snapshot.target(data)),
            },
            _ => snapshot.one_word(ty, word(0)?)?,
        })
    }
}
