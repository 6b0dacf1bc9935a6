//! What functions take and give, and what package variables are, as far as it is known when functions are read.

use super::abi::{PassedWord, assign};
use super::dictionaries::generic;
use super::prefixes::prefixes;
use super::value::{Pointee, Value};
use crate::infer::header_types;
use crate::meaning::closures::is_closure_struct;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::Resolver;
use foldhash::{HashMap, HashSet};
use goheap_graph::IdBitSet;
use goheap_model::{Evidence, Part, TypeId};
use goheap_runtime::code::ProgramCode;
use goheap_runtime::{DescriptorReader, ModuleData, RuntimeModel};
use std::collections::BTreeMap;

/// A method: its receiver's type and the descriptor of its func type.
#[derive(Clone, Copy, Debug)]
struct Method {
    receiver: TypeId,
    func: u64,
}

/// What functions told so far, and what their names and descriptors do.
pub(crate) struct Facts<'m, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    pub(super) code: ProgramCode<'m, 'p>,
    descriptors: DescriptorReader<'m>,
    methods: HashMap<u64, Method>,
    /// Of functions that are named as methods of a pointer to that type.
    receivers: HashMap<u64, TypeId>,
    /// Integer arguments and results of functions by (entry, index).
    pub(super) arguments: HashMap<(u64, u8), Pointee>,
    pub(super) results: HashMap<(u64, u8), Pointee>,
    /// What words lead to of what a function's integer arguments lead to, by its entry: (index, offset of the word, what that leads to).
    pub(super) fields: HashMap<u64, Vec<(u8, u32, Pointee)>>,
    /// Functions of generic code.
    pub(super) generic: HashSet<u64>,
    /// What all calls of these pass them that lies in read-only memory, by (entry, index of the argument).
    pub(super) given: HashMap<(u64, u8), u64>,
    /// Package variables, or parts of them, by their first byte; apart from each other.
    pub(super) areas: BTreeMap<u64, TypeId>,
    /// Words of package variables.
    pub(super) words: HashMap<u64, Pointee>,
    /// The structs that closures are made of, by the function that they call.
    pub(super) closures: HashMap<u64, TypeId>,
    /// What begins something else that looks the same.
    prefixes: HashSet<TypeId>,
    /// The runtime's own types of the headers of maps and channels, of which there is more to tell.
    headers: IdBitSet,
}

impl<'m, 'p> Facts<'m, 'p> {
    /// None where calls cannot be read.
    pub(super) fn new(model: &'m RuntimeModel<'p>, resolver: &Resolver<'m>) -> Option<Self> {
        let code = ProgramCode::new(model)?;
        let descriptors = model.descriptors();
        let mut methods = HashMap::default();
        for &address in resolver.linked() {
            let Some(receiver) = resolver.types.by_descriptor(address) else { continue };
            for method in descriptors.methods(address) {
                methods.entry(method.entry).or_insert(Method { receiver, func: method.func });
            }
        }
        let mut receivers = HashMap::default();
        for functions in model.modules.iter().map(|module| &module.functions) {
            for func in functions.iter() {
                let receiver = receiver(&functions.name(&func)).and_then(|name| resolver.types.by_name(&name));
                receivers.extend(receiver.map(|ty| (func.entry, ty)));
            }
        }
        let generic = model.modules.iter().flat_map(|module| generic(&module.functions)).collect();
        Some(Facts {
            model,
            code,
            descriptors,
            methods,
            receivers,
            arguments: HashMap::default(),
            results: HashMap::default(),
            fields: HashMap::default(),
            generic,
            given: HashMap::default(),
            areas: BTreeMap::new(),
            words: HashMap::default(),
            closures: HashMap::default(),
            prefixes: prefixes(resolver, model.red_zones),
            headers: header_types(&resolver.types),
        })
    }
}

impl Facts<'_, '_> {
    /// How sure it is that a word leads to that.
    pub(crate) fn evidence(&self, pointee: Pointee) -> Evidence {
        let may_be_more = pointee.part == Part::Value && self.prefixes.contains(&pointee.ty);
        if may_be_more { Evidence::Candidate } else { Evidence::Derived }
    }
}

/// What is known before a function is read.
pub(super) struct Known<'a, 'm, 'p> {
    pub(super) facts: &'a Facts<'m, 'p>,
    pub(super) resolver: &'a Resolver<'m>,
}

impl Known<'_, '_, '_> {
    /// What is to be said where a value leads to that: closures are of no one type, and of shapes of generic code it is not known
    /// whose they are.
    pub(super) fn as_said(&self, pointee: Pointee) -> Option<Pointee> {
        let is_shape = self.resolver.types.get(pointee.ty).name.contains("go.shape.");
        if self.facts.headers.contains(pointee.ty.0) || is_shape && pointee.part != Part::Closure {
            return None;
        }
        let is_closure = pointee.part == Part::Value && is_closure_struct(&self.resolver.types, pointee.ty);
        Some(if is_closure { Pointee { part: Part::Closure, ty: TypeId(0) } } else { pointee })
    }

    /// The type of the values that the itab at `address` goes with.
    pub(super) fn itab_type(&self, address: u64) -> Option<TypeId> {
        self.resolver.types.by_descriptor(self.facts.descriptors.itab_type(address)?)
    }

    /// What the function at `entry` takes in integer registers, by their index.
    pub(super) fn arguments_of(&self, entry: u64) -> Vec<(u8, Pointee)> {
        let mut found = match self.facts.methods.get(&entry) {
            Some(method) => {
                let func = self.facts.descriptors.func_types(goheap_image::Address(method.func)).unwrap_or_default();
                let params = func.params.iter().map_while(|&at| self.resolver.types.by_descriptor(at));
                let arguments: Vec<TypeId> = std::iter::once(method.receiver).chain(params).collect();
                self.pointees(&arguments)
            }
            None => {
                self.facts.receivers.get(&entry).map(|&ty| (0, Pointee { part: Part::Value, ty })).into_iter().collect()
            }
        };
        self.add_told(&self.facts.arguments, entry, &mut found);
        found
    }

    /// What the function at `entry` gives in integer registers.
    pub(super) fn results_of(&self, entry: u64) -> Vec<(u8, Pointee)> {
        let mut found = match self.facts.methods.get(&entry) {
            Some(method) => {
                let func = self.facts.descriptors.func_types(goheap_image::Address(method.func)).unwrap_or_default();
                let results = func.results.iter().map_while(|&at| self.resolver.types.by_descriptor(at));
                self.pointees(&results.collect::<Vec<_>>())
            }
            None => Vec::new(),
        };
        self.add_told(&self.facts.results, entry, &mut found);
        found
    }

    /// What words lead to of what the integer arguments of the function at `entry` lead to: (index, offset of the word, what it leads to).
    pub(super) fn fields_of(&self, entry: u64) -> &[(u8, u32, Pointee)] {
        self.facts.fields.get(&entry).map_or(&[], |fields| fields)
    }

    /// The address in the program that a value is, or that a variable of which nothing else is known holds in the core: the linker laid
    /// out what it leads to, and whatever else the variable may hold is of the same type.
    pub(super) fn start(&self, value: Value) -> Option<u64> {
        match value {
            Value::Constant(at) if at != 0 => Some(at),
            Value::Word(at) if self.word(at).is_none() => {
                let start = self.facts.model.memory().read_u64(goheap_image::Address(at))?;
                let is_variable = |module: &ModuleData<'_>| module.data.contains(&start) || module.bss.contains(&start);
                self.facts.model.modules.iter().any(is_variable).then_some(start)
            }
            _ => None,
        }
    }

    fn add_told(&self, told: &HashMap<(u64, u8), Pointee>, entry: u64, found: &mut Vec<(u8, Pointee)>) {
        if told.is_empty() {
            return;
        }
        for index in 0..self.facts.code.registers().integers.len() as u8 {
            if found.iter().all(|(known, _)| *known != index) {
                found.extend(told.get(&(entry, index)).map(|&pointee| (index, pointee)));
            }
        }
    }

    fn pointees(&self, arguments: &[TypeId]) -> Vec<(u8, Pointee)> {
        let passed = assign(&self.resolver.types, &self.facts.descriptors, self.facts.code.registers(), arguments);
        let pointee = |word: &PassedWord| Some((word.index as u8, self.pointee_at(word.ty, word.offset)?));
        passed.iter().filter_map(pointee).collect()
    }

    /// What the word at `offset` of a value of `ty` leads to, where its type tells.
    pub(super) fn pointee_at(&self, ty: TypeId, offset: u64) -> Option<Pointee> {
        let entry = self.resolver.entry(ty, offset)?;
        let (part, ty) = match entry.word {
            PointerWord::Pointer(elem) => (Part::Value, elem),
            PointerWord::Slice(elem) | PointerWord::Row(elem) => (Part::Elements, elem),
            PointerWord::Map(map) => (Part::MapHeader, map),
            PointerWord::Chan(chan) => (Part::ChanHeader, chan),
            PointerWord::String => (Part::StringData, entry.field),
            _ => return None,
        };
        Some(Pointee { part, ty })
    }

    /// What the word of a package variable at `at` leads to.
    pub(super) fn word(&self, at: u64) -> Option<Pointee> {
        if let Some(&known) = self.facts.words.get(&at) {
            return Some(known);
        }
        let (&start, &ty) = self.facts.areas.range(..=at).next_back()?;
        let is_within = at - start < self.resolver.types.get(ty).size;
        is_within.then(|| self.pointee_at(ty, at - start)).flatten()
    }
}

/// The type whose method a function is by its name, `pkg.(*T).M`: nothing for closures in methods, and for generic types, whose
/// methods are named by shapes.
fn receiver(name: &str) -> Option<String> {
    let (package, rest) = name.split_once(".(*")?;
    let (ty, method) = rest.split_once(").")?;
    let is_plain = !method.is_empty() && !method.contains(['.', '-', '[', '(']) && !ty.contains('[');
    is_plain.then(|| format!("{package}.{ty}"))
}

#[cfg(test)]
mod tests {
    use super::receiver;

    #[test]
    fn receivers_are_told_by_name() {
        assert_eq!(receiver("gopkg.in/yaml%2ev2.(*parser).parse").as_deref(), Some("gopkg.in/yaml%2ev2.parser"));
        for other in ["main.f", "main.(*T).M.func1", "main.(*T).M-fm", "main.(*T[go.shape.int]).M", "main.T.M"] {
            assert_eq!(receiver(other), None, "{other}");
        }
    }
}
