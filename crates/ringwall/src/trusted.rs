//! Issuers whose access tokens are believed: from the configuration to what the gate asks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gate::trusted::{Application, Mapping, RoleRow, TenantClaim, client_id, person_id};
use gate::{Tasks, TrustedIssuer, TrustedIssuers};
use issuers::{Issuer, IssuerConfig, Outside};
use oauth::OutsideRules;
use policy::Environment;
use signin::federated::Assurance;
use store::revocations::{self, Revocation, Revoked};
use store::tenants;
use tokio::time::timeout;

use crate::cli::ConfigArgs;
use crate::cli::exit::{Failure, print};
use crate::config::Config;
use crate::config::derived::PublicUrls;
use crate::config::trusted_issuers::{TrustedIssuer as Row, Written};
use crate::wire::{self, Base};
use crate::{partner, registration, sso};

/// Whose access tokens are believed besides ours. Their keys are asked for at once; whoever does
/// not answer keeps nobody waiting for long, and is asked again beside the requests.
///
/// # Errors
/// When a file of certificates cannot be read, or one of them is called as we are.
pub(crate) async fn raise(
    config: &Config,
    base: &Base,
    urls: &PublicUrls,
    tasks: &Tasks,
) -> Result<TrustedIssuers, Failure> {
    let identity = &config.identity;
    if identity.trusted_issuers.is_empty() {
        return Ok(TrustedIssuers::none());
    }
    if identity.trusted_issuers.iter().any(|row| row.written.issuer == urls.issuer) {
        return Err(Failure::Failed(OURSELVES.to_owned()));
    }
    let authorities = identity.trusted_issuers_ca_file.as_ref().map(std::fs::read).transpose();
    let authorities = authorities.map_err(|error| Failure::because(&error))?;
    let outside = Outside::new(authorities.as_deref()).map_err(|e| Failure::because(&e))?;
    let environment = wire::environment(config);
    let rows = identity.trusted_issuers.iter();
    let all: Vec<_> = rows.map(|row| trusted(row, (&outside, base), environment)).collect();
    check_tenants(&all, base, environment).await?;
    for one in &all {
        sso::keep_fresh(Arc::clone(&one.issuer), tasks);
    }
    let first = async {
        for one in &all {
            one.issuer.keep_fresh().await;
        }
    };
    // Requests that come before the keys would be refused for nothing.
    let _late = timeout(FIRST_MAX, first).await;
    Ok(TrustedIssuers::new(all, environment))
}

/// Tokens of others do not say which environment they are for: their tenants do.
async fn check_tenants(
    all: &[TrustedIssuer],
    base: &Base,
    environment: Environment,
) -> Result<(), Failure> {
    let known = tenants::list(&base.store).await.map_err(|error| Failure::because(&error))?;
    for (name, tenant) in
        all.iter().flat_map(|one| one.mapping.tenants().map(move |tenant| (&one.name, tenant)))
    {
        let is_here =
            |known: &tenants::Tenant| known.id == tenant && known.environment == environment;
        if !known.iter().any(is_here) {
            return Err(Failure::Failed(format!(
                "`identity.trusted_issuers`: `{name}` names `{tenant}`, which is no tenant of this \
                 server's environment, {environment}"
            )));
        }
    }
    Ok(())
}

/// Refuses from now on all tokens that an issuer has issued to an application, or for somebody.
///
/// # Errors
/// When no such issuer is configured.
pub(crate) fn revoke(args: &ConfigArgs, named: &str, kind: Revoked) -> Result<(), Failure> {
    partner::on(args, async |base, config| {
        let (issuer, theirs) = named.split_once(':').unwrap_or((named, ""));
        let rows = &config.identity.trusted_issuers;
        let row = rows.iter().find(|row| row.written.name == issuer && !theirs.is_empty());
        let row = row.ok_or_else(|| {
            Failure::Failed(format!(
                "expected the name of a trusted issuer, `:` and its name for \
                                     who is meant, found `{named}`"
            ))
        })?;
        let subject = match kind {
            Revoked::Staff => person_id(issuer, theirs).to_string(),
            _ => client_id(issuer, theirs),
        };
        let life = Duration::from_secs(row.written.token_life_max_s.unsigned_abs());
        // As far as the issuer's clock may be ahead of ours.
        let at = base.clock.now().plus(SKEW);
        let one = Revocation { kind, subject, at, until: at.plus(life).plus(SKEW) };
        let tenants: BTreeSet<_> =
            mapping(&row.written, wire::environment(config)).tenants().collect();
        for tenant in tenants {
            let permit = base.policy.system(tenant, "operator");
            let witness = registration::witness(&base, "admin revoke");
            let mut tx = base.store.tenant(&permit, &witness).await.map_err(partner::failed)?;
            revocations::add(&mut tx, &one).await.map_err(partner::failed)?;
            tx.commit(None).await.map_err(partner::failed)?;
        }
        partner::close(base).await
    })?;
    print(&format!("the access tokens of `{named}` end within two seconds\n"))
}

fn trusted(
    row: &Row,
    (outside, base): (&Outside, &Base),
    environment: Environment,
) -> TrustedIssuer {
    let written = &row.written;
    let config = IssuerConfig {
        name: written.name.clone(),
        issuer: written.issuer.clone(),
        jwks_uri: written.jwks_uri.clone(),
        algorithms: row.algorithms.clone(),
        own_origin_only: true,
    };
    let rules = OutsideRules {
        issuer: written.issuer.clone(),
        kind: row.kind,
        audiences: written.audiences.clone(),
        algorithms: row.algorithms.clone(),
        age_max_s: written.token_life_max_s,
        scope_claim: written.scope_claim.clone(),
        acr_claim: written.acr_claim.clone(),
        amr_claim: written.amr_claim.clone(),
    };
    TrustedIssuer {
        name: written.name.clone(),
        issuer: Arc::new(Issuer::new(config, outside.clone(), Arc::clone(&base.clock))),
        rules,
        mapping: mapping(written, environment),
    }
}

fn mapping(written: &Written, environment: Environment) -> Mapping {
    let tenants = written.tenants.iter().map(|row| (row.value.clone(), row.tenant));
    let counts = |named: &[Environment]| named.is_empty() || named.contains(&environment);
    let roles = written.roles.iter().filter(|row| counts(&row.environments));
    Mapping {
        tenant: written.tenant,
        tenant_claim: written
            .tenant_claim
            .clone()
            .map(|claim| TenantClaim { claim, tenants: tenants.collect() }),
        applications: written
            .clients
            .iter()
            .map(|client| Application {
                id: client.id.clone(),
                tenant: client.tenant,
                roles: client.roles.clone(),
                scopes: client.scopes.clone(),
            })
            .collect(),
        roles_claim: written.roles_claim.clone(),
        roles: roles
            .map(|row| RoleRow { value: row.value.clone(), roles: row.roles.clone() })
            .collect(),
        scopes: written.scopes.iter().map(|row| (row.scope.clone(), row.is.clone())).collect(),
        denied: written.denied_subjects.clone(),
        assurance: Assurance {
            two_factors: written.two_factors_acr.clone(),
            phishing_resistant: written.phishing_resistant_acr.clone(),
            is_enforced: written.enforces_mfa,
        },
    }
}

/// How far the issuer's clock and ours may be apart.
const SKEW: Duration = Duration::from_secs(30);
/// The start waits no longer for keys.
const FIRST_MAX: Duration = Duration::from_secs(3);
const OURSELVES: &str = "`identity.trusted_issuers`: expected no issuer that is called as we are";
