//! The rules around the Core Rule Set that its own test containers use.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::{ChoreError, Outcome};

/// What the engine is told before all rules: the recommended settings, with answers inspected.
const ENGINE: &str = include_str!("engine.conf");

/// Writes the settings and returns the rule files in their order.
pub(super) fn write(folder: &Path, checkout: &Path, level: u8) -> Outcome<Vec<PathBuf>> {
    let setup = checkout.join("crs-setup.conf.example");
    let rules = checkout.join("rules");
    if !setup.is_file() || !rules.is_dir() {
        let place = checkout.display();
        return Err(ChoreError::told(format!("`{place}` is no checkout of the Core Rule Set")));
    }
    let engine = folder.join("engine.conf");
    let tuning = folder.join("tuning.conf");
    fs::write(&engine, ENGINE).map_err(ChoreError::path(&engine))?;
    fs::write(&tuning, tune(level)).map_err(ChoreError::path(&tuning))?;
    Ok(vec![engine, setup, tuning, rules])
}

/// The version of the rules: `4290` in their setup is 4.29.0.
pub(super) fn version(checkout: &Path) -> Outcome<String> {
    let path = checkout.join("crs-setup.conf.example");
    let text = fs::read_to_string(&path).map_err(ChoreError::path(&path))?;
    let told = text.rsplit_once("setvar:tx.crs_setup_version=").map_or("", |(_, after)| after);
    let digits: String = told.chars().take_while(char::is_ascii_digit).collect();
    let mut characters = digits.chars();
    match (characters.next(), characters.next_back(), characters.as_str()) {
        (Some(major), Some(patch), minor) if !minor.is_empty() => {
            Ok(format!("{major}.{minor}.{patch}"))
        }
        _ => Err(ChoreError::told(format!("`{}` tells no version", path.display()))),
    }
}

/// The limits that the tests expect, and the marker that divides them.
fn tune(level: u8) -> String {
    format!(
        "SecAction \"id:900005,phase:1,nolog,pass,t:none,\
         setvar:tx.blocking_paranoia_level={level},\
         setvar:tx.detection_paranoia_level={level},\
         setvar:tx.crs_validate_utf8_encoding=1,\
         setvar:tx.arg_name_length=100,\
         setvar:tx.arg_length=400,\
         setvar:tx.total_arg_length=64000,\
         setvar:tx.max_num_args=255,\
         setvar:tx.max_file_size=64100,\
         setvar:tx.combined_file_sizes=65535\"\n\
         SecRule REQUEST_HEADERS:X-CRS-Test \"@rx ^.*$\" \"id:999999,phase:1,pass,t:none,log,\
         msg:'%{{MATCHED_VAR}}',ctl:ruleRemoveById=1-999998\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_rules_is_refused() {
        let folder = tempfile::tempdir().unwrap();

        assert!(write(folder.path(), folder.path(), 1).is_err());
        assert!(version(folder.path()).is_err());
    }

    #[test]
    fn the_version_stands_in_the_setup() {
        let folder = tempfile::tempdir().unwrap();
        let setup = folder.path().join("crs-setup.conf.example");

        fs::write(&setup, "setvar:tx.crs_setup_version=4290\"\n").unwrap();
        assert_eq!(version(folder.path()).unwrap(), "4.29.0");

        fs::write(&setup, "nothing").unwrap();
        assert!(version(folder.path()).is_err());
    }
}
