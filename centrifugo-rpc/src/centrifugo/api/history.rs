//! A page of a channel's history. Callers wrote its publications, so the page may not even be valid UTF-8.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::centrifugo::api_error::ServerError;
use crate::json;
use crate::service::connection::Caller;

/// A publication in the history. The server API does not report the time of publication.
#[derive(Debug)]
pub(crate) struct Publication {
    pub offset: u64,
    /// JSON as far as Centrifugo checks it: it also passes on strings that are not UTF-8.
    pub data: Bytes,
    /// The publisher; `None` for publications through the server API.
    pub caller: Option<Caller>,
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(default)]
    error: Option<ServerError>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    publications: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(default)]
    offset: u64,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow, default)]
    info: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Who<'a> {
    #[serde(default)]
    user: String,
    #[serde(default)]
    client: String,
    #[serde(borrow, default, rename = "conn_info")]
    attached: Option<&'a RawValue>,
}

/// Decodes the answer to a `history` request; the inner error is Centrifugo's own.
pub(super) fn parse(answer: &Bytes) -> Result<Result<Vec<Publication>, ServerError>, serde_json::Error> {
    let text = json::same_length(answer);
    // The stored bytes are always the answer's own, at the same place as in the patched text.
    let own = |raw: &RawValue| answer.slice(json::place(&text, raw));
    let outer: Outer<'_> = serde_json::from_str(&text)?;
    if let Some(error) = outer.error {
        return Ok(Err(error));
    }
    let page: Page<'_> = serde_json::from_str(outer.result.map_or("null", RawValue::get))?;
    let publication = |item: Item<'_>| {
        let caller = item.info.filter(|info| info.get() != "null").map(|info| caller(&own(info))).transpose()?;
        Ok(Publication { offset: item.offset, data: own(item.data), caller })
    };
    page.publications.into_iter().map(publication).collect::<Result<_, _>>().map(Ok)
}

/// Decoded from the answer's own bytes, never from patched ones: otherwise unreadable bytes could turn one user ID into
/// another.
fn caller(info: &Bytes) -> Result<Caller, serde_json::Error> {
    let who: Who<'_> = serde_json::from_slice(info)?;
    let attached = who.attached.filter(|raw| raw.get() != "null");
    let info = attached.map(|raw| info.slice_ref(raw.get().as_bytes()));
    Ok(Caller { user: who.user, client: who.client, info })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(answer: &'static [u8]) -> Vec<Publication> {
        parse(&Bytes::from_static(answer)).expect("JSON").expect("no error")
    }

    #[test]
    fn data_and_identity_stay_as_they_are() {
        let history = page(
            br#"{"result":{"publications":[{"data":{"a": 1},"info":{"user":"42","client":"c","conn_info":{"r": 2}},"offset":7},
            {"data":"x","offset":8,"info":null}],"epoch":"e","offset":9}}"#,
        );
        let [first, second] = &history[..] else { panic!("{history:?}") };
        assert_eq!((first.offset, &first.data[..]), (7, &br#"{"a": 1}"#[..]));
        let caller = first.caller.as_ref().expect("a caller");
        assert_eq!((&*caller.user, &*caller.client, caller.info.as_deref()), ("42", "c", Some(&br#"{"r": 2}"#[..])));
        assert_eq!((second.offset, &second.data[..], &second.caller), (8, &br#""x""#[..], &None));
    }

    #[test]
    fn an_error_of_centrifugo_is_told_from_something_else() {
        let refused = parse(&Bytes::from_static(br#"{"error":{"code":112,"message":"no"}}"#)).expect("JSON");
        assert_eq!(refused.expect_err("an error").code, 112);
        for answer in ["{}", "<html>", ""] {
            assert!(parse(&Bytes::from_static(answer.as_bytes())).is_err(), "{answer}");
        }
    }

    #[test]
    fn text_that_is_none_costs_only_its_own_publication() {
        let history = page(
            b"{\"result\":{\"publications\":[{\"data\":{\"\xff\":\"\xc3\x28\"},\"info\":{\"user\":\"1\"},\"offset\":1},\
            {\"data\":{\"\xc3\xa9\":\"\xed\xa0\x80\"},\"offset\":2},{\"data\":{\"a\":1},\"info\":{\"user\":\"2\"},\"offset\":3}]}}",
        );
        let data: Vec<_> = history.iter().map(|publication| &publication.data[..]).collect();
        assert_eq!(data, [&b"{\"\xff\":\"\xc3\x28\"}"[..], b"{\"\xc3\xa9\":\"\xed\xa0\x80\"}", b"{\"a\":1}"]);
        let users = history.iter().map(|publication| publication.caller.as_ref().map(|caller| caller.user.as_str()));
        assert_eq!(users.collect::<Vec<_>>(), [Some("1"), None, Some("2")]);
    }

    #[test]
    fn an_unreadable_identity_belongs_to_no_caller() {
        let answer = b"{\"result\":{\"publications\":[{\"data\":{},\"info\":{\"user\":\"4\xff\"},\"offset\":1}]}}";
        assert!(parse(&Bytes::from_static(answer)).is_err());
    }
}
