//! Issuers over real TLS: what is asked, how often, and what goes on when nobody answers.

#![expect(clippy::unwrap_used, reason = "a test fails where it is wrong")]

use std::sync::Arc;
use std::time::Duration;

use issuers::{FetchError, Issuer, IssuerConfig, Outside};
use kernel::{ManualClock, Timestamp};
use oauth::jwk::Algorithm;
use testkit::IdentityProvider;

struct Bench {
    provider: IdentityProvider,
    clock: Arc<ManualClock>,
    issuer: Arc<Issuer>,
}

impl Bench {
    async fn new() -> Self {
        Self::with(None).await
    }

    async fn with(jwks: Option<&str>) -> Self {
        let provider = IdentityProvider::start().await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let config = IssuerConfig {
            name: "okta".to_owned(),
            issuer: provider.issuer.clone(),
            jwks_uri: jwks.map(|path| format!("{}{path}", provider.issuer)),
            algorithms: vec![Algorithm::Es256],
            own_origin_only: true,
        };
        let outside = Outside::new(Some(provider.ca_pem.as_bytes())).unwrap();
        let issuer = Arc::new(Issuer::new(config, outside, clock.clone()));
        Self { provider, clock, issuer }
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn what_is_no_https_or_trusted_by_nobody_is_not_read() {
    let bench = Bench::new().await;
    let url = format!("{}/jwks", bench.provider.issuer);
    let insecure = url.replace("https://", "http://");

    let trusting_others = Outside::new(None).unwrap();

    assert!(matches!(bench.issuer.outside().read(&insecure).await, Err(FetchError::Insecure)));
    assert!(matches!(trusting_others.read(&url).await, Err(FetchError::Unreachable(_))));
    assert!(bench.issuer.outside().read(&url).await.is_ok());
    assert!(
        Outside::new(Some(b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----")).is_err()
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let bench = Bench::with(Some("/moved")).await;

    assert!(bench.issuer.key("k1").await.is_none());

    assert_eq!(bench.provider.asked("/moved").len(), 1);
    let url = format!("{}/moved", bench.provider.issuer);
    assert!(matches!(bench.issuer.outside().read(&url).await, Err(FetchError::Status(302))));
}

#[tokio::test]
async fn of_many_who_wait_for_a_key_one_asks() {
    let bench = Bench::new().await;

    let all = (0..32).map(|_| bench.issuer.key("k1"));
    let found = futures_util::future::join_all(all).await;

    assert!(found.iter().all(Option::is_some));
    assert_eq!(bench.provider.asked("/jwks").len(), 1);
}

#[tokio::test]
async fn an_unknown_name_is_asked_for_at_most_every_ten_seconds() {
    let bench = Bench::new().await;
    assert!(bench.issuer.key("k1").await.is_some());

    for _ in 0..5 {
        assert!(bench.issuer.key("k9").await.is_none());
    }
    assert_eq!(bench.provider.asked("/jwks").len(), 1);
    bench.provider.rotate();
    bench.later(10);

    assert!(bench.issuer.key("k2").await.is_some());
    assert!(bench.issuer.key("k1").await.is_none());
    assert_eq!(bench.provider.asked("/jwks").len(), 2);
}

#[tokio::test]
async fn the_last_good_keys_go_on_for_a_day_while_nobody_answers() {
    let bench = Bench::new().await;
    assert!(bench.issuer.key("k1").await.is_some());
    bench.provider.set_down(true);

    bench.later(23 * 60 * 60);
    bench.issuer.keep_fresh().await;
    assert!(bench.issuer.key("k1").await.is_some());
    assert!(bench.issuer.metadata().await.is_ok());
    bench.later(60 * 60);
    assert!(bench.issuer.key("k1").await.is_none());

    bench.provider.set_down(false);
    bench.later(10);
    assert!(bench.issuer.key("k1").await.is_some());
}

#[tokio::test]
async fn who_never_answered_is_not_asked_again_at_once() {
    let bench = Bench::new().await;
    bench.provider.set_down(true);

    assert!(matches!(bench.issuer.metadata().await, Err(FetchError::Status(503))));
    assert!(matches!(bench.issuer.metadata().await, Err(FetchError::Waiting)));

    bench.provider.set_down(false);
    bench.later(10);
    assert!(bench.issuer.metadata().await.is_ok());
}
