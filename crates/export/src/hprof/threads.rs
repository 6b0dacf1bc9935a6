//! Goroutines as threads.

use super::java::{GOROUTINE, JavaType, STRING};
use super::names::{Ids, MOST, Names};
use super::records::{ArrayOf, Body, NO_TRACE, Records, Sub, Tag};
use super::roots::Thread;
use super::{Call, Declared, FORMAT, Stacks};
use crate::ExportError;
use foldhash::HashMap;
use goheap_model::Graph;

/// A line that is not known.
const NO_LINE: u32 = u32::MAX;
/// A place in no call of the trace.
const NO_CALL: u32 = u32::MAX;

/// A call as the file names it.
#[derive(Debug)]
struct CallRecord {
    id: u64,
    method: u64,
    signature: u64,
    file: u64,
    /// The place of its class.
    class: usize,
    line: u32,
}

/// A goroutine as the file has it.
#[derive(Debug)]
struct ThreadRecord {
    name: String,
    /// Places of its calls.
    calls: Vec<usize>,
    /// What its variables lead to, and in which call.
    locals: Vec<(u32, u32)>,
}

/// All goroutines, and their calls, each once.
#[derive(Debug, Default)]
pub(super) struct ThreadTable {
    threads: Vec<ThreadRecord>,
    calls: Vec<CallRecord>,
    by_call: HashMap<Call, usize>,
    classes: Vec<Box<str>>,
    by_class: HashMap<Box<str>, usize>,
}

impl ThreadTable {
    /// Of the goroutines of a graph.
    pub(super) fn new(
        graph: Graph<'_>,
        threads: &[Thread],
        stacks: Option<&dyn Stacks>,
        names: &mut Names,
        ids: &mut Ids,
    ) -> Result<Self, ExportError> {
        let mut table = ThreadTable::default();
        let goroutines = &graph.heap().goroutines;
        for thread in threads {
            let told = stacks.map(|stacks| stacks.calls(thread.goroutine)).filter(|calls| !calls.is_empty());
            let with_roots =
                || thread.functions.iter().map(|function| Call { function: function.clone(), ..Call::default() });
            let calls = told.unwrap_or_else(|| with_roots().collect());
            let place = |function: &str| calls.iter().position(|call| call.function == function);
            let places: Vec<u32> =
                thread.functions.iter().map(|function| place(function).map_or(NO_CALL, |at| at as u32)).collect();
            let in_call = |at: Option<usize>| at.and_then(|at| places.get(at)).copied().unwrap_or(NO_CALL);
            let locals = thread.locals.iter().map(|&(to, at)| (to, in_call(at))).collect();
            let name = format!("goroutine {}: {}", goroutines.id(thread.goroutine), goroutines.start(thread.goroutine));
            let calls = calls.into_iter().map(|call| table.call(call, names, ids)).collect::<Result<_, _>>()?;
            table.threads.push(ThreadRecord { name, calls, locals });
        }
        Ok(table)
    }

    /// How many goroutines there are.
    pub(super) fn len(&self) -> usize {
        self.threads.len()
    }

    /// The classes of calls: what stands before the last dot of a function.
    pub(super) fn classes(&self) -> impl Iterator<Item = &str> {
        self.classes.iter().map(|name| &**name)
    }

    fn call(&mut self, call: Call, names: &mut Names, ids: &mut Ids) -> Result<usize, ExportError> {
        if let Some(&known) = self.by_call.get(&call) {
            return Ok(known);
        }
        let found = self.calls.len() as u64 + 1;
        if found > MOST {
            return Err(ExportError::TooMany { format: FORMAT, what: "calls", most: MOST, found });
        }
        let (class, method) = call.function.rsplit_once('.').unwrap_or(("", &call.function));
        let record = CallRecord {
            id: ids.next(),
            method: names.id(method, ids)?,
            signature: names.id("", ids)?,
            file: names.id(&call.file, ids)?,
            class: self.class(class),
            line: if call.line == 0 { NO_LINE } else { call.line },
        };
        self.calls.push(record);
        self.by_call.insert(call, self.calls.len() - 1);
        Ok(self.calls.len() - 1)
    }

    fn class(&mut self, name: &str) -> usize {
        if let Some(&known) = self.by_class.get(name) {
            return known;
        }
        self.classes.push(name.into());
        self.by_class.insert(name.into(), self.classes.len() - 1);
        self.classes.len() - 1
    }

    /// The calls and the traces of them; classes of calls have serial numbers from `first_class` on.
    pub(super) fn write_calls(&self, records: &mut Records<'_>, first_class: u32) -> Result<(), ExportError> {
        for call in &self.calls {
            let mut body = Body::default();
            body.id(call.id).id(call.method).id(call.signature).id(call.file);
            body.u4(first_class + call.class as u32).u4(call.line);
            records.write(Tag::Frame, &body)?;
        }
        let mut none = Body::default();
        records.write(Tag::Trace, none.u4(NO_TRACE).u4(0).u4(0))?;
        for (thread, serial) in self.threads.iter().zip(1_u32..) {
            let mut body = Body::default();
            body.u4(NO_TRACE + serial).u4(serial).u4(thread.calls.len() as u32);
            thread.calls.iter().for_each(|&call| _ = body.id(self.calls[call].id));
            records.write(Tag::Trace, &body)?;
        }
        Ok(())
    }

    /// The goroutines themselves, with their names, and what they hold.
    pub(super) fn write_roots(
        &self,
        records: &mut Records<'_>,
        declared: &Declared,
        ids: &mut Ids,
        id_of: &dyn Fn(u32) -> u64,
    ) -> Result<(), ExportError> {
        for (thread, serial) in self.threads.iter().zip(1_u32..) {
            let (object, text, letters) = (ids.next(), ids.next(), ids.next());
            // As Java 8 has it: what later releases have beside it tells bytes from letters, each reader in its own way.
            let name: Vec<u8> = thread.name.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let body = records.heap()?;
            body.sub(Sub::Instance).id(object).u4(NO_TRACE).id(declared.java[GOROUTINE]).u4(8).id(text);
            body.sub(Sub::Instance).id(text).u4(NO_TRACE).id(declared.java[STRING]).u4(8).id(letters);
            let mut head = Body::default();
            head.array(letters, (name.len() / 2) as u32, ArrayOf::Numbers(JavaType::Char));
            records.long(&head, name.len() as u64, |out| out.write_all(&name))?;
            records.heap()?.sub(Sub::RootThread).id(object).u4(serial).u4(NO_TRACE + serial);
            for &(to, call) in &thread.locals {
                records.heap()?.sub(Sub::RootJavaFrame).id(id_of(to)).u4(serial).u4(call);
            }
        }
        Ok(())
    }
}
