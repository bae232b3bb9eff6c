//! Reads a CSV of two columns (RFC 4180), without its heading.

/// Id and text of each row; runs of white space in a text become one space.
pub(super) fn rows(csv: &str) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut cells, '"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            '\n' if !is_quoted => take(&mut rows, std::mem::take(&mut cells), &mut cells),
            _ => push(&mut cells, c),
        }
    }
    take(&mut rows, std::mem::take(&mut cells), &mut cells);
    rows.into_iter().skip(1).collect()
}

fn push(cells: &mut [String], c: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(c);
    }
}

fn take(rows: &mut Vec<(String, String)>, done: Vec<String>, next: &mut Vec<String>) {
    next.push(String::new());
    if let [id, text] = done.as_slice() {
        let text: Vec<&str> = text.split_whitespace().collect();
        rows.push((id.trim().to_owned(), text.join(" ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_breaks_are_read() {
        let read = rows("id,description\na,\"one, \"\"two\"\"\nthree\"\r\nb,four\n");

        let expected = [("a", "one, \"two\" three"), ("b", "four")];
        assert_eq!(read, expected.map(|(id, text)| (id.to_owned(), text.to_owned())));
    }
}
