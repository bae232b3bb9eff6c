//! An agency and those who may call for it.

use std::sync::Arc;

use data_encoding::BASE64;
use kernel::{RequestId, Secret, TenantId, UserId};
use oauth::{CertificateRule, Claims, Scopes, SigningKey};
use policy::{Role, SCOPES, StaffFacts};
use store::partners::{self, NewPartner, PartnerUses};
use store::revocations::{self, Revocation, Revoked};

use crate::caller::Caller;
use crate::platform::{PUBLIC_URL, Running};
use crate::samples;

/// An agency.
pub struct Tenant {
    pub(crate) running: Arc<Running>,
    id: TenantId,
    slug: String,
    company: String,
}

/// What a registered application proves itself with.
pub struct Credentials {
    /// Its client id.
    pub client_id: String,
    /// Its secret.
    pub secret: Secret<String>,
}

impl Tenant {
    pub(crate) fn new(running: Arc<Running>, id: TenantId, slug: &str) -> Self {
        Self { running, id, slug: slug.to_owned(), company: String::new() }
    }

    pub(crate) async fn furnish(&mut self) {
        let owner = self.partner(&["write:clients"]).await;
        self.company = owner.post("/v1/clients", samples::company()).await.is(201).id();
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> TenantId {
        self.id
    }

    /// Its name for URLs.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The id of its first client company; empty when it has none.
    #[must_use]
    pub fn company(&self) -> &str {
        &self.company
    }

    /// An application with this role and every scope.
    pub async fn caller(&self, role: Role) -> Caller {
        self.application(role, SCOPES).await
    }

    /// A partner with these scopes.
    pub async fn partner(&self, scopes: &[&str]) -> Caller {
        self.application(Role::Partner, scopes).await
    }

    /// An application with this role and these scopes, with a token of the token endpoint.
    pub async fn application(&self, role: Role, scopes: &[&str]) -> Caller {
        let credentials = self.register(role, scopes).await;
        self.sign_in(&credentials).await
    }

    /// A person with this role who signed in a minute ago with a factor that cannot be phished.
    #[must_use]
    pub fn person(&self, role: Role) -> Caller {
        self.signed_in(role, 60)
    }

    /// A person with this role whose sign-in is so old.
    #[must_use]
    pub fn signed_in(&self, role: Role, auth_age_s: u64) -> Caller {
        let facts = StaffFacts {
            user_id: UserId::new(self.running.clock.as_ref()),
            tenant: self.id,
            environment: self.running.environment,
            roles: vec![role],
            mfa: true,
            phishing_resistant: true,
            auth_age_s,
            session: None,
        };
        Caller::person(Arc::clone(&self.running), policy::Caller::staff(facts))
    }

    /// A registered application with a new token of the token endpoint.
    pub async fn sign_in(&self, credentials: &Credentials) -> Caller {
        let stranger = Caller::new(Arc::clone(&self.running), None);
        let token = stranger
            .token(&credentials.client_id, credentials.secret.expose())
            .await
            .is(200)
            .text_of("/access_token");
        Caller::new(Arc::clone(&self.running), Some(token))
    }

    /// Registers an application.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn register(&self, role: Role, scopes: &[&str]) -> Credentials {
        let app = &self.running.app;
        let client_id = oauth::generate_client_id();
        let secret = oauth::generate_client_secret();
        let hash = oauth::hash_secret(&self.running.pepper, secret.expose());
        let partner = NewPartner {
            client_id: client_id.clone(),
            name: format!("{role} of {}", self.slug),
            role,
            scopes: scopes.join(" "),
            secret_hash: hash.to_bytes().to_vec(),
        };
        self.running.tick();
        let permit = app.policy.system(self.id, "testkit");
        let witness = self.running.witness(self.id);
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        partners::register(&mut tx, partner).await.expect("a partner is registered");
        tx.commit(None).await.expect("the transaction commits");
        Credentials { client_id, secret }
    }

    /// Registers an application's public keys, and whether it is held to FAPI 2.0.
    ///
    /// # Panics
    /// When the store refuses them.
    pub async fn set_keys(&self, client_id: &str, jwks: &[String], strict: bool) {
        let app = &self.running.app;
        self.running.tick();
        let permit = app.policy.system(self.id, "testkit");
        let witness = self.running.witness(self.id);
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        let set = partners::set_keys(&mut tx, client_id, jwks, strict).await;
        set.expect("the keys are registered");
        tx.commit(None).await.expect("the transaction commits");
    }

    /// Makes an application one of the agency's own.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn set_first_party(&self, client_id: &str) {
        let app = &self.running.app;
        self.running.tick();
        let permit = app.policy.system(self.id, "testkit");
        let witness = self.running.witness(self.id);
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        partners::set_first_party(&mut tx, client_id, true).await.expect("the client is there");
        tx.commit(None).await.expect("the transaction commits");
    }

    /// Registers which certificates are an application's, and whether its tokens are bound to the
    /// one that it shows.
    ///
    /// # Panics
    /// When the store refuses them.
    pub async fn set_certificates(&self, client_id: &str, rules: &[CertificateRule], bound: bool) {
        let app = &self.running.app;
        self.running.tick();
        let permit = app.policy.system(self.id, "testkit");
        let witness = self.running.witness(self.id);
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        let set = partners::set_certificates(&mut tx, client_id, rules, bound).await;
        set.expect("the certificates are registered");
        tx.commit(None).await.expect("the transaction commits");
    }

    /// Registers what an application may use, and where people are sent back to.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn set_uses(&self, client_id: &str, uses: &PartnerUses) {
        let app = &self.running.app;
        self.running.tick();
        let permit = app.policy.system(self.id, "testkit");
        let witness = self.running.witness(self.id);
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        partners::set_uses(&mut tx, client_id, uses).await.expect("the uses are registered");
        tx.commit(None).await.expect("the transaction commits");
    }

    /// An application that may ask people for these scopes, and send them back to [`CALLBACK`].
    pub async fn asking(&self, scopes: &[&str]) -> Credentials {
        let known = self.register(Role::Partner, scopes).await;
        self.set_uses(&known.client_id, &asking()).await;
        known
    }

    /// Revokes something, as another node would: this one has to hear of it.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn revoke(&self, kind: Revoked, subject: &str) {
        let app = &self.running.app;
        let permit = app.policy.system(self.id, "testkit");
        let witness = self.running.witness(self.id);
        let at = witness.scene.at;
        let until = at.plus(crate::minutes(20));
        let one = Revocation { kind, subject: subject.to_owned(), at, until };
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        revocations::add(&mut tx, &one).await.expect("a revocation is written");
        tx.commit(None).await.expect("the transaction commits");
    }

    /// Somebody whose token says all the right things, but is signed by another key.
    ///
    /// # Panics
    /// Never: made-up claims can be signed.
    #[must_use]
    pub fn forger(&self) -> Caller {
        self.signed_by(&SigningKey::generate())
    }

    /// Somebody with a token that another node signed with this key.
    ///
    /// # Panics
    /// Never: made-up claims can be signed.
    #[must_use]
    pub fn signed_by(&self, key: &SigningKey) -> Caller {
        let clock = self.running.clock.as_ref();
        let now = kernel::Clock::now(clock).seconds();
        let client_id = oauth::generate_client_id();
        let claims = Claims {
            iss: PUBLIC_URL.to_owned(),
            sub: client_id.clone(),
            aud: PUBLIC_URL.to_owned(),
            client_id,
            jti: RequestId::new(clock).to_string(),
            iat: now,
            exp: now + 900,
            scope: Scopes::parse(&SCOPES.join(" ")).expect("our own scopes"),
            tenant: self.id,
            env: "production".to_owned(),
            roles: vec![Role::Partner.to_string()],
            person: None,
            cnf: None,
        };
        let token = oauth::mint(key, &claims).expect("a token is signed");
        Caller::new(Arc::clone(&self.running), Some(token))
    }
}

impl Credentials {
    /// As HTTP Basic writes them.
    #[must_use]
    pub fn basic(&self) -> String {
        basic(&self.client_id, self.secret.expose())
    }
}

/// Every grant, and one address to send people back to.
#[must_use]
pub fn asking() -> PartnerUses {
    let grants = ["client_credentials", "authorization_code", "refresh_token"];
    PartnerUses {
        grants: grants.map(str::to_owned).to_vec(),
        redirect_uris: vec![CALLBACK.to_owned()],
        par_required: false,
    }
}

/// Where applications of tests have people sent back to.
pub const CALLBACK: &str = "https://app.example/cb";

/// Client id and secret as HTTP Basic writes them.
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{client_id}:{secret}").as_bytes()))
}
