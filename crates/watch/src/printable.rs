//! What callers chose, cut down to what may stand in a record.

/// The printable ASCII characters of `text`, the first `max` of them. Control characters would let
/// a caller write lines of their own into whatever shows the record.
pub(crate) fn printable(text: &str, max: usize) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~')).take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_print_is_left_out_and_the_rest_is_cut() {
        assert_eq!(printable("a\r\n\u{1b}[31mb\u{202e}é\u{7f} c", 64), "a[31mb c");
        assert_eq!(printable(&"x".repeat(300), 256).len(), 256);
    }
}
