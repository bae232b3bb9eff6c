//! A PostgreSQL on another machine: it is asked over TLS, and must prove its name. What answers
//! here speaks as much of its protocol as comes before the first secret.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use store::{Store, StoreConfig};
use tempfile::TempDir;

/// An address of this machine that is none of its names for itself.
const ELSEWHERE: &str = "127.0.0.2";

/// What a client did with a server.
#[derive(Debug, PartialEq, Eq)]
enum Did {
    /// It left when there was no TLS, or when it had seen the certificate.
    Left,
    /// It went on, and said who it is.
    Trusted,
}

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

    fn file(&self) -> PathBuf {
        let path = self.directory.path().join("ca.pem");
        std::fs::write(&path, self.issuer.pem()).unwrap();
        path
    }

    /// What a server of this name shows.
    fn shown(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        Arc::new(config.with_single_cert(vec![leaf.der().clone()], key).unwrap())
    }
}

/// Answers one client, over TLS or not at all; what that did.
fn server(shown: Option<Arc<ServerConfig>>) -> (u16, JoinHandle<Did>) {
    let listener = TcpListener::bind((ELSEWHERE, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        // SSLRequest: its length and its number.
        socket.read_exact(&mut [0; 8]).unwrap();
        let Some(shown) = shown else {
            socket.write_all(b"N").unwrap();
            return said_anything(&mut socket);
        };
        socket.write_all(b"S").unwrap();
        let mut tls = ServerConnection::new(shown).unwrap();
        said_anything(&mut Stream::<_, TcpStream>::new(&mut tls, &mut socket))
    });
    (port, answering)
}

fn said_anything(from: &mut impl Read) -> Did {
    match from.read(&mut [0; 64]) {
        Ok(1..) => Did::Trusted,
        _ => Did::Left,
    }
}

/// What a store does with such a server, whatever its URL asks for.
async fn meets(shown: Option<Arc<ServerConfig>>, options: &str) -> Did {
    let (port, answering) = server(shown);
    let url = format!("postgres://app:hunter2@{ELSEWHERE}:{port}/x?{options}");
    let migrated = Store::migrate(&StoreConfig { url, connections_max: 1 }).await;
    assert!(migrated.is_err(), "nobody is behind it");
    answering.join().unwrap()
}

#[tokio::test]
async fn a_remote_postgresql_must_prove_its_name_whatever_the_url_asks_for() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let root = format!("sslrootcert={}", ours.file().display());

    assert_eq!(meets(Some(ours.shown(ELSEWHERE)), &root).await, Did::Trusted);
    for mode in ["disable", "prefer", "require", "verify-ca"] {
        let options = format!("{root}&sslmode={mode}");
        assert_eq!(meets(None, &options).await, Did::Left, "{mode}: no TLS");
        let misnamed = ours.shown("db.example");
        assert_eq!(meets(Some(misnamed), &options).await, Did::Left, "{mode}: another name");
        let foreign = theirs.shown(ELSEWHERE);
        assert_eq!(meets(Some(foreign), &options).await, Did::Left, "{mode}: another authority");
    }
}
