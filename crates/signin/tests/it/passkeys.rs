//! Passkeys: what is otherwise than it should be, one thing at a time.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use signin::passkey::{
    Challenge, Known, NewPasskey, PasskeyError, RelyingParty, SentAssertion, SentRegistration,
    Used, assert, register,
};
use testkit::authenticator::{Authenticator, Fields, IS_COPIED, KeyKind, MAY_BE_COPIED, Odd};
use testkit::authenticator::{PRESENT, VERIFIED};

const ORIGIN: &str = testkit::PUBLIC_URL;
const ALL: u8 = PRESENT | VERIFIED | MAY_BE_COPIED | IS_COPIED;

fn at() -> RelyingParty {
    RelyingParty::of(ORIGIN).unwrap()
}

fn options(challenge: &Challenge) -> Value {
    json!({ "challenge": challenge.to_text(), "rpId": at().id(), "user": { "id": "AQI" } })
}

fn part(fields: &Fields, name: &str) -> Vec<u8> {
    let (_, text) = fields.iter().find(|(known, _)| *known == name).unwrap();
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

fn enrol(authenticator: &mut Authenticator) -> Result<NewPasskey, PasskeyError> {
    let challenge = Challenge::generate();
    let fields = authenticator.create(&options(&challenge));
    let (client_data, attestation) = (part(&fields, "client_data"), part(&fields, "attestation"));
    let sent = SentRegistration { client_data: &client_data, attestation: &attestation };
    register(&at(), &challenge, sent)
}

fn prove(authenticator: &mut Authenticator, new: &NewPasskey) -> Result<Used, PasskeyError> {
    let challenge = Challenge::generate();
    let fields = authenticator.get(&options(&challenge));
    judge(&challenge, new, &fields)
}

fn judge(challenge: &Challenge, new: &NewPasskey, fields: &Fields) -> Result<Used, PasskeyError> {
    let parts = ["client_data", "authenticator_data", "signature"].map(|name| part(fields, name));
    let [client_data, authenticator_data, signature] = &parts;
    let known = Known {
        key: &new.key,
        sign_count: new.sign_count,
        is_backup_eligible: new.is_backup_eligible,
    };
    assert(&at(), challenge, known, SentAssertion { client_data, authenticator_data, signature })
}

fn odd(change: impl FnOnce(&mut Odd)) -> Odd {
    let mut odd = Odd::default();
    change(&mut odd);
    odd
}

/// What is wrong at both ceremonies alike.
fn wrong() -> Vec<(Odd, PasskeyError)> {
    vec![
        (odd(|o| o.origin = "https://ringwall.evil.example".into()), PasskeyError::Origin),
        (odd(|o| o.origin = format!("{ORIGIN}:444")), PasskeyError::Origin),
        (odd(|o| o.origin = ORIGIN.replace("https", "http")), PasskeyError::Origin),
        (odd(|o| o.rp_id = Some("evil.example".into())), PasskeyError::Origin),
        (odd(|o| o.challenge = Some(Challenge::generate().to_text())), PasskeyError::Challenge),
        (odd(|o| o.challenge = Some(String::new())), PasskeyError::Challenge),
        (odd(|o| o.ceremony = Some("payment.get".into())), PasskeyError::Ceremony),
        (odd(|o| o.client_data = json!({ "crossOrigin": true })), PasskeyError::CrossOrigin),
        (odd(|o| o.client_data = json!({ "topOrigin": "https://x" })), PasskeyError::CrossOrigin),
        (odd(|o| o.client_data = json!({ "crossOrigin": "no" })), PasskeyError::Malformed),
        (odd(|o| o.client_data = json!({ "x": "y".repeat(5000) })), PasskeyError::Malformed),
        (odd(|o| o.flags = ALL & !PRESENT), PasskeyError::Absent),
        (odd(|o| o.flags = ALL & !VERIFIED), PasskeyError::Unverified),
        (odd(|o| o.flags = ALL & !MAY_BE_COPIED), PasskeyError::Malformed),
        (odd(|o| o.flags = ALL | 0x02), PasskeyError::Malformed),
        // It says that extensions follow, and none do.
        (odd(|o| o.flags = ALL | 0x80), PasskeyError::Malformed),
    ]
}

#[test]
fn a_new_passkey_with_one_thing_wrong_is_refused_for_it() {
    let mut own = vec![
        (odd(|o| o.ceremony = Some("webauthn.get".into())), PasskeyError::Ceremony),
        (odd(|o| o.format = "fido-u2f"), PasskeyError::Attestation),
        (odd(|o| o.key_member = Some(4)), PasskeyError::Key),
        (
            odd(|o| {
                o.format = "packed";
                o.breaks_signature = true;
            }),
            PasskeyError::Attestation,
        ),
    ];
    own.extend(wrong());

    for (odd, why) in own {
        let mut authenticator = Authenticator::with(KeyKind::Es256, odd);
        assert_eq!(enrol(&mut authenticator), Err(why), "{}", why.reason());
    }
}

#[test]
fn a_proof_with_one_thing_wrong_is_refused_for_it() {
    let mut own = vec![
        (odd(|o| o.ceremony = Some("webauthn.create".into())), PasskeyError::Ceremony),
        (odd(|o| o.breaks_signature = true), PasskeyError::Signature),
        (odd(|o| o.flags = PRESENT | VERIFIED), PasskeyError::Changed),
        (odd(|o| o.flags = ALL | 0x40), PasskeyError::Malformed),
    ];
    own.extend(wrong());
    let mut authenticator = Authenticator::default();
    let new = enrol(&mut authenticator).unwrap();

    for (odd, why) in own {
        authenticator.odd = odd;
        assert_eq!(prove(&mut authenticator, &new), Err(why), "{}", why.reason());
    }
    authenticator.odd = Odd::default();
    assert!(prove(&mut authenticator, &new).is_ok());
}

#[test]
fn a_counter_that_does_not_go_forward_is_a_copy() {
    let mut authenticator = Authenticator::default();
    let mut new = enrol(&mut authenticator).unwrap();
    new.sign_count = 5;

    for count in [0, 3, 4] {
        authenticator.rewind(count);
        assert_eq!(prove(&mut authenticator, &new), Err(PasskeyError::Cloned), "{count}");
    }
    authenticator.rewind(5);
    assert_eq!(prove(&mut authenticator, &new).unwrap().sign_count, 6);
}

#[test]
fn an_authenticator_that_does_not_count_is_believed() {
    let mut authenticator = Authenticator::with(KeyKind::Es256, odd(|o| o.count_step = 0));
    let new = enrol(&mut authenticator).unwrap();

    assert_eq!(prove(&mut authenticator, &new).unwrap().sign_count, 0);
    assert!(prove(&mut authenticator, &new).is_ok());
}

#[test]
fn every_kind_of_key_that_we_offer_signs_and_no_other_passkey_does() {
    for kind in [KeyKind::Es256, KeyKind::EdDsa, KeyKind::Rs256] {
        for format in ["none", "packed"] {
            let odd = odd(|o| o.format = format);
            let mut authenticator = Authenticator::with(kind, odd);
            let first = enrol(&mut authenticator).unwrap();
            let second = enrol(&mut authenticator).unwrap();

            assert_eq!(prove(&mut authenticator, &first), Err(PasskeyError::Signature));
            let used = prove(&mut authenticator, &second).unwrap();
            assert!(used.is_backed_up, "{kind:?} {format}");
        }
    }
}

#[test]
fn a_proof_is_good_for_one_challenge() {
    let mut authenticator = Authenticator::default();
    let new = enrol(&mut authenticator).unwrap();
    let challenge = Challenge::generate();
    let fields = authenticator.get(&options(&challenge));

    assert_eq!(judge(&Challenge::generate(), &new, &fields), Err(PasskeyError::Challenge));
    assert!(judge(&challenge, &new, &fields).is_ok());
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let mut authenticator = Authenticator::default();
    let new = enrol(&mut authenticator).unwrap();
    let challenge = Challenge::generate();
    let fields = authenticator.get(&options(&challenge));

    for name in ["client_data", "authenticator_data", "signature"] {
        for index in 0..part(&fields, name).len() {
            let mut changed = fields.clone();
            let mut bytes = part(&fields, name);
            bytes[index] ^= 0x10;
            let text = BASE64URL_NOPAD.encode(&bytes);
            changed.iter_mut().find(|(known, _)| *known == name).unwrap().1 = text;
            assert!(judge(&challenge, &new, &changed).is_err(), "{name} {index}");
        }
    }
}

#[test]
fn what_ends_too_early_or_too_late_is_refused() {
    let mut authenticator = Authenticator::default();
    let challenge = Challenge::generate();
    let fields = authenticator.create(&options(&challenge));
    let client_data = part(&fields, "client_data");
    let whole = part(&fields, "attestation");
    let register = |attestation: &[u8]| {
        register(&at(), &challenge, SentRegistration { client_data: &client_data, attestation })
    };

    for end in 0..whole.len() {
        assert!(register(&whole[..end]).is_err(), "{end}");
    }
    assert!(register(&[whole.as_slice(), b"\x00"].concat()).is_err());
    assert!(register(&vec![0xa0; 5000]).is_err());
    assert!(register(&whole).is_ok());
}
