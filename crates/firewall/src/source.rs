//! Where rule texts come from. The crate opens no file itself.

/// One rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name in messages; relative includes and data files are looked for beside it.
    pub name: String,
    /// SecLang.
    pub text: String,
}

impl Source {
    /// A source from its name and its text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// Opens what rules refer to (`Include`, `@pmFromFile`, `@ipMatchFromFile`), at compile time only.
pub trait Files {
    /// The content of one file, or nothing where there is none.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
    /// The paths that a pattern with `*`, `?` and `[…]` names, sorted.
    fn glob(&self, pattern: &str) -> Vec<String>;
}

/// For rules that refer to no file.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> Option<Vec<u8>> {
        None
    }

    fn glob(&self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }
}
