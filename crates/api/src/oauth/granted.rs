//! Tokens that a person granted: by a code, and then by refresh tokens.

use gate::{App, Dossier};
use kernel::Problem;
use oauth::grants::{self, Family, GrantError, Halt, Redemption};
use oauth::opaque::{Code, RefreshToken};
use oauth::{
    Authenticated, Confirmation, GrantRequest, Issuance, Person, Refused as NotGranted,
    RegisteredClient, Scopes, TokenRequest, delegate, may_ask,
};
use policy::{Permit, Role};
use store::grants::{Granting, end, revoked};
use store::staff::{self, Status};
use store::{StoreError, Witness};

use super::client::{self, Stop, Tried};
use super::token::Given;
use crate::Settings;
use crate::may;
use crate::staff::may_enter;

/// What the client gets for its code or refresh token.
pub(crate) async fn give(
    app: &App,
    api: &Settings,
    (client, request, tried): (&Authenticated<'_>, &TokenRequest, &mut Tried),
    (dossier, issuance): (&Dossier, &Issuance<'_>),
) -> Result<Given, Stop> {
    may_ask(client.client(), request, issuance)?;
    let permit = permit(app, client, dossier)?;
    let witness = dossier.witness();
    let granting = Granting::new(&app.store, &permit, &witness);
    let taken = take(api, &granting, (client, request), issuance).await;
    let given = taken.map_err(|halt| stopped(app, halt, issuance))?;
    tried.for_whom(&given.family);
    let keeps = api.sign_in.keeps(&given.family);
    if !keeps && matches!(request.grant, GrantRequest::Refresh { .. }) {
        end_early(app, &permit, &witness, &given.family).await?;
        return Err(NotGranted::PERSON_UNVOUCHED.into());
    }
    let roles = person(app, &permit, &witness, &given.family).await?;
    let scope = both(app, (&roles, client.client()), &given.scopes)?;
    let names: Vec<String> = roles.iter().map(ToString::to_string).collect();
    let claims =
        delegate(client.client(), &given.family, (Person { roles: &names }, scope), issuance);
    let is_for_codes_only = matches!(request.grant, GrantRequest::Code { .. });
    let refreshes = client.client().uses.refresh_token || !is_for_codes_only;
    let refresh = (refreshes && keeps).then(|| given.refresh.whole());
    Ok(Given { claims, refresh })
}

/// For the steps of a grant of this client.
pub(crate) fn permit(
    app: &App,
    client: &Authenticated<'_>,
    dossier: &Dossier,
) -> Result<Permit, Stop> {
    Ok(may::permit(app, dossier, (&client::caller(client)?, "token.issue"))?)
}

async fn take(
    api: &Settings,
    granting: &Granting<'_>,
    (client, request): (&Authenticated<'_>, &TokenRequest),
    issuance: &Issuance<'_>,
) -> Result<grants::Given, Halt<StoreError>> {
    let unknown = || Halt::Refused(GrantError::Unknown);
    let bound_to = issuance.bound_to.and_then(Confirmation::key);
    let now = issuance.now;
    match &request.grant {
        GrantRequest::Code { code, verifier, redirect_uri } => {
            let code = Code::parse(code.expose()).ok_or_else(unknown)?;
            let verifier = verifier.as_ref().map(|verifier| verifier.expose().as_str());
            let redirect_uri = redirect_uri.as_deref();
            let asked = Redemption { code: &code, verifier, redirect_uri, bound_to, now };
            grants::redeem(granting, &api.grant_key, client, &asked).await
        }
        GrantRequest::Login { code, verifier } => {
            let code = Code::parse(code.expose()).ok_or_else(unknown)?;
            let verifier = Some(verifier.expose().as_str());
            let asked = Redemption { code: &code, verifier, redirect_uri: None, bound_to, now };
            grants::redeem(granting, &api.grant_key, client, &asked).await
        }
        GrantRequest::Refresh { token } => {
            let token = RefreshToken::parse(token.expose()).ok_or_else(unknown)?;
            let how = (request.scope.as_ref(), bound_to, now);
            grants::refresh(granting, &api.grant_key, client, &token, how).await
        }
        GrantRequest::ClientCredentials => Err(unknown()),
    }
}

fn stopped(app: &App, halt: Halt<StoreError>, issuance: &Issuance<'_>) -> Stop {
    match halt {
        Halt::Refused(error) => NotGranted::from(error).into(),
        Halt::Stolen { family } => {
            // Other nodes hear of it; this one knows.
            app.revocations.learn(&revoked(&family, issuance.now));
            app.metrics.grants_reused.inc();
            tracing::warn!(grant = %family, "a code or refresh token was used again: grant ended");
            NotGranted::from(GrantError::Reused).into()
        }
        Halt::Failed(error) => error.into(),
    }
}

/// What the person who granted it is now. Who may not sign in any more grants nothing any more.
async fn person(
    app: &App,
    permit: &Permit,
    witness: &Witness,
    family: &Family,
) -> Result<Vec<Role>, Stop> {
    let odd = || Stop::Failed(Problem::internal("a grant of nobody").into());
    let user = family.subject.parse().map_err(|_| odd())?;
    let environment = permit.caller().environment().ok_or_else(odd)?;
    let found = {
        let view = app.store.view(permit).await?;
        staff::require(&view, user).await
    };
    match found {
        Ok(account)
            if account.status == Status::Active && may_enter(&account.roles, environment) =>
        {
            Ok(account.roles)
        }
        Ok(_) | Err(StoreError::Missing) => {
            end_early(app, permit, witness, family).await?;
            Err(NotGranted::PERSON_GONE.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn end_early(
    app: &App,
    permit: &Permit,
    witness: &Witness,
    family: &Family,
) -> Result<(), StoreError> {
    let mut tx = app.store.tenant(permit, witness).await?;
    let ended = end(&mut tx, &family.id).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok(())
}

/// What of the granted scopes both may use now: roles change, and so do registrations.
pub(crate) fn both(
    app: &App,
    (roles, client): (&[Role], &RegisteredClient),
    granted: &Scopes,
) -> Result<Scopes, Stop> {
    let odd = |_| Stop::Failed(Problem::internal("a client of an unknown role").into());
    let own = client.roles.iter().map(|role| role.parse::<Role>().map_err(odd));
    let own: Vec<Role> = own.collect::<Result<_, Stop>>()?;
    let environment = client.environment.parse().map_err(odd)?;
    let between = app.policy.scopes_between(roles, &own, (client.tenant, environment));
    let kept = granted.iter().filter(|scope| client.allowed.contains(scope));
    let kept: Vec<&str> = kept.filter(|scope| between.contains(scope)).collect();
    Scopes::parse(&kept.join(" ")).map_err(|_| NotGranted::PERSON_GONE.into())
}
