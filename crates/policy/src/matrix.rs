//! The matrix of roles and actions, printed to be read.

use std::fmt::Write;
use std::sync::Arc;

use crate::cases::{client, staff};
use crate::vocabulary::Place;
use crate::{Caller, Engine, Environment, Role, SCOPES};

struct Column {
    title: &'static str,
    caller: Arc<Caller>,
    mirror: bool,
}

fn columns() -> Vec<Column> {
    use Environment::{Production, Sandbox};
    let person = |title, role, environment| Column {
        title,
        caller: Arc::new(Caller::staff(staff(&[role], environment))),
        mirror: false,
    };
    let app = |title, role, environment| Column {
        title,
        caller: client(&[role], SCOPES, environment),
        mirror: false,
    };
    vec![
        Column { title: "nobody", caller: Arc::new(Caller::anonymous()), mirror: false },
        person("person: system_admin", Role::SystemAdmin, Production),
        person("person: recruiter", Role::Recruiter, Production),
        person("person: client_viewer", Role::ClientViewer, Production),
        person("person: readonly_analyst", Role::ReadonlyAnalyst, Production),
        Column {
            mirror: true,
            ..person("person: readonly_analyst, at the mirror", Role::ReadonlyAnalyst, Production)
        },
        person("person: dev_user, in the sandbox", Role::DevUser, Sandbox),
        person("person: dev_user, in production", Role::DevUser, Production),
        person("person: partner", Role::Partner, Production),
        person("person: integration_service", Role::IntegrationService, Production),
        app("application: partner", Role::Partner, Production),
        app("application: integration_service", Role::IntegrationService, Production),
        app("application: dev_user, in the sandbox", Role::DevUser, Sandbox),
        app("application: dev_user, in production", Role::DevUser, Production),
        app("application: system_admin", Role::SystemAdmin, Production),
        app("application: recruiter", Role::Recruiter, Production),
        app("application: client_viewer", Role::ClientViewer, Production),
        app("application: readonly_analyst", Role::ReadonlyAnalyst, Production),
        Column {
            mirror: true,
            ..app("application: readonly_analyst, at the mirror", Role::ReadonlyAnalyst, Production)
        },
    ]
}

/// People signed in well and recently; applications hold every scope; all in their own tenant.
fn matrix(engine: &Engine) -> String {
    let columns = columns();
    let mut text = String::new();
    for (number, column) in columns.iter().enumerate() {
        writeln!(text, "{:>2} {}", number + 1, column.title).unwrap();
    }
    write!(text, "\n{:26}{:27}", "action", "scope").unwrap();
    for number in 1..=columns.len() {
        write!(text, "{number:>3}").unwrap();
    }
    text.push('\n');
    for action in engine.actions() {
        write!(text, "{:26}{:27}", action.name(), action.scope().unwrap_or("-")).unwrap();
        for Column { caller, mirror, .. } in &columns {
            let place = Place { tenant: caller.tenant(), mirror: *mirror };
            let is_allowed = engine.rule(caller, action, place).is_ok();
            write!(text, "  {}", if is_allowed { '✔' } else { '✘' }).unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_matrix_is_as_it_was_reviewed() {
    insta::assert_snapshot!(matrix(&Engine::load().unwrap()));
}
