//! What the kernel put on the stack before the program began.

use super::GoProcess;
use goheap_synth::RW;

/// Where that stack is.
pub(crate) const MAIN_STACK: u64 = 0x7ffc_0000_0000;
const MAIN_STACK_BYTES: u64 = 0x4000;
/// Where argc stands.
const BLOCK: u64 = MAIN_STACK + 0x1000;
const TEXTS: u64 = MAIN_STACK + 0x2000;
const PAGE_SIZE: u64 = 6;
const HARDWARE: u64 = 16;
const EXEC_FN: u64 = 31;

impl GoProcess {
    /// The process was begun with these arguments and this environment, each as C has it; where the strings of the environment lie.
    pub(crate) fn started(&mut self, arguments: &[&str], environment: &[&str]) -> Vec<u64> {
        self.mapping(MAIN_STACK, MAIN_STACK_BYTES, RW);
        let mut at = TEXTS;
        let mut text = |go: &mut GoProcess, text: &&str| {
            let own = at;
            go.put(own, text.as_bytes());
            at += text.len() as u64 + 1;
            own
        };
        let arguments: Vec<u64> = arguments.iter().map(|one| text(self, one)).collect();
        let environment: Vec<u64> = environment.iter().map(|one| text(self, one)).collect();
        let name = text(self, &"/bin/tiny");
        self.vector = vec![(HARDWARE, 1), (PAGE_SIZE, 4096), (EXEC_FN, name)];
        let vector = self.vector.iter().flat_map(|(key, value)| [*key, *value]);
        let count = [arguments.len() as u64];
        let lists = count.iter().chain(&arguments).chain(&[0]).chain(&environment).chain(&[0]).copied();
        self.set(BLOCK, &lists.chain(vector).chain([0, 0]).collect::<Vec<u64>>());
        environment
    }
}
