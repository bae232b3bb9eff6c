//! What the request body says, by variable.

use crate::{
    body::{self, Piece, json, multipart, urlencoded, xml},
    program::Program,
    seclang::{ctl::Processor, variable::Variable},
};

use super::{collections::Filler, request::Arguments, state::State};

/// Where a body's findings go.
const POSTED: (Variable, Variable) = (Variable::ArgsPost, Variable::ArgsPostNames);

impl State {
    /// Reads the body as the processor says, and fills the variables of phase 2.
    pub(crate) fn read_body(&mut self, body: &[u8], is_cut: bool, program: &Program) {
        if !self.request_body_access {
            return;
        }
        if self.force_body && self.processor.is_none() {
            self.processor = Some(Processor::UrlEncoded);
        }
        let is_whole = !matches!(self.processor, Some(Processor::Xml | Processor::Multipart));
        let mut filler = self.filler(program);
        if !body.is_empty() {
            if is_whole {
                filler.set(Variable::RequestBody, body);
            }
            filler.set_number(Variable::RequestBodyLength, body.len() as i64);
        }
        filler.set_flag(Variable::InboundDataError, is_cut);
        let content_type = self.content_type();
        let limits = self.options.limits.as_ref().unwrap_or(&program.settings.limits);
        let depth_max = limits.depth_max;
        let fault = match self.processor {
            None => None,
            Some(_) if self.is_too_long(body, program) => {
                Some("the body without files is longer than its limit".to_owned())
            }
            Some(Processor::UrlEncoded) => self.read_form(body, program),
            Some(Processor::Multipart) => self.read_multipart(&content_type, body, program),
            Some(Processor::Json) => {
                self.read_tree(program, |sink| json::parse(body, depth_max, sink))
            }
            Some(Processor::Xml) => {
                self.read_tree(program, |sink| xml::parse(body, depth_max, sink))
            }
        };
        // A body that was cut cannot be read to its end; that alone is no fault of its form.
        let fault = fault.filter(|_| !is_cut || program.settings.request_body_rejects);
        self.tell_fault(fault, program);
        self.sum_arguments(program);
        self.full_request(body, program);
    }

    fn content_type(&self) -> Vec<u8> {
        let mut headers = self.collections.of(Variable::RequestHeaders).iter();
        let found = headers
            .find(|entry| self.values.bytes(entry.key).eq_ignore_ascii_case(b"content-type"));
        found.map(|entry| self.values.value(entry.value).to_vec()).unwrap_or_default()
    }

    fn is_too_long(&self, body: &[u8], program: &Program) -> bool {
        self.processor != Some(Processor::Multipart)
            && program.settings.no_files_bytes_max.is_some_and(|limit| body.len() > limit)
    }

    fn arguments(&self, program: &Program) -> Arguments {
        Arguments { own: POSTED.0, names: POSTED.1, values_max: self.values_max(program) }
    }

    fn read_form(&mut self, body: &[u8], program: &Program) -> Option<String> {
        let arguments = self.arguments(program);
        let mut filler = self.filler(program);
        let result = urlencoded::parse(body, program.settings.separator, &mut |piece| {
            argument(&arguments, piece, &mut filler)
        });
        if result != Ok(false) {
            self.filler(program).set_flag(Variable::UrlencodedError, true);
        }
        result.err().map(|fault| fault.to_string())
    }

    fn read_tree(
        &mut self,
        program: &Program,
        parse: impl FnOnce(&mut body::Sink<'_>) -> Result<(), body::Fault>,
    ) -> Option<String> {
        let arguments = self.arguments(program);
        let name = self.processor.map_or("", |processor| processor.name());
        let mut filler = self.filler(program);
        let result = parse(&mut |piece| argument(&arguments, piece, &mut filler));
        result.err().map(|fault| format!("{name} parsing error: {fault}"))
    }

    fn read_multipart(
        &mut self,
        content_type: &[u8],
        body: &[u8],
        program: &Program,
    ) -> Option<String> {
        let arguments = self.arguments(program);
        let mut files_bytes = 0;
        let mut filler = self.filler(program);
        let report = multipart::parse(content_type, body, &mut |piece| match piece {
            Piece::File { name, filename, content } => {
                files_bytes += content.len();
                file(name, filename, content, &mut filler)
            }
            Piece::PartHeader { name, line } => {
                filler.add(Variable::MultipartPartHeaders, None, name, line);
                true
            }
            other => argument(&arguments, other, &mut filler),
        });
        filler.set_number(Variable::FilesCombinedSize, files_bytes as i64);
        tell_flags(&report.flags, &mut filler);
        let too_long = program
            .settings
            .no_files_bytes_max
            .is_some_and(|limit| report.bytes_without_files > limit)
            .then(|| "the body without files is longer than its limit".to_owned());
        let fault = report.fault.map(|fault| format!("Multipart parsing error: {fault}"));
        fault.or(too_long)
    }

    /// `REQBODY_ERROR` and its kin.
    fn tell_fault(&mut self, fault: Option<String>, program: &Program) {
        let mut filler = self.filler(program);
        let text = fault.as_deref().unwrap_or_default().as_bytes();
        for (flag, message) in [
            (Variable::ReqbodyError, Variable::ReqbodyErrorMsg),
            (Variable::ReqbodyProcessorError, Variable::ReqbodyProcessorErrorMsg),
        ] {
            filler.set_flag(flag, fault.is_some());
            filler.set(message, text);
        }
    }
}

fn argument(arguments: &Arguments, piece: Piece<'_>, filler: &mut Filler<'_>) -> bool {
    match piece {
        Piece::Argument { name, value } => arguments.add(name, value, filler),
        Piece::Text(text) => {
            filler.add(Variable::Xml, None, b"/*", text);
            true
        }
        Piece::Attribute(value) => {
            filler.add(Variable::Xml, None, b"//@*", value);
            filler.collections.of(Variable::Xml).len() <= arguments.values_max
        }
        Piece::File { .. } | Piece::PartHeader { .. } => true,
    }
}

fn file(name: &[u8], filename: &[u8], content: &[u8], filler: &mut Filler<'_>) -> bool {
    filler.add(Variable::Files, None, name, filename);
    filler.add(Variable::MultipartFilename, None, name, filename);
    filler.add(Variable::FilesNames, None, name, name);
    filler.add(Variable::MultipartName, None, name, name);
    let size = content.len().to_string();
    filler.add(Variable::FilesSizes, None, name, size.as_bytes());
    true
}

fn tell_flags(flags: &multipart::Flags, filler: &mut Filler<'_>) {
    let all = [
        (Variable::MultipartBoundaryQuoted, flags.boundary_quoted),
        (Variable::MultipartBoundaryWhitespace, flags.boundary_whitespace),
        (Variable::MultipartDataBefore, flags.data_before),
        (Variable::MultipartDataAfter, flags.data_after),
        (Variable::MultipartHeaderFolding, flags.header_folding),
        (Variable::MultipartInvalidHeaderFolding, flags.invalid_header_folding),
        (Variable::MultipartLfLine, flags.lf_line),
        (Variable::MultipartCrlfLfLines, flags.has_mixed_lines()),
        (Variable::MultipartMissingSemicolon, flags.missing_semicolon),
        (Variable::MultipartInvalidQuoting, flags.invalid_quoting),
        (Variable::MultipartInvalidPart, flags.invalid_part),
        (Variable::MultipartFileLimitExceeded, false),
        (Variable::MultipartStrictError, flags.is_strict_error()),
    ];
    for (variable, on) in all {
        filler.set_flag(variable, on);
    }
    filler.set_number(Variable::MultipartUnmatchedBoundary, i64::from(flags.unmatched_boundary));
}
