//! `ringwall firewall proxy`: the firewall in front of any HTTP server.

use std::sync::Arc;
use std::time::Duration;

use firewall::Mode;
use gate::Tasks;
use gate::inspection::{Inspector, MatchLog};
use gate::proxy::{Proxy, ProxyConfig};
use gate::tls::ServerCertificate;
use kernel::{Clock, SystemClock};

use crate::cli::exit::{Failure, print};
use crate::cli::firewall::ProxyArgs;
use crate::serve::{Signals, drain};

/// Guards a server until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub(super) fn run(args: &ProxyArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because(&error))?;
    runtime.block_on(serve(args))
}

async fn serve(args: &ProxyArgs) -> Result<(), Failure> {
    let mut signals = Signals::hear()?;
    let rules = super::rules(&args.rules)?;
    let log = args.match_log.as_deref().map(MatchLog::open).transpose();
    let log = log.map_err(|error| Failure::because(&error))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mode = args.log_only.then_some(Mode::DetectionOnly);
    let inspector = Inspector::new(rules, Arc::clone(&clock), mode).with_match_log(log);
    let config = ProxyConfig {
        listen: args.listen,
        upstream: args.upstream.clone(),
        body_bytes_max: args.body_bytes_max,
        connections_max: CONNECTIONS_MAX,
    };
    let proxy = Proxy::bind(&config, Arc::new(inspector), clock, certificate(args)?).await;
    let proxy = proxy.map_err(|error| Failure::because(&error))?;
    let scheme = if args.cert.is_some() { "https" } else { "http" };
    print(&format!("guarding {} at {scheme}://{}\n", args.upstream, proxy.local_addr()))?;
    let tasks = Tasks::new();
    tasks.spawn(proxy.serve(tasks.clone()));
    signals.stop().await;
    tokio::select! {
        () = drain(&tasks, DRAIN_MAX) => {}
        () = signals.stop() => drain(&tasks, Duration::ZERO).await,
    }
    Ok(())
}

fn certificate(args: &ProxyArgs) -> Result<Option<Arc<ServerCertificate>>, Failure> {
    let (Some(cert), Some(key)) = (&args.cert, &args.key) else { return Ok(None) };
    let certificate = ServerCertificate::from_files(cert, key);
    certificate.map(|read| Some(Arc::new(read))).map_err(|error| Failure::because(&error))
}

const CONNECTIONS_MAX: usize = 10_000;
const DRAIN_MAX: Duration = Duration::from_secs(10);
