//! The variables that rules may name.

use super::{hint::nearest, place::Fault};

macro_rules! variables {
    ($($name:literal $variant:ident $shape:ident,)*) => {
        /// A variable or collection, without its selector.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Variable {
            $($variant,)*
        }

        impl Variable {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// In upper case, as logs show it.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)* }
            }
        }
    };
}

/// Whether a variable is one value or many with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    Many,
}

// One macro, so that a variable is named in one place.
variables! {
    "ARGS" Args Many,
    "ARGS_COMBINED_SIZE" ArgsCombinedSize One,
    "ARGS_GET" ArgsGet Many,
    "ARGS_GET_NAMES" ArgsGetNames Many,
    "ARGS_NAMES" ArgsNames Many,
    "ARGS_POST" ArgsPost Many,
    "ARGS_POST_NAMES" ArgsPostNames Many,
    "AUTH_TYPE" AuthType One,
    "DURATION" Duration One,
    "ENV" Env Many,
    "FILES" Files Many,
    "FILES_COMBINED_SIZE" FilesCombinedSize One,
    "FILES_NAMES" FilesNames Many,
    "FILES_SIZES" FilesSizes Many,
    "FILES_TMPNAMES" FilesTmpNames Many,
    "FILES_TMP_CONTENT" FilesTmpContent Many,
    "FULL_REQUEST" FullRequest One,
    "FULL_REQUEST_LENGTH" FullRequestLength One,
    "GEO" Geo Many,
    "GLOBAL" Global Many,
    "HIGHEST_SEVERITY" HighestSeverity One,
    "INBOUND_DATA_ERROR" InboundDataError One,
    "IP" Ip Many,
    "MATCHED_VAR" MatchedVar One,
    "MATCHED_VARS" MatchedVars Many,
    "MATCHED_VARS_NAMES" MatchedVarsNames Many,
    "MATCHED_VAR_NAME" MatchedVarName One,
    "MODSEC_BUILD" ModsecBuild One,
    "MSC_PCRE_ERROR" MscPcreError One,
    "MSC_PCRE_LIMITS_EXCEEDED" MscPcreLimitsExceeded One,
    "MULTIPART_BOUNDARY_QUOTED" MultipartBoundaryQuoted One,
    "MULTIPART_BOUNDARY_WHITESPACE" MultipartBoundaryWhitespace One,
    "MULTIPART_CRLF_LF_LINES" MultipartCrlfLfLines One,
    "MULTIPART_DATA_AFTER" MultipartDataAfter One,
    "MULTIPART_DATA_BEFORE" MultipartDataBefore One,
    "MULTIPART_FILE_LIMIT_EXCEEDED" MultipartFileLimitExceeded One,
    "MULTIPART_FILENAME" MultipartFilename Many,
    "MULTIPART_HEADER_FOLDING" MultipartHeaderFolding One,
    "MULTIPART_INVALID_HEADER_FOLDING" MultipartInvalidHeaderFolding One,
    "MULTIPART_INVALID_PART" MultipartInvalidPart One,
    "MULTIPART_INVALID_QUOTING" MultipartInvalidQuoting One,
    "MULTIPART_LF_LINE" MultipartLfLine One,
    "MULTIPART_MISSING_SEMICOLON" MultipartMissingSemicolon One,
    "MULTIPART_NAME" MultipartName Many,
    "MULTIPART_PART_HEADERS" MultipartPartHeaders Many,
    "MULTIPART_STRICT_ERROR" MultipartStrictError One,
    "MULTIPART_UNMATCHED_BOUNDARY" MultipartUnmatchedBoundary One,
    "OUTBOUND_DATA_ERROR" OutboundDataError One,
    "PATH_INFO" PathInfo One,
    "QUERY_STRING" QueryString One,
    "REMOTE_ADDR" RemoteAddr One,
    "REMOTE_HOST" RemoteHost One,
    "REMOTE_PORT" RemotePort One,
    "REMOTE_USER" RemoteUser One,
    "REQBODY_ERROR" ReqbodyError One,
    "REQBODY_ERROR_MSG" ReqbodyErrorMsg One,
    "REQBODY_PROCESSOR" ReqbodyProcessor One,
    "REQBODY_PROCESSOR_ERROR" ReqbodyProcessorError One,
    "REQBODY_PROCESSOR_ERROR_MSG" ReqbodyProcessorErrorMsg One,
    "REQUEST_BASENAME" RequestBasename One,
    "REQUEST_BODY" RequestBody One,
    "REQUEST_BODY_LENGTH" RequestBodyLength One,
    "REQUEST_COOKIES" RequestCookies Many,
    "REQUEST_COOKIES_NAMES" RequestCookiesNames Many,
    "REQUEST_FILENAME" RequestFilename One,
    "REQUEST_HEADERS" RequestHeaders Many,
    "REQUEST_HEADERS_NAMES" RequestHeadersNames Many,
    "REQUEST_LINE" RequestLine One,
    "REQUEST_METHOD" RequestMethod One,
    "REQUEST_PROTOCOL" RequestProtocol One,
    "REQUEST_URI" RequestUri One,
    "REQUEST_URI_RAW" RequestUriRaw One,
    "RESOURCE" Resource Many,
    "RESPONSE_ARGS" ResponseArgs Many,
    "RESPONSE_BODY" ResponseBody One,
    "RESPONSE_CONTENT_LENGTH" ResponseContentLength One,
    "RESPONSE_CONTENT_TYPE" ResponseContentType One,
    "RESPONSE_HEADERS" ResponseHeaders Many,
    "RESPONSE_HEADERS_NAMES" ResponseHeadersNames Many,
    "RESPONSE_PROTOCOL" ResponseProtocol One,
    "RESPONSE_STATUS" ResponseStatus One,
    "RULE" Rule Many,
    "SERVER_ADDR" ServerAddr One,
    "SERVER_NAME" ServerName One,
    "SERVER_PORT" ServerPort One,
    "SESSION" Session Many,
    "SESSIONID" SessionId One,
    "STATUS_LINE" StatusLine One,
    "TIME" Time One,
    "TIME_DAY" TimeDay One,
    "TIME_EPOCH" TimeEpoch One,
    "TIME_HOUR" TimeHour One,
    "TIME_MIN" TimeMin One,
    "TIME_MON" TimeMon One,
    "TIME_SEC" TimeSec One,
    "TIME_WDAY" TimeWday One,
    "TIME_YEAR" TimeYear One,
    "TX" Tx Many,
    "UNIQUE_ID" UniqueId One,
    "URLENCODED_ERROR" UrlencodedError One,
    "USER" User Many,
    "USERID" UserId One,
    "WEBAPPID" WebappId One,
    "XML" Xml Many,
}

impl Variable {
    /// Finds a variable by its name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|variable| variable.name().eq_ignore_ascii_case(name))
    }

    /// Finds a variable, or says what is wrong with its name.
    pub(crate) fn parse(name: &str, fault: impl Fn(String) -> Fault) -> Result<Self, Fault> {
        Self::named(name).ok_or_else(|| {
            let names = Self::ALL.iter().map(|variable| variable.name());
            fault(format!("unknown variable `{name}`")).hint(nearest(name, names))
        })
    }

    /// Whether it takes a selector.
    pub(crate) fn is_collection(self) -> bool {
        self.shape() == Shape::Many
    }

    /// Whether rules write it: the collections that live no longer than the transaction here.
    pub(crate) const fn is_writable(self) -> bool {
        matches!(
            self,
            Self::Tx | Self::Ip | Self::Global | Self::Session | Self::User | Self::Resource
        )
    }

    /// Whether the names of its members differ by case. As in `ModSecurity`, only XPaths do.
    pub(crate) const fn is_case_sensitive(self) -> bool {
        matches!(self, Self::Xml)
    }
}
