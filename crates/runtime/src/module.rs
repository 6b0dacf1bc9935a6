//! `runtime.moduledata` (symtab.go): what the linker tells the runtime of an executable, a plugin or a shared object.

use crate::bits;
use crate::error::RuntimeError;
use crate::gcprog;
use crate::layout::RuntimeLayout;
use crate::pclntab::FuncTable;
use crate::version::GoVersion;
use goheap_image::{Address, MemoryImage};
use goheap_model::BitVector;
use std::ops::Range;

/// More modules than a process loads; the `next` chain of a broken core may be a ring. What looks for an address asks one after the other.
const MAX_MODULES: usize = 1000;

/// A run of addresses `[start, end)`.
pub type AddressRange = Range<u64>;

/// One module: its sections, its pointer masks, its functions.
#[derive(Debug)]
pub struct ModuleData<'p> {
    /// Where the struct lies.
    pub address: Address,
    /// Machine code.
    pub text: AddressRange,
    /// Initialised variables that hold pointers: a root.
    pub data: AddressRange,
    /// Zeroed variables that hold pointers: a root.
    pub bss: AddressRange,
    /// Initialised variables without pointers to the heap.
    pub noptrdata: AddressRange,
    /// Zeroed variables without pointers to the heap.
    pub noptrbss: AddressRange,
    /// Type descriptors; `nameOff` and `typeOff` count from the start.
    pub types: AddressRange,
    /// Bytes of `types` that are descriptors in a row, since 1.27.
    pub typedesclen: Option<u64>,
    /// Where the itabs start in `types` and their bytes, since 1.27.
    pub itabs: Option<(u64, u64)>,
    /// Base of stack object masks, since 1.18.
    pub rodata: u64,
    /// Offsets of type descriptors from `types`, up to 1.26.
    pub typelinks: Vec<u32>,
    /// One bit a word of `data`; from the linker's program (`gcdata`) where the core predates `schedinit` or lost what that built;
    /// None where even that is absent, as it is of a plugin whose file is missing.
    pub data_mask: Option<BitVector>,
    /// One bit a word of `bss`.
    pub bss_mask: Option<BitVector>,
    /// Functions and the tables of their frames; none where these are absent.
    pub functions: FuncTable<'p>,
    /// The next module of the chain, or null.
    next: Address,
}

impl<'p> ModuleData<'p> {
    /// Reads the moduledata at `address`.
    ///
    /// # Errors
    /// A field is absent or the sections contradict each other.
    pub fn read(
        memory: &'p MemoryImage,
        layout: &RuntimeLayout,
        version: &GoVersion,
        address: Address,
    ) -> Result<Self, RuntimeError> {
        let fields = &layout.moduledata;
        let absent = || RuntimeError::ModuleUnreadable { address };
        let word = |offset: u64| memory.read_u64(address.add(offset)).ok_or_else(absent);
        let optional = |offset: Option<u64>| offset.and_then(|offset| memory.read_u64(address.add(offset)));
        let range = |start: u64, end: u64| -> Result<AddressRange, RuntimeError> {
            let (start, end) = (word(start)?, word(end)?);
            if start <= end { Ok(start..end) } else { Err(RuntimeError::ModuleUnreadable { address }) }
        };
        let (data, bss) = (range(fields.data, fields.edata)?, range(fields.bss, fields.ebss)?);
        // gcdata and gcbss stand before types in every release.
        let mask = |built: u64, program: u64, section: &AddressRange| {
            let read = bits::read_header(memory, address.add(built)).filter(|mask| mask.len > 0);
            let words = usize::try_from((section.end - section.start) / 8).ok()?;
            if words == 0 {
                return Some(BitVector::default());
            }
            read.or_else(|| gcprog::run(memory, Address(memory.read_u64(address.add(program))?), words))
        };
        let data_mask = mask(fields.gcdatamask, fields.types.wrapping_sub(16), &data);
        let bss_mask = mask(fields.gcbssmask, fields.types.wrapping_sub(8), &bss);
        Ok(ModuleData {
            address,
            text: range(fields.text, fields.etext)?,
            data,
            bss,
            // enoptrdata follows in every release; what comes after it differs with the linker.
            noptrdata: range(fields.noptrdata, fields.noptrdata + 8)?,
            noptrbss: range(fields.noptrbss, fields.enoptrbss)?,
            types: range(fields.types, fields.etypes)?,
            typedesclen: optional(fields.typedesclen),
            itabs: optional(fields.itaboffset).zip(optional(fields.itabsize)),
            rodata: optional(fields.rodata).unwrap_or(0),
            typelinks: fields.typelinks.and_then(|at| read_typelinks(memory, address.add(at))).unwrap_or_default(),
            data_mask,
            bss_mask,
            // They lie in memory that is read-only: in a core only by the file.
            functions: FuncTable::read(memory, layout, version, address)
                .unwrap_or_else(|| FuncTable::absent(layout, version)),
            next: Address(word(fields.next)?),
        })
    }

    /// True if `address` lies in one of the module's writable sections.
    pub fn holds_variable(&self, address: u64) -> bool {
        [&self.data, &self.bss, &self.noptrdata, &self.noptrbss].iter().any(|section| section.contains(&address))
    }
}

fn overlaps(one: &AddressRange, other: &AddressRange) -> bool {
    one.start.max(other.start) < one.end.min(other.end)
}

fn read_typelinks(memory: &MemoryImage, header: Address) -> Option<Vec<u32>> {
    let slice = crate::words::read_slice(memory, header)?;
    let bytes = memory.bytes(slice.data, usize::try_from(slice.len.checked_mul(4)?).ok()?)?;
    Some(bytes.as_chunks::<4>().0.iter().map(|offset| u32::from_le_bytes(*offset)).collect())
}

/// The modules of a process.
pub(crate) struct Modules<'p> {
    /// The executable's first.
    pub(crate) list: Vec<ModuleData<'p>>,
    /// Where the chain of them broke off before its end.
    pub(crate) broken: Option<Address>,
}

/// The chain of modules from `first`, at most [`MAX_MODULES`]; a broken later one ends it.
///
/// # Errors
/// The first module cannot be read.
pub(crate) fn read_modules<'p>(
    memory: &'p MemoryImage,
    layout: &RuntimeLayout,
    version: &GoVersion,
    first: Address,
) -> Result<Modules<'p>, RuntimeError> {
    let mut broken = None;
    let mut modules = vec![ModuleData::read(memory, layout, version, first)?];
    while modules.len() < MAX_MODULES {
        let next = modules[modules.len() - 1].next;
        if next.is_null() || modules.iter().any(|module| module.address == next) {
            break;
        }
        // Code is one module's: functions that two have would be gone through twice.
        let is_another = |module: &ModuleData<'_>| modules.iter().all(|other| !overlaps(&module.text, &other.text));
        let Some(module) = ModuleData::read(memory, layout, version, next).ok().filter(is_another) else {
            broken = Some(next);
            break;
        };
        modules.push(module);
    }
    Ok(Modules { list: modules, broken })
}
