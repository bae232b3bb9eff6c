//! When keys sign: published first, then signing, then kept until their last token has ended.
//!
//! Everything follows from the keys' turns and the time: nodes that see the same turns agree
//! without talking to each other, and a node that slept finds its place by looking.

use std::time::Duration;

use kernel::Timestamp;

/// How keys follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    life: Duration,
}

/// The place of one key in the row of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Counts keys from 1. Of two nodes that make a key at once, one gets the number.
    pub generation: i64,
    /// In the key set since.
    pub published_at: Timestamp,
    /// Signs from here on, until the next one does.
    pub signs_from: Timestamp,
    /// Taken for stolen since: signs nothing and verifies nothing.
    pub denied_at: Option<Timestamp>,
}

/// What a key does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and does not sign yet.
    Published,
    /// Signs.
    Signing,
    /// Signs no more; its tokens are still good.
    Retired,
    /// Taken for stolen.
    Denied,
    /// No token of it can be good any more.
    Gone,
}

impl Schedule {
    /// Keys that sign for so long each. What is shorter than twice [`LEAD`] counts as that.
    #[must_use]
    pub fn new(life: Duration) -> Self {
        Self { life: life.max(LEAD.saturating_mul(2)) }
    }

    /// The key to make now, if one is due: the first one, or the next one early enough to be known
    /// everywhere when its turn comes. A key that is overdue signs until then.
    #[must_use]
    pub fn due(&self, turns: &[Turn], now: Timestamp) -> Option<Turn> {
        match newest(turns) {
            None => Some(turn_at_once(turns, now)),
            Some(newest) => {
                let next_is_made = newest.signs_from.plus(self.life.saturating_sub(LEAD));
                if now >= next_is_made { next_turn(turns, now) } else { None }
            }
        }
    }
}

impl KeyState {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Denied => "denied",
            Self::Gone => "gone",
        }
    }

    /// Whether the key is in the key set, and verifies.
    #[must_use]
    pub const fn is_published(self) -> bool {
        matches!(self, Self::Published | Self::Signing | Self::Retired)
    }
}

/// Which key signs: the newest whose time has come.
#[must_use]
pub fn signer(turns: &[Turn], now: Timestamp) -> Option<Turn> {
    live(turns).filter(|turn| turn.signs_from <= now).max_by_key(|turn| turn.generation).copied()
}

/// What a key of these turns does.
#[must_use]
pub fn key_state(turns: &[Turn], of: &Turn, now: Timestamp) -> KeyState {
    if let Some(denied_at) = of.denied_at {
        return if now < denied_at.plus(KEEP) { KeyState::Denied } else { KeyState::Gone };
    }
    if now < of.signs_from {
        return KeyState::Published;
    }
    let later = live(turns).filter(|turn| turn.generation > of.generation);
    match later.map(|turn| turn.signs_from).min() {
        Some(next) if now >= next.plus(KEEP) => KeyState::Gone,
        Some(next) if now >= next => KeyState::Retired,
        Some(_) | None => KeyState::Signing,
    }
}

/// The turn of a key that is published now and signs when everybody can know it; nothing where one
/// waits for its turn already.
#[must_use]
pub fn next_turn(turns: &[Turn], now: Timestamp) -> Option<Turn> {
    let waits = newest(turns).is_some_and(|newest| newest.signs_from > now);
    let signs_from = now.plus(LEAD);
    (!waits).then(|| Turn { signs_from, ..turn_at_once(turns, now) })
}

/// The turn of a key that signs at once: nobody who keeps a key set knows it yet. Right where no
/// other key may sign.
#[must_use]
pub fn turn_at_once(turns: &[Turn], now: Timestamp) -> Turn {
    let last = turns.iter().map(|turn| turn.generation).max().unwrap_or(0);
    Turn { generation: last.saturating_add(1), published_at: now, signs_from: now, denied_at: None }
}

fn newest(turns: &[Turn]) -> Option<&Turn> {
    live(turns).max_by_key(|turn| turn.generation)
}

fn live(turns: &[Turn]) -> impl Iterator<Item = &Turn> {
    turns.iter().filter(|turn| turn.denied_at.is_none())
}

/// For so long others may keep the key set.
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(300);
/// For so long a node may not have heard of other nodes' keys, and still sign: so far apart may
/// clocks of nodes be, too.
pub const UNHEARD_MAX: Duration = Duration::from_secs(60);
/// For so long a key is published before it signs: twice the time for which a key set is kept,
/// counted from when the last node shows it.
pub const LEAD: Duration = Duration::from_secs(2 * JWKS_MAX_AGE.as_secs() + UNHEARD_MAX.as_secs());
/// For so long a key is published after it signed: the 900 s of an access token, the leeway of
/// whoever verifies it, and how far clocks are apart.
pub const KEEP: Duration = Duration::from_secs(1000);

#[cfg(test)]
mod tests;
