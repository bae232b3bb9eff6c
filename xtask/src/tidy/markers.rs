//! Nothing is left for later: no markers, no forgotten tools, no ignored tests; nothing sleeps.

use super::{Finding, Tree, source::Word, tree::File};

const RULE: &str = "markers";
const MARKERS: &[&str] = &["TODO", "FIXME", "HACK", "XXX"];
/// Kinds of files whose whole text is looked at; Rust is looked at without its string literals.
const TEXTS: &[&str] =
    &["toml", "py", "mjs", "js", "ts", "sql", "cedar", "cedarschema", "sh", "yml", "yaml", "html"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        let extension = file.path().rsplit_once('.').map_or("", |(_, extension)| extension);
        if TEXTS.contains(&extension) {
            findings.extend(left_over(file, file.text()));
        }
        // What does not parse is a finding of `lengths`.
        let Some(Ok(source)) = (extension == "rs").then(|| file.source()) else { continue };
        findings.extend(left_over(file, source.spoken()));
        findings.extend(forgotten(file, source.words()));
    }
    findings
}

fn left_over(file: &File, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        findings.extend(words.filter(|word| MARKERS.contains(word)).map(|word| {
            Finding::new(file.path(), index + 1, RULE, format!("`{word}`: do it or file it"))
        }));
    }
    findings
}

fn forgotten(file: &File, words: &[Word]) -> Vec<Finding> {
    let is_bench = file.path().contains("/benches/");
    let mut findings = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let is_followed_by =
            |text: &str| words.get(index + 1).is_some_and(|follower| follower.text == text);
        let is_after_hash = index.checked_sub(1).and_then(|before| words.get(before));
        let message = match word.text.as_str() {
            "dbg" | "todo" if is_followed_by("!") => "a macro that is not for keeping",
            "ignore" if is_after_hash.is_some_and(|word| word.text == "#") => {
                "a test runs or does not exist"
            }
            "sleep" if !is_bench => "nothing sleeps: wait for what you wait for, or use a timer",
            _ => continue,
        };
        findings.push(Finding::new(
            file.path(),
            word.line,
            RULE,
            format!("`{}`: {message}", word.text),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_in_comments_are_found() {
        let tree = Tree::sample(&[
            ("a.rs", "//! A.\n// TODO: later\nfn a() {} /* FIXME */"),
            ("b.toml", "# HACK around it\n"),
        ]);

        let lines: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        assert_eq!(
            lines,
            [
                "a.rs:2: markers: `TODO`: do it or file it",
                "a.rs:3: markers: `FIXME`: do it or file it",
                "b.toml:1: markers: `HACK`: do it or file it",
            ]
        );
    }

    #[test]
    fn forgotten_tools_and_sleep_are_found() {
        let text = "fn a() { dbg!(1); x!(todo!()); std::thread::sleep(d); }\n\
                    use tokio::time::{sleep, timeout};\n#[ignore = \"slow\"]\nfn b() {}";
        let tree = Tree::sample(&[("a.rs", text)]);

        let lines: Vec<usize> = check(&tree).iter().map(|finding| finding.line).collect();

        assert_eq!(lines, [1, 1, 1, 2, 3]);
    }

    #[test]
    fn strings_longer_words_and_benches_are_silent() {
        let tree = Tree::sample(&[
            ("a.rs", "fn a() { b(\"TODO dbg! sleep\"); sleep_until(ignore); TODOS; }"),
            ("a/benches/b.rs", "fn a() { sleep(1) }"),
            ("a.md", "TODO"),
        ]);

        assert_eq!(check(&tree), []);
    }
}
