//! An authenticator with its browser, in software: it makes passkeys and signs with them, rightly
//! or with one thing wrong.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use ciborium::Value as Cbor;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::PUBLIC_URL;

/// A device that holds passkeys.
pub struct Authenticator {
    passkeys: Vec<Passkey>,
    /// What it does otherwise than it should.
    pub odd: Odd,
    /// The keys that it makes.
    pub kind: KeyKind,
}

/// Which keys an authenticator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSA with 2048 bits.
    Rs256,
}

/// What is otherwise than it should be; by default nothing.
#[derive(Clone)]
pub struct Odd {
    /// The origin of the page.
    pub origin: String,
    /// The site that the key is for; none for what the page says.
    pub rp_id: Option<String>,
    /// What the client data say that it was asked for; none for the truth.
    pub ceremony: Option<String>,
    /// The challenge that is answered; none for the page's.
    pub challenge: Option<String>,
    /// Members that client data have besides.
    pub client_data: Value,
    /// Flags: present, verified, may be copied, is copied.
    pub flags: u8,
    /// How far the counter goes with each use.
    pub count_step: u32,
    /// The attestation statement's format.
    pub format: &'static str,
    /// Flips a bit of the signature.
    pub breaks_signature: bool,
    /// A member that the key has besides.
    pub key_member: Option<i64>,
}

struct Passkey {
    id: Vec<u8>,
    user: Vec<u8>,
    pair: Pair,
    count: u32,
}

enum Pair {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
    Rs256(Box<RsaKeyPair>),
}

/// What a browser sends with a form.
pub type Fields = Vec<(&'static str, String)>;

impl Default for Odd {
    fn default() -> Self {
        Self {
            origin: PUBLIC_URL.to_owned(),
            rp_id: None,
            ceremony: None,
            challenge: None,
            client_data: json!({}),
            flags: PRESENT | VERIFIED | MAY_BE_COPIED | IS_COPIED,
            count_step: 1,
            format: "none",
            breaks_signature: false,
            key_member: None,
        }
    }
}

impl Default for Authenticator {
    fn default() -> Self {
        Self { passkeys: Vec::new(), odd: Odd::default(), kind: KeyKind::Es256 }
    }
}

impl Authenticator {
    /// One that makes keys of this kind, and does this otherwise than it should.
    #[must_use]
    pub const fn with(kind: KeyKind, odd: Odd) -> Self {
        Self { passkeys: Vec::new(), odd, kind }
    }

    /// Makes a passkey, as `navigator.credentials.create` would with a page's options.
    ///
    /// # Panics
    /// When the options are not what a page shows.
    pub fn create(&mut self, options: &Value) -> Fields {
        let pair = Pair::generate(self.kind);
        let id: Vec<u8> = kernel::random::bytes::<16>().to_vec();
        let key = self.cose(&pair);
        let credential = [[0; 16].as_slice(), &[0, 16], id.as_slice(), key.as_slice()].concat();
        let data = self.data(options, self.odd.flags | ATTESTED, 0, &credential);
        let client_data = self.client_data(options, "webauthn.create");
        let message = [data.as_slice(), &sha256(client_data.as_bytes())].concat();
        let statement = match self.odd.format {
            "packed" => vec![
                ("alg".into(), pair.algorithm().into()),
                ("sig".into(), Cbor::Bytes(self.sign(&pair, &message))),
            ],
            _ => Vec::new(),
        };
        let object = cbor(&Cbor::Map(vec![
            ("fmt".into(), self.odd.format.into()),
            ("attStmt".into(), Cbor::Map(statement)),
            ("authData".into(), Cbor::Bytes(data)),
        ]));
        let user = decode(&options["user"]["id"]);
        self.passkeys.push(Passkey { id, user, pair, count: 0 });
        vec![("client_data", encode(client_data.as_bytes())), ("attestation", encode(&object))]
    }

    /// Signs with the last passkey, as `navigator.credentials.get` would with a page's options.
    ///
    /// # Panics
    /// When it has no passkey, or the options are not what a page shows.
    pub fn get(&mut self, options: &Value) -> Fields {
        let step = self.odd.count_step;
        let last = self.passkeys.last_mut().expect("there is a passkey");
        last.count = last.count.wrapping_add(step);
        let last = self.passkeys.last().expect("there is a passkey");
        let data = self.data(options, self.odd.flags, last.count, &[]);
        let client_data = self.client_data(options, "webauthn.get");
        let message = [data.as_slice(), &sha256(client_data.as_bytes())].concat();
        vec![
            ("credential", encode(&last.id)),
            ("user", encode(&last.user)),
            ("client_data", encode(client_data.as_bytes())),
            ("authenticator_data", encode(&data)),
            ("signature", encode(&self.sign(&last.pair, &message))),
        ]
    }

    /// Sets the counter of the last passkey back, as a copy of it would have it.
    ///
    /// # Panics
    /// When it has no passkey.
    pub fn rewind(&mut self, count: u32) {
        self.passkeys.last_mut().expect("there is a passkey").count = count;
    }

    /// Does as another authenticator: its last passkey says that it is this person's.
    ///
    /// # Panics
    /// When it has no passkey.
    pub fn claim_to_be(&mut self, user: &[u8]) {
        self.passkeys.last_mut().expect("there is a passkey").user = user.to_vec();
    }

    fn client_data(&self, options: &Value, ceremony: &str) -> String {
        let challenge = options["challenge"].as_str().expect("options have a challenge");
        let mut data = json!({
            "type": self.odd.ceremony.as_deref().unwrap_or(ceremony),
            "challenge": self.odd.challenge.as_deref().unwrap_or(challenge),
            "origin": self.odd.origin,
        });
        let more = self.odd.client_data.as_object().expect("members are an object").clone();
        data.as_object_mut().expect("client data are an object").extend(more);
        data.to_string()
    }

    fn data(&self, options: &Value, flags: u8, count: u32, credential: &[u8]) -> Vec<u8> {
        let id = options["rpId"].as_str().expect("options have a site");
        let id = self.odd.rp_id.as_deref().unwrap_or(id);
        [&sha256(id.as_bytes()), [flags].as_slice(), &count.to_be_bytes(), credential].concat()
    }

    fn sign(&self, pair: &Pair, message: &[u8]) -> Vec<u8> {
        let mut signature = pair.sign(message);
        if self.odd.breaks_signature {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        }
        signature
    }

    fn cose(&self, pair: &Pair) -> Vec<u8> {
        let mut members = pair.cose();
        members.extend(self.odd.key_member.map(|label| (label.into(), 0.into())));
        cbor(&Cbor::Map(members))
    }
}

impl Pair {
    fn generate(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
                Self::Es256(Box::new(pair.expect("a key is made")))
            }
            KeyKind::EdDsa => {
                Self::EdDsa(Box::new(Ed25519KeyPair::generate().expect("a key is made")))
            }
            KeyKind::Rs256 => Self::Rs256(Box::new(
                RsaKeyPair::generate(KeySize::Rsa2048).expect("a key is made"),
            )),
        }
    }

    const fn algorithm(&self) -> i64 {
        match self {
            Self::Es256(_) => -7,
            Self::EdDsa(_) => -8,
            Self::Rs256(_) => -257,
        }
    }

    fn cose(&self) -> Vec<(Cbor, Cbor)> {
        let number = |label: i64, value: i64| (label.into(), value.into());
        let bytes = |label: i64, value: &[u8]| (label.into(), Cbor::Bytes(value.to_vec()));
        match self {
            Self::Es256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                let kind = [number(1, 2), number(3, -7), number(-1, 1)];
                kind.into_iter().chain([bytes(-2, x), bytes(-3, y)]).collect()
            }
            Self::EdDsa(pair) => {
                let x = pair.public_key().as_ref();
                vec![number(1, 1), number(3, -8), number(-1, 6), bytes(-2, x)]
            }
            Self::Rs256(pair) => {
                let n = pair.public_key().modulus().big_endian_without_leading_zero();
                vec![number(1, 3), number(3, -257), bytes(-1, n), bytes(-2, &[1, 0, 1])]
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(pair) => pair.sign(&random, message).expect("it signs").as_ref().to_vec(),
            Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("it signs");
                signature
            }
        }
    }
}

/// The options that a page shows for the form that is sent there.
///
/// # Panics
/// When it shows none.
#[must_use]
pub fn options_on(page: &[u8], path: &str) -> Value {
    let page = String::from_utf8_lossy(page);
    let form = format!("<form method=\"post\" action=\"{path}\">");
    let (before, _) = page.split_once(&form).expect("the page has the form");
    let (_, options) = before.rsplit_once("data-options=\"").expect("the form has options");
    let (options, _) = options.split_once('"').expect("the options end");
    let plain = options.replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'");
    let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&plain).expect("the options are JSON")
}

/// Fields as a form takes them.
#[must_use]
pub fn borrowed(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("CBOR is written to memory");
    bytes
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn decode(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("the options have a text");
    BASE64URL_NOPAD.decode(text.as_bytes()).expect("the text is base64url")
}

/// Somebody was there.
pub const PRESENT: u8 = 0x01;
/// It asked who.
pub const VERIFIED: u8 = 0x04;
/// The passkey may be copied to other devices.
pub const MAY_BE_COPIED: u8 = 0x08;
/// It was.
pub const IS_COPIED: u8 = 0x10;
const ATTESTED: u8 = 0x40;
