//! Separate debug files: what `objcopy --only-keep-debug`, `eu-strip -f` and distributions keep of a stripped program.
//!
//! Looked for as gdb does: by build id in `FOLDER/.build-id`, by the name in `.gnu_debuglink` beside the program, in `.debug` there
//! and under each folder. And in an existing cache of debuginfod, which nothing here fills. One that cannot be proved to belong
//! to the program is not taken.

use std::path::{Path, PathBuf};

use flate2::Crc;

use crate::build_ids::SameBuild;
use crate::error::hex;
use crate::process::OpenRequest;
use crate::{Executable, ImageError, OpenOptions, le};

/// Where distributions put debug files.
const SYSTEM_FOLDER: &str = "/usr/lib/debug";

/// What `.gnu_debuglink` says.
struct DebugLink {
    name: String,
    /// CRC-32 of the debug file.
    crc: u32,
}

/// Gives `executable` its debug file where it has no DWARF of its own: the one given, else one found.
pub(crate) fn attach(
    executable: &mut Executable,
    given: Option<Executable>,
    request: &OpenRequest,
    options: &OpenOptions,
) -> Result<(), ImageError> {
    if let Some(debug) = given {
        if belongs(&debug, executable) == SameBuild::No {
            let (debug_id, id) = (debug.build_ids().text("none"), executable.build_ids().text("none"));
            let (path, executable) = (debug.path().to_owned(), executable.path().to_owned());
            return Err(ImageError::DebugFileMismatch { path, debug_id, executable, id });
        }
        executable.set_debug_file(debug);
    } else if executable.section(".debug_info").is_none()
        && let Some(debug) = find(executable, request, options)
    {
        executable.set_debug_file(debug);
    }
    Ok(())
}

fn find(executable: &Executable, request: &OpenRequest, options: &OpenOptions) -> Option<Executable> {
    let link = debug_link(executable);
    places(executable, link.as_ref(), request).into_iter().find_map(|place| {
        // Before it is opened, which may unpack it.
        let is_other = || place.canonicalize().ok() != executable.path().canonicalize().ok();
        let found = (place.is_file() && is_other()).then(|| Executable::open(&place, options).ok())??;
        let linked = || link.as_ref().is_some_and(|link| crc(found.data()) == link.crc);
        let same = match executable.build_ids().same_build(found.build_ids()) {
            SameBuild::Yes => true,
            SameBuild::No => false,
            SameBuild::Unknown => linked(),
        };
        (same && found.section(".debug_info").is_some()).then_some(found)
    })
}

/// Whether a debug file that was given is of this program. Without ids the code must lie where it does.
fn belongs(debug: &Executable, executable: &Executable) -> SameBuild {
    let code = |file: &Executable| file.section(".text").map(|text| (text.address, text.size));
    match executable.build_ids().same_build(debug.build_ids()) {
        SameBuild::Unknown if debug.machine() != executable.machine() || code(debug) != code(executable) => {
            SameBuild::No
        }
        same => same,
    }
}

fn places(executable: &Executable, link: Option<&DebugLink>, request: &OpenRequest) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = request.debug_folders.clone();
    let system = Path::new(SYSTEM_FOLDER);
    folders.extend(request.sysroot.as_ref().map(|root| root.join(system.strip_prefix("/").unwrap_or(system))));
    folders.push(system.to_owned());
    let mut places = Vec::new();
    if let Some(id) = executable.gnu_build_id() {
        places.extend(folders.iter().filter_map(|folder| in_id_folder(folder, id, ".debug")));
        places.extend(request.debuginfod_cache.iter().map(|cache| cache.join(hex(id)).join("debuginfo")));
    }
    let beside = executable.path().parent().unwrap_or(Path::new(""));
    let beside = beside.canonicalize().unwrap_or_else(|_| beside.to_owned());
    if let Some(link) = link {
        places.extend([beside.join(&link.name), beside.join(".debug").join(&link.name)]);
        let below = beside.strip_prefix("/").unwrap_or(&beside);
        places.extend(folders.iter().flat_map(|f| [f.join(below).join(&link.name), f.join(&link.name)]));
    }
    if let Some(name) = executable.path().file_name() {
        let mut name = name.to_owned();
        name.push(".debug");
        places.extend(std::iter::once(&beside).chain(&request.debug_folders).map(|folder| folder.join(&name)));
    }
    places
}

/// `FOLDER/.build-id/ab/cdef…` and an ending.
pub(crate) fn in_id_folder(folder: &Path, id: &[u8], ending: &str) -> Option<PathBuf> {
    let (first, rest) = id.split_first().filter(|(_, rest)| !rest.is_empty())?;
    Some(folder.join(".build-id").join(format!("{first:02x}")).join(format!("{}{ending}", hex(rest))))
}

/// A plain name, zeros up to a multiple of 4, the CRC (gdb, Separate Debug Files).
fn debug_link(executable: &Executable) -> Option<DebugLink> {
    let bytes = executable.section_data(".gnu_debuglink")?;
    let end = bytes.iter().position(|&byte| byte == 0)?;
    let name = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let is_plain = !name.is_empty() && !name.contains('/') && name != "." && name != "..";
    is_plain.then_some(())?;
    Some(DebugLink { name: name.to_owned(), crc: le::u32(&bytes, (end + 1).next_multiple_of(4))? })
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_files_by_their_first_byte() {
        let place = in_id_folder(Path::new("d"), &[0xab, 0xcd, 0x01], ".debug");
        assert_eq!(place, Some(PathBuf::from("d/.build-id/ab/cd01.debug")));
        assert_eq!(in_id_folder(Path::new("d"), &[0xab], ""), None);
    }
}
