//! Which Go release made the program: as the linker stamped it, as the runtime's variable has it, as DWARF says, or as the user does.

use crate::buildinfo;
use crate::discover::{Search, find_first_module, operands};
use crate::dwarf::Dwarf;
use crate::error::RuntimeError;
use crate::layout::RuntimeLayout;
use crate::mapped_elf::MappedElf;
use crate::module::ModuleData;
use crate::symbols::Symbols;
use crate::version::GoVersion;
use crate::words::word_at;
use goheap_image::{Address, Process};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How the release is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionSource {
    /// The buildinfo blob.
    BuildInfo,
    /// `runtime.buildVersion`, of a program without the blob.
    Variable,
    /// The compiler's name in DWARF; experiments are not told there.
    DebugInfo,
    /// [`ModelOptions::version`](crate::ModelOptions).
    Given,
}

impl fmt::Display for VersionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VersionSource::BuildInfo => "build information",
            VersionSource::Variable => "runtime.buildVersion",
            VersionSource::DebugInfo => "debug information",
            VersionSource::Given => "given",
        })
    }
}

/// A release and how it is known.
pub(crate) struct Release {
    pub(crate) version: GoVersion,
    pub(crate) source: VersionSource,
    /// What the program says, where what was given is another release.
    pub(crate) overruled: Option<String>,
}

/// The Go version of a file, for lists of files: from the buildinfo blob alone.
pub fn stamped_version(file: &MappedElf<'_>) -> Option<GoVersion> {
    buildinfo::stamp(file).and_then(|text| GoVersion::parse(&text))
}

/// The release of the process's Go program.
///
/// # Errors
/// It is no Go program, or it hides its release.
pub(crate) fn find_release(
    process: &Process,
    given: Option<&GoVersion>,
    dwarf: Option<&Dwarf<'_>>,
) -> Result<Release, RuntimeError> {
    let found = told_by_program(process, dwarf);
    let Some(given) = given else { return found };
    let (mut version, mut overruled) = (given.clone(), None);
    if let Ok(Release { version: found, .. }) = found {
        if version.experiments.is_empty() {
            version.experiments = found.experiments;
        }
        overruled = (found.minor != version.minor).then_some(found.text);
    }
    Ok(Release { version, source: VersionSource::Given, overruled })
}

fn told_by_program(process: &Process, dwarf: Option<&Dwarf<'_>>) -> Result<Release, RuntimeError> {
    let file = MappedElf::of(process);
    let known = |version, source| Ok(Release { version, source, overruled: None });
    let stamp = buildinfo::stamp(&file);
    if let Some(version) = stamp.as_deref().and_then(GoVersion::parse) {
        return known(version, VersionSource::BuildInfo);
    }
    // With -X runtime.buildVersion=... the stamp is that, too, and nothing else that reads go1.N is the program's own.
    let headers = if stamp.is_none() { version_headers(&file) } else { BTreeMap::new() };
    if let Some(version) = build_version(process, &headers, dwarf) {
        return known(version, VersionSource::Variable);
    }
    if let Some(version) = dwarf.and_then(Dwarf::go_release).and_then(GoVersion::parse) {
        return known(version, VersionSource::DebugInfo);
    }
    let heads: Vec<u32> = file.pclntabs().map(|head| head.since_minor).collect();
    if stamp.is_none() && heads.is_empty() && file.executable.go_build_id().is_none() {
        return Err(RuntimeError::NotGo);
    }
    Err(RuntimeError::NoVersion {
        stamp: stamp.filter(|text| !text.is_empty()),
        since_minor: heads.first().copied(),
        candidates: headers.into_keys().collect(),
        fitting: fitting_releases(process),
    })
}

/// A version string is short: `go1.25.5 X:noswissmap,greenteagc`.
const MAX_VERSION: u64 = 256;

/// The headers of strings that read as a Go version, among the initialised variables: by string, where they lie.
fn version_headers(file: &MappedElf<'_>) -> BTreeMap<String, Vec<u64>> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for segment in file.writable_segments() {
        let (start, bytes) = (file.address(segment.address), file.bytes(&segment));
        let padding = (8 - start.0 % 8) % 8;
        for at in (padding as usize..bytes.len()).step_by(8) {
            let Some((data, len)) = word_at(&bytes, at).zip(word_at(&bytes, at + 8)) else { break };
            if let Some(text) = version_text(file, data, len) {
                found.entry(text).or_default().push(start.0.wrapping_add(at as u64));
            }
        }
    }
    found
}

fn version_text(file: &MappedElf<'_>, data: u64, len: u64) -> Option<String> {
    const SHORTEST: u64 = "go1.9".len() as u64;
    if !(SHORTEST..=MAX_VERSION).contains(&len) {
        return None;
    }
    let bytes = file.memory.bytes(Address(data), usize::try_from(len).ok()?)?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let is_version = text.starts_with("go1.") || text.starts_with("devel ");
    (is_version && GoVersion::parse(text).is_some() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic()))
        .then(|| text.to_owned())
}

/// Which of the strings is `runtime.buildVersion`: the one that `runtime.schedinit` names ("to ensure that it is kept in the resulting
/// binary", proc.go, 1.17 to 1.27). One alone is it also where that cannot be seen.
fn build_version(
    process: &Process,
    headers: &BTreeMap<String, Vec<u64>>,
    dwarf: Option<&Dwarf<'_>>,
) -> Option<GoVersion> {
    let versions = headers.iter().filter_map(|(text, places)| Some((GoVersion::parse(text)?, places)));
    let named = versions.clone().find(|(version, places)| {
        let operands = schedinit_operands(process, version, dwarf).unwrap_or_default();
        places.iter().any(|&at| operands.contains(&at) || operands.contains(&(at + 8)))
    });
    let mut versions = versions.map(|(version, _)| version);
    named.map(|(version, _)| version).or_else(|| versions.next().filter(|_| headers.len() == 1))
}

fn schedinit_operands(process: &Process, version: &GoVersion, dwarf: Option<&Dwarf<'_>>) -> Option<BTreeSet<u64>> {
    let machine = process.core.machine();
    let (layout, _) = RuntimeLayout::choose(version, machine, dwarf).ok()?;
    let address = find_first_module(process, &layout, version, &Symbols::default())?;
    let module = ModuleData::read(&process.memory, &layout, version, address).ok()?;
    Some(operands(&process.memory, machine, &module, &["runtime.schedinit"]))
}

/// The releases by whose built-in layout the heap and the goroutines are found.
fn fitting_releases(process: &Process) -> Vec<u32> {
    let (memory, machine, symbols) = (&process.memory, process.core.machine(), Symbols::default());
    let fits = |minor: u32| {
        let version = GoVersion::parse(&format!("go1.{minor}"))?;
        let (layout, _) = RuntimeLayout::choose(&version, machine, None).ok()?;
        let address = find_first_module(process, &layout, &version, &symbols)?;
        let module = ModuleData::read(memory, &layout, &version, address).ok()?;
        let search = Search { memory, machine, layout: &layout, symbols: &symbols, module: &module, others: &[] };
        search.mheap()?;
        search.allgs()
    };
    let releases = GoVersion::OLDEST_MINOR..=GoVersion::NEWEST_KNOWN_MINOR;
    releases.filter(|&minor| fits(minor).is_some()).collect()
}
