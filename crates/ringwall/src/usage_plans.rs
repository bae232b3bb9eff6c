//! `ringwall plans`: usage plans, written and assigned by an operator beside a running server.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gate::Contract;
use gate::limits::{Counters, Limits, UsageRule};
use kernel::{Line, UsagePlanId};
use serde_json::{Value, json};
use store::usage_plans::assignments::{self, Assignment};
use store::usage_plans::{self, UsagePlan};
use store::{StoreError, tenants};

use crate::cli::exit::{Failure, print};
use crate::cli::plans::{
    AssignArgs, CreateArgs, DeleteArgs, ListArgs, PlansCommand, ShowArgs, UpdateArgs,
};
use crate::config::Config;
use crate::partner::{close, failed, on};
use crate::wire::Base;
use crate::{limits, registration};

/// Lists, shows, writes, deletes or assigns plans, on the database of a configuration.
///
/// # Errors
/// When the database fails, a plan's rules cannot be meant, or there is no such plan or agency.
pub(crate) fn run(command: &PlansCommand) -> Result<(), Failure> {
    match command {
        PlansCommand::List(args) => list(args),
        PlansCommand::Show(args) => show(args),
        PlansCommand::Create(args) => create(args),
        PlansCommand::Update(args) => update(args),
        PlansCommand::Delete(args) => delete(args),
        PlansCommand::Assign(args) => assign(args, Turn::Give),
        PlansCommand::Unassign(args) => assign(args, Turn::Take),
    }
}

/// What happens to an assignment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Give,
    Take,
}

/// A plan with everything that is shown of it.
struct Shown {
    plan: UsagePlan,
    agency: String,
    assigned: Vec<Assignment>,
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let shown = on(&args.config, async |base, _| {
        let agency = match &args.tenant {
            Some(slug) => Some(tenant(&base, slug).await?.id),
            None => None,
        };
        let mut shown = all(&base).await?;
        shown.retain(|one| agency.is_none_or(|agency| one.plan.tenant == agency));
        close(base).await?;
        Ok(shown)
    })?;
    if args.json {
        let plans: Vec<Value> = shown.iter().map(Shown::written).collect::<Result<_, _>>()?;
        return print(&format!("{:#}\n", json!(plans)));
    }
    let lines: String = shown.iter().map(Shown::line).collect();
    print(if lines.is_empty() { "there is no usage plan\n" } else { &lines })
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let shown = on(&args.config, async |base, _| {
        let shown = find(&base, &args.plan).await?;
        close(base).await?;
        Ok(shown)
    })?;
    shown.print(args.json)
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let (name, rules) = (named(&args.name)?, read(&args.rules)?);
    let shown = on(&args.config, async |base, config| {
        let rules = checked(&base, config, &rules)?;
        let agency = tenant(&base, &args.tenant).await?;
        let permit = base.policy.system(agency.id, OPERATOR);
        let witness = registration::witness(&base, "plans create");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let plan = usage_plans::add(&mut tx, &name, rules).await.map_err(told)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await?;
        Ok(Shown { plan, agency: agency.slug.as_str().to_owned(), assigned: Vec::new() })
    })?;
    shown.print(args.json)
}

fn update(args: &UpdateArgs) -> Result<(), Failure> {
    let name = args.name.as_deref().map(named).transpose()?;
    let rules = args.rules.as_deref().map(read).transpose()?;
    let shown = on(&args.config, async |base, config| {
        let known = find(&base, &args.plan).await?;
        let rules = rules.map(|rules| checked(&base, config, &rules)).transpose()?;
        let permit = base.policy.system(known.plan.tenant, OPERATOR);
        let witness = registration::witness(&base, "plans update");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let read = usage_plans::hold(&tx, known.plan.id).await.map_err(told)?;
        let name = name.unwrap_or_else(|| read.name.clone());
        let rules = rules.unwrap_or_else(|| read.rules.clone());
        let plan = usage_plans::save(&mut tx, &read, (&name, rules)).await.map_err(told)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await?;
        Ok(Shown { plan, ..known })
    })?;
    shown.print(args.json)
}

fn delete(args: &DeleteArgs) -> Result<(), Failure> {
    on(&args.config, async |base, _| {
        let known = find(&base, &args.plan).await?;
        let permit = base.policy.system(known.plan.tenant, OPERATOR);
        let witness = registration::witness(&base, "plans delete");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let read = usage_plans::hold(&tx, known.plan.id).await.map_err(told)?;
        usage_plans::delete(&mut tx, &read).await.map_err(told)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    print(&format!("`{}` is deleted\n", args.plan))
}

fn assign(args: &AssignArgs, turn: Turn) -> Result<(), Failure> {
    let (operation, done) = match turn {
        Turn::Give => ("plans assign", "has"),
        Turn::Take => ("plans unassign", "no longer has"),
    };
    let name = on(&args.config, async |base, _| {
        let known = find(&base, &args.plan).await?;
        let permit = base.policy.system(known.plan.tenant, OPERATOR);
        let witness = registration::witness(&base, operation);
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let plan = usage_plans::hold(&tx, known.plan.id).await.map_err(told)?;
        let nobody = |error| match error {
            StoreError::Missing if turn == Turn::Give => Failure::Failed(format!(
                "the agency `{}` has no client or API key `{}`",
                known.agency, args.subject
            )),
            StoreError::Missing => {
                Failure::Failed(format!("`{}` does not have the plan", args.subject))
            }
            error => told(error),
        };
        match turn {
            Turn::Give => assignments::assign(&mut tx, &plan, &args.subject).await,
            Turn::Take => assignments::end(&mut tx, &plan, &args.subject).await,
        }
        .map_err(nobody)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await?;
        Ok(plan.name)
    })?;
    print(&format!("`{}` {done} `{name}`; every node follows within two seconds\n", args.subject))
}

/// Every plan of every agency.
async fn all(base: &Base) -> Result<Vec<Shown>, Failure> {
    let agencies = tenants::list(&base.store).await.map_err(failed)?;
    let (plans, assigned) = usage_plans::news(&base.store, None).await.map_err(failed)?;
    let shown = plans.into_iter().map(|plan| Shown {
        agency: agencies
            .iter()
            .find(|agency| agency.id == plan.tenant)
            .map_or_else(|| plan.tenant.to_string(), |agency| agency.slug.as_str().to_owned()),
        assigned: assigned.iter().filter(|one| one.plan == Some(plan.id)).cloned().collect(),
        plan,
    });
    let mut shown: Vec<Shown> = shown.collect();
    shown.sort_by(|a, b| (&a.agency, &a.plan.name).cmp(&(&b.agency, &b.plan.name)));
    Ok(shown)
}

async fn find(base: &Base, id: &str) -> Result<Shown, Failure> {
    let nothing = || Failure::Failed(format!("there is no usage plan `{}`", id.escape_debug()));
    let id: UsagePlanId = id.parse().map_err(|_| nothing())?;
    all(base).await?.into_iter().find(|one| one.plan.id == id).ok_or_else(nothing)
}

async fn tenant(base: &Base, slug: &str) -> Result<tenants::Tenant, Failure> {
    let all = tenants::list(&base.store).await.map_err(failed)?;
    let found = all.into_iter().find(|tenant| tenant.slug.as_str() == slug);
    found.ok_or_else(|| Failure::Failed(format!("there is no agency `{}`", slug.escape_debug())))
}

fn named(name: &str) -> Result<String, Failure> {
    let line: Result<Line<1, 64>, _> = serde_json::from_value(json!(name));
    let line = line.map_err(|error| Failure::Failed(format!("`--name`: {error}")))?;
    Ok(line.as_str().to_owned())
}

/// Rules from a file, not yet known to be meant.
fn read(path: &Path) -> Result<Vec<UsageRule>, Failure> {
    let odd = |error: &dyn std::fmt::Display| {
        Failure::Failed(format!("`{}` holds no rules: {error}", path.display()))
    };
    let source: Box<dyn Read> = match path.as_os_str().as_encoded_bytes() {
        b"-" => Box::new(std::io::stdin()),
        _ => Box::new(File::open(path).map_err(|error| odd(&error))?),
    };
    let mut bytes = Vec::new();
    source.take(RULES_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| odd(&error))?;
    let rules: Vec<UsageRule> = serde_json::from_slice(&bytes).map_err(|error| odd(&error))?;
    match rules.len() {
        1..=RULES_MAX => Ok(rules),
        count => Err(odd(&format!("expected 1 to {RULES_MAX} rules, found {count}"))),
    }
}

/// The rules as they are kept, checked as the API checks them.
fn checked(base: &Base, config: &Config, rules: &[UsageRule]) -> Result<String, Failure> {
    let document = api::document(&base.policy, "https://localhost");
    let document = document.map_err(|error| Failure::because(&error))?;
    let contract = Contract::compile(&document).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Failed(lines.join("\n"))
    })?;
    let plan = limits::plan(&config.limits, &contract)?;
    let limits = Limits::new(Counters::local(COUNTED), &plan, &contract)
        .map_err(|error| Failure::Failed(format!("`limits`: {error}")))?;
    let faults = limits.lint(rules);
    if faults.is_empty() {
        return serde_json::to_string(rules).map_err(|error| Failure::because(&error));
    }
    let lines = faults.iter().map(|fault| format!("\n  {}: {}", fault.pointer, fault.detail));
    Err(Failure::Failed(format!("the rules cannot be meant:{}", lines.collect::<String>())))
}

/// What the store refuses, and what mends it.
fn told(error: StoreError) -> Failure {
    let text = match &error {
        StoreError::Taken(_) => "the agency has a usage plan of that name",
        StoreError::Full => "there are as many as there may be",
        StoreError::Closed => "somebody has the plan: `ringwall plans show` names them",
        StoreError::Missing => "the plan is gone",
        StoreError::Stale { .. } => "somebody else changed the plan meanwhile: try again",
        _ => return failed(error),
    };
    Failure::Failed(text.to_owned())
}

impl Shown {
    fn print(&self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            return print(&format!("{:#}\n", self.written()?));
        }
        let rules = self.rules()?;
        let mut text = self.line();
        for rule in rules.as_array().into_iter().flatten() {
            text.push_str(&format!("  {rule}\n"));
        }
        for one in &self.assigned {
            text.push_str(&format!("  {} since {}\n", one.subject, one.changed_at));
        }
        print(&text)
    }

    fn line(&self) -> String {
        let UsagePlan { id, name, version, .. } = &self.plan;
        let (agency, count) = (&self.agency, self.assigned.len());
        format!("{id} {agency}: `{name}`, version {version}, {count} assigned\n")
    }

    fn rules(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.plan.rules).map_err(|error| Failure::because(&error))
    }

    fn written(&self) -> Result<Value, Failure> {
        let assignees = self.assigned.iter().map(|one| {
            json!({ "kind": one.kind.name(), "subject": one.subject, "since": one.changed_at })
        });
        Ok(json!({
            "id": self.plan.id,
            "tenant": self.plan.tenant,
            "agency": self.agency,
            "name": self.plan.name,
            "rules": self.rules()?,
            "created_by": self.plan.created_by,
            "created_at": self.plan.created_at,
            "updated_at": self.plan.updated_at,
            "version": self.plan.version,
            "assignees": assignees.collect::<Vec<_>>(),
        }))
    }
}

/// Who acts, in audit entries.
const OPERATOR: &str = "operator";
/// As the API has it.
const RULES_MAX: usize = 8;
const RULES_BYTES_MAX: u64 = 64 * 1024;
/// Nothing is counted here.
const COUNTED: usize = 64;
