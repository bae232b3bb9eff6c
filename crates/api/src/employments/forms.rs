//! What each country asks for, as JSON Schema.

use axum::extract::Path;
use kernel::problem::NOT_FOUND;
use kernel::{CountryCode, Problem};
use staffing::employment::form;

use crate::reply::{Answer, Reply};

/// The form of a country: a JSON Schema (2020-12) of `country_data`.
///
/// `x-ringwall-requires` names the members of the employment that the country needs besides.
#[utoipa::path(
    get, path = "/v1/countries/{country}/forms/employment", operation_id = "employment.form",
    tag = "Employments",
    params(("country" = CountryCode, Path)),
    responses((status = 200, description = "The form", body = Object)),
    extensions(("x-ringwall" = json!({"action": "employment.read", "sensitive": "low"})))
)]
pub(crate) async fn read(Path(country): Path<String>) -> Answer {
    let form = CountryCode::parse(&country).ok().and_then(form::of);
    let form = form.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    Reply::ok(&form.schema)
}
