//! Tells the library which commit it is built from: `--version` says it, and an index is of one.
//!
//! `GOHEAP_COMMIT` says it where there is no git (a package's build); else git does, with `+` behind it if files differ from the commit;
//! else it is `unknown`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=GOHEAP_COMMIT");
    let commit = std::env::var("GOHEAP_COMMIT").ok().filter(|text| !text.is_empty()).or_else(of_git);
    println!("cargo::rustc-env=GOHEAP_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
}

fn of_git() -> Option<String> {
    // Sources unpacked inside a repository of something else are not that repository's commit.
    let is_ours = git(&["ls-files", "--error-unmatch", "build.rs"]).is_some();
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).filter(|_| is_ours)?;
    // The log of HEAD has a line more with every commit and checkout; a work tree's own lies elsewhere than `.git`.
    for watched in ["logs/HEAD", "index"] {
        let path = git(&["rev-parse", "--git-path", watched])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let is_changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    Some(commit + if is_changed { "+" } else { "" })
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
