//! How to come by a core, for the manual page; docs/cores.md says more.

/// A section of the manual; lines of at most 78 characters.
pub(crate) const GETTING_A_CORE: (&str, &str) = ("Getting a core", TEXT);

const TEXT: &str = "  SIGKILL, which is how the kernel's out-of-memory killer ends a process,
  leaves no core: take one before.

  A live process that is to go on, now or before it comes to its limit, with
  the executable that a deploy may replace:
      goheap capture PID -o core.zst
      goheap capture PID --when 'rss > 80%' -o core.zst
      cp /proc/PID/exe server

  Where there is gdb and no goheap:
      gcore -o core PID && zstd --rm core.PID

  It stands still meanwhile, and gcore also writes address space that Go has
  reserved and never touched: 2.4 GB for a service of 287 MB. Have room for
  VmSize of /proc/PID/status; `fallocate -d core.PID` digs the holes. It needs
  CAP_SYS_PTRACE, or the same user and kernel.yama.ptrace_scope 0.

  A process that dies, of a panic or of `kill -ABRT PID`:
      GOTRACEBACK=crash in its environment
      ulimit -c unlimited (LimitCORE=infinity, --ulimit core=-1)
  /proc/sys/kernel/core_pattern says where it goes: a path is looked up in
  the container, which needs a volume there; a pipe runs on the machine.

  A library of -buildmode=c-shared: --exe is the library, the core its host's.

  Many cores: `goheap CORE build-id --json` tells which build to fetch,
  --exe-dir FOLDER finds it, the exit status and --json tell the rest.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_a_terminal() {
        assert_eq!(TEXT.lines().find(|line| line.len() > 78), None);
    }
}
