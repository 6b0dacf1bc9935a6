#![allow(clippy::unwrap_used)]
use super::*;
use goheap_graph::shared_copy;

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
    let sections = Sections::open(shared_copy(bytes))?;
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
    let sections = Sections::open(shared_copy(&written())).unwrap();
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
