//! The best fit of code page 20127 (US-ASCII): the letter that a server shows for one it lacks.

/// The best fit of a code, where the code page has one.
pub(super) fn ascii(code: u16) -> Option<u8> {
    if let 0xff01..=0xff5e = code {
        return Some(super::digits::low_byte(code));
    }
    let run = RUNS.partition_point(|(first, _)| *first <= code).checked_sub(1)?;
    let (first, letters) = RUNS.get(run)?;
    letters.get(usize::from(code - first)).copied()
}

/// Runs of codes, by the first of each; the full-width forms are not among them.
const RUNS: &[(u16, &[u8])] = &[
    (0x00a0, b" !c"),
    (0x00a4, b"$Y|"),
    (0x00a9, b"Ca<"),
    (0x00ad, b"-R"),
    (0x00b2, b"23"),
    (0x00b7, b".,1o>"),
    (0x00c0, b"AAAAAAACEEEEIIIIDNOOOOO"),
    (0x00d8, b"OUUUUY"),
    (0x00e0, b"aaaaaaaceeeeiiii"),
    (0x00f1, b"nooooo"),
    (0x00f8, b"ouuuuy"),
    (0x00ff, b"yAaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi"),
    (0x0134, b"JjKk"),
    (0x0139, b"LlLlLl"),
    (0x0141, b"LlNnNnNn"),
    (0x014c, b"OoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZ"),
    (0x017b, b"ZzZz"),
    (0x0180, b"b"),
    (0x0189, b"D"),
    (0x0191, b"Ff"),
    (0x0197, b"I"),
    (0x019a, b"l"),
    (0x019f, b"OOo"),
    (0x01ab, b"t"),
    (0x01ae, b"TUu"),
    (0x01b6, b"z"),
    (0x01cd, b"AaIiOoUuUuUuUuUu"),
    (0x01de, b"Aa"),
    (0x01e4, b"GgGgKkOoOo"),
    (0x01f0, b"j"),
    (0x0261, b"g"),
    (0x02b9, b"'\""),
    (0x02bc, b"'"),
    (0x02c4, b"^"),
    (0x02c6, b"^"),
    (0x02c8, b"'"),
    (0x02cb, b"`"),
    (0x02cd, b"_"),
    (0x02dc, b"~"),
    (0x0300, b"`"),
    (0x0302, b"^~"),
    (0x030e, b"\""),
    (0x0331, b"__"),
    (0x2000, b"       "),
    (0x2010, b"--"),
    (0x2013, b"--"),
    (0x2018, b"'',"),
    (0x201c, b"\"\"\""),
    (0x2022, b"."),
    (0x2026, b"."),
    (0x2032, b"'"),
    (0x2035, b"`"),
    (0x2039, b"<>"),
    (0x2122, b"T"),
];
