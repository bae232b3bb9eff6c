//! A problem as a page: for operations that people see in a browser. No script, no style of its
//! own, and every text escaped.

use kernel::html::escape;
use kernel::{Problem, RequestId};

/// The page, for somebody who is signed in or not.
pub(super) fn of(request: RequestId, is_signed_in: bool, problem: &Problem) -> String {
    let code = problem.code;
    let is_step_up = *code == policy::AUTH_STEP_UP;
    let (title, hint) = match code.status {
        // Signed in already, but not so, or too long ago.
        401 if is_step_up => ("Prove again who you are", "Then go back to where you were."),
        401 => ("Please sign in", "You are not signed in, or not any more."),
        _ => (code.title, code.mend),
    };
    let (way, button) = match is_signed_in {
        _ if is_step_up => (STEP_UP, "Prove it"),
        true if code.status != 401 => (ACCOUNT, "Your account"),
        _ => (SIGN_IN, "Sign in"),
    };
    let detail = problem.detail.as_deref();
    let detail = detail.filter(|_| code.status != 401 || is_step_up).unwrap_or_default();
    let detail = if detail.is_empty() {
        String::new()
    } else {
        format!("<p>{}.</p>", escape(&sentence(&detail.replace('`', ""))))
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · \
         Ringwall</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"/staff/style.css\"></head><body><main>\
         <p class=\"brand\">Ringwall</p><h1>{title}</h1>{detail}<p>{}</p>\
         <p><a class=\"button\" href=\"{way}\">{button}</a></p>\
         <p class=\"quiet\">If you ask for help, name this request: <code>{}</code></p>\
         </main></body></html>\n",
        // Marks of code in our texts; a page has no need of them.
        escape(&hint.replace('`', "")),
        request,
        title = escape(title),
    )
}

/// With a capital, as a sentence on a page begins.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Our own style sheet, and nothing else.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; \
                                 base-uri 'none'; form-action 'none'";
const SIGN_IN: &str = "/staff/sign-in";
const STEP_UP: &str = "/staff/step-up";
const ACCOUNT: &str = "/staff";

#[cfg(test)]
mod tests {
    use kernel::{Code, ManualClock, Timestamp};

    use super::*;

    const ODD: Code = Code { title: "<b>", mend: "<i>\"", ..kernel::problem::INVALID };

    fn page(is_signed_in: bool, code: &'static Code) -> String {
        let clock = ManualClock::new(Timestamp::from_millis(0));
        of(RequestId::new(&clock), is_signed_in, &Problem::new(code).detail("<script>"))
    }

    #[test]
    fn who_is_signed_in_is_sent_to_prove_it_again_and_not_to_the_door() {
        for is_signed_in in [true, false] {
            let page = page(is_signed_in, &policy::AUTH_STEP_UP);

            assert!(page.contains("href=\"/staff/step-up\"") && !page.contains(SIGN_IN), "{page}");
        }
    }

    #[test]
    fn who_is_signed_in_is_led_back_and_not_to_the_door() {
        let page = page(true, &ODD);

        assert!(page.contains("href=\"/staff\"") && !page.contains(SIGN_IN), "{page}");
    }

    #[test]
    fn markup_in_a_problem_is_text_on_the_page() {
        let page = page(false, &ODD);

        for tag in ["<script>", "<b>", "<i>"] {
            assert!(!page.contains(tag), "{page}");
        }
        assert!(page.contains("&lt;script&gt;.") && page.contains("req_"), "{page}");
    }
}
