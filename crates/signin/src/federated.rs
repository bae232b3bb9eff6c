//! What an identity provider's word is worth: whether two factors were proven, whether they could
//! be phished, and which groups mean what. In doubt, nothing.

use std::collections::BTreeMap;

/// Which words of a provider are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assurance {
    /// Values of `acr` that stand for two factors.
    pub two_factors: Vec<String>,
    /// Values of `acr` that stand for factors that cannot be phished. They stand for two as well.
    pub phishing_resistant: Vec<String>,
    /// The operator vouches that the provider lets nobody in with one factor.
    pub is_enforced: bool,
}

/// What was proven to a provider. There is none for one factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assured {
    /// Whether it cannot be phished.
    pub is_phishing_resistant: bool,
}

/// A group, and what its members are at an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow<R> {
    /// The group, exactly as the provider names it.
    pub group: String,
    /// The agency's short name.
    pub agency: String,
    /// What they are there.
    pub roles: Vec<R>,
}

impl Assurance {
    /// What the provider's words prove; nothing for less than two factors.
    #[must_use]
    pub fn judge(&self, acr: Option<&str>, amr: &[String]) -> Option<Assured> {
        let is_said = |accepted: &[String]| {
            acr.is_some_and(|acr| !is_never(acr) && accepted.iter().any(|each| each == acr))
        };
        let has = |method: &str| amr.iter().any(|each| each == method);
        let is_resistant = is_said(&self.phishing_resistant);
        let is_mfa = is_resistant
            || is_said(&self.two_factors)
            || has("mfa")
            || kinds(amr) >= 2
            || self.is_enforced;
        let is_key = (has("hwk") || has("swk")) && has("user");
        let is_phishing_resistant = is_resistant || is_key || has("fido") || has("pop");
        is_mfa.then_some(Assured { is_phishing_resistant })
    }
}

/// Whether a value of `acr` proves nothing, whoever accepts it: one factor satisfies this one
/// wherever a second was not enrolled.
#[must_use]
pub fn is_never(acr: &str) -> bool {
    acr == "urn:okta:loa:2fa:any:ifpossible"
}

/// What the groups of somebody make them, by agency. A group that is in no row is nothing.
#[must_use]
pub fn granted<R: Copy + Ord>(rows: &[GroupRow<R>], groups: &[String]) -> BTreeMap<String, Vec<R>> {
    let mut all: BTreeMap<String, Vec<R>> = BTreeMap::new();
    for row in rows.iter().filter(|row| groups.contains(&row.group)) {
        let roles = all.entry(row.agency.clone()).or_default();
        roles.extend(&row.roles);
        roles.sort_unstable();
        roles.dedup();
    }
    all
}

/// Of how many kinds the methods are: what somebody knows, has, and is (RFC 8176 §2). What only
/// says where or how often they were asked is of none.
fn kinds(amr: &[String]) -> usize {
    let is_of = |kind: &&[&str]| amr.iter().any(|method| kind.contains(&method.as_str()));
    [KNOWN, OWNED, INHERENT].iter().filter(|kind| is_of(kind)).count()
}

const KNOWN: &[&str] = &["pwd", "pin", "kba"];
const OWNED: &[&str] = &["otp", "sms", "tel", "hwk", "swk", "sc", "pop", "fido"];
const INHERENT: &[&str] = &["face", "fpt", "iris", "retina", "vbm"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    fn rule() -> Assurance {
        Assurance {
            two_factors: words(&["urn:okta:loa:2fa:any", "urn:okta:loa:2fa:any:ifpossible"]),
            phishing_resistant: words(&["phr", "phrh"]),
            is_enforced: false,
        }
    }

    #[test]
    fn one_factor_is_nothing_however_it_is_called() {
        for (acr, amr) in [
            (None, &[][..]),
            (None, &["pwd"]),
            (None, &["otp"]),
            (None, &["hwk", "user"]),
            (None, &["swk", "hwk"]),
            (None, &["pwd", "pin", "kba"]),
            (None, &["pwd", "rba", "geo", "mca", "user", "wia"]),
            (None, &["MFA"]),
            (Some("urn:okta:loa:1fa:any"), &["pwd"]),
            (Some("urn:okta:loa:1fa:pwd"), &[]),
            (Some("urn:okta:loa:2fa:any:ifpossible"), &["pwd"]),
            (Some("0"), &[]),
            (Some("PHR"), &[]),
        ] {
            assert_eq!(rule().judge(acr, &words(amr)), None, "{acr:?} {amr:?}");
        }
    }

    #[test]
    fn two_factors_count_and_a_key_that_asks_for_its_owner_cannot_be_phished() {
        for (acr, amr, is_phishing_resistant) in [
            (None, &["mfa"][..], false),
            (None, &["pwd", "otp"], false),
            (None, &["pwd", "sms"], false),
            (None, &["otp", "face"], false),
            (None, &["pwd", "mfa", "swk"], false),
            (None, &["pwd", "hwk", "user"], true),
            (None, &["hwk", "user", "mfa"], true),
            (None, &["fido", "mfa"], true),
            (Some("urn:okta:loa:2fa:any"), &[], false),
            (Some("phr"), &[], true),
            (Some("phrh"), &["pwd"], true),
        ] {
            let judged = rule().judge(acr, &words(amr));
            assert_eq!(judged, Some(Assured { is_phishing_resistant }), "{acr:?} {amr:?}");
        }
    }

    #[test]
    fn an_operator_vouches_for_two_factors_and_for_no_more() {
        let rule = Assurance { is_enforced: true, ..rule() };

        assert_eq!(rule.judge(None, &[]), Some(Assured { is_phishing_resistant: false }));
    }

    #[test]
    fn groups_are_compared_whole_and_add_up() {
        let row = |group: &str, agency: &str, roles: &[u8]| GroupRow {
            group: group.to_owned(),
            agency: agency.to_owned(),
            roles: roles.to_vec(),
        };
        let rows = [row("a", "acme", &[2]), row("b", "acme", &[1, 2]), row("b", "beta", &[3])];

        assert!(granted(&rows, &words(&["A", "a ", "aa", ""])).is_empty());
        assert!(granted(&rows, &[]).is_empty());
        let all = granted(&rows, &words(&["b", "a", "other"]));
        assert_eq!(
            all.into_iter().collect::<Vec<_>>(),
            [("acme".to_owned(), vec![1, 2]), ("beta".to_owned(), vec![3]),]
        );
    }

    proptest! {
        #[test]
        fn without_a_word_that_is_known_nothing_is_proven(
            acr in "[a-z:]{0,12}",
            amr in prop::collection::vec("[a-z]{4,9}", 0..6),
        ) {
            prop_assume!(acr != "phr" && acr != "phrh");
            let is_known = |m: &String| [OWNED, INHERENT].concat().contains(&m.as_str());
            prop_assume!(!amr.iter().any(is_known));
            prop_assert_eq!(rule().judge(Some(&acr), &amr), None);
        }

        #[test]
        fn more_methods_never_prove_less(
            amr in prop::collection::vec("pwd|otp|hwk|user|face|geo|mfa", 0..5),
            more in "pwd|otp|hwk|user|face|geo|mfa",
        ) {
            let before = rule().judge(None, &amr);
            let after = rule().judge(None, &[amr, vec![more]].concat());
            prop_assert!(before.is_none() || after.is_some());
        }

        #[test]
        fn no_group_gives_what_its_rows_do_not(groups in prop::collection::vec("[ab]{1,2}", 0..5)) {
            let (group, agency) = ("a".to_owned(), "acme".to_owned());
            let rows = [GroupRow { group, agency, roles: vec![1_u8] }];
            let has = groups.iter().any(|group| group == "a");
            prop_assert_eq!(granted(&rows, &groups).len(), usize::from(has));
        }
    }
}
