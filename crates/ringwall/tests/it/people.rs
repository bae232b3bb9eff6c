//! People from the command line to the browser: taken on, signed in, let go.

use reqwest::header::{COOKIE, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use signin::TotpSecret;

use crate::database::Database;
use crate::server::{Server, trusting};
use crate::site::Site;

const PASSWORD: &str = "tandem wicker plinth ode";

/// What stands between two marks on a page.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no `{before}`: {page}"));
    rest.split_once(after).expect("an end").0
}

fn cookies(response: &Response) -> Vec<String> {
    let all = response.headers().get_all("set-cookie").iter();
    let all = all.map(|cookie| cookie.to_str().expect("text").split(';').next().expect("a value"));
    all.filter(|cookie| !cookie.ends_with('=')).map(str::to_owned).collect()
}

/// A browser that does not follow redirects, and sends what it was given.
struct Visit<'a> {
    client: Client,
    server: &'a Server,
    cookies: Vec<String>,
}

impl<'a> Visit<'a> {
    fn new(server: &'a Server) -> Self {
        let client = trusting(&server.ca_pem()).redirect(Policy::none()).build();
        Self { client: client.expect("a client"), server, cookies: Vec::new() }
    }

    async fn open(&mut self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.server.url());
        let asked = self.client.get(url).header(COOKIE, self.cookies.join("; "));
        self.keep(asked.send().await.expect("an answer")).await
    }

    async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let url = format!("{}{path}", self.server.url());
        let asked = self.client.post(url).header(ORIGIN, self.server.url());
        let asked = asked.header(COOKIE, self.cookies.join("; ")).form(fields);
        self.keep(asked.send().await.expect("an answer")).await
    }

    async fn keep(&mut self, response: Response) -> (u16, String) {
        for cookie in cookies(&response) {
            let (name, _) = cookie.split_once('=').expect("a name");
            self.cookies.retain(|known| !known.starts_with(&format!("{name}=")));
            self.cookies.push(cookie);
        }
        let status = response.status().as_u16();
        (status, response.text().await.expect("text"))
    }
}

fn now() -> kernel::Timestamp {
    kernel::Clock::now(&kernel::SystemClock)
}

#[tokio::test]
async fn somebody_is_taken_on_signs_in_and_is_let_go_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await;
        let words = ["admin", "bootstrap", "--tenant-name", "A", "--partner-name", "B", "--json"];
        let more = ["--tenant-slug", "acme", "--admin-email", "ada@acme.example"];
        let founded = site.run(&[&words[..], &more[..]].concat());
        assert_eq!(founded.code, Some(0), "{founded:?}");
        let shown: serde_json::Value = serde_json::from_str(&founded.out).expect("JSON");
        let url = shown["enrol_url"].as_str().expect("a link");
        let (_, link) = url.rsplit_once('/').expect("a path");
        let server = site.start().await;
        let mut visit = Visit::new(&server);

        let (status, page) = visit.open(&format!("/staff/enrol/{link}")).await;
        assert_eq!(status, 200, "{page}");
        let key = between(&page, "<code class=\"key\">", "</code>").replace(' ', "");
        let key = data_encoding::BASE32_NOPAD.decode(key.as_bytes()).expect("base32");
        let secret = TotpSecret::from_bytes(&key).expect("a secret");
        let value = |page: &str, name: &str| {
            between(page, &format!("name=\"{name}\" value=\""), "\"").to_owned()
        };
        let (form, setup) = (value(&page, "form"), value(&page, "setup"));
        let code = secret.code(now());
        let fields = [
            ("form", form.as_str()),
            ("link", link),
            ("setup", setup.as_str()),
            ("password", PASSWORD),
            ("repeated", PASSWORD),
            ("code", code.as_str()),
        ];
        let (status, page) = visit.send("/staff/enrol", &fields).await;
        assert_eq!(status, 200, "{page}");

        let (_, page) = visit.open("/staff/sign-in").await;
        let form = value(&page, "form");
        let fields = [
            ("form", form.as_str()),
            ("agency", "acme"),
            ("email", "ada@acme.example"),
            ("password", PASSWORD),
        ];
        let (status, page) = visit.send("/staff/sign-in", &fields).await;
        assert_eq!(status, 200, "{page}");
        let (form, flow) = (value(&page, "form"), value(&page, "flow"));
        // The code of now is used up; the next one is good already.
        let code = secret.code(now().plus(std::time::Duration::from_secs(30)));
        let fields = [("form", form.as_str()), ("flow", flow.as_str()), ("code", code.as_str())];
        let (status, page) = visit.send("/staff/sign-in/code", &fields).await;
        assert_eq!(status, 303, "{page}");
        assert_eq!(visit.open("/staff").await.0, 200);

        let words = ["admin", "deactivate", "--tenant-slug", "acme", "--email", "ada@acme.example"];
        let gone = site.run(&words);
        assert_eq!(gone.code, Some(0), "{gone:?}");
        crate::wait::until("the end of the session", async || {
            (visit.open("/staff").await.0 == 401).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_demo_shows_links_of_its_people_once() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start_with(&["--demo"]).await;
    let staff = server.ready["tenants"][0]["staff"].as_array().expect("a list").clone();
    assert_eq!(staff.len(), 2);
    let url = staff[0]["enrol_url"].as_str().expect("a link");
    assert!(server.said().contains(url));
    drop(server);

    let later = site.start_with(&["--demo"]).await;

    assert_eq!(later.ready["tenants"][0]["staff"], serde_json::json!([]));
    assert!(!later.said().contains("/staff/enrol/"));
}

#[tokio::test]
async fn an_invitation_needs_a_tenant_a_name_and_a_role_of_people() {
    let site = Site::new(Database::Sqlite).await;
    site.found("acme");
    let invite = |more: &[&str]| {
        let words = ["admin", "invite", "--email", "rui@acme.example"];
        site.run(&[&words[..], more].concat())
    };

    for (more, reason) in [
        (&["--tenant-slug", "nowhere", "--name", "Rui"][..], "no tenant"),
        (&["--tenant-slug", "acme"], "--name"),
        (&["--tenant-slug", "acme", "--name", "Rui", "--role", "partner"], "unknown role"),
    ] {
        let said = invite(more);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(reason), "{said:?}");
    }
    let (first, again) =
        (invite(&["--tenant-slug", "acme", "--name", "Rui"]), invite(&["--tenant-slug", "acme"]));
    assert_eq!((first.code, again.code), (Some(0), Some(0)), "{first:?} {again:?}");
    assert_ne!(first.out, again.out);
}
