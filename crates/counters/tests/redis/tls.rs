//! A Redis that is asked over TLS, and must prove its name.

use std::path::PathBuf;
use std::time::Duration;

use counters::{Answer, Counters, OnStoreError, RedisConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::server::{Server, free_port};
use crate::{NOW_MS, WHO, plan};

/// An authority of the test's own.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, directory: tempfile::tempdir().unwrap() }
    }

    fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    fn written(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A Redis with a certificate for this name: its TLS port.
    fn server(&self, name: &str) -> (Server, u16) {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &self.issuer).unwrap();
        let port = free_port();
        let files = [
            ("--tls-cert-file", self.written("leaf.pem", &leaf.pem())),
            ("--tls-key-file", self.written("leaf.key", &key.serialize_pem())),
            ("--tls-ca-cert-file", self.written("ca.pem", &self.issuer.pem())),
        ];
        let tls_port = port.to_string();
        let mut further = vec!["--tls-port", &tls_port, "--tls-auth-clients", "no"];
        for (flag, path) in &files {
            further.extend([flag, path.to_str().unwrap()]);
        }
        (Server::start_with(free_port(), &further), port)
    }
}

fn node(port: u16, ca_pem: Vec<u8>) -> Counters {
    let url = format!("rediss://127.0.0.1:{port}/0");
    let deadline = Duration::from_secs(5);
    let config = RedisConfig { url, ca_pem: Some(ca_pem), pepper: [7; 32], deadline };
    Counters::redis(1024, config).unwrap()
}

#[tokio::test]
async fn a_redis_behind_tls_counts_and_one_of_another_name_or_authority_is_not_asked() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let plan = plan(3, OnStoreError::Closed, 1);

    let (_named, port) = ours.server("127.0.0.1");
    let (one, other) = (node(port, ours.pem()), node(port, ours.pem()));
    let mut passed = 0;
    for node in [&one, &other].iter().cycle().take(8) {
        passed += usize::from(node.charge(&plan, &WHO, NOW_MS).await.is_admitted());
    }
    assert_eq!(passed, 3, "both nodes share the limit");
    assert_eq!(one.health().unwrap().failures, 0);

    let stranger = node(port, theirs.pem());
    assert!(matches!(stranger.charge(&plan, &WHO, NOW_MS).await, Answer::Closed(_)));

    let (_misnamed, port) = ours.server("cache.example");
    let misled = node(port, ours.pem());
    assert!(matches!(misled.charge(&plan, &WHO, NOW_MS).await, Answer::Closed(_)));
}

#[tokio::test]
async fn a_connection_that_is_made_ahead_is_there_when_a_request_asks() {
    let ours = Authority::new();
    let (_server, port) = ours.server("127.0.0.1");
    let node = node(port, ours.pem());

    node.exchange(NOW_MS).await;

    let plan = plan(3, OnStoreError::Closed, 1);
    let answer = node.charge(&plan, &WHO, NOW_MS).await;
    assert!(answer.is_admitted(), "{answer:?}");
    assert_eq!(node.health().unwrap().failures, 0, "a late connection would be one");
}
