//! Candidates by the thousand: as lines of JSON, or as a table that a spreadsheet reads.
//!
//! Pure: text in, drafts out, and back. Neither direction repeats a value in an error.

use kernel::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::candidate::CandidateDraft;

/// How many candidates are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A JSON document a line (`application/x-ndjson`).
    Ndjson,
    /// A table with a header (RFC 4180); lists and objects stand in a cell as JSON.
    Csv,
}

/// The text cannot be cut into records at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BulkError {
    /// It is not UTF-8.
    #[error("expected UTF-8")]
    Encoding,
    /// The header is missing, or names an unknown column, or one twice.
    #[error("expected a header of known columns, each once")]
    Header,
    /// There are more records than a part may have.
    #[error("expected at most {RECORDS_MAX} records")]
    TooMany,
}

/// One record, or why it is none.
pub type Record = Result<Value, FieldError>;

impl Format {
    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ndjson, Self::Csv].into_iter().find(|format| format.as_str() == name)
    }

    /// The media type.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// How many records a text has. Empty lines are none.
    ///
    /// # Errors
    /// When it cannot be cut into records, or has too many.
    pub fn count(self, bytes: &[u8]) -> Result<usize, BulkError> {
        let text = std::str::from_utf8(bytes).map_err(|_| BulkError::Encoding)?;
        let records = match self {
            Self::Ndjson => lines(text).count(),
            Self::Csv => {
                let mut table = Table::of(text)?;
                table.reader.records().count()
            }
        };
        if records > RECORDS_MAX { Err(BulkError::TooMany) } else { Ok(records) }
    }

    /// Some records of a text.
    ///
    /// # Errors
    /// When it cannot be cut into records.
    pub fn records(self, bytes: &[u8], skip: usize, most: usize) -> Result<Vec<Record>, BulkError> {
        let text = std::str::from_utf8(bytes).map_err(|_| BulkError::Encoding)?;
        Ok(match self {
            Self::Ndjson => lines(text).skip(skip).take(most).map(line).collect(),
            Self::Csv => {
                let Table { header, mut reader } = Table::of(text)?;
                let rows = reader.records().skip(skip).take(most);
                rows.map(|row| table_row(&header, row)).collect()
            }
        })
    }

    /// Writes records down; `with_header` is for the first part of a table.
    #[must_use]
    pub fn text(self, documents: &[Value], columns: &[&str], with_header: bool) -> String {
        match self {
            Self::Ndjson => documents.iter().map(|document| format!("{document}\n")).collect(),
            Self::Csv => {
                let header = with_header.then(|| row(columns.iter().map(|name| cell(name))));
                let value = |document: &Value, name: &str| document.get(name).map(shown);
                let rows = documents.iter().map(|document| {
                    row(columns.iter().map(|name| cell(&value(document, name).unwrap_or_default())))
                });
                header.into_iter().chain(rows).collect()
            }
        }
    }
}

/// A record as a draft whose rules hold.
///
/// # Errors
/// Where it does not fit, and never what was sent.
pub fn draft(record: Record) -> Result<CandidateDraft, Vec<FieldError>> {
    let value = record.map_err(|error| vec![error])?;
    // A list would be taken for the members in their order.
    if !value.is_object() {
        return Err(vec![unreadable()]);
    }
    let draft: CandidateDraft = serde_path_to_error::deserialize(&value).map_err(|error| {
        let pointer = crate::pointer::of(error.path());
        vec![FieldError::new(pointer, "format", "expected a value that fits this member")]
    })?;
    let errors = draft.check();
    if errors.is_empty() { Ok(draft) } else { Err(errors) }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

fn line(text: &str) -> Record {
    serde_json::from_str(text).map_err(|_| unreadable())
}

fn unreadable() -> FieldError {
    FieldError::new("", "json", "expected one JSON object")
}

/// A table behind its header.
struct Table<'a> {
    header: Vec<String>,
    reader: csv::Reader<&'a [u8]>,
}

impl<'a> Table<'a> {
    fn of(text: &'a str) -> Result<Self, BulkError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_| BulkError::Header)?;
        let header: Vec<String> = header.iter().map(str::to_owned).collect();
        let is_known = |name: &String| COLUMNS.iter().any(|(column, _)| column == name);
        let is_once = |name: &String| header.iter().filter(|other| *other == name).count() == 1;
        if header.is_empty() || !header.iter().all(|name| is_known(name) && is_once(name)) {
            return Err(BulkError::Header);
        }
        Ok(Self { header, reader })
    }
}

fn table_row(header: &[String], record: Result<csv::StringRecord, csv::Error>) -> Record {
    let ragged = || FieldError::new("", "csv", "expected as many cells as the header has");
    let record = record.map_err(|_| ragged())?;
    if record.len() != header.len() {
        return Err(ragged());
    }
    let mut members = Map::new();
    for (name, cell) in header.iter().zip(&record) {
        if cell.is_empty() {
            continue;
        }
        let is_json = COLUMNS.iter().any(|(column, kind)| column == name && *kind == Cell::Json);
        let cell = plain(cell);
        let value = match is_json {
            true => serde_json::from_str(cell).map_err(|_| {
                FieldError::new(format!("/{name}"), "json", "expected JSON in this cell")
            })?,
            false => Value::String(cell.to_owned()),
        };
        members.insert(name.clone(), value);
    }
    Ok(Value::Object(members))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection): a sign that starts one is
/// put behind an apostrophe, and reading takes it away again.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(FORMULA) || is_guarded(text) { "'" } else { "" };
    let text = text.replace('"', "\"\"");
    match guard.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        true => text,
        false => format!("\"{guard}{text}\""),
    }
}

/// A cell as it was before it was guarded.
fn plain(cell: &str) -> &str {
    if is_guarded(cell) { cell.get(1..).unwrap_or_default() } else { cell }
}

fn is_guarded(text: &str) -> bool {
    text.strip_prefix('\'').is_some_and(|rest| rest.starts_with(FORMULA) || is_guarded(rest))
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let mut row = cells.collect::<Vec<_>>().join(",");
    row.push_str("\r\n");
    row
}

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Text,
    Json,
}

/// Every member of a draft, in the order of a table.
const COLUMNS: &[(&str, Cell)] = &[
    ("external_ref", Cell::Text),
    ("given_name", Cell::Text),
    ("family_name", Cell::Text),
    ("preferred_name", Cell::Text),
    ("email", Cell::Text),
    ("phone", Cell::Text),
    ("address", Cell::Json),
    ("summary", Cell::Text),
    ("country", Cell::Text),
    ("time_zone", Cell::Text),
    ("headline", Cell::Text),
    ("experience_months_total", Cell::Json),
    ("skills", Cell::Json),
    ("languages", Cell::Json),
    ("work_authorisation", Cell::Json),
    ("employments_history", Cell::Json),
    ("education", Cell::Json),
    ("certifications", Cell::Json),
    ("availability", Cell::Json),
    ("desired_compensation", Cell::Json),
    ("overlap_window", Cell::Json),
    ("source", Cell::Text),
    ("tags", Cell::Json),
    ("do_not_contact", Cell::Json),
];

/// The columns of a table of candidates: all, or those without personal data, behind what we know.
#[must_use]
pub fn columns(with_personal: bool) -> Vec<&'static str> {
    let names = COLUMNS.iter().map(|(name, _)| *name);
    names.filter(|name| with_personal || !PERSONAL.contains(name)).collect()
}

const PERSONAL: &[&str] =
    &["given_name", "family_name", "preferred_name", "email", "phone", "address", "summary"];
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// Most records of one text.
pub const RECORDS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(changes: Value) -> Value {
        let mut person = json!({
            "given_name": "Ana", "family_name": "Sousa", "email": "ana@example.org",
            "time_zone": "Europe/Lisbon", "external_ref": "A-1",
        });
        person.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        person
    }

    #[test]
    fn a_line_that_is_no_candidate_says_where_and_not_what() {
        for (line, pointer) in [
            ("{", ""),
            ("[]", ""),
            ("{\"given_name\":\"SECRET\"}", ""),
            (
                r#"{"given_name":"A","family_name":"B","email":"SECRET","time_zone":"UTC"}"#,
                "/email",
            ),
        ] {
            let record = Format::Ndjson.records(line.as_bytes(), 0, 1).unwrap().remove(0);
            let errors = draft(record).err().unwrap();

            assert_eq!(errors[0].pointer, pointer, "{line}");
            assert!(!format!("{errors:?}").contains("SECRET"));
        }
    }

    #[test]
    fn a_table_with_a_strange_header_is_refused() {
        for text in ["", "email,email\n", "email,salary\n"] {
            let refused = Format::Csv.records(text.as_bytes(), 0, 1).err();
            assert_eq!(refused, Some(BulkError::Header), "{text}");
        }
        assert_eq!(Format::Ndjson.records(&[0xFF], 0, 1).err(), Some(BulkError::Encoding));
        let unknown = person(json!({ "salary": "SECRET" }));
        assert!(draft(Ok(unknown)).is_err());
        let ragged = Format::Csv.records(b"email,phone\na@b.example\n", 0, 9).unwrap();
        assert!(ragged[0].is_err());
    }

    #[test]
    fn no_cell_starts_a_formula_and_reading_gives_it_back() {
        for text in
            ["=1+1", "+44 7700", "-2", "@x", "'=1", "''+1", "a,b\n\"c\"", "it's", "'tis", ""]
        {
            let written = Format::Csv.text(&[json!({ "headline": text })], &["headline"], true);
            let first = written.lines().nth(1).unwrap_or_default().trim_start_matches('"');

            assert!(!first.starts_with(FORMULA), "{written}");
            let read = Format::Csv.records(written.as_bytes(), 0, 9).unwrap();
            let headline = read.first().and_then(|r| r.as_ref().ok()?.get("headline").cloned());
            assert_eq!(headline.unwrap_or(json!("")), json!(text), "{written}");
        }
    }

    #[test]
    fn both_formats_give_back_what_was_written() {
        let document = person(json!({
            "phone": "+447700900001",
            "skills": [
                { "skill_id": "local:rust", "label": "Rust, \"the\" language", "source": "self" },
            ],
            "do_not_contact": true,
        }));
        for format in [Format::Ndjson, Format::Csv] {
            let text = format.text(std::slice::from_ref(&document), &columns(true), true);
            let records = format.records(text.as_bytes(), 0, 9).unwrap();

            assert_eq!(records.len(), 1);
            assert_eq!(records[0].as_ref().ok(), Some(&document), "{text}");
            assert!(draft(records[0].clone()).is_ok());
        }
        assert!(!columns(false).contains(&"email"));
    }
}
