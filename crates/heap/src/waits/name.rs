//! What is waited for, in words: `main.first`, `main.account .mu`, `chan main.result`.

use super::ranges::Ranges;
use super::target::{SyncTarget, WaitKind, sync_target};
use super::waiters::WaitGroup;
use crate::snapshot::HeapSnapshot;
use foldhash::HashMap;
use goheap_image::Address;
use goheap_model::contents::Contents;
use goheap_model::{Kind, Part, TypeId, TypeTable};
use goheap_runtime::Call;
use std::cell::OnceCell;

/// Wanted of a static address: any lock, else the innermost field.
pub const ANY_LOCK: &str = "sync.";
/// Structs in structs: types do not nest deeper by value.
const MAX_DEPTH: u32 = 32;
/// How far before an address the variable may begin that a pointer in another variable leads to.
const MAX_STATIC: u64 = 1 << 20;

/// What a lock or channel is called, and where it lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitName {
    /// The variable with the field, the type of the object with the field, or the channel's type. Never empty.
    pub text: String,
    /// First byte of the object that it is in; None in static data and elsewhere.
    pub object: Option<u64>,
    /// True where it lies in a package variable, or in what the linker laid out beside them.
    pub is_static: bool,
}

impl<'m, 'p> HeapSnapshot<'m, 'p> {
    /// Names the lock or the like in which the word lies that the goroutine with these calls, innermost first, sleeps on; None of a bare
    /// semaphore.
    pub(crate) fn sync_name(&self, calls: &[Call], word: u64) -> Option<String> {
        let SyncTarget { kind, address, .. } = sync_target(calls, word, self.model.version.release());
        let group = WaitGroup { kind, address, waiters: Vec::new() };
        (kind != WaitKind::Semaphore).then(|| self.wait_name(&group).text)
    }

    /// Names what a group waits for. Of many [`WaitNames`] does.
    pub fn wait_name(&self, group: &WaitGroup) -> WaitName {
        self.wait_names().of(group)
    }

    /// Names what groups wait for.
    pub fn wait_names(&self) -> WaitNames<'_, 'm, 'p> {
        WaitNames { snapshot: self, pointees: OnceCell::new() }
    }

    /// The variable that holds an address of static data, with the field of type `wanted` there; by the pointer to it where the
    /// linker gave it no name, as to `var a = &T{}`; by its section where nothing names it. None outside static data.
    pub fn static_name(&self, address: u64, wanted: &str) -> Option<String> {
        self.wait_names().static_name(address, wanted)
    }

    /// The field of an object in which a lock lies.
    fn field_in_object(&self, slot: goheap_model::Slot, inner: u64, kind: WaitKind) -> String {
        let object = self.object_types.of(slot.id);
        let (ty, types) = (object.ty(), &self.types);
        match object.part() {
            Part::Value => field_at(types, ty, inner, kind.name()),
            Part::Elements => {
                let size = types.get(ty).size.max(1);
                format!("[{}]{}", inner / size, field_at(types, ty, inner % size, kind.name()))
            }
            _ => format!("+{inner}"),
        }
    }
}

/// Names what many groups wait for.
///
/// # Overhead
/// 32 bytes a package variable that is a pointer, once a name needs them.
pub struct WaitNames<'s, 'm, 'p> {
    snapshot: &'s HeapSnapshot<'m, 'p>,
    /// What typed variables point to, with their numbers.
    pointees: OnceCell<Ranges<usize>>,
}

impl WaitNames<'_, '_, '_> {
    /// Names what a group waits for.
    pub fn of(&self, group: &WaitGroup) -> WaitName {
        let (snapshot, address, kind) = (self.snapshot, group.address, group.kind);
        if let Some(slot) = snapshot.objects.find_allocated(address) {
            let object = Some(snapshot.objects.address(slot));
            let ty = snapshot.type_text(slot);
            let (payload, _) = snapshot.objects.payload(slot);
            let inner = address.saturating_sub(payload);
            let text = match kind {
                WaitKind::Channel if ty.is_empty() => "chan".to_owned(),
                WaitKind::Channel => ty,
                _ if ty.is_empty() => format!("an object of unknown type +{inner}"),
                _ => match snapshot.field_in_object(slot, inner, kind) {
                    path if path.is_empty() => ty,
                    path => format!("{} {path}", snapshot.short_name(&ty)),
                },
            };
            return WaitName { text, object, is_static: false };
        }
        match self.static_name(address, kind.name()) {
            Some(text) => WaitName { text, object: None, is_static: true },
            None => WaitName { text: snapshot.place_text(address), object: None, is_static: false },
        }
    }

    /// As [`HeapSnapshot::static_name`] says.
    fn static_name(&self, address: u64, wanted: &str) -> Option<String> {
        let model = self.snapshot.model;
        let module = model.modules.iter().find(|module| module.holds_variable(address))?;
        let named = model.symbols.variable_at(address);
        if let Some((variable, ty)) = named.and_then(|variable| Some((variable, variable.ty?))) {
            let field = field_at(&self.snapshot.types, ty, address - variable.address, wanted);
            return Some(format!("{} {field}", variable.name).trim_end().to_owned());
        }
        if let Some(text) = self.static_behind_pointer(address, wanted) {
            return Some(text);
        }
        if let Some(variable) = named {
            return Some(offset_text(&variable.name, address - variable.address));
        }
        let sections = [
            ("data", &module.data),
            ("bss", &module.bss),
            ("noptrdata", &module.noptrdata),
            ("noptrbss", &module.noptrbss),
        ];
        let (section, range) = sections.into_iter().find(|(_, range)| range.contains(&address))?;
        Some(offset_text(section, address - range.start))
    }

    /// By the first typed variable that points to a value around `address`.
    fn static_behind_pointer(&self, address: u64, wanted: &str) -> Option<String> {
        let (model, types) = (self.snapshot.model, &self.snapshot.types);
        let pointees = self.pointees.get_or_init(|| pointees(self.snapshot));
        let variable = &model.symbols.variables()[*pointees.at(address).min()?];
        let Kind::Pointer(elem) = types.get(variable.ty?).kind else { return None };
        let start = model.memory().read_u64(Address(variable.address))?;
        let field = field_at(types, elem, address.checked_sub(start)?, wanted);
        Some(format!("{} {field}", variable.name).trim_end().to_owned())
    }
}

/// What typed variables point to; of those that point to the same the first.
fn pointees(snapshot: &HeapSnapshot<'_, '_>) -> Ranges<usize> {
    let mut found = HashMap::default();
    for (number, variable) in snapshot.model.symbols.variables().iter().enumerate() {
        let Some(Kind::Pointer(elem)) = variable.ty.map(|ty| &snapshot.types.get(ty).kind) else { continue };
        let bytes = snapshot.types.get(*elem).size.min(MAX_STATIC);
        if let Some(start) = snapshot.model.memory().read_u64(Address(variable.address)).filter(|_| bytes > 0) {
            found.entry((start, start.saturating_add(bytes))).or_insert(number);
        }
    }
    found.into_iter().map(|((start, end), number)| (start, end, number)).collect()
}

fn offset_text(name: &str, offset: u64) -> String {
    if offset == 0 { name.to_owned() } else { format!("{name}+{offset:#x}") }
}

/// The way to the part at `offset` of a value of `ty` that is of the type called `wanted`, else to the innermost one: `.a.mu`. Its
/// own parts are not told. `+8` where no field is there.
fn field_at(types: &TypeTable, ty: TypeId, offset: u64, wanted: &str) -> String {
    let (mut path, mut ty, mut offset) = (String::new(), ty, offset);
    for _ in 0..MAX_DEPTH {
        let go_type = types.get(ty);
        let is_wanted = |name: &str| name == wanted || (wanted == ANY_LOCK && name.starts_with(ANY_LOCK));
        if offset == 0 && is_wanted(&go_type.name) {
            return path;
        }
        match &go_type.kind {
            Kind::Struct(fields) => {
                let holds = |field: &&goheap_model::Field| {
                    offset.checked_sub(field.offset).is_some_and(|inner| inner < types.get(field.ty).size)
                };
                let Some(field) = fields.iter().rev().find(holds) else { break };
                path = format!("{path}.{}", field.name.rsplit('.').next().unwrap_or_default());
                (ty, offset) = (field.ty, offset - field.offset);
            }
            Kind::Array(elem, _) => {
                let size = types.get(*elem).size.max(1);
                path = format!("{path}[{}]", offset / size);
                (ty, offset) = (*elem, offset % size);
            }
            _ => break,
        }
    }
    if offset == 0 { path } else { format!("{path}+{offset}") }
}
