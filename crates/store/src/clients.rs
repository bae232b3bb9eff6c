//! Client companies: whom the agency places people with.

use kernel::{ClientCompanyId, Pii, Purpose, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use staffing::client::{ClientDraft, ClientStatus, CompanyName};
use staffing::event::ClientEvent;

use crate::entities::client_company::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::sealed::{Level, Sealed};
use crate::{StoreError, TenantTx, TenantView, jobs};

/// A client company as stored: its personal data is still sealed.
#[derive(Clone)]
pub struct Client {
    /// Its id.
    pub id: ClientCompanyId,
    /// Where it stands.
    pub status: ClientStatus,
    /// The members that are about nobody in person.
    pub business: Value,
    /// The members that are about a person, sealed.
    pub personal: Sealed,
    /// Who wrote it down.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes from 1.
    pub version: i64,
}

/// Which clients.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that stand here.
    pub status: Option<ClientStatus>,
    /// Only the one with this reference.
    pub external_ref: Option<String>,
}

impl Client {
    /// Its trading name.
    ///
    /// # Errors
    /// When the row has none.
    pub fn name(&self) -> Result<CompanyName, StoreError> {
        let name = self.business.get("name").and_then(Value::as_str).unwrap_or_default();
        CompanyName::parse(name).map_err(|_| inconsistent(self.id, "name"))
    }

    /// The whole draft, its personal data opened for a stated purpose.
    ///
    /// # Errors
    /// When sealed data does not open or is not a draft.
    pub fn draft(&self, view: &TenantView, purpose: Purpose) -> Result<ClientDraft, StoreError> {
        let document = self.personal.join(view, self.business.clone(), purpose)?;
        serde_json::from_value(document.open(purpose).clone())
            .map_err(|_| inconsistent(self.id, "a draft that no longer parses"))
    }
}

/// Writes a new client down.
///
/// # Errors
/// When its reference is taken or the database fails.
pub async fn add(tx: &mut TenantTx, draft: &ClientDraft) -> Result<Client, StoreError> {
    let id = ClientCompanyId::new(tx.clock());
    let now = tx.now();
    let client = Client {
        id,
        status: ClientStatus::default(),
        business: draft.business(),
        personal: seal(tx, id, draft),
        created_by: tx.author().to_owned(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let row = row(tx, &client);
    tx.insert(row, record(&client, Change::Created, Vec::new())).await?;
    Ok(client)
}

/// Writes a client's new draft or status over the version that was read.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since; or its reference is taken.
pub async fn save(
    tx: &mut TenantTx,
    read: &Client,
    draft: &ClientDraft,
    status: ClientStatus,
    fields: Vec<String>,
) -> Result<Client, StoreError> {
    let client = Client {
        status,
        business: draft.business(),
        personal: seal(tx, read.id, draft),
        updated_at: tx.now(),
        version: read.version + 1,
        ..read.clone()
    };
    let update = Entity::update_many()
        .set(row(tx, &client))
        .filter(Column::Id.eq(client.id.uuid()))
        .filter(Column::Version.eq(read.version));
    if !tx.update(update, record(&client, Change::Updated, fields)).await? {
        return Err(StoreError::Stale { current: require(tx, read.id).await?.version });
    }
    if client.name()? != read.name()? {
        jobs::renamed(tx, client.id).await?;
    }
    Ok(client)
}

/// Counts a change of what belongs to a client and stands in no column of it.
pub(crate) async fn touch(
    tx: &mut TenantTx,
    read: &Client,
    fields: Vec<String>,
) -> Result<Client, StoreError> {
    let client = Client { updated_at: tx.now(), version: read.version + 1, ..read.clone() };
    let update = Entity::update_many()
        .col_expr(Column::Version, client.version.into())
        .col_expr(Column::UpdatedAt, client.updated_at.millis().into())
        .filter(Column::Id.eq(client.id.uuid()))
        .filter(Column::Version.eq(read.version));
    if tx.update(update, record(&client, Change::Updated, fields)).await? {
        return Ok(client);
    }
    Err(StoreError::Stale { current: require(tx, read.id).await?.version })
}

/// A client by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: ClientCompanyId) -> Result<Client, StoreError> {
    let row = view.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// A page of clients, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    filter: &Filter,
    page: PageRequest<ClientCompanyId>,
) -> Result<Page<Client, ClientCompanyId>, StoreError> {
    let mut query = view.find::<Entity>();
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(reference) = &filter.external_ref {
        query = query.filter(Column::ExternalRef.eq(reference.as_str()));
    }
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after.uuid()));
    }
    let rows = query.order_by_desc(Column::Id).limit(page.limit + 1).all(&view.session).await?;
    let clients = rows.into_iter().map(Client::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(clients, page.limit, |client| client.id))
}

/// Is there such a client in this tenant?
pub(crate) async fn exists(view: &TenantView, id: ClientCompanyId) -> Result<bool, StoreError> {
    let one = view
        .find::<Entity>()
        .filter(Column::Id.eq(id.uuid()))
        .select_only()
        .expr_as(Expr::val(1), "one")
        .into_tuple::<i32>()
        .one(&view.session)
        .await?;
    Ok(one.is_some())
}

fn seal(view: &TenantView, id: ClientCompanyId, draft: &ClientDraft) -> Sealed {
    let document = Pii::new(draft.document(Purpose::Seal));
    Sealed::split(view, Level::Personal, (TABLE, id.uuid()), PERSONAL, &document)
}

fn row(tx: &TenantTx, client: &Client) -> ActiveModel {
    let column = |name| client.personal.column(name);
    let reference = client.business.get("external_ref").and_then(Value::as_str);
    Model {
        id: client.id.uuid(),
        tenant_id: tx.tenant().uuid(),
        external_ref: reference.map(ToOwned::to_owned),
        status: client.status.as_str().to_owned(),
        profile: client.business.clone(),
        billing_email: column("billing_email"),
        billing_contact_name: column("billing_contact_name"),
        phone: column("phone"),
        tax_id: column("tax_id"),
        created_by: client.created_by.clone(),
        created_at: client.created_at.millis(),
        updated_at: client.updated_at.millis(),
        version: client.version,
    }
    .into_active_model()
    .reset_all()
}

impl TryFrom<Model> for Client {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = ClientCompanyId::from_uuid(row.id);
        let status = ClientStatus::parse(&row.status).ok_or_else(|| inconsistent(id, "status"))?;
        let columns = vec![
            ("billing_email", row.billing_email),
            ("billing_contact_name", row.billing_contact_name),
            ("phone", row.phone),
            ("tax_id", row.tax_id),
        ];
        Ok(Self {
            id,
            status,
            business: row.profile,
            personal: Sealed::from_columns(Level::Personal, (TABLE, row.id), columns),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            version: row.version,
        })
    }
}

fn record(client: &Client, change: Change, fields: Vec<String>) -> Record {
    Record {
        resource: "client",
        id: client.id.uuid(),
        printed: client.id.to_string(),
        version: client.version,
        change,
        event: Some(match change {
            Change::Created => ClientEvent::Created.name(),
            Change::Updated | Change::Deleted => ClientEvent::Updated.name(),
        }),
        fields,
    }
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: ClientCompanyId, what: &str) -> StoreError {
    StoreError::Inconsistent { table: TABLE, id: id.to_string(), what: what.to_owned() }
}

const TABLE: &str = "client_company";
const PERSONAL: &[&str] = &["billing_email", "billing_contact_name", "phone", "tax_id"];
