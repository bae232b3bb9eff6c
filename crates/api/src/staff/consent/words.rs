//! Scopes in the words of those who are asked for them.

use kernel::html::escape;
use oauth::Scopes;

/// A line for each scope.
pub(in crate::staff) fn list(scopes: &Scopes) -> String {
    scopes.iter().map(|scope| format!("<li>{}</li>", escape(of(scope)))).collect()
}

/// What a scope means. One without words of its own is told by its name.
fn of(scope: &str) -> &str {
    WORDS.iter().find(|(known, _)| *known == scope).map_or(scope, |(_, words)| *words)
}

const WORDS: &[(&str, &str)] = &[
    ("read:jobs", "see jobs"),
    ("write:jobs", "write and change jobs"),
    ("read:clients", "see client companies"),
    ("write:clients", "write and change client companies"),
    ("read:candidates", "see candidates, without names and contact data"),
    ("read:candidates.pii", "see names and contact data of candidates"),
    ("read:candidates.sensitive", "see what is most sensitive about candidates"),
    ("write:candidates", "write and change candidates"),
    ("erase:candidates", "ask for candidates to be erased"),
    ("read:documents", "read documents"),
    ("write:documents", "write documents"),
    ("read:matches", "see how candidates match jobs"),
    ("write:matches", "rank candidates and move matches on"),
    ("read:employments", "see employments"),
    ("read:employments.pii", "see names and contact data of workers"),
    ("read:employments.sensitive", "see what is most sensitive about workers"),
    ("write:employments", "write and change employments"),
    ("read:events", "see what happened"),
    ("read:changes", "see what changed"),
    ("read:reports", "read reports"),
    ("read:audit", "read the audit trail"),
    ("manage:webhooks", "be told of what happens"),
    ("manage:keys", "make and revoke API keys"),
    ("run:imports", "import candidates by the thousand"),
    ("run:exports", "export candidates by the thousand"),
    ("run:sandbox", "run the sandbox"),
    ("admin:tenant", "administer the agency's account"),
    ("admin:users", "administer the agency's people"),
    ("admin:partners", "administer the agency's applications"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_words_and_no_other() {
        let known: Vec<&str> = WORDS.iter().map(|(scope, _)| *scope).collect();

        assert_eq!(known, policy::SCOPES);
    }
}
