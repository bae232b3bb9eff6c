//! JSON Merge Patch (RFC 7396), and what a patch changed.

use serde_json::{Map, Value};

/// Applies a merge patch (RFC 7396 §2).
///
/// It recurses as deep as the patch is nested; the parser bounds that.
pub fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// The names of the top-level members that differ, sorted. Null and absent are the same.
#[must_use]
pub fn changed_fields(before: &Value, after: &Value) -> Vec<String> {
    let names = |value: &Value| -> Vec<String> {
        value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
    };
    let value = |of: &Value, name: &str| of.get(name).filter(|value| !value.is_null()).cloned();
    let mut changed = names(before);
    changed.extend(names(after));
    changed.sort_unstable();
    changed.dedup();
    changed.retain(|name| value(before, name) != value(after, name));
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 7396 Appendix A: original, patch, result.
    fn appendix_a() -> Vec<[Value; 3]> {
        vec![
            [json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})],
            [json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})],
            [json!({"a": "b"}), json!({"a": null}), json!({})],
            [json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})],
            [json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})],
            [json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})],
            [
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ],
            [json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})],
            [json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])],
            [json!({"a": "b"}), json!(["c"]), json!(["c"])],
            [json!({"a": "foo"}), json!(null), json!(null)],
            [json!({"a": "foo"}), json!("bar"), json!("bar")],
            [json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})],
            [json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})],
            [json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})],
        ]
    }

    #[test]
    fn a_patch_merges_as_the_rfc_s_appendix_says() {
        for [mut target, patch, result] in appendix_a() {
            merge(&mut target, patch.clone());
            assert_eq!(target, result, "{patch}");
        }
    }

    #[test]
    fn only_names_of_changed_members_are_told() {
        let before = json!({"a": 1, "b": {"c": 1}, "d": null, "same": [1]});
        let after = json!({"a": 2, "b": {"c": 2}, "e": 1, "same": [1], "f": null});

        assert_eq!(changed_fields(&before, &after), ["a", "b", "e"]);
        assert!(changed_fields(&before, &before).is_empty());
    }
}
