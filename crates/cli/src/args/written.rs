//! How results are written: the same options for every command.

use clap::{Args, ValueEnum};

/// Of commands that list rows.
#[derive(Debug, Default, Args)]
pub(crate) struct Written {
    /// How it is written [default: table]
    #[arg(long, value_name = "FORMAT", hide_default_value = true)]
    format: Option<Form>,
    /// The same as --format json: sizes in bytes, addresses as strings
    #[arg(long, conflicts_with_all = ["format", "csv"])]
    json: bool,
    /// The same as --format csv
    #[arg(long, conflicts_with = "format")]
    csv: bool,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Columns for people
    Table,
    /// Comma-separated values with a line of names
    Csv,
    /// JSON
    Json,
}

impl Written {
    /// As it was asked for.
    pub(crate) fn form(&self) -> Form {
        match (self.json, self.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => self.format.unwrap_or(Form::Table),
        }
    }

    /// True if it is written for people, on a screen.
    pub(crate) fn is_table(&self) -> bool {
        self.form() == Form::Table
    }
}

/// Of commands that tell of one thing, and have no rows.
#[derive(Debug, Args)]
pub(crate) struct WrittenWhole {
    /// How it is written [default: table]
    #[arg(long, value_name = "FORMAT", hide_default_value = true)]
    format: Option<WholeForm>,
    /// The same as --format json: sizes in bytes, addresses as strings
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// How what has no rows is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WholeForm {
    /// Text for people
    Table,
    /// JSON
    Json,
}

impl WrittenWhole {
    /// Whether JSON was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json || self.format == Some(WholeForm::Json)
    }
}

/// The most rows; 0 for all.
pub(super) fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Ok(usize::MAX),
        Ok(limit) => Ok(limit),
        Err(_) => Err("a whole number is needed, 0 for all".to_owned()),
    }
}

/// Levels of a tree.
pub(super) fn depth(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "a whole number is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_all() {
        assert_eq!((limit("0"), limit("17")), (Ok(usize::MAX), Ok(17)));
        assert!(limit("-1").is_err() && limit("all").is_err() && limit("").is_err());
    }
}
