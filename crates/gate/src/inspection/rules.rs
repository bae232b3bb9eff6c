//! Rule files on disk: which ones a path means, and how rules open the files that they name.

use std::io;
use std::path::{Path, PathBuf};

use firewall::{CompileError, Files, Ruleset, Source};

/// Rules could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file or directory cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// A directory without rule files.
    #[error("expected rule files (`*.conf`, or `rules/*.conf`) in `{0}`")]
    Empty(PathBuf),
    /// The rules do not compile.
    #[error("the rules do not compile:\n{}", lines(.0))]
    Broken(Vec<CompileError>),
}

fn lines(errors: &[CompileError]) -> String {
    let mut lines: Vec<String> = errors.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    if errors.len() > SHOWN_MAX {
        lines.push(format!("and {} more", errors.len() - SHOWN_MAX));
    }
    lines.join("\n")
}

/// Loads and compiles rules: `before`, then those of each path.
///
/// # Errors
/// When a path cannot be read or a rule does not compile.
pub fn load(before: Vec<Source>, paths: &[PathBuf]) -> Result<Ruleset, RulesError> {
    let mut all = before;
    all.extend(sources(paths)?);
    Ruleset::compile(&all, &Disk).map_err(RulesError::Broken)
}

/// The rule files that paths mean: a file itself; of a directory, `crs-setup.conf` (or its
/// example), then `*.conf`, then `rules/*.conf`, each in the order of their names.
///
/// # Errors
/// When a path cannot be read, or a directory holds no rules.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, RulesError> {
    let mut all = Vec::new();
    for path in paths {
        for file in files(path)? {
            let bytes = std::fs::read(&file)
                .map_err(|cause| RulesError::Unreadable { path: file.clone(), cause })?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            all.push(Source::new(file.display().to_string(), text));
        }
    }
    Ok(all)
}

/// The files that one path means.
///
/// # Errors
/// When a directory cannot be read, or holds no rules.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, RulesError> {
    if path.is_dir() { directory(path) } else { Ok(vec![path.to_path_buf()]) }
}

fn directory(path: &Path) -> Result<Vec<PathBuf>, RulesError> {
    let setup = ["crs-setup.conf", "crs-setup.conf.example"].map(|name| path.join(name));
    let mut files: Vec<PathBuf> =
        setup.iter().find(|file| file.is_file()).cloned().into_iter().collect();
    files.extend(conf_files(path)?.into_iter().filter(|file| !setup.contains(file)));
    let rules = path.join("rules");
    if rules.is_dir() {
        files.extend(conf_files(&rules)?);
    }
    if files.is_empty() { Err(RulesError::Empty(path.to_path_buf())) } else { Ok(files) }
}

fn conf_files(path: &Path) -> Result<Vec<PathBuf>, RulesError> {
    let unreadable = |cause| RulesError::Unreadable { path: path.to_path_buf(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|end| end == "conf") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Opens what rules name, on this machine's disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let size = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.len();
        (size <= FILE_BYTES_MAX).then(|| std::fs::read(path).ok()).flatten()
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        let pattern = Path::new(pattern);
        let (Some(parent), Some(name)) = (pattern.parent(), pattern.file_name()) else {
            return Vec::new();
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let name = name.to_string_lossy();
        let entries = std::fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
        let fits = |file: &PathBuf| {
            let own = file.file_name().map(|own| own.to_string_lossy().into_owned());
            own.is_some_and(|own| is_like(own.as_bytes(), name.as_bytes()))
        };
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
        found.sort();
        found.iter().map(|path| path.display().to_string()).collect()
    }
}

/// Whether a file's name fits a pattern with `*` and `?`.
fn is_like(name: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut next, mut retry) = (0, 0, None);
    while at < name.len() {
        match pattern.get(next) {
            Some(b'*') => {
                retry = Some((next, at));
                next += 1;
            }
            Some(wanted) if *wanted == b'?' || Some(wanted) == name.get(at) => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (next, at) = (star + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(next).all(|byte| *byte == b'*')
}

const FILE_BYTES_MAX: u64 = 16 << 20;
const SHOWN_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_rules_and_a_missing_file_are_refused() {
        let directory = tempfile::tempdir().unwrap();

        assert!(matches!(sources(&[directory.path().into()]), Err(RulesError::Empty(_))));
        assert!(matches!(sources(&["/nowhere.conf".into()]), Err(RulesError::Unreadable { .. })));
    }

    #[test]
    fn a_directory_is_read_setup_first() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("rules")).unwrap();
        for name in ["rules/b.conf", "rules/a.conf", "rules/a.data", "crs-setup.conf.example"] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }

        let sources = sources(&[directory.path().into()]).unwrap();

        let names: Vec<_> = sources.iter().map(|s| s.name.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["crs-setup.conf.example", "a.conf", "b.conf"]);
    }

    #[test]
    fn names_fit_patterns() {
        for (name, pattern, fits) in [
            ("a.conf", "*.conf", true),
            ("a.conf.example", "*.conf", false),
            ("REQUEST-901.conf", "REQUEST-9?1*.conf", true),
            ("", "*", true),
            ("ab", "a", false),
            ("abab", "*ab", true),
        ] {
            assert_eq!(is_like(name.as_bytes(), pattern.as_bytes()), fits, "{name} {pattern}");
        }
    }
}
