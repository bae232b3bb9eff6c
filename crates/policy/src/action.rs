//! What a caller wants to do: the leaves of the schema's action hierarchy.

use std::fmt;
use std::sync::Arc;

use cedar_policy::{EntityUid, Schema};

use crate::rulebook::PolicyError;
use crate::scope::SCOPES;

/// One action of the schema, such as `job.create`. Only an [`crate::Engine`] hands them out.
#[derive(Clone)]
pub struct Action(Arc<Facts>);

struct Facts {
    /// Place in the engine's sorted list.
    index: u16,
    name: Box<str>,
    class: Box<str>,
    scope: Option<&'static str>,
    uid: EntityUid,
}

impl Action {
    /// The name, as policies and operations write it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The scope that an application's token needs.
    #[must_use]
    pub fn scope(&self) -> Option<&'static str> {
        self.0.scope
    }

    /// What the action is about: its name before the dot.
    pub(crate) fn class(&self) -> &str {
        &self.0.class
    }

    pub(crate) fn index(&self) -> u16 {
        self.0.index
    }

    pub(crate) fn uid(&self) -> &EntityUid {
        &self.0.uid
    }

    /// What the platform does for itself. Not in the schema, so nobody can be permitted it.
    pub(crate) fn system() -> Result<Self, PolicyError> {
        let uid = r#"Action::"system""#.parse().map_err(PolicyError::names)?;
        Ok(Self::new(u16::MAX, uid, None))
    }

    /// The actions that a schema declares, without its groups, sorted by name.
    pub(crate) fn all(schema: &Schema) -> Result<Vec<Self>, PolicyError> {
        let entities = schema.action_entities().map_err(PolicyError::names)?;
        let is_leaf = |uid: &&EntityUid| {
            schema.principals_for_action(uid).is_some_and(|mut p| p.next().is_some())
        };
        let mut uids: Vec<&EntityUid> = schema.actions().filter(is_leaf).collect();
        uids.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        uids.into_iter()
            .zip(0_u16..u16::MAX)
            .map(|(uid, index)| {
                let groups = entities.ancestors(uid).into_iter().flatten();
                Ok(Self::new(index, uid.clone(), scope_among(groups)?))
            })
            .collect()
    }

    fn new(index: u16, uid: EntityUid, scope: Option<&'static str>) -> Self {
        let name: Box<str> = name(&uid).into();
        let class = name.split('.').next().unwrap_or_default().into();
        Self(Arc::new(Facts { index, name, class, scope, uid }))
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({})", self.name())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}
impl Eq for Action {}

fn name(uid: &EntityUid) -> &str {
    uid.id().unescaped()
}

/// The scope whose group is among `groups`; the schema gives an action one at most.
fn scope_among<'a>(
    groups: impl Iterator<Item = &'a EntityUid>,
) -> Result<Option<&'static str>, PolicyError> {
    let mut found = None;
    for scope in groups.filter_map(|group| name(group).strip_prefix("scope:")) {
        let known = SCOPES.iter().find(|known| **known == scope);
        let known = known.ok_or_else(|| PolicyError::Scope(scope.to_owned()))?;
        if found.replace(*known).is_some() {
            return Err(PolicyError::Scope(scope.to_owned()));
        }
    }
    Ok(found)
}
