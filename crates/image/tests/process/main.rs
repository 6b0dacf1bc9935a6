//! Core and executable together: what is filled in ([`filled`]), what is refused ([`refused`]), what is found ([`found`]), and the libraries of
//! a process ([`libraries`]).
#![allow(clippy::unwrap_used, clippy::panic)]

mod filled;
mod found;
mod libraries;
mod refused;

use std::fs;
use std::path::PathBuf;

use goheap_image::{CoreFile, Executable, ImageError, OpenRequest, Process};
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW, RX};

const BASE: u64 = 0x40_0000;
const CODE: u64 = BASE + 0x1000;
const RODATA: u64 = BASE + 0x3000;
const DATA: u64 = BASE + 0x5000;

fn page(fill: u8) -> Vec<u8> {
    (0..0x1000).map(|i| (i as u8).wrapping_mul(31) ^ fill).collect()
}

/// Code of two pages, rodata of two, data of one with a .bss.
fn exe(base: u64) -> ExeBuilder {
    let mut exe = ExeBuilder::new(Machine::X86_64, base);
    exe.load(base + 0x1000, RX, &[page(1), page(2)].concat());
    exe.load(base + 0x3000, R, &[page(3), page(4)].concat());
    exe.load_with_bss(base + 0x5000, RW, &page(5), 0x3000);
    exe
}

/// A kernel core of it: header page, written pages; code and rodata not dumped.
fn core(exe: &ExeBuilder, base: u64, bias: u64) -> CoreBuilder {
    let at = base.wrapping_add(bias);
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.thread(1, 6, &[]).process(1, "prog", "/opt/prog").auxv(9, at + 0x1000).auxv(3, at + 64);
    core.file(b"/opt/prog", at, at + 0x3000, 0).file(b"/opt/prog", at + 0x3000, at + 0x5000, 0x3000);
    core.segment(at, 0x3000, RX, &exe.header_page());
    core.segment(at + 0x3000, 0x2000, R, &[]);
    core.memory(at + 0x5000, RW, |m| {
        m.label("data").bytes(&page(0x55)[..0xff8]).word(0x1111_2222_3333_4444);
    });
    core.memory(at + 0x6000, RW, |m| {
        m.label("bss").word(0x5555_6666_7777_8888).zeros(0x1ff8);
    });
    core.segment(0xc0_0000_0000, 0x1_0000, 0, &[]);
    core
}

fn assemble(core: &CoreBuilder, exe: &ExeBuilder) -> Result<Process, ImageError> {
    Process::assemble(CoreFile::from_bytes(core.build()).unwrap(), Executable::from_bytes(exe.build()).unwrap())
}

/// A folder with the files given, and a request for its core.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn request(&self) -> OpenRequest {
        OpenRequest { core: self.0.path().join("core"), ..OpenRequest::default() }
    }
}

fn with_id(id: u8) -> ExeBuilder {
    let mut exe = exe(BASE);
    exe.gnu_build_id(&[id; 20]);
    exe
}
