//! Asks the solver, one request environment after the other, and does not take its word for what
//! it finds.

use std::{fmt, path::Path};

use cedar_policy::{Authorizer, Decision, PolicySet};
use cedar_policy_symcc::{
    CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env, solver::LocalSolver,
};
use tokio::process::Command;

use crate::{
    Outcome,
    claims::Claim,
    rules::{Question, Rules},
};

pub(crate) struct Prover<'a> {
    compiler: CedarSymCompiler<LocalSolver>,
    rules: &'a Rules,
    /// The policies as they are, for each question.
    compiled: Vec<CompiledPolicySet>,
    asked: usize,
}

/// What a search found, and how many environments it looked at.
pub(crate) struct Found {
    pub(crate) breach: Option<Breach>,
    pub(crate) looked_at: usize,
}

/// A request that is permitted and should not be.
pub(crate) struct Breach(Env);

impl<'a> Prover<'a> {
    pub(crate) fn start(python: &Path, shim: &Path, rules: &'a Rules) -> Outcome<Self> {
        let solver = LocalSolver::from_command(Command::new(python).arg(shim))?;
        let compiled =
            rules.questions().iter().map(|question| compile(&rules.policies, question, rules));
        let compiled = compiled.collect::<Outcome<_>>()?;
        Ok(Self { compiler: CedarSymCompiler::new(solver)?, rules, compiled, asked: 0 })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked
    }

    /// A policy that fails on some request.
    pub(crate) async fn find_error(&mut self) -> Outcome<Option<String>> {
        for question in self.rules.questions() {
            for policy in self.rules.policies.policies() {
                let compiled = CompiledPolicy::compile(policy, &question.env, &self.rules.schema)?;
                self.asked += 1;
                if !self.compiler.check_never_errors_opt(&compiled).await? {
                    return Ok(Some(policy.id().to_string()));
                }
            }
        }
        Ok(None)
    }

    /// A request that the policies, or these instead, permit beyond the claim.
    pub(crate) async fn find_breach(
        &mut self,
        instead: Option<&PolicySet>,
        claim: &Claim,
    ) -> Outcome<Found> {
        let rules = self.rules;
        let bounds = PolicySet::from_policies([claim.bounds.clone()])?;
        for (index, question) in rules.questions().iter().enumerate() {
            let altered = instead.map(|set| compile(set, question, rules)).transpose()?;
            let policies = altered.as_ref().unwrap_or(&self.compiled[index]);
            let limit = CompiledPolicySet::compile(&bounds, &question.env, &rules.schema)?;
            self.asked += 1;
            let found =
                self.compiler.check_implies_with_counterexample_opt(policies, &limit).await?;
            if let Some(env) = found {
                confirm(&env, instead.unwrap_or(&rules.policies), &bounds)?;
                return Ok(Found { breach: Some(Breach(env)), looked_at: index + 1 });
            }
        }
        Ok(Found { breach: None, looked_at: rules.questions().len() })
    }
}

fn compile(policies: &PolicySet, question: &Question, rules: &Rules) -> Outcome<CompiledPolicySet> {
    let mut policies = policies.clone();
    policies.add(question.as_asked.clone())?;
    Ok(CompiledPolicySet::compile(&policies, &question.env, &rules.schema)?)
}

/// The engine that decides in the product must see the breach as well.
fn confirm(env: &Env, policies: &PolicySet, bounds: &PolicySet) -> Outcome<()> {
    let decide = |set| Authorizer::new().is_authorized(&env.request, set, &env.entities).decision();
    match (decide(policies), decide(bounds)) {
        (Decision::Allow, Decision::Deny) => Ok(()),
        _ => Err("the solver's breach is none to the engine that decides".into()),
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.0.request;
        let both = [request.principal(), request.resource()];
        for uid in both.into_iter().flatten() {
            match self.0.entities.get(uid) {
                Some(entity) => writeln!(f, "    {entity}")?,
                None => writeln!(f, "    {uid}")?,
            }
        }
        if let Some(action) = request.action() {
            writeln!(f, "    {action}")?;
        }
        let facts = request.context().map(ToString::to_string).unwrap_or_default();
        writeln!(f, "    {facts}")
    }
}
