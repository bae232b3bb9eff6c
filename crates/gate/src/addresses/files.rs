//! Reading lists from files.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use firewall::address::{AddressError, AddressSet};

use super::{AddressPlan, Feed};

/// Why a list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AddressFileError {
    /// The file is away, or not ours to read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why; it is part of the message.
        cause: std::io::Error,
    },
    /// The file is larger than any list.
    #[error("`{}` has more than {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A word of it is no network.
    #[error("{}:{}: expected an address or a network such as `10.0.0.0/8`, found `{}`",
            path.display(), fault.line, shown(&fault.found))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What stands where.
        fault: AddressError,
    },
}

/// What tells each file from its replacement; nothing for one that is away.
pub(super) type Stamps = Vec<Option<[i64; 6]>>;

pub(super) fn stamps(plan: &AddressPlan) -> Stamps {
    plan.files().map(|path| std::fs::metadata(path).ok().map(|found| stamp(&found))).collect()
}

fn stamp(found: &std::fs::Metadata) -> [i64; 6] {
    let number = |value: u64| i64::from_ne_bytes(value.to_ne_bytes());
    let modified = [found.mtime(), found.mtime_nsec()];
    let changed = [found.ctime(), found.ctime_nsec()];
    [number(found.ino()), number(found.size()), modified[0], modified[1], changed[0], changed[1]]
}

/// All networks of a feed.
pub(super) fn read(feed: &Feed) -> Result<AddressSet, AddressFileError> {
    let mut set = AddressSet::default();
    for path in &feed.files {
        let text = text(path)?;
        set.read(&text)
            .map_err(|fault| AddressFileError::Malformed { path: path.clone(), fault })?;
    }
    set.extend(feed.networks.iter().copied());
    Ok(set)
}

fn text(path: &Path) -> Result<String, AddressFileError> {
    let unreadable = |cause| AddressFileError::Unreadable { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(AddressFileError::TooLarge { path: path.to_owned() });
    }
    // What is no UTF-8 is no network either, and is told with its line.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The start of a word, fit for a terminal.
fn shown(word: &str) -> String {
    word.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect()
}

/// Some four million networks.
const FILE_BYTES_MAX: u64 = 64 << 20;
const SHOWN_MAX: usize = 60;
