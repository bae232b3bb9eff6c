//! Access tokens of issuers that are not ours: RFC 9068, and what Cognito, Auth0 and Okta make of
//! it.
//!
//! What a token says of itself chooses whose rules it is held to and nothing else. What those who
//! hold a good one may do here is not decided in this file.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::claims::Confirmation;
use crate::jwk::{Algorithm, ForeignKey};
use crate::jws::{JWS_BYTES_MAX, Jws};
use crate::members;

/// Which dialect an issuer's access tokens are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideKind {
    /// The standard: `typ` is `at+jwt`, the application is in `client_id` (RFC 9068 §2).
    Rfc9068,
    /// Amazon Cognito user pools: `token_use`, `client_id`, and mostly no `aud`.
    Cognito,
    /// Auth0: the application is in `azp`, or in `client_id` with its RFC 9068 profile.
    Auth0,
    /// Okta's custom authorization servers: the application is in `cid`, scopes are in `scp`.
    Okta,
}

/// What an issuer's access tokens are held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideRules {
    /// Its name in tokens, to the character.
    pub issuer: String,
    /// How it writes them.
    pub kind: OutsideKind,
    /// Whom they are for: us, by the names that it knows us by. Only Cognito may have none.
    pub audiences: Vec<String>,
    /// What it may sign with. Nothing symmetric can be named.
    pub algorithms: Vec<Algorithm>,
    /// How long one may live, and how old it may be. Seconds.
    pub age_max_s: i64,
    /// The claim that holds scopes, where it is not the dialect's own.
    pub scope_claim: Option<String>,
    /// The claim that says how strongly a person proved who they are.
    pub acr_claim: String,
    /// The claim that says by which methods.
    pub amr_claim: String,
}

/// A token that is well-formed. Nothing is proven yet.
pub struct OutsideJws<'a> {
    jws: Jws<'a>,
    text: &'a str,
    kid: String,
}

/// What a good token says.
#[derive(Clone, Debug)]
pub struct OutsideToken {
    /// Whom it speaks for, as the issuer names them; never for showing.
    pub subject: String,
    /// The application that it was issued to.
    pub client: String,
    /// Whether the application has it for itself, and not for a person.
    pub is_own: bool,
    /// Its own name: its `jti`, or its hash where it has none.
    pub id: String,
    /// Which of our names it is for; empty where the issuer names none.
    pub audience: String,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// Its scopes, in the issuer's words.
    pub scopes: Vec<String>,
    /// How strongly the person proved who they are.
    pub acr: Option<String>,
    /// By which methods.
    pub amr: Vec<String>,
    /// When, in seconds.
    pub auth_time: Option<i64>,
    /// What it is bound to.
    pub cnf: Option<Confirmation>,
    claims: Map<String, Value>,
}

/// Why a token is refused. The caller learns at most that it expired; the audit trail has the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// Larger than any token that is read.
    #[error("the token is larger than {JWS_BYTES_MAX} bytes")]
    TooLarge,
    /// Not a JWS that we read, or one with critical members.
    #[error("not a JWS, or one with critical header members")]
    Malformed,
    /// It brings a key of its own, says where one is, or names none.
    #[error("expected a header that names a key and brings none")]
    Key,
    /// Its type is not that of the issuer's access tokens.
    #[error("the type is not that of an access token")]
    Type,
    /// The key did not sign it, or not with an algorithm that is taken.
    #[error("not signed by the issuer")]
    Signature,
    /// A claim is missing, given twice or of the wrong type.
    #[error("a claim is missing, given twice or of the wrong type")]
    Claims,
    /// It is an ID token, a logout token, or made for some other use.
    #[error("not an access token")]
    Use,
    /// Issued by somebody else.
    #[error("another issuer")]
    Issuer,
    /// Meant for somebody else.
    #[error("another audience")]
    Audience,
    /// Its time is over.
    #[error("the token expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Issued later than now.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// It lives too long, is too old, or ends before it begins.
    #[error("the token lives longer than is taken, or ends before it begins")]
    Lifetime,
}

impl OutsideError {
    /// The reason code for the audit trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Key => "header_key",
            Self::Type => "header_type",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Use => "not_an_access_token",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::Lifetime => "lifetime",
        }
    }
}

/// Who a token says issued it. Nothing is proven by that: it chooses among issuers that are
/// configured, and is never asked or followed.
#[must_use]
pub fn claimed_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        iss: String,
    }
    if token.len() > JWS_BYTES_MAX {
        return None;
    }
    let payload = token.split('.').nth(1)?;
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
    members::read::<Claimed>(&payload).map(|claimed| claimed.iss)
}

impl<'a> OutsideJws<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// When it is not of the form of this dialect's access tokens.
    pub fn parse(text: &'a str, kind: OutsideKind) -> Result<Self, OutsideError> {
        if text.len() > JWS_BYTES_MAX {
            return Err(OutsideError::TooLarge);
        }
        let mut jws = Jws::parse(text).ok_or(OutsideError::Malformed)?;
        if jws.header.brings_key() {
            return Err(OutsideError::Key);
        }
        let kid = jws.header.kid.take().filter(|kid| (1..=NAME_BYTES_MAX).contains(&kid.len()));
        let kid = kid.ok_or(OutsideError::Key)?;
        if !kind.takes_type(jws.header.typ.as_deref()) {
            return Err(OutsideError::Type);
        }
        Ok(Self { jws, text, kid })
    }

    /// The name of the key that it says it is signed with.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Checks it by the key of that name.
    ///
    /// # Errors
    /// When any rule is broken; see [`OutsideError`].
    pub fn verify(
        &self,
        key: &ForeignKey,
        rules: &OutsideRules,
        now: Timestamp,
    ) -> Result<OutsideToken, OutsideError> {
        let is_named = key.kid() == Some(&self.kid);
        if !self.jws.is_signed_by(key, &rules.algorithms) || !is_named {
            return Err(OutsideError::Signature);
        }
        let claims: Map<String, Value> =
            members::read(&self.jws.payload).ok_or(OutsideError::Claims)?;
        check_use(&claims, rules.kind)?;
        if text(&claims, "iss")? != Some(&rules.issuer) {
            return Err(OutsideError::Issuer);
        }
        let audience = audience(&claims, rules)?;
        let (iat, exp) = check_times(&claims, rules.age_max_s, now.seconds())?;
        let party = party(&claims, rules.kind)?;
        let auth_time = integer(&claims, "auth_time")?;
        if auth_time.is_some_and(|at| at > now.seconds().saturating_add(SKEW_S)) {
            return Err(OutsideError::IssuedInFuture);
        }
        Ok(OutsideToken {
            subject: party.subject,
            client: party.client,
            is_own: party.is_own,
            id: named(&claims, "jti")?.unwrap_or_else(|| hash(self.text)),
            audience,
            iat,
            exp,
            scopes: scopes(&claims, rules)?,
            acr: at(&claims, &rules.acr_claim).and_then(Value::as_str).map(ToOwned::to_owned),
            amr: listed(at(&claims, &rules.amr_claim).filter(|amr| amr.is_array()))?,
            auth_time,
            cnf: confirmation(&claims)?,
            claims,
        })
    }
}

impl OutsideKind {
    /// RFC 9068 §4 asks for the type. The dialects that have none are told from ID tokens by claims
    /// that those do not have.
    fn takes_type(self, typ: Option<&str>) -> bool {
        let is = |name: &str| typ.is_some_and(|typ| typ.eq_ignore_ascii_case(name));
        let is_standard = is("at+jwt") || is("application/at+jwt");
        match self {
            Self::Rfc9068 => is_standard,
            Self::Auth0 => is_standard || is("JWT"),
            Self::Cognito | Self::Okta => is_standard || is("JWT") || typ.is_none(),
        }
    }
}

impl OutsideToken {
    /// The words that stand at a claim: a list of texts, or one text. A claim is a member's name,
    /// or a JSON Pointer (RFC 6901) where it begins with `/`.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn words(&self, claim: &str) -> Result<Vec<String>, OutsideError> {
        listed(at(&self.claims, claim))
    }
}

struct Party {
    subject: String,
    client: String,
    is_own: bool,
}

/// Whose token it is. An application's own is never taken for a person's, nor the reverse
/// (RFC 9068 §5): where a dialect marks one of them, the mark is looked for as well.
fn party(claims: &Map<String, Value>, kind: OutsideKind) -> Result<Party, OutsideError> {
    let sub = named(claims, "sub")?.ok_or(OutsideError::Claims)?;
    let required = |name| named(claims, name)?.ok_or(OutsideError::Claims);
    let party = |client: String, is_own| Party { subject: sub.clone(), client, is_own };
    Ok(match kind {
        OutsideKind::Rfc9068 => {
            let client = required("client_id")?;
            let is_own = sub == client;
            party(client, is_own)
        }
        OutsideKind::Cognito => {
            let client = required("client_id")?;
            let is_own = sub == client && !claims.contains_key("username");
            party(client, is_own)
        }
        OutsideKind::Auth0 => {
            let (azp, client_id) = (named(claims, "azp")?, named(claims, "client_id")?);
            if azp.is_some() && client_id.is_some() && azp != client_id {
                return Err(OutsideError::Claims);
            }
            let client = azp.or(client_id).ok_or(OutsideError::Claims)?;
            let is_client = text(claims, "gty")?.is_none_or(|gty| gty == "client-credentials");
            let is_own = is_client && sub.strip_suffix("@clients") == Some(&client);
            party(client, is_own)
        }
        OutsideKind::Okta => {
            let (client, uid) = (required("cid")?, named(claims, "uid")?);
            match uid {
                // The subject is the person's login, an address; their id is not.
                Some(uid) => Party { subject: uid, client, is_own: false },
                None if sub == client => party(client, true),
                None => return Err(OutsideError::Claims),
            }
        }
    })
}

/// ID tokens and logout tokens of the same issuer are signed by the same keys.
fn check_use(claims: &Map<String, Value>, kind: OutsideKind) -> Result<(), OutsideError> {
    let token_use = text(claims, "token_use")?;
    let is_access = match kind {
        OutsideKind::Cognito => token_use == Some("access"),
        _ => token_use.is_none_or(|token_use| token_use == "access"),
    };
    let is_other = OF_OTHER_TOKENS.iter().any(|name| claims.contains_key(*name));
    if is_access && !is_other { Ok(()) } else { Err(OutsideError::Use) }
}

/// Which of our names it is for. Where we have names, one of them must be there; where we have
/// none, there is none.
fn audience(claims: &Map<String, Value>, rules: &OutsideRules) -> Result<String, OutsideError> {
    let named = match claims.get("aud") {
        None if rules.audiences.is_empty() && rules.kind == OutsideKind::Cognito => {
            return Ok(String::new());
        }
        None => return Err(OutsideError::Audience),
        aud => listed(aud)?,
    };
    let ours = named.into_iter().find(|aud| rules.audiences.contains(aud));
    ours.ok_or(OutsideError::Audience)
}

fn check_times(
    claims: &Map<String, Value>,
    age_max_s: i64,
    now: i64,
) -> Result<(i64, i64), OutsideError> {
    let iat = integer(claims, "iat")?.ok_or(OutsideError::Claims)?;
    let exp = integer(claims, "exp")?.ok_or(OutsideError::Claims)?;
    let nbf = integer(claims, "nbf")?;
    let life = exp.checked_sub(iat).ok_or(OutsideError::Lifetime)?;
    if !(1..=age_max_s).contains(&life) {
        return Err(OutsideError::Lifetime);
    }
    // RFC 7519 §4.1.4: on or after the expiration time it is over.
    if now >= exp.saturating_add(SKEW_S) {
        return Err(OutsideError::Expired);
    }
    let soon = now.saturating_add(SKEW_S);
    if iat > soon {
        return Err(OutsideError::IssuedInFuture);
    }
    if nbf.is_some_and(|nbf| nbf > soon) { Err(OutsideError::NotYetValid) } else { Ok((iat, exp)) }
}

/// A text with spaces between, or a list of texts (RFC 9068 §2.2.3 and what came before it).
fn scopes(claims: &Map<String, Value>, rules: &OutsideRules) -> Result<Vec<String>, OutsideError> {
    let own = if rules.kind == OutsideKind::Okta { "scp" } else { "scope" };
    match at(claims, rules.scope_claim.as_deref().unwrap_or(own)) {
        Some(Value::String(text)) => {
            let scopes: Vec<_> = text.split(' ').filter(|scope| !scope.is_empty()).collect();
            if scopes.len() > LISTED_MAX {
                return Err(OutsideError::Claims);
            }
            Ok(scopes.into_iter().map(ToOwned::to_owned).collect())
        }
        listing => listed(listing),
    }
}

/// What it is bound to is asked for; a binding that is not understood would be no binding.
fn confirmation(claims: &Map<String, Value>) -> Result<Option<Confirmation>, OutsideError> {
    let Some(cnf) = claims.get("cnf") else { return Ok(None) };
    let cnf = serde_json::from_value(cnf.clone()).map_err(|_| OutsideError::Claims)?;
    Ok(Some(cnf))
}

fn at<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    let Some(path) = claim.strip_prefix('/') else { return claims.get(claim) };
    let mut steps = path.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
    let first = claims.get(&steps.next()?)?;
    steps.try_fold(first, |value, step| value.as_object()?.get(&step))
}

/// Texts of a list, or one text alone.
fn listed(value: Option<&Value>) -> Result<Vec<String>, OutsideError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(list)) if list.len() <= LISTED_MAX => list
            .iter()
            .map(|each| each.as_str().map(ToOwned::to_owned).ok_or(OutsideError::Claims))
            .collect(),
        Some(_) => Err(OutsideError::Claims),
    }
}

/// A name that is left out, or of 1 to 255 printable characters of ASCII.
fn named(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, OutsideError> {
    let is_name = |text: &&str| {
        (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| matches!(b, b' '..=b'~'))
    };
    match text(claims, name)? {
        None => Ok(None),
        Some(text) => {
            let text = Some(text).filter(is_name).ok_or(OutsideError::Claims)?;
            Ok(Some(text.to_owned()))
        }
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, OutsideError> {
    claims.get(name).map(|value| value.as_str().ok_or(OutsideError::Claims)).transpose()
}

fn integer(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, OutsideError> {
    claims.get(name).map(|value| value.as_i64().ok_or(OutsideError::Claims)).transpose()
}

fn hash(token: &str) -> String {
    BASE64URL_NOPAD.encode(digest(&SHA256, token.as_bytes()).as_ref())
}

/// Claims of ID tokens (OpenID Connect Core §2, §3.3.2.11) and of logout tokens.
const OF_OTHER_TOKENS: &[&str] = &["nonce", "at_hash", "c_hash", "s_hash", "events"];
/// How far two clocks may be apart.
const SKEW_S: i64 = 30;
const NAME_BYTES_MAX: usize = 255;
const LISTED_MAX: usize = 200;

#[cfg(test)]
mod tests;
