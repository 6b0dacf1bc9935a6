//! The records of the file, and the segments that those of the heap are gathered in.

use super::java::JavaType;
use std::io::{self, Write};

/// Kinds of records.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Tag {
    Text = 0x01,
    LoadClass = 0x02,
    Frame = 0x04,
    Trace = 0x05,
    Segment = 0x1c,
    End = 0x2c,
}

/// Kinds of records in a segment.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Sub {
    RootJavaFrame = 0x03,
    RootStickyClass = 0x05,
    RootThread = 0x08,
    Class = 0x20,
    Instance = 0x21,
    References = 0x22,
    Numbers = 0x23,
}

/// Bytes after which a segment is written: its length has 32 bits.
const SEGMENT: usize = 4 << 20;
/// The number of the trace of no calls, in which everything was allocated.
pub(super) const NO_TRACE: u32 = 1;
/// Zeros that are written at a time.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// Bytes of a record, in the order of the network.
#[derive(Debug, Default)]
pub(super) struct Body(pub(super) Vec<u8>);

impl Body {
    pub(super) fn u1(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(super) fn u2(&mut self, value: u16) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn u4(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn id(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn sub(&mut self, tag: Sub) -> &mut Self {
        self.u1(tag as u8)
    }

    /// What an array's record says before its elements.
    pub(super) fn array(&mut self, id: u64, elements: u32, of: ArrayOf) -> &mut Self {
        let tag = if matches!(of, ArrayOf::References(_)) { Sub::References } else { Sub::Numbers };
        self.sub(tag).id(id).u4(NO_TRACE).u4(elements);
        match of {
            ArrayOf::References(class) => self.id(class),
            ArrayOf::Numbers(ty) => self.u1(ty as u8),
        }
    }
}

/// What an array is made of: references, with the id of the array's class, or numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum ArrayOf {
    References(u64),
    Numbers(JavaType),
}

/// A file being written.
pub(super) struct Records<'o> {
    out: &'o mut dyn Write,
    segment: Body,
}

impl<'o> Records<'o> {
    /// Begins a file of a heap of that time, in milliseconds since 1970.
    pub(super) fn begin(out: &'o mut dyn Write, millis: u64) -> io::Result<Self> {
        out.write_all(b"JAVA PROFILE 1.0.2\0")?;
        out.write_all(&8_u32.to_be_bytes())?;
        out.write_all(&millis.to_be_bytes())?;
        Ok(Records { out, segment: Body::default() })
    }

    /// Writes a record that is none of the heap. All of these come before the first that is: VisualVM's library finds no others.
    pub(super) fn write(&mut self, tag: Tag, body: &Body) -> io::Result<()> {
        self.head(tag, body.0.len() as u64)?;
        self.out.write_all(&body.0)
    }

    fn head(&mut self, tag: Tag, bytes: u64) -> io::Result<()> {
        let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "a record of 4 GiB and more");
        let bytes = u32::try_from(bytes).map_err(too_long)?;
        let mut head = Body::default();
        head.u1(tag as u8).u4(0).u4(bytes);
        self.out.write_all(&head.0)
    }

    /// The segment, to which one whole record is to be added.
    pub(super) fn heap(&mut self) -> io::Result<&mut Body> {
        if self.segment.0.len() >= SEGMENT {
            self.flush()?;
        }
        Ok(&mut self.segment)
    }

    /// A record of the heap with a long end, of so many bytes, that `fill` writes.
    pub(super) fn long(
        &mut self,
        head: &Body,
        bytes: u64,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        if bytes <= SEGMENT as u64 {
            let segment = self.heap()?;
            segment.0.extend_from_slice(&head.0);
            return fill(&mut segment.0);
        }
        self.flush()?;
        self.head(Tag::Segment, head.0.len() as u64 + bytes)?;
        self.out.write_all(&head.0)?;
        fill(&mut *self.out)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.segment.0.is_empty() {
            let segment = std::mem::take(&mut self.segment);
            self.write(Tag::Segment, &segment)?;
            self.segment = segment;
            self.segment.0.clear();
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.head(Tag::End, 0)
    }
}

/// Writes so many zeros.
pub(super) fn zeros(out: &mut dyn Write, mut bytes: u64) -> io::Result<()> {
    while bytes > 0 {
        let some = bytes.min(ZEROS.len() as u64);
        out.write_all(&ZEROS[..some as usize])?;
        bytes -= some;
    }
    Ok(())
}
