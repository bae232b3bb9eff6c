//! Settings of the engine that rule files make.

use crate::{Limits, Mode, seclang::ast::Setting};

/// Settings, with ModSecurity's defaults but for the modes: here bodies are read unless a rule file
/// says otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) request_body: bool,
    pub(crate) request_body_rejects: bool,
    /// Bytes of a body without its files.
    pub(crate) no_files_bytes_max: Option<usize>,
    pub(crate) response_body: bool,
    pub(crate) response_body_rejects: bool,
    pub(crate) response_types: Vec<Box<str>>,
    pub(crate) separator: u8,
    pub(crate) limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::On,
            request_body: true,
            request_body_rejects: true,
            no_files_bytes_max: None,
            response_body: false,
            response_body_rejects: false,
            response_types: ["text/plain", "text/html", "text/xml"].map(Into::into).into(),
            separator: b'&',
            limits: Limits::default(),
        }
    }
}

impl Settings {
    pub(crate) fn apply(&mut self, setting: &Setting) {
        match setting {
            Setting::ArgumentSeparator(byte) => self.separator = *byte,
            Setting::ArgumentsLimit(limit) => self.limits.values_max = *limit,
            Setting::Engine(mode) => self.mode = *mode,
            Setting::RequestBodyAccess(on) => self.request_body = *on,
            Setting::RequestBodyJsonDepthLimit(limit) => self.limits.depth_max = *limit,
            Setting::RequestBodyLimit(limit) => self.limits.body_bytes_max = *limit,
            Setting::RequestBodyLimitReject(on) => self.request_body_rejects = *on,
            Setting::RequestBodyNoFilesLimit(limit) => self.no_files_bytes_max = Some(*limit),
            Setting::ResponseBodyAccess(on) => self.response_body = *on,
            Setting::ResponseBodyLimit(limit) => self.limits.response_bytes_max = *limit,
            Setting::ResponseBodyLimitReject(on) => self.response_body_rejects = *on,
            Setting::ResponseBodyMimeTypes(types) if types.is_empty() => {
                self.response_types.clear();
            }
            Setting::ResponseBodyMimeTypes(types) => {
                self.response_types.extend(types.iter().map(|one| one.as_str().into()));
            }
        }
    }
}
