//! What the tables are: their columns by name, type and meaning. docs/sql.md is made of it, and a test holds it to that.
//!
//! All numbers are signed: Spark makes decimals of unsigned ones, polars wraps where one is subtracted from a smaller one, and DuckDB
//! refuses. Addresses of Linux programs have 47 bits, on arm64 at most 52.

/// The number of the schema: raised where a column goes or means something else, not where one is added.
pub const SCHEMA: u32 = 1;

/// A table: one file.
#[derive(Debug)]
pub struct Table {
    /// Its name, and that of its file without `.parquet`.
    pub name: &'static str,
    /// What a row is.
    pub meaning: &'static str,
    /// Its columns behind `core_id`, in order.
    pub columns: &'static [Column],
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether a value may be missing.
    pub is_optional: bool,
    /// What they mean.
    pub meaning: &'static str,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 64 bits, signed.
    Number,
    /// The same, of which neighbours are near each other: addresses.
    Address,
    /// 32 bits, signed.
    Small,
    /// UTF-8.
    Text,
    /// True or false.
    Flag,
    /// Microseconds since 1970, UTC.
    Time,
}

impl Kind {
    /// The name that DuckDB has for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number | Kind::Address => "BIGINT",
            Kind::Small => "INTEGER",
            Kind::Text => "VARCHAR",
            Kind::Flag => "BOOLEAN",
            Kind::Time => "TIMESTAMP WITH TIME ZONE",
        }
    }
}

const fn must(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, is_optional: false, meaning }
}

const fn may(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, is_optional: true, meaning }
}

/// The column that every table begins with.
pub(super) const CORE_ID: Column = must("core_id", Kind::Text, "which core: the key of `run`");

/// Every table.
pub const TABLES: [&Table; 10] =
    [&RUN, &OBJECTS, &REFERENCES, &TYPES, &ROOTS, &PATHS, &GOROUTINES, &FRAMES, &BIRTHS, &SPANS];

/// The core itself.
pub(super) static RUN: Table = Table {
    name: "run",
    meaning: "The core itself: one row.",
    columns: &[
        must("schema_version", Kind::Small, "1: the columns and meanings that are told here"),
        must("goheap", Kind::Text, "version of the goheap that wrote it"),
        may("host", Kind::Text, "machine or pod: `--host`, else `HOSTNAME` of the process's environment"),
        must(
            "program",
            Kind::Text,
            "path of the main package where the build recorded it, else the name of the process",
        ),
        may(
            "version",
            Kind::Text,
            "of the program: version of the main module, or the revision that it was built from",
        ),
        must("go_version", Kind::Text, "Go release that built it"),
        may("time", Kind::Time, "when the core was taken"),
        may(
            "time_from",
            Kind::Text,
            "where `time` is from: `--time`, `note` (goheap took the core), `file` (its last change)",
        ),
        may("build_id", Kind::Text, "GNU build id of the executable, else Go's"),
        may("pid", Kind::Number, "process id"),
        may("architecture", Kind::Text, "`amd64`, `arm64`"),
        may("died_of", Kind::Text, "signal, panic or fatal error, where it died"),
        may("collections", Kind::Number, "garbage collections so far"),
        may("allocated_ever", Kind::Number, "bytes that the process ever allocated"),
        may("allocated_bytes", Kind::Number, "bytes of all objects"),
        may("allocated_objects", Kind::Number, "their number: the rows of `objects`"),
        may("reachable_bytes", Kind::Number, "of these, those that a root reaches"),
        may("reachable_objects", Kind::Number, "their number"),
        may("not_known_bytes", Kind::Number, "those that only a word may lead to which the core lacks"),
        may("not_known_objects", Kind::Number, "their number"),
        may("unreachable_bytes", Kind::Number, "garbage that was not collected yet"),
        may("unreachable_objects", Kind::Number, "its number"),
        may("in_use_bytes", Kind::Number, "bytes of all spans: the runtime's `HeapInuse`"),
        may("goroutines", Kind::Number, "goroutines that are alive: the rows of `goroutines`"),
        must(
            "is_whole",
            Kind::Flag,
            "allocated = reachable + not known + unreachable holds, and nothing of the core is missing",
        ),
    ],
};

/// Objects.
pub(super) static OBJECTS: Table = Table {
    name: "objects",
    meaning: "An allocated object a row, in order of address.",
    columns: &[
        may("address", Kind::Address, "of its first byte: its key within a core"),
        must("type_id", Kind::Small, "row of `types`"),
        must("type", Kind::Text, "its type, arrays of every length as `[...]T`; `(unknown)` where nothing tells"),
        must("elements", Kind::Number, "elements of an array, as many as it has room for; 0 of others"),
        may("size", Kind::Number, "bytes of its slot"),
        must("kind", Kind::Text, "`value`, `elements`, `string`, `closure`, or which part of a map or channel"),
        must("evidence", Kind::Text, "how the type is known: `exact`, `derived`, `candidate`, `none`"),
        must(
            "standing",
            Kind::Text,
            "`reachable`, `unreachable`, or `not known`: a word that is absent may lead to it",
        ),
        may("root_class", Kind::Text, "the class of the root that reaches it first; as `class` of `roots`"),
        may("path_id", Kind::Small, "row of `paths`: by which way it is reached first"),
        may("dominator", Kind::Address, "address of the object without which it would go; NULL where that is a root"),
        may("dominator_root", Kind::Small, "row of `roots`, where that is one"),
        may("retained_bytes", Kind::Number, "what would be freed if it went; NULL of what no root reaches"),
        may("retained_objects", Kind::Number, "their number, itself among them"),
        must(
            "references_out",
            Kind::Number,
            "words of it that lead to an object: rows of `references`; 0 of what no root reaches",
        ),
        must("span_id", Kind::Small, "row of `spans`"),
    ],
};

/// References.
pub(super) static REFERENCES: Table = Table {
    name: "references",
    meaning: "A word that leads to an object a row: of a reachable object, or of a root.",
    columns: &[
        may("from_address", Kind::Address, "the object that has the word; NULL where a root has it"),
        may("from_root", Kind::Small, "row of `roots`, where one has it"),
        may("to_address", Kind::Address, "the object that it leads to"),
        may("field", Kind::Text, "where the word is: `.next`, `[i]`, `[value]`, `+16`; NULL of roots"),
        may("field_type", Kind::Text, "the type of that field, where it is known"),
    ],
};

/// Types.
pub(super) static TYPES: Table = Table {
    name: "types",
    meaning: "A type of objects, and what it is a part of, a row, with what `histogram` says of it.",
    columns: &[
        must("type_id", Kind::Small, "its number in this core; other cores number otherwise"),
        must("type", Kind::Text, "as Go writes it, packages with their whole path; arrays of every length as `[...]T`"),
        must(
            "whole",
            Kind::Text,
            "the type whose part it is: `map[K]V` of `map[K]V groups`, `chan T` of its buffer, which is named `[...]T`; else the same",
        ),
        must("package", Kind::Text, "the package of the type; empty of types that are of none"),
        must("objects", Kind::Number, "allocated objects"),
        may("bytes", Kind::Number, "their bytes"),
        must("reachable_objects", Kind::Number, "of these, those that a root reaches"),
        may("reachable_bytes", Kind::Number, "their bytes"),
        must("elements", Kind::Number, "elements of those that are arrays"),
        may(
            "retained_bytes",
            Kind::Number,
            "what they retain at least together: what two of them hold alone is counted once",
        ),
    ],
};

/// Roots.
pub(super) static ROOTS: Table = Table {
    name: "roots",
    meaning: "A root, or what roots are grouped by, a row; each has one above it.",
    columns: &[
        must("root", Kind::Small, "its number in this core"),
        may("parent", Kind::Small, "the one above it"),
        must(
            "kind",
            Kind::Text,
            "`all`, `class`, `package`, `stack`, `goroutine`, `frame` (a variable, a field of it, a function)",
        ),
        may(
            "class",
            Kind::Text,
            "`package variables`, `goroutines`, `runtime variables`, `finalizers, cleanups, allocator`, `lists that collections empty`",
        ),
        must("name", Kind::Text, "as `dominators` has it"),
        may("package", Kind::Text, "the package of variables"),
        may("goroutine", Kind::Number, "id of the goroutine that it is of"),
        may(
            "holder",
            Kind::Text,
            "a name that other cores have too: the variable, or `goroutine` and the function that it began with",
        ),
        must("is_holder", Kind::Flag, "it is the variable itself, or all goroutines of a stack, not what is below"),
        may("retained_bytes", Kind::Number, "what would be freed if it went"),
        may("retained_objects", Kind::Number, "their number"),
    ],
};

/// The reference tree.
pub(super) static PATHS: Table = Table {
    name: "paths",
    meaning: "A frame of the reference tree a row, as `objref` draws it: each object is under one, by the shortest way.",
    columns: &[
        must("path_id", Kind::Small, "its number in this core"),
        may("parent", Kind::Small, "the frame above; NULL of the first ones, which are roots"),
        must("depth", Kind::Small, "1 of the first ones"),
        may("root_class", Kind::Text, "the class of the root that it begins with"),
        must("root", Kind::Text, "the text of the first frame"),
        must("text", Kind::Text, "variable, field, element or key with its type"),
        may("own_bytes", Kind::Number, "bytes of the objects of this frame"),
        may("own_objects", Kind::Number, "their number"),
        may("total_bytes", Kind::Number, "the same with all frames below"),
        may("total_objects", Kind::Number, "their number"),
    ],
};

/// Goroutines.
pub(super) static GOROUTINES: Table = Table {
    name: "goroutines",
    meaning: "A goroutine that is alive a row.",
    columns: &[
        must("goroutine", Kind::Number, "its id"),
        must("stack_id", Kind::Small, "rows of `frames`; those that stand at the same place have the same"),
        must("state", Kind::Text, "as tracebacks say it: `running`, `chan receive`, `select (no cases)`"),
        may("waiting_nanoseconds", Kind::Number, "how long it had waited, where a collection saw it wait"),
        must("start", Kind::Text, "the function that it began with"),
        may("created_by", Kind::Text, "the function with the go statement"),
        may("stack_bytes", Kind::Number, "bytes of its stack, which are no part of the heap"),
        must("is_system", Kind::Flag, "one of the runtime's own"),
        may("is_leaked", Kind::Flag, "nothing can wake it any more; NULL where the core lacks what would tell"),
        must("is_locked", Kind::Flag, "bound to its thread"),
        may("retained_bytes", Kind::Number, "what it alone keeps of the heap"),
    ],
};

/// Calls.
pub(super) static FRAMES: Table = Table {
    name: "frames",
    meaning: "A call of a stack a row.",
    columns: &[
        must("stack_id", Kind::Small, "as in `goroutines`"),
        must("depth", Kind::Small, "0 of the innermost call"),
        must("function", Kind::Text, "as tracebacks print it"),
        must("file", Kind::Text, "source file, as compiled"),
        must("line", Kind::Number, "line of the call; 0 where it is not known"),
        must("is_inlined", Kind::Flag, "inlined into the next"),
    ],
};

/// Births.
pub(super) static BIRTHS: Table = Table {
    name: "births",
    meaning: "A sampled object that is there a row: which line allocated it, by the runtime's memory profile.",
    columns: &[
        may("address", Kind::Address, "the object; of several tiny ones in a slot each has a row"),
        must("record", Kind::Small, "number of the profile's record: stack and size"),
        must("function", Kind::Text, "that allocated it, the runtime's own passed over"),
        must("file", Kind::Text, "its source file"),
        must("line", Kind::Number, "its line"),
        must("stack", Kind::Text, "all calls, innermost first, a line each"),
        must("objects", Kind::Number, "how many objects this one stands for"),
        may("bytes", Kind::Number, "and how many bytes"),
    ],
};

/// Spans.
pub(super) static SPANS: Table = Table {
    name: "spans",
    meaning: "A span of the heap a row: pages cut up into slots of one size.",
    columns: &[
        must("span_id", Kind::Small, "its number in this core, in order of address"),
        may("address", Kind::Address, "of its first byte"),
        may("bytes", Kind::Number, "of it, its tail among them"),
        may("slot_bytes", Kind::Number, "of a slot"),
        must("slots", Kind::Number, "its slots"),
        must("allocated_slots", Kind::Number, "of these, those that are handed out"),
        may("free_bytes", Kind::Number, "bytes of the others"),
        must("header_bytes", Kind::Number, "of a slot's bytes, the runtime's malloc header"),
        must("has_pointers", Kind::Flag, "the collector looks into its slots"),
        must("is_large", Kind::Flag, "of one object that has the span for itself"),
    ],
};
