//! The README's shell blocks, so that what it promises is run and not believed.

/// The line before a block that is to be run.
pub(crate) const MARK: &str = "<!-- ci:readme -->";

/// The text of every marked `sh` block, in order, as one script.
pub(crate) fn script(readme: &str) -> Option<String> {
    let mut script = String::new();
    let mut lines = readme.lines();
    let mut is_marked = false;
    while let Some(line) = lines.next() {
        if is_marked && line.trim() == "```sh" {
            lines.by_ref().take_while(|line| line.trim() != "```").for_each(|line| {
                script.push_str(line);
                script.push('\n');
            });
        }
        // Blank lines may stand between the mark and its block.
        is_marked = line.trim() == MARK || (is_marked && line.trim().is_empty());
    }
    (!script.is_empty()).then_some(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmarked_blocks_are_left_alone() {
        let readme = "```sh\nrm -rf x\n```\n<!-- ci:readme -->\nprose\n```sh\nalso not\n```\n";

        assert_eq!(script(readme), None);
    }

    #[test]
    fn marked_blocks_are_joined() {
        let readme =
            "<!-- ci:readme -->\n```sh\na\nb\n```\ntext\n<!-- ci:readme -->\n\n```sh\nc\n```\n";

        assert_eq!(script(readme).as_deref(), Some("a\nb\nc\n"));
    }
}
