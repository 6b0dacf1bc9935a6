//! The command line of the dead process: from its own stack, which has all of it; else from the core's note, which has 80 bytes of the
//! kernel and none of some debuggers.

use goheap_image::StartBlock;

/// The arguments as text, one by one.
pub(super) fn arguments(start: &StartBlock) -> Vec<String> {
    start.arguments.iter().map(|argument| String::from_utf8_lossy(argument).into_owned()).collect()
}

/// The arguments with spaces between; those that are empty, or have spaces or quotes in them, in quotes.
pub(super) fn joined(arguments: &[String]) -> String {
    let quoted = |argument: &String| {
        let is_plain = !argument.is_empty() && !argument.contains(|c: char| c.is_whitespace() || "\"'\\".contains(c));
        if is_plain { argument.clone() } else { format!("{argument:?}") }
    };
    arguments.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_can_be_told_apart() {
        let arguments = ["./a", "--name=b c", "", "it's"].map(str::to_owned);
        assert_eq!(joined(&arguments), r#"./a "--name=b c" "" "it's""#);
    }
}
