//! Folds tokens: what does not change the shape of a statement is taken out, until five are left.

mod pairs;
mod triples;

use super::lexer::Lexer;
use super::token::{Kind, Token};

/// How many tokens a fingerprint has at most.
const TOKENS_MAX: usize = 5;

/// The tokens that are left.
pub(super) struct Folded<'a> {
    tokens: [Token<'a>; TOKENS_MAX],
    kinds: [Kind; TOKENS_MAX],
    count: usize,
    /// How many tokens were read, folded ones and comments too.
    pub(super) tokens_read: usize,
    /// A comment was met that only one of the dialects has.
    pub(super) has_dialect_comment: bool,
}

impl<'a> Folded<'a> {
    /// Their kinds, which make the fingerprint.
    pub(super) fn kinds(&self) -> &[Kind] {
        self.kinds.get(..self.count).unwrap_or_default()
    }

    /// The first three tokens; empty ones where there are fewer.
    pub(super) fn first_three(&self) -> [Token<'a>; 3] {
        let [first, second, third, ..] = self.tokens;
        [first, second, third]
    }
}

/// Reads tokens until the shape of the value is known.
pub(super) fn fold(lexer: Lexer<'_>) -> Folded<'_> {
    let mut fold = Fold {
        lexer,
        tokens: [Token::NOTHING; TOKENS_MAX + 1],
        next: 0,
        left: 0,
        more: true,
        comment: None,
    };
    let count = fold.run();
    fold.finish(count)
}

/// Tokens under way. One more than a fingerprint has, to tell what the last one is.
struct Fold<'a> {
    lexer: Lexer<'a>,
    tokens: [Token<'a>; TOKENS_MAX + 1],
    /// Where the next token goes.
    next: usize,
    /// How many are settled.
    left: usize,
    /// The value has not ended yet.
    more: bool,
    /// The comment read last, if nothing followed it.
    comment: Option<Token<'a>>,
}

/// What a rule did.
enum Turn {
    /// Something changed; begin anew with what there is.
    Again,
    /// Nothing more to do here.
    On,
    /// No two databases read the value alike.
    Evil,
}

impl<'a> Fold<'a> {
    fn run(&mut self) -> usize {
        if !self.skip_opening() {
            return 0;
        }
        loop {
            self.forget_harmless_five();
            if !self.more || self.left >= TOKENS_MAX {
                return self.with_comment(self.next);
            }
            match self.turn() {
                Turn::Again => {}
                Turn::On => self.left += 1,
                Turn::Evil => {
                    self.set(0, Token::new(Kind::Evil, b""));
                    return 1;
                }
            }
        }
    }

    fn turn(&mut self) -> Turn {
        if !self.fill(2) {
            self.left = self.next;
            return Turn::Again;
        }
        match self.pair() {
            Turn::On => {}
            done => return done,
        }
        if !self.fill(3) {
            self.left = self.next;
            return Turn::Again;
        }
        self.triple()
    }

    /// Comments, opening parentheses, types and signs at the beginning say nothing.
    fn skip_opening(&mut self) -> bool {
        while let Some(token) = self.lexer.next() {
            let says_nothing =
                matches!(token.kind, Kind::Comment | Kind::LeftParenthesis | Kind::SqlType);
            if !says_nothing && !token.is_unary() {
                self.set(0, token);
                self.next = 1;
                return true;
            }
        }
        false
    }

    /// Reads until `count` tokens are unsettled. False where the value does not have them.
    fn fill(&mut self, count: usize) -> bool {
        while self.more && self.next <= TOKENS_MAX && self.next < self.left + count {
            match self.lexer.next() {
                None => self.more = false,
                Some(token) if token.kind == Kind::Comment => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    self.set(self.next, token);
                    self.next += 1;
                }
            }
        }
        self.next >= self.left + count
    }

    /// Arithmetic in parentheses keeps only its first operand.
    fn forget_harmless_five(&mut self) {
        use Kind::{Bareword, Comma, LeftParenthesis, Number, Operator, RightParenthesis};
        if self.next < TOKENS_MAX {
            return;
        }
        let [a, b, c, d, e, last] = self.tokens;
        let is_harmless = matches!(
            (a.kind, b.kind, c.kind, d.kind, e.kind),
            (Number, Operator | Comma, LeftParenthesis, Number, RightParenthesis)
                | (Bareword, Operator, LeftParenthesis, Bareword | Number, RightParenthesis)
                | (Number, RightParenthesis, Comma, LeftParenthesis, Number)
                | (Bareword, RightParenthesis, Operator, LeftParenthesis, Bareword)
        );
        if is_harmless {
            let has_sixth = self.next > TOKENS_MAX;
            if has_sixth {
                self.set(1, last);
            }
            self.next = if has_sixth { 2 } else { 1 };
            self.left = 0;
        }
    }

    /// A comment at the end counts where there is room for it.
    fn with_comment(&mut self, count: usize) -> usize {
        match self.comment {
            Some(comment) if count < TOKENS_MAX => {
                self.set(count, comment);
                count + 1
            }
            _ => count.min(TOKENS_MAX),
        }
    }

    fn finish(self, mut count: usize) -> Folded<'a> {
        let [a, b, c, d, e, _] = self.tokens;
        let mut tokens = [a, b, c, d, e];
        count = count.min(TOKENS_MAX);
        if let Some([.., last]) = tokens.get_mut(..count)
            && count > 2
            && is_open_tick(last)
        {
            // PHP's magic: an open tick at the end comments the rest out.
            last.kind = Kind::Comment;
        }
        if tokens.iter().take(count).any(|token| token.kind == Kind::Evil) {
            tokens = [Token::NOTHING; TOKENS_MAX];
            tokens[0].kind = Kind::Evil;
            count = 1;
        }
        Folded {
            tokens,
            kinds: tokens.map(|token| token.kind),
            count,
            tokens_read: self.lexer.tokens_read,
            has_dialect_comment: self.lexer.has_dialect_comment,
        }
    }

    fn at(&self, place: usize) -> Token<'a> {
        self.tokens.get(place).copied().unwrap_or(Token::NOTHING)
    }

    fn set(&mut self, place: usize, token: Token<'a>) {
        if let Some(slot) = self.tokens.get_mut(place) {
            *slot = token;
        }
    }

    /// Takes the last tokens away and begins at the first.
    fn drop_last(&mut self, count: usize) -> Turn {
        self.next = self.next.saturating_sub(count);
        self.left = 0;
        Turn::Again
    }

    /// Takes the last token away and goes one back.
    fn drop_last_and_step_back(&mut self) -> Turn {
        self.next = self.next.saturating_sub(1);
        self.left = self.left.saturating_sub(1);
        Turn::Again
    }
}

fn is_open_tick(token: &Token<'_>) -> bool {
    token.kind == Kind::Bareword && token.open == b'`' && token.close == 0 && token.text.is_empty()
}
