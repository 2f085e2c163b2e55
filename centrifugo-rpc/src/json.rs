//! Foreign JSON: explains decoding errors by their place, without echoing the input, and makes text of JSON whose
//! strings are not UTF-8.

use std::borrow::Cow;

use serde::Deserialize;

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

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Decodes `json` as `T` again, after it failed once, to locate the error. This is slow, but only rejected input pays
/// for it.
pub(crate) fn explain<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Explanation {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut deserializer) else {
        // The first value decodes, so only trailing characters can be wrong.
        return Explanation { path: None, message: "trailing characters".to_owned() };
    };
    let path = error.path().to_string();
    Explanation {
        path: (path != ".").then(|| shortened(&path, MAX_MESSAGE).into_owned()),
        message: message(error.inner()),
    }
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
