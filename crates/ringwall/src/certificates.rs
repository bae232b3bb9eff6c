//! The certificate that callers see: the operator's files, or one of the local authority.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gate::Tasks;
use gate::tls::{ClientCertificates, LocalCa, Renewal, ServerCertificate, ShownBy, TlsError};
use kernel::{Clock, Secret, SystemClock};
use vault::Keyring;

use crate::acme::{self, Acme};
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::config::sections::ClientCertificates as Asked;
use crate::home::{Home, private};
use crate::reload::{CERTIFICATE, Reloader};

/// Where callers find what they must trust.
pub(crate) struct Certificates {
    /// What the listener shows; reloaded when its files change.
    pub(crate) server: Arc<ServerCertificate>,
    /// The local authority's certificate, for callers to trust; none with the operator's files.
    pub(crate) ca_file: Option<PathBuf>,
    renewer: Option<Renewer>,
    acme: Option<Acme>,
}

#[derive(Clone)]
struct Renewer {
    ca: Arc<LocalCa>,
    names: Vec<String>,
    home: Home,
}

/// Prepares the certificate. With the local authority, makes or renews what is missing or old.
///
/// # Errors
/// When files cannot be read or written, or hold no certificate.
pub(crate) fn prepare(
    config: &Config,
    home: &Home,
    keyring: &Arc<Keyring>,
) -> Result<Certificates, Failure> {
    if let (Some(cert), Some(key)) = (&config.tls.cert_file, &config.tls.key_file) {
        let server = ServerCertificate::from_files(cert, key).map_err(|e| Failure::because(&e))?;
        return Ok(Certificates {
            server: server.into(),
            ca_file: None,
            renewer: None,
            acme: None,
        });
    }
    let names = config.tls.names.iter().map(ToString::to_string);
    let names: Vec<String> = names.chain(acme::names(&config.acme)).collect();
    let ca = authority(home, keyring, &names)?;
    let renewer = Renewer { ca: Arc::new(ca), names, home: home.clone() };
    renewer.renew_if_due()?;
    if let Some(acme) = acme::prepare(config, home, keyring)? {
        return vouched(acme, renewer);
    }
    let server = ServerCertificate::from_files(&home.server_certificate(), &home.server_key())
        .map_err(|e| Failure::because(&e))?;
    Ok(Certificates {
        server: server.into(),
        ca_file: Some(home.authority_certificate()),
        renewer: Some(renewer),
        acme: None,
    })
}

/// What is shown while a public authority is asked: what it issued before, or the local one's.
fn vouched(acme: Acme, renewer: Renewer) -> Result<Certificates, Failure> {
    let kept = acme.kept();
    let ca_file = kept.is_none().then(|| renewer.home.authority_certificate());
    let (chain, key) = match kept {
        Some(kept) => kept,
        None => renewer.issued()?,
    };
    let server = ServerCertificate::from_pem(&chain, &key).map_err(|e| Failure::because(&e))?;
    if ca_file.is_some() {
        tracing::warn!("showing the local authority's certificate until there is a public one");
    }
    let server = Arc::new(server.answering(acme.challenges()));
    Ok(Certificates { server, ca_file, renewer: Some(renewer), acme: Some(acme) })
}

/// What certificates of clients are worth; nothing where none are asked for.
///
/// # Errors
/// When the file of authorities cannot be read, or has none.
pub(crate) fn of_clients(config: &Config) -> Result<Option<Arc<ClientCertificates>>, Failure> {
    let by = match config.tls.client_certificates {
        Asked::Off => return Ok(None),
        Asked::Handshake => ShownBy::Handshake,
        Asked::Proxy => ShownBy::Proxy,
    };
    let named = |path: &PathBuf, error: &dyn std::fmt::Display| {
        Failure::Failed(format!("`{}`: {error}", path.display()))
    };
    let path = config.tls.client_ca_file.as_ref();
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| named(path, &error));
    let pem = path.map(read).transpose()?;
    let judge = ClientCertificates::new(by, pem.as_deref()).map_err(|error| match path {
        Some(path) => named(path, &error),
        None => Failure::because(&error),
    })?;
    Ok(Some(Arc::new(judge)))
}

impl Certificates {
    /// Keeps the certificate fresh: looks at its files, and renews the local one in time.
    pub(crate) fn keep_fresh(self, reloader: Arc<Reloader>, every: Duration, tasks: &Tasks) {
        if let (Some(acme), Some(renewer)) = (self.acme, &self.renewer) {
            let (renewer, server) = (renewer.clone(), Arc::clone(&self.server));
            let stand_in = move || renewer.show(&server);
            return acme.keep_fresh(self.server, stand_in, tasks);
        }
        let tell = move || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
            let reloader = Arc::clone(&reloader);
            Box::pin(async move { reloader.tell_of_files(CERTIFICATE).await })
        };
        Arc::clone(&self.server).watch(every, tasks, tell);
        let Some(renewer) = self.renewer else { return };
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            let mut hourly = tokio::time::interval(RENEWAL_CHECK);
            let mut stopping = std::pin::pin!(stopping);
            loop {
                tokio::select! {
                    () = &mut stopping => return,
                    _ = hourly.tick() => {}
                }
                if let Err(Failure::Failed(cause)) = renewer.renew_if_due() {
                    tracing::error!(cause, "cannot renew the local certificate");
                }
            }
        });
    }
}

impl Renewer {
    /// The local certificate and its key, as they are on disk.
    fn issued(&self) -> Result<(String, Secret<String>), Failure> {
        let chain = std::fs::read_to_string(self.home.server_certificate());
        let key = private::read(&self.home.server_key(), KEY_BYTES_MAX);
        let key = key.map_err(|error| Failure::because(&error))?;
        let key = String::from_utf8(key.expose().clone()).map_err(|e| Failure::because(&e))?;
        Ok((chain.map_err(|error| Failure::because(&error))?, Secret::new(key)))
    }

    /// Shows the local certificate, renewed if that is due.
    fn show(&self, server: &ServerCertificate) -> Result<(), Failure> {
        self.renew_if_due()?;
        let (chain, key) = self.issued()?;
        server.replace(&chain, &key).map_err(|error| Failure::because(&error))
    }

    fn renew_if_due(&self) -> Result<(), Failure> {
        let now = SystemClock.now();
        let chain = std::fs::read_to_string(self.home.server_certificate()).unwrap_or_default();
        let present = !chain.is_empty() && self.home.server_key().exists();
        let renewal = self.ca.renewal(&chain, &self.names, now);
        if present && matches!(renewal, Ok(Renewal::NotYet)) {
            return Ok(());
        }
        let issued = self.ca.issue(&self.names, now).map_err(|e| Failure::because(&e))?;
        let key = issued.key_pem.expose().as_bytes();
        private::write(&self.home.server_key(), key).map_err(|e| Failure::because(&e))?;
        private::write(&self.home.server_certificate(), issued.chain_pem.as_bytes())
            .map_err(|e| Failure::because(&e))
    }
}

/// The local authority. Its key is sealed under the keyring: who copies `tls/` cannot issue.
fn authority(home: &Home, keyring: &Keyring, names: &[String]) -> Result<LocalCa, Failure> {
    let (certificate, key) = (home.authority_certificate(), home.authority_key());
    if certificate.exists() && key.exists() {
        let pem = std::fs::read_to_string(&certificate).map_err(|e| Failure::because(&e))?;
        let sealed = private::read(&key, KEY_BYTES_MAX).map_err(|e| Failure::because(&e))?;
        let opened = keyring.unwrap(CONTEXT, sealed.expose()).map_err(|e| Failure::because(&e))?;
        let text = String::from_utf8(opened.expose().clone()).map_err(|e| Failure::because(&e))?;
        match LocalCa::parse(&pem, &Secret::new(text)) {
            Ok(ca) if ca.covers(names).map_err(|error| Failure::because(&error))? => return Ok(ca),
            // Not for these names; or a crash came between the two writes below.
            Ok(_) | Err(TlsError::Strangers) => {}
            Err(error) => return Err(Failure::because(&error)),
        }
    }
    let ca = LocalCa::create(names, SystemClock.now()).map_err(|e| Failure::because(&e))?;
    let sealed = keyring.wrap(CONTEXT, ca.key_pem().expose().as_bytes());
    private::write(&key, &sealed).map_err(|e| Failure::because(&e))?;
    private::write(&certificate, ca.certificate_pem().as_bytes())
        .map_err(|e| Failure::because(&e))?;
    Ok(ca)
}

const CONTEXT: &[&[u8]] = &[b"local certificate authority"];
const KEY_BYTES_MAX: u64 = 64 * 1024;
const RENEWAL_CHECK: Duration = Duration::from_secs(60 * 60);
