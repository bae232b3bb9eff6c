//! What every platform runs by: policies, document, contract and rules, made once for all of them.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use api::{Documentation, Routes};
use firewall::{Mode, Ruleset, Source};
use gate::inspection::{Inspector, Text, baseline, load};
use gate::{Contract, Shield};
use kernel::Clock;
use policy::Engine;

use crate::platform::PUBLIC_URL;

/// What is the same for every platform, and takes the longest to make.
pub(crate) struct Plan {
    pub(crate) policy: Arc<Engine>,
    pub(crate) routes: Routes,
    pub(crate) documentation: Documentation,
    pub(crate) contract: Arc<Contract>,
    pub(crate) rules: Ruleset,
}

pub(crate) static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let policy = Engine::load().expect("the policies load");
    let (routes, openapi) = api::build(&policy, PUBLIC_URL).expect("the document serialises");
    let contract = Contract::compile(&openapi).expect("the contract compiles");
    let rules = load(baseline(), &more_rules()).expect("the rules compile");
    let documentation = Documentation::of(&openapi);
    Plan { policy: Arc::new(policy), routes, documentation, contract: Arc::new(contract), rules }
});

/// Rules to run besides our own, as paths with `:` between: `cargo xtask test` names the Core Rule
/// Set's.
fn more_rules() -> Vec<PathBuf> {
    let named = std::env::var_os("RINGWALL_TEST_RULES");
    named.iter().flat_map(std::env::split_paths).collect()
}

/// The firewall as the binary closes it by default: our own rules, and what the contract excludes.
pub(crate) fn shield(
    mode: Mode,
    clock: Arc<dyn Clock>,
    plan: &Plan,
    answer_rules: Option<&'static str>,
) -> Arc<Shield> {
    let rules = answer_rules.map_or_else(
        || plan.rules.clone(),
        |text| {
            let sources = baseline().into_iter().chain([Source::new("answers.conf", text)]);
            load(sources.collect(), &[]).expect("the rules compile")
        },
    );
    let inspector = Inspector::new(rules, clock, Some(mode));
    let inspector =
        inspector.with_contract(Arc::clone(&plan.contract), Some(Text::ByOurRules), Vec::new());
    let inspector = inspector.expect("the contract's names can stand in targets");
    Arc::new(Shield { inspector, percent: 100, response: answer_rules.is_some() })
}
