//! Reports that were kept, held against each other or against a core.

use crate::args::{DiffOptions, Input, usage};
use crate::commands::report::{kept, of_core};
use crate::say::errors::Failure;
use crate::say::terminal::page;
use clap::error::ErrorKind;
use goheap_report::answer::{Answer, Told};
use goheap_report::page::Page;
use std::path::{Path, PathBuf};

/// What grew, where one of both is a kept report; None where both are cores.
pub(super) fn difference(input: &Input, newer: &[PathBuf], options: &DiffOptions) -> Result<Option<Answer>, Failure> {
    let old = &input.request.core;
    let reports = newer.iter().map(|path| kept(path)).collect::<Result<Vec<_>, _>>()?;
    let older = kept(old)?;
    if older.is_none() && reports.iter().all(Option::is_none) {
        return Ok(None);
    }
    let ([new], [report]) = (newer, &reports[..]) else {
        return Err(refused("a kept report is held against one other, or against one core: name two"));
    };
    if options.cores_and_picture().1.is_some() || options.objects {
        return Err(refused(
            "a kept report has neither objects nor the whole tree: --objects and pictures need two cores",
        ));
    }
    let of = |kept: Option<Answer>, core: &Path, exe: Option<&Path>| match kept {
        Some(report) => Ok(report),
        None => of_core(&input.of_core(core, exe), Page { columns: None, ascii: false, ..page(input) }, None),
    };
    let older = of(older, old, options.exe_old.as_deref())?;
    let newer = of(report.clone(), new, None)?;
    let told =
        Told { page: page(input), least: options.min_size, most: usize::MAX, shrank: !options.written.is_table() };
    let mut answer = newer.since(&older, told);
    for (section, at) in answer.sections.iter_mut().zip(0..) {
        if let Some(wanted) = &options.matching {
            section.keep(|name| wanted.is_match(name));
        }
        let usual = if at == 0 { super::shown::USUAL_GROWN } else { super::shown::USUAL_ROWS };
        section.limit(options.most(usual));
    }
    answer.sections.retain(|section| section.key == "grown" || !section.rows.is_empty());
    Ok(Some(answer))
}

/// In a report.
pub(in crate::commands) fn told_in_report(page: Page) -> Told {
    let options = DiffOptions::of_report();
    Told { page, least: options.min_size, most: options.limit.unwrap_or(usize::MAX), shrank: false }
}

fn refused(message: &str) -> Failure {
    usage(ErrorKind::ArgumentConflict, message)
}
