//! Debian packages behind the chores: the databases, and what third-party clients run on.

use std::{path::Path, process::Command};

use crate::{
    error::{ChoreError, Outcome},
    run, services,
};

/// Something a chore needs, and the packages that bring it.
pub(crate) struct Need {
    pub(crate) name: &'static str,
    pub(crate) packages: &'static [&'static str],
    pub(crate) is_met: fn() -> bool,
}

pub(crate) const POSTGRES: Need = Need {
    name: "PostgreSQL's server",
    packages: &["postgresql"],
    is_met: || services::postgres::programs().is_some(),
};
pub(crate) const REDIS: Need = Need {
    name: "Redis",
    packages: &["redis-server"],
    is_met: || run::find("redis-server").is_some(),
};
pub(crate) const PYTHON: Need = Need {
    name: "Python with venv and pip",
    packages: &["python3", "python3-venv", "python3-pip"],
    is_met: || run::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])),
};
pub(crate) const NODE: Need = Need {
    name: "Node.js with npm",
    packages: &["nodejs", "npm"],
    is_met: || run::find("node").is_some() && run::find("npm").is_some(),
};
/// Certificates of those who meet the server are made with it.
pub(crate) const OPENSSL: Need =
    Need { name: "OpenSSL", packages: &["openssl"], is_met: || run::find("openssl").is_some() };
/// What people see is seen in it.
pub(crate) const CHROMIUM: Need =
    Need { name: "Chromium", packages: &["chromium"], is_met: || run::find("chromium").is_some() };
/// Firewall rules as Debian ships them: a test holds the engine to them.
pub(crate) const RULES: Need = Need {
    name: "the Core Rule Set",
    packages: &["modsecurity-crs"],
    is_met: || Path::new("/usr/share/modsecurity-crs/rules").is_dir(),
};
/// Where Debian puts the Core Rule Set, in the order in which it is loaded.
pub(crate) const RULE_FILES: [&str; 2] =
    ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules"];
pub(crate) const SQLMAP: Need =
    Need { name: "sqlmap", packages: &["sqlmap"], is_met: || run::find("sqlmap").is_some() };
/// What the README's own lines use.
pub(crate) const README: Need = Need {
    name: "curl and jq",
    packages: &["curl", "jq"],
    is_met: || run::find("curl").is_some() && run::find("jq").is_some(),
};

/// Brings everything that any chore needs.
pub(crate) fn run() -> Outcome {
    ensure(&[POSTGRES, REDIS, PYTHON, NODE, OPENSSL, CHROMIUM, RULES, SQLMAP, README])
}

/// Installs what is not met, or says which packages a person should install.
pub(crate) fn ensure(needs: &[Need]) -> Outcome {
    let unmet: Vec<&Need> = needs.iter().filter(|need| !(need.is_met)()).collect();
    if unmet.is_empty() {
        return Ok(());
    }
    let names = unmet.iter().map(|need| need.name).collect::<Vec<_>>().join(", ");
    let packages: Vec<&str> = unmet.iter().flat_map(|need| need.packages).copied().collect();
    let may_install = rustix::process::geteuid().is_root() && run::find("apt-get").is_some();
    if !may_install {
        let command = format!("apt-get install -y {}", packages.join(" "));
        return Err(ChoreError::told(format!("{names} missing: run `{command}` as root")));
    }
    eprintln!("\nmissing: {names}; installing {}", packages.join(" "));
    run::shown(apt(&["update", "-q"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    run::shown(apt(&["install", "-q", "-y", "--no-install-recommends"]).args(&packages))?;
    match unmet.iter().find(|need| !(need.is_met)()) {
        None => Ok(()),
        Some(need) => {
            Err(ChoreError::told(format!("{} is still missing after the install", need.name)))
        }
    }
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_that_is_met_installs_nothing() {
        let met = Need { name: "nothing", packages: &["no-such-package"], is_met: || true };

        assert!(ensure(&[met]).is_ok());
    }
}
