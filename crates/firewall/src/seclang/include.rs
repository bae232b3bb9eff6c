//! Sources with everything that they include.

use crate::{CompileError, Files, Source};

use super::{
    ast::{Directive, Sentence},
    directive::parse_sentence,
    place::{Fault, Place, logical_lines},
};

/// The sentences of one file.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) file: String,
    pub(crate) sentence: Sentence,
}

/// Deeper includes are taken for a circle.
const DEPTH_MAX: usize = 16;
/// Bytes of all rule files together.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Parses sources and what they include, in order. Tells every fault.
pub(crate) fn load(sources: &[Source], files: &dyn Files) -> (Vec<Unit>, Vec<CompileError>) {
    let mut loader = Loader { files, units: Vec::new(), faults: Vec::new(), bytes: 0 };
    for source in sources {
        loader.source(&source.name, &source.text, 0);
    }
    (loader.units, loader.faults)
}

struct Loader<'a> {
    files: &'a dyn Files,
    units: Vec<Unit>,
    faults: Vec<CompileError>,
    bytes: usize,
}

impl Loader<'_> {
    fn source(&mut self, file: &str, text: &str, depth: usize) {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > TEXT_BYTES_MAX {
            let fault = Fault::new(Place { line: 1, column: 1 }, "the rule files are too large");
            self.faults.push(fault.in_file(file));
            return;
        }
        for line in logical_lines(text) {
            match parse_sentence(&line) {
                Err(fault) => self.faults.push(fault.in_file(file)),
                Ok(sentence) => self.sentence(file, sentence, depth),
            }
        }
    }

    fn sentence(&mut self, file: &str, sentence: Sentence, depth: usize) {
        let Directive::Include { pattern, optional } = &sentence.directive else {
            self.units.push(Unit { file: file.to_owned(), sentence });
            return;
        };
        let fault = |message: String| Fault::new(sentence.place, message).in_file(file);
        if depth >= DEPTH_MAX {
            self.faults.push(fault(format!("includes are nested deeper than {DEPTH_MAX}")));
            return;
        }
        let pattern = beside(file, pattern);
        let mut paths = self.files.glob(&pattern);
        if paths.is_empty() && !pattern.contains(['*', '?', '[']) {
            paths.push(pattern.clone());
        }
        let mut found = false;
        for path in paths {
            let Some(bytes) = self.files.read(&path) else { continue };
            found = true;
            match String::from_utf8(bytes) {
                Ok(text) => self.source(&path, &text, depth + 1),
                Err(_) => self.faults.push(fault(format!("`{path}` is not UTF-8"))),
            }
        }
        if !found && !optional {
            let hint = Some("use `IncludeOptional` where there may be none".to_owned());
            let mut fault = fault(format!("no file matches `{pattern}`"));
            fault.hint = hint;
            self.faults.push(fault);
        }
    }
}

/// A relative path is looked for beside the file that names it.
pub(crate) fn beside(file: &str, path: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) if !path.starts_with('/') => format!("{folder}/{path}"),
        _ => path.to_owned(),
    }
}
