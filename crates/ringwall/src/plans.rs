//! What is made of the configuration alone: the contract and the firewall around it.
//!
//! Drawing them takes a processor longer than everything else of a start. So it is done beside the
//! work on the database, on a thread that may block.

use std::sync::Arc;

use api::{Documentation, Routes};
use gate::{Contract, Shield};
use kernel::Clock;
use policy::Engine;
use tokio::task::JoinHandle;

use crate::cli::exit::Failure;
use crate::config::Config;
use crate::shield;

/// What the rings are built after.
pub(crate) struct Plans {
    /// The handlers.
    pub(crate) routes: Routes,
    /// What is written about them.
    pub(crate) documentation: Documentation,
    /// What they promise, compiled.
    pub(crate) contract: Arc<Contract>,
    /// The firewall; nothing where it is off.
    pub(crate) shield: Option<Arc<Shield>>,
}

/// Plans that are being drawn.
pub(crate) struct Drawing(JoinHandle<Result<Plans, Failure>>);

impl Drawing {
    /// Begins to draw.
    pub(crate) fn begin(
        config: &Config,
        policy: Arc<Engine>,
        clock: Arc<dyn Clock>,
        public_url: &str,
    ) -> Self {
        let (config, public_url) = (config.clone(), public_url.to_owned());
        Self(tokio::task::spawn_blocking(move || draw(&config, &policy, &clock, &public_url)))
    }

    /// Waits for the plans.
    ///
    /// # Errors
    /// When the contract does not compile or names an action that no policy knows, or when the
    /// firewall's rules do not compile.
    pub(crate) async fn plans(self) -> Result<Plans, Failure> {
        self.0.await.map_err(|error| Failure::because(&error))?
    }
}

fn draw(
    config: &Config,
    policy: &Engine,
    clock: &Arc<dyn Clock>,
    public_url: &str,
) -> Result<Plans, Failure> {
    let (routes, documentation, contract) = contract(policy, public_url)?;
    let shield = shield::raise(config, shield::rules(&config.firewall)?, &contract, clock)?;
    Ok(Plans { routes, documentation, contract, shield })
}

/// What the API is, compiled.
///
/// # Errors
/// When the contract does not compile or names an action that no policy knows.
pub(crate) fn contract(
    policy: &Engine,
    public_url: &str,
) -> Result<(Routes, Documentation, Arc<Contract>), Failure> {
    let (routes, document) =
        api::build(policy, public_url).map_err(|error| Failure::because(&error))?;
    let contract = Contract::compile(&document).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Failed(format!("the contract does not compile:\n{}", lines.join("\n")))
    })?;
    Ok((routes, Documentation::of(&document), Arc::new(contract)))
}
