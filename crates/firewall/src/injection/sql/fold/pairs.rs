//! The rules for two tokens.

use super::super::tables;
use super::super::token::{Kind, TEXT_MAX, Token};
use super::{Fold, Turn};

/// Names that are functions where a parenthesis follows.
const CALLABLE: &[&str] = &[
    "USER_ID",
    "USER_NAME",
    "DATABASE",
    "PASSWORD",
    "USER",
    "CURRENT_USER",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
];

impl<'a> Fold<'a> {
    /// Tries all rules on the two tokens that are not settled.
    pub(super) fn pair(&mut self) -> Turn {
        let (a, b) = (self.at(self.left), self.at(self.left + 1));
        if let Some(turn) = self.drop_repetition(&a, &b) {
            return turn;
        }
        if let Some(merged) = merge(&a, &b) {
            self.set(self.left, merged);
            return self.drop_last_and_step_back();
        }
        if self.rename(&a, &b) {
            return Turn::Again;
        }
        match a.kind {
            Kind::Operator if is_like(&a) => return self.like(&a, &b),
            Kind::Collate if b.kind == Kind::Bareword => return self.collate(&b),
            Kind::SqlType if b.kind.is_value() || is_typed(b.kind) => return self.replace(b),
            Kind::Backslash => return self.backslash(&a, b),
            Kind::LeftBrace if b.kind == Kind::Bareword => return self.brace(&b),
            _ => {}
        }
        match (a.kind, b.kind) {
            (Kind::LeftParenthesis, Kind::LeftParenthesis)
            | (Kind::RightParenthesis, Kind::RightParenthesis)
            | (_, Kind::RightBrace) => self.drop_last(1),
            _ => Turn::On,
        }
    }

    /// Strings and semicolons in a row, and signs and types behind operators and parentheses.
    fn drop_repetition(&mut self, a: &Token<'a>, b: &Token<'a>) -> Option<Turn> {
        Some(match (a.kind, b.kind) {
            (Kind::String, Kind::String) | (Kind::Semicolon, Kind::Semicolon) => {
                self.next = self.next.saturating_sub(1);
                Turn::Again
            }
            (Kind::Operator | Kind::LogicOperator, Kind::SqlType) => self.drop_last(1),
            (Kind::Operator | Kind::LogicOperator, _) if b.is_unary() => self.drop_last(1),
            (Kind::LeftParenthesis, _) if b.is_unary() => self.drop_last_and_step_back(),
            _ => return None,
        })
    }

    /// Words whose kind depends on what follows or precedes them.
    fn rename(&mut self, a: &Token<'a>, b: &Token<'a>) -> bool {
        let has_parenthesis = b.kind == Kind::LeftParenthesis;
        match a.kind {
            // `IF` begins a statement in Transact-SQL and is a function elsewhere.
            Kind::Semicolon if b.kind == Kind::Function && is_if(b) => {
                self.set(self.left + 1, b.as_kind(Kind::TransactSql));
            }
            Kind::Bareword | Kind::Variable
                if has_parenthesis && CALLABLE.iter().any(|word| a.is_word(word)) =>
            {
                self.set(self.left, a.as_kind(Kind::Function));
            }
            Kind::Keyword if a.is_word("IN") || a.is_word("NOT IN") => {
                let kind = if has_parenthesis { Kind::Operator } else { Kind::Bareword };
                self.set(self.left, a.as_kind(kind));
            }
            _ => return false,
        }
        true
    }

    /// `LIKE` is a function where a parenthesis follows.
    fn like(&mut self, a: &Token<'a>, b: &Token<'a>) -> Turn {
        if b.kind == Kind::LeftParenthesis {
            self.set(self.left, a.as_kind(Kind::Function));
        }
        Turn::On
    }

    /// There are too many collations to list; all have an underscore.
    fn collate(&mut self, b: &Token<'a>) -> Turn {
        if b.text.contains(&b'_') {
            self.set(self.left + 1, b.as_kind(Kind::SqlType));
            self.left = 0;
        }
        Turn::On
    }

    /// The first of two tokens goes.
    fn replace(&mut self, b: Token<'a>) -> Turn {
        self.set(self.left, b);
        self.drop_last(1)
    }

    /// Transact-SQL reads `\%1` as `0 % 1`, and `\1` as `1`.
    fn backslash(&mut self, a: &Token<'a>, b: Token<'a>) -> Turn {
        if !b.is_arithmetic() {
            return self.replace(b);
        }
        self.set(self.left, a.as_kind(Kind::Number));
        self.drop_last(0)
    }

    /// ODBC's `{name expression}` is the expression. MySQL's empty name in braces is so strange
    /// that it is evil.
    fn brace(&mut self, b: &Token<'a>) -> Turn {
        if b.text.is_empty() { Turn::Evil } else { self.drop_last(2) }
    }
}

/// What may stand behind a type, besides values.
fn is_typed(kind: Kind) -> bool {
    matches!(kind, Kind::SqlType | Kind::LeftParenthesis | Kind::Function)
}

fn is_if(token: &Token<'_>) -> bool {
    matches!(token.text, [b'i' | b'I', b'f' | b'F', ..])
}

fn is_like(token: &Token<'_>) -> bool {
    token.is_word("LIKE") || token.is_word("NOT LIKE")
}

/// Two words that are one, such as `UNION ALL`.
fn merge<'a>(a: &Token<'a>, b: &Token<'a>) -> Option<Token<'a>> {
    let may_lead = is_mergeable(a.kind);
    let may_follow = is_mergeable(b.kind) || b.kind == Kind::LogicOperator;
    if !may_lead || !may_follow || a.text.len() + b.text.len() >= TEXT_MAX {
        return None;
    }
    let (text, kind) = tables::phrase(a.text, b.text)?;
    Some(Token { kind, text, ..*a })
}

fn is_mergeable(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Keyword
            | Kind::Bareword
            | Kind::Operator
            | Kind::Union
            | Kind::Function
            | Kind::Expression
            | Kind::TransactSql
            | Kind::SqlType
    )
}
