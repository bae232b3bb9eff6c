//! What a start says: a dozen lines on what runs where, and what to try next.

use std::fmt::Write;
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
        let mut out = String::new();
        let mut line = |label: &str, value: &str| {
            // Writing to a string cannot fail.
            let _infallible = writeln!(out, "  {label:<10}{value}");
        };
        line("API", self.url);
        line("docs", &format!("{}/docs", self.url));
        line("admin", &format!("{}/metrics", self.admin_url));
        line("data", &format!("{} ({})", self.data_dir.display(), self.database));
        if let Some(ca) = self.ca_file {
            line("trust", &ca.display().to_string());
        }
        for tenant in self.made {
            for person in &tenant.staff {
                line("staff", &format!("{} ({}) of `{}`", person.email, person.role, tenant.slug));
                let url = enrol_url(self.url, &person.link);
                line("  enrol", &format!("{url}  (shown this once)"));
            }
            for partner in &tenant.partners {
                let Some(secret) = &partner.client_secret else { continue };
                line("partner", &format!("{} of `{}`", partner.client_id, tenant.slug));
                line("  secret", &format!("{}  (shown this once)", secret.expose()));
            }
        }
        format!("ringwall {} is serving\n{out}{}", env!("CARGO_PKG_VERSION"), self.next())
    }

    /// The next command to try.
    fn next(&self) -> String {
        let trust =
            self.ca_file.map(|ca| format!("--cacert {} ", ca.display())).unwrap_or_default();
        let partner = self.made.first().and_then(|tenant| tenant.partners.first());
        let secret = partner.and_then(|partner| partner.client_secret.as_ref());
        match (partner, secret) {
            (Some(partner), Some(secret)) => format!(
                "Next, get a token:\n  curl {trust}-u {}:{} \\\n    \
                 -d grant_type=client_credentials {}/oauth/token\n",
                partner.client_id,
                secret.expose(),
                self.url,
            ),
            _ => format!("Next:\n  curl {trust}'{}/v1/jobs?limit=3'\n", self.url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_start_is_silent_about_secrets() {
        let banner = Banner {
            url: "https://localhost:1",
            admin_url: "http://127.0.0.1:2",
            data_dir: Path::new("d"),
            database: "SQLite",
            ca_file: Some(Path::new("d/tls/ca.pem")),
            made: &[],
        };

        let text = banner.text();

        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("curl --cacert d/tls/ca.pem"), "{text}");
        assert!(text.lines().count() <= 12, "{text}");
    }
}
