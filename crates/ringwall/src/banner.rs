//! What a start says: a dozen lines on what runs where, and what to try next.

use std::path::Path;

use api::enrol_url;

use crate::ready::ReadyTenant;

/// What there is to say.
pub(crate) struct Banner<'a> {
    /// The API.
    pub(crate) url: &'a str,
    /// Metrics and health.
    pub(crate) admin_url: &'a str,
    /// The data directory.
    pub(crate) data_dir: &'a Path,
    /// What kind of database.
    pub(crate) database: &'a str,
    /// What to trust.
    pub(crate) ca_file: Option<&'a Path>,
    /// Tenants that were made just now, with secrets that are shown this once.
    pub(crate) made: &'a [ReadyTenant],
}

impl Banner<'_> {
    /// The lines.
    pub(crate) fn text(&self) -> String {
        let mut lines = Lines::default();
        lines.plain(&format!(
            "ringwall {} is serving {}  (read {}/docs)",
            env!("CARGO_PKG_VERSION"),
            self.url,
            self.url
        ));
        lines.labelled("admin", &format!("{}/metrics", self.admin_url));
        lines.labelled("data", &format!("{} ({})", self.data_dir.display(), self.database));
        if let Some(ca) = self.ca_file {
            lines.labelled("trust", &ca.display().to_string());
        }
        if self.made.iter().any(|tenant| tenant.secrets().next().is_some()) {
            lines.plain("Made just now, and shown this once:");
        }
        for tenant in self.made {
            for (client, secret) in tenant.secrets() {
                let secret = secret.expose();
                lines.labelled("partner", &format!("{client}:{secret}  ({})", tenant.slug));
            }
            for person in &tenant.staff {
                let url = enrol_url(self.url, &person.link);
                lines.labelled("staff", &format!("{url}  ({}, {})", person.email, person.role));
            }
        }
        lines.labelled("next", &self.next());
        lines.0
    }

    /// The next command to try.
    fn next(&self) -> String {
        let trust =
            self.ca_file.map(|ca| format!("--cacert {} ", ca.display())).unwrap_or_default();
        let url = self.url;
        match self.made.iter().flat_map(ReadyTenant::secrets).next() {
            Some((client, secret)) => format!(
                "curl {trust}-u {client}:{} -d grant_type=client_credentials {url}/oauth/token",
                secret.expose(),
            ),
            None => format!("curl {trust}'{url}/v1/jobs?limit=3'"),
        }
    }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn plain(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn labelled(&mut self, label: &str, value: &str) {
        self.plain(&format!("  {label:<10}{value}"));
    }
}

#[cfg(test)]
mod tests {
    use kernel::Secret;
    use policy::Role;
    use signin::Ticket;

    use super::*;
    use crate::ready::ReadyPartner;
    use crate::registration::Invited;

    fn said(made: &[ReadyTenant]) -> String {
        let banner = Banner {
            url: "https://localhost:1",
            admin_url: "http://127.0.0.1:2",
            data_dir: Path::new("d"),
            database: "SQLite",
            ca_file: Some(Path::new("d/tls/ca.pem")),
            made,
        };
        banner.text()
    }

    #[test]
    fn a_later_start_is_silent_about_secrets() {
        let text = said(&[]);

        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("curl --cacert d/tls/ca.pem"), "{text}");
        assert!(text.lines().count() <= 12, "{text}");
    }

    fn tenant(slug: &str) -> ReadyTenant {
        let person = |name: &str, role| Invited {
            email: format!("{name}@{slug}.example"),
            role,
            link: Ticket::generate(),
        };
        ReadyTenant {
            id: "ten_1".to_owned(),
            slug: slug.to_owned(),
            partners: vec![ReadyPartner {
                client_id: format!("pc_{slug}"),
                client_secret: Some(Secret::new(format!("rws_{slug}"))),
                scopes: Vec::new(),
                redirect_uris: Vec::new(),
            }],
            staff: vec![person("admin", Role::SystemAdmin), person("ray", Role::Recruiter)],
        }
    }

    #[test]
    fn a_first_start_says_all_in_a_dozen_lines() {
        let made = [tenant("acme"), tenant("globex")];

        let text = said(&made);

        assert_eq!(text.lines().count(), 12, "{text}");
        for tenant in &made {
            let slug = &tenant.slug;
            assert!(text.contains(&format!("pc_{slug}:rws_{slug}  ({slug})")), "{text}");
            for person in &tenant.staff {
                let line = text.lines().find(|line| line.contains(&person.email));
                let url = enrol_url("https://localhost:1", &person.link);
                assert!(line.is_some_and(|line| line.contains(&url)), "{text}");
            }
        }
        assert!(text.contains("-u pc_acme:rws_acme -d grant_type=client_credentials"), "{text}");
    }
}
