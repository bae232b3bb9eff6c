//! `ringwall admin invite` and `ringwall admin deactivate`: what an operator does for people.

use api::enrol_url;
use policy::{Permit, Role};
use store::staff::{self, Account, Status};
use store::tenants;

use crate::cli::admin::{Address, BreakGlassArgs, DeactivateArgs, InviteArgs};
use crate::cli::exit::{Failure, print};
use crate::partner::{close, failed, on};
use crate::registration::{self, Person};
use crate::wire::Base;

/// Takes somebody onto the staff, or gives them a new link.
///
/// # Errors
/// When there is no such tenant, role or name, or they were deactivated.
pub(crate) fn invite(args: &InviteArgs) -> Result<(), Failure> {
    let role = person_role(&args.role)?;
    let url = on(&args.config, async |base, config| {
        let permit = tenant(&base, args.tenant_slug.as_str()).await?;
        let witness = registration::witness(&base, "admin invite");
        let known = find(&base, args.tenant_slug.as_str(), &args.email).await?;
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let link = match (known, &args.name) {
            (Some(account), _) if account.status == Status::Deactivated => {
                return Err(Failure::Failed("they were deactivated".to_owned()));
            }
            (Some(account), _) => {
                registration::invite(&mut tx, account.id).await.map_err(failed)?
            }
            (None, None) => {
                let text = "nobody on the staff has this address; say who it is with `--name`";
                return Err(Failure::Failed(text.to_owned()));
            }
            (None, Some(name)) => {
                let person = Person { email: args.email.0.clone(), name: name.clone(), role };
                let agency = args.tenant_slug.as_str();
                let taken = registration::take_on(&base, &mut tx, agency, person).await;
                taken.map_err(failed)?.link
            }
        };
        tx.commit(None).await.map_err(failed)?;
        let url = enrol_url(&config.public_urls(config.server.listen).public_url, &link);
        close(base).await?;
        Ok(url)
    })?;
    print(&format!("{url}\nThe link is shown this once, and good once and for a day.\n"))
}

/// Lets somebody sign in no more, and ends every session of theirs.
///
/// # Errors
/// When there is nobody of this address.
pub(crate) fn deactivate(args: &DeactivateArgs) -> Result<(), Failure> {
    on(&args.config, async |base, _| {
        let permit = tenant(&base, args.tenant_slug.as_str()).await?;
        let found = find(&base, args.tenant_slug.as_str(), &args.email).await?;
        let account = found
            .ok_or_else(|| Failure::Failed("nobody on the staff has this address".to_owned()))?;
        let witness = registration::witness(&base, "admin deactivate");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        staff::deactivate(&mut tx, &account).await.map_err(failed)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    print("they are signed out everywhere within two seconds\n")
}

/// Lets somebody sign in past the identity providers, or no more.
///
/// # Errors
/// When there is nobody of this address.
pub(crate) fn break_glass(args: &BreakGlassArgs) -> Result<(), Failure> {
    on(&args.config, async |base, _| {
        let permit = tenant(&base, args.tenant_slug.as_str()).await?;
        let found = find(&base, args.tenant_slug.as_str(), &args.email).await?;
        let account = found
            .ok_or_else(|| Failure::Failed("nobody on the staff has this address".to_owned()))?;
        let witness = registration::witness(&base, "admin break-glass");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        staff::set_break_glass(&mut tx, &account, !args.off).await.map_err(failed)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    let told = if args.off { "they may not any more\n" } else { "they may in an emergency\n" };
    print(told)
}

/// A role that people have.
///
/// # Errors
/// When it is none.
pub(crate) fn person_role(name: &str) -> Result<Role, Failure> {
    let known: Vec<&str> = PERSON_ROLES.iter().map(|role| role.as_str()).collect();
    let role = name.parse::<Role>().ok().filter(|role| PERSON_ROLES.contains(role));
    role.ok_or_else(|| {
        Failure::Failed(format!("unknown role; expected one of: {}", known.join(", ")))
    })
}

async fn tenant(base: &Base, slug: &str) -> Result<Permit, Failure> {
    let all = tenants::list(&base.store).await.map_err(failed)?;
    let found = all.into_iter().find(|tenant| tenant.slug.as_str() == slug);
    let found = found.ok_or_else(|| Failure::Failed(format!("there is no tenant `{slug}`")))?;
    Ok(base.policy.system(found.id, "operator"))
}

async fn find(base: &Base, agency: &str, email: &Address) -> Result<Option<Account>, Failure> {
    let index = api::sign_in_key(&base.keyring).index(agency, &email.0.folded());
    let found = staff::find(&base.store, &index).await.map_err(failed)?;
    Ok(found.map(|found| found.account))
}

const PERSON_ROLES: &[Role] =
    &[Role::SystemAdmin, Role::Recruiter, Role::ClientViewer, Role::ReadonlyAnalyst, Role::DevUser];
