//! People's pages in Chromium, by `playwright-core`: what no client without a browser sees.

use std::fs;

use super::{Stage, node::Node};
use crate::{
    error::{ChoreError, Outcome},
    run,
};

const TEST: &str = "browser.test.mjs";

/// Leaves two pictures of each page, for who wants to look at them.
pub(super) fn run(node: &Node, stage: &Stage) -> Outcome {
    let pictures = stage.reports.join("browser");
    if pictures.exists() {
        fs::remove_dir_all(&pictures).map_err(ChoreError::path(&pictures))?;
    }
    fs::create_dir_all(&pictures).map_err(ChoreError::path(&pictures))?;
    let chromium = run::find("chromium").ok_or_else(|| ChoreError::told("Chromium is missing"))?;
    let mut command = node.test(&[TEST], stage);
    command.env("CHROMIUM", chromium).env("PICTURES", &pictures);
    run::shown(&mut command)
}
