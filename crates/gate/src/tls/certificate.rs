//! The certificate that a listener shows, replaced without a dropped connection.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use kernel::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::tasks::Tasks;
use crate::tls::challenge::{self, Challenges};
use crate::tls::{TlsError, provider};

/// A certificate chain with its key. New handshakes see a replacement at once; connections that
/// are already open live on.
pub struct ServerCertificate {
    current: ArcSwap<CertifiedKey>,
    files: Option<Files>,
    challenges: Option<Challenges>,
}

/// From when to when a certificate is good, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Its first second.
    pub begins: i64,
    /// Its last.
    pub ends: i64,
}

struct Files {
    cert: PathBuf,
    key: PathBuf,
    seen: Mutex<Seen>,
}

/// A certificate and key that belong together, read and not shown yet.
pub struct NextCertificate {
    next: CertifiedKey,
    stamps: Seen,
}

/// What tells a file from its replacement without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

type Seen = [Stamp; 2];

impl ServerCertificate {
    /// From PEM text, for a certificate of the local CA.
    ///
    /// # Errors
    /// When the text is no certificate and key, or the two do not belong together.
    pub fn from_pem(chain: &str, key: &Secret<String>) -> Result<Self, TlsError> {
        let current = certified(chain.as_bytes(), key.expose().as_bytes(), "the given text")?;
        Ok(Self { current: ArcSwap::from_pointee(current), files: None, challenges: None })
    }

    /// From files, which are read again by [`ServerCertificate::reload_if_changed`].
    ///
    /// # Errors
    /// When a file cannot be read, others may read the key, or the two do not belong together.
    pub fn from_files(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let (current, seen) = load(cert, key)?;
        let seen = Mutex::new(seen);
        let files = Files { cert: cert.to_owned(), key: key.to_owned(), seen };
        let current = ArcSwap::from_pointee(current);
        Ok(Self { current, files: Some(files), challenges: None })
    }

    /// The same, which also answers these challenges of a public authority.
    #[must_use]
    pub fn answering(self, challenges: Challenges) -> Self {
        Self { challenges: Some(challenges), ..self }
    }

    pub(super) const fn answers_challenges(&self) -> bool {
        self.challenges.is_some()
    }

    /// Shows another certificate from now on, as when the local CA has renewed it.
    ///
    /// # Errors
    /// As [`ServerCertificate::from_pem`]; the present certificate then stays.
    pub fn replace(&self, chain: &str, key: &Secret<String>) -> Result<(), TlsError> {
        let next = certified(chain.as_bytes(), key.expose().as_bytes(), "the given text")?;
        self.current.store(Arc::new(next));
        Ok(())
    }

    /// Reads the files again if they are not those that were read last; true when the certificate
    /// was replaced. Reads files: call it where blocking is allowed.
    ///
    /// # Errors
    /// As [`ServerCertificate::from_files`]; the present certificate then stays, and the next call
    /// tries again.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let next = self.read_if_changed()?;
        Ok(next.is_some_and(|next| self.show(next)))
    }

    /// Reads the files again if they are not those that are shown, and shows nothing yet. Reads
    /// files: call it where blocking is allowed.
    ///
    /// # Errors
    /// As [`ServerCertificate::from_files`].
    pub fn read_if_changed(&self) -> Result<Option<NextCertificate>, TlsError> {
        let Some(files) = &self.files else { return Ok(None) };
        let seen = *files.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if stamps(files)? == seen {
            return Ok(None);
        }
        let (next, stamps) = load(&files.cert, &files.key)?;
        Ok(Some(NextCertificate { next, stamps }))
    }

    /// Shows what was read to handshakes from now on; false when it is what is shown already.
    pub fn show(&self, next: NextCertificate) -> bool {
        let NextCertificate { next, stamps } = next;
        if let Some(files) = &self.files {
            *files.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamps;
        }
        let is_another = next.cert != self.current.load().cert;
        if is_another {
            self.current.store(Arc::new(next));
        }
        is_another
    }

    /// Looks at the files every `interval` until the process stops, and does `replaced` each time
    /// that another certificate is shown.
    pub fn watch<F>(self: Arc<Self>, interval: Duration, tasks: &Tasks, replaced: F)
    where
        F: Fn() -> BoxFuture<'static, ()> + Send + 'static,
    {
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            let mut ticks = tokio::time::interval(interval.max(RELOAD_INTERVAL_MIN));
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut stopping = std::pin::pin!(stopping);
            loop {
                tokio::select! {
                    () = &mut stopping => return,
                    _ = ticks.tick() => {}
                }
                let certificate = Arc::clone(&self);
                match tokio::task::spawn_blocking(move || certificate.reload_if_changed()).await {
                    Ok(Ok(true)) => {
                        tracing::info!("replaced the server certificate");
                        replaced().await;
                    }
                    Ok(Ok(false)) => {}
                    Ok(Err(error)) => {
                        let error: &(dyn std::error::Error + 'static) = &error;
                        tracing::error!(error, "kept the server certificate: cannot load the new");
                    }
                    Err(error) => tracing::error!(%error, "could not look at the certificate"),
                }
            }
        });
    }

    /// The certificates that are shown, the server's own first.
    #[must_use]
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.current.load().cert.clone()
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match &self.challenges {
            Some(challenges) if challenge::is_asked(&hello) => challenges.shown(&hello),
            _ => Some(self.current.load_full()),
        }
    }
}

impl std::fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerCertificate").finish_non_exhaustive()
    }
}

fn stamps(files: &Files) -> Result<Seen, TlsError> {
    Ok([stamp(&files.cert)?, stamp(&files.key)?])
}

fn stamp(path: &Path) -> Result<Stamp, TlsError> {
    std::fs::metadata(path).map(|found| Stamp::of(&found)).map_err(|cause| unreadable(path, cause))
}

impl Stamp {
    fn of(found: &std::fs::Metadata) -> Self {
        Self {
            inode: found.ino(),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

fn load(cert: &Path, key: &Path) -> Result<(CertifiedKey, Seen), TlsError> {
    let (chain_pem, chain_stamp) = read(cert, false)?;
    let (key_pem, key_stamp) = read(key, true)?;
    let place = format!("`{}` and `{}`", cert.display(), key.display());
    let current = certified(chain_pem.expose(), key_pem.expose(), &place)?;
    Ok((current, [chain_stamp, key_stamp]))
}

fn read(path: &Path, is_key: bool) -> Result<(Secret<Vec<u8>>, Stamp), TlsError> {
    let file = File::open(path).map_err(|cause| unreadable(path, cause))?;
    // Of the open file, so that what is checked is what is read.
    let found = file.metadata().map_err(|cause| unreadable(path, cause))?;
    let mode = found.permissions().mode() & 0o777;
    if is_key && mode & 0o077 != 0 {
        return Err(TlsError::KeyExposed { path: path.to_owned(), mode });
    }
    let mut content = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut content).map_err(|cause| unreadable(path, cause))?;
    Ok((Secret::new(content), Stamp::of(&found)))
}

fn certified(chain: &[u8], key: &[u8], place: &str) -> Result<CertifiedKey, TlsError> {
    let malformed = |expected| TlsError::Malformed { expected, place: place.to_owned() };
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| malformed("a certificate"))?;
    if chain.is_empty() {
        return Err(malformed("a certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| malformed("a private key"))?;
    Ok(CertifiedKey::from_der(chain, key, &provider())?)
}

/// From when to when the first certificate of a PEM text is good.
///
/// # Errors
/// When the text holds no certificate.
pub fn life(chain: &str) -> Result<Life, TlsError> {
    let malformed =
        || TlsError::Malformed { expected: "a certificate", place: "the given text".to_owned() };
    let der = CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|_| malformed())?;
    let (_, read) = X509Certificate::from_der(&der).map_err(|_| malformed())?;
    let validity = read.validity();
    Ok(Life { begins: validity.not_before.timestamp(), ends: validity.not_after.timestamp() })
}

fn unreadable(path: &Path, cause: std::io::Error) -> TlsError {
    TlsError::Unreadable { path: path.to_owned(), cause }
}

const FILE_BYTES_MAX: u64 = 1024 * 1024;
const RELOAD_INTERVAL_MIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::fs;

    use kernel::Timestamp;

    use super::*;
    use crate::tls::{Issued, LocalCa};

    fn issue() -> Issued {
        let now = Timestamp::from_millis(1_795_000_000_000);
        LocalCa::create(&[], now).unwrap().issue(&[], now).unwrap()
    }

    fn write(directory: &Path, issued: &Issued, mode: u32) -> (PathBuf, PathBuf) {
        let (cert, key) = (directory.join("cert.pem"), directory.join("key.pem"));
        fs::write(&cert, &issued.chain_pem).unwrap();
        fs::write(&key, issued.key_pem.expose()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        (cert, key)
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (cert, key) = write(directory.path(), &issue(), 0o640);

        let error = ServerCertificate::from_files(&cert, &key).unwrap_err();

        assert!(error.to_string().contains("has mode 640: expected 600"), "{error}");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused_and_the_old_pair_stays() {
        let directory = tempfile::tempdir().unwrap();
        let (cert, key) = write(directory.path(), &issue(), 0o600);
        let shown = ServerCertificate::from_files(&cert, &key).unwrap();
        let before = shown.chain();
        let next = issue();
        fs::write(&cert, &next.chain_pem).unwrap();

        assert!(matches!(shown.reload_if_changed(), Err(TlsError::Unusable(_))));
        assert_eq!(shown.chain(), before);

        fs::write(&key, next.key_pem.expose()).unwrap();
        assert!(shown.reload_if_changed().unwrap());
        assert_ne!(shown.chain(), before);
    }

    #[test]
    fn files_that_have_not_changed_are_not_loaded_again() {
        let directory = tempfile::tempdir().unwrap();
        let (cert, key) = write(directory.path(), &issue(), 0o600);
        let shown = ServerCertificate::from_files(&cert, &key).unwrap();

        assert!(!shown.reload_if_changed().unwrap());
    }

    #[test]
    fn text_that_is_no_certificate_is_refused() {
        let key = Secret::new(String::new());

        assert!(matches!(
            ServerCertificate::from_pem("nonsense", &key),
            Err(TlsError::Malformed { expected: "a certificate", .. })
        ));
    }
}
