//! A browser in two words, so that people recognise their own sessions.

/// `Firefox on Linux`. Nothing of the text itself is repeated.
#[must_use]
pub fn short_agent(user_agent: &str) -> String {
    let first = |list: &[(&str, &'static str)]| {
        list.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(BROWSERS).unwrap_or("A browser");
    match first(SYSTEMS) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

/// In order: most browsers also claim to be those further down.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_unknown_text_is_repeated() {
        assert_eq!(short_agent("<script>alert(1)</script>"), "A browser");
        assert_eq!(short_agent(""), "A browser");
    }

    #[test]
    fn a_browser_is_not_taken_for_those_that_it_claims_to_be() {
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/130 Safari/537 Edg/130";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/130 Safari/604";

        assert_eq!(short_agent(edge), "Edge on Windows");
        assert_eq!(short_agent(phone), "Chrome on iPhone");
        assert_eq!(short_agent("Mozilla/5.0 (X11; Linux) Firefox/140"), "Firefox on Linux");
    }
}
