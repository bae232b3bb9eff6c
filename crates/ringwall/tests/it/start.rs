//! Starts: the first, the second, and those that are refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use sea_orm::QueryResult;
use serde_json::Value;

use crate::books::Books;
use crate::database::{Database, cell, look};
use crate::server::FREE;
use crate::site::{Partner, Said, Site, files, mode};
use crate::wait;

#[tokio::test]
async fn the_first_start_tells_its_secrets_once_and_the_second_none() {
    // Tokens outlive the server's port when the issuer does not follow it.
    let site = Site::new(Database::Sqlite)
        .await
        .with("IDENTITY__ISSUER", "https://issuer.example")
        .with("IDENTITY__AUDIENCE", "https://api.example");

    let first = site.start_with(&["--demo"]).await;
    let partners = partners(&first.ready);
    let api = first.api(&partners[0]).await;
    let keys = api.get("/oauth/jwks").await.is(200).body;
    ready_is_as_specified(&first.ready);
    assert_eq!(mode(&first.ready_file), 0o600);
    all_is_ours_alone(&site.data_dir());
    let said = first.stop().await;
    for partner in &partners {
        assert!(said.contains(&partner.client_secret), "the first start shows each secret");
    }

    let second = site.start_with(&["--demo"]).await;

    // The same authority, the same keys, the same tokens: the old client does not notice.
    let again = api.at(second.url());
    assert_eq!(
        again.get("/v1/jobs?limit=3").await.is(200).body["data"].as_array().unwrap().len(),
        3
    );
    assert_eq!(again.get("/oauth/jwks").await.body, keys);
    again.get("/v1/candidates?limit=1").await.is(200);
    second.api(&partners[1]).await.get("/v1/jobs").await.is(200);
    let ready = fs::read_to_string(&second.ready_file).unwrap();
    let said = second.stop().await + &ready;
    assert!(!said.contains("secret"), "{said}");
    for partner in &partners {
        assert!(said.contains(&partner.client_id) && !said.contains(&partner.client_secret));
    }
}

#[tokio::test]
async fn each_agency_of_the_demo_has_200_jobs_and_1000_candidates() {
    let site = Site::new(Database::Sqlite).await;
    site.start_with(&["--demo"]).await.stop().await;

    let queries = [
        "select count(*) as held from job group by tenant_id",
        "select count(*) as held from candidate group by tenant_id",
    ];
    let [jobs, candidates] = look(&site.database_url(), queries).await;

    let held =
        |rows: &[QueryResult]| rows.iter().map(|row| cell(row, "held")).collect::<Vec<i64>>();
    assert_eq!((held(&jobs), held(&candidates)), (vec![200; 2], vec![1000; 2]));
}

fn partners(ready: &Value) -> Vec<Partner> {
    let tenants = ready["tenants"].as_array().expect("tenants").iter();
    tenants.map(|tenant| Partner::parse(&tenant["partners"][0])).collect()
}

fn ready_is_as_specified(ready: &Value) {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    assert!(text(&ready["url"]).starts_with("https://localhost:"));
    assert!(text(&ready["admin_url"]).starts_with("http://127.0.0.1:"));
    assert!(Path::new(&text(&ready["ca_file"])).is_absolute());
    let tenants = ready["tenants"].as_array().expect("tenants");
    assert_eq!(tenants.iter().map(|t| text(&t["slug"])).collect::<Vec<_>>(), ["acme", "globex"]);
    for tenant in tenants {
        assert!(text(&tenant["id"]).starts_with("ten_"));
        let [partner] = tenant["partners"].as_array().expect("partners").as_slice() else {
            panic!("one partner each: {tenant}")
        };
        let names: Vec<_> = partner.as_object().expect("an object").keys().collect();
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(text(&partner["client_id"]).starts_with("pc_"));
        assert!(partner["scopes"].as_array().expect("scopes").contains(&"read:jobs".into()));
    }
    assert_eq!(ready.as_object().expect("an object").len(), 4);
}

fn all_is_ours_alone(data_dir: &Path) {
    assert_eq!(mode(data_dir), 0o700);
    assert_eq!(mode(&data_dir.join("tls")), 0o700);
    let files = files(data_dir);
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_first_start_that_is_killed_on_its_way_is_mended_by_the_next() {
    let site = Site::new(Database::Sqlite).await;
    let made = ["keyring.key", "keyring.sealed", "tls/ca.key.sealed", "tls/ca.pem"];
    let made = [&made[..], &["tls/server.key", "tls/server.pem", "ringwall.sqlite"]].concat();

    for file in made {
        let mut starting = site.command(&["serve", "--listen", FREE, "--admin-listen", FREE]);
        let mut starting = starting.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let path = site.data_dir().join(file);
        wait::until(file, async || path.exists().then_some(())).await;
        starting.kill().and_then(|()| starting.wait()).expect("it is killed");
    }

    let server = site.start().await;
    let api = server.api(&site.found("acme")).await;
    api.company().await;
    server.stop().await;
    Books::read(&site).await.are_whole();
}

#[tokio::test]
async fn two_servers_on_one_data_directory_are_refused() {
    let site = Site::new(Database::Sqlite).await;
    let first = site.start().await;

    let said = site.refuses_to_start().await;

    refused(&said, "another ringwall (process ");
    refused(&said, "--data-dir");
    first.client().get(format!("{}/healthz", first.url())).send().await.expect("it still serves");
}

#[tokio::test]
async fn a_data_directory_that_is_not_whole_or_not_private_is_refused() {
    let site = Site::new(Database::Sqlite).await;
    site.start().await.stop().await;
    let data = site.data_dir();
    let (key, aside) = (data.join("keyring.key"), site.folder().join("aside"));
    let chmod = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };

    chmod(&data, 0o755);
    refused(&site.refuses_to_start().await, "others may use the data directory");
    chmod(&data, 0o700);

    chmod(&key, 0o644);
    refused(&site.refuses_to_start().await, "others may use file");
    chmod(&key, 0o600);

    fs::rename(&key, &aside).expect("it moves");
    refused(&site.refuses_to_start().await, "keyring.key` is missing");
    assert!(!key.exists(), "no new key is made over what the old one sealed");

    fs::write(&key, format!("{}\n", "ab".repeat(32))).expect("it is written");
    chmod(&key, 0o600);
    refused(&site.refuses_to_start().await, "does not open the keyring");

    fs::rename(&aside, &key).expect("it moves");
    site.start().await.stop().await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let site = Site::new(Database::Sqlite).await;

    let said = site.run(&["serve", "--listen", &address, "--admin-listen", "127.0.0.1:0"]);

    refused(&said, &format!("cannot listen on {address}: "));
}

fn refused(said: &Said, why: &str) {
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(why), "{said:?}");
    assert!(said.out.is_empty(), "{said:?}");
}
