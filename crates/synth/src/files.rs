//! Folders of files, such as a machine's /proc.

use std::io;
use std::path::Path;

/// Writes files below `root` by their paths from there, with the folders that they need.
///
/// # Errors
/// The system's.
pub fn write_files(root: &Path, files: &[(&str, &str)]) -> io::Result<()> {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(root))?;
        std::fs::write(path, text)?;
    }
    Ok(())
}
