//! Our server over TLS on a port, and on which runtimes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread;

use gate::listener::{Listener, ListenerConfig, Redirect, RedirectConfig, Site};
use gate::tls::{LocalCa, ServerCertificate, server_config};
use gate::{Tasks, Wall};
use kernel::{Clock, SystemClock};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::runtime::Builder;

/// One certificate for all servers, and the authority that the client trusts.
pub(super) struct Tls {
    pub(super) server: Arc<ServerConfig>,
    roots: Arc<RootCertStore>,
}

impl Tls {
    pub(super) fn new() -> Self {
        let ca = LocalCa::create(&[], SystemClock.now()).unwrap();
        let issued = ca.issue(&[], SystemClock.now()).unwrap();
        let certificate = ServerCertificate::from_pem(&issued.chain_pem, &issued.key_pem).unwrap();
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(ca.certificate_pem().as_bytes());
        roots.add(authority.unwrap()).unwrap();
        let server = server_config(Arc::new(certificate), false, None).unwrap();
        Self { server, roots: Arc::new(roots) }
    }

    pub(super) fn client(&self, alpn: &[u8]) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_vec()];
        Arc::new(config)
    }
}

/// Serves on the runtime that this is called on.
pub(super) fn on_this_runtime(wall: Arc<Wall>, tls: &Tls) -> SocketAddr {
    let listener = Listener::bind(config(0)).unwrap();
    let at = listener.local_addr();
    let tasks = Tasks::new();
    let site = Site::new(Arc::new(wall), tasks.clone(), CONNECTIONS_MAX);
    tasks.spawn(listener.serve_tls(Arc::clone(&tls.server), redirect(), site));
    at
}

/// Serves on a thread a core, each with a runtime and a listening socket of its own.
pub(super) fn on_a_runtime_a_core(wall: &Arc<Wall>, tls: &Tls) -> SocketAddr {
    let cores = thread::available_parallelism().unwrap().get();
    let mut port = 0;
    let (bound, addresses) = mpsc::channel();
    for _ in 0..cores {
        let (wall, tls, bound) = (Arc::clone(wall), Arc::clone(&tls.server), bound.clone());
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = Listener::bind(config(port)).unwrap();
                bound.send(listener.local_addr()).unwrap();
                let site = Site::new(Arc::new(wall), Tasks::new(), CONNECTIONS_MAX);
                listener.serve_tls(tls, redirect(), site).await;
            });
        });
        port = addresses.recv().unwrap().port();
    }
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn config(port: u16) -> ListenerConfig {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    ListenerConfig { address, reuse_port: true, ..ListenerConfig::default() }
}

fn redirect() -> Redirect {
    let hosts = vec!["localhost".to_owned()];
    Redirect::new(&RedirectConfig { hosts, public_authority: None, https_port: None }).unwrap()
}

const CONNECTIONS_MAX: usize = 1024;
