//! Requests from a small grammar: ordinary ones, with an attack in some place of some of them.

use super::super::{corpus::Corpus, random::Random};

/// One request, as it would go over the wire.
pub(in super::super) struct Request {
    pub(super) method: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) protocol: Vec<u8>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Nothing but a target.
    #[cfg(test)]
    pub(super) fn get(target: &[u8]) -> Self {
        let [method, protocol] = [b"GET".to_vec(), b"HTTP/1.1".to_vec()];
        Self { method, target: target.to_vec(), protocol, headers: Vec::new(), body: Vec::new() }
    }

    /// The request in one short line.
    pub(super) fn told(&self) -> String {
        let headers =
            self.headers.iter().skip(2).flat_map(|(name, value)| {
                [b" ".as_slice(), name.as_slice(), b": ", value.as_slice()]
            });
        let parts = [self.method.as_slice(), b" ", &self.target].into_iter();
        let all = parts.chain(headers).chain([b" ".as_slice(), &self.body]);
        format!("`{}`", all.flatten().copied().collect::<Vec<u8>>().escape_ascii())
    }
}

/// Where values come from.
struct Source<'a> {
    corpus: &'a Corpus,
    random: &'a mut Random,
    /// Of a hundred values so many are attacks or mutations.
    evil_percent: usize,
}

pub(super) fn request(corpus: &Corpus, random: &mut Random) -> Request {
    let evil_percent = [0, 10, 40].get(random.below(3)).copied().unwrap_or(0);
    let mut source = Source { corpus, random, evil_percent };
    let (content, body) = source.body();
    let mut target = source.path();
    if source.random.percent(if body.is_empty() { 80 } else { 25 }) {
        target.push(b'?');
        target.extend(source.pairs());
    }
    let method = source.method(!body.is_empty());
    let headers = source.headers(content, &body);
    Request { method, target, protocol: b"HTTP/1.1".to_vec(), headers, body }
}

/// A body's content type, and the body.
type Content = (Option<Vec<u8>>, Vec<u8>);

impl Source<'_> {
    fn word(&mut self, words: &[&str]) -> Vec<u8> {
        self.random.pick(words).map_or_else(Vec::new, |word| word.as_bytes().to_vec())
    }

    fn value(&mut self) -> Vec<u8> {
        let is_evil = self.random.percent(self.evil_percent);
        match self.random.below(2) {
            _ if !is_evil => self.ordinary(),
            0 => self.corpus.seed(self.random),
            _ => self.corpus.mutated(self.random),
        }
    }

    fn ordinary(&mut self) -> Vec<u8> {
        match self.random.below(6) {
            0 => self.random.below(100_000).to_string().into_bytes(),
            1 => format!("2024-0{}-1{}T10:00:00Z", self.random.below(9) + 1, self.random.below(9))
                .into_bytes(),
            2 => format!("{:08x}-6f2b-4c6e-9a8e-0d8e5b9d7c11", self.random.below(1 << 30))
                .into_bytes(),
            3 | 4 => self.word(WORDS),
            _ => {
                let count = 2 + self.random.below(12);
                let words: Vec<Vec<u8>> = (0..count).map(|_| self.word(WORDS)).collect();
                words.join(&b' ')
            }
        }
    }

    fn name(&mut self) -> Vec<u8> {
        if self.random.percent(self.evil_percent / 8) { self.value() } else { self.word(NAMES) }
    }

    fn method(&mut self, has_body: bool) -> Vec<u8> {
        match self.random.below(20) {
            0 => self.word(&["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]),
            _ if has_body => b"POST".to_vec(),
            _ => b"GET".to_vec(),
        }
    }

    fn path(&mut self) -> Vec<u8> {
        let mut path = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            path.push(b'/');
            let segment = match self.random.percent(self.evil_percent / 4) {
                true => self.value(),
                false => self.word(NAMES),
            };
            path.extend(percent_encoded(&segment, Style::Needed));
        }
        path
    }

    /// `name=value&…`, encoded in one of several styles.
    fn pairs(&mut self) -> Vec<u8> {
        let mut pairs: Vec<Vec<u8>> = Vec::new();
        for _ in 0..1 + self.random.below(6) {
            let style = STYLES.get(self.random.below(STYLES.len())).copied();
            let style = style.unwrap_or(Style::Needed);
            let name = percent_encoded(&self.name(), Style::Needed);
            let value = percent_encoded(&self.value(), style);
            pairs.push([name, value].join(&b'='));
        }
        pairs.join(&b'&')
    }

    fn body(&mut self) -> Content {
        match self.random.below(10) {
            0..4 => (None, Vec::new()),
            4..6 => (Some(b"application/x-www-form-urlencoded".to_vec()), self.pairs()),
            6..8 => {
                let content = self.word(&["application/json", "application/json; charset=utf-8"]);
                let mut body = Vec::new();
                self.json(&mut body, 3);
                (Some(content), body)
            }
            8 => (Some(b"multipart/form-data; boundary=b0unD4ry".to_vec()), self.multipart()),
            _ => (Some(self.word(&["text/xml", "application/xml"])), self.xml()),
        }
    }

    fn json(&mut self, body: &mut Vec<u8>, depth: usize) {
        match self.random.below(if depth == 3 { 2 } else { 5 }) {
            shape @ (0 | 1) if depth > 0 => {
                body.push(if shape == 0 { b'{' } else { b'[' });
                for place in 0..1 + self.random.below(4) {
                    if place > 0 {
                        body.push(b',');
                    }
                    if shape == 0 {
                        let name = self.name();
                        body.extend(json_string(&name));
                        body.push(b':');
                    }
                    self.json(body, depth - 1);
                }
                body.push(if shape == 0 { b'}' } else { b']' });
            }
            2 => body.extend(self.word(&["0", "-12", "3.5", "1e6", "true", "false", "null"])),
            _ => {
                let value = self.value();
                body.extend(json_string(&value));
            }
        }
    }

    fn multipart(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let name = quoted(&self.name());
            body.extend(b"--b0unD4ry\r\nContent-Disposition: form-data; name=\"");
            body.extend(name);
            body.push(b'"');
            if self.random.percent(30) {
                let file = match self.random.percent(self.evil_percent) {
                    true => quoted(&self.value()),
                    false => self.word(&["cv.pdf", "photo.png", "letter of reference.docx"]),
                };
                body.extend(b"; filename=\"");
                body.extend(file);
                body.extend(b"\"\r\nContent-Type: application/octet-stream");
            }
            body.extend(b"\r\n\r\n");
            body.extend(self.value());
            body.extend(b"\r\n");
        }
        body.extend(b"--b0unD4ry--\r\n");
        body
    }

    fn xml(&mut self) -> Vec<u8> {
        let mut body = b"<?xml version=\"1.0\"?><root>".to_vec();
        for _ in 0..1 + self.random.below(4) {
            body.extend(b"<item kind=\"");
            body.extend(xml_text(&self.value()));
            body.extend(b"\">");
            body.extend(xml_text(&self.value()));
            body.extend(b"</item>");
        }
        body.extend(b"</root>");
        body
    }

    fn headers(&mut self, content: Option<Vec<u8>>, body: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut headers = vec![(b"Host".to_vec(), b"api.example.org".to_vec())];
        let agent = match self.random.percent(self.evil_percent / 8) {
            true => header_value(&self.value()),
            false => self.word(&["Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", "curl/8.9.1"]),
        };
        headers.push((b"User-Agent".to_vec(), agent));
        headers.push((b"Accept".to_vec(), b"*/*".to_vec()));
        for name in ["Referer", "X-Forwarded-For", "Authorization", "Accept-Language"] {
            if self.random.percent(15) {
                let value = header_value(&self.value());
                headers.push((name.as_bytes().to_vec(), value));
            }
        }
        if self.random.percent(25) {
            let name = percent_encoded(&self.name(), Style::Needed);
            let value = percent_encoded(&self.value(), Style::Needed);
            headers.push((b"Cookie".to_vec(), [name, value].join(&b'=')));
        }
        if let Some(content) = content {
            headers.push((b"Content-Type".to_vec(), content));
            headers.push((b"Content-Length".to_vec(), body.len().to_string().into_bytes()));
        }
        headers
    }
}

/// How much of a value is percent-encoded.
#[derive(Clone, Copy)]
enum Style {
    /// What would end the value.
    Needed,
    /// All but letters and digits.
    Usual,
    /// Everything.
    All,
    /// The usual, and that again.
    Twice,
}

const STYLES: &[Style] =
    &[Style::Needed, Style::Usual, Style::Usual, Style::Usual, Style::All, Style::Twice];

fn percent_encoded(value: &[u8], style: Style) -> Vec<u8> {
    let stays = |byte: u8| match style {
        Style::Needed => byte.is_ascii_graphic() && !b"&#%+?".contains(&byte),
        Style::Usual | Style::Twice => byte.is_ascii_alphanumeric() || b"-._~".contains(&byte),
        Style::All => false,
    };
    let mut out = Vec::new();
    for &byte in value {
        match byte {
            b' ' if matches!(style, Style::Usual) => out.push(b'+'),
            _ if stays(byte) => out.push(byte),
            _ => out.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    match style {
        Style::Twice => percent_encoded(&out, Style::Usual),
        _ => out,
    }
}

fn json_string(value: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&String::from_utf8_lossy(value)).unwrap_or_default()
}

/// Text that an XML document may hold.
fn xml_text(value: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    let mut out = String::new();
    for letter in text.chars().filter(|letter| *letter >= ' ' || "\t\n".contains(*letter)) {
        match letter {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(letter),
        }
    }
    out.into_bytes()
}

/// Without what would end a quoted parameter.
fn quoted(value: &[u8]) -> Vec<u8> {
    header_value(value).into_iter().filter(|byte| !b"\"\\".contains(byte)).collect()
}

/// Without what would end a header field.
fn header_value(value: &[u8]) -> Vec<u8> {
    let text: Vec<u8> =
        value.iter().copied().filter(|byte| *byte >= b' ' && *byte != 0x7f).collect();
    text.trim_ascii().to_vec()
}

const NAMES: &[&str] = &[
    "id",
    "name",
    "page",
    "q",
    "first_name",
    "job",
    "from",
    "to",
    "sort",
    "filter",
    "status",
    "items",
    "description",
    "email",
    "token",
    "redirect",
    "file",
    "lang",
    "v1",
    "contracts",
    "workers",
    "search",
];

const WORDS: &[&str] = &[
    "Anna",
    "O'Brien",
    "Select",
    "committee",
    "union",
    "members",
    "and",
    "or",
    "drop-in",
    "table",
    "from",
    "Zürich",
    "Łódź",
    "forklift",
    "operator",
    "(m/f/d)",
    "shift",
    "10:00-18:00",
    "€ 14.50",
    "per",
    "hour;",
    "C++",
    "R&D",
    "<3",
    "50%",
    "#1",
    "a=b",
    "node.js",
    "e-mail:",
    "mara@example.org",
    "https://example.org/a?b=c",
    "order",
    "by",
    "where",
    "script",
    "sleep",
    "null",
    "true",
    "東京",
    "\"quoted\"",
    "it's",
    "--",
    "...",
    "/",
    "system",
    "exec",
    "cat",
    "ls",
    "cmd",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_encode_more_and_more() {
        assert_eq!(percent_encoded(b"a b&c", Style::Needed), b"a%20b%26c");
        assert_eq!(percent_encoded(b"a b<", Style::Usual), b"a+b%3C");
        assert_eq!(percent_encoded(b"a<", Style::All), b"%61%3C");
        assert_eq!(percent_encoded(b"<", Style::Twice), b"%253C");
    }

    #[test]
    fn texts_stay_within_their_document() {
        assert_eq!(json_string(b"a\"b"), b"\"a\\\"b\"");
        assert_eq!(xml_text(b"<a&\"\0"), b"&lt;a&amp;&quot;");
        assert_eq!(quoted(b"a\"b\r\n"), b"ab");
    }
}
