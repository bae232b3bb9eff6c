//! The objects of OCSF 1.8 that our events are made of.
//!
//! INVARIANT: in every struct the fields stand in alphabetical order, none is a float or a map, and
//! the integers fit 53 bits. So plain serialisation is already the canonical form (RFC 8785), and a
//! request does not pay for sorting. A property in `event` holds it against a canonicalizer.

use std::borrow::Cow;
use std::net::IpAddr;

use kernel::{EventId, RequestId, TenantId};
use serde::{Deserialize, Serialize};

/// Text that is mostly ours, and owned only when it was read back.
pub(crate) type Word = Cow<'static, str>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) correlation_uid: Option<RequestId>,
    pub(crate) event_code: Word,
    pub(crate) log_name: Word,
    pub(crate) product: Product,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) profiles: Vec<Word>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_uid: Option<TenantId>,
    pub(crate) uid: EventId,
    pub(crate) version: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Product {
    pub(crate) name: Word,
    pub(crate) vendor_name: Word,
    pub(crate) version: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActorObject {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) authorizations: Vec<Authorization>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<Session>,
    pub(crate) user: User,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authorization {
    pub(crate) decision: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<Policy>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    pub(crate) uid: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    pub(crate) is_mfa: bool,
}

/// OCSF asks for a name or a uid; we never have a person's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential_uid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Word>,
    pub(crate) type_id: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<ApiRequest>,
    pub(crate) service: Service,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiRequest {
    pub(crate) uid: RequestId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) name: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpRequest {
    pub(crate) user_agent: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resource {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<Owner>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Word>,
    pub(crate) uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owner {
    pub(crate) uid: TenantId,
}

/// OCSF asks for one of several; without an address the source is ourselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoint {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ip: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) svc_name: Option<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trace {
    pub(crate) uid: String,
}

/// What OCSF has no place for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unmapped {
    /// How strongly somebody proved who they are, in our words or those of who vouches for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    /// By which methods, in the same words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amr: Option<String>,
    /// The thumbprint of the key or certificate that a proof came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bound_to: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<FieldChange>,
    /// The application that acts for the person who is the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) digests: Vec<DigestOf>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) disclosed: Vec<String>,
    /// Who vouches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    /// The key that they say they signed it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purpose: Option<Word>,
}

/// That a field changed; not from what to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldChange {
    pub(crate) field: String,
}

/// What something was, by its SHA-256: enough to prove it later, and nothing to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DigestOf {
    pub(crate) of: Word,
    pub(crate) sha256: String,
}

impl Unmapped {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The version of OCSF that the events follow.
pub(crate) const VERSION: &str = "1.8.0";
/// Category 3: Identity & Access Management; class Authentication.
pub(crate) const AUTHENTICATION: u32 = 3002;
/// Category 6: Application Activity; class API Activity.
pub(crate) const API_ACTIVITY: u32 = 6003;
