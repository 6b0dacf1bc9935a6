//! Functions, and where in them something is done with channels and locks.

use super::deeds::Deeds;
use super::interfaces::{self, Itab, MethodCall};
use foldhash::{HashMap, HashSet};
use goheap_model::names::package_of;
use goheap_runtime::code::{Operation, ProgramCode};
use goheap_runtime::{FunctionCode, RuntimeModel};
use std::cell::RefCell;
use std::rc::Rc;

/// One place in a function where something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// The call instruction.
    pub(super) at: u64,
    /// The line of the function itself; what is inlined counts where it is called. 0 where no table tells.
    pub(super) line: u32,
    pub(super) deeds: Deeds,
}

/// One function.
#[derive(Debug, Default)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) code: FunctionCode,
    /// In order of address; calls of its own closures count as what these do.
    pub(super) sites: Vec<Site>,
    /// What closures do that it defers, and where it does so.
    pub(super) deferred: Vec<Site>,
    /// What all its sites do.
    pub(super) deeds: Deeds,
    package: String,
    /// The functions that it calls, each once, in order of the first call.
    pub(super) callees: Rc<[u64]>,
}

impl Function {
    /// True if both are of one package.
    pub(super) fn is_of_package(&self, other: &Function) -> bool {
        self.package == other.package
    }

    /// True if its code refers to a part of a variable.
    pub(super) fn refers_to(&self, start: u64, end: u64) -> bool {
        let first = self.code.variables.partition_point(|&at| at < start);
        self.code.variables.get(first).is_some_and(|&at| at < end)
    }
}

/// Functions, each read once.
pub(super) struct CodeBook<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    /// By entry.
    deeds: HashMap<u64, Deeds>,
    /// `runtime.newproc`, which a go statement calls, and `runtime.deferreturn`, which every function calls that defers.
    newproc: u64,
    deferreturn: u64,
    known: HashMap<u64, Rc<Function>>,
    /// None where calls through interfaces are not decoded.
    program: Option<ProgramCode<'m, 'p>>,
    itabs: HashMap<u64, Option<Itab>>,
    method_calls: HashMap<u64, Rc<[MethodCall]>>,
    /// What closures do that are called where they are made, by entry.
    of_closures: RefCell<HashMap<u64, Deeds>>,
    lines: RefCell<HashMap<u64, u32>>,
}

impl<'m, 'p> CodeBook<'m, 'p> {
    pub(super) fn new(model: &'m RuntimeModel<'p>) -> Self {
        let (mut deeds, mut newproc, mut deferreturn) = (HashMap::default(), 0, 0);
        for functions in model.modules.iter().map(|module| &module.functions) {
            for func in functions.iter() {
                let name = functions.name(&func);
                match &*name {
                    "runtime.newproc" => newproc = func.entry,
                    "runtime.deferreturn" => deferreturn = func.entry,
                    _ => {}
                }
                let of = Deeds::of(&name);
                if of != Deeds::default() {
                    deeds.insert(func.entry, of);
                }
            }
        }
        CodeBook {
            model,
            deeds,
            newproc,
            deferreturn,
            known: HashMap::default(),
            program: ProgramCode::new(model),
            itabs: HashMap::default(),
            method_calls: HashMap::default(),
            of_closures: RefCell::default(),
            lines: RefCell::default(),
        }
    }

    /// What the methods of the itab at `address` do; None where no itab stands there, or none that takes or gives back a lock.
    pub(super) fn itab(&mut self, address: u64) -> Option<Itab> {
        if let Some(known) = self.itabs.get(&address) {
            return known.clone();
        }
        // Most words of a frame are none, and are not remembered.
        let entries = interfaces::methods(self.model, address)?;
        let deeds: Itab = entries.into_iter().map(|entry| interfaces::deeds_of_method(self, entry)).collect();
        let locks = Deeds::ANY_LOCK;
        let found = Some(deeds).filter(|deeds| deeds.iter().any(|one| one.has(locks)));
        self.itabs.insert(address, found.clone());
        found
    }

    /// What functions do that the function at `entry` ends in by a jump.
    pub(super) fn deeds_of_jumps(&self, entry: u64) -> Deeds {
        let function = self.program.as_ref().and_then(|program| program.function(entry));
        let instructions = function.map_or_else(Vec::new, |function| function.instructions);
        let jumps = instructions.iter().filter_map(|instruction| match instruction.operation {
            Operation::Jump(target) => self.deeds.get(&target),
            _ => None,
        });
        Deeds::all(jumps.copied())
    }

    /// The calls of the function at `entry` that may be through interfaces.
    fn method_calls(&mut self, entry: u64) -> Rc<[MethodCall]> {
        if let Some(known) = self.method_calls.get(&entry) {
            return Rc::clone(known);
        }
        let calls = match &self.program {
            Some(program) => interfaces::method_calls(program, entry, |at| self.line(at)),
            None => Vec::new(),
        };
        let calls: Rc<[MethodCall]> = calls.into();
        self.method_calls.insert(entry, Rc::clone(&calls));
        calls
    }

    /// What the function at `entry` does through the itab, and what closures do so that it defers.
    pub(super) fn through(&mut self, entry: u64, itab: &Itab) -> (Vec<Site>, Vec<Site>) {
        let own = interfaces::sites(&self.method_calls(entry), itab).collect();
        let mut deferred = Vec::new();
        let function = self.function(entry);
        for (at, closure) in self.deferred_closures(&function.code) {
            let calls = self.method_calls(closure);
            let line = self.line(at);
            deferred.extend(interfaces::sites(&calls, itab).map(|site| Site { at, line, ..site }));
        }
        (own, deferred)
    }

    /// The function that begins at `entry`.
    pub(super) fn function(&mut self, entry: u64) -> Rc<Function> {
        if let Some(known) = self.known.get(&entry) {
            return Rc::clone(known);
        }
        let function = Rc::new(self.read(entry));
        self.known.insert(entry, Rc::clone(&function));
        function
    }

    fn read(&self, entry: u64) -> Function {
        let name = self.model.function_name(entry).unwrap_or_default();
        let code = FunctionCode::read(self.model, entry);
        let calls: Vec<(u64, Deeds)> =
            code.calls.iter().map(|&(at, callee)| (at, self.deeds_of_call(&name, callee))).collect();
        let does = |&(_, deeds): &(u64, Deeds)| deeds != Deeds::default();
        let site = |(at, deeds): (u64, Deeds)| Site { at, line: self.line(at), deeds };
        let sites: Vec<Site> = calls.into_iter().filter(does).map(site).collect();
        let deferred = self.deferred(&name, &code).into_iter().filter(does).map(site).collect();
        let deeds = Deeds::all(sites.iter().map(|site| site.deeds));
        let mut met = HashSet::default();
        let callees: Vec<u64> =
            code.calls.iter().map(|(_, callee)| *callee).filter(|&callee| met.insert(callee)).collect();
        let package = package_of(&name).into_owned();
        Function { name, code, sites, deferred, deeds, package, callees: callees.into() }
    }

    /// What its own closures do, if it defers anything and does not start goroutines with them: one that is deferred lies on the stack and
    /// is called through it when the function returns (cmd/compile/internal/ssagen, open-coded defers).
    fn deferred(&self, name: &str, code: &FunctionCode) -> Vec<(u64, Deeds)> {
        let closures = self.deferred_closures(code).into_iter();
        closures.map(|(at, closure)| (at, self.deeds_of_call(name, closure))).collect()
    }

    fn deferred_closures(&self, code: &FunctionCode) -> Vec<(u64, u64)> {
        if !code.calls.iter().any(|&(_, callee)| callee == self.deferreturn) {
            return Vec::new();
        }
        let next_call = |at: u64| {
            let next = code.calls.partition_point(|(call, _)| *call < at);
            code.calls.get(next).map(|(_, callee)| *callee)
        };
        let closures = code.closures.iter().filter(|(at, _)| next_call(*at) != Some(self.newproc));
        closures.copied().collect()
    }

    /// What a call does: that of a deferred closure what this does.
    fn deeds_of_call(&self, caller: &str, callee: u64) -> Deeds {
        if let Some(&deeds) = self.deeds.get(&callee) {
            return deeds;
        }
        let name = self.model.function_name(callee).unwrap_or_default();
        let is_own = name.strip_prefix(caller).is_some_and(|rest| rest.starts_with('.'));
        if !is_own || caller.is_empty() {
            return Deeds::default();
        }
        *self.of_closures.borrow_mut().entry(callee).or_insert_with(|| {
            let code = FunctionCode::read(self.model, callee);
            Deeds::all(code.calls.iter().filter_map(|(_, callee)| self.deeds.get(callee).copied()))
        })
    }

    /// The line of the function that has the instruction.
    pub(super) fn line(&self, at: u64) -> u32 {
        let read = || self.model.inline_stack(at).last().map_or(0, |call| call.line);
        *self.lines.borrow_mut().entry(at).or_insert_with(read)
    }

    /// What a func value calls; None where that is no function.
    pub(super) fn entry_of_closure(&self, closure: u64) -> Option<u64> {
        let entry = self.model.memory().read_u64(goheap_image::Address(closure))?;
        self.model.begins_function(entry).then_some(entry)
    }
}
