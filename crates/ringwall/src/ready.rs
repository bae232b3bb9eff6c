//! The ready file: tells a program that started the server where it is.

use std::path::{Path, PathBuf};

use api::enrol_url;
use kernel::Secret;
use serde_json::{Value, json};
use store::{Store, StoreError, partners, tenants};

use crate::cli::exit::Failure;
use crate::home::private;
use crate::registration::Invited;
use crate::wire::Base;

/// A tenant, for the ready file.
pub(crate) struct ReadyTenant {
    /// Its id.
    pub(crate) id: String,
    /// Its slug.
    pub(crate) slug: String,
    /// Its partners.
    pub(crate) partners: Vec<ReadyPartner>,
    /// People who were taken on just now, with links that are shown this once.
    pub(crate) staff: Vec<Invited>,
}

impl ReadyTenant {
    /// Its partners whose secrets are known, because they were made just now.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &Secret<String>)> {
        self.partners.iter().filter_map(|partner| {
            Some((partner.client_id.as_str(), partner.client_secret.as_ref()?))
        })
    }
}

/// A partner, for the ready file.
pub(crate) struct ReadyPartner {
    /// The OAuth client.
    pub(crate) client_id: String,
    /// Known only when it was made just now.
    pub(crate) client_secret: Option<Secret<String>>,
    /// What it may ask for.
    pub(crate) scopes: Vec<String>,
    /// Where it may have people sent back to.
    pub(crate) redirect_uris: Vec<String>,
}

/// Where the server is.
pub(crate) struct Ready<'a> {
    /// The API.
    pub(crate) url: &'a str,
    /// Metrics and health.
    pub(crate) admin_url: &'a str,
    /// What to trust.
    pub(crate) ca_file: Option<&'a PathBuf>,
    /// Tenants and partners.
    pub(crate) tenants: &'a [ReadyTenant],
}

impl Ready<'_> {
    /// Writes the file, whole or not at all, for its owner only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = format!("{:#}\n", self.json());
        private::write(path, text.as_bytes()).map_err(|error| {
            Failure::Failed(format!("cannot write the ready file `{}`: {error}", path.display()))
        })
    }

    fn json(&self) -> Value {
        let tenants = self.tenants.iter().map(|tenant| {
            let staff: Vec<Value> = tenant.staff.iter().map(|one| person(self.url, one)).collect();
            let partners: Vec<Value> = tenant.partners.iter().map(partner).collect();
            json!({ "id": tenant.id, "slug": tenant.slug, "partners": partners, "staff": staff })
        });
        json!({
            "url": self.url,
            "ca_file": self.ca_file.and_then(|path| std::path::absolute(path).ok()),
            "admin_url": self.admin_url,
            "tenants": tenants.collect::<Vec<_>>(),
        })
    }
}

fn person(url: &str, person: &Invited) -> Value {
    let (email, role) = (&person.email, person.role.as_str());
    json!({ "email": email, "role": role, "enrol_url": enrol_url(url, &person.link) })
}

fn partner(partner: &ReadyPartner) -> Value {
    let mut told = json!({
        "client_id": partner.client_id,
        "scopes": partner.scopes,
        "redirect_uris": partner.redirect_uris,
    });
    if let (Some(secret), Some(members)) = (&partner.client_secret, told.as_object_mut()) {
        members.insert("client_secret".to_owned(), json!(secret.expose()));
    }
    told
}

/// All tenants with their partners; secrets of those in `made` only.
///
/// # Errors
/// When the database fails.
pub(crate) async fn tenants(
    base: &Base,
    made: Vec<ReadyTenant>,
) -> Result<Vec<ReadyTenant>, StoreError> {
    let mut all = made;
    for tenant in tenants::list(&base.store).await? {
        if all.iter().any(|known| known.slug == tenant.slug.as_str()) {
            continue;
        }
        let permit = base.policy.system(tenant.id, "ready file");
        all.push(ReadyTenant {
            id: tenant.id.to_string(),
            slug: tenant.slug.as_str().to_owned(),
            partners: known_partners(&base.store, &permit).await?,
            staff: Vec::new(),
        });
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

async fn known_partners(
    store: &Store,
    permit: &policy::Permit,
) -> Result<Vec<ReadyPartner>, StoreError> {
    let partners = partners::list(&store.view(permit).await?).await?;
    let known = partners.into_iter().map(|partner| ReadyPartner {
        client_id: partner.client_id,
        client_secret: None,
        scopes: partner.scopes.split(' ').map(str::to_owned).collect(),
        redirect_uris: partner.uses.redirect_uris,
    });
    Ok(known.collect())
}
