//! Each transition, refused first, over a memory of one process.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use kernel::Secret;
use proptest::prelude::*;

use super::*;
use crate::authentication::{Against, authenticate};
use crate::proof::{ClientProof, Evidence};
use crate::registered::{ClientSecret, Profile, RegisteredClient, Uses};
use crate::secret::{Pepper, hash_secret};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[derive(Default)]
struct Memory {
    codes: Mutex<HashMap<OpaqueHash, (CodeGrant, Option<Timestamp>)>>,
    families: Mutex<HashMap<String, Family>>,
}

impl Grants for Memory {
    type Error = std::convert::Infallible;

    async fn take_code(&self, _: TenantId, hash: OpaqueHash) -> Result<Taken, Self::Error> {
        Ok(match self.codes.lock().unwrap().get_mut(&hash) {
            None => Taken::Unknown,
            Some((grant, Some(at))) => {
                Taken::Again { grant: Box::new(grant.clone()), taken_at: *at }
            }
            Some((grant, taken)) => {
                *taken = Some(NOW);
                Taken::First(Box::new(grant.clone()))
            }
        })
    }

    async fn spoil_code(&self, _: TenantId, _: OpaqueHash) -> Result<(), Self::Error> {
        Ok(())
    }

    async fn begin_family(&self, family: &Family) -> Result<bool, Self::Error> {
        self.families.lock().unwrap().insert(family.id.clone(), family.clone());
        Ok(true)
    }

    async fn rotate_refresh(&self, step: &Rotation) -> Result<Rotated, Self::Error> {
        let mut families = self.families.lock().unwrap();
        let Some(family) = families.get_mut(&step.family) else { return Ok(Rotated::Unknown) };
        let is_good = family.current == step.presented
            && family.client_id == step.client_id
            && family.bound_to == step.bound_to
            && family.ended_at.is_none()
            && step.now < family.expires_at;
        if !is_good {
            return Ok(Rotated::Not(Box::new(family.clone())));
        }
        family.generation += 1;
        family.before = Some((family.current, step.successor.1));
        family.current = step.successor.0;
        family.rotated_at = step.now;
        Ok(Rotated::Done(Box::new(family.clone())))
    }

    async fn end_family(
        &self,
        _: TenantId,
        family: &str,
        now: Timestamp,
    ) -> Result<(), Self::Error> {
        if let Some(family) = self.families.lock().unwrap().get_mut(family) {
            family.ended_at.get_or_insert(now);
        }
        Ok(())
    }
}

/// Runs what never waits.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a memory of one process does not wait"),
    }
}

fn key() -> GrantKey {
    GrantKey::new(&Secret::new([7; 32]))
}

fn client(client_id: &str) -> RegisteredClient {
    let pepper = Pepper::new(1, &Secret::new([1; 32]));
    RegisteredClient {
        client_id: client_id.to_owned(),
        tenant: "ten_00000000000000000000000001".parse().unwrap(),
        environment: "sandbox".to_owned(),
        roles: vec!["partner".to_owned()],
        allowed: Scopes::parse("read:jobs write:jobs").unwrap(),
        active: true,
        profile: Profile::Baseline,
        uses: Uses::default(),
        secrets: vec![ClientSecret {
            id: "s1".to_owned(),
            hash: hash_secret(&pepper, "s"),
            expires: None,
        }],
        keys: Vec::new(),
        certificates: Vec::new(),
        certificate_bound: false,
    }
}

fn proven(client: &RegisteredClient) -> Authenticated<'_> {
    let peppers = [Pepper::new(1, &Secret::new([1; 32]))];
    let evidence = Evidence::Basic(Secret::new("s".to_owned()));
    let proof = ClientProof { client_id: client.client_id.clone(), evidence };
    let against =
        Against { peppers: &peppers, issuer: "https://id.example", certificate: None, now: NOW };
    authenticate(Some(client), &proof, &against).unwrap().settle(true).unwrap()
}

fn granted(memory: &Memory) -> Code {
    let code = Code::generate();
    let hash = digest::digest(&digest::SHA256, VERIFIER.as_bytes());
    let challenge = BASE64URL_NOPAD.encode(hash.as_ref());
    let grant = CodeGrant {
        client_id: "pc_a".to_owned(),
        tenant: client("pc_a").tenant,
        subject: "usr_1".to_owned(),
        scopes: Scopes::parse("read:jobs").unwrap(),
        redirect_uri: "https://app.example/cb".to_owned(),
        challenge: Challenge::parse(Some("S256"), &challenge).unwrap(),
        bound_to: None,
        auth_time: NOW,
        phishing_resistant: false,
        vouched: false,
        family: RefreshToken::new_family(),
        expires_at: NOW.plus(CODE_LIFE),
    };
    memory.codes.lock().unwrap().insert(code.hash(&key()), (grant, None));
    code
}

fn asked(code: &Code) -> Redemption<'_> {
    Redemption { code, verifier: Some(VERIFIER), redirect_uri: None, bound_to: None, now: NOW }
}

fn redeemed(memory: &Memory, client_id: &str, asked: &Redemption<'_>) -> Result<Given, GrantError> {
    let client = client(client_id);
    match ready(redeem(memory, &key(), &proven(&client), asked)) {
        Ok(given) => Ok(given),
        Err(Halt::Refused(error)) => Err(error),
        Err(Halt::Stolen { .. }) => Err(GrantError::Reused),
        Err(Halt::Failed(never)) => match never {},
    }
}

fn refreshed(
    memory: &Memory,
    client_id: &str,
    token: &RefreshToken,
    (bound_to, now): (Option<&str>, Timestamp),
) -> Result<RefreshToken, GrantError> {
    let client = client(client_id);
    let how = (None, bound_to, now);
    match ready(refresh(memory, &key(), &proven(&client), token, how)) {
        Ok(given) => Ok(given.refresh),
        Err(Halt::Refused(error)) => Err(error),
        Err(Halt::Stolen { .. }) => Err(GrantError::Reused),
        Err(Halt::Failed(never)) => match never {},
    }
}

fn same(one: &RefreshToken, other: &RefreshToken) -> bool {
    one.whole().expose() == other.whole().expose()
}

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn whatever_is_wrong_with_a_redemption_the_code_is_burnt() {
    let other = format!("{VERIFIER}x");
    type Change = for<'a> fn(&'a str, &mut Redemption<'a>);
    let cases: [(&str, Change, GrantError); 6] = [
        ("pc_b", |_, _| {}, GrantError::Stranger),
        ("pc_a", |_, asked| asked.verifier = None, GrantError::Verifier),
        ("pc_a", |other, asked| asked.verifier = Some(other), GrantError::Verifier),
        (
            "pc_a",
            |_, asked| asked.redirect_uri = Some("https://app.example/cb/"),
            GrantError::Redirection,
        ),
        ("pc_a", |_, asked| asked.now = NOW.plus(CODE_LIFE), GrantError::Over),
        ("pc_a", |_, asked| asked.verifier = Some("short"), GrantError::Verifier),
    ];
    for (client_id, change, error) in cases {
        let memory = Memory::default();
        let code = granted(&memory);
        let mut wrong = asked(&code);
        change(&other, &mut wrong);

        assert_eq!(redeemed(&memory, client_id, &wrong).unwrap_err(), error);
        let right = redeemed(&memory, "pc_a", &asked(&code)).unwrap_err();
        assert_eq!(right, GrantError::Simultaneous);
        let later = Redemption { now: NOW.plus(AT_ONCE), ..asked(&code) };
        assert_eq!(redeemed(&memory, "pc_a", &later).unwrap_err(), GrantError::Reused);
    }
    let memory = Memory::default();
    let unknown = redeemed(&memory, "pc_a", &asked(&Code::generate())).unwrap_err();
    assert_eq!(unknown, GrantError::Unknown);
    assert_eq!(OAuthError::from(unknown).kind().code().name, "oauth.invalid_grant");
}

#[test]
fn a_code_that_was_asked_for_with_a_key_is_for_that_key_only() {
    for (proven, outcome) in [
        (None, Err(GrantError::Stranger)),
        (Some("another"), Err(GrantError::Stranger)),
        (Some("thumb"), Ok(())),
    ] {
        let memory = Memory::default();
        let code = granted(&memory);
        if let Some((grant, _)) = memory.codes.lock().unwrap().get_mut(&code.hash(&key())) {
            grant.bound_to = Some("thumb".to_owned());
        }
        let asked = Redemption { bound_to: proven, ..asked(&code) };

        assert_eq!(redeemed(&memory, "pc_a", &asked).map(drop), outcome);
    }
}

#[test]
fn a_used_code_ends_what_it_gave() {
    let memory = Memory::default();
    let code = granted(&memory);
    let mut right = asked(&code);
    right.redirect_uri = Some("https://app.example/cb");

    let given = redeemed(&memory, "pc_a", &right).unwrap();
    let late = Redemption { now: NOW.plus(AT_ONCE), ..asked(&code) };
    let again = redeemed(&memory, "pc_a", &late).unwrap_err();

    assert_eq!((given.family.generation, again), (1, GrantError::Reused));
    assert_eq!(given.family.expires_at, NOW.plus(FAMILY_LIFE));
    let refused = refreshed(&memory, "pc_a", &given.refresh, (None, NOW));
    assert_eq!(refused.unwrap_err(), GrantError::Over);
}

#[test]
fn the_same_request_at_once_ends_nothing_and_another_one_does() {
    let wrong = format!("{VERIFIER}x");
    for (client_id, verifier, outcome, is_live) in [
        ("pc_a", Some(VERIFIER), GrantError::Simultaneous, true),
        ("pc_a", Some(wrong.as_str()), GrantError::Reused, false),
        ("pc_a", None, GrantError::Reused, false),
        ("pc_b", Some(VERIFIER), GrantError::Reused, false),
    ] {
        let memory = Memory::default();
        let code = granted(&memory);
        let given = redeemed(&memory, "pc_a", &asked(&code)).unwrap();

        let again = Redemption { verifier, now: after(4), ..asked(&code) };
        assert_eq!(redeemed(&memory, client_id, &again).unwrap_err(), outcome);

        let next = refreshed(&memory, "pc_a", &given.refresh, (None, after(4)));
        assert_eq!(next.is_ok(), is_live, "{client_id} {verifier:?}");
    }
}

#[test]
fn a_lost_answer_gives_the_same_successor_for_ten_seconds_and_no_longer() {
    let memory = Memory::default();
    let first = redeemed(&memory, "pc_a", &asked(&granted(&memory))).unwrap().refresh;
    let second = refreshed(&memory, "pc_a", &first, (None, after(5))).unwrap();

    let again = refreshed(&memory, "pc_a", &first, (None, after(14))).unwrap();
    let late = refreshed(&memory, "pc_a", &first, (None, after(15))).unwrap_err();

    assert!(same(&second, &again) && !same(&first, &second));
    assert_eq!(late, GrantError::Reused);
    let ended = refreshed(&memory, "pc_a", &second, (None, after(15)));
    assert_eq!(ended.unwrap_err(), GrantError::Over);
}

#[test]
fn a_token_two_generations_old_ends_the_family_at_once() {
    let memory = Memory::default();
    let first = redeemed(&memory, "pc_a", &asked(&granted(&memory))).unwrap().refresh;
    let second = refreshed(&memory, "pc_a", &first, (None, NOW)).unwrap();
    let third = refreshed(&memory, "pc_a", &second, (None, NOW)).unwrap();

    // In the same moment: generations are counted, not timed.
    assert_eq!(refreshed(&memory, "pc_a", &first, (None, NOW)).unwrap_err(), GrantError::Reused);
    assert_eq!(refreshed(&memory, "pc_a", &third, (None, NOW)).unwrap_err(), GrantError::Over);
}

#[test]
fn a_stranger_neither_uses_nor_ends_a_family() {
    let memory = Memory::default();
    let first = redeemed(&memory, "pc_a", &asked(&granted(&memory))).unwrap().refresh;
    let guess = RefreshToken::first(first.family());
    let unknown = RefreshToken::first(&RefreshToken::new_family());

    for (client_id, token, bound_to, error) in [
        ("pc_b", &first, None, GrantError::Stranger),
        ("pc_b", &guess, None, GrantError::Stranger),
        ("pc_a", &first, Some("another key"), GrantError::Stranger),
        ("pc_a", &unknown, None, GrantError::Unknown),
    ] {
        let refused = refreshed(&memory, client_id, token, (bound_to, NOW));

        assert_eq!(refused.unwrap_err(), error);
    }
    assert!(refreshed(&memory, "pc_a", &first, (None, NOW)).is_ok());
}

#[test]
fn a_family_ends_a_day_after_the_grant_however_often_it_is_used() {
    let memory = Memory::default();
    let mut token = redeemed(&memory, "pc_a", &asked(&granted(&memory))).unwrap().refresh;
    for hour in 1..24 {
        token = refreshed(&memory, "pc_a", &token, (None, after(hour * 3600))).unwrap();
    }

    let late = refreshed(&memory, "pc_a", &token, (None, NOW.plus(FAMILY_LIFE)));

    assert_eq!(late.unwrap_err(), GrantError::Over);
}

#[test]
fn more_scope_than_was_granted_is_refused() {
    let (memory, client) = (Memory::default(), client("pc_a"));
    let first = redeemed(&memory, "pc_a", &asked(&granted(&memory))).unwrap().refresh;
    let wide = Scopes::parse("read:jobs write:jobs").unwrap();

    let how = (Some(&wide), None, NOW);
    let refused = ready(refresh(&memory, &key(), &proven(&client), &first, how)).unwrap_err();

    assert!(matches!(refused, Halt::Refused(GrantError::Scope)));
}

#[test]
fn no_family_ends_in_ten_thousand_lost_answers() {
    let memory = Memory::default();
    let mut token = redeemed(&memory, "pc_a", &asked(&granted(&memory))).unwrap().refresh;
    for turn in 0..10_000 {
        let at = NOW.plus(Duration::from_millis(turn * 10));
        let lost = refreshed(&memory, "pc_a", &token, (None, at)).unwrap();
        let again = refreshed(&memory, "pc_a", &token, (None, at)).unwrap();
        assert!(same(&lost, &again), "{turn}");
        token = again;
    }
}

proptest! {
    /// Whoever replays whatever whenever: of all tokens that were ever given, one at most is good.
    #[test]
    fn never_are_two_tokens_of_a_family_good(
        turns in proptest::collection::vec((0_usize..6, 0_u64..12), 1..24),
    ) {
        let memory = Memory::default();
        let given = redeemed(&memory, "pc_a", &asked(&granted(&memory))).unwrap();
        let mut tokens = vec![given.refresh];
        let mut now = NOW;
        for (back, seconds) in turns {
            now = now.plus(Duration::from_secs(seconds));
            let place = tokens.len().saturating_sub(1 + back);
            if let Ok(next) = refreshed(&memory, "pc_a", &tokens[place].clone(), (None, now))
                && !tokens.iter().any(|known| same(known, &next))
            {
                tokens.push(next);
            }
        }
        let family = memory.families.lock().unwrap()[&given.family.id].clone();
        let current = tokens.iter().filter(|token| token.hash(&key()) == family.current);
        prop_assert_eq!(current.count(), 1);
        prop_assert_eq!(usize::try_from(family.generation).unwrap(), tokens.len());
    }
}
