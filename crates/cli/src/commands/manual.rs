//! The manual page and the completions, made from the command line's own description.

use crate::args::{Cli, SECTIONS};
use crate::output::to_stdout;
use crate::say::errors::Failure;
use crate::say::getting_a_core::GETTING_A_CORE;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::io::{self, Write};

/// Prints the completions of `shell`.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "goheap", &mut script);
    to_stdout(|out| Ok(out.write_all(&script)?))
}

/// Prints the manual page, the options of each command on it.
pub(crate) fn page() -> Result<(), Failure> {
    let page = render().map_err(Failure::Stdout)?;
    to_stdout(|out| Ok(out.write_all(page.as_bytes())?))
}

/// clap_mangen alone would name pages of the commands that nobody installs.
fn render() -> io::Result<String> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands() {
        page.extend(command_section(subcommand)?.into_bytes());
    }
    for (heading, text) in [GETTING_A_CORE].into_iter().chain(SECTIONS) {
        let text = text.replace('-', "\\-");
        write!(page, ".SH \"{}\"\n.nf\n{text}.fi\n", heading.to_uppercase())?;
    }
    // Without a name for it in every locale: `man` of LC_ALL=C has ASCII alone.
    Ok(String::from_utf8_lossy(&page).replace('…', "..."))
}

/// What a command does, and its own options.
fn command_section(command: &Command) -> io::Result<String> {
    let own = command.clone().mut_args(|arg| {
        let is_of_the_tool = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(is_of_the_tool)
    });
    let man = Man::new(own);
    let (mut about, mut options) = (Vec::new(), Vec::new());
    man.render_description_section(&mut about)?;
    man.render_options_section(&mut options)?;
    let heading = format!(".SH \"COMMAND {}\"", command.get_name().to_uppercase());
    let about = String::from_utf8_lossy(&about).replace(".SH DESCRIPTION", &heading);
    Ok(about + &String::from_utf8_lossy(&options).replace(".SH OPTIONS\n", ""))
}
