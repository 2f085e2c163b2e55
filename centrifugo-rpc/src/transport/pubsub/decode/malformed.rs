//! Explains requests that are not valid.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json;
use crate::protocol::Text;

/// A request that is not valid, but can be answered.
#[derive(Debug)]
pub(super) struct Malformed {
    pub correlation_id: String,
    pub reply_to: String,
    /// The member that is wrong, and the reason.
    pub why: String,
}

/// The names of the members of a request.
const NAMES: [&str; 8] =
    ["method", "correlation_id", "reply_to", "params", "timeout_ms", "traceparent", "cancel", "batch"];

/// Explains a request that does not decode. Returns `None` if it cannot be answered.
///
/// The members are explained one by one: a request is read once more and no path is kept, so that one with thousands of
/// members costs little.
pub(super) fn explain(data: &[u8]) -> Option<Malformed> {
    let text = json::same_length(data);
    let Members { values, duplicate } = serde_json::from_str(&text).ok()?;
    let own = |member: &RawValue| &data[json::place(&text, member)];
    let string = |name: &str| {
        let (_, value) = values.iter().find(|(of, _)| *of == name)?;
        serde_json::from_slice::<String>(own(value)).ok()
    };
    let (correlation_id, reply_to) = (string("correlation_id")?, string("reply_to")?);
    let wrong = values.iter().find_map(|(name, value)| Some(format!("{name}: {}", problem(name, own(value))?)));
    let why = wrong.or_else(|| duplicate.map(|name| format!("duplicate field `{name}`")));
    // Nothing else is left.
    let why = why.unwrap_or_else(|| "the name of a member is not text".to_owned());
    Some(Malformed { correlation_id, reply_to, why })
}

/// Explains why the value cannot be that of the member with this name, if so.
fn problem(name: &str, value: &[u8]) -> Option<String> {
    match name {
        "timeout_ms" => json::problem::<Option<u64>>(value),
        "batch" => json::problem::<Option<bool>>(value),
        "params" => json::problem::<Option<&RawValue>>(value),
        _ => json::problem::<Option<Text<'_>>>(value),
    }
}

/// The known members of a request, in the order in which it has them, and the first name that it has twice.
#[derive(Debug, Default)]
struct Members<'a> {
    values: Vec<(&'static str, &'a RawValue)>,
    duplicate: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<json::Name<'de>>()? {
            match NAMES.into_iter().find(|known| name == **known) {
                Some(name) if !members.values.iter().any(|(of, _)| *of == name) => {
                    members.values.push((name, map.next_value()?));
                }
                known => {
                    members.duplicate = members.duplicate.or(known);
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::protocol::Request;

    #[test]
    fn the_names_are_those_of_a_request() {
        let text = || Some(Text("text".into()));
        let request = Request {
            method: text(),
            correlation_id: text(),
            reply_to: text(),
            params: Some(RawValue::NULL),
            timeout_ms: Some(1),
            traceparent: text(),
            cancel: text(),
            batch: Some(true),
        };
        let request = serde_json::to_value(request).expect("JSON");
        let members: BTreeSet<_> = request.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(members, BTreeSet::from(NAMES));
    }
}
