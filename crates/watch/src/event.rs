//! Events and their makers. A maker asks for everything that OCSF requires of the class.

use std::borrow::Cow;

use kernel::{EventId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::ocsf::{
    API_ACTIVITY, AUTHENTICATION, ActorObject, Api, ApiRequest, Authorization, DigestOf, Endpoint,
    FieldChange, HttpRequest, Metadata, Owner, Policy, Product, Resource, Service, Session, Trace,
    Unmapped, User, VERSION, Word,
};
use crate::printable::printable;
use crate::{Actor, Scene};

/// Something that happened, in the shape of OCSF 1.8.
///
/// Reading refuses members that this version does not know: writing the event again would drop
/// them, and change its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action_id: Option<u8>,
    activity_id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<ActorObject>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api: Option<Api>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_protocol: Option<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_protocol_id: Option<u8>,
    category_uid: u32,
    class_uid: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http_request: Option<HttpRequest>,
    metadata: Metadata,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Resource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
    severity_id: u8,
    src_endpoint: Endpoint,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status_code: Option<Word>,
    status_id: u8,
    time: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<Trace>,
    type_uid: u32,
    #[serde(default, skip_serializing_if = "Unmapped::is_empty")]
    unmapped: Unmapped,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<User>,
}

/// Somebody tried to prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// How: `client_secret_basic`, `bearer`.
    pub method: &'static str,
    /// Who they said they are; recorded up to 64 printable characters.
    pub client_id: Option<String>,
    /// Whose client or credential that is, where there is one: its owner may see who tries.
    pub tenant: Option<TenantId>,
    /// The person, once an account was found for who they said they are.
    pub person: Option<Person>,
    /// With which credential; recorded up to 64 printable characters. Never the credential.
    pub credential: Option<String>,
    /// The thumbprint of the key or certificate that came with it.
    pub bound_to: Option<String>,
    /// How strongly they proved who they are, where they proved it to us.
    pub assured: Option<Assured>,
    /// What another issuer said, where it is on its word.
    pub vouched: Option<Vouched>,
    /// Nothing, or the stable code of why not.
    pub outcome: Result<(), &'static str>,
}

impl Authentication {
    /// An attempt of which no more is known.
    #[must_use]
    pub const fn new(method: &'static str, outcome: Result<(), &'static str>) -> Self {
        Self {
            method,
            client_id: None,
            tenant: None,
            person: None,
            credential: None,
            bound_to: None,
            assured: None,
            vouched: None,
            outcome,
        }
    }
}

/// How strongly somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assured {
    /// In the words of tokens: `mfa`, or `phr` for what cannot be phished.
    pub acr: &'static str,
    /// By which methods, with spaces between (RFC 8176); nothing where they proved it earlier.
    pub amr: &'static str,
}

/// What another issuer said of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The issuer, by the name that operators gave it.
    pub issuer: String,
    /// The key that its word says it is signed with; recorded up to 64 printable characters.
    pub kid: Option<String>,
    /// How strongly they proved who they are; recorded up to 64 printable characters.
    pub acr: Option<String>,
    /// By which methods, with spaces between; recorded up to 64 printable characters.
    pub amr: Option<String>,
}

/// A person on an agency's staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whose staff.
    pub tenant: TenantId,
    /// Who. Never a name.
    pub user: UserId,
}

/// The policy allowed or refused something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The operation: `GET /v1/jobs/{id}`.
    pub operation: String,
    /// What it wanted to do: `job.read`.
    pub action: String,
    /// Whether it may.
    pub allowed: bool,
    /// The stable code of why not.
    pub reason: Option<&'static str>,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// The id of what it wanted to do it to.
    pub resource: Option<String>,
}

/// A resource came, changed or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The operation: `PATCH /v1/jobs/{id}`, or a command.
    pub operation: String,
    /// Which of the three.
    pub kind: ChangeKind,
    /// `job`, `candidate`.
    pub resource_type: &'static str,
    /// Its id, as printed.
    pub resource_id: String,
    /// Its version after the change.
    pub version: i64,
    /// Names of the fields that changed. Never values.
    pub fields: Vec<String>,
    /// SHA-256, in hex, of what it followed from and of what came out, each by its name.
    pub digests: Vec<(&'static str, String)>,
    /// The policies that allowed it.
    pub policies: Vec<String>,
}

/// Data of high risk was shown to somebody who said why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// The operation: `POST /v1/employments/{id}/reveal`.
    pub operation: String,
    /// `employment`.
    pub resource_type: &'static str,
    /// Its id, as printed.
    pub resource_id: String,
    /// The version that was shown.
    pub version: i64,
    /// Names of the fields that were shown. Never values.
    pub fields: Vec<String>,
    /// Why, in the words of a list, and the case it was for. Nothing personal.
    pub purpose: String,
    /// The policies that allowed it.
    pub policies: Vec<String>,
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It came to be.
    Create,
    /// It changed.
    Update,
    /// It went.
    Delete,
}

impl Event {
    /// Somebody tried to prove who they are: class Authentication, activity Logon.
    #[must_use]
    pub fn authentication(id: EventId, scene: &Scene, attempt: Authentication) -> Self {
        let class = Class { uid: AUTHENTICATION, activity: LOGON, code: "authentication" };
        let mut event = Self::new(id, scene, class, attempt.outcome.is_ok());
        event.status_code = attempt.outcome.err().map(Cow::Borrowed);
        event.auth_protocol = Some(Cow::Borrowed(attempt.method));
        event.auth_protocol_id = Some(OTHER);
        event.service = Some(ringwall());
        let cut = |text: String| printable(&text, CLAIMED_CHARS_MAX);
        event.unmapped.bound_to = attempt.bound_to.map(cut);
        if let Some(Assured { acr, amr }) = attempt.assured {
            event.unmapped.acr = Some(acr.to_owned());
            event.unmapped.amr = Some(amr.to_owned()).filter(|amr| !amr.is_empty());
        }
        if let Some(vouched) = attempt.vouched {
            event.unmapped.issuer = Some(cut(vouched.issuer));
            event.unmapped.kid = vouched.kid.map(cut);
            event.unmapped.acr = vouched.acr.map(cut);
            event.unmapped.amr = vouched.amr.map(cut);
        }
        // Whoever comes past the identity provider is looked at by a human.
        if attempt.method.starts_with("break_glass") {
            event.severity_id = CRITICAL;
        }
        let credential_uid = attempt.credential.map(cut);
        event.user = Some(match (attempt.person, attempt.client_id) {
            (Some(person), client_id) => {
                event.unmapped.client_id = client_id.map(cut);
                User { credential_uid, ..user(person.user.to_string(), STAFF_USER) }
            }
            (None, Some(client_id)) => {
                User { credential_uid, ..user(cut(client_id), SERVICE_USER) }
            }
            (None, None) => anonymous(credential_uid),
        });
        let of_person = attempt.person.map(|person| person.tenant);
        if let Some(tenant) = of_person.or(attempt.tenant) {
            event.metadata.tenant_uid = Some(tenant);
        }
        event
    }

    /// The policy decided: class API Activity, with `actor.authorizations`.
    #[must_use]
    pub fn decision(id: EventId, scene: &Scene, actor: &Actor, decision: Decision) -> Self {
        let activity = activity(&decision.operation);
        let class = Class { uid: API_ACTIVITY, activity, code: "decision" };
        let mut event = Self::new(id, scene, class, decision.allowed);
        let word = if decision.allowed { "allowed" } else { "denied" };
        event.action_id = Some(if decision.allowed { ALLOWED } else { DENIED });
        event.status_code = decision.reason.map(Cow::Borrowed);
        event.act(scene, actor, authorizations(word, decision.policies), decision.operation);
        event.unmapped.action = Some(decision.action);
        event.resources = Vec::from_iter(decision.resource.map(|uid| Resource {
            owner: None,
            kind: None,
            uid,
            version: None,
        }));
        event
    }

    /// A resource changed: class API Activity, with `resources` and the names of fields.
    #[must_use]
    pub fn change(id: EventId, scene: &Scene, actor: &Actor, change: Change) -> Self {
        let activity = change.kind.activity();
        let class = Class { uid: API_ACTIVITY, activity, code: "change" };
        let mut event = Self::new(id, scene, class, true);
        event.action_id = Some(ALLOWED);
        event.act(scene, actor, authorizations("allowed", change.policies), change.operation);
        let changes = change.fields.into_iter().map(|field| FieldChange { field });
        event.unmapped.changes = changes.collect();
        event.unmapped.digests = change
            .digests
            .into_iter()
            .map(|(of, sha256)| DigestOf { of: Cow::Borrowed(of), sha256 })
            .collect();
        event.resources = vec![Resource {
            owner: scene.tenant.map(|uid| Owner { uid }),
            kind: Some(Cow::Borrowed(change.resource_type)),
            uid: change.resource_id,
            version: Some(change.version.to_string()),
        }];
        event
    }

    /// Data was shown for a stated reason: class API Activity, activity Read, with the names of
    /// fields.
    #[must_use]
    pub fn disclosure(id: EventId, scene: &Scene, actor: &Actor, shown: Disclosure) -> Self {
        let class = Class { uid: API_ACTIVITY, activity: READ, code: "disclosure" };
        let mut event = Self::new(id, scene, class, true);
        event.action_id = Some(ALLOWED);
        event.act(scene, actor, authorizations("allowed", shown.policies), shown.operation);
        event.unmapped.disclosed = shown.fields;
        event.unmapped.purpose = Some(Cow::Owned(printable(&shown.purpose, PURPOSE_CHARS_MAX)));
        event.resources = vec![Resource {
            owner: scene.tenant.map(|uid| Owner { uid }),
            kind: Some(Cow::Borrowed(shown.resource_type)),
            uid: shown.resource_id,
            version: Some(shown.version.to_string()),
        }];
        event
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> EventId {
        self.metadata.uid
    }

    /// In whose data it happened.
    #[must_use]
    pub const fn tenant(&self) -> Option<TenantId> {
        self.metadata.tenant_uid
    }

    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.time)
    }

    /// Its OCSF class: 3002 or 6003.
    #[must_use]
    pub const fn class_uid(&self) -> u32 {
        self.class_uid
    }

    /// The canonical form (RFC 8785): what is stored, signed and hashed.
    ///
    /// # Panics
    /// Never: serialisation fails for maps with odd keys, and there are none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "no map, no float, and memory does not refuse writes")]
    pub fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an event serialises")
    }

    fn new(id: EventId, scene: &Scene, class: Class, is_success: bool) -> Self {
        // OCSF 1.8 knows `trace` for API Activity only; elsewhere the request's id must do.
        let trace = scene.trace.as_deref().filter(|_| class.uid == API_ACTIVITY);
        let trace = trace.filter(|trace| is_trace_id(trace)).map(|uid| Trace { uid: uid.into() });
        Self {
            action_id: None,
            activity_id: class.activity,
            actor: None,
            api: None,
            auth_protocol: None,
            auth_protocol_id: None,
            category_uid: class.uid / 1000,
            class_uid: class.uid,
            http_request: scene
                .user_agent
                .as_deref()
                .map(|agent| HttpRequest { user_agent: printable(agent, USER_AGENT_CHARS_MAX) }),
            metadata: metadata(id, scene, &class, trace.is_some()),
            resources: Vec::new(),
            service: None,
            severity_id: if is_success { INFORMATIONAL } else { LOW },
            src_endpoint: endpoint(scene),
            status_code: None,
            status_id: if is_success { SUCCESS } else { FAILURE },
            time: scene.at.millis().clamp(-INTEGER_MAX, INTEGER_MAX),
            trace,
            type_uid: class.uid * 100 + class.activity,
            unmapped: Unmapped::default(),
            user: None,
        }
    }

    /// What API Activity requires beyond the base event.
    fn act(
        &mut self,
        scene: &Scene,
        actor: &Actor,
        authorizations: Vec<Authorization>,
        operation: String,
    ) {
        let (user, session) = match actor {
            Actor::Anonymous => (anonymous(None), None),
            Actor::Client { client_id, credential } => {
                let credential_uid = credential.clone();
                (User { credential_uid, ..user(client_id.clone(), SERVICE_USER) }, None)
            }
            Actor::Staff { user: uid, is_mfa, client_id } => {
                self.unmapped.client_id = client_id.clone();
                (user(uid.clone(), STAFF_USER), Some(Session { is_mfa: *is_mfa }))
            }
            Actor::System { reason } => {
                self.unmapped.purpose = Some(Cow::Owned(reason.clone()));
                (named("system", SYSTEM_USER), None)
            }
        };
        self.actor = Some(ActorObject { authorizations, session, user });
        let request = scene.request.map(|uid| ApiRequest { uid });
        self.api = Some(Api { operation, request, service: ringwall() });
    }
}

impl ChangeKind {
    const fn activity(self) -> u32 {
        match self {
            Self::Create => CREATE,
            Self::Update => UPDATE,
            Self::Delete => DELETE,
        }
    }
}

/// What makes one kind of event.
struct Class {
    uid: u32,
    activity: u32,
    code: &'static str,
}

fn metadata(id: EventId, scene: &Scene, class: &Class, has_trace: bool) -> Metadata {
    let security = (class.uid == API_ACTIVITY).then_some("security_control");
    let trace = has_trace.then_some("trace");
    Metadata {
        correlation_uid: scene.request,
        event_code: Cow::Borrowed(class.code),
        log_name: Cow::Borrowed("audit"),
        product: Product {
            name: Cow::Borrowed(PRODUCT),
            vendor_name: Cow::Borrowed(PRODUCT),
            version: Cow::Borrowed(PRODUCT_VERSION),
        },
        profiles: security.into_iter().chain(trace).map(Cow::Borrowed).collect(),
        tenant_uid: scene.tenant,
        uid: id,
        version: Cow::Borrowed(VERSION),
    }
}

fn endpoint(scene: &Scene) -> Endpoint {
    let ip = scene.source_ip.map(|ip| ip.to_canonical());
    Endpoint { svc_name: ip.is_none().then_some(Cow::Borrowed(PRODUCT)), ip }
}

/// The operation's method tells the activity; a command has none.
fn activity(operation: &str) -> u32 {
    match operation.split_once(' ').map(|(method, _)| method) {
        Some("POST") => CREATE,
        Some("GET" | "HEAD" | "OPTIONS") => READ,
        Some("PUT" | "PATCH") => UPDATE,
        Some("DELETE") => DELETE,
        _ => UNKNOWN,
    }
}

fn authorizations(decision: &'static str, policies: Vec<String>) -> Vec<Authorization> {
    let decision = Cow::Borrowed(decision);
    if policies.is_empty() {
        return vec![Authorization { decision, policy: None }];
    }
    let policies = policies.into_iter().map(|uid| Some(Policy { uid }));
    policies.map(|policy| Authorization { decision: decision.clone(), policy }).collect()
}

fn user(uid: String, type_id: u8) -> User {
    User { credential_uid: None, name: None, type_id, uid: Some(uid) }
}

fn named(name: &'static str, type_id: u8) -> User {
    User { credential_uid: None, name: Some(Cow::Borrowed(name)), type_id, uid: None }
}

fn anonymous(credential_uid: Option<String>) -> User {
    User { credential_uid, ..named("anonymous", UNKNOWN_USER) }
}

fn ringwall() -> Service {
    Service { name: Cow::Borrowed(PRODUCT) }
}

/// W3C Trace Context §3.2.2.3: 32 lower-case hexadecimal digits, not all zero.
fn is_trace_id(text: &str) -> bool {
    text.len() == 32
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        && text.bytes().any(|b| b != b'0')
}

const PRODUCT: &str = "ringwall";
const PRODUCT_VERSION: &str = env!("CARGO_PKG_VERSION");
const USER_AGENT_CHARS_MAX: usize = 256;
const CLAIMED_CHARS_MAX: usize = 64;
const PURPOSE_CHARS_MAX: usize = 128;
/// RFC 8785 §3.2.2.3: larger integers do not survive as JSON numbers.
const INTEGER_MAX: i64 = (1 << 53) - 1;

// OCSF `activity_id`.
const UNKNOWN: u32 = 0;
const LOGON: u32 = 1;
const CREATE: u32 = 1;
const READ: u32 = 2;
const UPDATE: u32 = 3;
const DELETE: u32 = 4;
// OCSF `action_id`.
const ALLOWED: u8 = 1;
const DENIED: u8 = 2;
// OCSF `auth_protocol_id`: `auth_protocol` names our own.
const OTHER: u8 = 99;
// OCSF `severity_id`.
const INFORMATIONAL: u8 = 1;
const LOW: u8 = 2;
const CRITICAL: u8 = 5;
// OCSF `status_id`.
const SUCCESS: u8 = 1;
const FAILURE: u8 = 2;
// OCSF `user.type_id`.
const UNKNOWN_USER: u8 = 0;
const STAFF_USER: u8 = 1;
const SYSTEM_USER: u8 = 3;
const SERVICE_USER: u8 = 4;

#[cfg(test)]
mod tests;
