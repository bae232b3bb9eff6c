//! A person with a browser: it keeps cookies, and sends forms as the last page had them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::Method;
use signin::TotpSecret;

use crate::authenticator::borrowed;
use crate::platform::Running;
use crate::{Answer, Ask, Authenticator, Caller, PUBLIC_URL, options_on};

/// A browser with a memory of its own.
pub struct Browser {
    running: Arc<Running>,
    cookies: Mutex<BTreeMap<String, String>>,
    page: Mutex<String>,
}

/// Somebody on a tenant's staff who has enrolled.
pub struct Person {
    pub(crate) running: Arc<Running>,
    /// Their agency's short name.
    pub agency: String,
    /// What they sign in with.
    pub email: String,
    /// Their password.
    pub password: String,
    /// What their authenticator app knows.
    pub secret: TotpSecret,
    /// Their recovery codes, as they were shown.
    pub recovery_codes: Vec<String>,
}

impl Browser {
    pub(crate) fn new(running: Arc<Running>) -> Self {
        Self { running, cookies: Mutex::default(), page: Mutex::default() }
    }

    /// Opens a page.
    pub async fn open(&self, path: &str) -> Answer {
        let answer = self.ask(Method::GET, path).await;
        self.keep(&answer);
        answer
    }

    /// Fills in the form that the last page sends there, and sends it.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.prepared(path, fields).await;
        self.keep(&answer);
        answer
    }

    /// The same, not sent yet.
    pub fn prepared(&self, path: &str, fields: &[(&str, &str)]) -> Ask {
        let mut all = self.hidden(path);
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.ask(Method::POST, path).form(&encode(&all))
    }

    /// Anything, with the cookies and as from our own pages.
    pub fn ask(&self, method: Method, path: &str) -> Ask {
        let cookies = self.cookies.lock().expect("no test panics with this lock");
        let cookies: Vec<String> = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let ask = Caller::new(Arc::clone(&self.running), None).ask(method, path);
        let ask =
            ask.with_header("origin", PUBLIC_URL).with_header("sec-fetch-site", "same-origin");
        if cookies.is_empty() { ask } else { ask.with_header("cookie", &cookies.join("; ")) }
    }

    /// Signs somebody in, with the code that their app shows half a minute from now: the one of
    /// now may be used up.
    ///
    /// # Panics
    /// When they are not let in.
    pub async fn sign_in(&self, person: &Person) {
        self.running.clock.advance(std::time::Duration::from_secs(30));
        self.prove_password(person).await.is(200);
        let code = person.code();
        self.send("/staff/sign-in/code", &[("code", &code)]).await.is(303);
    }

    /// Goes as far as the page that asks for the code.
    pub async fn prove_password(&self, person: &Person) -> Answer {
        self.open("/staff/sign-in").await.is(200);
        let fields = [
            ("agency", person.agency.as_str()),
            ("email", person.email.as_str()),
            ("password", person.password.as_str()),
        ];
        self.send("/staff/sign-in", &fields).await
    }

    /// Opens a page and makes a passkey as its form asks.
    ///
    /// # Panics
    /// When the page has no such form.
    pub async fn make_passkey(
        &self,
        (page, form): (&str, &str),
        with: &mut Authenticator,
    ) -> Answer {
        let options = options_on(self.open(page).await.is(200).bytes(), form);
        let fields = with.create(&options);
        self.send(form, &borrowed(&fields)).await
    }

    /// Opens a page and signs with the last passkey as its form asks.
    ///
    /// # Panics
    /// When the page has no such form.
    pub async fn prove_passkey(
        &self,
        (page, form): (&str, &str),
        with: &mut Authenticator,
    ) -> Answer {
        let options = options_on(self.open(page).await.is(200).bytes(), form);
        let fields = with.get(&options);
        self.send(form, &borrowed(&fields)).await
    }

    /// Signs in with the last passkey.
    pub async fn sign_in_with(&self, device: &mut Authenticator) -> Answer {
        self.prove_passkey(("/staff/sign-in", "/staff/sign-in/passkey"), device).await
    }

    /// A cookie that it holds.
    ///
    /// # Panics
    /// Never: no test panics with this lock.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("no test panics with this lock").get(name).cloned()
    }

    /// Puts a cookie into it, as an attacker might.
    ///
    /// # Panics
    /// Never: no test panics with this lock.
    pub fn plant(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().expect("no test panics with this lock");
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// A hidden member of the form that the last page sends there.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn hidden_of(&self, path: &str, name: &str) -> String {
        let mut members = self.hidden(path).into_iter();
        let found = members.find(|(known, _)| known == name).map(|(_, value)| value);
        found.expect("the form has such a member")
    }

    /// The hidden members of a form of the last page.
    fn hidden(&self, path: &str) -> Vec<(String, String)> {
        let page = self.page.lock().expect("no test panics with this lock");
        let form = format!("<form method=\"post\" action=\"{path}\">");
        let Some((_, form)) = page.split_once(&form) else { return Vec::new() };
        let form = form.split("</form>").next().unwrap_or_default();
        let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
        inputs
            .filter_map(|input| {
                let (name, rest) = input.split_once("\" value=\"")?;
                Some((name.to_owned(), rest.split('"').next()?.to_owned()))
            })
            .collect()
    }

    fn keep(&self, answer: &Answer) {
        let mut cookies = self.cookies.lock().expect("no test panics with this lock");
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie is text");
            let (name, value) = cookie.split_once('=').expect("a cookie has a name");
            let value = value.split(';').next().unwrap_or_default();
            match cookie.contains("Max-Age=0") {
                true => cookies.remove(name),
                false => cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let mut page = self.page.lock().expect("no test panics with this lock");
        *page = String::from_utf8_lossy(answer.bytes()).into_owned();
    }
}

impl Person {
    /// The code that their app shows now.
    #[must_use]
    pub fn code(&self) -> String {
        self.secret.code(kernel::Clock::now(self.running.clock.as_ref()))
    }
}

/// What stands between two marks on a page.
#[must_use]
pub(crate) fn between(page: &str, before: &str, after: &str) -> Vec<String> {
    let parts = page.split(before).skip(1);
    parts.filter_map(|part| Some(part.split_once(after)?.0.to_owned())).collect()
}

fn encode(fields: &[(String, String)]) -> String {
    let escape = |text: &str| {
        let bytes = text.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => (byte as char).to_string(),
            byte => format!("%{byte:02X}"),
        });
        bytes.collect::<String>()
    };
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}
