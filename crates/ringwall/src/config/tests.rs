//! Claims about the configuration as a whole.

use std::fs;
use std::time::Duration;

use super::*;

/// Layers with this file, which is gone when the directory is dropped.
fn with_file(text: &str) -> (tempfile::TempDir, Layers) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringwall.toml");
    fs::write(&path, text).unwrap();
    (directory, Layers { file: Some(path), ..Layers::default() })
}

fn with_environment(name: &str, value: &str) -> Layers {
    Layers { environment: vec![(name.into(), value.into())], ..Layers::default() }
}

fn faults(layers: &Layers) -> Vec<Fault> {
    Loaded::read(layers).unwrap_err().0
}

/// The faults of a file, as text.
fn said(text: &str) -> String {
    let (_directory, layers) = with_file(text);
    Loaded::read(&layers).unwrap_err().to_string()
}

fn config(layers: &Layers) -> Config {
    Loaded::read(layers).unwrap().config
}

#[test]
fn all_errors_of_all_layers_are_told_at_once_each_with_key_and_source() {
    let (_directory, mut layers) = with_file(
        "[gate]\nheader_timeout = 5\nheaders_max = 5\nhosts = [\"a.com\", \"https://b.com\"]\n\
         [tls]\ncert_file = \"cert.pem\"\ntls12 = \"yes\"\n",
    );
    layers.environment = vec![("RINGWALL__STORE__CONNECTIONS_MAX".into(), "3600".into())];
    layers.flags =
        vec![Flag { name: "--listen", key: "server.listen", value: "localhost".to_owned() }];
    let file = layers.file.clone().unwrap();

    let faults = faults(&layers);

    let told: Vec<_> = faults.iter().map(|fault| (fault.key.as_str(), &fault.source)).collect();
    assert_eq!(
        told,
        [
            ("gate.header_timeout", &Source::File(file.clone(), 2)),
            ("gate.headers_max", &Source::File(file.clone(), 3)),
            ("gate.hosts[1]", &Source::File(file.clone(), 4)),
            ("tls.tls12", &Source::File(file.clone(), 7)),
            (
                "store.connections_max",
                &Source::Environment("RINGWALL__STORE__CONNECTIONS_MAX".to_owned())
            ),
            ("server.listen", &Source::Flag("--listen")),
            ("tls.cert_file", &Source::File(file, 6)),
        ]
    );
}

#[test]
fn all_that_is_wrong_in_a_list_is_told_each_at_its_place() {
    let rule = |name: &str, more: &str| {
        format!("[[limits.rules]]\nname = \"{name}\"\nby = [\"client\"]\n{more}\n")
    };
    let text = [
        rule("one", "at_once = 2\nmode = \"sync\""),
        rule("two", "at_once = 2"),
        rule("three", "at_once = 0"),
        rule("four", "max = \"many\""),
    ];

    let (_directory, layers) = with_file(&text.concat());

    let faults = faults(&layers);
    let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["limits.rules[0]", "limits.rules[2]", "limits.rules[3]"]);
    assert!(faults[1].message.contains("rule `three`: expected 1 to 100000"), "{faults:?}");
}

#[test]
fn of_a_list_without_end_the_first_twenty_faults_are_told() {
    let (_directory, layers) = with_file(&"[[limits.rules]]\nname = \"A\"\n".repeat(500));

    assert_eq!(faults(&layers).len(), 20);
}

#[test]
fn a_wrong_value_is_told_even_if_a_later_layer_hides_it() {
    let (_directory, mut layers) = with_file("[server]\nlisten = 5\n");
    layers.flags =
        vec![Flag { name: "--listen", key: "server.listen", value: "[::]:443".to_owned() }];

    assert_eq!(faults(&layers).len(), 1);
}

#[test]
fn a_wrong_value_says_what_was_expected_and_what_was_found() {
    for (text, said_part) in [
        ("gate.headers_max = 5", "integer `5`, expected a whole number from 8 to 1000"),
        ("gate.headers_max = -1", "integer `-1`, expected a whole number from 8 to 1000"),
        ("gate.headers_max = 9.5", "floating point `9.5`, expected a whole number"),
        ("gate.headers_max = \"64\"", "string \"64\", expected a whole number"),
        ("server.listen = \"localhost:1\"", "expected an address and port such as"),
        ("telemetry.log_format = \"xml\"", "unknown variant `xml`, expected `text` or `json`"),
        ("gate.hosts = \"a.com\"", "expected a list of at most 1000, each a host name"),
        ("gate.hosts = [5]", "integer `5`, expected a host name"),
        ("gate = 5", "expected a section"),
        ("server.listen = { port = 1 }", "there is no such key"),
    ] {
        let said = said(text);
        assert!(said.contains(said_part), "{said}");
    }
}

#[test]
fn a_misspelt_key_is_answered_with_the_one_that_was_meant() {
    for (text, meant) in [
        ("[gate]\nheader_timeout = 1", "`gate.header_timeout_ms`"),
        ("[gate]\nhost = []", "`gate.hosts`"),
        ("[tsl]\ncert_file = ''", "`tls.cert_file`"),
        ("listen = ''", "`server.listen`"),
    ] {
        let said = said(text);
        assert!(said.contains(&format!("did you mean {meant}?")), "{said}");
    }
    assert!(said("[gate]\nxyz = 1").ends_with("there is no such key"));
    assert!(said("[nonsense]").ends_with("there is no such key"));
}

#[test]
fn a_misspelt_variable_is_answered_with_the_one_that_was_meant() {
    let layers = with_environment("RINGWALL__GATE__HEADER_TIMEOUT", "5000");

    let said = Loaded::read(&layers).unwrap_err().to_string();

    assert!(said.contains("did you mean `RINGWALL__GATE__HEADER_TIMEOUT_MS`?"), "{said}");
}

#[test]
fn a_secret_is_refused_without_repeating_it() {
    for text in [
        "[store]\nurl = \"postgres://app:hunter2@db/ringwall\"",
        "[store]\nurl = [\"hunter2\"]",
        "[store]\nurl = \"postgres://app:hunter2@db/ringwall",
        "[store]\nurl = hunter2",
        "[store]\nurl = \"\"\nurl = \"hunter2\"",
    ] {
        let said = said(text);
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert!(said("[store]\nurl = \"postgres://app:x@db/r\"").contains("`env:NAME`"));
}

#[test]
fn a_secret_in_the_environment_is_refused_without_repeating_it() {
    for value in ["postgres://app:hunter2@db/ringwall", "\"hunter2", "hunter2"] {
        let said = Loaded::read(&with_environment("RINGWALL__STORE__URL", value)).unwrap_err();

        assert!(!said.to_string().contains("hunter2"), "{said}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_is_told_on_request() {
    let layers = with_environment("RINGWALL__STORE__URL", "env:RINGWALL_NO_SUCH");
    let loaded = Loaded::read(&layers).unwrap();

    let said = ConfigError(loaded.lost_secrets()).to_string();

    assert!(said.contains("RINGWALL__STORE__URL: `store.url`: "), "{said}");
    assert!(said.contains("`RINGWALL_NO_SUCH` is not set"), "{said}");
}

#[test]
fn every_reference_that_leads_nowhere_is_told_beside_what_else_is_wrong() {
    let provider = |name, proof| {
        format!(
            "[[sso.providers]]\nname = '{name}'\nissuer = 'https://{name}.example'\n\
             client_id = 'x'\n{proof} = 'env:RINGWALL_NO_{name}'\n\
             groups = [{{ group = 'x', agency = 'acme', roles = ['recruiter'] }}]\n"
        )
    };
    let (_directory, layers) = with_file(&format!(
        "[gate]\nheaders_max = 5\n[store]\nurl = 'env:RINGWALL_NO_DB'\n\
         [limits]\nstore = 'file:/nowhere/redis'\n{}{}",
        provider("one", "client_secret"),
        provider("two", "client_key"),
    ));

    let (loaded, faults) = Loaded::read_all(&layers).unwrap();
    let lost = loaded.lost_secrets();

    let keys = |faults: &[Fault]| -> Vec<String> {
        faults.iter().map(|fault| fault.key.clone()).collect()
    };
    assert_eq!(keys(&faults), ["gate.headers_max"]);
    let expected = [
        "store.url",
        "limits.store",
        "sso.providers[0].client_secret",
        "sso.providers[1].client_key",
    ];
    assert_eq!(keys(&lost), expected, "{lost:?}");
    assert!(lost.iter().all(|fault| fault.source != Source::Default), "{lost:?}");
}

/// What was promised about the edge holds without a configuration.
#[test]
fn by_default_strangers_have_100_requests_in_15_minutes_and_nobody_waits_25_ms_for_a_limit() {
    let limits = config(&Layers::default()).limits;

    assert_eq!((u32::from(limits.strangers_max), u32::from(limits.window_s)), (100, 900));
    let waits = Duration::from(limits.store_timeout_ms);
    assert!(waits <= Duration::from_millis(20), "with room for a busy processor: {waits:?}");
}

#[test]
fn a_file_that_is_missing_or_not_toml_is_told() {
    let layers = Layers { file: Some("/nowhere/ringwall.toml".into()), ..Layers::default() };
    let told = faults(&layers);
    assert!(told[0].to_string().starts_with("/nowhere/ringwall.toml: cannot be read"), "{told:?}");

    let said = said("[gate\nheaders_max = 64\nhosts = [\n");
    assert!(said.contains("ringwall.toml:1: this is not TOML"), "{said}");
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    for text in [
        "[tls]\nkey_file = 'k'",
        "[server]\nlisten = '127.0.0.1:8444'",
        "[server]\nplain_listen = '127.0.0.1:8443'",
        "[server]\nplain_listen = '127.0.0.1:8444'",
        "[gate]\nbody_idle_timeout_ms = 40000",
        "[gate]\nrequest_timeout_ms = 5000",
    ] {
        let said = said(text);
        assert!(said.starts_with("the configuration has 1 error\n"), "{said}");
        assert!(said.contains("ringwall.toml:2"), "{said}");
    }
}

#[test]
fn two_listeners_may_both_take_a_free_port() {
    let (_directory, layers) = with_file(
        "[server]\nlisten = '127.0.0.1:0'\nadmin_listen = '127.0.0.1:0'\n\
         plain_listen = '127.0.0.1:0'",
    );

    assert!(Loaded::read(&layers).is_ok());
}

#[test]
fn the_environment_overrides_the_file_and_a_flag_the_environment() {
    let (_directory, mut layers) =
        with_file("[server]\nlisten = '127.0.0.1:1'\ndata_dir = 'file'\n[gate]\nheaders_max = 8");
    layers.environment = vec![
        ("RINGWALL__SERVER__LISTEN".into(), "127.0.0.1:2".into()),
        ("RINGWALL__SERVER__DATA_DIR".into(), "environment".into()),
        ("RINGWALL_OTHER".into(), "not ours".into()),
    ];
    layers.flags =
        vec![Flag { name: "--data-dir", key: "server.data_dir", value: "flag".to_owned() }];

    let config = config(&layers);

    assert_eq!(usize::from(config.gate.headers_max), 8);
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.data_dir, PathBuf::from("flag"));
}

#[test]
fn a_variable_is_read_as_toml_where_no_text_is_expected() {
    let config = config(&Layers {
        environment: vec![
            ("RINGWALL__GATE__HOSTS".into(), "[\"a.com\", \"b.com\"]".into()),
            ("RINGWALL__TLS__TLS12".into(), "true".into()),
            ("RINGWALL__TELEMETRY__LOG".into(), "\"debug\"".into()),
        ],
        ..Layers::default()
    });

    assert_eq!(config.gate.hosts.len(), 2);
    assert!(config.tls.tls12);
    assert_eq!(config.telemetry.log.as_str(), "debug");
}

#[test]
fn what_is_shown_names_its_sources_and_gives_the_same_configuration() {
    let (_directory, mut layers) = with_file("[gate]\ncors_origins = ['https://a.com']");
    layers.environment = vec![("RINGWALL__STORE__URL".into(), "env:DATABASE_URL".into())];
    let loaded = Loaded::read(&layers).unwrap();

    let shown = loaded.show();

    assert!(shown.contains("url = \"env:DATABASE_URL\"  # RINGWALL__STORE__URL\n"), "{shown}");
    assert!(shown.contains("ringwall.toml:2\n"), "{shown}");
    assert!(shown.contains("headers_max = 64  # default\n"), "{shown}");
    let (_directory, again) = with_file(&shown);
    assert_eq!(config(&again), loaded.config);
}

#[test]
fn public_names_follow_the_listener_unless_they_are_set() {
    let bound = |text: &str| text.parse().unwrap();
    let plain = config(&Layers::default());
    assert_eq!(plain.public_urls(bound("127.0.0.1:41")).audience, "https://localhost:41");
    assert_eq!(plain.public_urls(bound("0.0.0.0:443")).issuer, "https://localhost");
    assert_eq!(plain.public_urls(bound("192.0.2.1:41")).public_url, "https://192.0.2.1:41");

    let (_directory, layers) = with_file(
        "[server]\npublic_url = 'https://api.example.com/'\n[identity]\naudience = 'urn:api'",
    );
    let urls = config(&layers).public_urls(bound("127.0.0.1:41"));
    assert_eq!(urls.issuer, "https://api.example.com");
    assert_eq!(urls.audience, "urn:api");
}

/// Key lines of the default file, each with the comment above it.
fn documented() -> Vec<(String, String)> {
    let mut section = "";
    let mut comment = String::new();
    let mut keys = Vec::new();
    for line in DEFAULT.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
            continue;
        } else if let Some((name, _)) = line.split_once(" = ") {
            keys.push((format!("{section}.{name}"), comment.clone()));
        }
        comment.clear();
    }
    keys
}

#[test]
fn the_default_has_every_key_and_no_other() {
    // The structs have no defaults of their own and deny unknown fields.
    assert!(toml::from_str::<Config>(DEFAULT).is_ok());
    let reference = Reference::read(DEFAULT).unwrap_or_else(|_| panic!("it is TOML"));
    assert_eq!(reference.into_leaves().len(), documented().len());
}

#[test]
fn every_key_of_the_default_has_a_comment_above_it() {
    for (key, comment) in documented() {
        assert!(comment.trim().ends_with('.'), "{key}: {comment}");
    }
}

#[test]
fn the_range_and_unit_of_every_number_are_documented() {
    for (key, comment) in documented() {
        let value = format!("{key} = -1");
        let (_directory, layers) = with_file(&value);
        let fault = faults(&layers).remove(0);
        let Some((_, range)) = fault.message.split_once("a whole number from ") else { continue };

        assert!(comment.contains(&format!("{range}.")), "{key}: {range}: {comment}");
        let unit = [("_ms", "Milliseconds"), ("_s", "Seconds"), ("_bytes_max", "Bytes")];
        if let Some((_, unit)) = unit.iter().find(|(end, _)| key.ends_with(end)) {
            assert!(comment.contains(unit), "{key}: {comment}");
        }
    }
}

#[test]
fn an_issuer_that_would_be_taken_for_another_or_for_us_is_told() {
    let row = |name: &str, issuer: &str| {
        format!(
            "[[identity.trusted_issuers]]\nname = '{name}'\nkind = 'cognito'\n\
             issuer = '{issuer}'\ntenant = 'ten_01kas8w25wfq0a9b9rdv8y7k5m'\n\
             clients = [{{ id = 'c', roles = ['partner'], scopes = ['read:jobs'] }}]\n"
        )
    };
    let ours = "[server]\npublic_url = 'https://api.example'\n";
    for (first, second) in [
        (row("a", "https://id.example"), row("a", "https://other.example")),
        (row("a", "https://id.example"), row("b", "https://id.example")),
        (ours.to_owned(), row("a", "https://api.example")),
    ] {
        let said = said(&format!("{first}{second}"));
        assert!(said.contains("of its own, none of them ours"), "{said}");
    }
    let both = [row("a", "https://id.example"), row("b", "https://other.example")].concat();
    let (_directory, layers) = with_file(&both);
    assert_eq!(config(&layers).identity.trusted_issuers.len(), 2);
}
