//! Writes an answer in the format that was asked for.

use crate::args::{Form, Input};
use crate::output::to_stdout;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_report::answer::Answer;

/// To stdout.
pub(crate) fn print(input: &Input, form: Form, answer: &Answer) -> Result<(), Failure> {
    to_stdout(|out| match form {
        Form::Table => answer.write_table(page(input), out),
        Form::Csv => answer.write_csv(out),
        Form::Json => answer.write_json(out),
    })
}
