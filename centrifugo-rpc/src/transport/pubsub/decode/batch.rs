//! Splits a batch into its requests, without decoding them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json;
use crate::protocol::MAX_REQUESTS;

/// Returns the bytes of each request of a batch, or `None` if there are no requests or the publication is not a batch.
/// At most [`MAX_REQUESTS`] and one more are returned; the last one stands for all beyond the limit, and the rest of
/// the publication is not parsed.
pub(in crate::transport::pubsub) fn batch(data: &[u8]) -> Option<Vec<&[u8]>> {
    if !may_be_batch(data) {
        return None;
    }
    let text = json::same_length(data);
    let mut requests = Vec::new();
    let mut json = serde_json::Deserializer::from_str(&text);
    let read = Batch(&mut requests).deserialize(&mut json).and_then(|()| json.end());
    // Parsing also ends with an error if there are too many requests.
    let is_batch = read.is_ok() && !requests.is_empty() || requests.len() > MAX_REQUESTS;
    is_batch.then(|| requests.into_iter().map(|request| &data[json::place(&text, request)]).collect())
}

/// Returns whether there may be a member `batch`. Others need not be parsed to know that they are not batches.
fn may_be_batch(data: &[u8]) -> bool {
    memchr::memmem::find(data, b"\"batch\"").is_some() || memchr::memchr(b'\\', data).is_some()
}

/// Deserializes the publication.
struct Batch<'r, 'de>(&'r mut Vec<&'de RawValue>);

/// Deserializes its member `batch`.
struct Requests<'r, 'de>(&'r mut Vec<&'de RawValue>);

impl<'de> DeserializeSeed<'de> for Batch<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Batch<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a batch of requests")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<json::Name<'de>>()? {
            if name != *"batch" {
                members.next_value::<IgnoredAny>()?;
            } else if self.0.is_empty() {
                members.next_value_seed(Requests(self.0))?;
            } else {
                return Err(A::Error::duplicate_field("batch"));
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Requests<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Requests<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut requests: A) -> Result<(), A::Error> {
        while let Some(request) = requests.next_element()? {
            self.0.push(request);
            if self.0.len() > MAX_REQUESTS {
                return Err(A::Error::custom("more requests than a batch may have"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_batch_has_no_requests() {
        for data in [
            "",
            "[1]",
            r#"{"batch":[]}"#,
            r#"{"batch":{}}"#,
            r#"{"batch":true}"#,
            r#"{"batch":[1}"#,
            r#"{"batch":[1]"#,
            r#"{"batch":[1]} 1"#,
            r#"{"batch":[1],"batch":[2]}"#,
        ] {
            assert_eq!(batch(data.as_bytes()), None, "{data}");
        }
    }

    #[test]
    fn its_name_may_have_escapes() {
        assert_eq!(batch(br#"{"b\u0061tch":[1]}"#), Some(vec![&b"1"[..]]));
        assert_eq!(batch(br#"{"\ud800":1,"batch":[1]}"#), Some(vec![&b"1"[..]]));
    }

    #[test]
    fn requests_keep_their_bytes_and_cost_each_other_nothing() {
        let data = b"{\"\xff\":\"\xff\",\"batch\":[{\"a\" : \"\xc3\xa4\"}, \"\xc3\x28\" ,1,{\"\xff\":[\"\xed\xa0\x80\"]},\"\\ud800\"]}";
        let requests: [&[u8]; 5] =
            [b"{\"a\" : \"\xc3\xa4\"}", b"\"\xc3\x28\"", b"1", b"{\"\xff\":[\"\xed\xa0\x80\"]}", br#""\ud800""#];
        assert_eq!(batch(data).as_deref(), Some(&requests[..]));
    }

    #[test]
    fn nothing_behind_the_last_request_that_is_taken_is_looked_at() {
        let all = |count: usize, end: &str| {
            batch(format!(r#"{{"batch":[1{}{end}"#, ",1".repeat(count - 1)).as_bytes()).map(|all| all.len())
        };
        assert_eq!(all(MAX_REQUESTS, "]}"), Some(MAX_REQUESTS));
        assert_eq!(all(MAX_REQUESTS, ",}"), None);
        for end in ["]}", ",}", ",\u{0}"] {
            assert_eq!(all(30_000, end), Some(MAX_REQUESTS + 1), "{end:?}");
        }
    }
}
