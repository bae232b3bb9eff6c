//! Claims about address lists.

use std::fs;
use std::path::Path;

use kernel::{ManualClock, Timestamp};

use super::*;

fn feed(networks: &[&str]) -> Feed {
    let networks = networks.iter().map(|text| Network::parse(text).unwrap()).collect();
    Feed { networks, files: Vec::new() }
}

fn from_file(path: &Path) -> Feed {
    Feed { networks: Vec::new(), files: vec![path.to_owned()] }
}

fn edge(allow: Feed, deny: Feed) -> AddressPlan {
    AddressPlan { edge: Lists { allow, deny }, rules: Vec::new() }
}

fn admits(addresses: &Addresses, text: &str) -> bool {
    addresses.admits(text.parse().unwrap())
}

fn rule(name: &str, lists: Lists) -> AddressRule {
    AddressRule { name: name.to_owned(), tenant: None, client: None, operation: None, lists }
}

#[test]
fn a_bad_file_is_told_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.txt");
    let load = |feed: Feed| Addresses::load(edge(Feed::default(), feed)).map(drop);

    let missing = load(from_file(&path)).unwrap_err().to_string();
    assert!(missing.contains("cannot read") && missing.contains("bad.txt"), "{missing}");

    fs::write(&path, b"10.0.0.0/8\n# fine\n10.0.0.0/33\n").unwrap();
    let malformed = load(from_file(&path)).unwrap_err().to_string();
    assert!(malformed.contains("bad.txt:3: expected") && malformed.ends_with("`10.0.0.0/33`"));

    fs::write(&path, b"10.0.0.0/8\n\xff\x1b[2J\n").unwrap();
    let binary = load(from_file(&path)).unwrap_err().to_string();
    assert!(binary.contains("bad.txt:2:") && !binary.contains('\x1b'), "{binary:?}");
}

#[test]
fn a_file_without_end_is_refused() {
    let feed = from_file(Path::new("/dev/zero"));

    let error = Addresses::load(edge(Feed::default(), feed)).map(drop).unwrap_err();

    assert!(matches!(error, AddressFileError::TooLarge { .. }), "{error}");
}

#[test]
fn deny_beats_allow_and_an_allow_list_keeps_everybody_else_out() {
    for (allow, deny, address, expected) in [
        (&[][..], &[][..], "203.0.113.9", true),
        (&[], &["203.0.113.0/24"], "203.0.113.9", false),
        (&[], &["203.0.113.0/24"], "::ffff:203.0.113.9", false),
        (&[], &["::ffff:203.0.113.0/120"], "203.0.113.9", false),
        (&[], &["203.0.113.0/24"], "203.0.114.9", true),
        (&["203.0.113.0/24"], &[], "203.0.113.9", true),
        (&["203.0.113.0/24"], &[], "198.51.100.1", false),
        (&["203.0.113.0/24"], &[], "2001:db8::1", false),
        (&["203.0.113.0/24"], &["203.0.113.9"], "203.0.113.9", false),
        (&["203.0.113.9"], &["203.0.113.0/24"], "203.0.113.9", false),
        (&[], &["2001:db8:7::/48"], "2001:db8:7:ffff::1", false),
        (&[], &["2001:db8:7::/48"], "2001:db8:8::1", true),
    ] {
        let addresses = Addresses::load(edge(feed(allow), feed(deny))).unwrap();

        assert_eq!(admits(&addresses, address), expected, "{allow:?} {deny:?} {address}");
    }
}

#[test]
fn an_allow_file_that_is_emptied_admits_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("allow.txt");
    fs::write(&path, "203.0.113.0/24").unwrap();
    let addresses = Addresses::load(edge(from_file(&path), Feed::default())).unwrap();
    assert!(admits(&addresses, "203.0.113.9"));

    fs::write(&path, "# nobody").unwrap();

    assert!(addresses.reload_if_changed().unwrap());
    assert!(!admits(&addresses, "203.0.113.9"));
}

#[test]
fn a_changed_file_holds_at_once_and_a_broken_one_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deny.txt");
    fs::write(&path, "203.0.113.9").unwrap();
    let addresses = Addresses::load(edge(Feed::default(), from_file(&path))).unwrap();
    assert!(!addresses.reload_if_changed().unwrap());

    fs::write(&path, "198.51.100.0/24, garbage").unwrap();
    let error = addresses.reload_if_changed().unwrap_err().to_string();
    assert!(error.contains("deny.txt:1:") && error.ends_with("`garbage`"), "{error}");
    assert!(!admits(&addresses, "203.0.113.9") && admits(&addresses, "198.51.100.1"));
    // It is told once, not at every look.
    assert!(!addresses.reload_if_changed().unwrap());

    fs::remove_file(&path).unwrap();
    assert!(matches!(addresses.reload_if_changed(), Err(AddressFileError::Unreadable { .. })));
    assert!(!admits(&addresses, "203.0.113.9"));

    fs::write(&path, "198.51.100.0/24").unwrap();
    assert!(addresses.reload_if_changed().unwrap());
    assert!(admits(&addresses, "203.0.113.9") && !admits(&addresses, "198.51.100.1"));
}

#[test]
fn a_rule_holds_where_all_that_it_names_is_met() {
    let tenant = TenantId::new(&ManualClock::new(Timestamp::from_millis(1)));
    let other = TenantId::new(&ManualClock::new(Timestamp::from_millis(2)));
    let only = || Lists { allow: feed(&["203.0.113.0/24"]), deny: Feed::default() };
    let plan = AddressPlan {
        edge: Lists::default(),
        rules: vec![
            AddressRule { client: Some("pc_a".to_owned()), ..rule("client", only()) },
            AddressRule { tenant: Some(tenant), operation: Some(3), ..rule("both", only()) },
            AddressRule { operation: Some(7), ..rule("operation", only()) },
        ],
    };
    let addresses = Addresses::load(plan).unwrap();
    let asker = |tenant, client, operation| Asker {
        tenant: Some(tenant),
        client: Some(client),
        operation: Some(operation),
    };

    for (asker, refusing) in [
        (asker(other, "pc_a", 1), Some("client")),
        (asker(tenant, "pc_b", 3), Some("both")),
        (asker(tenant, "pc_b", 4), None),
        (asker(other, "pc_b", 3), None),
        (Asker { operation: Some(7), ..Asker::default() }, Some("operation")),
        (Asker::default(), None),
    ] {
        assert_eq!(addresses.refusing([198, 51, 100, 1].into(), asker), refusing, "{asker:?}");
        assert_eq!(addresses.refusing([203, 0, 113, 1].into(), asker), None, "{asker:?}");
    }
}
