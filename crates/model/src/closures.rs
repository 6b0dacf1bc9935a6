//! Which function each closure calls.

use crate::ObjectId;
use foldhash::HashMap;
use serde::{Deserialize, Serialize};

/// The functions of closures, by object.
///
/// # Overhead
/// 8 bytes a closure, and some 60 and its name for each function.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ClosureFunctions {
    /// Objects in order, with the number of their function.
    of_object: Vec<(u32, u32)>,
    names: Vec<Option<Box<str>>>,
    by_entry: HashMap<u64, u32>,
}

impl ClosureFunctions {
    /// Of closures in order of object, each with the address of its code; `name` is asked once for each function.
    pub fn new(closures: impl IntoIterator<Item = (ObjectId, u64)>, name: impl Fn(u64) -> Option<String>) -> Self {
        let mut functions = ClosureFunctions::default();
        for (object, entry) in closures {
            let next = functions.names.len() as u32;
            let number = *functions.by_entry.entry(entry).or_insert(next);
            if number == next {
                functions.names.push(name(entry).map(String::into_boxed_str));
            }
            functions.of_object.push((object.0, number));
        }
        functions
    }

    /// The number of the function of an object; 0, which is no function's, of what is no closure or lacks its code.
    pub fn function_of(&self, object: ObjectId) -> u64 {
        let at = self.of_object.binary_search_by_key(&object.0, |&(object, _)| object);
        at.map_or(0, |at| u64::from(self.of_object[at].1) + 1)
    }

    /// The name of a function by its number.
    pub fn name(&self, function: u64) -> Option<&str> {
        self.names.get(usize::try_from(function.checked_sub(1)?).ok()?)?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_is_named_once() {
        let closures = [(3, 0x10), (5, 0x20), (9, 0x10), (11, 0x30)].map(|(id, entry)| (ObjectId(id), entry));
        let asked = std::cell::Cell::new(0);
        let functions = ClosureFunctions::new(closures, |entry| {
            asked.set(asked.get() + 1);
            (entry != 0x30).then(|| format!("main.f{entry}"))
        });
        let name = |id| functions.name(functions.function_of(ObjectId(id)));
        assert_eq!([3, 5, 9, 11, 4].map(name), [Some("main.f16"), Some("main.f32"), Some("main.f16"), None, None]);
        assert_eq!((asked.get(), functions.function_of(ObjectId(4))), (3, 0));
    }
}
