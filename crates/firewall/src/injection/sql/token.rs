//! Tokens of SQL.

/// What a token is, for the grammar of attacks. The letters are those of the fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// No token, or one that databases skip.
    Nothing = 0,
    Bareword = b'n',
    Number = b'1',
    String = b's',
    Variable = b'v',
    Keyword = b'k',
    Union = b'U',
    /// `LIMIT`, `GROUP BY` and their kin.
    Group = b'B',
    /// What begins an expression, such as `SELECT`.
    Expression = b'E',
    SqlType = b't',
    Function = b'f',
    Operator = b'o',
    LogicOperator = b'&',
    Comment = b'c',
    Collate = b'A',
    /// What begins a statement in Transact-SQL.
    TransactSql = b'T',
    LeftParenthesis = b'(',
    RightParenthesis = b')',
    LeftBrace = b'{',
    RightBrace = b'}',
    Dot = b'.',
    Comma = b',',
    Colon = b':',
    Semicolon = b';',
    Backslash = b'\\',
    Unknown = b'?',
    /// What no two databases read alike; always an attack.
    Evil = b'X',
}

impl Kind {
    pub(super) const fn letter(self) -> u8 {
        self as u8
    }

    /// The kind that a letter of the word table stands for.
    pub(super) const fn of_word(letter: u8) -> Self {
        match letter {
            b'&' => Self::LogicOperator,
            b'1' => Self::Number,
            b'A' => Self::Collate,
            b'B' => Self::Group,
            b'E' => Self::Expression,
            b'T' => Self::TransactSql,
            b'U' => Self::Union,
            b'f' => Self::Function,
            b'k' => Self::Keyword,
            b'n' => Self::Bareword,
            b'o' => Self::Operator,
            b't' => Self::SqlType,
            b'v' => Self::Variable,
            _ => Self::Nothing,
        }
    }

    /// A value: number, name, string or variable.
    pub(super) fn is_value(self) -> bool {
        matches!(self, Self::Number | Self::Bareword | Self::String | Self::Variable)
    }
}

/// One token: its kind, the beginning of its text, and for strings which quotes it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a [u8],
    /// The opening quote; 0 where there is none.
    pub(super) open: u8,
    /// The closing quote; 0 where there is none.
    pub(super) close: u8,
}

/// Longer texts are cut: no word is as long.
pub(super) const TEXT_MAX: usize = 31;

impl<'a> Token<'a> {
    pub(super) const NOTHING: Self = Self { kind: Kind::Nothing, text: b"", open: 0, close: 0 };

    pub(super) fn new(kind: Kind, text: &'a [u8]) -> Self {
        let text = text.get(..TEXT_MAX).unwrap_or(text);
        Self { kind, text, open: 0, close: 0 }
    }

    pub(super) fn quoted(text: &'a [u8], open: u8, close: u8) -> Self {
        Self { open, close, ..Self::new(Kind::String, text) }
    }

    /// The same token as another kind.
    pub(super) fn as_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    pub(super) fn is_arithmetic(&self) -> bool {
        self.kind == Kind::Operator && matches!(self.text, [b'*' | b'/' | b'-' | b'+' | b'%'])
    }

    pub(super) fn is_unary(&self) -> bool {
        self.kind == Kind::Operator
            && (matches!(self.text, [b'+' | b'-' | b'!' | b'~'] | [b'!', b'!'])
                || self.is_word("NOT"))
    }
}
