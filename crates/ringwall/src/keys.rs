//! The embedded keyring: made at the first start, opened at every other.

use std::path::{Path, PathBuf};

use oauth::Pepper;
use vault::{KeyFile, Keyring, PEPPERS_MAX};

use crate::cli::exit::Failure;
use crate::home::{Home, private};

/// Opens the keyring of a data directory, or makes one where there is none.
///
/// # Errors
/// When one of its two files is missing, exposed or does not open the other: making a new keyring
/// then would lose everything sealed under the old one.
pub(crate) fn keyring(home: &Home, key_file: Option<&PathBuf>) -> Result<Keyring, Failure> {
    let default = home.keyring_key();
    let (key_path, sealed_path) = (key_file.unwrap_or(&default), home.keyring_sealed());
    match (key_path.exists(), sealed_path.exists()) {
        (true, true) => open(key_path, &sealed_path),
        (_, false) => make(key_path, &sealed_path),
        (false, true) => Err(Failure::Failed(format!(
            "the key file `{}` is missing, and without it nothing sealed can be opened; restore it",
            key_path.display()
        ))),
    }
}

/// What new client secrets are hashed with.
pub(crate) fn pepper(keyring: &Keyring) -> Pepper {
    numbered(keyring, SECRETS, keyring.pepper())
}

/// What kept ones may be hashed with.
pub(crate) fn peppers(keyring: &Keyring) -> Vec<Pepper> {
    held(keyring).map(|number| numbered(keyring, SECRETS, number)).collect()
}

/// What new API keys are hashed with.
pub(crate) fn api_key_pepper(keyring: &Keyring) -> Pepper {
    numbered(keyring, API_KEYS, keyring.pepper())
}

/// What kept ones may be hashed with.
pub(crate) fn api_key_peppers(keyring: &Keyring) -> Vec<Pepper> {
    held(keyring).map(|number| numbered(keyring, API_KEYS, number)).collect()
}

/// Every number so far, and the next one: of several nodes that are started again one after the
/// other, those that wait believe what the others make.
fn held(keyring: &Keyring) -> impl Iterator<Item = u8> {
    let next = keyring.pepper().saturating_add(1);
    (1..=next).rev()
}

fn numbered(keyring: &Keyring, purpose: &str, number: u8) -> Pepper {
    Pepper::new(number, &keyring.purpose_key(&format!("{purpose}/{number}")))
}

/// Changes the pepper of a keyring: its number from now on.
///
/// # Errors
/// When there is no keyring, it is not opened, or its pepper was changed too often.
pub(crate) fn rotate_pepper(
    home: &Home,
    key_file: Option<&PathBuf>,
    written_down: impl FnOnce(u8) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let default = home.keyring_key();
    let (key_path, sealed_path) = (key_file.unwrap_or(&default), home.keyring_sealed());
    let mut keyring = open(key_path, &sealed_path)?;
    let number = keyring.rotate_pepper().ok_or_else(|| {
        Failure::Failed(format!("the pepper was changed {PEPPERS_MAX} times, and no more"))
    })?;
    written_down(number)?;
    let sealed = keyring.seal(&read_key(key_path)?);
    private::write(&sealed_path, &sealed).map_err(|error| Failure::because(&error))?;
    Ok(number)
}

const SECRETS: &str = "client-secret-pepper";
const API_KEYS: &str = "api-key-pepper";

fn open(key_path: &Path, sealed_path: &Path) -> Result<Keyring, Failure> {
    let key = read_key(key_path)?;
    let sealed = private::read(sealed_path, SEALED_BYTES_MAX).map_err(|e| Failure::because(&e))?;
    Keyring::open(&key, sealed.expose()).map_err(|error| {
        Failure::Failed(format!("`{}` does not open the keyring: {error}", key_path.display()))
    })
}

/// A key file that exists already, from a secrets manager perhaps, is used as it is.
fn make(key_path: &Path, sealed_path: &Path) -> Result<Keyring, Failure> {
    if !key_path.exists() {
        let text = KeyFile::generate().to_text();
        private::write(key_path, text.expose().as_bytes()).map_err(|e| Failure::because(&e))?;
    }
    let key = read_key(key_path)?;
    let keyring = Keyring::generate();
    private::write(sealed_path, &keyring.seal(&key)).map_err(|e| Failure::because(&e))?;
    Ok(keyring)
}

fn read_key(path: &Path) -> Result<KeyFile, Failure> {
    let text = private::read(path, KEY_BYTES_MAX).map_err(|e| Failure::because(&e))?;
    let text = std::str::from_utf8(text.expose()).map_err(|e| Failure::because(&e))?;
    KeyFile::parse(text).map_err(|e| Failure::because(&e))
}

const KEY_BYTES_MAX: u64 = 1024;
const SEALED_BYTES_MAX: u64 = 64 * 1024;
