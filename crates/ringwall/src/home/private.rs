//! Files that nobody else may read: keys, secrets, what the server tells its own user.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kernel::Secret;

/// Why a private file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrivateError {
    /// It cannot be opened or read.
    #[error("file `{}` cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why; printed, so not a source.
        cause: io::Error,
    },
    /// Others may read or write it.
    #[error(
        "others may use file `{}` (mode {mode:04o}); mend it with: chmod 600 '{}'",
        path.display(),
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is a directory or device, or too large to be what it should be.
    #[error("expected a file of at most {bytes_max} bytes at `{}`", path.display())]
    Unfit {
        /// The path.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
}

/// Reads a file that nobody else may read.
///
/// # Errors
/// When it cannot be read, is open to others, or is larger than `bytes_max`.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Secret<Vec<u8>>, PrivateError> {
    let unreadable = |cause| PrivateError::Unreadable { path: path.to_owned(), cause };
    let unfit = || PrivateError::Unfit { path: path.to_owned(), bytes_max };
    // Asked before opening, since opening a pipe waits for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unfit());
    }
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, so that it is the one which is read.
    let facts = file.metadata().map_err(unreadable)?;
    let mode = facts.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(PrivateError::Exposed { path: path.to_owned(), mode });
    }
    if facts.len() > bytes_max {
        return Err(unfit());
    }
    // Room for all of it at once: a vector that grows leaves copies behind.
    let mut bytes = Vec::with_capacity(usize::try_from(bytes_max).unwrap_or(0).saturating_add(1));
    let read = file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes);
    let bytes = Secret::new(bytes);
    read.map_err(unreadable)?;
    if bytes.expose().len() as u64 > bytes_max {
        return Err(unfit());
    }
    Ok(bytes)
}

/// Writes a file that nobody else may read, whole or not at all, and waits until it is on disk.
///
/// # Errors
/// When the directory or the disk does not take it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut temporary = name.to_owned();
    temporary.push(format!(".{:016x}", u64::from_ne_bytes(kernel::random::bytes())));
    let temporary = directory.join(temporary);

    let written = fill(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| File::open(directory)?.sync_all());
    if written.is_err() {
        // The first error is the one to tell; after a rename there is nothing to remove.
        drop(fs::remove_file(&temporary));
    }
    written
}

fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_open_to_others_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write(&path, b"key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

        assert!(matches!(read(&path, 10), Err(PrivateError::Exposed { mode: 0o644, .. })));
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write(&path, b"keys").unwrap();

        assert!(matches!(read(&path, 3), Err(PrivateError::Unfit { .. })));
        assert_eq!(read(&path, 4).unwrap().expose(), b"keys");
    }

    #[test]
    fn a_directory_is_not_read() {
        let directory = tempfile::tempdir().unwrap();

        assert!(matches!(read(directory.path(), 3), Err(PrivateError::Unfit { .. })));
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("taken");
        fs::create_dir(&path).unwrap();

        assert!(write(&path, b"key").is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_written_file_is_whole_and_ours_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, "an older and longer text").unwrap();

        write(&path, b"key").unwrap();

        assert_eq!(fs::read(&path).unwrap(), b"key");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
