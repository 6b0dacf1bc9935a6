//! Threads that cannot be stopped: where they sleep, from `/proc/PID/task/TID/syscall`.

use crate::error::CaptureError;
use crate::proc_files::ProcFolder;
use crate::process::{ThreadState, Tid};

/// Words of `user_regs_struct` of x86-64, and those of the program counter and the stack pointer; of `user_pt_regs` of arm64.
#[cfg(target_arch = "aarch64")]
const WORDS: (usize, usize, usize) = (34, 32, 31);
#[cfg(not(target_arch = "aarch64"))]
const WORDS: (usize, usize, usize) = (27, 16, 19);

/// The threads with what is known of their registers: a thread that runs has none.
pub(crate) fn states(process: &ProcFolder) -> Result<Vec<ThreadState>, CaptureError> {
    let mut threads = process.threads()?;
    threads.sort_by_key(|tid| (tid.0 != process.pid, tid.0));
    Ok(threads.into_iter().map(|tid| state(process, tid)).collect())
}

fn state(process: &ProcFolder, tid: Tid) -> ThreadState {
    let text = process.text(&format!("task/{}/syscall", tid.0)).unwrap_or_default();
    let (count, pc, sp) = WORDS;
    let mut words = vec![0_u64; count];
    if let Some((at_sp, at_pc)) = places(&text) {
        (words[pc], words[sp]) = (at_pc, at_sp);
    }
    let general = words.into_iter().flat_map(u64::to_le_bytes).collect();
    ThreadState { tid, general, others: Vec::new() }
}

/// The last two words: the stack pointer and the program counter (proc(5)).
fn places(text: &str) -> Option<(u64, u64)> {
    let number = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    let mut words = text.split_whitespace().rev();
    let (pc, sp) = (number(words.next()?)?, number(words.next()?)?);
    Some((sp, pc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleepers_tell_where_they_are() {
        assert_eq!(places("202 0x1 0x2 0x0 0x0 0x0 0x0 0x7ffd00 0x46d9a3\n"), Some((0x7f_fd00, 0x46_d9a3)));
        assert_eq!(places("-1 0x7ffd00 0x46d9a3"), Some((0x7f_fd00, 0x46_d9a3)));
        assert_eq!(places("running\n"), None);
    }
}
