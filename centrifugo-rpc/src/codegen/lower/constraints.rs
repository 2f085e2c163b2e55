//! Constraints of a schema beyond the type of its values: bounds, lengths, patterns, formats. Serde does not check
//! them, and neither do clients; their documentation lists them.

use serde_json::{Number, Value};

use super::{Object, scalars};
use crate::codegen::ir::Type;

/// Describes all constraints in sentences. Empty if there are none.
pub(super) fn sentences(schema: &Object) -> String {
    let mut sentences = own(schema);
    let items = schema.get("items").and_then(Value::as_object).map(sentences_of_items).unwrap_or_default();
    sentences.extend(items);
    sentences.join(" ")
}

fn sentences_of_items(items: &Object) -> Vec<String> {
    own(items).into_iter().map(|sentence| format!("Each item: {}", uncapitalised(&sentence))).collect()
}

fn uncapitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn own(schema: &Object) -> Vec<String> {
    let ty = scalars::plain(schema);
    let numbers = bounds(schema, ty.as_ref());
    let is_char = ty == Some(Type::Char);
    let characters = span(schema, ("minLength", "maxLength"), "character").filter(|_| !is_char);
    let fixed = schema.get("minItems").is_some() && schema.get("minItems") == schema.get("maxItems");
    let items = span(schema, ("minItems", "maxItems"), "item")
        .filter(|_| !fixed && !schema.contains_key("prefixItems") && schema.get("maxItems") != Some(&0.into()));
    let entries = span(schema, ("minProperties", "maxProperties"), "member");
    let pattern = schema.get("pattern").and_then(Value::as_str).filter(|_| ty != Some(Type::Decimal));
    let format = schema.get("format").and_then(Value::as_str).filter(|_| ty == Some(Type::String));
    [
        numbers,
        schema.get("multipleOf").map(|factor| format!("A multiple of {factor}.")),
        schema.get("not").filter(|not| not.get("const") == Some(&0.into())).map(|_| "Not 0.".to_owned()),
        characters,
        items,
        entries,
        pattern.map(|pattern| format!("Matches `{pattern}`.")),
        format.map(|format| format!("Format: `{format}`.")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The declared bounds of a number, without those that its type already implies.
fn bounds(schema: &Object, ty: Option<&Type>) -> Option<String> {
    let bound = |keyword| schema.get(keyword).and_then(Value::as_number);
    let width = if let Some(Type::Integer(integer)) = ty { Some(integer.width) } else { None };
    let is_the_types = |bound: &Number| {
        width.is_some_and(|width| {
            let bound = bound.to_string();
            bound == width.lowest().to_string() || bound == width.highest().to_string()
        })
    };
    let declared = |keyword| bound(keyword).filter(|bound| !is_the_types(bound)).map(ToString::to_string);
    let least = declared("minimum");
    let most = declared("maximum");
    let above = bound("exclusiveMinimum").map(|bound| format!("More than {bound}."));
    let below = bound("exclusiveMaximum").map(|bound| format!("Less than {bound}."));
    let whole = match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("Always {least}.")),
        (Some(least), Some(most)) => Some(format!("From {least} to {most}.")),
        (Some(least), None) => Some(format!("At least {least}.")),
        (None, Some(most)) => Some(format!("At most {most}.")),
        (None, None) => None,
    };
    let all: Vec<_> = [whole, above, below].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn span(schema: &Object, (least, most): (&str, &str), noun: &str) -> Option<String> {
    let count = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let of = |count: u64| if count == 1 { noun.to_owned() } else { format!("{noun}s") };
    let sentence = |words: &str, count: u64| format!("{words} {count} {}.", of(count));
    match (count(least).filter(|least| *least > 0), count(most)) {
        (Some(least), Some(most)) if least == most => Some(sentence("Exactly", least)),
        (Some(least), Some(most)) => Some(format!("From {least} to {most} {}.", of(most))),
        (Some(least), None) => Some(sentence("At least", least)),
        (None, Some(most)) => Some(sentence("At most", most)),
        (None, None) => None,
    }
}
