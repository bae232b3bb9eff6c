//! Forms as the document shows them. What is sent is parsed by the oauth crate.

/// The members by which a client may prove who it is in a body (RFC 6749 §2.3.1, RFC 7521 §4.2),
/// after others.
macro_rules! client_members {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($members:tt)* }) => {
        $(#[$meta])*
        $vis struct $name {
            $($members)*
            /// The client, where it does not authenticate by HTTP Basic.
            #[schema(max_length = 64, pattern = "^[A-Za-z][A-Za-z0-9_-]*$")]
            client_id: Option<String>,
            /// The client's secret, where it is not sent by HTTP Basic.
            #[schema(max_length = 256, pattern = "^[A-Za-z][A-Za-z0-9_-]*$")]
            client_secret: Option<String>,
            /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
            #[schema(max_length = 128, pattern = "^[a-z][A-Za-z0-9:-]*$")]
            client_assertion_type: Option<String>,
            /// A JWT signed by a key of the client (RFC 7523).
            #[schema(max_length = 8192, pattern = "^ey[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){2}$")]
            client_assertion: Option<String>,
        }
    };
}

/// A form in which a client may also prove who it is.
macro_rules! client_form {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($members:tt)* }) => {
        $crate::oauth::forms::client_members! {
            $(#[$meta])*
            #[derive(utoipa::ToSchema)]
            #[expect(dead_code, reason = "a schema only: the request is parsed by the oauth crate")]
            $vis struct $name { $($members)* }
        }
    };
}

/// A body in JSON in which a client may also prove who it is.
macro_rules! client_body {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($members:tt)* }) => {
        $crate::oauth::forms::client_members! {
            $(#[$meta])*
            #[derive(serde::Deserialize, utoipa::ToSchema)]
            #[serde(deny_unknown_fields)]
            $vis struct $name { $($members)* }
        }

        impl $name {
            fn said(&self) -> oauth::Said<'_> {
                oauth::Said {
                    client_id: self.client_id.as_deref(),
                    secret: self.client_secret.as_deref(),
                    assertion: self.client_assertion.as_deref(),
                    assertion_type: self.client_assertion_type.as_deref(),
                }
            }
        }
    };
}

pub(crate) use client_body;
pub(super) use client_form;
pub(crate) use client_members;
