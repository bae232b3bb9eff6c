//! `ringwall export`: asks for an export, waits for it, and puts its parts together.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Sent};
use super::progress::Progress;
use super::{block_on, pause};
use crate::cli::bulk::{ExportArgs, FormatName};
use crate::cli::exit::{Failure, print};

/// Writes the file, readable for its owner only.
///
/// # Errors
/// When the file exists, or the server refuses.
pub(crate) fn run(args: &ExportArgs) -> Result<(), Failure> {
    block_on(export(args))
}

async fn export(args: &ExportArgs) -> Result<(), Failure> {
    let format = FormatName::of(args.format, &args.file);
    let mut client = Client::sign_in(&args.server).await?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&args.file)
        .map_err(|error| Failure::because(&error))?;
    let key = format!("{:032x}", u128::from_ne_bytes(kernel::random::bytes()));
    let body = json!({ "format": format.as_str(), "with_personal": args.with_personal });
    let sent =
        Sent { media: "application/json", bytes: body.to_string().into_bytes(), key: Some(&key) };
    let mut export = client.json(Method::POST, "/v1/exports", Some(&sent)).await?;
    let id = export.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let path = format!("/v1/exports/{id}");
    let mut progress = Progress::new(args.quiet);
    while status(&export) == "running" {
        pause().await;
        export = client.json(Method::GET, &path, None).await?;
    }
    if status(&export) != "completed" {
        return Err(Failure::Failed(format!("the export is {}", status(&export))));
    }
    let parts = count(&export, "parts");
    for number in 1..=parts {
        let answer = client.ask(Method::GET, &format!("{path}/parts/{number}"), None).await?;
        let bytes = answer.bytes().await.map_err(|error| Failure::because(&error))?;
        file.write_all(&bytes).map_err(|error| Failure::because(&error))?;
        progress.show("reading", number, parts);
    }
    progress.end();
    file.sync_all().map_err(|error| Failure::because(&error))?;
    print(&format!("{} candidates\n", count(&export, "records")))
}

fn status(export: &Value) -> &str {
    export.get("status").and_then(Value::as_str).unwrap_or_default()
}

fn count(export: &Value, name: &str) -> i64 {
    export.get(name).and_then(Value::as_i64).unwrap_or(0)
}
