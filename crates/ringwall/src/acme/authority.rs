//! One order of a certificate: account, challenges of each name, the request, the certificate.

use std::time::Duration;

use gate::tls::{Challenges, request};
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use kernel::Secret;

use crate::acme::http::Asking;
use crate::cli::exit::Failure;
use crate::config::acme::Acme as Section;

/// Who issues certificates.
pub(super) struct Authority {
    asking: Asking,
    directory_url: String,
    contact: Option<String>,
    terms_accepted: bool,
}

/// What it issued.
pub(super) struct Issued {
    pub(super) chain_pem: String,
    pub(super) key_pem: Secret<String>,
    /// Where an account was made for it.
    pub(super) account: Option<Secret<Vec<u8>>>,
}

impl Authority {
    pub(super) fn new(section: &Section) -> Result<Self, Failure> {
        let authorities = section.ca_file.as_ref().map(std::fs::read).transpose();
        let authorities = authorities.map_err(|error| {
            let path = section.ca_file.clone().unwrap_or_default();
            Failure::Failed(format!("`acme.ca_file` `{}`: {error}", path.display()))
        })?;
        Ok(Self {
            asking: Asking::new(authorities.as_deref()).map_err(|e| Failure::because(&e))?,
            directory_url: section.directory_url.as_str().to_owned(),
            contact: section.contact.as_ref().map(|contact| contact.uri()),
            terms_accepted: section.terms_accepted,
        })
    }

    pub(super) fn directory_url(&self) -> &str {
        &self.directory_url
    }

    /// Orders a certificate for these names, and answers what is asked about each.
    pub(super) async fn order(
        &self,
        names: &[String],
        challenges: &Challenges,
        account: Option<Secret<Vec<u8>>>,
    ) -> Result<Issued, Failure> {
        let (account, made) = self.account(account).await?;
        let identifiers: Vec<_> = names.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await.map_err(refused)?;
        let pending = answer(&mut order, challenges).await?;
        let ready = order.poll_ready(&PATIENCE).await;
        drop(pending);
        match ready {
            Ok(OrderStatus::Ready) => {}
            Ok(_) => return Err(why_invalid(&mut order).await),
            Err(error) => return Err(refused(error)),
        }
        let requested = request(names).map_err(|error| Failure::because(&error))?;
        order.finalize_csr(&requested.csr).await.map_err(refused)?;
        let chain_pem = order.poll_certificate(&PATIENCE).await.map_err(refused)?;
        Ok(Issued { chain_pem, key_pem: requested.key_pem, account: made })
    }

    /// The account that was kept for this authority, or a new one.
    async fn account(
        &self,
        kept: Option<Secret<Vec<u8>>>,
    ) -> Result<(Account, Option<Secret<Vec<u8>>>), Failure> {
        let builder = || Account::builder_with_http(Box::new(self.asking.clone()));
        let kept = kept.and_then(|kept| serde_json::from_slice::<KeptAccount>(kept.expose()).ok());
        if let Some(kept) = kept.filter(|kept| kept.directory_url == self.directory_url) {
            let account = builder().from_credentials(kept.credentials).await;
            return account.map(|account| (account, None)).map_err(refused);
        }
        let contact: Vec<&str> = self.contact.iter().map(String::as_str).collect();
        let wanted = NewAccount {
            contact: &contact,
            terms_of_service_agreed: self.terms_accepted,
            only_return_existing: false,
        };
        let (account, credentials) =
            builder().create(&wanted, self.directory_url.clone(), None).await.map_err(refused)?;
        let made = KeptAccount { directory_url: self.directory_url.clone(), credentials };
        let made = serde_json::to_vec(&made).map_err(|error| Failure::because(&error))?;
        Ok((account, Some(Secret::new(made))))
    }
}

/// An account as it is kept.
#[derive(serde::Serialize, serde::Deserialize)]
struct KeptAccount {
    directory_url: String,
    credentials: AccountCredentials,
}

/// Makes ready what is asked of each name; answered while the result lives.
async fn answer(
    order: &mut Order,
    challenges: &Challenges,
) -> Result<Vec<gate::tls::Pending>, Failure> {
    let mut pending = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(refused)?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization
            .challenge(ChallengeType::TlsAlpn01)
            .ok_or_else(|| Failure::Failed("the authority offers no `tls-alpn-01`".to_owned()))?;
        let name = challenge.identifier().to_string();
        let authorized = challenge.key_authorization();
        let digest = authorized.digest();
        let digest = <&[u8; 32]>::try_from(digest.as_ref());
        let digest = digest.map_err(|error| Failure::because(&error))?;
        pending.push(challenges.answer(&name, digest).map_err(|e| Failure::because(&e))?);
        challenge.set_ready().await.map_err(refused)?;
    }
    Ok(pending)
}

/// What the authority found when it asked for the names.
async fn why_invalid(order: &mut Order) -> Failure {
    let mut found = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            continue;
        }
        let name = authorization.identifier().to_string();
        let errors = authorization.challenges.iter().filter_map(|one| one.error.as_ref());
        found.extend(errors.map(|error| format!("{name}: {error}")));
    }
    Failure::Failed(format!(
        "the authority could not verify the names ({}); mend it by pointing each name of \
         `acme.domains` at this server, with port 443 reaching `server.listen`",
        found.join("; ")
    ))
}

fn refused(error: Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    Failure::Failed(format!(
        "the authority did not answer as it should ({text}); look at `acme.directory_url` and \
         `acme.ca_file`"
    ))
}

const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .backoff(2.0)
    .timeout(Duration::from_secs(60));
