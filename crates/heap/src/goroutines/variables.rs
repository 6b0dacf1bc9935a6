//! The variables of the calls of one goroutine, with what they hold.

use super::variable_place::{Places, VariablePlace};
use crate::roots::source_name;
use crate::snapshot::HeapSnapshot;
use goheap_image::Address;
use goheap_model::contents::{Field, InspectOptions, Listed, Target, Value};
use goheap_model::{Kind, ObjectId, TypeId};
use goheap_runtime::dwarf::{Local, Place};
use goheap_runtime::stack::Frame;
use goheap_runtime::{Call, Goroutine, Tracer, WaitClass};

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
    /// Calls that tracebacks hide.
    pub hidden: u64,
    /// Calls that are left out between the innermost and the outermost, and how many of `calls` stand before them.
    pub left_out: u64,
    /// See `left_out`.
    pub left_out_after: usize,
    /// What it waits for: channels, or a word in a mutex, wait group or condition.
    pub awaits: Vec<Target>,
}

/// Which calls of a goroutine are looked at: a stack that overflowed has millions.
#[derive(Clone, Copy, Debug)]
pub struct CallsWanted {
    /// Those that tracebacks hide, too; they are where there are no others.
    pub all: bool,
    /// The most: half of them the innermost, half the outermost.
    pub limit: usize,
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
    pub fn goroutine_frames(
        &self,
        goroutine: &Goroutine,
        wanted: CallsWanted,
        options: InspectOptions,
    ) -> GoroutineFrames {
        let model = self.model;
        let start = model.thread_index().start(goroutine);
        let scan = model.stack_scanner().scan(goroutine, &start);
        let pcs = model.trace_pcs(&scan.frames, !start.registers.is_empty());
        let calls = Tracer::new(model).calls(&pcs);
        let places = Places::new(self, goroutine.stack, &scan, &start);
        let reader = Reader { snapshot: self, places, options };
        let (shown, hidden, left_out_after, left_out) = select(&calls, wanted);
        let mut read = Vec::new();
        for at in shown {
            let call = &calls[at];
            let frame = &scan.frames[call.frame];
            // The function that has the frame is the last of its calls.
            let depth = calls[at..].iter().take_while(|other| other.frame == call.frame).count() - 1;
            let offset = frame.pc.checked_sub(frame.func.entry).filter(|_| !call.call.is_inlined);
            let at = CallPlace { frame, index: call.frame, line: call.call.line };
            let variables = reader.variables(at, pcs[call.frame], depth);
            read.push(GoroutineCall { call: call.clone(), offset, variables });
        }
        let is_sync = model.wait_class(goroutine) == Some(WaitClass::Sync);
        let awaited = |address| {
            let target = self.target(address);
            match self.sync_name(&calls, address).filter(|_| is_sync) {
                Some(text) => Target { text, ..target },
                None => target,
            }
        };
        let awaits = super::awaited::addresses(self, goroutine).into_iter().map(awaited).collect();
        GoroutineFrames { calls: read, hidden, left_out, left_out_after, awaits }
    }
}

/// The places of the calls that are wanted, how many are hidden, after how many some are left out, and how many these are.
fn select(calls: &[Call], wanted: CallsWanted) -> (Vec<usize>, u64, usize, u64) {
    let everything = wanted.all || !calls.iter().any(|call| call.is_shown);
    let mut places: Vec<usize> = (0..calls.len()).filter(|&at| everything || calls[at].is_shown).collect();
    let hidden = calls.len() - places.len();
    let left_out = places.len().saturating_sub(wanted.limit);
    let inner = wanted.limit.div_ceil(2).min(places.len());
    places.drain(inner..inner + left_out);
    (places, hidden as u64, inner, left_out as u64)
}

struct Reader<'r, 'm, 'p> {
    snapshot: &'r HeapSnapshot<'m, 'p>,
    places: Places<'r, 'm, 'p>,
    options: InspectOptions,
}

impl Reader<'_, '_, '_> {
    /// The variables in scope of the call that stands `depth` inlined calls inside the frame's function.
    fn variables(&self, call: CallPlace<'_>, pc: u64, depth: usize) -> Listed<Variable> {
        let model = self.snapshot.model;
        let (Some(dwarf), 0) = (&model.dwarf, call.frame.func.module) else { return Listed::default() };
        let locals = dwarf.locals_at(pc.wrapping_sub(model.process.load_bias));
        let is_shown = |local: &&Local| {
            let hidden = *local.name == *DICTIONARY || HIDDEN_PARTS.iter().any(|part| local.name.ends_with(part));
            local.inline_depth as usize == depth && !hidden
        };
        let of_call = locals.iter().filter(is_shown);
        let left_out = of_call.clone().count().saturating_sub(self.options.limit) as u64;
        let shown = of_call.take(self.options.limit).map(|local| self.variable(call, local, &locals)).collect();
        Listed { shown, left_out }
    }

    fn variable(&self, call: CallPlace<'_>, local: &Local, all: &[Local]) -> Variable {
        let types = &self.snapshot.types;
        let ty = local.ty.map(|ty| TypeId(ty.0));
        let place = match self.places.of(call.frame, call.index, local) {
            _ if is_before(local, call) || self.is_of_dead(call, local, all) => VariablePlace::Nowhere,
            place => place,
        };
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
        let fields = ty.map_or_else(Listed::default, |ty| self.fields(&name, ty, place, (call, local)));
        let is_right = fields.shown.iter().all(|field| is_plausible(field, &name));
        let (place, fields) = if is_right { (place, fields) } else { (VariablePlace::Nowhere, Listed::default()) };
        let place = match (moved, place) {
            (Some(_), VariablePlace::Stack(at) | VariablePlace::StackElsewhere(at)) => {
                let pointer = self.snapshot.model.memory().read_u64(Address(at));
                pointer.map_or(VariablePlace::Nowhere, VariablePlace::Heap)
            }
            (_, place) => place,
        };
        let objects = self.objects(call, local, place);
        Variable { name, ty: shown, role, place, fields, objects }
    }

    /// True of the length of a row whose pointer the stack map says is dead: what stands there is from before, or not written yet.
    fn is_of_dead(&self, call: CallPlace<'_>, local: &Local, all: &[Local]) -> bool {
        let Some(base) = local.name.strip_suffix(LENGTH) else { return false };
        let is_pointer = |other: &&Local| {
            other.name.strip_suffix(".ptr") == Some(base)
                && other.inline_depth == local.inline_depth
                && other.place.is_some()
        };
        let pointer = all.iter().find(is_pointer);
        pointer.is_some_and(|pointer| self.places.of(call.frame, call.index, pointer) == VariablePlace::Nowhere)
    }

    fn fields(
        &self,
        name: &str,
        ty: TypeId,
        place: VariablePlace,
        (call, local): (CallPlace<'_>, &Local),
    ) -> Listed<Field> {
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
                None => Listed::default(),
            },
            VariablePlace::Register(_) => {
                let place = local.place.as_ref();
                let bytes = place.and_then(|place| self.places.bytes(call.frame, call.index, place, local.size));
                let values = self.options.values || name.ends_with(LENGTH);
                let options = InspectOptions { values, ..self.options };
                bytes.map_or_else(Listed::default, |bytes| self.snapshot.detached_fields(name, ty, &bytes, options))
            }
            VariablePlace::Nowhere => Listed::default(),
        }
    }

    fn objects(&self, call: CallPlace<'_>, local: &Local, place: VariablePlace) -> Vec<ObjectId> {
        let found: Vec<u64> = match place {
            VariablePlace::Stack(at) | VariablePlace::StackElsewhere(at) => self.places.words(at, local.size).collect(),
            VariablePlace::Heap(at) => vec![at],
            VariablePlace::Part(at) => self.places.words(at, 8).collect(),
            VariablePlace::Register(number) => match &local.place {
                Some(Place::Pieces(pieces)) => self.places.piece_roots(call.frame, pieces),
                _ => self.places.register_root(number).into_iter().collect(),
            },
            VariablePlace::Nowhere => Vec::new(),
        };
        let object = |address: &u64| self.snapshot.objects.find_allocated(*address).map(|slot| slot.id);
        let mut objects: Vec<ObjectId> = found.iter().filter_map(object).collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }
}

/// A call whose variables are read.
#[derive(Clone, Copy)]
struct CallPlace<'f> {
    frame: &'f Frame,
    index: usize,
    line: u32,
}

/// True of a variable that is declared on a later line than the call stands at: whatever is in its place is not yet its value.
fn is_before(local: &Local, call: CallPlace<'_>) -> bool {
    local.decl_line > call.line && call.line != 0 && !local.is_parameter
}

/// Rows are no longer than this: more than the address space of a process has.
const MOST_LENGTH: u64 = 1 << 47;

/// False of lengths that no row has, as what was never written, or is needed no more, may look like.
fn is_plausible(field: &Field, name: &str) -> bool {
    match &field.value {
        Value::Text(len, ..) => *len < MOST_LENGTH,
        Value::Slice(len, cap, _) => len <= cap && *cap < MOST_LENGTH,
        Value::Number(Some(number)) if name.ends_with(LENGTH) => {
            number.parse::<u64>().is_ok_and(|number| number < MOST_LENGTH)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn of_many_calls_both_ends_are_wanted() {
        let call = |is_shown| Call { call: Arc::default(), frame: 0, is_shown };
        let calls: Vec<Call> = (0..1000).map(|at| call(at % 2 == 1)).collect();
        let wanted = |all, limit| select(&calls, CallsWanted { all, limit });
        assert_eq!(wanted(false, 5), (vec![1, 3, 5, 997, 999], 500, 3, 495));
        assert_eq!(wanted(true, 2), (vec![0, 999], 0, 1, 998));
        assert_eq!(wanted(false, 0), (vec![], 500, 0, 500));
        let (places, hidden, after, left_out) = wanted(true, usize::MAX);
        assert_eq!((places.len(), hidden, after, left_out), (1000, 0, 1000, 0));
        let hidden = [call(false), call(false)];
        assert_eq!(select(&hidden, CallsWanted { all: false, limit: 9 }).0, [0, 1], "no other is there");
    }
}
