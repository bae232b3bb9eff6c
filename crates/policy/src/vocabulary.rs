//! A question to the policies, put into Cedar's words.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
    Schema,
};
use kernel::TenantId;

use crate::Action;
use crate::caller::{CallerKind, Home, Standing};
use crate::rulebook::PolicyError;

/// The names of the schema's entity types, parsed once.
pub(crate) struct Vocabulary {
    client: EntityTypeName,
    staff: EntityTypeName,
    anonymous: EntityTypeName,
    tenant: EntityTypeName,
    environment: EntityTypeName,
    role: EntityTypeName,
    scope: EntityTypeName,
    class: EntityTypeName,
    resource: EntityTypeName,
}

/// The question does not fit the schema. Always a refusal.
#[derive(Debug)]
pub(crate) struct Misfit;

impl Vocabulary {
    pub(crate) fn new() -> Result<Self, PolicyError> {
        let name = |name: &str| name.parse::<EntityTypeName>().map_err(PolicyError::names);
        Ok(Self {
            client: name("Client")?,
            staff: name("Staff")?,
            anonymous: name("Anonymous")?,
            tenant: name("Tenant")?,
            environment: name("Environment")?,
            role: name("Role")?,
            scope: name("Scope")?,
            class: name("Class")?,
            resource: name("Resource")?,
        })
    }

    /// The request and the entities that answer one question; both checked against the schema.
    pub(crate) fn ask(
        &self,
        schema: &Schema,
        standing: &Standing,
        action: &Action,
        place: Place,
    ) -> Result<(Request, Entities), Misfit> {
        let principal = self.principal(standing)?;
        let resource = self.resource(action, place.tenant)?;
        let request = Request::new(
            principal.uid(),
            action.uid().clone(),
            resource.uid(),
            self.context(standing, place)?,
            Some(schema),
        )
        .map_err(|_| Misfit)?;
        let entities =
            Entities::from_entities([principal, resource], Some(schema)).map_err(|_| Misfit)?;
        Ok((request, entities))
    }

    fn principal(&self, standing: &Standing) -> Result<Entity, Misfit> {
        let kind = match standing.kind {
            CallerKind::Client => &self.client,
            CallerKind::Staff => &self.staff,
            CallerKind::Anonymous => &self.anonymous,
            CallerKind::System => return Err(Misfit),
        };
        let roles = standing.roles.iter().map(|role| uid(&self.role, role.as_str())).collect();
        let home = standing.home.map(|home| self.home(home));
        Entity::new(uid(kind, "caller"), home.unwrap_or_default(), roles).map_err(|_| Misfit)
    }

    fn home(&self, home: Home) -> HashMap<String, RestrictedExpression> {
        let environment = uid(&self.environment, home.environment.as_str());
        HashMap::from([
            ("tenant".to_owned(), self.tenant(home.tenant)),
            ("environment".to_owned(), RestrictedExpression::new_entity_uid(environment)),
        ])
    }

    fn resource(&self, action: &Action, tenant: Option<TenantId>) -> Result<Entity, Misfit> {
        let attrs = tenant.map(|tenant| ("tenant".to_owned(), self.tenant(tenant)));
        let classes = HashSet::from([uid(&self.class, action.class())]);
        Entity::new(uid(&self.resource, "any"), attrs.into_iter().collect(), classes)
            .map_err(|_| Misfit)
    }

    fn context(&self, standing: &Standing, place: Place) -> Result<Context, Misfit> {
        let scopes = standing.scopes.iter().map(|scope| uid(&self.scope, scope));
        let sign_in = standing.sign_in;
        let age_s = i64::try_from(sign_in.age_s).unwrap_or(i64::MAX);
        let flag = RestrictedExpression::new_bool;
        let facts = [
            (
                "scopes",
                RestrictedExpression::new_set(scopes.map(RestrictedExpression::new_entity_uid)),
            ),
            ("mfa", flag(sign_in.mfa)),
            ("phishing_resistant", flag(sign_in.phishing_resistant)),
            ("auth_age_s", RestrictedExpression::new_long(age_s)),
            ("mirror", flag(place.mirror)),
        ];
        Context::from_pairs(facts.map(|(name, value)| (name.to_owned(), value))).map_err(|_| Misfit)
    }

    fn tenant(&self, tenant: TenantId) -> RestrictedExpression {
        RestrictedExpression::new_entity_uid(uid(&self.tenant, &tenant.to_string()))
    }
}

/// Where the action would happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) mirror: bool,
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
