//! An authority for certificates of partners: the server is told to believe it, and clients have it
//! issue what they show.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::{ChoreError, Outcome},
    run,
};

/// Where it keeps its certificate and its key.
pub(super) struct Authority {
    certificate: PathBuf,
    key: PathBuf,
}

impl Authority {
    /// A new one, below this folder.
    pub(super) fn make(folder: &Path) -> Outcome<Self> {
        let folder = folder.join("authority");
        fs::create_dir_all(&folder).map_err(ChoreError::path(&folder))?;
        let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
        let mut command = Command::new("openssl");
        command
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=Authority of partners"])
            .args(["-addext", "keyUsage=critical,keyCertSign", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate);
        run::shown(&mut command)?;
        Ok(Self { certificate, key })
    }

    /// Has a server believe it.
    pub(super) fn vouch(&self, serve: &mut Command) {
        serve.env("RINGWALL__TLS__CLIENT_CA_FILE", &self.certificate);
    }

    /// Has a client issue by it.
    pub(super) fn lend(&self, client: &mut Command) {
        client.env("CLIENT_CA", &self.certificate).env("CLIENT_CA_KEY", &self.key);
    }
}
