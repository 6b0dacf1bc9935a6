//! What grew from one core of a process to the next: `grew OLD NEW EXECUTABLE`.
#![allow(clippy::print_stdout)]

use goheap::{Error, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [old, new, executable] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("grew OLD NEW EXECUTABLE".into());
    };
    let options = Options::default().executable(executable).places(true);
    let open = |core: &str| -> Result<_, Error> { goheap::open(core, &options) };
    let difference = open(old)?.diff(&open(new)?, 64 << 10)?;
    println!("{:+} bytes are reachable", difference.reachable.bytes());
    for grown in &difference.grown {
        let entries =
            grown.entries.as_ref().map_or_else(String::new, |one| format!(", {} to {}", one.before, one.after));
        println!("{:+} bytes: {}{entries}", grown.bytes(), grown.holder);
    }
    for place in difference.goroutines.iter().filter(|place| place.change.objects() > 0) {
        println!("{:+} goroutines: {}", place.change.objects(), place.name);
    }
    if let Some(objects) = difference.objects {
        println!("{} objects are new, {} were there", objects.new.objects, objects.survived.objects);
    }
    Ok(())
}
