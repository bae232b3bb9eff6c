//! `ringwall admin bootstrap`: a tenant, its first partner and its first administrator.

use api::enrol_url;
use kernel::TenantId;
use policy::Role;
use serde_json::json;

use crate::cli::admin::BootstrapArgs;
use crate::cli::exit::{Failure, print};
use crate::config::{Config, Loaded};
use crate::home::Home;
use crate::registration::{self, Invited, Partner, Person, Registered};
use crate::{keys, wire};

/// Founds the tenant and shows the partner's secret once.
///
/// # Errors
/// When a role or scope is unknown, the slug is taken, or the database cannot be reached.
pub(crate) fn run(args: &BootstrapArgs) -> Result<(), Failure> {
    let config = Loaded::read(&args.config.layers())?.config;
    let role = args.role.parse::<Role>().map_err(|_| {
        let known: Vec<&str> = PARTNER_ROLES.iter().map(|role| role.as_str()).collect();
        Failure::Failed(format!("unknown role; expected one of: {}", known.join(", ")))
    })?;
    if !PARTNER_ROLES.contains(&role) {
        return Err(Failure::Failed(format!("`{role}` is a role for people, not for a partner")));
    }
    if let Some(unknown) =
        args.scopes.iter().find(|scope| !policy::SCOPES.contains(&scope.as_str()))
    {
        let known = policy::SCOPES.join(" ");
        return Err(Failure::Failed(format!("unknown scope `{unknown}`; known are: {known}")));
    }
    let home = Home::prepare(&config.server.data_dir).map_err(|error| Failure::because(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because(&error))?;
    let founded = runtime.block_on(register(args, &config, &home, role))?;
    let url = config.public_urls(config.server.listen).public_url;
    let enrol = founded.invited.as_ref().map(|invited| enrol_url(&url, &invited.link));
    print(&shown(args, &founded, enrol.as_deref()))
}

/// A tenant with its first partner, and its administrator where one was named.
struct Founded {
    tenant: Option<TenantId>,
    registered: Registered,
    invited: Option<Invited>,
}

async fn register(
    args: &BootstrapArgs,
    config: &Config,
    home: &Home,
    role: Role,
) -> Result<Founded, Failure> {
    let keyring = keys::keyring(home, config.vault.key_file.as_ref())?;
    let base = wire::base(config, home, keyring).await?;
    let witness = registration::witness(&base, "admin bootstrap");
    let environment = wire::environment(config);
    let tenant = (args.tenant_name.as_str(), args.tenant_slug.clone(), environment);
    let permit = registration::found(&base, &witness, tenant)
        .await
        .map_err(|error| Failure::because(&error))?;
    let partner = Partner { name: args.partner_name.as_str(), role, scopes: args.scopes.clone() };
    let mut tx =
        base.store.tenant(&permit, &witness).await.map_err(|error| Failure::because(&error))?;
    let registered = registration::register(&base, &mut tx, partner)
        .await
        .map_err(|error| Failure::because(&error))?;
    let invited = match &args.admin_email {
        Some(address) => {
            let (email, name) = (address.0.clone(), args.admin_name.clone());
            let person = Person { email, name, role: Role::SystemAdmin };
            let slug = args.tenant_slug.as_str();
            let invited = registration::take_on(&base, &mut tx, slug, person).await;
            Some(invited.map_err(|error| Failure::because(&error))?)
        }
        None => None,
    };
    tx.commit(None).await.map_err(|error| Failure::because(&error))?;
    base.store.close().await.map_err(|error| Failure::because(&error))?;
    Ok(Founded { tenant: permit.tenant(), registered, invited })
}

fn shown(args: &BootstrapArgs, founded: &Founded, enrol: Option<&str>) -> String {
    let Founded { tenant: tenant_id, registered, .. } = founded;
    let (id, secret) = (&registered.client_id, registered.client_secret.expose());
    if args.json {
        let scopes = &registered.scopes;
        let tenant = args.tenant_slug.as_str();
        let shown = json!({
            "tenant": tenant, "tenant_id": tenant_id, "client_id": id, "client_secret": secret,
            "scopes": scopes, "enrol_url": enrol,
        });
        return format!("{shown:#}\n");
    }
    let tenant_id = tenant_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let enrol = enrol
        .map(|url| format!("  administrator  {url}\n                 (good once and for a day)\n"))
        .unwrap_or_default();
    format!(
        "tenant `{}` is founded\n  tenant id      {tenant_id}\n  client id      {id}\n  \
         client secret  {secret}\n{enrol}The secret is shown this once. A \
         running server takes the partner at once.\n",
        args.tenant_slug.as_str()
    )
}

const PARTNER_ROLES: &[Role] = &[Role::Partner, Role::IntegrationService, Role::DevUser];
