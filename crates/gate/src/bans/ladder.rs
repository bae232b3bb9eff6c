//! From points to bans: a minute, a quarter of an hour, a day.

use kernel::{EventId, Timestamp};
use store::bans::{self, Ban, BanKind, NewBan};
use store::{StoreError, Witness};
use throttle::Subject;
use watch::{Actor, Scene};

use super::offence::{Offence, Offender};
use super::{BanMode, BanRules, Bans, Sentence};

impl Bans {
    /// Scores one refused request, and bans whose points are too many.
    pub(super) async fn judge(&self, offence: &Offence) -> Result<(), StoreError> {
        let (now, rules) = (self.clock.now(), self.rules());
        let Offence { by, cause, points } = offence;
        if !self.has_too_many(&rules, (by, *points), now).await {
            return Ok(());
        }
        let known = self.known.load().get(by.kind, &by.subject).cloned();
        // What a human lifted stays lifted for as long as it is remembered.
        let is_settled = known.as_ref().is_some_and(|known| {
            known.ban.holds(now) || (known.ban.lifted_at.is_some() && known.ban.forgotten_at > now)
        });
        if is_settled || self.is_capped(&rules, by, now) {
            return Ok(());
        }
        let last = known.filter(|known| known.ban.forgotten_at > now);
        let rung = last.map_or(0, |known| known.ban.rung).saturating_add(1);
        let new = rules.sentence(by, cause, rung, now);
        let placed = match rules.plan.mode {
            BanMode::Enforce => self.place(by, &new, now).await?,
            BanMode::LogOnly | BanMode::Off => Some(self.rehearse(by, &new, now)),
        };
        if let Some(ban) = placed {
            let (kind, seconds) = (by.kind.name(), ban.until.since(now).as_secs());
            let mode = rules.plan.mode;
            tracing::warn!(kind, cause, rung, seconds, ?mode, "a caller is banned");
        }
        Ok(())
    }

    async fn has_too_many(
        &self,
        rules: &BanRules,
        (by, points): (&Offender, u32),
        now: Timestamp,
    ) -> bool {
        let name = format!("{}:{}", by.kind.name(), by.subject);
        let tenant = by.tenant.map(|tenant| tenant.to_string());
        let who = match by.address() {
            Some(address) => Subject { address: Some(address), ..Subject::default() },
            None => {
                Subject { client: Some(&name), tenant: tenant.as_deref(), ..Subject::default() }
            }
        };
        let now_ms = u64::try_from(now.millis()).unwrap_or(0);
        self.limits.strike(rules.score(by.kind), &who, points, now_ms).await
    }

    /// Whether a human must decide: too many callers are banned already, or too many bans are kept.
    fn is_capped(&self, rules: &BanRules, by: &Offender, now: Timestamp) -> bool {
        let known = self.known.load();
        let is_address = by.kind == BanKind::Address;
        let alike = |ban: &Ban| ban.rung > 0 && (ban.kind == BanKind::Address) == is_address;
        let holding = u64::try_from(known.holding(now, alike)).unwrap_or(u64::MAX);
        let callers = self.census(by.kind).count();
        let share = callers.saturating_mul(rules.plan.share_max_percent.into()) / 100;
        let is_known = known.get(by.kind, &by.subject).is_some();
        let is_full = known.len() >= rules.plan.bans_max && !is_known;
        if holding < share.max(rules.plan.share_floor.into()) && !is_full {
            return false;
        }
        // Told once for each that could have been placed first: a flood of them is counted only.
        if self.tally.capped.inc() == 0 {
            tracing::error!(
                holding,
                callers,
                "as many callers are banned as may be without a human: see `ringwall bans`"
            );
        }
        true
    }

    /// Writes the ban down; nothing when another node was faster.
    async fn place(
        &self,
        by: &Offender,
        new: &NewBan,
        now: Timestamp,
    ) -> Result<Option<Ban>, StoreError> {
        let scene = Scene {
            at: now,
            request: None,
            trace: None,
            tenant: by.tenant,
            source_ip: None,
            user_agent: None,
        };
        let witness = Witness { scene, operation: OPERATION.to_owned(), claim: None };
        let placed = match by.tenant {
            None => {
                let actor = Actor::System { reason: OPERATION.to_owned() };
                bans::place_address(&self.store, new, (&witness, &actor)).await?
            }
            Some(tenant) => {
                let permit = self.policy.system(tenant, OPERATION);
                let mut tx = self.store.tenant(&permit, &witness).await?;
                let placed = bans::place(&mut tx, new).await?;
                if placed.is_some() {
                    tx.commit(None).await?;
                }
                placed
            }
        };
        if let Some(ban) = &placed {
            self.tally.placed.inc();
            self.learn(ban);
        }
        Ok(placed)
    }

    /// Remembers what would have been placed, so that it is told once and the ladder is climbed.
    fn rehearse(&self, by: &Offender, new: &NewBan, now: Timestamp) -> Ban {
        let ban = Ban {
            id: kernel::Id::from_uuid(EventId::new(self.clock.as_ref()).uuid()),
            tenant: by.tenant,
            kind: by.kind,
            subject: new.subject.clone(),
            rung: new.rung,
            cause: new.cause.clone(),
            created_by: OPERATION.to_owned(),
            placed_at: now,
            until: new.until,
            lifted_at: None,
            forgotten_at: new.forgotten_at,
            version: 1,
        };
        self.tally.rehearsed.inc();
        self.keep(&Sentence::of(&ban, true));
        ban
    }
}

impl BanRules {
    fn sentence(&self, by: &Offender, cause: &str, rung: u32, now: Timestamp) -> NewBan {
        let [first, second, further] = self.plan.ladder;
        let until = now.plus(match rung {
            0 | 1 => first,
            2 => second,
            _ => further,
        });
        NewBan {
            kind: by.kind,
            subject: by.subject.clone(),
            rung,
            cause: cause.to_owned(),
            until,
            forgotten_at: until.plus(self.plan.forget),
        }
    }
}

/// Who places bans, in audit entries.
const OPERATION: &str = "ban ladder";
