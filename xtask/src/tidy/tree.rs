//! The project's files and crates, read once; rules never touch the disk.

use std::{cell::OnceCell, fs, str::FromStr as _};

use proc_macro2::TokenStream;

use super::source::Source;
use crate::{
    error::{ChoreError, Outcome},
    workspace::{Member, Workspace},
};

/// All that the rules look at.
pub(crate) struct Tree {
    files: Vec<File>,
    members: Vec<Member>,
}

/// One file; what is not UTF-8 counts as empty.
pub(crate) struct File {
    path: String,
    text: String,
    source: OnceCell<Result<Source, String>>,
}

impl Tree {
    pub(crate) fn read(workspace: &Workspace) -> Outcome<Self> {
        let mut files = Vec::new();
        for path in workspace.files()? {
            let full = workspace.root().join(&path);
            let bytes = fs::read(&full).map_err(ChoreError::path(&full))?;
            files.push(File::new(path, String::from_utf8(bytes).unwrap_or_default()));
        }
        Ok(Self { files, members: workspace.members() })
    }

    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether the path names a file, or a folder with files in it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        Self { path, text, source: OnceCell::new() }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The file's name without folders and without its last extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// The file parsed as Rust; an error tells why it cannot be.
    pub(crate) fn source(&self) -> Result<&Source, &str> {
        self.source.get_or_init(|| Source::parse(&self.text)).as_ref().map_err(String::as_str)
    }

    /// The file's tokens, where it is Rust.
    pub(crate) fn tokens(&self) -> Option<TokenStream> {
        TokenStream::from_str(&self.text).ok()
    }

    /// One-based number of the first line with this text in it; 1 where there is none.
    pub(crate) fn line_of(&self, needle: &str) -> usize {
        self.text.lines().position(|line| line.contains(needle)).map_or(1, |index| index + 1)
    }
}

#[cfg(test)]
impl Tree {
    /// A tree made of `(path, text)` pairs, without crates.
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        let files =
            files.iter().map(|(path, text)| File::new((*path).into(), (*text).into())).collect();
        Self { files, members: Vec::new() }
    }

    /// The same tree with one crate more, in `crates/<name>`, rooted at its `src/lib.rs`.
    pub(crate) fn with(mut self, name: &str, imports: &[&str]) -> Self {
        self.members.push(Member {
            name: name.into(),
            folder: format!("crates/{name}"),
            roots: vec![format!("crates/{name}/src/lib.rs")],
            imports: imports.iter().map(|import| (*import).into()).collect(),
            benches: Vec::new(),
        });
        self
    }
}
