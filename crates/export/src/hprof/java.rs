//! Words of the format: types of fields and arrays, and the classes that its readers look for.

/// A Java type by its number in the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum JavaType {
    /// A reference: the id of an object, or 0.
    Object = 2,
    Boolean = 4,
    Char = 5,
    Float = 6,
    Double = 7,
    Byte = 8,
    Short = 9,
    Int = 10,
    Long = 11,
}

impl JavaType {
    /// Those that arrays of numbers are made of.
    pub(super) const NUMBERS: [JavaType; 8] = [
        JavaType::Boolean,
        JavaType::Char,
        JavaType::Float,
        JavaType::Double,
        JavaType::Byte,
        JavaType::Short,
        JavaType::Int,
        JavaType::Long,
    ];

    /// Bytes of a value.
    pub(super) fn bytes(self) -> u64 {
        match self {
            JavaType::Boolean | JavaType::Byte => 1,
            JavaType::Char | JavaType::Short => 2,
            JavaType::Float | JavaType::Int => 4,
            JavaType::Object | JavaType::Double | JavaType::Long => 8,
        }
    }

    /// The class of arrays of it; that of references has no name of its own.
    pub(super) fn array_class(self) -> &'static str {
        match self {
            JavaType::Object => "[Ljava/lang/Object;",
            JavaType::Boolean => "[Z",
            JavaType::Char => "[C",
            JavaType::Float => "[F",
            JavaType::Double => "[D",
            JavaType::Byte => "[B",
            JavaType::Short => "[S",
            JavaType::Int => "[I",
            JavaType::Long => "[J",
        }
    }

    /// The number of as many bytes.
    pub(super) fn of_bytes(bytes: u64) -> Option<JavaType> {
        match bytes {
            1 => Some(JavaType::Byte),
            2 => Some(JavaType::Short),
            4 => Some(JavaType::Int),
            8 => Some(JavaType::Long),
            _ => None,
        }
    }

    /// What a Go type of that name and size without parts is.
    pub(super) fn of_scalar(name: &str, bytes: u64) -> Option<JavaType> {
        match (name, bytes) {
            ("bool", 1) => Some(JavaType::Boolean),
            ("float32", 4) => Some(JavaType::Float),
            ("float64", 8) => Some(JavaType::Double),
            _ => JavaType::of_bytes(bytes),
        }
    }
}

/// A class that Java has and readers look for.
#[derive(Clone, Copy, Debug)]
pub(super) struct JavaClass {
    pub(super) name: &'static str,
    /// The place of its super class in [`CLASSES`].
    pub(super) above: Option<usize>,
    /// Bytes of the fields that it has itself.
    pub(super) bytes: u32,
    pub(super) fields: &'static [(&'static str, JavaType)],
}

/// The classes without which a reader fails, each behind its super class. VisualVM's library (2.1.5) takes sizes of instances from the
/// file if `Object` has one, knows no retained size without `Reference.referent` and all four kinds of references, and wants a class
/// for every type of array that there is.
pub(super) const CLASSES: [JavaClass; 10] = [
    class("java/lang/Object", None, 16, &[]),
    class("java/lang/Class", Some(OBJECT), 0, &[]),
    class("java/lang/String", Some(OBJECT), 8, &[("value", JavaType::Object)]),
    class("java/lang/Thread", Some(OBJECT), 8, &[("name", JavaType::Object)]),
    class("goroutine", Some(3), 8, &[]),
    class("java/lang/ref/Reference", Some(OBJECT), 8, &[("referent", JavaType::Object)]),
    class("java/lang/ref/WeakReference", Some(5), 8, &[]),
    class("java/lang/ref/SoftReference", Some(5), 8, &[]),
    class("java/lang/ref/FinalReference", Some(5), 8, &[]),
    class("java/lang/ref/PhantomReference", Some(5), 8, &[]),
];

/// Their places.
pub(super) const OBJECT: usize = 0;
pub(super) const STRING: usize = 2;
pub(super) const GOROUTINE: usize = 4;

const fn class(
    name: &'static str,
    above: Option<usize>,
    bytes: u32,
    fields: &'static [(&'static str, JavaType)],
) -> JavaClass {
    JavaClass { name, above, bytes, fields }
}
