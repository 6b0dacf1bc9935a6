//! The variables of the calls of one goroutine, with what they hold.

use crate::inspect::{Field, InspectOptions, Listed, Target, Value};
use crate::object::ObjectId;
use crate::roots::source_name;
use crate::snapshot::HeapSnapshot;
use goheap_image::Address;
use goheap_runtime::dwarf::{Local, Place};
use goheap_runtime::stack::{Frame, StackPlace, StackScan, StartPoint};
use goheap_runtime::{Call, Goroutine, Kind, Tracer, TypeId};
use rustc_hash::FxHashMap;

/// The dictionary of a generic function, which is no variable of the program.
const DICTIONARY: &str = ".dict";

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
    pub variables: Vec<Variable>,
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

/// Where a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariablePlace {
    /// On the stack, at this address.
    Stack(u64),
    /// On the stack at this address at other instructions, and still alive by the stack map at this one.
    StackElsewhere(u64),
    /// In parts, of which a pointer that is alive lies on the stack at this address; the rest is nowhere, or in registers.
    Part(u64),
    /// Moved to the heap, at this address.
    Heap(u64),
    /// In a register of the stopped thread, by DWARF's number.
    Register(u16),
    /// Nowhere: the compiler needs it no more.
    Nowhere,
}

impl HeapSnapshot<'_, '_> {
    /// Looks at a goroutine of the model.
    pub fn goroutine_frames(&self, goroutine: &Goroutine, options: InspectOptions) -> GoroutineFrames {
        let model = self.model;
        let start = model.thread_index().start(goroutine);
        let scan = model.stack_scanner().scan(goroutine, &start);
        let pcs = model.trace_pcs(&scan.frames, !start.registers.is_empty());
        let calls = Tracer::new(model).calls(&pcs);
        let reader = Reader::new(self, &scan, &start, options);
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
    start: &'r StartPoint,
    options: InspectOptions,
    /// Live pointers of the stack by where they lie.
    live: FxHashMap<StackPlace, u64>,
}

impl<'r, 'm, 'p> Reader<'r, 'm, 'p> {
    fn new(
        snapshot: &'r HeapSnapshot<'m, 'p>,
        scan: &StackScan,
        start: &'r StartPoint,
        options: InspectOptions,
    ) -> Self {
        let live = scan.roots.iter().map(|root| (root.place, root.value)).collect();
        Reader { snapshot, start, options, live }
    }

    /// The variables in scope of the call that stands `depth` inlined calls inside the frame's function.
    fn variables(&self, frame: &Frame, index: usize, pc: u64, depth: usize) -> Vec<Variable> {
        let model = self.snapshot.model;
        let (Some(dwarf), 0) = (&model.dwarf, frame.module) else { return Vec::new() };
        let locals = dwarf.locals_at(pc.wrapping_sub(model.process.load_bias));
        let of_call = locals.iter().filter(|local| local.inline_depth as usize == depth && *local.name != *DICTIONARY);
        of_call.take(self.options.limit).map(|local| self.variable(frame, index, local)).collect()
    }

    fn variable(&self, frame: &Frame, index: usize, local: &Local) -> Variable {
        let types = &self.snapshot.types;
        let ty = local.ty.map(|ty| TypeId(ty.0));
        let place = self.place(frame, index, local);
        let (name, moved) = match (local.name.strip_prefix('&'), ty.map(|ty| &types.get(ty).kind)) {
            (Some(name), Some(Kind::Pointer(elem))) => (name, Some(*elem)),
            _ => (&*local.name, None),
        };
        let name = source_name(name).into_owned();
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

    fn place(&self, frame: &Frame, index: usize, local: &Local) -> VariablePlace {
        let on_stack = |offset: i64| frame.fp.wrapping_add_signed(offset);
        match &local.place {
            Some(Place::CfaOffset(offset)) => return VariablePlace::Stack(on_stack(*offset)),
            Some(Place::CfaPointer(offset)) => {
                let pointer = self.snapshot.model.memory().read_u64(Address(on_stack(*offset)));
                return pointer.map_or(VariablePlace::Nowhere, VariablePlace::Heap);
            }
            Some(Place::Register(number)) if index == 0 && self.register(*number).is_some() => {
                return VariablePlace::Register(*number);
            }
            Some(Place::Pieces(pieces)) => {
                let mut expected = None;
                let whole = pieces.iter().all(|piece| match piece.place {
                    Some(Place::CfaOffset(at)) => {
                        let follows = expected.is_none_or(|expected| expected == at);
                        expected = at.checked_add_unsigned(piece.size);
                        follows
                    }
                    _ => false,
                });
                if let (true, Some(Place::CfaOffset(first))) =
                    (whole, pieces.first().and_then(|one| one.place.as_ref()))
                {
                    return VariablePlace::Stack(on_stack(*first));
                }
            }
            _ => {}
        }
        let whole = local.slots.iter().filter(|slot| slot.variable_offset == 0 && slot.size >= local.size);
        let mut alive =
            whole.map(|slot| on_stack(slot.cfa_offset)).filter(|&at| self.words(at, local.size).next().is_some());
        if let Some(at) = alive.next() {
            return VariablePlace::StackElsewhere(at);
        }
        let pieces = match &local.place {
            Some(Place::Pieces(pieces)) => &**pieces,
            _ => &[],
        };
        let of_pieces = pieces.iter().filter_map(|piece| match piece.place {
            Some(Place::CfaOffset(at)) => Some((at, piece.size)),
            _ => None,
        });
        let of_slots = local.slots.iter().map(|slot| (slot.cfa_offset, slot.size));
        let is_live = |&at: &u64| self.live.contains_key(&StackPlace::Slot(at));
        let words = |(at, size): (i64, u64)| (0..size.min(64).div_ceil(8)).map(move |word| (at, word * 8));
        let parts = of_pieces.chain(of_slots).flat_map(words);
        let mut parts = parts.map(|(at, offset)| on_stack(at).wrapping_add(offset)).filter(is_live);
        parts.next().map_or(VariablePlace::Nowhere, VariablePlace::Part)
    }

    /// Live pointers in a part of the stack.
    fn words(&self, at: u64, size: u64) -> impl Iterator<Item = u64> + '_ {
        // A variable of a megabyte has more words than a stack has roots.
        let words = size.div_ceil(8).min(1 << 17);
        (0..words).filter_map(move |word| self.live.get(&StackPlace::Slot(at.wrapping_add(word * 8))).copied())
    }

    fn register(&self, number: u16) -> Option<u64> {
        self.start.registers.iter().find(|register| register.0 == number).map(|register| register.1)
    }

    fn fields(&self, name: &str, ty: TypeId, place: VariablePlace) -> Listed<Field> {
        let go_type = self.snapshot.types.get(ty);
        let one = |value: Value| {
            let field = Field { path: name.to_owned(), offset: 0, ty: go_type.name.to_string(), value };
            Listed { shown: vec![field], left_out: 0 }
        };
        match place {
            VariablePlace::Stack(at) | VariablePlace::StackElsewhere(at) => {
                self.snapshot.variable_fields(name, ty, at, self.options)
            }
            VariablePlace::Heap(at) => one(Value::Pointer(self.snapshot.target(at))),
            VariablePlace::Part(at) => match self.words(at, 8).next() {
                Some(word) => one(Value::Pointer(self.snapshot.target(word))),
                None => none(),
            },
            VariablePlace::Register(number) => {
                let word = self.register(number).unwrap_or(0);
                let number = || Value::Number(self.options.values.then(|| format!("{word:#x}")));
                one(self.snapshot.one_word(ty, word).unwrap_or_else(number))
            }
            VariablePlace::Nowhere => none(),
        }
    }

    fn objects(&self, local: &Local, place: VariablePlace) -> Vec<ObjectId> {
        let found: Vec<u64> = match place {
            VariablePlace::Stack(at) | VariablePlace::StackElsewhere(at) => self.words(at, local.size).collect(),
            VariablePlace::Heap(at) => vec![at],
            VariablePlace::Part(at) => self.words(at, 8).collect(),
            VariablePlace::Register(number) => {
                self.live.get(&StackPlace::Register(number)).copied().into_iter().collect()
            }
            VariablePlace::Nowhere => Vec::new(),
        };
        let object = |address: &u64| self.snapshot.objects.find_allocated(*address).map(|slot| slot.id);
        let mut objects: Vec<ObjectId> = found.iter().filter_map(object).collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }
}

fn none() -> Listed<Field> {
    Listed { shown: Vec::new(), left_out: 0 }
}
