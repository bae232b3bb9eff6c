//! `ringwall import`: a file in parts, and what became of its lines.

use std::fs::File;
use std::io::{BufRead, BufReader};

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Sent};
use super::progress::Progress;
use super::{block_on, pause};
use crate::cli::bulk::{FormatName, ImportArgs};
use crate::cli::exit::{Failure, print};

/// Sends the file, waits for its end, and lists what could not be done.
///
/// # Errors
/// When the file cannot be read, the server refuses, or a line could not be carried out.
pub(crate) fn run(args: &ImportArgs) -> Result<(), Failure> {
    block_on(import(args))
}

async fn import(args: &ImportArgs) -> Result<(), Failure> {
    let format = FormatName::of(args.format, &args.file);
    let mut client = Client::sign_in(&args.server).await?;
    let id = match &args.resume {
        Some(id) => id.clone(),
        None => open(&mut client, format).await?,
    };
    let path = format!("/v1/imports/{id}");
    let mut progress = Progress::new(args.quiet);
    let done = follow(args, &mut client, (&path, format), &mut progress).await;
    progress.end();
    let done = done.map_err(|failure| hint(failure, &id))?;
    tell(&mut client, &path, &done).await
}

async fn open(client: &mut Client, format: FormatName) -> Result<String, Failure> {
    let key = format!("{:032x}", u128::from_ne_bytes(kernel::random::bytes()));
    let body = json!({ "format": format.as_str() });
    let sent = Sent { media: JSON, bytes: body.to_string().into_bytes(), key: Some(&key) };
    let import = client.json(Method::POST, "/v1/imports", Some(&sent)).await?;
    Ok(import.get("id").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// Sends what is missing and waits until everything is done.
async fn follow(
    args: &ImportArgs,
    client: &mut Client,
    (path, format): (&str, FormatName),
    progress: &mut Progress,
) -> Result<Value, Failure> {
    let mut import = client.json(Method::GET, path, None).await?;
    if status(&import) == "receiving" {
        let parts = send(args, client, (path, format), progress).await?;
        let body = json!({ "parts": parts }).to_string().into_bytes();
        let sent = Sent { media: JSON, bytes: body, key: None };
        import = client.json(Method::POST, &format!("{path}/start"), Some(&sent)).await?;
    }
    while status(&import) == "running" {
        progress.show("importing", count(&import, "done"), count(&import, "lines"));
        pause().await;
        import = client.json(Method::GET, path, None).await?;
    }
    progress.show("importing", count(&import, "done"), count(&import, "lines"));
    Ok(import)
}

/// Sends the file part by part. A part that was sent before is sent again: it is the same.
async fn send(
    args: &ImportArgs,
    client: &mut Client,
    (path, format): (&str, FormatName),
    progress: &mut Progress,
) -> Result<u16, Failure> {
    let file = File::open(&args.file).map_err(|error| Failure::because(&error))?;
    let size = file.metadata().map_err(|error| Failure::because(&error))?.len();
    let mut parts = Parts::of(BufReader::new(file), format)?;
    let (mut number, mut read) = (0_u16, 0_u64);
    while let Some(bytes) = parts.next()? {
        number += 1;
        read += u64::try_from(bytes.len()).unwrap_or(0);
        let sent = Sent { media: format.media(), bytes, key: None };
        client.ask(Method::PUT, &format!("{path}/parts/{number}"), Some(&sent)).await?;
        let (done, all) = (read.min(size) / 1024, size / 1024);
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        progress.show("sending", whole(done), whole(all));
    }
    Ok(number)
}

/// A file cut at the ends of lines. A table's records may span lines, and each part has its header.
struct Parts<R> {
    lines: R,
    header: Vec<u8>,
    is_table: bool,
    is_first: bool,
}

impl<R: BufRead> Parts<R> {
    fn of(mut lines: R, format: FormatName) -> Result<Self, Failure> {
        let is_table = format == FormatName::Csv;
        let mut header = Vec::new();
        if is_table {
            lines.read_until(b'\n', &mut header).map_err(|error| Failure::because(&error))?;
        }
        Ok(Self { lines, header, is_table, is_first: true })
    }

    /// The next part; an empty file is one part without lines.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut part = self.header.clone();
        let (mut records, mut is_quoted) = (0, false);
        while is_quoted || (records < RECORDS_MAX && part.len() < BYTES_MAX) {
            let start = part.len();
            let read = self.lines.read_until(b'\n', &mut part);
            if read.map_err(|error| Failure::because(&error))? == 0 {
                break;
            }
            let quotes = part.iter().skip(start).filter(|byte| **byte == b'"').count();
            is_quoted ^= self.is_table && quotes % 2 == 1;
            records += 1;
        }
        let is_over = records == 0 && !self.is_first;
        self.is_first = false;
        Ok((!is_over).then_some(part))
    }
}

/// Says what became of the lines, and lists those of which nothing did.
async fn tell(client: &mut Client, path: &str, import: &Value) -> Result<(), Failure> {
    let [created, updated, unchanged, failed] =
        ["created", "updated", "unchanged", "failed"].map(|name| count(import, name));
    let mut next = Some(format!("{path}/results?outcome=failed&limit=100"));
    while let Some(target) = next.take().filter(|_| failed > 0) {
        let page = client.json(Method::GET, &target, None).await?;
        for line in page.get("data").and_then(Value::as_array).into_iter().flatten() {
            print(&format!("{line}\n"))?;
        }
        let cursor = page.pointer("/page/next_cursor").and_then(Value::as_str);
        next =
            cursor.map(|cursor| format!("{path}/results?outcome=failed&limit=100&cursor={cursor}"));
    }
    let told =
        format!("{created} created, {updated} updated, {unchanged} unchanged, {failed} failed");
    match (status(import), failed) {
        ("completed", 0) => print(&format!("{told}\n")),
        ("completed", _) => Err(Failure::Failed(format!("some lines failed: {told}"))),
        (status, _) => Err(Failure::Failed(format!("the import is {status}: {told}"))),
    }
}

fn hint(failure: Failure, id: &str) -> Failure {
    match failure {
        Failure::Failed(message) => {
            Failure::Failed(format!("{message}\ngo on with the same command and `--resume {id}`"))
        }
        other => other,
    }
}

fn status(import: &Value) -> &str {
    import.get("status").and_then(Value::as_str).unwrap_or_default()
}

fn count(import: &Value, name: &str) -> i64 {
    import.get(name).and_then(Value::as_i64).unwrap_or(0)
}

const JSON: &str = "application/json";
const RECORDS_MAX: usize = 2_000;
/// A part may have 4 MiB, and ends with the line that passes this.
const BYTES_MAX: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, format: FormatName) -> Vec<String> {
        let mut parts = Parts::of(text.as_bytes(), format).unwrap();
        let mut all = Vec::new();
        while let Some(part) = parts.next().unwrap() {
            all.push(String::from_utf8(part).unwrap());
        }
        all
    }

    #[test]
    fn parts_end_with_a_record_and_tables_repeat_their_header() {
        let lines: String = (0..4_500).map(|number| format!("{{\"n\":{number}}}\n")).collect();
        let rows: String = (0..2_500).map(|number| format!("\"a\n{number}\"\n")).collect();

        let of_lines = parts(&lines, FormatName::Ndjson);
        let of_rows = parts(&format!("headline\n{rows}"), FormatName::Csv);

        assert_eq!(of_lines.len(), 3);
        assert_eq!(of_lines.concat(), lines);
        assert!(of_rows.iter().all(|part| part.starts_with("headline\n\"a\n")));
        let bare: String = of_rows.iter().map(|part| part.replacen("headline\n", "", 1)).collect();
        assert_eq!(bare, rows);
        assert_eq!(parts("", FormatName::Ndjson), [""]);
    }
}
