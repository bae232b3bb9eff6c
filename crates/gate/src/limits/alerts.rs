//! What is to be told of the use of plans: noted in passing, written down beside the requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use counters::Answer;
use kernel::{TenantId, Timestamp};
use store::usage_plans::alerts::NewAlert;
use throttle::{Rule, Standing, Verdict};
use tokio::sync::Notify;

use super::InForce;

/// What waits to be told, and what was told by this node.
#[derive(Default)]
pub(super) struct Alerts {
    /// For a rule of somebody: how much was told, and in which period.
    told: Mutex<HashMap<(String, String), (i32, u64)>>,
    waiting: Mutex<Vec<(TenantId, NewAlert)>>,
    pub(super) noticed: Notify,
}

impl Alerts {
    /// Looks at what a request left of a plan.
    pub(super) fn watch(
        &self,
        own: &InForce,
        (tenant, subject): (TenantId, &str),
        answer: &Answer<'_>,
        now_ms: u64,
    ) {
        let (Answer::Counted(verdict) | Answer::Alone(verdict)) = answer else { return };
        for (rule, standing) in watched(own, verdict) {
            let Some(percent) = used(rule, standing) else { continue };
            let ends_ms = ends_ms(rule, standing, now_ms);
            if !self.is_news(subject, rule.name(), (percent, ends_ms)) {
                continue;
            }
            let ends_at = Timestamp::from_millis(i64::try_from(ends_ms).unwrap_or(i64::MAX));
            let alert = NewAlert {
                plan: own.id,
                version: own.version,
                subject: subject.to_owned(),
                rule: rule.name().to_owned(),
                percent,
                ends_at,
            };
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() < WAITING_MAX {
                waiting.push((tenant, alert));
                self.noticed.notify_one();
            }
        }
    }

    /// What waits; the caller tells it.
    pub(super) fn take(&self) -> Vec<(TenantId, NewAlert)> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The database knows what was told by any node; this spares it the question.
    fn is_news(&self, subject: &str, rule: &str, (percent, ends_ms): (i32, u64)) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= TOLD_MAX {
            told.clear();
        }
        let place = (subject.to_owned(), rule.to_owned());
        let last = told.entry(place).or_insert((0, ends_ms));
        if last.1 == ends_ms && last.0 >= percent {
            return false;
        }
        *last = (percent, ends_ms);
        true
    }
}

fn watched<'v>(
    own: &'v InForce,
    verdict: &'v Verdict<'v>,
) -> impl Iterator<Item = (&'v Rule, Standing)> {
    let is_watched = move |rule: &Rule| own.watched.iter().any(|name| name == rule.name());
    verdict.standings().filter(move |(rule, _)| is_watched(rule))
}

fn used(rule: &Rule, standing: Standing) -> Option<i32> {
    let (count, remaining) = (u64::from(rule.limit().count()), u64::from(standing.remaining));
    if remaining == 0 {
        return Some(100);
    }
    (count.saturating_sub(remaining) * 100 >= count * 80).then_some(80)
}

/// When the period ends for which something is told once: of a window, which slides, its length on
/// the clock. To the minute, so that clocks of nodes may differ.
fn ends_ms(rule: &Rule, standing: Standing, now_ms: u64) -> u64 {
    match rule.limit().window_s() {
        Some(seconds) => (now_ms / (seconds * 1000).max(1) + 1) * seconds * 1000,
        None => (now_ms + standing.reset_ms + MINUTE_MS / 2) / MINUTE_MS * MINUTE_MS,
    }
}

const MINUTE_MS: u64 = 60_000;
const WAITING_MAX: usize = 1024;
/// About 2 MB.
const TOLD_MAX: usize = 10_000;
