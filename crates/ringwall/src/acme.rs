//! The certificate of a public authority (RFC 8555): asked for, kept, renewed in time.
//!
//! Nothing waits for the authority: until its first certificate is there the local authority's is
//! shown, and while it fails the one before.

use std::sync::Arc;
use std::time::Duration;

use gate::Tasks;
use gate::tls::{Challenges, Life, ServerCertificate, life};
use kernel::{Clock, Secret, SystemClock};
use serde::{Deserialize, Serialize};
use vault::Keyring;

use crate::cli::exit::Failure;
use crate::config::Config;
use crate::config::acme::Acme as Section;
use crate::home::{Home, private};

mod authority;
mod http;

use authority::{Authority, Issued};

/// Keeps one certificate.
pub(crate) struct Acme {
    authority: Authority,
    challenges: Challenges,
    safe: Safe,
    names: Vec<String>,
}

/// The certificate and its key, as they are kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory_url: String,
    names: Vec<String>,
    chain_pem: String,
    key_pem: String,
}

/// Files under the keyring: who copies them has neither key.
struct Safe {
    home: Home,
    keyring: Arc<Keyring>,
}

/// Reads what an authority must be asked with; nothing where none is configured.
///
/// # Errors
/// When the file of certificates cannot be read.
pub(crate) fn prepare(
    config: &Config,
    home: &Home,
    keyring: &Arc<Keyring>,
) -> Result<Option<Acme>, Failure> {
    let section = &config.acme;
    if section.domains.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = section.domains.iter().map(|d| d.as_str().to_owned()).collect();
    let safe = Safe { home: home.clone(), keyring: Arc::clone(keyring) };
    let authority = Authority::new(section)?;
    Ok(Some(Acme { authority, challenges: Challenges::default(), safe, names }))
}

impl Acme {
    /// What the listener answers an authority's questions from.
    pub(crate) fn challenges(&self) -> Challenges {
        self.challenges.clone()
    }

    /// The certificate that was kept, if it is still good and for these names.
    pub(crate) fn kept(&self) -> Option<(String, Secret<String>)> {
        let kept = self.safe.certificate()?;
        let is_ours =
            kept.names == self.names && kept.directory_url == self.authority.directory_url();
        let ends = life(&kept.chain_pem).ok()?.ends;
        let is_good = is_ours && SystemClock.now().seconds() < ends;
        is_good.then(|| (kept.chain_pem, Secret::new(kept.key_pem)))
    }

    /// Asks for a certificate whenever one is due, and shows it.
    pub(crate) fn keep_fresh(
        self,
        shown: Arc<ServerCertificate>,
        local: impl Fn() -> Result<(), Failure> + Send + Sync + 'static,
        tasks: &Tasks,
    ) {
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            let mut stopping = std::pin::pin!(stopping);
            let mut failures = 0;
            loop {
                let wait = match self.wait() {
                    Some(wait) => wait,
                    None => tokio::select! {
                        () = &mut stopping => return,
                        wait = self.renew(&shown, &mut failures, &local) => wait,
                    },
                };
                if tokio::time::timeout(wait, &mut stopping).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// How long nothing is due; nothing when a certificate is to be asked for now.
    fn wait(&self) -> Option<Duration> {
        let (chain, _) = self.kept()?;
        until_renewal(life(&chain).ok()?, SystemClock.now().seconds())
    }

    /// Asks once; how long to wait then.
    async fn renew(
        &self,
        shown: &ServerCertificate,
        failures: &mut u32,
        local: &(impl Fn() -> Result<(), Failure> + Sync),
    ) -> Duration {
        match self.ask(shown).await {
            Ok(()) => {
                *failures = 0;
                tracing::info!(names = ?self.names, "showing a new certificate of the authority");
                PAUSE_MIN
            }
            Err(Failure::Failed(cause)) => {
                let wait = pause(*failures);
                *failures = failures.saturating_add(1);
                tracing::error!(cause, again_in = ?wait, "kept the certificate: got no new one");
                self.stand_in(local);
                wait
            }
            Err(_) => PAUSE_MAX,
        }
    }

    /// Without a certificate of the authority, the local one is kept fresh.
    fn stand_in(&self, local: &impl Fn() -> Result<(), Failure>) {
        if self.kept().is_some() {
            return;
        }
        if let Err(Failure::Failed(cause)) = local() {
            tracing::error!(cause, "cannot renew the local certificate");
        }
    }

    async fn ask(&self, shown: &ServerCertificate) -> Result<(), Failure> {
        let account = self.safe.account();
        let order = self.authority.order(&self.names, &self.challenges, account);
        let Issued { chain_pem, key_pem, account } = tokio::time::timeout(ORDER_MAX, order)
            .await
            .map_err(|_| Failure::Failed(format!("no certificate within {ORDER_MAX:?}")))??;
        if let Some(account) = account {
            self.safe.keep_account(&account)?;
        }
        // Refused unless the key fits: a certificate of somebody else's key is never shown.
        shown.replace(&chain_pem, &key_pem).map_err(|error| Failure::because(&error))?;
        self.safe.keep(&Kept {
            directory_url: self.authority.directory_url().to_owned(),
            names: self.names.clone(),
            chain_pem,
            key_pem: key_pem.expose().clone(),
        })
    }
}

impl Safe {
    fn certificate(&self) -> Option<Kept> {
        let opened = self.open(&self.home.acme_certificate(), CERTIFICATE)?;
        serde_json::from_slice(opened.expose()).ok()
    }

    fn keep(&self, kept: &Kept) -> Result<(), Failure> {
        let text = serde_json::to_vec(kept).map(Secret::new).map_err(|e| Failure::because(&e))?;
        self.seal(&self.home.acme_certificate(), CERTIFICATE, &text)
    }

    fn account(&self) -> Option<Secret<Vec<u8>>> {
        self.open(&self.home.acme_account(), ACCOUNT)
    }

    fn keep_account(&self, account: &Secret<Vec<u8>>) -> Result<(), Failure> {
        self.seal(&self.home.acme_account(), ACCOUNT, account)
    }

    /// What cannot be opened is asked for anew.
    fn open(&self, path: &std::path::Path, context: &[&[u8]]) -> Option<Secret<Vec<u8>>> {
        let sealed = private::read(path, BYTES_MAX).ok()?;
        self.keyring.unwrap(context, sealed.expose()).ok()
    }

    fn seal(
        &self,
        path: &std::path::Path,
        context: &[&[u8]],
        text: &Secret<Vec<u8>>,
    ) -> Result<(), Failure> {
        let sealed = self.keyring.wrap(context, text.expose());
        private::write(path, &sealed).map_err(|error| Failure::because(&error))
    }
}

/// The names of the section, as listeners and the local certificate need them.
pub(crate) fn names(section: &Section) -> impl Iterator<Item = String> {
    section.domains.iter().map(|domain| domain.as_str().to_owned())
}

/// How long a certificate needs no renewal: until a third of its life is left.
fn until_renewal(life: Life, now: i64) -> Option<Duration> {
    let due = life.ends.saturating_sub(life.ends.saturating_sub(life.begins) / 3);
    let wait = u64::try_from(due.saturating_sub(now)).ok().filter(|wait| *wait > 0)?;
    // Looked at now and then: clocks are set, and machines sleep.
    Some(Duration::from_secs(wait).min(LOOK))
}

/// How long to wait after so many failures in a row: authorities count them.
fn pause(failures: u32) -> Duration {
    PAUSE_MIN.saturating_mul(1 << failures.min(10)).min(PAUSE_MAX)
}

const CERTIFICATE: &[&[u8]] = &[b"acme certificate"];
const ACCOUNT: &[&[u8]] = &[b"acme account"];
const BYTES_MAX: u64 = 256 * 1024;
const LOOK: Duration = Duration::from_secs(60 * 60);
const PAUSE_MIN: Duration = Duration::from_secs(60);
const PAUSE_MAX: Duration = Duration::from_secs(6 * 60 * 60);
const ORDER_MAX: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    #[test]
    fn a_certificate_is_renewed_in_its_last_third() {
        let life = Life { begins: 0, ends: 90 * DAY };

        assert_eq!(until_renewal(life, 61 * DAY), None);
        assert_eq!(until_renewal(life, 200 * DAY), None);
        assert_eq!(until_renewal(life, 60 * DAY - 5), Some(Duration::from_secs(5)));
        assert_eq!(until_renewal(life, DAY), Some(LOOK));
    }

    #[test]
    fn an_authority_that_fails_is_asked_ever_less_often() {
        let pauses: Vec<u64> = (0..12).map(|failures| pause(failures).as_secs()).collect();

        assert!(pauses.is_sorted(), "{pauses:?}");
        assert_eq!((pauses[0], pauses[1], pauses[11]), (60, 120, 6 * 60 * 60));
        assert_eq!(pause(u32::MAX), PAUSE_MAX);
    }
}
