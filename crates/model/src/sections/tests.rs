#![allow(clippy::unwrap_used)]
use super::*;
use goheap_graph::SharedBytes;
use std::sync::Arc;

fn written() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = SectionWriter::new(&mut bytes).unwrap();
    writer.column("numbers", &[1_u32, 2, 3]).unwrap();
    writer.value("names", &vec!["a", "b"]).unwrap();
    writer.column::<u64>("none", &[]).unwrap();
    let len = writer.finish().unwrap();
    assert_eq!(len, bytes.len() as u64);
    bytes
}

type Read = (Vec<u32>, Vec<String>, Vec<u64>);

/// All that the file says, or why it is not believed.
fn read(bytes: &[u8]) -> Result<Read, SectionError> {
    // As aligned as a mapped file.
    let mut aligned = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut aligned)[..bytes.len()].copy_from_slice(bytes);
    struct Aligned(Vec<u64>, usize);
    impl AsRef<[u8]> for Aligned {
        fn as_ref(&self) -> &[u8] {
            &bytemuck::cast_slice(&self.0)[..self.1]
        }
    }
    let shared: SharedBytes = Arc::new(Aligned(aligned, bytes.len()));
    let sections = Sections::open(shared)?;
    let numbers = sections.column::<u32>("numbers")?.to_vec();
    Ok((numbers, sections.value("names")?, sections.column("none")?.to_vec()))
}

#[test]
fn what_was_written_is_read() {
    let read = read(&written()).unwrap();
    assert_eq!(read, (vec![1, 2, 3], vec!["a".to_owned(), "b".to_owned()], vec![]));
}

#[test]
fn a_missing_section_and_a_wrong_kind_are_told() {
    let bytes: SharedBytes = Arc::new(written());
    let sections = Sections::open(bytes).unwrap();
    assert!(matches!(sections.value::<u8>("other"), Err(SectionError::Missing(_))));
    assert!(matches!(sections.column::<u64>("numbers"), Err(SectionError::Damaged(_))));
}

#[test]
fn a_flipped_bit_is_found_and_a_cut_file_refused() {
    let whole = written();
    let good = read(&whole).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        // Between sections nothing is said.
        assert!(read(&bytes).is_err_and(|_| true) || read(&bytes).unwrap() == good, "{at}");
        assert!(read(&whole[..at]).is_err(), "{at}");
    }
}
