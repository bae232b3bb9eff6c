//! Reads HTML as browsers do, old ones too (HTML 5 §12.2.4 with their known errors).

use memchr::{memchr, memmem};

/// Where the value is thought to stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Between tags.
    Text,
    /// In a tag, where an attribute may begin.
    Tag,
    /// In the quoted value of an attribute.
    Quoted(u8),
}

/// What a token is. Texts and the ends of tags are `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Other,
    Tag,
    AttributeName,
    AttributeValue,
    Comment,
    Doctype,
}

#[derive(Clone, Copy)]
enum State {
    End,
    Text,
    TagOpen,
    EndTagOpen,
    TagName,
    TagEnd,
    SelfClosing,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
    AfterQuoted,
    Declaration,
    Comment,
    BogusComment,
    PercentComment,
    Data,
    Doctype,
}

/// What one step of the machine gave.
enum Step<'a> {
    Token(Sort, &'a [u8]),
    Go(State),
    End,
}

/// The tokens of a value.
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
    state: State,
    is_end_tag: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(value: &'a [u8], place: Place) -> Self {
        let state = match place {
            Place::Text => State::Text,
            Place::Tag => State::BeforeName,
            Place::Quoted(quote) => State::Quoted(quote),
        };
        Self { rest: value, state, is_end_tag: false }
    }

    /// The next token with its text.
    pub(super) fn next(&mut self) -> Option<(Sort, &'a [u8])> {
        loop {
            match self.step() {
                Step::Token(sort, text) => return Some((sort, text)),
                Step::Go(state) => self.state = state,
                Step::End => {
                    self.state = State::End;
                    return None;
                }
            }
        }
    }

    fn step(&mut self) -> Step<'a> {
        match self.state {
            State::End => Step::End,
            State::Text => self.text(),
            State::TagOpen => self.tag_open(),
            State::EndTagOpen => self.end_tag_open(),
            State::TagName => self.tag_name(),
            State::TagEnd => self.tag_end(),
            State::SelfClosing => self.self_closing(),
            State::BeforeName => self.before_name(),
            State::Name => self.name(),
            State::AfterName => self.after_name(),
            State::BeforeValue => self.before_value(),
            State::Quoted(quote) => {
                self.until(memchr(quote, self.rest), 1, Sort::AttributeValue, State::AfterQuoted)
            }
            State::Unquoted => self.unquoted(),
            State::AfterQuoted => self.after_quoted(),
            State::Declaration => self.declaration(),
            State::Comment => self.comment(),
            State::BogusComment => {
                self.until(memchr(b'>', self.rest), 1, Sort::Comment, State::Text)
            }
            State::PercentComment => {
                self.until(memmem::find(self.rest, b"%>"), 2, Sort::Comment, State::Text)
            }
            State::Data => self.until(memmem::find(self.rest, b"]]>"), 3, Sort::Other, State::Text),
            State::Doctype => self.until(memchr(b'>', self.rest), 1, Sort::Doctype, State::Text),
        }
    }

    /// A token up to `at`, behind which an end of `skip` bytes leads to `then`; all the rest where
    /// there is no end.
    fn until(&mut self, at: Option<usize>, skip: usize, sort: Sort, then: State) -> Step<'a> {
        let (text, end) = self.rest.split_at(at.unwrap_or(self.rest.len()));
        self.rest = end.get(skip..).unwrap_or_default();
        self.state = if at.is_some() { then } else { State::End };
        Step::Token(sort, text)
    }

    /// Goes on behind the first byte.
    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn skip_white(&mut self) {
        let start = self.rest.iter().position(|byte| !is_white(*byte));
        self.rest = self.rest.split_at(start.unwrap_or(self.rest.len())).1;
    }

    fn go_behind(&mut self, state: State) -> Step<'a> {
        self.skip();
        Step::Go(state)
    }

    fn text(&mut self) -> Step<'a> {
        if self.rest.is_empty() {
            return Step::End;
        }
        self.until(memchr(b'<', self.rest), 1, Sort::Other, State::TagOpen)
    }

    fn tag_open(&mut self) -> Step<'a> {
        match self.rest {
            [] => Step::End,
            [b'!', ..] => self.go_behind(State::Declaration),
            [b'?', ..] => self.go_behind(State::BogusComment),
            // Not in the standard: Internet Explorer up to 9, Safari up to 4.
            [b'%', ..] => self.go_behind(State::PercentComment),
            [b'/', ..] => {
                self.is_end_tag = true;
                self.go_behind(State::EndTagOpen)
            }
            [letter, ..] if letter.is_ascii_alphabetic() || *letter == 0 => {
                Step::Go(State::TagName)
            }
            _ => Step::Go(State::Text),
        }
    }

    fn end_tag_open(&mut self) -> Step<'a> {
        match self.rest {
            [] => Step::End,
            [b'>', ..] => Step::Go(State::Text),
            [letter, ..] if letter.is_ascii_alphabetic() => Step::Go(State::TagName),
            _ => {
                self.is_end_tag = false;
                Step::Go(State::BogusComment)
            }
        }
    }

    fn tag_name(&mut self) -> Step<'a> {
        // A NUL is part of the name for old browsers.
        let ends = |byte: &u8| *byte != 0 && is_white(*byte) || matches!(byte, b'/' | b'>');
        let at = self.rest.iter().position(ends);
        match at.and_then(|at| self.rest.get(at)) {
            Some(b'/') => self.until(at, 1, Sort::Tag, State::SelfClosing),
            Some(b'>') if self.is_end_tag => {
                self.is_end_tag = false;
                self.until(at, 1, Sort::Other, State::Text)
            }
            Some(b'>') => self.until(at, 0, Sort::Tag, State::TagEnd),
            _ => self.until(at, 1, Sort::Tag, State::BeforeName),
        }
    }

    /// At the `>` of a tag.
    fn tag_end(&mut self) -> Step<'a> {
        self.is_end_tag = false;
        self.skip();
        self.state = State::Text;
        Step::Token(Sort::Other, b"")
    }

    /// Behind the `/` of a tag.
    fn self_closing(&mut self) -> Step<'a> {
        match self.rest {
            [] => Step::End,
            [b'>', ..] => {
                self.skip();
                self.state = State::Text;
                Step::Token(Sort::Other, b"")
            }
            _ => Step::Go(State::BeforeName),
        }
    }

    fn before_name(&mut self) -> Step<'a> {
        self.skip_white();
        match self.rest {
            [] => Step::End,
            [b'/', ..] => self.go_behind(State::SelfClosing),
            [b'>', ..] => {
                self.skip();
                self.state = State::Text;
                Step::Token(Sort::Other, b"")
            }
            _ => Step::Go(State::Name),
        }
    }

    /// The first byte belongs to the name, whatever it is.
    fn name(&mut self) -> Step<'a> {
        let ends = |byte: &u8| is_white(*byte) || matches!(byte, b'/' | b'=' | b'>');
        let tail = self.rest.get(1..).unwrap_or_default();
        let at = tail.iter().position(ends).map(|at| at + 1);
        let (skip, then) = match at.and_then(|at| self.rest.get(at)) {
            Some(b'/') => (1, State::SelfClosing),
            Some(b'=') => (1, State::BeforeValue),
            Some(b'>') => (0, State::TagEnd),
            _ => (1, State::AfterName),
        };
        self.until(at, skip, Sort::AttributeName, then)
    }

    fn after_name(&mut self) -> Step<'a> {
        self.skip_white();
        match self.rest {
            [] => Step::End,
            [b'/', ..] => self.go_behind(State::SelfClosing),
            [b'=', ..] => self.go_behind(State::BeforeValue),
            [b'>', ..] => Step::Go(State::TagEnd),
            _ => Step::Go(State::Name),
        }
    }

    fn before_value(&mut self) -> Step<'a> {
        self.skip_white();
        match self.rest {
            [] => Step::End,
            // Internet Explorer takes ticks for quotes.
            [quote @ (b'"' | b'\'' | b'`'), ..] => self.go_behind(State::Quoted(*quote)),
            _ => Step::Go(State::Unquoted),
        }
    }

    fn unquoted(&mut self) -> Step<'a> {
        let at = self.rest.iter().position(|byte| is_white(*byte) || *byte == b'>');
        match at.and_then(|at| self.rest.get(at)) {
            Some(b'>') => self.until(at, 0, Sort::AttributeValue, State::TagEnd),
            _ => self.until(at, 1, Sort::AttributeValue, State::BeforeName),
        }
    }

    fn after_quoted(&mut self) -> Step<'a> {
        match self.rest {
            [] => Step::End,
            [b'/', ..] => self.go_behind(State::SelfClosing),
            _ => Step::Go(State::BeforeName),
        }
    }

    /// Behind `<!`.
    fn declaration(&mut self) -> Step<'a> {
        let is_doctype =
            self.rest.get(..7).is_some_and(|head| head.eq_ignore_ascii_case(b"DOCTYPE"));
        if is_doctype {
            Step::Go(State::Doctype)
        } else if let Some(rest) = self.rest.strip_prefix(b"[CDATA[") {
            self.rest = rest;
            Step::Go(State::Data)
        } else if let Some(rest) = self.rest.strip_prefix(b"--") {
            self.rest = rest;
            Step::Go(State::Comment)
        } else {
            Step::Go(State::BogusComment)
        }
    }

    /// Ends with `-->` or `-!>`; NUL bytes behind the first dash do not count.
    fn comment(&mut self) -> Step<'a> {
        let dashes = memchr::memchr_iter(b'-', self.rest);
        let ends = dashes.filter_map(|at| Some((at, comment_end(self.rest.get(at + 1..)?)?)));
        match ends.into_iter().next() {
            Some((at, length)) => self.until(Some(at), 1 + length, Sort::Comment, State::Text),
            None => self.until(None, 0, Sort::Comment, State::Text),
        }
    }
}

/// The length of what ends a comment behind its first dash.
fn comment_end(rest: &[u8]) -> Option<usize> {
    let nulls = rest.iter().take_while(|byte| **byte == 0).count();
    match rest.get(nulls..)? {
        [b'-' | b'!', b'>', ..] => Some(nulls + 2),
        _ => None,
    }
}

/// Whitespace of HTML, and the NUL and vertical tab of Internet Explorer.
fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b' ' | b'\t'..=b'\r')
}
