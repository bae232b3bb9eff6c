//! What a token can be granted.

/// Every scope that can be registered, requested and granted.
pub const SCOPES: &[&str] = &[
    "read:jobs",
    "write:jobs",
    "read:clients",
    "write:clients",
    "read:candidates",
    "read:candidates.pii",
    "read:candidates.sensitive",
    "write:candidates",
    "erase:candidates",
    "read:documents",
    "write:documents",
    "read:matches",
    "write:matches",
    "read:employments",
    "read:employments.pii",
    "read:employments.sensitive",
    "write:employments",
    "read:events",
    "read:changes",
    "read:reports",
    "read:audit",
    "manage:webhooks",
    "manage:keys",
    "run:imports",
    "run:exports",
    "run:sandbox",
    "admin:tenant",
    "admin:users",
    "admin:partners",
];

/// A set of [`SCOPES`]; one bit each, so that it is compared and hashed in no time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ScopeSet(u32);

const _: () = assert!(SCOPES.len() <= 32, "a scope set has a bit for each scope");

impl ScopeSet {
    pub(crate) fn contains(self, scope: &str) -> bool {
        self.iter().any(|granted| granted == scope)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'static str> {
        SCOPES
            .iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, scope)| *scope)
    }
}

impl<'a> FromIterator<&'a str> for ScopeSet {
    /// Unknown scopes are left out: what no policy knows grants nothing.
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> Self {
        let bits = scopes.into_iter().filter_map(|scope| SCOPES.iter().position(|s| *s == scope));
        Self(bits.fold(0, |set, bit| set | 1 << bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scope_grants_nothing() {
        let set = ScopeSet::from_iter(["read:job", "read:jobs ", "", "admin:*"]);

        assert_eq!(set, ScopeSet::default());
    }

    #[test]
    fn a_set_holds_exactly_what_was_put_in() {
        for scope in SCOPES {
            let set = ScopeSet::from_iter([*scope]);

            assert_eq!(set.iter().collect::<Vec<_>>(), [*scope]);
            assert!(set.contains(scope));
        }
    }
}
