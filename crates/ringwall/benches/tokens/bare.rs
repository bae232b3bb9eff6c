//! The physical limit: hyper and TLS on connections that stay open, and nothing else. What this
//! machine takes for an answer before a server has done anything.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use gate::tls::{LocalCa, ServerCertificate, server_config};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use kernel::{Clock as _, SystemClock};
use rustix::time::{ClockId, clock_gettime};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::load::{self, Asked, Door};
use crate::server::trusting;

/// Answers for each second of its processor time.
pub(super) fn per_cpu_second(client: &Runtime) -> f64 {
    let (server, door) = start();
    let asked = Asked::get("/", "token");
    let rounds = (0..super::ROUNDS).map(|_| {
        let before = server_seconds();
        client.block_on(load::closed_loop(&door, &asked, COUNT));
        f64::from(COUNT) / (server_seconds() - before)
    });
    let answers = super::median(rounds.collect());
    server.shutdown_background();
    answers
}

fn start() -> (Runtime, Door) {
    let now = SystemClock.now();
    let ca = LocalCa::create(&[], now).unwrap();
    let issued = ca.issue(&["localhost".to_owned()], now).unwrap();
    let certificate = ServerCertificate::from_pem(&issued.chain_pem, &issued.key_pem).unwrap();
    let config = server_config(Arc::new(certificate), false, None).unwrap();
    let authority = CertificateDer::from_pem_slice(ca.certificate_pem().as_bytes()).unwrap();
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let socket = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let authority =
        Door { authority: socket.local_addr().unwrap().to_string(), tls: trusting(authority) };
    let acceptor = TlsAcceptor::from(config);
    runtime.spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            tokio::spawn(connection(stream, acceptor.clone()));
        }
    });
    (runtime, authority)
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor) {
    stream.set_nodelay(true).unwrap();
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let mut http = http1::Builder::new();
    let served = http.timer(TokioTimer::new()).serve_connection(
        TokioIo::new(stream),
        service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(&[b' '; 256]))))
        }),
    );
    // How the client leaves is no concern of ours.
    let _left = served.await;
}

/// Processor time of this process without that of this thread, which is the client's.
fn server_seconds() -> f64 {
    let seconds = |clock| {
        let time = clock_gettime(clock);
        #[expect(clippy::cast_precision_loss, reason = "seconds of a bench")]
        let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
        seconds
    };
    seconds(ClockId::ProcessCPUTime) - seconds(ClockId::ThreadCPUTime)
}

const COUNT: u32 = 24_000;
