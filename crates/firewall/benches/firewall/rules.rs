//! Where the Core Rule Set is, and the files that load it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A checkout or Debian's package.
pub(crate) struct Rules {
    setup: PathBuf,
    folder: PathBuf,
    files: TempDir,
}

impl Rules {
    pub(crate) fn find() -> Option<Self> {
        let given = std::env::var_os("RINGWALL_CRS").map(PathBuf::from);
        let folder = given.unwrap_or_else(|| PathBuf::from("/usr/share/modsecurity-crs"));
        let setups = [
            folder.join("crs-setup.conf.example"),
            folder.join("crs-setup.conf"),
            PathBuf::from("/etc/modsecurity/crs/crs-setup.conf"),
        ];
        let setup = setups.into_iter().find(|setup| setup.is_file())?;
        let rules = folder.join("rules");
        rules.is_dir().then(|| Self { setup, folder: rules, files: tempfile::tempdir().unwrap() })
    }

    /// A file that loads all rules at a paranoia level, in blocking mode.
    pub(crate) fn at_level(&self, level: u8) -> PathBuf {
        self.first(level, usize::MAX)
    }

    /// The same with only the first rule files.
    pub(crate) fn first(&self, level: u8, count: usize) -> PathBuf {
        let includes = self.rule_files().into_iter().take(count);
        let includes = includes.map(|file| format!("Include {}\n", file.display()));
        let text = format!(
            "{ENGINE}Include {}\nSecAction \"id:900000,phase:1,pass,t:none,nolog,\
             setvar:tx.blocking_paranoia_level={level},setvar:tx.detection_paranoia_level={level},\
             setvar:tx.paranoia_level={level}\"\n{}",
            self.setup.display(),
            includes.collect::<String>(),
        );
        let file = self.files.path().join(format!("level-{level}-{count}.conf"));
        fs::write(&file, text).unwrap();
        file
    }

    pub(crate) fn rule_files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let is_rules = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "conf");
        let mut paths: Vec<PathBuf> = paths.filter(is_rules).collect();
        paths.sort();
        paths
    }
}

/// The text of a file.
pub(crate) fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

/// As in the engine's recommended settings.
const ENGINE: &str = r#"SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 1310720
SecArgumentsLimit 10000
SecRule REQUEST_HEADERS:Content-Type "^application/json" \
    "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
"#;
