//! Values that fit a schema of the contract, by chance: mostly of signs that rules look at.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

/// The same numbers at each run.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// `SplitMix64`: good enough to pick, and no dependency.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(super) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

/// Makes values of one document's schemas.
pub(super) struct Maker<'d> {
    pub(super) document: &'d Value,
    pub(super) chance: Chance,
}

impl Maker<'_> {
    /// A value of the schema. It may break a rule that stands between members: see that it fits.
    pub(super) fn value(&mut self, schema: &Value) -> Value {
        self.flat(&self.flattened(schema), 0)
    }

    fn nested(&mut self, schema: &Value, depth: usize) -> Value {
        let schema = self.flattened(schema);
        self.flat(&schema, depth)
    }

    fn flat(&mut self, schema: &Value, depth: usize) -> Value {
        if let Some(list) = schema.get("enum").and_then(Value::as_array) {
            return self.chance.pick(list).clone();
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(several) = schema.get("alternatives").and_then(Value::as_array) {
            let picked = self.chance.pick(several).clone();
            let branch = self.flattened(&picked);
            let mut rest = schema.clone();
            rest.as_object_mut().unwrap().remove("alternatives");
            return self.flat(&merge(rest, &branch), depth);
        }
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => self.chance.pick(kinds).clone(),
            Some(kind) => kind.clone(),
            None => json!("object"),
        };
        match kind.as_str().unwrap_or_default() {
            "string" => json!(self.text(schema)),
            "integer" | "number" => json!(self.number(schema)),
            "boolean" => json!(self.chance.percent(50)),
            "array" => self.array(schema, depth),
            "object" => self.object(schema, depth),
            _ => Value::Null,
        }
    }

    /// One schema of what `$ref` and `allOf` join; `alternatives` is what `oneOf` leaves open.
    fn flattened(&self, schema: &Value) -> Value {
        let mut flat = schema.clone();
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.document.pointer(reference.trim_start_matches('#')).unwrap();
            flat = merge(flat, &self.flattened(target));
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            flat = merge(flat, &self.flattened(part));
        }
        for name in ["oneOf", "anyOf"] {
            if let Some(several) = schema.get(name) {
                flat = merge(flat, &json!({ "alternatives": several }));
            }
        }
        flat
    }

    fn number(&mut self, schema: &Value) -> i64 {
        let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
        let least = bound("minimum").unwrap_or(0);
        let most = bound("maximum").unwrap_or(least + 1000);
        let span = u64::try_from(most - least).unwrap_or(1).saturating_add(1);
        least + i64::try_from(self.chance.below(span)).unwrap()
    }

    fn array(&mut self, schema: &Value, depth: usize) -> Value {
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(0);
        let most = bound("maxItems").unwrap_or(3).min(least + 2);
        let count = least + self.chance.below(most - least + 1);
        let items = schema.get("items").cloned().unwrap_or_default();
        (0..count).map(|_| self.nested(&items, depth + 1)).collect()
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or(Vec::new(), |names| names.iter().filter_map(Value::as_str).collect());
        let share = if depth > 4 { 10 } else { 50 };
        let mut made = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, inner) in properties.into_iter().flatten() {
            if required.contains(&name.as_str()) || self.chance.percent(share) {
                made.insert(name.clone(), self.nested(inner, depth + 1));
            }
        }
        if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
            let names = schema.get("propertyNames").cloned().unwrap_or_else(|| json!({}));
            for _ in 0..self.chance.below(3) {
                let name = self.text(&names);
                made.insert(name, self.nested(values, depth + 1));
            }
        }
        Value::Object(made)
    }

    fn text(&mut self, schema: &Value) -> String {
        let get = |name: &str| schema.get(name).and_then(Value::as_str);
        let most = schema.get("maxLength").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        match (get("format"), get("pattern")) {
            (Some("date"), _) => self.date(),
            (Some("date-time"), _) => format!("{}T0{}:17:23Z", self.date(), self.chance.below(10)),
            (_, Some(pattern)) => {
                let hir = regex_syntax::parse(pattern).unwrap();
                let mut text = String::new();
                self.matching(&hir, &mut text);
                // What is cut off may leave a text that no longer fits: then it is not sent.
                text.chars().take(most).collect()
            }
            _ => {
                let any = regex_syntax::parse("^[^\\x00-\\x1F\\x7F]{1,40}$").unwrap();
                let mut text = String::new();
                self.matching(&any, &mut text);
                text.chars().take(most).collect()
            }
        }
    }

    fn date(&mut self) -> String {
        let [month, day] = [12, 28].map(|end| self.chance.below(end) + 1);
        format!("{}-{month:02}-{day:02}", 2020 + self.chance.below(10))
    }

    fn matching(&mut self, hir: &Hir, text: &mut String) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).unwrap()),
            HirKind::Class(Class::Unicode(class)) => {
                let ranges: Vec<(char, char)> =
                    class.iter().map(|range| (range.start(), range.end())).collect();
                text.push(self.letter(&ranges));
            }
            HirKind::Class(Class::Bytes(class)) => {
                let ranges: Vec<(char, char)> =
                    class.iter().map(|r| (char::from(r.start()), char::from(r.end()))).collect();
                text.push(self.letter(&ranges));
            }
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min + REPEATS_MAX);
                let span = u64::from(most - repetition.min) + 1;
                let count = u64::from(repetition.min) + self.chance.below(span);
                (0..count).for_each(|_| self.matching(&repetition.sub, text));
            }
            HirKind::Capture(capture) => self.matching(&capture.sub, text),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.matching(part, text)),
            HirKind::Alternation(branches) => {
                let branch = self.chance.pick(branches).clone();
                self.matching(&branch, text);
            }
        }
    }

    /// Mostly a sign of ASCII, where there is one; sometimes anything.
    fn letter(&mut self, ranges: &[(char, char)]) -> char {
        let fits = |c: &char| ranges.iter().any(|(from, to)| (*from..=*to).contains(c));
        let share = self.chance.below(10);
        let ascii: Vec<char> = (' '..='~').filter(fits).collect();
        let signs: Vec<char> =
            ascii.iter().copied().filter(|c| !c.is_ascii_alphanumeric()).collect();
        match share {
            0..3 if !signs.is_empty() => *self.chance.pick(&signs),
            0..9 if !ascii.is_empty() => *self.chance.pick(&ascii),
            _ => {
                let (from, to) = *self.chance.pick(ranges);
                let span = u64::from(u32::from(to) - u32::from(from)) + 1;
                let code = u32::from(from) + u32::try_from(self.chance.below(span)).unwrap();
                char::from_u32(code).unwrap_or(from)
            }
        }
    }
}

/// Both at once: members and requirements of either.
fn merge(mut one: Value, other: &Value) -> Value {
    let Value::Object(members) = &mut one else { return one };
    for (name, value) in other.as_object().into_iter().flatten() {
        match (members.get_mut(name), value) {
            (Some(Value::Object(own)), Value::Object(more)) => own.extend(more.clone()),
            (Some(Value::Array(own)), Value::Array(more)) if name == "required" => {
                own.extend(more.clone());
            }
            (Some(_), _) if name == "description" => {}
            _ => {
                members.insert(name.clone(), value.clone());
            }
        }
    }
    one
}

const REPEATS_MAX: u32 = 12;
