//! Where the project is and what it is made of.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::{
    error::{ChoreError, Outcome},
    run,
};

/// The project on disk.
pub(crate) struct Workspace {
    root: PathBuf,
    metadata: Metadata,
}

/// One crate of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Relative to the root, with slashes.
    pub(crate) folder: String,
    /// Files that cargo compiles from, relative to the root.
    pub(crate) roots: Vec<String>,
    /// Other crates of the workspace that it imports outside of its tests.
    pub(crate) imports: Vec<String>,
    /// Names of its bench targets.
    pub(crate) benches: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Outcome<Self> {
        let metadata = MetadataCommand::new().no_deps().exec()?;
        Ok(Self { root: metadata.workspace_root.clone().into_std_path_buf(), metadata })
    }

    /// The folder that holds the root manifest.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The one target folder.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// A folder below the target folder, made if it is missing.
    pub(crate) fn target_folder(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.target().join(name);
        fs::create_dir_all(&folder).map_err(ChoreError::path(&folder))?;
        Ok(folder)
    }

    /// The crates, in cargo's order.
    pub(crate) fn members(&self) -> Vec<Member> {
        let packages = self.metadata.workspace_packages();
        let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
        packages.iter().map(|package| self.member(package, &names)).collect()
    }

    fn member(&self, package: &Package, names: &[&str]) -> Member {
        let imports = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .filter(|dependency| dependency.path.is_some())
            .filter(|dependency| names.contains(&dependency.name.as_str()))
            .map(|dependency| dependency.name.clone())
            .collect();
        let folder = package.manifest_path.parent().map(|folder| self.relative(folder.as_ref()));
        Member {
            name: package.name.to_string(),
            folder: folder.unwrap_or_default(),
            roots: package.targets.iter().map(|t| self.relative(t.src_path.as_ref())).collect(),
            imports,
            benches: package
                .targets
                .iter()
                .filter(|target| target.is_bench())
                .map(|target| target.name.clone())
                .collect(),
        }
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }

    /// Every file that git keeps or would keep, relative to the root, sorted.
    pub(crate) fn files(&self) -> Outcome<Vec<String>> {
        let listed = run::output(Command::new("git").current_dir(&self.root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut files: Vec<String> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }
}
