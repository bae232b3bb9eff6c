//! What the rings and handlers share: one of each engine, wired once by the binary.

use std::sync::Arc;

use arc_swap::ArcSwap;
use kernel::Clock;
use policy::{Action, Engine};
use store::{Recorder, Store, StoreError};

use crate::access_log::AccessLog;
use crate::addresses::Addresses;
use crate::bans::Bans;
use crate::config::GateConfig;
use crate::contract::Contract;
use crate::keys::ApiKeys;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::posture::{Posture, PostureParts};
use crate::pressure::Pressure;
use crate::proofs::Proofs;
use crate::revocations::Revocations;
use crate::rings::Shield;
use crate::secrets::SecretUses;
use crate::sessions::Sessions;
use crate::signing::Signing;
use crate::tls::ClientCertificates;
use crate::tokens::Tokens;
use crate::usage::Usage;

/// The application: engines and settings. No handler knows where they come from.
pub struct App {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What must be remembered.
    pub store: Arc<Store>,
    /// The way into the audit trail for what changes nothing.
    pub recorder: Recorder,
    /// Who may do what.
    pub policy: Arc<Engine>,
    /// What the API is.
    pub contract: Arc<Contract>,
    /// What signs access tokens.
    pub signing: Arc<Signing>,
    /// Whose access tokens are believed.
    pub tokens: Tokens,
    /// Whose API keys are believed.
    pub keys: ApiKeys,
    /// Whose sessions are believed.
    pub sessions: Sessions,
    /// When secrets of clients were last used.
    pub secrets: SecretUses,
    /// Who is no longer believed.
    pub revocations: Revocations,
    /// What partners may use.
    pub usage: Usage,
    /// Numbers for operators.
    pub metrics: Metrics,
    /// One line a request.
    pub access_log: AccessLog,
    /// What was counted, and where.
    pub limits: Arc<Limits>,
    /// Who is kept out for a while.
    pub bans: Arc<Bans>,
    /// How much is at work, and how long it waits.
    pub pressure: Pressure,
    /// What certificates of clients are worth; nothing where none are asked for.
    pub certificates: Option<Arc<ClientCertificates>>,
    /// Scheme and authority that callers reach us under, without a slash at the end.
    pub public_url: String,
    posture: ArcSwap<Posture>,
    pub(crate) proofs: Proofs,
    pub(crate) actions: Vec<Action>,
}

/// What the binary has wired before the rings close.
pub struct Parts {
    /// See [`App::clock`].
    pub clock: Arc<dyn Clock>,
    /// See [`App::store`].
    pub store: Arc<Store>,
    /// See [`App::recorder`].
    pub recorder: Recorder,
    /// See [`App::policy`].
    pub policy: Arc<Engine>,
    /// See [`App::contract`].
    pub contract: Arc<Contract>,
    /// See [`App::signing`].
    pub signing: Arc<Signing>,
    /// See [`App::tokens`].
    pub tokens: Tokens,
    /// See [`App::keys`].
    pub keys: ApiKeys,
    /// See [`App::sessions`].
    pub sessions: Sessions,
    /// See [`App::access_log`].
    pub access_log: AccessLog,
    /// See [`Posture::addresses`].
    pub addresses: Option<Arc<Addresses>>,
    /// See [`App::limits`].
    pub limits: Arc<Limits>,
    /// See [`App::bans`].
    pub bans: Arc<Bans>,
    /// See [`Posture::firewall`].
    pub firewall: Option<Arc<Shield>>,
    /// See [`App::certificates`].
    pub certificates: Option<Arc<ClientCertificates>>,
    /// See [`Posture::config`].
    pub config: GateConfig,
    /// See [`App::public_url`].
    pub public_url: String,
}

/// An operation names an action that no policy knows.
#[derive(Debug, thiserror::Error)]
#[error("operation `{operation}` wants the action `{action}`, which no policy knows")]
pub struct UnknownAction {
    /// The operation's label.
    pub operation: String,
    /// The action it names.
    pub action: String,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When an operation's action is unknown to the policies: such a contract does not start.
    pub fn new(parts: Parts) -> Result<Arc<Self>, UnknownAction> {
        let mut actions = Vec::new();
        for operation in parts.contract.operations() {
            let action = parts.policy.action(&operation.action).ok_or_else(|| UnknownAction {
                operation: operation.label.clone(),
                action: operation.action.clone(),
            })?;
            actions.push(action);
        }
        let posture = Posture::new(PostureParts {
            config: parts.config,
            addresses: parts.addresses,
            limits: parts.limits.rules(),
            bans: parts.bans.rules(),
            firewall: parts.firewall,
        });
        let pressure = Pressure::default();
        Ok(Arc::new(Self {
            metrics: Metrics::new(&parts.contract, &parts.bans.tally, &pressure.tally),
            pressure,
            posture: ArcSwap::new(posture),
            proofs: Proofs::new(),
            usage: Usage::new(
                Arc::clone(&parts.store),
                Arc::clone(&parts.policy),
                Arc::clone(&parts.clock),
                Arc::clone(&parts.limits),
            ),
            secrets: SecretUses::new(Arc::clone(&parts.store)),
            revocations: Revocations::new(Arc::clone(&parts.store), Arc::clone(&parts.clock)),
            actions,
            clock: parts.clock,
            store: parts.store,
            recorder: parts.recorder,
            policy: parts.policy,
            contract: parts.contract,
            signing: parts.signing,
            tokens: parts.tokens,
            keys: parts.keys,
            sessions: parts.sessions,
            access_log: parts.access_log,
            limits: parts.limits,
            bans: parts.bans,
            certificates: parts.certificates,
            public_url: parts.public_url,
        }))
    }

    /// How the gate is set up. A request has its own: [`crate::Dossier::posture`].
    #[must_use]
    pub fn posture(&self) -> Arc<Posture> {
        self.posture.load_full()
    }

    /// Sets the gate up differently, for requests that begin from now on; those under way keep
    /// what they met. What was counted stays counted, and usage plans hold beside the new limits
    /// from the first request on.
    pub async fn adopt(&self, posture: Arc<Posture>) {
        let swap = || {
            self.bans.follow(Arc::clone(&posture.bans));
            self.posture.store(Arc::clone(&posture));
        };
        self.usage.follow(&posture.limits, swap).await;
    }

    /// Reads what other nodes and operators have decided: who is no longer believed, which keys
    /// sign, who is kept out and what plans allow. What follows a failure is read all the same.
    ///
    /// # Errors
    /// The first failure of the database; what is known stays known.
    pub async fn hear(&self) -> Result<(), StoreError> {
        // Denying a key and making its successor is one transaction. A node that denied before it
        // had read the successor would refuse the tokens that it signs.
        let news = self.revocations.news().await;
        let keys = self.signing.hear().await;
        let heard = news.map(|news| self.revocations.take(&news));
        let bans = self.bans.hear().await;
        let plans = self.usage.hear().await;
        heard.and(keys).and(bans).and(plans)
    }
}
