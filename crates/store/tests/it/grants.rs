//! Codes and refresh tokens: what many at once get, and what is left.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Clock, Secret, TenantId, Timestamp};
use oauth::grants::{
    AT_ONCE, CODE_LIFE, CodeGrant, FAMILY_LIFE, Given, GrantError, Halt, Redemption,
};
use oauth::grants::{redeem, refresh};
use oauth::opaque::{Code, GrantKey, RefreshToken};
use oauth::pkce::Challenge;
use oauth::{
    Against, Authenticated, ClientProof, ClientSecret, Evidence, Pepper, Profile, RegisteredClient,
    Scopes, Uses, authenticate, hash_secret,
};
use store::grants::Granting;
use store::{StoreError, grants};

use crate::base::{Base, on_both};

/// RFC 7636 §B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn key() -> GrantKey {
    GrantKey::new(&Secret::new([7; 32]))
}

fn client(tenant: TenantId) -> RegisteredClient {
    let hash = hash_secret(&pepper(), "s");
    RegisteredClient {
        client_id: "pc_a".to_owned(),
        tenant,
        environment: "production".to_owned(),
        roles: vec!["partner".to_owned()],
        allowed: Scopes::parse("read:jobs").unwrap(),
        active: true,
        profile: Profile::Baseline,
        uses: Uses::default(),
        secrets: vec![ClientSecret { id: "s1".to_owned(), hash, expires: None }],
        keys: Vec::new(),
        certificates: Vec::new(),
        certificate_bound: false,
    }
}

fn pepper() -> Pepper {
    Pepper::new(1, &Secret::new([1; 32]))
}

fn proven(client: &RegisteredClient, now: Timestamp) -> Authenticated<'_> {
    let peppers = [pepper()];
    let evidence = Evidence::Basic(Secret::new("s".to_owned()));
    let proof = ClientProof { client_id: client.client_id.clone(), evidence };
    let against =
        Against { peppers: &peppers, issuer: "https://id.example", certificate: None, now };
    authenticate(Some(client), &proof, &against).unwrap().settle(true).unwrap()
}

/// A code that somebody granted.
async fn granted(base: &Base, tenant: TenantId) -> Code {
    let code = Code::generate();
    let grant = CodeGrant {
        client_id: "pc_a".to_owned(),
        tenant,
        subject: "usr_1".to_owned(),
        scopes: Scopes::parse("read:jobs").unwrap(),
        redirect_uri: "https://app.example/cb".to_owned(),
        challenge: Challenge::parse(Some("S256"), CHALLENGE).unwrap(),
        bound_to: None,
        auth_time: base.clock.now(),
        phishing_resistant: false,
        vouched: false,
        family: RefreshToken::new_family(),
        expires_at: base.clock.now().plus(CODE_LIFE),
    };
    let mut tx = base.change(tenant).await;
    grants::add_code(&mut tx, code.hash(&key()), &grant).await.unwrap();
    tx.commit(None).await.unwrap();
    code
}

async fn redeemed(
    base: &Base,
    client: &RegisteredClient,
    code: &Code,
) -> Result<Given, Halt<StoreError>> {
    redeemed_at(base, client, code, None).await
}

async fn redeemed_at(
    base: &Base,
    client: &RegisteredClient,
    code: &Code,
    redirect_uri: Option<&str>,
) -> Result<Given, Halt<StoreError>> {
    let now = base.clock.now();
    let asked =
        Redemption { code, verifier: Some(VERIFIER), redirect_uri, bound_to: Some("thumb"), now };
    let (permit, witness) = (base.permit(client.tenant), base.witness());
    let granting = Granting::new(&base.store, &permit, &witness);
    redeem(&granting, &key(), &proven(client, now), &asked).await
}

async fn refreshed(
    base: &Base,
    client: &RegisteredClient,
    token: &RefreshToken,
) -> Result<Given, Halt<StoreError>> {
    let now = base.clock.now();
    let how = (None, Some("thumb"), now);
    let (permit, witness) = (base.permit(client.tenant), base.witness());
    let granting = Granting::new(&base.store, &permit, &witness);
    refresh(&granting, &key(), &proven(client, now), token, how).await
}

fn error<T>(outcome: Result<T, Halt<StoreError>>) -> Option<GrantError> {
    match outcome {
        Err(Halt::Refused(error)) => Some(error),
        Err(Halt::Stolen { .. }) => Some(GrantError::Reused),
        Err(Halt::Failed(error)) => panic!("{error}"),
        Ok(_) => None,
    }
}

/// The grants that subscribers were told of.
async fn reused(base: &Base) -> Vec<String> {
    let told: Vec<serde_json::Value> =
        base.raw.column("select payload from outbox where kind = 'grant.reused'").await;
    told.iter().map(|event| event["object"]["id"].as_str().unwrap().to_owned()).collect()
}

fn whole(token: &RefreshToken) -> String {
    token.whole().expose().clone()
}

#[tokio::test]
async fn of_thirty_two_redemptions_at_once_exactly_one_succeeds() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let (client, code) = (client(tenant), granted(base, tenant).await);

        let all = join_all((0..32).map(|_| redeemed(base, &client, &code))).await;

        let errors: Vec<_> = all.into_iter().filter_map(error).collect();
        assert_eq!(errors, [GrantError::Simultaneous; 31]);
        let living = "select count(*) from refresh_family where ended_at is null";
        let alive: Vec<i64> = base.raw.column(living).await;
        assert_eq!(alive, [1], "the one that succeeded lives");

        base.clock.advance(AT_ONCE);
        assert_eq!(error(redeemed(base, &client, &code).await), Some(GrantError::Reused));
        let alive: Vec<i64> = base.raw.column(living).await;
        assert_eq!(alive, [0], "a code that is used again later leaves nothing that lives");
    })
    .await;
}

#[tokio::test]
async fn who_uses_a_code_again_in_another_way_ends_it_also_at_once() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let (client, code) = (client(tenant), granted(base, tenant).await);
        let stranger = RegisteredClient { client_id: "pc_b".to_owned(), ..client.clone() };

        let right = (0..8).map(|_| redeemed(base, &client, &code));
        let (all, wrong) = tokio::join!(join_all(right), redeemed(base, &stranger, &code));

        // Whoever came first, nothing that a stranger touched is left.
        assert!(error(wrong).is_some());
        assert!(all.into_iter().filter_map(error).count() >= 7);
        let living = "select count(*) from refresh_family where ended_at is null";
        let alive: Vec<i64> = base.raw.column(living).await;
        assert_eq!(alive, [0]);
    })
    .await;
}

#[tokio::test]
async fn of_thirty_two_refreshes_at_once_there_is_one_successor() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let (client, code) = (client(tenant), granted(base, tenant).await);
        let first = redeemed(base, &client, &code).await.unwrap().refresh;

        let all = join_all((0..32).map(|_| refreshed(base, &client, &first))).await;

        let mut tokens: Vec<_> =
            all.into_iter().map(|given| whole(&given.unwrap().refresh)).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        let generation: Vec<i64> = base.raw.column("select generation from refresh_family").await;
        assert_eq!(generation, [2]);
        let next = RefreshToken::parse(&tokens[0]).unwrap();
        assert_eq!(error(refreshed(base, &client, &next).await), None);
    })
    .await;
}

#[tokio::test]
async fn lost_answers_end_no_family_and_an_older_token_does() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let (client, code) = (client(tenant), granted(base, tenant).await);
        let first = redeemed(base, &client, &code).await.unwrap().refresh;
        let mut token = first.clone();
        for _ in 0..100 {
            base.tick();
            let lost = refreshed(base, &client, &token).await.unwrap().refresh;
            let again = refreshed(base, &client, &token).await.unwrap().refresh;
            assert_eq!(whole(&lost), whole(&again));
            token = again;
        }

        assert_eq!(error(refreshed(base, &client, &first).await), Some(GrantError::Reused));
        assert_eq!(error(refreshed(base, &client, &token).await), Some(GrantError::Over));
    })
    .await;
}

#[tokio::test]
async fn a_theft_is_told_once_however_often_the_thief_tries() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let (client, code) = (client(tenant), granted(base, tenant).await);
        let first = redeemed(base, &client, &code).await.unwrap().refresh;
        let second = refreshed(base, &client, &first).await.unwrap().refresh;
        refreshed(base, &client, &second).await.unwrap();
        assert_eq!(reused(base).await, Vec::<String>::new());

        let all = join_all((0..8).map(|_| refreshed(base, &client, &first))).await;

        assert!(all.into_iter().all(|given| given.is_err()));
        assert_eq!(reused(base).await, [first.family()]);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_is_used_again_is_told_also_where_it_gave_nothing() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let client = client(tenant);
        let (gave, burnt) = (granted(base, tenant).await, granted(base, tenant).await);
        let family = redeemed(base, &client, &gave).await.unwrap().family.id;
        let elsewhere = Some("https://app.example/other");
        let wrong = redeemed_at(base, &client, &burnt, elsewhere).await;
        assert_eq!(error(wrong), Some(GrantError::Redirection));
        base.clock.advance(AT_ONCE);

        for _ in 0..3 {
            assert_eq!(error(redeemed(base, &client, &gave).await), Some(GrantError::Reused));
            assert_eq!(error(redeemed(base, &client, &burnt).await), Some(GrantError::Reused));
        }

        let told = reused(base).await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&family), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn no_family_ends_in_ten_thousand_replays_of_lost_answers() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let (client, code) = (client(tenant), granted(base, tenant).await);
        let mut token = redeemed(base, &client, &code).await.unwrap().refresh;

        for turn in 0..100 {
            base.tick();
            // One of them replaces the token; a hundred others lost the answer, and all at once.
            let all = join_all((0..=100).map(|_| refreshed(base, &client, &token))).await;
            let successors: BTreeSet<String> =
                all.into_iter().map(|given| whole(&given.unwrap().refresh)).collect();
            assert_eq!(successors.len(), 1, "turn {turn}");
            token = RefreshToken::parse(successors.first().unwrap()).unwrap();
        }

        let generation: Vec<i64> = base.raw.column("select generation from refresh_family").await;
        assert_eq!(generation, [101], "no replay made a successor of its own");
        let ended = "select count(*) from refresh_family where ended_at is not null";
        assert_eq!(base.raw.column::<i64>(ended).await, [0]);
    })
    .await;
}

#[tokio::test]
async fn a_used_code_ends_what_it_gave_and_another_tenant_finds_none() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let (own, other) = (client(acme), client(zeta));
        let code = granted(base, acme).await;

        assert_eq!(error(redeemed(base, &other, &code).await), Some(GrantError::Unknown));
        let token = redeemed(base, &own, &code).await.unwrap().refresh;
        assert_eq!(error(refreshed(base, &other, &token).await), Some(GrantError::Unknown));
        base.clock.advance(AT_ONCE);
        assert_eq!(error(redeemed(base, &own, &code).await), Some(GrantError::Reused));

        assert_eq!(error(refreshed(base, &own, &token).await), Some(GrantError::Over));
    })
    .await;
}

#[tokio::test]
async fn grants_are_kept_as_hashes_and_forgotten_when_they_are_over() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let (client, code) = (client(tenant), granted(base, tenant).await);
        let first = redeemed(base, &client, &code).await.unwrap().refresh;
        let second = refreshed(base, &client, &first).await.unwrap().refresh;

        let all = base.raw.everything().await;
        for secret in [code.whole().expose().clone(), whole(&first), whole(&second)] {
            let (_, tail) = secret.split_at(secret.len() - 40);
            assert!(!all.contains(tail));
        }
        let end = base.clock.now().plus(FAMILY_LIFE).plus(Duration::from_millis(1));
        assert_eq!(grants::prune(&base.store, end).await.unwrap(), 2);
        assert_eq!(error(refreshed(base, &client, &second).await), Some(GrantError::Unknown));
    })
    .await;
}
