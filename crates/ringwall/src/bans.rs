//! The bans of `serve`, and `ringwall bans`: who is kept out for a while.

use std::net::IpAddr;
use std::sync::Arc;

use gate::bans::{BanMode, Bans, BansPlan};
use gate::limits::Limits;
use gate::{Cidr, Tasks};
use kernel::Timestamp;
use serde_json::json;
use store::bans::{self, Ban, BanKind, NewBan};
use watch::Actor;

use crate::cli::bans::{AddArgs, BansCommand, LiftArgs, ListArgs, Subject};
use crate::cli::exit::{Failure, print};
use crate::config::bans::{BanMode as Mode, Bans as Section};
use crate::config::names::Network;
use crate::partner::{close, failed, on};
use crate::registration;
use crate::wire::Base;

/// The bans as they are configured, which hold as soon as they are heard.
///
/// # Errors
/// When numbers do not fit together.
pub(crate) fn raise(
    section: &Section,
    limits: Arc<Limits>,
    base: &Base,
    tasks: &Tasks,
) -> Result<Arc<Bans>, Failure> {
    let engines = (Arc::clone(&base.store), Arc::clone(&base.policy), Arc::clone(&base.clock));
    let bans = Bans::new(plan(section), limits, engines)
        .map_err(|error| Failure::Failed(format!("`bans`: {error}")))?;
    tasks.spawn(Arc::clone(&bans).work(tasks.stopping()));
    Ok(bans)
}

/// Whom to ban.
pub(crate) fn plan(section: &Section) -> BansPlan {
    BansPlan {
        mode: match section.mode {
            Mode::Enforce => BanMode::Enforce,
            Mode::LogOnly => BanMode::LogOnly,
            Mode::Off => BanMode::Off,
        },
        address_points: section.address_points.into(),
        caller_points: section.caller_points.into(),
        decay: section.decay_s.into(),
        ladder: [section.first_s.into(), section.second_s.into(), section.further_s.into()],
        forget: section.forget_s.into(),
        share_max_percent: section.share_max_percent.into(),
        share_floor: section.share_floor.into(),
        bans_max: section.bans_max.into(),
        allow: section.allow.iter().map(cidr).collect(),
    }
}

/// Lists, places or lifts bans, on the database of a configuration.
///
/// # Errors
/// When the database fails, or there is nothing to lift.
pub(crate) fn run(command: &BansCommand) -> Result<(), Failure> {
    match command {
        BansCommand::List(args) => list(args),
        BansCommand::Lift(args) => lift(args),
        BansCommand::Add(args) => add(args),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let (found, now) = on(&args.config, async |base, _| {
        let now = base.clock.now();
        let found = bans::list(&base.store, None, now).await.map_err(failed)?;
        close(base).await?;
        Ok((found, now))
    })?;
    let shown = found.into_iter().filter(|ban| args.all || ban.holds(now));
    if args.json {
        let bans: Vec<_> = shown.map(|ban| written(&ban, now)).collect();
        return print(&format!("{:#}\n", json!(bans)));
    }
    let lines: String = shown.map(|ban| line(&ban, now)).collect();
    print(if lines.is_empty() { "nobody is banned\n" } else { &lines })
}

fn lift(args: &LiftArgs) -> Result<(), Failure> {
    on(&args.config, async |base, _| {
        let witness = registration::witness(&base, "bans lift");
        let lifted = match &args.subject {
            Subject::Address(address) => {
                let by = Actor::System { reason: OPERATOR.to_owned() };
                let lifted = bans::lift_address(&base.store, *address, (&witness, &by));
                lifted.await.map_err(failed)?.is_some()
            }
            Subject::Caller(id) => lift_caller(&base, id, &witness).await?,
        };
        close(base).await?;
        if lifted { Ok(()) } else { Err(Failure::Failed("there is no such ban".to_owned())) }
    })?;
    print("every node lets them in within two seconds\n")
}

async fn lift_caller(base: &Base, id: &str, witness: &store::Witness) -> Result<bool, Failure> {
    let now = base.clock.now();
    let all = bans::list(&base.store, None, now).await.map_err(failed)?;
    let Some((ban, tenant)) = all.into_iter().find_map(|ban| {
        let tenant = ban.tenant.filter(|_| ban.subject == id && ban.holds(now))?;
        Some((ban, tenant))
    }) else {
        return Ok(false);
    };
    let permit = base.policy.system(tenant, OPERATOR);
    let mut tx = base.store.tenant(&permit, witness).await.map_err(failed)?;
    bans::lift(&mut tx, &ban).await.map_err(failed)?;
    tx.commit(None).await.map_err(failed)?;
    Ok(true)
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let placed = on(&args.config, async |base, _| {
        let witness = registration::witness(&base, "bans add");
        let until = base.clock.now().plus(args.lasting);
        let new = NewBan {
            kind: BanKind::Address,
            subject: args.address.to_string(),
            rung: 0,
            cause: OPERATOR.to_owned(),
            until,
            forgotten_at: until,
        };
        let by = Actor::System { reason: OPERATOR.to_owned() };
        let placed = bans::place_address(&base.store, &new, (&witness, &by)).await;
        let placed = placed.map_err(failed)?;
        close(base).await?;
        Ok(placed)
    })?;
    let placed = placed.ok_or_else(|| Failure::Failed("it is banned already".to_owned()))?;
    print(&format!("every node keeps it out within two seconds, until {}\n", placed.until))
}

fn line(ban: &Ban, now: Timestamp) -> String {
    let state = if ban.holds(now) { "until" } else { "over since" };
    let end = ban.lifted_at.unwrap_or(ban.until);
    let (kind, subject, cause) = (ban.kind.name(), &ban.subject, &ban.cause);
    format!("{kind} {subject}: {state} {end}, for `{cause}`, number {} in a row\n", ban.rung)
}

fn written(ban: &Ban, now: Timestamp) -> serde_json::Value {
    json!({
        "id": ban.id,
        "kind": ban.kind.name(),
        "subject": ban.subject,
        "tenant": ban.tenant,
        "rung": ban.rung,
        "cause": ban.cause,
        "placed_at": ban.placed_at,
        "until": ban.until,
        "lifted_at": ban.lifted_at,
        "holds": ban.holds(now),
    })
}

fn cidr(network: &Network) -> Cidr {
    Cidr::new(network.address, network.prefix)
}

/// The address that is banned: IPv6 by its first 64 bits.
///
/// # Errors
/// When it is none.
pub(crate) fn address(text: &str) -> Result<IpAddr, std::net::AddrParseError> {
    text.parse::<IpAddr>().map(throttle::prefix)
}

/// Who acts, in audit entries.
const OPERATOR: &str = "operator";
