//! The problems that the contract makes, with their statuses.

use kernel::Code;

/// The path exists, but not for this method.
pub const METHOD_NOT_ALLOWED: Code = Code {
    status: 405,
    name: "contract.method_not_allowed",
    title: "The resource does not support this method",
    mend: "Use one of the methods in the `Allow` header.",
};

/// The body's media type is not declared for this operation.
pub const UNSUPPORTED_MEDIA_TYPE: Code = Code {
    status: 415,
    name: "contract.unsupported_media_type",
    title: "The operation does not take this media type",
    mend: "Send the body as one of the media types in the detail and say so in `Content-Type`.",
};

/// The body is not JSON, or not within the bounds that every JSON body has.
pub const MALFORMED_JSON: Code = Code {
    status: 400,
    name: "contract.malformed_json",
    title: "The body is not well-formed JSON",
    mend: "Send one JSON value (RFC 8259) in UTF-8, without duplicate names, within the bounds.",
};

/// The body is not a form.
pub const MALFORMED_FORM: Code = Code {
    status: 400,
    name: "contract.malformed_form",
    title: "The body is not a well-formed form",
    mend: "Send `application/x-www-form-urlencoded` in UTF-8, each name once.",
};

/// A query or header parameter breaks a rule.
pub const PARAMETER_INVALID: Code = Code {
    status: 400,
    name: "contract.parameter_invalid",
    title: "A parameter does not fit the contract",
    mend: "Correct the parameters that `errors` points at.",
};

/// The body is larger than the operation takes.
pub const BODY_TOO_LARGE: Code = Code {
    status: 413,
    name: "contract.body_too_large",
    title: "The body is too large",
    mend: "Send at most the number of bytes in the detail.",
};

/// The operation takes no body.
pub const BODY_UNEXPECTED: Code = Code {
    status: 400,
    name: "contract.body_unexpected",
    title: "The operation takes no body",
    mend: "Send the request without a body.",
};

/// The operation needs a body.
pub const BODY_MISSING: Code = Code {
    status: 400,
    name: "contract.body_missing",
    title: "The operation needs a body",
    mend: "Send a body of one of the declared media types.",
};

/// A change without `If-Match`.
pub const PRECONDITION_REQUIRED: Code = Code {
    status: 428,
    name: "precondition_required",
    title: "This operation needs an If-Match header",
    mend: "Read the resource and send its ETag as `If-Match`, so that no change is lost.",
};

/// Every problem of this module.
pub const CODES: &[&Code] = &[
    &PRECONDITION_REQUIRED,
    &METHOD_NOT_ALLOWED,
    &UNSUPPORTED_MEDIA_TYPE,
    &MALFORMED_JSON,
    &MALFORMED_FORM,
    &PARAMETER_INVALID,
    &BODY_TOO_LARGE,
    &BODY_UNEXPECTED,
    &BODY_MISSING,
];
