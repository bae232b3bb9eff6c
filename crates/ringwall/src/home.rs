//! The data directory: what the server keeps on disk, for nobody else to read.

pub(crate) mod private;

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The data directory, known to be ours alone.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    root: PathBuf,
}

/// While it lives, no other server may use the data directory.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HomeError {
    /// It cannot be made or read.
    #[error("cannot use the data directory `{}`", path.display())]
    Unusable {
        /// The directory, or what lies in it.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// It is a file or something else.
    #[error("expected a directory at `{}`", path.display())]
    NotDirectory {
        /// The path.
        path: PathBuf,
    },
    /// It belongs to somebody else.
    #[error(
        "the data directory `{}` belongs to user {owner}, but this is user {us}; give another \
         directory or run as its owner",
        path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// User id of its owner.
        owner: u32,
        /// User id of this process.
        us: u32,
    },
    /// Others may read or write it.
    #[error(
        "others may use the data directory `{}` (mode {mode:04o}); mend it with: chmod 700 '{}'",
        path.display(),
        path.display()
    )]
    Exposed {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another server uses it.
    #[error(
        "another ringwall (process {process}) uses the data directory `{}`; stop it, or give this \
         one another directory with --data-dir",
        path.display()
    )]
    Taken {
        /// The directory.
        path: PathBuf,
        /// Process id of the other one, as far as it is known.
        process: String,
    },
}

impl Home {
    /// Makes the directory if it is missing, and makes sure that it is ours alone.
    ///
    /// # Errors
    /// When it cannot be made, is no directory, belongs to somebody else, or is open to others.
    pub(crate) fn prepare(path: &Path) -> Result<Self, HomeError> {
        let unusable = |cause| HomeError::Unusable { path: path.to_owned(), cause };
        // Whatever is made from here on, by the database too, is nobody else's to read.
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
        make_directory(path).map_err(unusable)?;
        let facts = fs::metadata(path).map_err(unusable)?;
        judge(path, &facts, rustix::process::geteuid().as_raw())?;
        let home = Self { root: path.to_owned() };
        make_directory(&home.tls()).map_err(unusable)?;
        Ok(home)
    }

    /// Takes the directory for this process, until the lock is dropped or the process ends.
    ///
    /// # Errors
    /// When another server has it.
    pub(crate) fn lock(&self) -> Result<HomeLock, HomeError> {
        let path = self.root.join("lock");
        let unusable = |cause| HomeError::Unusable { path: path.clone(), cause };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
            Err(TryLockError::WouldBlock) => {
                return Err(HomeError::Taken { path: self.root.clone(), process: holder(file) });
            }
        }
        // The process id only serves the message to the next one.
        file.set_len(0).map_err(unusable)?;
        writeln!(file, "{}", std::process::id()).map_err(unusable)?;
        Ok(HomeLock { _file: file })
    }

    /// The process that serves from the directory; nothing where none does.
    ///
    /// # Errors
    /// When its lock cannot be read.
    pub(crate) fn server(&self) -> Result<Option<u32>, HomeError> {
        let path = self.root.join("lock");
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(HomeError::Unusable { path, cause }),
        };
        match file.try_lock() {
            // Whoever holds it lives: the lock ends with its process.
            Err(TryLockError::WouldBlock) => Ok(holder(file).parse().ok()),
            Ok(()) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(HomeError::Unusable { path, cause }),
        }
    }

    /// The directory itself.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Certificate of the local authority, for callers to trust.
    #[must_use]
    pub(crate) fn authority_certificate(&self) -> PathBuf {
        self.tls().join("ca.pem")
    }

    /// Certificate that the local authority issued for the listener.
    #[must_use]
    pub(crate) fn server_certificate(&self) -> PathBuf {
        self.tls().join("server.pem")
    }

    /// Private key of the listener's certificate.
    #[must_use]
    pub(crate) fn server_key(&self) -> PathBuf {
        self.tls().join("server.key")
    }

    /// The local authority's private key, sealed under the keyring.
    #[must_use]
    pub(crate) fn authority_key(&self) -> PathBuf {
        self.tls().join("ca.key.sealed")
    }

    /// The certificate of a public authority and its key, sealed under the keyring.
    #[must_use]
    pub(crate) fn acme_certificate(&self) -> PathBuf {
        self.tls().join("acme.sealed")
    }

    /// The account with that authority, sealed under the keyring.
    #[must_use]
    pub(crate) fn acme_account(&self) -> PathBuf {
        self.tls().join("acme-account.sealed")
    }

    /// The key file that opens the keyring.
    #[must_use]
    pub(crate) fn keyring_key(&self) -> PathBuf {
        self.root.join("keyring.key")
    }

    /// The sealed keyring.
    #[must_use]
    pub(crate) fn keyring_sealed(&self) -> PathBuf {
        self.root.join("keyring.sealed")
    }

    /// The embedded database.
    #[must_use]
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("ringwall.sqlite")
    }

    fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        // Something else is there: `judge` says what.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn judge(path: &Path, facts: &Metadata, us: u32) -> Result<(), HomeError> {
    let path = path.to_owned();
    let (owner, mode) = (facts.uid(), facts.mode() & 0o7777);
    if !facts.is_dir() {
        Err(HomeError::NotDirectory { path })
    } else if owner != us {
        Err(HomeError::Foreign { path, owner, us })
    } else if mode & 0o077 != 0 {
        Err(HomeError::Exposed { path, mode })
    } else {
        Ok(())
    }
}

/// The process id that a lock file tells.
fn holder(file: File) -> String {
    let mut text = String::new();
    let is_read = file.take(20).read_to_string(&mut text).is_ok();
    match text.trim().parse::<u32>() {
        Ok(process) if is_read => process.to_string(),
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_directory_open_to_others_is_refused_with_the_command_that_mends_it() {
        let directory = tempfile::tempdir().unwrap();
        for exposed in [0o755, 0o750, 0o701, 0o720] {
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(exposed)).unwrap();

            let error = Home::prepare(directory.path()).unwrap_err();

            assert!(matches!(error, HomeError::Exposed { mode, .. } if mode == exposed));
            assert!(error.to_string().contains("chmod 700"), "{error}");
        }
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let facts = fs::metadata(directory.path()).unwrap();

        let verdict = judge(directory.path(), &facts, facts.uid() + 1);

        assert!(matches!(verdict, Err(HomeError::Foreign { .. })));
    }

    #[test]
    fn a_file_is_no_data_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "").unwrap();

        assert!(matches!(Home::prepare(&path), Err(HomeError::NotDirectory { .. })));
    }

    #[test]
    fn a_second_lock_is_refused_and_names_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::prepare(&directory.path().join("data")).unwrap();
        let first = home.lock().unwrap();

        let error = home.lock().unwrap_err().to_string();

        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(first);
    }

    #[test]
    fn only_a_process_that_holds_the_lock_serves() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::prepare(&directory.path().join("data")).unwrap();
        assert_eq!(home.server().unwrap(), None);
        let lock = home.lock().unwrap();

        assert_eq!(home.server().unwrap(), Some(std::process::id()));

        drop(lock);
        assert_eq!(home.server().unwrap(), None, "its number is still in the file");
    }

    #[test]
    fn a_lock_ends_with_its_holder() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::prepare(&directory.path().join("data")).unwrap();
        drop(home.lock().unwrap());

        assert!(home.lock().is_ok());
    }

    #[test]
    fn everything_is_kept_inside() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::prepare(&directory.path().join("data")).unwrap();

        for path in [
            home.authority_certificate(),
            home.server_certificate(),
            home.server_key(),
            home.keyring_key(),
            home.keyring_sealed(),
            home.database(),
        ] {
            assert!(private::write(&path, b"").is_ok(), "{}", path.display());
            assert!(path.starts_with(home.root()), "{}", path.display());
        }
    }

    #[test]
    fn a_new_directory_is_ours_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/data");

        let home = Home::prepare(&path).unwrap();

        assert_eq!(mode(home.root()), 0o700);
        assert_eq!(mode(&home.tls()), 0o700);
        assert!(Home::prepare(&path).is_ok(), "a second start finds it in order");
    }
}
