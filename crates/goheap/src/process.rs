//! From the files to a process that is Go.

use crate::ProcessError;
use goheap_image::{OpenRequest, Process};
use goheap_runtime::{GoFilePlace, MappedElf, go_files};

/// Opens the files; of a program that is not Go itself the one library of Go that it had loaded is what is read.
///
/// # Errors
/// See [`ProcessError`].
pub fn open_process(request: &OpenRequest) -> Result<Process, ProcessError> {
    let process = Process::open(request)?;
    if process.host.is_some() || MappedElf::of(&process).is_go() {
        return Ok(process);
    }
    let files = go_files(&process);
    if let [one] = files.as_slice()
        && let GoFilePlace::SharedObject(index) = one.place
    {
        return Ok(process.read_as(index, request)?);
    }
    Err(ProcessError::NotGo { program: process.executable.path().to_owned(), files })
}
