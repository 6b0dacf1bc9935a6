//! The variables of the calls of one goroutine, with what they hold.

use super::variable_place::{Places, VariablePlace};
use crate::inspect::{Field, InspectOptions, Listed, Target, Value};
use crate::object::ObjectId;
use crate::roots::source_name;
use crate::snapshot::HeapSnapshot;
use goheap_image::Address;
use goheap_runtime::dwarf::Local;
use goheap_runtime::stack::Frame;
use goheap_runtime::{Call, Goroutine, Kind, Tracer, TypeId};

/// The dictionary of a generic function, which is no variable of the program.
const DICTIONARY: &str = ".dict";
/// Words of a variable that the compiler keeps apart and that tell nothing by themselves; and those that do.
const HIDDEN_PARTS: [&str; 3] = [".itab", ".type", ".cap"];
const SHOWN_PARTS: [&str; 3] = [".ptr", ".data", LENGTH];
const LENGTH: &str = ".len";

/// One goroutine, looked at closely.
#[derive(Clone, Debug)]
pub struct GoroutineFrames {
    /// Its calls, innermost first.
    pub calls: Vec<GoroutineCall>,
    /// What it waits for: channels, or a word in a mutex, wait group or condition.
    pub awaits: Vec<Target>,
}

/// One call.
#[derive(Clone, Debug)]
pub struct GoroutineCall {
    /// Function, file and line.
    pub call: Call,
    /// Bytes from the function's entry to where it goes on; None of an inlined call.
    pub offset: Option<u64>,
    /// Its variables in the order of declaration; empty without DWARF.
    pub variables: Listed<Variable>,
}

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// As the source has it.
    pub name: String,
    /// Its type; empty where it is not known.
    pub ty: String,
    /// What it is to its function.
    pub role: VariableRole,
    /// Where it is.
    pub place: VariablePlace,
    /// What it holds; nested fields in place of those they are nested in.
    pub fields: Listed<Field>,
    /// The objects that its pointers lead to, each once.
    pub objects: Vec<ObjectId>,
}

/// What a variable is to its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableRole {
    /// Given to it.
    Parameter,
    /// Given back.
    Result,
    /// Its own.
    Local,
}

impl HeapSnapshot<'_, '_> {
    /// Looks at a goroutine of the model.
    pub fn goroutine_frames(&self, goroutine: &Goroutine, options: InspectOptions) -> GoroutineFrames {
        let model = self.model;
        let start = model.thread_index().start(goroutine);
        let scan = model.stack_scanner().scan(goroutine, &start);
        let pcs = model.trace_pcs(&scan.frames, !start.registers.is_empty());
        let calls = Tracer::new(model).calls(&pcs);
        let places = Places::new(self, goroutine.stack, &scan, &start);
        let reader = Reader { snapshot: self, places, options };
        let mut read = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let frame = &scan.frames[call.frame];
            // The function that has the frame is the last of its calls.
            let depth = calls[at..].iter().take_while(|other| other.frame == call.frame).count() - 1;
            let offset = frame.pc.checked_sub(frame.func.entry).filter(|_| !call.call.is_inlined);
            let variables = reader.variables(frame, call.frame, pcs[call.frame], depth);
            read.push(GoroutineCall { call: call.clone(), offset, variables });
        }
        let awaits = super::awaited::addresses(self, goroutine).into_iter().map(|address| self.target(address));
        GoroutineFrames { calls: read, awaits: awaits.collect() }
    }
}

struct Reader<'r, 'm, 'p> {
    snapshot: &'r HeapSnapshot<'m, 'p>,
    places: Places<'r, 'm, 'p>,
    options: InspectOptions,
}

impl Reader<'_, '_, '_> {
    /// The variables in scope of the call that stands `depth` inlined calls inside the frame's function.
    fn variables(&self, frame: &Frame, index: usize, pc: u64, depth: usize) -> Listed<Variable> {
        let model = self.snapshot.model;
        let (Some(dwarf), 0) = (&model.dwarf, frame.module) else { return none() };
        let locals = dwarf.locals_at(pc.wrapping_sub(model.process.load_bias));
        let is_shown = |local: &&Local| {
            let hidden = *local.name == *DICTIONARY || HIDDEN_PARTS.iter().any(|part| local.name.ends_with(part));
            local.inline_depth as usize == depth && !hidden
        };
        let of_call = locals.iter().filter(is_shown);
        let left_out = of_call.clone().count().saturating_sub(self.options.limit) as u64;
        let shown = of_call.take(self.options.limit).map(|local| self.variable(frame, index, local)).collect();
        Listed { shown, left_out }
    }

    fn variable(&self, frame: &Frame, index: usize, local: &Local) -> Variable {
        let types = &self.snapshot.types;
        let ty = local.ty.map(|ty| TypeId(ty.0));
        let place = self.places.of(frame, index, local);
        let (name, moved) = match (local.name.strip_prefix('&'), ty.map(|ty| &types.get(ty).kind)) {
            (Some(name), Some(Kind::Pointer(elem))) => (name, Some(*elem)),
            _ => (&*local.name, None),
        };
        let part = SHOWN_PARTS.iter().find_map(|part| Some((name.strip_suffix(part)?, *part)));
        let (name, part) = part.unwrap_or((name, ""));
        let name = format!("{}{part}", source_name(name));
        let shown = moved.or(ty).map_or_else(String::new, |ty| types.get(ty).name.to_string());
        let role = match (local.is_result, local.is_parameter) {
            (true, _) => VariableRole::Result,
            (_, true) => VariableRole::Parameter,
            _ => VariableRole::Local,
        };
        let fields = ty.map_or_else(none, |ty| self.fields(&name, ty, place));
        let place = match (moved, place) {
            (Some(_), VariablePlace::Stack(at) | VariablePlace::StackElsewhere(at)) => {
                let pointer = self.snapshot.model.memory().read_u64(Address(at));
                pointer.map_or(VariablePlace::Nowhere, VariablePlace::Heap)
            }
            (_, place) => place,
        };
        let objects = self.objects(local, place);
        Variable { name, ty: shown, role, place, fields, objects }
    }

    fn fields(&self, name: &str, ty: TypeId, place: VariablePlace) -> Listed<Field> {
        let go_type = self.snapshot.types.get(ty);
        let one = |value: Value| {
            let field = Field { path: name.to_owned(), offset: 0, ty: go_type.name.to_string(), value };
            Listed { shown: vec![field], left_out: 0 }
        };
        match place {
            VariablePlace::Stack(at) | VariablePlace::StackElsewhere(at) => {
                // A length is no content.
                let values = self.options.values || name.ends_with(LENGTH);
                self.snapshot.variable_fields(name, ty, at, InspectOptions { values, ..self.options })
            }
            VariablePlace::Heap(at) => one(Value::Pointer(self.snapshot.target(at))),
            VariablePlace::Part(at) => match self.places.words(at, 8).next() {
                Some(word) => one(Value::Pointer(self.snapshot.target(word))),
                None => none(),
            },
            VariablePlace::Register(number) => {
                let word = self.places.register(number).unwrap_or(0);
                let number = || Value::Number(self.options.values.then(|| format!("{word:#x}")));
                one(self.snapshot.one_word(ty, word).unwrap_or_else(number))
            }
            VariablePlace::Nowhere => none(),
        }
    }

    fn objects(&self, local: &Local, place: VariablePlace) -> Vec<ObjectId> {
        let found: Vec<u64> = match place {
            VariablePlace::Stack(at) | VariablePlace::StackElsewhere(at) => self.places.words(at, local.size).collect(),
            VariablePlace::Heap(at) => vec![at],
            VariablePlace::Part(at) => self.places.words(at, 8).collect(),
            VariablePlace::Register(number) => self.places.register_root(number).into_iter().collect(),
            VariablePlace::Nowhere => Vec::new(),
        };
        let object = |address: &u64| self.snapshot.objects.find_allocated(*address).map(|slot| slot.id);
        let mut objects: Vec<ObjectId> = found.iter().filter_map(object).collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }
}

fn none<T>() -> Listed<T> {
    Listed { shown: Vec::new(), left_out: 0 }
}
