//! Who is kept out for a while (controls: THR-3, WAF-3).
//!
//! Refused requests are scored, against the caller where one was proven and else against the
//! address. Points decay. Whoever has too many is banned, each time for longer. Scores are counted
//! where limits are, by all nodes together; bans are rows, which each node hears of every second,
//! so that a request is refused by a look into memory.

pub(crate) mod brief;
mod census;
mod ladder;
mod offence;
mod queue;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use counters::Score;
use http::StatusCode;
use kernel::{Clock, Code, Problem, Timestamp};
use policy::Engine;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use store::bans::{self, Ban, BanKind};
use store::{Store, StoreError};
use throttle::{By, RuleError, prefix};

use crate::Dossier;
use crate::cidr::Cidr;
use crate::limits::{Limits, VIOLATED};

use brief::Brief;
use census::Census;
use offence::Offence;
use queue::Queue;

/// What bans do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BanMode {
    /// Keep out.
    Enforce,
    /// Tell who would be kept out; only what an operator placed does so.
    LogOnly,
    /// Nothing: nobody is scored or kept out.
    Off,
}

/// Whom to ban, by the operator's settings.
#[derive(Clone, Debug)]
pub struct BansPlan {
    /// What bans do.
    pub mode: BanMode,
    /// So many points ban an address.
    pub address_points: u32,
    /// So many points ban a client, an API key or a person.
    pub caller_points: u32,
    /// In this time all points decay.
    pub decay: Duration,
    /// How long the first ban is, the second in a row, and all further ones.
    pub ladder: [Duration; 3],
    /// For so long after its end a ban makes the next one longer.
    pub forget: Duration,
    /// Of the callers of the last half hour at most this share, in per cent, is banned without a
    /// human; of addresses and of proven callers each.
    pub share_max_percent: u32,
    /// So many may be banned however few callers there are.
    pub share_floor: u32,
    /// Bans at once, those that are over but remembered among them.
    pub bans_max: usize,
    /// Addresses that are never banned.
    pub allow: Vec<Cidr>,
}

/// Whom to ban, ready to be scored.
pub struct BanRules {
    plan: BansPlan,
    addresses: Score,
    callers: Score,
}

/// Who is kept out, and who may soon be.
pub struct Bans {
    /// For scoring, which no request waits for. A request has its own.
    rules: ArcSwap<BanRules>,
    store: Arc<Store>,
    policy: Arc<Engine>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    addresses: Census,
    callers: Census,
    known: ArcSwap<Known>,
    queue: Queue,
    /// Numbers for operators.
    pub tally: BanTally,
}

/// Numbers for operators.
#[derive(Debug, Default)]
pub struct BanTally {
    /// Bans that this node placed.
    pub placed: Counter,
    /// Bans that it would have placed in mode `log_only`.
    pub rehearsed: Counter,
    /// Bans that it did not place, because a human must.
    pub capped: Counter,
    /// Refused requests that were not scored, because too many waited.
    pub unscored: Counter,
    /// Bans that hold.
    pub holding: Gauge,
}

/// What this node knows. INVARIANT: at most `bans_max` of them, and what was just heard.
#[derive(Clone, Default)]
struct Known {
    heard_at: Option<Timestamp>,
    addresses: HashMap<IpAddr, Sentence>,
    callers: HashMap<String, Sentence>,
}

/// A ban, or what would be one.
#[derive(Clone)]
struct Sentence {
    ban: Arc<Ban>,
    /// It is only told, and known to this node alone.
    is_rehearsed: bool,
    brief: Arc<Brief>,
}

impl Bans {
    /// Nobody is banned yet: [`Bans::hear`] first.
    ///
    /// # Errors
    /// When points or their decay are out of range.
    pub fn new(
        plan: BansPlan,
        limits: Arc<Limits>,
        (store, policy, clock): (Arc<Store>, Arc<Engine>, Arc<dyn Clock>),
    ) -> Result<Arc<Self>, RuleError> {
        Ok(Arc::new(Self {
            rules: ArcSwap::from_pointee(BanRules::new(plan)?),
            addresses: Census::new(),
            callers: Census::new(),
            known: ArcSwap::default(),
            queue: Queue::default(),
            tally: BanTally::default(),
            store,
            policy,
            clock,
            limits,
        }))
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> Arc<BanRules> {
        self.rules.load_full()
    }

    /// Scores by other rules from now on.
    pub(crate) fn follow(&self, rules: Arc<BanRules>) {
        self.rules.store(rules);
    }

    /// Refuses a banned address. A look into memory, and none where nobody is banned.
    pub(crate) fn admit_address(
        &self,
        rules: &BanRules,
        origin: IpAddr,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match self.with_banned(rules, (origin, now), |sentence| banned(&sentence.ban, now)) {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }

    /// Whether no address is banned.
    pub(crate) fn is_nobody_kept_out(&self) -> bool {
        self.known.load().addresses.is_empty()
    }

    /// Looks at the ban that keeps an address out now, if one does.
    fn with_banned<T>(
        &self,
        rules: &BanRules,
        (origin, now): (IpAddr, Timestamp),
        look: impl FnOnce(&Sentence) -> T,
    ) -> Option<T> {
        let known = self.known.load();
        if known.addresses.is_empty() || rules.plan.mode == BanMode::Off {
            return None;
        }
        let sentence = known.addresses.get(&prefix(origin))?;
        let holds = rules.keeps_out(sentence, now) && !rules.is_allowed(origin);
        holds.then(|| look(sentence))
    }

    /// Refuses a banned caller, or a banned key of one that is not.
    pub(crate) fn admit_caller(&self, dossier: &Dossier) -> Result<(), Problem> {
        let (known, rules) = (self.known.load(), &dossier.posture().bans);
        if known.callers.is_empty() || rules.plan.mode == BanMode::Off {
            return Ok(());
        }
        let Some(caller) = dossier.caller().filter(|caller| !caller.is_anonymous()) else {
            return Ok(());
        };
        let names = [Some(caller.id()), caller.credential()];
        for name in names.into_iter().flatten() {
            if let Some(sentence) = known.callers.get(name)
                && rules.keeps_out(sentence, dossier.received_at)
            {
                return Err(banned(&sentence.ban, dossier.received_at));
            }
        }
        Ok(())
    }

    /// Notes what came of a request that was let in. `anonymous` tells that it brought no
    /// credentials. Waits for nothing: scoring is done by [`Bans::work_off`].
    pub(crate) fn saw(&self, dossier: &Dossier, status: StatusCode, anonymous: bool) {
        let rules = &dossier.posture().bans;
        if rules.plan.mode == BanMode::Off {
            return;
        }
        let now_ms = dossier.received_ms();
        if let Some(origin) = dossier.origin() {
            self.addresses.saw(&prefix(origin), now_ms);
        }
        if let Some(caller) = dossier.caller().filter(|caller| !caller.is_anonymous()) {
            self.callers.saw(&caller.id(), now_ms);
        }
        let Some(offence) = Offence::of(dossier, status, anonymous) else { return };
        if offence.by.address().is_some_and(|address| rules.is_allowed(address)) {
            return;
        }
        if !self.queue.push(offence) {
            self.tally.unscored.inc();
        }
    }

    /// Reads what was placed and lifted since the last time, by all nodes.
    ///
    /// # Errors
    /// When the database fails; what is known stays known.
    pub async fn hear(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let news = bans::list(&self.store, self.known.load().heard_at, now).await?;
        self.known.rcu(|known| {
            let mut next = Known::clone(known);
            next.retain(now);
            for ban in &news {
                next.add(Sentence::of(ban, false));
            }
            next.heard_at = Some(now);
            next
        });
        let holding = self.known.load().holding(now, |_| true);
        self.tally.holding.set(i64::try_from(holding).unwrap_or(i64::MAX));
        Ok(())
    }

    /// Takes what this node has just committed, without waiting for the next reading.
    pub fn learn(&self, ban: &Ban) {
        self.keep(&Sentence::of(ban, false));
    }

    /// Removes from the database what is over for good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune(&self) -> Result<(), StoreError> {
        bans::prune(&self.store, self.clock.now()).await?;
        Ok(())
    }

    fn keep(&self, sentence: &Sentence) {
        self.known.rcu(|known| {
            let mut next = Known::clone(known);
            next.add(sentence.clone());
            next
        });
    }

    fn census(&self, kind: BanKind) -> &Census {
        if kind == BanKind::Address { &self.addresses } else { &self.callers }
    }
}

impl BanRules {
    /// The rules of a plan.
    ///
    /// # Errors
    /// When points or their decay are out of range.
    pub fn new(plan: BansPlan) -> Result<Self, RuleError> {
        let score = |name, by, points| Score::new(name, by, points, plan.decay);
        Ok(Self {
            addresses: score(score_name(BanKind::Address), By::ADDRESS, plan.address_points)?,
            callers: score(score_name(BanKind::Client), By::CLIENT, plan.caller_points)?,
            plan,
        })
    }

    fn keeps_out(&self, sentence: &Sentence, now: Timestamp) -> bool {
        let Sentence { ban, is_rehearsed, .. } = sentence;
        let counts = self.plan.mode == BanMode::Enforce || ban.rung == 0;
        counts && !is_rehearsed && ban.holds(now)
    }

    fn is_allowed(&self, origin: IpAddr) -> bool {
        self.plan.allow.iter().any(|network| network.contains(origin))
    }

    fn score(&self, kind: BanKind) -> &Score {
        if kind == BanKind::Address { &self.addresses } else { &self.callers }
    }
}

impl Sentence {
    fn of(ban: &Ban, is_rehearsed: bool) -> Self {
        Self { ban: Arc::new(ban.clone()), is_rehearsed, brief: Arc::default() }
    }
}

impl Known {
    fn add(&mut self, sentence: Sentence) {
        let subject = &sentence.ban.subject;
        match (sentence.ban.kind, subject.parse::<IpAddr>()) {
            (BanKind::Address, Ok(address)) => {
                newest(self.addresses.entry(address), sentence);
            }
            (BanKind::Address, Err(_)) => tracing::error!("a ban of what is no address"),
            _ => newest(self.callers.entry(subject.clone()), sentence),
        }
    }

    fn get(&self, kind: BanKind, subject: &str) -> Option<&Sentence> {
        match (kind, subject.parse::<IpAddr>()) {
            (BanKind::Address, Ok(address)) => self.addresses.get(&address),
            (BanKind::Address, Err(_)) => None,
            _ => self.callers.get(subject),
        }
    }

    fn retain(&mut self, now: Timestamp) {
        self.addresses.retain(|_, sentence| sentence.ban.forgotten_at > now);
        self.callers.retain(|_, sentence| sentence.ban.forgotten_at > now);
    }

    fn len(&self) -> usize {
        self.addresses.len() + self.callers.len()
    }

    fn holding(&self, now: Timestamp, of: impl Fn(&Ban) -> bool) -> usize {
        let all = self.addresses.values().chain(self.callers.values());
        all.filter(|sentence| sentence.ban.holds(now) && of(&sentence.ban)).count()
    }
}

/// A reading that was begun before this node's own change does not undo it.
fn newest<K>(entry: std::collections::hash_map::Entry<'_, K, Sentence>, sentence: Sentence) {
    let known = entry.or_insert_with(|| sentence.clone());
    let is_newer = known.ban.id != sentence.ban.id || known.ban.version < sentence.ban.version;
    if known.is_rehearsed || is_newer {
        *known = sentence;
    }
}

fn banned(ban: &Ban, now: Timestamp) -> Problem {
    let seconds = ban.until.since(now).as_millis().div_ceil(1000).max(1);
    Problem::new(&BANNED)
        .detail(format!("too many requests were refused; the ban ends in {seconds} seconds"))
        .header("retry-after", seconds.to_string())
        .member(VIOLATED, vec![score_name(ban.kind).to_owned()])
}

/// What scores and `violated-policies` are called.
const fn score_name(kind: BanKind) -> &'static str {
    match kind {
        BanKind::Address => "ban-address",
        _ => "ban-caller",
    }
}

/// Somebody whose requests were refused too often.
pub(crate) const BANNED: Code = Code {
    status: 429,
    name: "bans.banned",
    title: "You are kept out for a while",
    mend: "Wait `Retry-After` seconds, and mend what was refused before: each further ban is \
           longer. An administrator can lift it.",
};

/// The problems that bans make.
pub(crate) const CODES: &[&Code] = &[&BANNED];
