//! The rules for three tokens.

use super::super::token::{Kind, Token};
use super::{Fold, Turn};

impl<'a> Fold<'a> {
    /// Tries all rules on the three tokens that are not settled.
    pub(super) fn triple(&mut self) -> Turn {
        let place = self.left;
        let (a, b, c) = (self.at(place), self.at(place + 1), self.at(place + 2));
        if is_one_operand(&a, &b, &c) || is_qualified_name(&a, &b, &c) {
            return self.drop_last(2);
        }
        if is_list_with_sign(&a, &b, &c) {
            self.set(place + 1, c);
            return self.drop_last(3);
        }
        if is_sign_or_dot(&a, &b, &c) {
            self.set(place + 1, c);
            return self.drop_last(1);
        }
        // `USER()` has no arguments; with some it is a name.
        let is_call = a.kind == Kind::Function && b.kind == Kind::LeftParenthesis;
        if is_call && c.kind != Kind::RightParenthesis && a.is_word("USER") {
            self.set(place, a.as_kind(Kind::Bareword));
        }
        Turn::On
    }
}

/// Two operands with an operator, two operators with an operand, lists: the first stands for all.
fn is_one_operand(a: &Token<'_>, b: &Token<'_>, c: &Token<'_>) -> bool {
    use Kind::{
        Bareword, Comma, LeftParenthesis, LogicOperator, Number, Operator, SqlType, Variable,
    };
    match (a.kind, b.kind, c.kind) {
        (Operator, between, Operator) => between != LeftParenthesis,
        (LogicOperator, _, LogicOperator) | (Variable, Operator, Variable) => true,
        (Variable | Bareword | Number, Operator, Number | Bareword) => true,
        (_, Operator, SqlType) => a.kind.is_value() && b.text == b"::",
        (_, Comma, _) => a.kind.is_value() && c.kind.is_value(),
        _ => false,
    }
}

fn is_qualified_name(a: &Token<'_>, b: &Token<'_>, c: &Token<'_>) -> bool {
    matches!((a.kind, b.kind, c.kind), (Kind::Bareword, Kind::Dot, Kind::Bareword))
}

/// `, -1` goes with what stands before it.
fn is_list_with_sign(a: &Token<'_>, b: &Token<'_>, c: &Token<'_>) -> bool {
    a.kind == Kind::Comma && b.is_unary() && c.kind.is_value()
}

/// The middle one says nothing: a sign behind a keyword or a comma, or a dot before a name.
fn is_sign_or_dot(a: &Token<'_>, b: &Token<'_>, c: &Token<'_>) -> bool {
    use Kind::{Bareword, Comma, Dot, Expression, Function, Group, Keyword, LeftParenthesis};
    if let (Expression, Dot, Bareword) = (a.kind, b.kind, c.kind) {
        return true;
    }
    b.is_unary()
        && match c.kind {
            LeftParenthesis => matches!(a.kind, Expression | Group | Comma),
            Function => matches!(a.kind, Keyword | Expression | Group | Comma),
            kind => kind.is_value() && matches!(a.kind, Keyword | Expression | Group),
        }
}
