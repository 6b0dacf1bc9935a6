//! A Go process in memory: a module with functions and types, a heap of five spans, three goroutines with their stacks, and one thread that a
//! signal stopped. Sound as it is, for every release; [`World::process`] damages it as the fuzzer's bytes say.

mod goroutines;
mod heap;
mod module;
mod patches;
mod place;
mod types;

use crate::Cursor;
use goheap_image::{CoreFile, Executable, Process};
use goheap_runtime::layout::RuntimeLayout;
use goheap_runtime::{GoVersion, ModelOptions};
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW};
use place::Places;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

const BASE: u64 = 0x40_0000;
const TEXT: u64 = 0x40_1000;
const TEXT_BYTES: u64 = 0x1000;
const RODATA: u64 = 0x50_0000;
const DATA: u64 = 0x60_0000;
/// `runtime.mheap_`, which is large.
const MHEAP: u64 = 0x61_0000;
const RUNTIME: u64 = 0x7f00_0000_0000;
const HEAP: u64 = 0xc0_0000_0000;
const STACKS: u64 = 0xc0_0010_0000;

/// Minor releases whose structures differ.
const MINORS: [u32; 8] = [17, 19, 21, 22, 23, 24, 26, 27];

/// What is built of one release and machine.
pub struct World {
    version: GoVersion,
    layout: RuntimeLayout,
    machine: Machine,
    places: Places,
    executable: Vec<u8>,
    core: Vec<u8>,
}

thread_local! {
    static WORLDS: RefCell<HashMap<u8, Rc<World>>> = RefCell::default();
}

impl World {
    /// The world that the input's first byte chooses.
    fn choose(input: &mut Cursor<'_>) -> Rc<World> {
        let choice = input.byte() % (2 * MINORS.len() as u8);
        WORLDS
            .with_borrow_mut(|worlds| Rc::clone(worlds.entry(choice).or_insert_with(|| Rc::new(World::build(choice)))))
    }

    fn build(choice: u8) -> World {
        let minor = MINORS[usize::from(choice / 2)];
        let machine = if choice & 1 == 0 { Machine::X86_64 } else { Machine::Aarch64 };
        let version = GoVersion::parse(&format!("go1.{minor}")).expect("a version");
        let of_image = match machine {
            Machine::X86_64 => goheap_image::Machine::X86_64,
            Machine::Aarch64 => goheap_image::Machine::Aarch64,
        };
        let (layout, _) = RuntimeLayout::choose(&version, of_image, None).expect("a known release");
        let mut world =
            World { version, layout, machine, places: Places::default(), executable: Vec::new(), core: Vec::new() };
        world.module();
        world.types();
        world.heap();
        world.goroutines();
        (world.executable, world.core) = (world.executable(), world.core());
        world
    }

    fn minor(&self) -> u32 {
        self.version.minor
    }

    /// An executable with the names of the runtime's variables and nothing in its segments.
    fn executable(&self) -> Vec<u8> {
        let mut exe = ExeBuilder::new(self.machine, BASE);
        let mut stamp = b"\xff Go buildinf:\x08\x02".to_vec();
        stamp.resize(32, 0);
        stamp.push(self.version.text.len() as u8);
        stamp.extend(self.version.text.as_bytes());
        exe.gnu_build_id(b"one build").go_build_id("one/build").load_with_bss(DATA, RW, &stamp, 0x1000);
        exe.section(".go.buildinfo", DATA, &stamp);
        for (name, address, size) in self.variables() {
            exe.symbol(name, address, size, 1);
        }
        exe.build()
    }

    /// A core with a thread whose stack pointer is in the stack for signals.
    fn core(&self) -> Vec<u8> {
        let mut exe = ExeBuilder::new(self.machine, BASE);
        exe.gnu_build_id(b"one build");
        let mut core = CoreBuilder::new(self.machine);
        core.process(1, "world", "world").signal(11, 1, 0x10).segment(BASE, 4096, R, &exe.header_page());
        let mut registers = vec![0; self.machine.register_words()];
        let (sp, pc) = match self.machine {
            Machine::X86_64 => (19, 16),
            Machine::Aarch64 => (31, 32),
        };
        registers[sp] = goroutines::SIGNAL_SP;
        registers[pc] = module::entry(module::SIGTRAMP) + 8;
        core.thread(100, 11, &registers);
        core.build()
    }

    /// A world and its process as the input says, and whether the process is sound: then the target must reach all that it is for.
    pub fn damaged(input: &[u8]) -> (Rc<World>, Process, bool) {
        let mut input = Cursor::new(input);
        let world = World::choose(&mut input);
        let is_sound = input.is_empty();
        let process = world.process(&mut input);
        (world, process, is_sound)
    }

    /// The process, damaged as the rest of `input` says.
    fn process(&self, input: &mut Cursor<'_>) -> Process {
        let core = CoreFile::from_bytes(self.core.clone()).expect("a core");
        let executable = Executable::from_bytes(self.executable.clone()).expect("an executable");
        let mut process = Process::assemble(core, executable).expect("they fit");
        process.memory = self.places.image(&patches::read(&self.places.spots(), input));
        process
    }

    /// Where types are described, as long as nothing is damaged.
    pub fn descriptors(&self) -> impl Iterator<Item = u64> {
        (0..types::COUNT).map(types::descriptor)
    }

    /// How to open it.
    pub fn options(&self) -> ModelOptions {
        ModelOptions { version: Some(self.version.clone()), ..ModelOptions::default() }
    }
}
