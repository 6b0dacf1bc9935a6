//! The name of a type with full import paths, as DWARF and the linker write it (`types.Type.LinkString` of cmd/compile):
//! `map[string]*net/http.Request`, `struct { F uintptr; main.x int }`.
//!
//! A descriptor's own name has the name of each package instead of its path (`http.Request`); the path stands in the
//! `abi.UncommonType` of each named type. So names of unnamed types are put together from their parts; those of type
//! arguments are complete in the name itself. What no descriptor tells: the number of a type declared in a function (`T·1`) and
//! the linker's `noalg.` before types that the compiler made without equality.

use super::descriptor::{
    ARRAY_LEN, DescriptorReader, ELEM, FIELD_BYTES, KIND_MASK, MAP_ELEM, MAX_FIELDS, TFLAG_UNCOMMON,
};
use crate::words::{read_slice, read_words};
use goheap_image::Address;
use std::fmt::Write;

const TFLAG: u64 = 20;
pub(super) const KIND: u64 = 23;
const TFLAG_NAMED: u8 = 4;
const CHAN_DIR: u64 = 56;
const FUNC_IN: u64 = 48;
const FUNC_OUT: u64 = 50;
const PACKAGE: u64 = 48;
pub(super) const MEMBERS: u64 = 56;
const VARIADIC: u16 = 1 << 15;
/// The first field of a closure, up to 1.20. DWARF calls it `F`.
const CLOSURE_FUNC: &str = ".F";

/// Names are cut at this length: hostile descriptors can make them grow exponentially.
const MAX_NAME: usize = 1 << 16;
/// Unnamed types do not nest deeper.
const MAX_DEPTH: u32 = 64;

/// Parameters and results of a func type, as addresses of descriptors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FuncTypes {
    /// Parameters.
    pub params: Vec<u64>,
    /// Results.
    pub results: Vec<u64>,
    /// True if the last parameter is `...T`.
    pub is_variadic: bool,
}

/// A name that grows to a limit, and how deep its parts may still nest.
pub(super) struct Text {
    text: String,
    depth: u32,
}

impl Text {
    pub(super) fn push(&mut self, part: &str) -> Option<()> {
        self.text.push_str(part);
        (self.text.len() <= MAX_NAME).then_some(())
    }
}

/// What a type is called of which nothing can be read.
pub(super) fn unnamed(address: u64) -> String {
    format!("type@{address:#x}")
}

impl DescriptorReader<'_> {
    /// The name of the type at `address` as DWARF writes it. `type@0x…` where nothing can be read.
    pub fn full_name(&self, address: u64) -> String {
        let mut name = Text { text: String::new(), depth: MAX_DEPTH };
        match self.write_type(address, &mut name) {
            Some(()) => name.text,
            None => self.own_name(Address(address)).unwrap_or_else(|| unnamed(address)),
        }
    }

    /// Parameters and results of the func type at `at`.
    pub fn func_types(&self, at: Address) -> Option<FuncTypes> {
        let (first, params, results) = self.func_list(at)?;
        let all = read_words(self.memory, first, usize::try_from(params + results).ok()?)?;
        let (params, results) = all.split_at(usize::try_from(params).ok()?);
        let is_variadic = self.memory.read_u16(at.add(FUNC_OUT))? & VARIADIC != 0;
        Some(FuncTypes { params: params.to_vec(), results: results.to_vec(), is_variadic })
    }

    /// Where the addresses of parameters and results are listed (`abi.FuncType.InSlice`), after the `UncommonType`, and how many of
    /// each there are.
    pub(super) fn func_list(&self, at: Address) -> Option<(Address, u64, u64)> {
        let (params, results) = (self.memory.read_u16(at.add(FUNC_IN))?, self.memory.read_u16(at.add(FUNC_OUT))?);
        let first = self.uncommon(at).map_or(at.add(56), |uncommon| uncommon.add(16));
        Some((first, u64::from(params), u64::from(results & !VARIADIC)))
    }

    /// Where the `abi.UncommonType` of the type at `at` lies, which follows what its kind adds; None where it has none.
    pub(super) fn uncommon(&self, at: Address) -> Option<Address> {
        if self.memory.read_u8(at.add(TFLAG))? & TFLAG_UNCOMMON == 0 {
            return None;
        }
        let size = match self.memory.read_u8(at.add(KIND))? & KIND_MASK {
            17 => 72,
            18 => 64,
            19 | 22 | 23 => 56,
            20 | 25 => 80,
            21 => self.release.map_type_bytes,
            _ => 48,
        };
        Some(at.add(size))
    }

    pub(super) fn word(&self, at: Address, offset: u64) -> Option<u64> {
        self.memory.read_u64(at.add(offset))
    }

    pub(super) fn write_type(&self, address: u64, out: &mut Text) -> Option<()> {
        out.depth = out.depth.checked_sub(1)?;
        let at = Address(address);
        if self.memory.read_u8(at.add(TFLAG))? & TFLAG_NAMED != 0 {
            self.write_named(at, out)?;
        } else {
            self.write_unnamed(at, out)?;
        }
        out.depth += 1;
        Some(())
    }

    fn write_named(&self, at: Address, out: &mut Text) -> Option<()> {
        let name = self.own_name(at)?;
        let path = self.uncommon(at).and_then(|uncommon| self.memory.read_u32(uncommon));
        let path = path.and_then(|offset| self.name_at_offset(at, offset as i32));
        let dot = name.find('.').filter(|&dot| name.find('[').is_none_or(|bracket| dot < bracket));
        match (path, dot) {
            // Shapes are in no package: `go.shape.int`.
            (Some(path), Some(dot)) if !path.is_empty() && !name.starts_with("go.shape.") => {
                write_path(&path, &mut out.text);
                out.push(&name[dot..])
            }
            _ => out.push(&name),
        }
    }

    fn write_unnamed(&self, at: Address, out: &mut Text) -> Option<()> {
        let elem = |out: &mut Text| self.write_type(self.word(at, ELEM)?, out);
        match self.memory.read_u8(at.add(KIND))? & KIND_MASK {
            17 => {
                write!(out.text, "[{}]", self.word(at, ARRAY_LEN)?).ok()?;
                elem(out)
            }
            18 => self.write_chan(at, out),
            19 => {
                out.push("func")?;
                self.write_signature(at, out)
            }
            20 => self.write_interface(at, out),
            21 => {
                out.push("map[")?;
                elem(out)?;
                out.push("]")?;
                self.write_type(self.word(at, MAP_ELEM)?, out)
            }
            22 => {
                out.push("*")?;
                elem(out)
            }
            23 => {
                out.push("[]")?;
                elem(out)
            }
            25 if self.lacks_fields(at) => out.push(&self.own_name(at)?),
            25 => match self.own_name(at).filter(|name| name.starts_with("map.")) {
                Some(name) => self.write_map_part(at, &name, out),
                None => self.write_struct(at, out),
            },
            _ => out.push(&self.own_name(at)?),
        }
    }

    fn write_chan(&self, at: Address, out: &mut Text) -> Option<()> {
        let elem = self.word(at, ELEM)?;
        match self.word(at, CHAN_DIR)? {
            1 => out.push("<-chan ")?,
            2 => out.push("chan<- ")?,
            _ => {
                out.push("chan ")?;
                let inner = Address(elem);
                let is_receive_only = self.memory.read_u8(inner.add(KIND))? & KIND_MASK == 18
                    && self.memory.read_u8(inner.add(TFLAG))? & TFLAG_NAMED == 0
                    && self.word(inner, CHAN_DIR)? == 1;
                if is_receive_only {
                    out.push("(")?;
                    self.write_type(elem, out)?;
                    return out.push(")");
                }
            }
        }
        self.write_type(elem, out)
    }

    fn write_signature(&self, at: Address, out: &mut Text) -> Option<()> {
        let types = self.func_types(at)?;
        self.write_list(&types.params, types.is_variadic, out)?;
        match types.results[..] {
            [] => Some(()),
            [result] => {
                out.push(" ")?;
                self.write_type(result, out)
            }
            _ => {
                out.push(" ")?;
                self.write_list(&types.results, false, out)
            }
        }
    }

    fn write_list(&self, types: &[u64], is_variadic: bool, out: &mut Text) -> Option<()> {
        out.push("(")?;
        for (index, &ty) in types.iter().enumerate() {
            if index > 0 {
                out.push(", ")?;
            }
            if is_variadic && index + 1 == types.len() {
                out.push("...")?;
                self.write_type(self.word(Address(ty), ELEM)?, out)?;
            } else {
                self.write_type(ty, out)?;
            }
        }
        out.push(")")
    }

    /// The package of a composite's names that are not exported (`InterfaceType.PkgPath`, `StructType.PkgPath`).
    fn own_package(&self, at: Address) -> String {
        self.word(at, PACKAGE)
            .filter(|&name| name != 0)
            .and_then(|name| self.name(Address(name)))
            .map(|name| name.text)
            .unwrap_or_default()
    }

    fn write_interface(&self, at: Address, out: &mut Text) -> Option<()> {
        let methods = read_slice(self.memory, at.add(MEMBERS)).filter(|slice| slice.len <= MAX_FIELDS)?;
        out.push("interface {")?;
        for index in 0..methods.len {
            out.push(if index == 0 { " " } else { "; " })?;
            let method = methods.data.add(index * 8);
            let name = self.resolve_name(at, self.memory.read_u32(method)? as i32)?;
            if !name.is_exported() {
                let package = self.package_of(&name, at).unwrap_or_else(|| self.own_package(at));
                write_qualifier(&package, &mut out.text);
            }
            out.push(&name.text)?;
            let ty = self.type_at_offset(at, self.memory.read_u32(method.add(4))? as i32)?;
            self.write_signature(Address(ty), out)?;
        }
        out.push(if methods.len == 0 { "}" } else { " }" })
    }

    /// The type that a `typeOff` in the type at `referrer` means (`runtime.rtype.typeOff`).
    fn type_at_offset(&self, referrer: Address, offset: i32) -> Option<u64> {
        match self.modules.iter().find(|module| module.types.contains(&referrer.0)) {
            Some(module) => module.types.start.checked_add(u64::try_from(offset).ok()?),
            None => self.run_time_names?.get(offset),
        }
    }

    fn write_struct(&self, at: Address, out: &mut Text) -> Option<()> {
        let fields = read_slice(self.memory, at.add(MEMBERS)).filter(|slice| slice.len <= MAX_FIELDS)?;
        out.push("struct {")?;
        for index in 0..fields.len {
            out.push(if index == 0 { " " } else { "; " })?;
            self.write_field(at, fields.data.add(index * FIELD_BYTES), out)?;
        }
        out.push(if fields.len == 0 { "}" } else { " }" })
    }

    fn write_field(&self, at: Address, field: Address, out: &mut Text) -> Option<()> {
        let name = self.name(Address(self.word(field, 0)?))?;
        let ty = self.word(field, 8)?;
        let word = self.word(field, 16)?;
        let (_, is_embedded) = self.field_offset(word, &name);
        if !is_embedded || !self.is_named_as_its_type(ty, &name.text) {
            if name.text == CLOSURE_FUNC {
                out.push("F")?;
            } else {
                if !name.is_exported() {
                    let package = self.package_of(&name, at).unwrap_or_else(|| self.own_package(at));
                    write_qualifier(&package, &mut out.text);
                }
                out.push(&name.text)?;
            }
            out.push(if is_embedded && self.release.names_embedded_by_sign { " = " } else { " " })?;
        }
        self.write_type(ty, out)?;
        match self.tag(&name) {
            Some(tag) => write!(out.text, " {tag:?}").ok(),
            None => Some(()),
        }
    }

    /// False for an embedded type that is called otherwise by an alias.
    fn is_named_as_its_type(&self, ty: u64, field: &str) -> bool {
        let at = Address(ty);
        let is_pointer = self.memory.read_u8(at.add(KIND)).is_some_and(|kind| kind & KIND_MASK == 22)
            && self.memory.read_u8(at.add(TFLAG)).is_some_and(|flags| flags & TFLAG_NAMED == 0);
        let named = if is_pointer { self.word(at, ELEM).unwrap_or(0) } else { ty };
        let Some(name) = self.own_name(Address(named)) else { return true };
        let base = name.split('[').next().unwrap_or_default();
        base.rsplit('.').next() == field.split('[').next()
    }
}

fn write_qualifier(package: &str, out: &mut String) {
    if !package.is_empty() {
        write_path(package, out);
        out.push('.');
    }
}

/// `objabi.PathToPrefix`: dots after the last slash, and what is not printable, as `%2e`.
fn write_path(path: &str, out: &mut String) {
    let slash = path.rfind('/').unwrap_or(0);
    for (at, byte) in path.bytes().enumerate() {
        if byte <= b' ' || (byte == b'.' && (at > slash || slash == 0)) || matches!(byte, b'%' | b'"' | 0x7f..) {
            // Formatting into a string does not fail.
            let _ = write!(out, "%{byte:02x}");
        } else {
            out.push(byte as char);
        }
    }
}
