//! Calls as tables of functions have them, and as tracebacks print them.

use serde::Serialize;

/// One call of a stack frame: the function that owns the frame, or one inlined into it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InlineFrame {
    /// The function's full name, as `main.(*Cache).Get`.
    pub function: String,
    /// The source file of the call, as compiled; empty where the table does not tell.
    pub file: String,
    /// The line in it; 0 where the table does not tell.
    pub line: u32,
    /// True for a function that is inlined into the next one of the stack.
    pub is_inlined: bool,
    /// Its `abi.FuncID`.
    pub func_id: u8,
    /// The line where the function begins, since 1.20; 0 where the table does not tell.
    pub start_line: u32,
}

impl InlineFrame {
    /// The function's name as tracebacks print it, type arguments left out.
    pub fn print_name(&self) -> String {
        print_form(&self.function)
    }
}

/// A call as tracebacks print it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StackCall {
    /// The function, type arguments left out.
    pub function: String,
    /// The source file, as compiled.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The line in it.
    #[serde(skip_serializing_if = "is_zero")]
    pub line: u32,
    /// True if it is inlined into the next one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
}

fn is_zero(line: &u32) -> bool {
    *line == 0
}

impl From<&InlineFrame> for StackCall {
    fn from(call: &InlineFrame) -> Self {
        StackCall { function: call.print_name(), file: call.file.clone(), line: call.line, inlined: call.is_inlined }
    }
}

/// Type arguments left out, of a method with type arguments of its own (1.27) both times (traceback.go `funcNamePiecesForPrint`).
pub fn print_form(name: &str) -> String {
    let (Some(open), Some(close)) = (name.find('['), name.rfind(']')) else { return name.to_owned() };
    let Some(inside) = name.get(open + 1..close) else { return name.to_owned() };
    let (head, tail) = (&name[..open], &name[close + 1..]);
    let (mut depth, mut end) = (1, None);
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => continue,
        }
        match (depth, end) {
            (0, _) => end = end.or(Some(at)),
            (1, Some(end)) if byte == b'[' => return format!("{head}[...]{}[...]{tail}", &inside[end + 1..at]),
            _ => {}
        }
    }
    format!("{head}[...]{tail}")
}

#[cfg(test)]
mod tests {
    use super::print_form;

    #[test]
    fn type_arguments_are_left_out_as_the_runtime_does() {
        for (name, printed) in [
            ("main.f", "main.f"),
            ("main.f[go.shape.int]", "main.f[...]"),
            ("main.(*T[go.shape.[]int]).M", "main.(*T[...]).M"),
            ("main.(*T[a]).M[b[c]].func1", "main.(*T[...]).M[...].func1"),
            ("main.f]x[", "main.f]x["),
            ("main.f[a[b]", "main.f[...]"),
            ("[", "["),
        ] {
            assert_eq!(print_form(name), printed);
        }
    }
}
