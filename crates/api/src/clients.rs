//! Client companies: whom the agency places people with.

pub(crate) mod moves;
pub(crate) mod read;
pub(crate) mod write;

use kernel::{ClientCompanyId, Purpose, Timestamp};
use serde::Serialize;
use staffing::client::{ClientDraft, ClientStatus};
use store::TenantView;
use store::clients::Client;
use utoipa::ToSchema;

use crate::may::May;
use crate::reply::Refused;
use crate::view::{Meta, View};

/// A client company.
pub(crate) type ClientView = View<ClientDraft, ClientFacts>;

/// What we know about a client company besides what was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientFacts {
    /// Its id.
    id: ClientCompanyId,
    /// Where it stands.
    status: ClientStatus,
    /// Counts its changes from 1; also its ETag.
    version: i64,
    /// Who wrote it down.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

impl Meta for ClientFacts {
    const VIEW: &'static str = "Client";
}

/// A client company as this caller may see it: what the agency earns is for recruiters only.
fn view(view: &TenantView, client: &Client, may: &May<'_>) -> Result<ClientView, Refused> {
    let document = client.personal.join(view, client.business.clone(), Purpose::Answer)?;
    let mut document = document.open(Purpose::Answer).clone();
    if !may.does("client.read_confidential") {
        document.as_object_mut().map(|members| members.remove("fee_arrangement"));
    }
    let facts = ClientFacts {
        id: client.id,
        status: client.status,
        version: client.version,
        created_by: client.created_by.clone(),
        created_at: client.created_at,
        updated_at: client.updated_at,
    };
    Ok(View::new(document, facts))
}
