//! Identity providers: from the configuration to what the API and the gate ask.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Provider, ProviderProof, Sso};
use data_encoding::BASE64;
use gate::{Cidr, Tasks};
use issuers::{Issuer, IssuerConfig, Outside};
use kernel::{Clock, Secret};
use oauth::SigningKey;
use signin::federated::{Assurance, GroupRow};
use store::{staff, tenants};
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::exit::Failure;
use crate::config::Config;
use crate::config::sso::{Proof, SsoProvider};
use crate::partner::failed;
use crate::wire::{self, Base};

/// Whom others vouch for.
///
/// # Errors
/// When a secret or a file of certificates cannot be read.
pub(crate) fn raise(
    config: &Config,
    clock: &Arc<dyn Clock>,
    tasks: &Tasks,
) -> Result<Sso, Failure> {
    if config.sso.providers.is_empty() {
        return Ok(Sso::none());
    }
    let outside = outside(config)?;
    let environment = wire::environment(config);
    let mut providers = Vec::new();
    for written in &config.sso.providers {
        let issuer = IssuerConfig {
            name: written.name.clone(),
            issuer: written.issuer.clone(),
            jwks_uri: None,
            own_origin_only: false,
            algorithms: written.algorithms.clone(),
        };
        let issuer = Arc::new(Issuer::new(issuer, outside.clone(), Arc::clone(clock)));
        keep_fresh(Arc::clone(&issuer), tasks);
        providers.push(provider(written, issuer, environment)?);
    }
    let networks = config.sso.break_glass_from.iter();
    let networks = networks.map(|each| Cidr::new(each.address, each.prefix)).collect();
    Ok(Sso { providers, break_glass: config.sso.break_glass.then_some(networks) })
}

/// Says so where an emergency would find fewer than two people of an agency who can come past its
/// provider: one alone may be ill, or the one who is to be kept out.
///
/// # Errors
/// When the database fails.
pub(crate) async fn count_break_glass(config: &Config, base: &Base) -> Result<(), Failure> {
    if !config.sso.break_glass {
        return Ok(());
    }
    let groups = config.sso.providers.iter().flat_map(|provider| &provider.groups);
    let agencies: BTreeSet<&str> = groups.map(|group| group.agency.as_str()).collect();
    for tenant in tenants::list(&base.store).await.map_err(failed)? {
        let agency = tenant.slug.as_str();
        if !agencies.contains(agency) {
            continue;
        }
        let permit = base.policy.system(tenant.id, "start");
        let view = base.store.view(&permit).await.map_err(failed)?;
        let accounts = staff::count_break_glass(&view).await.map_err(failed)?;
        if accounts < BREAK_GLASS_MIN {
            tracing::warn!(
                agency,
                accounts,
                "`sso.break_glass` is on, and `{agency}` has fewer than {BREAK_GLASS_MIN} enrolled \
                 accounts for emergencies; see `ringwall admin break-glass`"
            );
        }
    }
    Ok(())
}

/// The way to providers, and the authorities that they are believed from.
///
/// # Errors
/// When the file of authorities cannot be read, or has none.
pub(crate) fn outside(config: &Config) -> Result<Outside, Failure> {
    let authorities = config.sso.ca_file.as_ref().map(std::fs::read).transpose();
    let authorities = authorities.map_err(|error| Failure::because(&error))?;
    Outside::new(authorities.as_deref()).map_err(|error| Failure::because(&error))
}

fn provider(
    written: &SsoProvider,
    issuer: Arc<Issuer>,
    environment: policy::Environment,
) -> Result<Provider, Failure> {
    let counts = |named: &[policy::Environment]| named.is_empty() || named.contains(&environment);
    let groups = written.groups.iter().filter(|group| counts(&group.environments));
    Ok(Provider {
        name: written.name.clone(),
        label: written.label.clone(),
        issuer,
        client_id: written.client_id.clone(),
        proof: proof(&written.proof)?,
        scope: written.scope.clone(),
        acr_values: written.acr_values.clone(),
        max_age_s: written.max_age_s,
        assurance: Assurance {
            two_factors: written.two_factors_acr.clone(),
            phishing_resistant: written.phishing_resistant_acr.clone(),
            is_enforced: written.enforces_mfa,
        },
        groups_claim: written.groups_claim.clone(),
        groups: groups
            .map(|group| GroupRow {
                group: group.group.clone(),
                agency: group.agency.clone(),
                roles: group.roles.clone(),
            })
            .collect(),
    })
}

fn proof(proof: &Proof) -> Result<ProviderProof, Failure> {
    match proof {
        Proof::Secret(reference) => {
            let secret = reference.resolve().map_err(|error| Failure::because(&error))?;
            Ok(ProviderProof::Secret(secret))
        }
        Proof::Key(reference) => {
            let pem = reference.resolve().map_err(|error| Failure::because(&error))?;
            let bytes = pkcs8(&pem).ok_or_else(|| Failure::Failed(NO_KEY.to_owned()))?;
            let key = SigningKey::from_pkcs8(bytes.expose());
            Ok(ProviderProof::Key(Box::new(key.map_err(|error| Failure::because(&error))?)))
        }
    }
}

/// The one block of a PEM file (RFC 7468).
fn pkcs8(pem: &Secret<String>) -> Option<Secret<Vec<u8>>> {
    let (_, rest) = pem.expose().split_once("-----BEGIN PRIVATE KEY-----")?;
    let (block, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let text: String = block.split_whitespace().collect();
    BASE64.decode(text.as_bytes()).ok().map(Secret::new)
}

/// Looks for new keys now and then, so that no request waits for them.
pub(crate) fn keep_fresh(issuer: Arc<Issuer>, tasks: &Tasks) {
    let mut stopping = tasks.stopping();
    tasks.spawn(async move {
        let mut next = interval(LOOK);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                _ = next.tick() => {}
            }
            tokio::select! {
                () = &mut stopping => return,
                () = issuer.keep_fresh() => {}
            }
        }
    });
}

const NO_KEY: &str = "`client_key`: expected a P-256 private key, PKCS#8 in PEM form";
const BREAK_GLASS_MIN: u64 = 2;
const LOOK: std::time::Duration = std::time::Duration::from_secs(30);
