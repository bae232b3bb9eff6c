//! References to secrets. The secret itself never stands in a configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use kernel::Secret;

use crate::home::private::{self, PrivateError};

use super::limits::LimitStore;
use super::sections::Config;
use super::sso::Proof;
use super::store_url::StoreUrl;
use super::words::Word;

/// Where a secret is kept: `env:NAME` or `file:/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretRef {
    /// In an environment variable.
    Environment(String),
    /// In a file that nobody else may read; a newline at its end is not part of the secret.
    File(PathBuf),
}

/// Why a reference leads to no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The variable is missing, empty, or not text.
    #[error("environment variable `{name}` is not set to a text")]
    Unset {
        /// Its name.
        name: String,
    },
    /// The file is empty or not text.
    #[error("file `{}` holds no text", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read, or others can read it too.
    #[error(transparent)]
    File(#[from] PrivateError),
}

impl SecretRef {
    /// Fetches the secret.
    ///
    /// # Errors
    /// When the variable is not set, or the file cannot be read or is open to others.
    pub(crate) fn resolve(&self) -> Result<Secret<String>, SecretError> {
        match self {
            Self::Environment(name) => std::env::var(name)
                .ok()
                .filter(|secret| !secret.is_empty())
                .map(Secret::new)
                .ok_or_else(|| SecretError::Unset { name: name.clone() }),
            Self::File(path) => read(path),
        }
    }
}

impl Config {
    /// Every reference to a secret, with the key that holds it.
    pub(super) fn references(&self) -> Vec<(String, &SecretRef)> {
        let mut all = Vec::new();
        if let StoreUrl::Reference(reference) = &self.store.url {
            all.push(("store.url".to_owned(), reference));
        }
        if let LimitStore::Reference(reference) = &self.limits.store {
            all.push(("limits.store".to_owned(), reference));
        }
        for (at, provider) in self.sso.providers.iter().enumerate() {
            let (member, reference) = match &provider.proof {
                Proof::Secret(reference) => ("client_secret", reference),
                Proof::Key(reference) => ("client_key", reference),
            };
            all.push((format!("sso.providers[{at}].{member}"), reference));
        }
        all
    }
}

impl Word for SecretRef {
    const EXPECTED: &'static str = "a reference, never the secret itself: `env:NAME` for an \
                                    environment variable or `file:/path` for a file";
    const SECRET: bool = true;

    fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("env:") {
            let fits = (1..=200).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !name.starts_with(|c: char| c.is_ascii_digit());
            return fits.then(|| Self::Environment(name.to_owned()));
        }
        let path = PathBuf::parse(text.strip_prefix("file:")?)?;
        path.is_absolute().then_some(Self::File(path))
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

fn read(path: &Path) -> Result<Secret<String>, SecretError> {
    let bytes = private::read(path, SECRET_BYTES_MAX)?;
    let text = std::str::from_utf8(bytes.expose()).unwrap_or_default();
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(SecretError::NoText { path: path.to_owned() });
    }
    Ok(Secret::new(text.to_owned()))
}

/// Enough for any key or URL.
const SECRET_BYTES_MAX: u64 = 65_536;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_literal_is_no_reference() {
        for text in ["", "hunter2", "env:", "env:A B", "env:1A", "env:A=b", "file:", "file:key"] {
            assert_eq!(SecretRef::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_reference_prints_as_it_was_written() {
        for text in ["env:DATABASE_URL", "file:/run/secrets/url"] {
            assert_eq!(SecretRef::parse(text).map(|r| r.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn an_unset_variable_is_named() {
        let error = SecretRef::Environment("RINGWALL_NO_SUCH".to_owned()).resolve().unwrap_err();

        assert!(error.to_string().contains("RINGWALL_NO_SUCH"));
    }

    #[test]
    fn a_file_open_to_others_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, "hunter2\n").unwrap();
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();

            let error = SecretRef::File(path.clone()).resolve().unwrap_err();

            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn an_empty_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        private::write(&path, b"\n").unwrap();

        assert!(matches!(SecretRef::File(path).resolve(), Err(SecretError::NoText { .. })));
    }

    #[test]
    fn a_private_file_gives_its_secret_without_the_newline() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        private::write(&path, b"hunter2\n").unwrap();

        assert_eq!(SecretRef::File(path).resolve().unwrap().expose(), "hunter2");
    }
}
