//! The firewall of `serve`: rules from the binary and from files, and a watch over the files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use firewall::{Exclusion, Mode, Ruleset, Selection};
use gate::inspection::{self, Inspector, MatchLog, RulesError, Stated, Text};
use gate::{Contract, Shield, Tasks};
use kernel::Clock;

use crate::cli::exit::Failure;
use crate::config::Config;
use crate::config::exclusions::FirewallExclusion;
use crate::config::sections::{Firewall, FirewallMode};
use crate::operations;
use crate::reload::Reloader;

/// The rules as they are configured; nothing where the firewall is off.
///
/// # Errors
/// When rules cannot be read or do not compile.
pub(crate) fn rules(settings: &Firewall) -> Result<Option<Ruleset>, Failure> {
    if settings.mode == FirewallMode::Off {
        return Ok(None);
    }
    load(settings).map(Some).map_err(|error| Failure::because(&error))
}

/// The firewall with these rules; nothing without any.
///
/// # Errors
/// When an exclusion names nothing, or the match log cannot be opened.
pub(crate) fn raise(
    config: &Config,
    rules: Option<Ruleset>,
    contract: &Arc<Contract>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<Shield>>, Failure> {
    let settings = &config.firewall;
    let Some(rules) = rules else { return Ok(None) };
    let mode = match settings.mode {
        FirewallMode::Off | FirewallMode::LogOnly => Mode::DetectionOnly,
        FirewallMode::Blocking | FirewallMode::Sampling => Mode::On,
    };
    let stated = stated(settings, contract, &rules)?;
    let log = settings.match_log.as_deref().map(MatchLog::open).transpose();
    let log = log.map_err(|error| Failure::because(&error))?;
    let text = if settings.baseline { Text::ByOurRules } else { Text::ByAllRules };
    let trust = settings.trust_contract.then_some(text);
    let inspector = Inspector::new(rules, Arc::clone(clock), Some(mode)).with_match_log(log);
    let inspector = inspector.with_contract(Arc::clone(contract), trust, stated);
    let inspector = inspector.map_err(|error| Failure::because(&error))?;
    let percent = match settings.mode {
        FirewallMode::Sampling => u32::from(settings.sampling_percent),
        _ => 100,
    };
    let percent = u8::try_from(percent).unwrap_or(100);
    Ok(Some(Arc::new(Shield { inspector, percent, response: settings.inspect_answers })))
}

fn stated(
    settings: &Firewall,
    contract: &Contract,
    rules: &Ruleset,
) -> Result<Vec<Stated>, Failure> {
    let wrong = |cause| Failure::Failed(format!("`firewall.exclusions`: {cause}"));
    let one = |written: &FirewallExclusion| {
        let operation = written.operation.as_deref();
        let operation = operation.map(|name| operations::find(contract, name)).transpose()?;
        let unknown = written.rules.iter().find(|named| !rules.has(&named.selection));
        if let Some(named) = unknown {
            return Err(format!("there is no rule `{}`", named.written));
        }
        let selections = written.rules.iter().map(|named| named.selection.clone());
        let exclusions = selections.flat_map(|rules| of_targets(&rules, &written.targets));
        let operation = operation.map(|operation| operation.index);
        Ok(Stated { operation, exclusions: exclusions.collect() })
    };
    settings.exclusions.iter().map(one).collect::<Result<_, _>>().map_err(wrong)
}

fn of_targets(rules: &Selection, targets: &[String]) -> Vec<Exclusion> {
    let exclusion = |target| Exclusion { rules: rules.clone(), target };
    match targets {
        [] => vec![exclusion(None)],
        targets => targets.iter().map(|target| exclusion(Some(target.clone()))).collect(),
    }
}

fn load(settings: &Firewall) -> Result<Ruleset, RulesError> {
    let before = if settings.baseline { inspection::baseline() } else { inspection::setup() };
    inspection::load(before, &settings.rules)
}

/// Loads the rules again when one of their files changes. Rules that do not compile are told and
/// not taken: the ones before stay.
pub(crate) fn keep_fresh(reloader: Arc<Reloader>, tasks: &Tasks) {
    let mut stopping = tasks.stopping();
    tasks.spawn(async move {
        let mut seen = stamps(&reloader.holds().config.firewall.rules);
        let every = |config: &Config| config.firewall.reload_s.into();
        while reloader.pause(&mut stopping, every).await.is_some() {
            let settings = reloader.holds().config.firewall.clone();
            let now = stamps(&settings.rules);
            if now == seen {
                continue;
            }
            seen = now;
            let Some(shield) = reloader.app().posture().firewall.clone() else { continue };
            if reload(&shield, settings).await {
                reloader.tell_of_files("firewall.rules").await;
            }
        }
    });
}

/// Whether other rules are in force.
async fn reload(shield: &Shield, settings: Firewall) -> bool {
    // Compiling a whole rule set takes a moment of a processor.
    let loaded = tokio::task::spawn_blocking(move || load(&settings)).await;
    let Ok(loaded) = loaded else { return false };
    let swapped = match loaded {
        Ok(rules) => shield.inspector.swap(rules).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match swapped {
        Ok(()) => tracing::info!("the firewall's rules were loaded again"),
        Err(cause) => {
            tracing::error!(cause, "the firewall keeps its rules: the new ones are broken");
            return false;
        }
    }
    true
}

/// When each rule file was last changed. A file that is away has no time, and counts as changed.
fn stamps(rules: &[PathBuf]) -> Vec<(PathBuf, Option<SystemTime>)> {
    let files = rules.iter().flat_map(|path| inspection::files(path).unwrap_or_default());
    let changed = |file: &PathBuf| std::fs::metadata(file).and_then(|data| data.modified()).ok();
    files.map(|file| (file.clone(), changed(&file))).collect()
}
