//! Judges the values that many candidates share: standing, country, hours, languages, availability.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::assessment::GateReason;
use crate::exchange::Exchange;
use crate::opening::{Engagement, Opening, WantedLanguage};
use crate::overlap::{self, Place};
use crate::points::Share;
use crate::policy::{AvailabilityRules, OverlapRules};
use crate::pool::{Home, Pool};
use crate::projection::{Availability, Standing};

/// What a place and its working hours are worth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours {
    pub(crate) reason: GateReason,
    pub(crate) share: Share,
    /// Minutes that overlap; none when the time zone is not known.
    pub(crate) minutes: Option<u16>,
    /// Minutes of the core hours.
    pub(crate) core: u16,
}

/// G1.
pub(super) fn standings(pool: &Pool, opening: &Opening) -> Vec<GateReason> {
    let judge = |standing: &Standing| match *standing {
        Standing::Matchable { until: Some(until) } if until <= opening.now => {
            GateReason::ConsentExpired
        }
        Standing::Matchable { .. } => GateReason::Open,
        Standing::ConsentPending => GateReason::ConsentPending,
        Standing::ConsentWithdrawn => GateReason::ConsentWithdrawn,
        Standing::ConsentExpired => GateReason::ConsentExpired,
        Standing::DoNotContact => GateReason::DoNotContact,
        Standing::NotActive => GateReason::NotActive,
    };
    pool.standings.values().iter().map(judge).collect()
}

/// G2.
pub(super) fn homes(pool: &Pool, opening: &Opening) -> Vec<GateReason> {
    pool.homes.values().iter().map(|home| country(home, opening)).collect()
}

/// The country must be allowed. Employees must be known to be allowed to work there; a contractor
/// must not be known not to be.
fn country((country, authorisations): &Home, opening: &Opening) -> GateReason {
    let places = &opening.countries;
    let Some(country) = country else {
        let any = places.allowed.is_none() && places.excluded.is_empty();
        let needs_country = !any || is_employed(opening);
        return if needs_country { GateReason::CountryUnknown } else { GateReason::Open };
    };
    let is_allowed = places.allowed.as_ref().is_none_or(|allowed| allowed.contains(country));
    if !is_allowed || places.excluded.contains(country) {
        return GateReason::CountryNotAllowed;
    }
    let mut said = authorisations.iter().filter(|(at, ..)| at == country).peekable();
    if said.peek().is_none() {
        let needs_proof = is_employed(opening);
        return if needs_proof { GateReason::AuthorisationUnknown } else { GateReason::Open };
    }
    let holds = |until: Option<Date>| until.is_none_or(|until| until >= opening.start);
    let may = said.any(|(_, may_work, until)| *may_work && holds(*until));
    if may { GateReason::Open } else { GateReason::NotAuthorised }
}

fn is_employed(opening: &Opening) -> bool {
    matches!(opening.engagement, Some(Engagement::Eor | Engagement::DirectHire))
}

/// G3, and how much more than the least overlaps.
pub(super) fn hours(pool: &Pool, opening: &Opening, rules: &OverlapRules) -> Vec<Hours> {
    let core = opening.core_hours.unwrap_or_else(|| rules.usual());
    let team = Place { zone: opening.time_zone.clone(), hours: core };
    let core = u16::try_from(overlap::length(core)).unwrap_or(0);
    let least = opening.min_overlap_minutes;
    let judge = |(zone, hours): &(Option<_>, Option<_>)| {
        let place =
            zone.clone().map(|zone| Place { zone, hours: hours.unwrap_or_else(|| rules.usual()) });
        let minutes = place.and_then(|place| overlap::minutes(&place, &team, opening.start));
        let reason = match minutes {
            _ if least == 0 => GateReason::Open,
            None => GateReason::TimeZoneUnknown,
            Some(minutes) if minutes < least => GateReason::TooLittleOverlap,
            Some(_) => GateReason::Open,
        };
        let share =
            minutes.and_then(|minutes| minutes.checked_sub(least)).map_or(Share::NONE, |beyond| {
                Share::of(u64::from(beyond), u64::from(core.saturating_sub(least)))
            });
        Hours { reason, share, minutes, core }
    };
    pool.places.values().iter().map(judge).collect()
}

/// G5, and how many of the languages asked for are spoken.
pub(super) fn languages(pool: &Pool, opening: &Opening) -> Vec<(GateReason, Share)> {
    let judge = |spoken: &Vec<(String, u8)>| {
        let met = |wanted: &&WantedLanguage| language_met(spoken, wanted);
        let count = opening.languages.iter().filter(met).count() as u64;
        let lacks_must = opening.languages.iter().any(|wanted| wanted.must && !met(&wanted));
        let reason = if lacks_must { GateReason::LanguageMissing } else { GateReason::Open };
        (reason, Share::of(count, opening.languages.len() as u64))
    };
    pool.languages.values().iter().map(judge).collect()
}

/// Whether a language is spoken well enough. Regions do not matter: `en` and `en-GB` are English.
pub(crate) fn language_met(spoken: &[(String, u8)], wanted: &WantedLanguage) -> bool {
    let primary = |tag: &str| tag.split('-').next().map(str::to_owned);
    let asked = primary(wanted.tag.as_str());
    spoken.iter().any(|(tag, level)| primary(tag) == asked && *level >= wanted.level)
}

/// G7, and how soon.
pub(super) fn availabilities(
    pool: &Pool,
    opening: &Opening,
    rules: &AvailabilityRules,
) -> Vec<(GateReason, Share)> {
    let judge = |availability: &Availability| {
        let Some(days) = days_late(*availability, opening) else {
            return match availability {
                Availability::NotAvailable => (GateReason::NotAvailable, Share::NONE),
                _ => (GateReason::Open, Share::new(rules.unknown)),
            };
        };
        let none = u32::from(rules.none_days);
        let share = Share::of(u64::from(none.saturating_sub(days)), u64::from(none));
        let is_late = days > u32::from(rules.gate_days);
        (if is_late { GateReason::TooLate } else { GateReason::Open }, share)
    };
    pool.availabilities.values().iter().map(judge).collect()
}

/// Days between the start and the first possible day; none when that is not known.
pub(crate) fn days_late(availability: Availability, opening: &Opening) -> Option<u32> {
    let first = match availability {
        Availability::Unknown | Availability::NotAvailable => return None,
        Availability::Immediate => return Some(0),
        Availability::Notice { days } => {
            opening.now.date().checked_add(i64::from(days).days()).unwrap_or(Date::MAX)
        }
        Availability::From { date } => date,
    };
    let days = opening.start.until(first).map_or(0, |span| span.get_days());
    Some(u32::try_from(days).unwrap_or(0))
}

/// What each currency is worth.
pub(super) fn rates(pool: &Pool, exchange: &Exchange) -> Vec<Option<u64>> {
    let rate = |currency: &Option<_>| currency.and_then(|currency| exchange.rate(currency));
    pool.currencies.values().iter().map(rate).collect()
}
