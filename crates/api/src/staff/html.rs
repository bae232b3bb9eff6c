//! HTML of the pages. Every text is escaped; there is no inline style, and one script at most.

use kernel::html::escape;

/// A page with this title and content. One that reports a mistake says so in its title, which is
/// what a screen reader reads first.
pub(super) fn page(title: &str, has_error: bool, body: &str) -> String {
    let mark = if has_error { "Error: " } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>{mark}{title} · Ringwall</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\">\
         <link rel=\"stylesheet\" href=\"/staff/style.css\"></head>\
         <body><main><p class=\"brand\">Ringwall</p><h1>{title}</h1>{body}</main></body></html>\n",
        title = escape(title),
    )
}

/// What went wrong, above the form. It takes the focus, so that nobody has to look for it.
pub(super) fn alert(messages: &[String]) -> String {
    let lines: String = messages.iter().map(|text| format!("<p>{}</p>", escape(text))).collect();
    match messages.is_empty() {
        true => String::new(),
        false => {
            format!("<div class=\"alert\" role=\"alert\" tabindex=\"-1\" autofocus>{lines}</div>")
        }
    }
}

/// A form that is sent to one of our operations.
pub(super) fn form(action: &str, token: &str, fields: &str, button: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"form\" \
         value=\"{token}\">{fields}<button>{}</button></form>",
        escape(button)
    )
}

/// The one script that pages have, as it is: the policy names its hash, so no other one runs.
pub(super) fn script() -> String {
    format!("<script>{SCRIPT}</script>")
}

/// What a browser brings back as it was.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
}

/// A labelled field, with a hint that belongs to it. `attributes` are ours, never a caller's.
pub(super) fn field(name: &str, label: &str, attributes: &str, hint: &str) -> String {
    let (described, hint) = match hint.is_empty() {
        true => (String::new(), String::new()),
        false => (
            format!(" aria-describedby=\"{name}-hint\""),
            format!("<p class=\"hint\" id=\"{name}-hint\">{}</p>", escape(hint)),
        ),
    };
    format!(
        "<div class=\"field\"><label for=\"{name}\">{}</label>{hint}\
         <input id=\"{name}\" name=\"{name}\" required {attributes}{described}></div>",
        escape(label)
    )
}

/// See [`script`].
pub(super) const SCRIPT: &str = include_str!("passkeys/passkeys.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_is_text_on_the_page() {
        let odd = "<b onclick=\"x\">'&";
        let all = [
            page(odd, false, ""),
            alert(&[odd.to_owned()]),
            field("f", odd, "", odd),
            form("/x", "t", "", odd),
            hidden("h", odd),
        ];

        for text in all {
            assert!(!text.contains("<b ") && !text.contains("onclick=\"x\""), "{text}");
        }
    }

    #[test]
    fn without_a_mistake_there_is_no_alert() {
        assert_eq!(alert(&[]), "");
    }
}
