//! What the code of one function calls, and which package variables it refers to.

use super::{Decoder, Flow, MAX_FUNCTION_BYTES};
use crate::model::RuntimeModel;
use crate::module::ModuleData;
use goheap_image::Address;

/// The code of one function, looked at.
///
/// # Overhead
/// 16 bytes a call and 8 a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionCode {
    /// The calls of functions at fixed addresses, those inlined here among them: the address of the instruction and the entry of the
    /// function, in order of the first.
    pub calls: Vec<(u64, u64)>,
    /// The functions whose address it loads, as to make a closure of one: the address behind the instruction and the entry.
    pub closures: Vec<(u64, u64)>,
    /// Addresses in data and bss that it refers to, ascending.
    pub variables: Vec<u64>,
    /// Jumps backwards in it: the address of the instruction and the target, in order of the first.
    backward: Vec<(u64, u64)>,
    /// Where it returns, ascending.
    returns: Vec<u64>,
}

impl FunctionCode {
    /// Reads the function that begins at `entry`; nothing where its code is absent, or no function begins there. Calls through func
    /// values and interfaces are not seen.
    pub fn read(model: &RuntimeModel<'_>, entry: u64) -> Self {
        let mut found = FunctionCode::default();
        let Some(module) = model.modules.iter().find(|module| module.text.contains(&entry)) else { return found };
        let Some(len) = length(module, entry) else { return found };
        let code = usize::try_from(len).ok().and_then(|len| model.memory().bytes(Address(entry), len));
        let Some(code) = code else { return found };
        let decoder = Decoder::of(model.machine());
        (decoder.calls)(&code, entry, &mut |at, target| {
            if model.begins_function(target) {
                found.calls.push((entry.wrapping_add(at as u64), target));
            }
        });
        (decoder.operands)(&code, entry, &mut |operand| {
            if model.modules.iter().any(|module| module.holds_variable(operand.target)) {
                found.variables.push(operand.target);
            } else if operand.loaded.is_some() {
                // The code of a closure that captures something, else the `funcval` that the linker laid out.
                let word =
                    || model.memory().read_u64(Address(operand.target)).filter(|&word| model.begins_function(word));
                let code = Some(operand.target).filter(|&target| model.begins_function(target)).or_else(word);
                found.closures.extend(code.map(|code| (entry.wrapping_add(operand.end as u64), code)));
            }
        });
        found.variables.sort_unstable();
        found.variables.dedup();
        (decoder.flow)(&code, &mut |flow| match flow {
            Flow::Return(at) => found.returns.push(entry.wrapping_add(at as u64)),
            // The jump to the entry is that of a stack that has grown.
            Flow::Jump(at, to) if 0 < to && to < at as i64 => {
                found.backward.push((entry.wrapping_add(at as u64), entry.wrapping_add_signed(to)));
            }
            Flow::Jump(..) => {}
        });
        found
    }

    /// The first instruction that may be come to again from `pc`: a jump leads back to it before the function returns. What the
    /// compiler holds for unlikely stands behind the return and jumps back to where it came from, which is no loop.
    pub fn first_again(&self, pc: u64) -> Option<u64> {
        let end = self.returns.get(self.returns.partition_point(|&at| at < pc)).copied().unwrap_or(u64::MAX);
        let jumps = &self.backward[self.backward.partition_point(|&(at, _)| at < pc)..];
        jumps.iter().take_while(|&&(at, _)| at < end).map(|&(_, to)| to).min()
    }
}

/// Bytes of code of the function that begins at `entry`.
fn length(module: &ModuleData<'_>, entry: u64) -> Option<u64> {
    let func = module.functions.find(entry).filter(|func| func.entry == entry)?;
    Some(module.functions.end_of(&func).unwrap_or(module.text.end).saturating_sub(entry).min(MAX_FUNCTION_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_back_before_the_return_leads_to_what_comes_again() {
        let code = FunctionCode {
            returns: vec![50, 90],
            backward: vec![(30, 12), (40, 20), (60, 5), (70, 2)],
            ..FunctionCode::default()
        };
        let again = [0, 30, 31, 41, 51, 61, 71, 91].map(|pc| code.first_again(pc));
        assert_eq!(again, [Some(12), Some(12), Some(20), None, Some(2), Some(2), None, None]);
        // A table of jumps is found in, not gone through.
        let jumps = (0..1_000_000).map(|at| (at * 2 + 10, at)).collect();
        let long = FunctionCode { returns: (0..1_000_000).map(|at| at * 2 + 11).collect(), backward: jumps, ..code };
        assert!((0..1_000_000_u64).all(|pc| long.first_again(pc * 2 + 10) == Some(pc)));
    }
}
