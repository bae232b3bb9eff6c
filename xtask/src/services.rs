//! The databases that tests talk to: those that run already, or our own for as long as we run.

use std::{
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::chown,
    path::Path,
    process::Command,
};

use crate::{
    error::{ChoreError, Outcome},
    install, run,
    workspace::Workspace,
};

mod dynamodb;
pub(crate) mod postgres;
mod redis;

/// Databases that answer; those we started stop when this is dropped.
pub(crate) struct Services {
    postgres: postgres::Postgres,
    redis: redis::Redis,
    dynamodb: dynamodb::Dynamodb,
}

impl Services {
    /// Finds or starts all of them.
    pub(crate) fn ensure(workspace: &Workspace) -> Outcome<Self> {
        let folder = || workspace.target_folder("services");
        let postgres = match postgres::running()? {
            Some(found) => found,
            None => {
                install::ensure(&[install::POSTGRES])?;
                postgres::start(&folder()?)?
            }
        };
        let redis = match redis::running()? {
            Some(found) => found,
            None => {
                install::ensure(&[install::REDIS])?;
                redis::start(&folder()?)?
            }
        };
        let dynamodb = match dynamodb::running()? {
            Some(found) => found,
            None => dynamodb::start(workspace, &folder()?)?,
        };
        eprintln!("\nPostgreSQL: {}\nRedis: {}", postgres.url(), redis.url());
        eprintln!("DynamoDB: {}", dynamodb.url());
        Ok(Self { postgres, redis, dynamodb })
    }

    /// Tells a command where the databases are.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env(postgres::VARIABLE, self.postgres.url())
            .env(redis::VARIABLE, self.redis.url())
            .env(dynamodb::VARIABLE, self.dynamodb.url())
    }
}

/// A port of the loopback interface that nobody listens on now.
fn free_port() -> Outcome<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| ChoreError::told(format!("no free port: {error}")))
}

/// `host:port` of a URL such as `postgres://user@host:5432/name`.
fn authority(url: &str, default_port: u16) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() {
        return None;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port { host.to_owned() } else { format!("{host}:{default_port}") })
}

/// Whom a server may run as when we are root, which PostgreSQL refuses to be.
#[derive(Clone, Copy)]
struct Servant {
    user: u32,
    group: u32,
}

impl Servant {
    /// `None` when we are not root, and the server may simply be us.
    fn find() -> Outcome<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let passwd =
            std::fs::read_to_string("/etc/passwd").map_err(ChoreError::path("/etc/passwd"))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::in_passwd(&passwd, name))
            .map(Some)
            .ok_or_else(|| ChoreError::told("neither user `postgres` nor `nobody` exists"))
    }

    fn in_passwd(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            Some(Self { user: fields.nth(1)?.parse().ok()?, group: fields.next()?.parse().ok()? })
        })
    }

    fn own(self, folder: &Path) -> Outcome {
        chown(folder, Some(self.user), Some(self.group)).map_err(ChoreError::path(folder))
    }

    /// Whether the servant can get into the folder, past everything above it.
    fn may_enter(self, folder: &Path) -> bool {
        let mut probe = Command::new("test");
        probe.arg("-x").arg(folder);
        run::succeeds(self.as_user(&mut probe))
    }

    fn as_user(self, command: &mut Command) -> &mut Command {
        use std::os::unix::process::CommandExt as _;
        command.uid(self.user).gid(self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_host_has_no_authority() {
        assert_eq!(authority("postgres:///name", 5432), None);
        assert_eq!(authority("name", 5432), None);
    }

    #[test]
    fn authorities_are_read_with_and_without_port_and_user() {
        let read = |url| authority(url, 5432).unwrap();

        assert_eq!(read("postgres://u:p@127.0.0.1:5433/name?x=y"), "127.0.0.1:5433");
        assert_eq!(read("postgres://db.example"), "db.example:5432");
        assert_eq!(read("redis://[::1]"), "[::1]:5432");
    }

    #[test]
    fn a_servant_is_read_from_passwd() {
        let passwd = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";

        let servant = Servant::in_passwd(passwd, "nobody").unwrap();

        assert_eq!((servant.user, servant.group), (65534, 65533));
        assert!(Servant::in_passwd(passwd, "body").is_none());
    }

    #[test]
    fn a_free_port_can_be_listened_on() {
        let port = free_port().unwrap();

        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }
}
