//! Values in interfaces as the runtime prints them (error.go `printpanicval`), and their fields, without running any code.

use crate::model::RuntimeModel;
use crate::types::RawType;
use goheap_image::Address;

/// Bytes of a text that are told.
const MOST_TEXT: usize = 4096;
/// Bytes of a string in a field.
const FIELD_TEXT: usize = 256;
const MOST_FIELDS: usize = 16;
/// Structs in structs, and errors in errors.
const MOST_DEPTH: u32 = 4;

const KIND_INTERFACE: u8 = 20;
const KIND_POINTER: u8 = 22;
const KIND_SLICE: u8 = 23;
const KIND_STRING: u8 = 24;
const KIND_STRUCT: u8 = 25;

/// A value in an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanicValue {
    /// Its type with its import path; None of nil, and where no type can be read.
    pub type_name: Option<String>,
    /// The value as the runtime prints it; None where that takes code of the program.
    pub text: Option<String>,
    /// Bytes of the text beyond those that are told.
    pub cut: u64,
    /// Paths and values of fields, where the text is not known.
    pub fields: Vec<(String, String)>,
}

/// A string of memory, and how many bytes of it are left out.
struct Read {
    text: String,
    cut: u64,
}

impl RuntimeModel<'_> {
    /// The value of an `interface{}` whose words are `ty` and `data`.
    pub(crate) fn interface_value(&self, ty: u64, data: u64) -> PanicValue {
        if ty == 0 {
            return PanicValue { text: Some("nil".to_owned()), ..PanicValue::default() };
        }
        let Some(raw) = self.descriptors().raw(ty) else { return PanicValue::default() };
        let type_name = Some(self.descriptors().full_name(ty));
        if raw.kind == KIND_STRING
            && let Some(read) = self.string_at(data, MOST_TEXT)
        {
            let text = string_text(type_name.as_deref().unwrap_or_default(), &raw.short_name, read.text);
            return PanicValue { type_name, text: Some(text), cut: read.cut, fields: Vec::new() };
        }
        let known = self.error_text(type_name.as_deref().unwrap_or_default(), data, MOST_DEPTH);
        let printed = known.or_else(|| self.number(&raw, data).map(|number| number_text(&raw, &number)));
        let mut fields = Vec::new();
        if printed.is_none() {
            self.fields(&raw, data, &mut fields);
        }
        PanicValue { type_name, text: printed, cut: 0, fields }
    }

    fn string_at(&self, header: u64, limit: usize) -> Option<Read> {
        let memory = self.memory();
        let (data, len) = (memory.read_u64(Address(header))?, memory.read_u64(Address(header).add(8))?);
        let told = usize::try_from(len).unwrap_or(usize::MAX).min(limit);
        let bytes = memory.bytes(Address(data), told)?;
        Some(Read { text: String::from_utf8_lossy(&bytes).into_owned(), cut: len - told as u64 })
    }

    /// The text of an error of the library whose method `Error` does no more than this.
    fn error_text(&self, name: &str, data: u64, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let string = |at: u64| self.string_at(at, MOST_TEXT).map(|read| read.text);
        match name {
            // errors.New and fmt.Errorf keep their text first.
            "*errors.errorString" | "*fmt.wrapError" | "*fmt.wrapErrors" | "*fmt.fmtError" => string(data),
            "runtime.plainError" => string(data),
            "runtime.errorString" | "runtime.errorAddressString" => Some(format!("runtime error: {}", string(data)?)),
            "runtime.boundsError" => self.bounds_error(data),
            "*runtime.PanicNilError" => {
                Some("panic called with nil argument (use GODEBUG=panicnil=1 to disable)".to_owned())
            }
            "*errors.joinError" => {
                let memory = self.memory();
                let (list, len) = (memory.read_u64(Address(data))?, memory.read_u64(Address(data).add(8))?);
                let mut text = String::new();
                for index in 0..len.min(MOST_FIELDS as u64) {
                    // Errors that are joined may be joined errors, of which a broken core has them hold each other.
                    if text.len() > MOST_TEXT {
                        break;
                    }
                    let (ty, data) = self.error_at(list.wrapping_add(index * 16))?;
                    let one = self.error_text(&self.descriptors().full_name(ty), data, depth)?;
                    text.push_str(if index == 0 { "" } else { "\n" });
                    text.push_str(&one);
                }
                Some(text)
            }
            _ => None,
        }
    }

    /// Type and data of an interface with methods.
    fn error_at(&self, at: u64) -> Option<(u64, u64)> {
        let memory = self.memory();
        let (itab, data) = (memory.read_u64(Address(at))?, memory.read_u64(Address(at).add(8))?);
        Some((memory.read_u64(Address(itab).add(8)).filter(|_| itab != 0)?, data))
    }

    /// `runtime.boundsError` (error.go, 1.17 to 1.27): x, y, whether x is signed, and which of the texts.
    fn bounds_error(&self, at: u64) -> Option<String> {
        // What `%x` and `%y` stand for; a negative x has a text of its own.
        const TEXTS: [(&str, &str); 9] = [
            ("index out of range [%x] with length %y", "index out of range [%x]"),
            ("slice bounds out of range [:%x] with length %y", "slice bounds out of range [:%x]"),
            ("slice bounds out of range [:%x] with capacity %y", "slice bounds out of range [:%x]"),
            ("slice bounds out of range [%x:%y]", "slice bounds out of range [%x:]"),
            ("slice bounds out of range [::%x] with length %y", "slice bounds out of range [::%x]"),
            ("slice bounds out of range [::%x] with capacity %y", "slice bounds out of range [::%x]"),
            ("slice bounds out of range [:%x:%y]", "slice bounds out of range [:%x:]"),
            ("slice bounds out of range [%x:%y:]", "slice bounds out of range [%x::]"),
            ("cannot convert slice with length %x to array or pointer to array with length %y", ""),
        ];
        let memory = self.memory();
        let (x, y) = (memory.read_u64(Address(at))?, memory.read_u64(Address(at).add(8))?);
        let (signed, code) = (memory.read_u8(Address(at).add(16))? != 0, memory.read_u8(Address(at).add(17))?);
        let (usual, negative) = TEXTS.get(usize::from(code))?;
        let is_negative = signed && (x as i64) < 0;
        let x = if signed { (x as i64).to_string() } else { x.to_string() };
        let text = if is_negative { negative } else { usual };
        Some(format!("runtime error: {}", text.replace("%x", &x).replace("%y", &(y as i64).to_string())))
    }

    /// A number or a boolean of the type at `at`.
    fn number(&self, ty: &RawType, at: u64) -> Option<String> {
        let size = usize::try_from(ty.size).ok().filter(|size| (1..=16).contains(size))?;
        let mut bytes = [0; 16];
        if !self.memory().read_exact(Address(at), bytes.get_mut(..size)?) {
            return None;
        }
        let (low, high) = (u64::from_le_bytes(*bytes.first_chunk()?), u64::from_le_bytes(*bytes.last_chunk()?));
        let unused = 64_u32.saturating_sub(8 * size as u32);
        let single = |bits: u64| f64::from(f32::from_bits(bits as u32));
        Some(match ty.kind {
            1 => (low != 0).to_string(),
            2..=6 => ((low << unused) as i64 >> unused).to_string(),
            7..=12 => low.to_string(),
            13 => f32::from_bits(low as u32).to_string(),
            14 => f64::from_bits(low).to_string(),
            15 => format!("({}{:+}i)", single(low), single(low >> 32)),
            16 => format!("({}{:+}i)", f64::from_bits(low), f64::from_bits(high)),
            _ => return None,
        })
    }

    /// The fields of the struct that a value in an interface is or points to.
    fn fields(&self, ty: &RawType, data: u64, out: &mut Vec<(String, String)>) {
        let pointed = || self.descriptors().raw(ty.elem?).filter(|elem| elem.kind == KIND_STRUCT);
        match ty.kind {
            KIND_POINTER if data != 0 => {
                if let Some(elem) = pointed() {
                    self.struct_fields("", &elem, data, MOST_DEPTH, out);
                }
            }
            // A struct of one pointer lies in the interface itself.
            KIND_STRUCT if !ty.is_direct => self.struct_fields("", ty, data, MOST_DEPTH, out),
            _ => {}
        }
    }

    fn struct_fields(&self, path: &str, ty: &RawType, at: u64, depth: u32, out: &mut Vec<(String, String)>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for field in self.descriptors().raw_fields(ty, MOST_FIELDS) {
            if out.len() >= MOST_FIELDS {
                return;
            }
            let path = if path.is_empty() { field.name } else { format!("{path}.{}", field.name) };
            let Some(raw) = self.descriptors().raw(field.ty) else { continue };
            let at = at.wrapping_add(field.offset);
            if raw.kind == KIND_STRUCT {
                self.struct_fields(&path, &raw, at, depth, out);
            } else if let Some(text) = self.field_text(&raw, at, depth) {
                out.push((path, text));
            }
        }
    }

    fn field_text(&self, ty: &RawType, at: u64, depth: u32) -> Option<String> {
        let word = |index: u64| self.memory().read_u64(Address(at).add(index * 8));
        Some(match ty.kind {
            KIND_STRING => {
                let read = self.string_at(at, FIELD_TEXT)?;
                let more = if read.cut > 0 { format!("… ({} bytes more)", read.cut) } else { String::new() };
                format!("{:?}{more}", read.text)
            }
            KIND_INTERFACE if word(0)? == 0 => "nil".to_owned(),
            KIND_INTERFACE => {
                let held = if ty.has_methods { self.error_at(at)? } else { (word(0)?, word(1)?) };
                let name = self.descriptors().full_name(held.0);
                match self.error_text(&name, held.1, depth) {
                    Some(text) => format!("{name} {text:?}"),
                    None => name,
                }
            }
            KIND_SLICE => format!("{} of {}", self.descriptors().full_name(ty.address), word(1)?),
            1..=16 => self.number(ty, at)?,
            _ => match word(0)? {
                0 => "nil".to_owned(),
                address => format!("{address:#x}"),
            },
        })
    }
}

/// A string as it is, one of another type with that type's name.
fn string_text(full_name: &str, short_name: &str, text: String) -> String {
    match full_name {
        "string" | "runtime.plainError" => text,
        "runtime.errorString" => format!("runtime error: {text}"),
        _ => format!("{short_name}(\"{text}\")"),
    }
}

/// A number of a type of its own has that type's name.
fn number_text(ty: &RawType, number: &str) -> String {
    let is_predeclared = !ty.short_name.contains('.');
    match ty.kind {
        _ if is_predeclared => number.to_owned(),
        15 | 16 => format!("{}{number}", ty.short_name),
        _ => format!("{}({number})", ty.short_name),
    }
}
