//! Foreign JSON: explains decoding errors by their place, without echoing the input, and makes text of JSON whose
//! strings are not UTF-8.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::shortened;

/// The longest explanation, in bytes: long enough to name a field, too short to echo the input.
const MAX_MESSAGE: usize = 200;

/// The place and the reason of a decoding error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Explanation {
    /// The path with dots, like `filter.limits[0]`; `None` for the value itself.
    pub path: Option<String>,
    /// serde's message.
    pub message: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// The number of members and of elements up to which a value is searched for the place of an error. The search costs more
/// than a microsecond for ten members, and callers choose how many they send.
const MAX_MEMBERS: usize = 1000;
const MAX_ELEMENTS: usize = 10_000;

/// Decodes `json` as `T` again, after it failed once, to locate the error. This is slow, but only rejected input pays
/// for it. In a value with very many members or elements the error is not located.
pub(crate) fn explain<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Explanation {
    if !is_quick_to_search(json) {
        let message = problem::<T>(json).unwrap_or_else(|| TRAILING.to_owned());
        return Explanation { path: None, message };
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut deserializer) else {
        // The first value decodes, so only trailing characters can be wrong.
        return Explanation { path: None, message: TRAILING.to_owned() };
    };
    let path = error.path().to_string();
    Explanation {
        path: (path != ".").then(|| shortened(&path, MAX_MESSAGE).into_owned()),
        message: message(error.inner()),
    }
}

const TRAILING: &str = "trailing characters";

/// Counts the bytes that separate members and elements. Those in strings count too.
fn is_quick_to_search(json: &[u8]) -> bool {
    json.len() <= MAX_MEMBERS
        || memchr::memchr_iter(b':', json).take(MAX_MEMBERS + 1).count() <= MAX_MEMBERS
            && memchr::memchr_iter(b',', json).take(MAX_ELEMENTS + 1).count() <= MAX_ELEMENTS
}

/// The reason why `json` does not decode as `T`, if it does not.
pub(crate) fn problem<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<String> {
    serde_json::from_slice::<T>(json).err().map(|error| message(&error))
}

fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    // The line and column refer to a text that only this process sees in this form.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    shortened(message, MAX_MESSAGE).into_owned()
}

/// The name of a member, which may contain half of a surrogate pair: such a name is not text, but the other members are
/// readable.
#[derive(Debug, Deserialize)]
pub(crate) struct Name<'a>(#[serde(borrow)] Cow<'a, [u8]>);

impl PartialEq<str> for Name<'_> {
    fn eq(&self, name: &str) -> bool {
        *self.0 == *name.as_bytes()
    }
}

/// Replaces each byte that is not part of a UTF-8 character by `?`. The text keeps its length, and the JSON around the
/// affected strings is unchanged.
pub(crate) fn same_length(json: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(json).map_or_else(
        |_| {
            let mut text = String::with_capacity(json.len());
            for chunk in json.utf8_chunks() {
                text.push_str(chunk.valid());
                text.extend(chunk.invalid().iter().map(|_| '?'));
            }
            Cow::Owned(text)
        },
        Cow::Borrowed,
    )
}

/// The place of `value` in the JSON whose text, as [`same_length`] makes it, is `text`. The value is part of the text.
pub(crate) fn place(text: &str, value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + value.get().len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_error_is_located_unless_that_takes_long() {
        type Numbers = BTreeMap<String, Vec<u8>>;
        let members = |count: usize| format!(r#"{{{}"wrong":[1,"x"]}}"#, r#""a":[],"#.repeat(count));
        let wrong = "invalid type: string \"x\", expected u8";
        for (json, path) in [
            (members(10), Some("wrong[1]")),
            (members(MAX_MEMBERS - 1), Some("wrong[1]")),
            (members(MAX_MEMBERS), None),
            (format!(r#"{{"a":[{}"x"]}}"#, "1,".repeat(MAX_ELEMENTS)), Some("a[10000]")),
            (format!(r#"{{"a":[{}"x"]}}"#, "1,".repeat(MAX_ELEMENTS + 1)), None),
        ] {
            let explanation = explain::<Numbers>(json.as_bytes());
            assert_eq!((explanation.path.as_deref(), &*explanation.message), (path, wrong), "{json:.60}");
        }
        assert_eq!(explain::<Numbers>(b"{} 1").to_string(), TRAILING);
        let long = members(MAX_MEMBERS).replace("\"x\"", "1") + " 1";
        assert_eq!(explain::<Numbers>(long.as_bytes()).to_string(), TRAILING);
    }
}
