//! Options of `core-handler`, and the order of its words.

use super::input::size;
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

pub(in crate::args) const CORE_HANDLER: &str = "\
Keeps the core that the kernel hands over on standard input: compressed, named, the last few of them, with one line in a log.

    core_pattern = |/usr/local/bin/goheap core-handler %P %u %s %t %e -d /var/lib/goheap

Pages of zeros become holes. No more than a few megabytes are held, whatever the size of the process. What /proc tells of it (control group, \
mappings, limits) lies beside the core, and so does its executable, once for each build, where its path leads to it no more. A core that \
ends early is kept and called a part. docs/capture/handler.md says how it is installed.";

/// Words that the kernel writes: `%P %u %s %t %e`.
const OF_KERNEL: usize = 5;
/// The command's name.
const NAME: &str = "core-handler";

/// Options of `core-handler`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap core-handler %P %u %s %t %e -d DIR [OPTIONS]")]
pub(crate) struct CoreHandlerOptions {
    /// The process's id, in the first namespace (%P)
    #[arg(value_name = "%P")]
    pub(crate) pid: u32,
    /// Its user (%u)
    #[arg(value_name = "%u")]
    pub(crate) uid: u32,
    /// The signal (%s)
    #[arg(value_name = "%s")]
    pub(crate) signal: u32,
    /// When it died, in seconds since 1970 (%t)
    #[arg(value_name = "%t")]
    pub(crate) time: u64,
    /// What it calls itself (%e)
    #[arg(value_name = "%e", allow_hyphen_values = true)]
    pub(crate) name: String,
    /// The folder for cores and the log, for root alone
    #[arg(short, long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Of all cores keep the last N
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: u32,
    /// Write no core where less than this would be left on the disk
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1G")]
    pub(crate) min_free: u64,
    /// Write no core that takes more than this on the disk
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,
    /// Do not compress: holes alone
    #[arg(long)]
    pub(crate) plain: bool,
    /// Copy the executable beside the core in every case, once for each build
    #[arg(long)]
    pub(crate) with_exe: bool,
    /// Write a report as JSON beside the core of a Go program, within 512 MiB of memory
    #[arg(long)]
    pub(crate) digest: bool,
    /// What is done with cores of programs that are no Go
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    pub(crate) others: Others,
    /// Run this program for them instead, with the core on its standard input and the five words of the kernel
    #[arg(long, value_name = "PROGRAM", conflicts_with = "others")]
    pub(crate) pass: Option<PathBuf>,
}

/// What is done with cores of other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Others {
    /// They are kept like any other
    Keep,
    /// They are not read
    Drop,
}

/// The words of the kernel behind all options: a process may call itself `--keep=1`, and options are not for it to give. None of other
/// command lines.
pub(in crate::args) fn of_kernel(words: &[OsString]) -> Option<Vec<OsString>> {
    let (name, rest) = words.split_first()?;
    let is_help = |word: &OsString| word == "--help" || word == "-h";
    if name != NAME || rest.len() < OF_KERNEL || rest.first().is_some_and(is_help) {
        return None;
    }
    let (kernel, options) = rest.split_at(OF_KERNEL);
    let first = std::iter::once(name).chain(options).cloned();
    Some(first.chain([OsString::from("--")]).chain(kernel.iter().cloned()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn parsed(line: &[&str]) -> CoreHandlerOptions {
        let words: Vec<OsString> = line.iter().map(OsString::from).collect();
        let words = of_kernel(&words).unwrap();
        match Cli::try_parse_from(std::iter::once("goheap".into()).chain(words)).unwrap().command {
            Command::CoreHandler(options) => options,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn a_process_gives_no_options_by_its_name() {
        for name in ["server", "--keep=1", "-d/etc", "--help", "--", "a b"] {
            let options = parsed(&["core-handler", "7", "0", "11", "1700000000", name, "-d", "/cores", "--keep", "3"]);
            assert_eq!((&*options.name, options.keep, options.dir), (name, 3, PathBuf::from("/cores")));
            assert_eq!((options.pid, options.signal, options.time), (7, 11, 1_700_000_000));
        }
        assert_eq!(of_kernel(&["core-handler".into(), "--help".into()]), None);
        assert_eq!(of_kernel(&["overview".into()]), None);
    }
}
