//! A tenant's people: taken on, enrolled, and let go.

use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use kernel::{Email, Line, Pii, UserId};
use policy::Role;
use signin::{Ticket, TotpSecret};
use store::staff::{self, ENROLMENT_LIFE, NewAccount};

use crate::browser::between;
use crate::{Authenticator, Browser, Person, Tenant};

/// Somebody who was taken on, and their link.
pub struct Invited {
    /// Who.
    pub user: UserId,
    /// What they will sign in with.
    pub email: String,
    /// The link's secret.
    pub link: String,
}

/// Somebody who signed in with a passkey.
pub struct AtWork {
    /// Who.
    pub user: UserId,
    /// Where they are signed in.
    pub browser: Browser,
    /// What they signed in with.
    pub device: Authenticator,
}

impl Tenant {
    /// A browser of somebody new.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(Arc::clone(&self.running))
    }

    /// Takes somebody onto the staff.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn take_on(&self, name: &str, role: Role) -> Invited {
        let app = &self.running.app;
        self.running.tick();
        let email = format!("{name}@{}.example", self.slug());
        let address = Email::parse(&email).expect("an address");
        let index = self.running.sign_in_key.index(self.slug(), &address.folded());
        let permit = app.policy.system(self.id(), "testkit");
        let witness = self.running.witness(self.id());
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        let new = NewAccount {
            index,
            email: Pii::new(address),
            name: Pii::new(Line::parse(&format!("{name} Silva")).expect("a name")),
            roles: vec![role],
        };
        let user = staff::add(&mut tx, new).await.expect("somebody is taken on");
        tx.commit(None).await.expect("the transaction commits");
        Invited { user, email, link: self.invite(user).await }
    }

    /// A new link for somebody.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn invite(&self, user: UserId) -> String {
        let app = &self.running.app;
        let permit = app.policy.system(self.id(), "testkit");
        let witness = self.running.witness(self.id());
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        let link = Ticket::generate();
        let until = tx.real_now().plus(ENROLMENT_LIFE);
        staff::invite(&mut tx, user, (link.hash(), until)).await.expect("a link is kept");
        tx.commit(None).await.expect("the transaction commits");
        link.whole().expose().clone()
    }

    /// Lets somebody sign in past the identity providers.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn flag_break_glass(&self, user: UserId) {
        let app = &self.running.app;
        let permit = app.policy.system(self.id(), "testkit");
        let witness = self.running.witness(self.id());
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        let account = staff::require(&tx, user).await.expect("somebody is there");
        staff::set_break_glass(&mut tx, &account, true).await.expect("somebody is flagged");
        tx.commit(None).await.expect("the transaction commits");
    }

    /// Lets somebody go, as another node would: this one has to hear of it.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn deactivate(&self, user: UserId) {
        let app = &self.running.app;
        self.running.tick();
        let permit = app.policy.system(self.id(), "testkit");
        let witness = self.running.witness(self.id());
        let mut tx = app.store.tenant(&permit, &witness).await.expect("a transaction begins");
        let account = staff::require(&tx, user).await.expect("somebody is there");
        staff::deactivate(&mut tx, &account).await.expect("somebody is let go");
        tx.commit(None).await.expect("the transaction commits");
    }

    /// Somebody of this role who has enrolled.
    ///
    /// # Panics
    /// When they cannot.
    pub async fn enrolled(&self, name: &str, role: Role) -> Person {
        let invited = self.take_on(name, role).await;
        self.enrol(&invited).await
    }

    /// Lets somebody enrol by their link, with a passkey and nothing else.
    ///
    /// # Panics
    /// When they cannot.
    pub async fn enrol_with_passkey(&self, invited: &Invited) -> Authenticator {
        let mut device = Authenticator::default();
        let page = format!("/staff/enrol/{}", invited.link);
        let enrolled = self.browser().make_passkey((&page, ENROL), &mut device).await;
        enrolled.is(200);
        device
    }

    /// Somebody of this role who signed in with a passkey.
    ///
    /// # Panics
    /// When they cannot.
    pub async fn at_work(&self, name: &str, role: Role) -> AtWork {
        let invited = self.take_on(name, role).await;
        let mut device = self.enrol_with_passkey(&invited).await;
        let browser = self.browser();
        browser.sign_in_with(&mut device).await.is(303);
        AtWork { user: invited.user, browser, device }
    }

    /// Lets somebody enrol by their link.
    ///
    /// # Panics
    /// When they cannot.
    pub async fn enrol(&self, invited: &Invited) -> Person {
        let browser = self.browser();
        let page = browser.open(&format!("/staff/enrol/{}", invited.link)).await.is(200);
        let secret = secret_on(page.bytes());
        let now = kernel::Clock::now(self.running.clock.as_ref());
        let code = secret.code(now);
        let fields = [("password", PASSWORD), ("repeated", PASSWORD), ("code", code.as_str())];
        let codes = browser.send("/staff/enrol", &fields).await.is(200);
        let codes = String::from_utf8_lossy(codes.bytes()).into_owned();
        Person {
            running: Arc::clone(&self.running),
            agency: self.slug().to_owned(),
            email: invited.email.clone(),
            password: PASSWORD.to_owned(),
            secret,
            recovery_codes: between(&codes, "<li><code>", "</code>"),
        }
    }
}

/// The secret that a page of an enrolment shows.
///
/// # Panics
/// When it shows none.
#[must_use]
pub fn secret_on(page: &[u8]) -> TotpSecret {
    let page = String::from_utf8_lossy(page);
    let key = between(&page, "<code class=\"key\">", "</code>");
    let key = key.first().expect("the page shows a key").replace(' ', "");
    let bytes = BASE32_NOPAD.decode(key.as_bytes()).expect("the key is base32");
    TotpSecret::from_bytes(&bytes).expect("the key has 160 bits")
}

const ENROL: &str = "/staff/enrol/passkey";
/// What everybody here chooses.
pub const PASSWORD: &str = "tandem wicker plinth ode";
