//! `goheap OLD NEW diff`: what grew.

mod compare;
pub(in crate::commands) mod kept_reports;
mod lists;
mod picture;
pub(in crate::commands) mod recent;
mod shown;
mod take;

use crate::args::{DiffOptions, Input, Tree, usage};
use crate::commands::answer;
use crate::output::Output;
use crate::say::errors::Failure;
use crate::say::watch::Watch;
use clap::error::ErrorKind;
use compare::Comparison;
pub(crate) use compare::Last;
use goheap_ask::diff::{ProcessMark, Relation, relation};
use goheap_model::DominatorFrames;
use goheap_report::answer::Answer;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use take::{Taken, Wanted, take};

/// Runs the command.
pub(crate) fn run(input: &Input, options: &DiffOptions) -> Result<(), Failure> {
    let (cores, out) = options.cores_and_picture();
    let Some((last, between)) = cores.split_last() else {
        if out.is_some() {
            let message = "a picture is of two cores, such as: goheap diff old.core new.core --exe ./server out.svg";
            return Err(usage(ErrorKind::MissingRequiredArgument, message));
        }
        let compared = Comparison::since_collection(input, options)?;
        let told = shown::Shown { compared: &compared, options, input }.answer();
        return answer::print(input, options.written.form(), &told);
    };
    tell_apart(&input.request.core, cores)?;
    let output = out.map(|out| Output::new(out, &all_paths(input, cores))).transpose()?;
    if let Some(reports) = kept_reports::pair(input, cores, options)? {
        return match (&output, out) {
            (Some(output), Some(out)) => reports.draw(output, out, options, input),
            _ => {
                let told = reports.difference(input, options);
                answer::print(&input.of_core(last, None), options.written.form(), &told)
            }
        };
    }
    let old_input = input.of_core(&input.request.core, options.exe_old.as_deref());
    let wanted = Wanted { tree: out.is_some() && options.tree == Tree::BreadthFirst, objects: true };
    let first = take(&old_input, wanted, |_| Ok(())).map_err(|error| error.of_core(&input.request.core))?;
    let mut moments: Vec<Taken> = vec![first];
    for core in between {
        let latest = &moments[moments.len() - 1].moment.mark;
        let check = |mark: &ProcessMark| related(latest, mark).map(drop);
        let taken = take(&input.of_core(core, None), Wanted::default(), check);
        moments.push(taken.map_err(|error| error.of_core(core))?);
    }
    let new_input = input.of_core(last, None);
    let compared = Comparison::of(&new_input, moments, wanted, options.objects).map_err(|error| error.of_core(last))?;
    match (&output, out) {
        (Some(output), Some(out)) => picture::write(&compared, output, out, options, input),
        _ => {
            let told = shown::Shown { compared: &compared, options, input: &new_input }.answer();
            answer::print(&new_input, options.written.form(), &told)
        }
    }
}

/// What a report has of an older core.
pub(crate) struct Base(Taken);

impl Base {
    /// Takes the older core of a report.
    pub(crate) fn take(input: &Input, core: &Path) -> Result<Base, Failure> {
        let wanted = Wanted { tree: false, objects: true };
        let taken = take(&input.of_core(core, None), wanted, |_| Ok(())).map_err(|error| error.of_core(core))?;
        Ok(Base(taken))
    }

    /// The dominator tree of it.
    pub(crate) fn frames(&self) -> &DominatorFrames {
        &self.0.moment.frames
    }

    /// What grew since, as the sections of `diff`, and its sentences. `frames` are those of the core at hand.
    pub(crate) fn sections(
        self,
        input: &Input,
        at_hand: &Last<'_>,
        frames: DominatorFrames,
        watch: &Watch,
    ) -> Result<Answer, Failure> {
        let compared = Comparison::with(vec![self.0], at_hand, frames, Wanted::default(), false, watch)?;
        Ok(shown::Shown { compared: &compared, options: &DiffOptions::of_report(), input }.answer())
    }
}

/// How a core belongs to the one before it.
fn related(before: &ProcessMark, after: &ProcessMark) -> Result<Relation, Failure> {
    relation(before, after).map_err(|source| Failure::WrongPair { source })
}

/// One core twice is told at once.
fn tell_apart(old: &Path, cores: &[std::path::PathBuf]) -> Result<(), Failure> {
    let of = |path: &Path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let mut met = vec![of(old)];
    for core in cores {
        let here = of(core);
        if here.is_some() && met.contains(&here) {
            return Err(Failure::SameCore { path: core.clone() });
        }
        met.push(here);
    }
    Ok(())
}

fn all_paths<'a>(input: &'a Input, cores: &'a [std::path::PathBuf]) -> Vec<&'a Path> {
    input.paths().into_iter().chain(cores.iter().map(std::path::PathBuf::as_path)).collect()
}
