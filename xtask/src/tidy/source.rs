//! One Rust file, parsed: its items, its functions' lengths, its words outside of string literals.

use std::str::FromStr as _;

use proc_macro2::{LineColumn, TokenStream, TokenTree};
use syn::{spanned::Spanned as _, visit::Visit};

/// A parsed file.
pub(crate) struct Source {
    syntax: syn::File,
    words: Vec<Word>,
    /// The text with string literals blanked out; comments stay.
    spoken: String,
}

/// One identifier or punctuation mark of the code, in order, also inside macros.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// One function with a body.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// From its signature to its closing brace.
    pub(crate) lines: usize,
    pub(crate) is_test: bool,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let syntax = syn::parse_file(text).map_err(|error| error.to_string())?;
        let tokens = TokenStream::from_str(text).map_err(|error| error.to_string())?;
        let mut scan = Scan { words: Vec::new(), literals: Vec::new() };
        scan.stream(tokens);
        Ok(Self { syntax, words: scan.words, spoken: blank(text, &scan.literals) })
    }

    pub(crate) fn syntax(&self) -> &syn::File {
        &self.syntax
    }

    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }

    pub(crate) fn spoken(&self) -> &str {
        &self.spoken
    }

    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut collector = Collector(Vec::new());
        collector.visit_file(&self.syntax);
        collector.0
    }
}

struct Scan {
    words: Vec<Word>,
    literals: Vec<(LineColumn, LineColumn)>,
}

impl Scan {
    fn stream(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.stream(group.stream()),
                TokenTree::Ident(ident) => {
                    self.word(ident.span().start().line, ident.to_string());
                }
                TokenTree::Punct(punct) => {
                    self.word(punct.span().start().line, punct.as_char().to_string());
                }
                TokenTree::Literal(literal) => {
                    let span = literal.span();
                    self.literals.push((span.start(), span.end()));
                }
            }
        }
    }

    fn word(&mut self, line: usize, text: String) {
        self.words.push(Word { line, text });
    }
}

/// Blanks the literals that start with a quote or a string prefix. Doc comments are literals to the
/// tokeniser too, but they start with a slash in the text, and stay.
fn blank(text: &str, literals: &[(LineColumn, LineColumn)]) -> String {
    let mut lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    for (start, end) in literals {
        let first = lines.get(start.line - 1).and_then(|line| line.get(start.column)).copied();
        if !matches!(first, Some('"' | 'r' | 'b' | 'c')) {
            continue;
        }
        for number in start.line..=end.line {
            let from = if number == start.line { start.column } else { 0 };
            let to = if number == end.line { end.column } else { usize::MAX };
            let line = lines.get_mut(number - 1).into_iter().flatten();
            line.take(to).skip(from).for_each(|letter| *letter = ' ');
        }
    }
    lines.iter().map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

struct Collector(Vec<Function>);

impl Collector {
    fn add(
        &mut self,
        signature: &syn::Signature,
        block: &syn::Block,
        attributes: &[syn::Attribute],
    ) {
        let start = signature.span().start().line;
        let end = block.span().end().line;
        self.0.push(Function {
            name: signature.ident.to_string(),
            line: start,
            lines: end + 1 - start,
            is_test: attributes.iter().any(is_test),
        });
    }
}

/// `#[test]`, `#[tokio::test]` and their like.
fn is_test(attribute: &syn::Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block, &function.attrs);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block, &function.attrs);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block, &function.attrs);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_signature_to_brace() {
        let source = Source::parse(
            "/// Doc.\n#[test]\nfn a(\n    x: u8,\n) {\n}\nimpl X { fn b() {} }\n\
             trait T { fn c(); fn d() {\n} }",
        )
        .unwrap();

        let measured: Vec<(String, usize, usize, bool)> =
            source.functions().into_iter().map(|f| (f.name, f.line, f.lines, f.is_test)).collect();

        assert_eq!(
            measured,
            [("a".into(), 3, 4, true), ("b".into(), 7, 1, false), ("d".into(), 8, 2, false)]
        );
    }

    #[test]
    fn string_literals_are_blanked_and_comments_stay() {
        let text = "/// é in a doc\nfn a() {\n    b!(r#\"inner\nsecond\"#, \"x\"); // after\n}";
        let source = Source::parse(text).unwrap();

        let lines: Vec<&str> = source.spoken().lines().map(str::trim_end).collect();

        assert_eq!(
            lines,
            ["/// é in a doc", "fn a() {", "    b!(", "        ,    ); // after", "}"]
        );
    }
}
