//! What a word leads to, and what a field holds.

use crate::snapshot::HeapSnapshot;
use goheap_image::{Address, MemoryImage};
use goheap_model::contents::{Target, Value};
use goheap_model::{GoType, Kind, Part, TypeId};

impl HeapSnapshot<'_, '_> {
    /// What the pointer `address` leads to.
    pub(crate) fn target(&self, address: u64) -> Target {
        if let Some(slot) = self.objects.find(address) {
            let start = self.objects.address(slot);
            if !self.objects.is_allocated(slot) {
                return Target { address, object: None, text: "(free slot)".to_owned() };
            }
            let mut text = self.type_text(slot);
            let (payload, _) = self.objects.payload(slot);
            if address > payload {
                let into = format!("+{}", address - payload);
                text = if text.is_empty() { into } else { format!("{text} {into}") };
            }
            return Target { address, object: Some(start), text };
        }
        Target { address, object: None, text: self.outside_text(address) }
    }

    fn outside_text(&self, address: u64) -> String {
        if address == 0 {
            return "(nil)".to_owned();
        }
        if let Some(variable) = self.model.symbols.variable_at(address) {
            return format!("variable {}", variable.name);
        }
        if self.model.heap.is_manual(address) {
            return "(a stack or other memory of the runtime)".to_owned();
        }
        "(not on the heap)".to_owned()
    }

    /// What a field of `ty` at `at` holds, unless the type has parts of its own. None where the core lacks it.
    pub(super) fn leaf(&self, ty: TypeId, at: u64, values: bool, text_bytes: usize) -> Option<Value> {
        let memory = self.model.memory();
        let go_type = self.types.get(ty);
        let word = |index: u64| memory.read_u64(Address(at.checked_add(index * 8)?));
        Some(match &go_type.kind {
            Kind::Scalar | Kind::Opaque => {
                // Present or not, whether it is shown or not.
                let text = number(memory, go_type, at)?;
                Value::Number(values.then_some(text))
            }
            Kind::String => self.string(word(0)?, word(1)?, values, text_bytes),
            Kind::Slice(_) => match (word(0)?, word(1)?, word(2)?) {
                (0, 0, 0) => Value::Nil,
                (data, len, cap) => Value::Slice(len, cap, self.target(data)),
            },
            Kind::Interface(has_methods) => match (word(0)?, word(1)?) {
                (0, _) => Value::Nil,
                (tab, data) => Value::Interface(self.dynamic_name(tab, *has_methods), self.target(data)),
            },
            _ => match word(0)? {
                0 => Value::Nil,
                address => self.pointer(&go_type.kind, address),
            },
        })
    }

    /// What a pointer, map, channel or func value of `ty` holds whose one word is `word`.
    pub(crate) fn one_word(&self, ty: TypeId, word: u64) -> Option<Value> {
        match &self.types.get(ty).kind {
            Kind::Scalar | Kind::Opaque | Kind::String | Kind::Slice(_) | Kind::Interface(_) => None,
            Kind::Struct(_) | Kind::Array(..) => None,
            _ if word == 0 => Some(Value::Nil),
            kind => Some(self.pointer(kind, word)),
        }
    }

    fn pointer(&self, kind: &Kind, address: u64) -> Value {
        let memory = self.model.memory();
        let target = self.target(address);
        let word = |offset: u64| memory.read_u64(Address(address.checked_add(offset)?));
        match kind {
            // `hmap.count` and `maps.Map.used` both stand first; so do `hchan.qcount` and `dataqsiz`.
            Kind::Map(..) => Value::Map(word(0), target),
            Kind::Chan(_) => Value::Chan(word(0), word(8), target),
            Kind::Func => Value::Func(word(0).and_then(|code| self.model.function_name(code)), target),
            _ => Value::Pointer(target),
        }
    }

    pub(super) fn string(&self, data: u64, len: u64, values: bool, text_bytes: usize) -> Value {
        if len == 0 {
            return Value::Text(0, values.then(Vec::new), None);
        }
        let shown = usize::try_from(len).unwrap_or(usize::MAX).min(text_bytes);
        let bytes = values.then(|| self.model.memory().bytes(Address(data), shown).map(|bytes| bytes.into_owned()));
        Value::Text(len, bytes.flatten(), Some(self.target(data)))
    }

    /// The name of the dynamic type of an interface that begins with `tab`.
    pub(super) fn dynamic_name(&self, tab: u64, has_methods: bool) -> Option<String> {
        let descriptor = descriptor(self.model.memory(), tab, has_methods)?;
        self.types.by_descriptor(descriptor).map(|ty| self.types.get(ty).name.to_string())
    }

    /// The runtime's own type of a container's machinery, where DWARF has it.
    pub(super) fn machinery_type(&self, part: Part) -> Option<TypeId> {
        let names: &[&str] = match part {
            Part::MapHeader if self.model.version.release().has_swiss_maps => &["internal/runtime/maps.Map"],
            Part::MapHeader => &["runtime.hmap"],
            Part::MapExtra => &["runtime.mapextra"],
            Part::MapTable => &["internal/runtime/maps.table"],
            Part::ChanHeader => &["runtime.hchan"],
            _ => &[],
        };
        let struct_of =
            |name: &&str| self.types.by_name(name).filter(|&ty| matches!(self.types.get(ty).kind, Kind::Struct(_)));
        names.iter().find_map(struct_of)
    }
}

/// The descriptor of what an interface holds that lies at `at`.
pub(crate) fn dynamic_descriptor(memory: &MemoryImage, at: u64, has_methods: bool) -> Option<u64> {
    descriptor(memory, memory.read_u64(Address(at))?, has_methods)
}

/// The same by its first word: the descriptor itself, or an itab, of which it is the second word.
fn descriptor(memory: &MemoryImage, tab: u64, has_methods: bool) -> Option<u64> {
    if has_methods { memory.read_u64(Address(tab.checked_add(8)?)) } else { Some(tab) }
}

/// What a number's type says of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberKind {
    Bool,
    Signed,
    Unsigned,
    Float,
    Complex,
}

/// By the descriptor's kind (internal/abi/type.go: Bool 1, Int 2 to 6, Uint 7 to 12, Float 13 and 14, Complex 15 and 16), else by
/// the name of a predeclared type. A named type without a descriptor is taken to be signed.
fn number_kind(memory: &MemoryImage, ty: &GoType) -> NumberKind {
    let kind = ty.descriptor.and_then(|at| memory.read_u8(Address(at.checked_add(23)?))).map(|kind| kind & 0x1f);
    match (kind, &*ty.name) {
        (Some(1), _) | (None, "bool") => NumberKind::Bool,
        (Some(7..=12), _) | (None, "uint" | "uint8" | "uint16" | "uint32" | "uint64" | "uintptr") => {
            NumberKind::Unsigned
        }
        (Some(13 | 14), _) | (None, "float32" | "float64") => NumberKind::Float,
        (Some(15 | 16), _) | (None, "complex64" | "complex128") => NumberKind::Complex,
        _ => NumberKind::Signed,
    }
}

/// The number of `ty` at `at`; None where the core lacks it.
pub(super) fn number(memory: &MemoryImage, ty: &GoType, at: u64) -> Option<String> {
    let size = usize::try_from(ty.size).ok()?;
    if size == 0 || size > 16 {
        // No number: a type known by size alone.
        return memory.read_u8(Address(at)).map(|_| String::new());
    }
    let mut bytes = [0; 16];
    let bytes = bytes.get_mut(..size)?;
    if !memory.read_exact(Address(at), bytes) {
        return None;
    }
    number_of(memory, ty, bytes)
}

/// The number of `ty` whose bytes these are, at most 16.
pub(super) fn number_of(memory: &MemoryImage, ty: &GoType, number: &[u8]) -> Option<String> {
    let (size, mut bytes) = (number.len(), [0; 16]);
    bytes.get_mut(..size)?.copy_from_slice(number);
    let (low, high) =
        (u64::from_le_bytes(bytes[..8].try_into().ok()?), u64::from_le_bytes(bytes[8..].try_into().ok()?));
    Some(match (number_kind(memory, ty), size) {
        (NumberKind::Bool, 1) => (low != 0).to_string(),
        (NumberKind::Float, 4) => f32::from_bits(low as u32).to_string(),
        (NumberKind::Float, 8) => f64::from_bits(low).to_string(),
        (NumberKind::Complex, 8) => {
            complex(f32::from_bits(low as u32).into(), f32::from_bits((low >> 32) as u32).into())
        }
        (NumberKind::Complex, 16) => complex(f64::from_bits(low), f64::from_bits(high)),
        (NumberKind::Signed, 1..=8) => {
            let unused = 64 - 8 * size as u32;
            ((low << unused) as i64 >> unused).to_string()
        }
        (_, 1..=8) => low.to_string(),
        _ => format!("{:#x}", u128::from_le_bytes(bytes)),
    })
}

fn complex(real: f64, imaginary: f64) -> String {
    format!("({real}{imaginary:+}i)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_their_type() {
        let bytes = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x20, 0xc1, 0, 0, 0x80, 0x3f];
        let memory = MemoryImage::from_buffers([(Address(0x1000), bytes.to_vec(), false)]);
        let read = |name: &str, size, at| {
            let ty = GoType { name: name.into(), size, kind: Kind::Scalar, descriptor: None };
            number(&memory, &ty, at)
        };
        assert_eq!(read("int8", 1, 0x1000).as_deref(), Some("-2"));
        assert_eq!(read("int", 8, 0x1000).as_deref(), Some("-2"));
        assert_eq!(read("time.Duration", 8, 0x1000).as_deref(), Some("-2"));
        assert_eq!(read("uint16", 2, 0x1000).as_deref(), Some("65534"));
        assert_eq!(read("float32", 4, 0x1008).as_deref(), Some("-10"));
        assert_eq!(read("complex64", 8, 0x1008).as_deref(), Some("(-10+1i)"));
        assert_eq!(read("bool", 1, 0x1000).as_deref(), Some("true"));
        assert_eq!(read("int", 8, 0x100c), None);
        assert_eq!(read("huge", 1 << 60, 0x1000).as_deref(), Some(""));
    }
}
