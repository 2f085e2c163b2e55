//! Decodes publications of the request channel, which are untrusted input.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::address::ReplyAddress;
use crate::engine::incoming::CallId;
use crate::error::RpcError;
use crate::protocol::{self, MAX_CALLS, MAX_CORRELATION_ID, MAX_REQUESTS};
use crate::service::connection::Caller;

mod batch;
mod malformed;

pub(super) use batch::batch;
use malformed::Malformed;

/// The longest `traceparent` that is passed on, in bytes. W3C's version 00 has 55.
const MAX_TRACEPARENT: usize = 128;

/// The room of a batch, which [`MAX_CALLS`] calls fill, or [`MAX_REQUESTS`] requests that have no reply.
const BATCH_ROOM: usize = 2 * MAX_REQUESTS;

/// A decoded publication, or one request of a batch.
#[derive(Debug)]
pub(super) enum Decoded<'a> {
    /// A call, or a notification if it has no reply address.
    Request(Request<'a>),
    /// The cancellation of a call of the same user and session.
    Cancel(CallId),
    /// Several requests, to be decoded by [`Decoder::parts`].
    Batch(Vec<&'a [u8]>),
    /// All requests of a batch beyond the limit, with the reply address of the first of them.
    TooMany(Option<ReplyAddress>),
    /// Not a valid request, but its reply address is, so the caller gets an error.
    Malformed(ReplyAddress, RpcError),
    /// A publication that cannot be answered.
    Dropped(DropReason),
}

impl Decoded<'_> {
    /// The share of [`BATCH_ROOM`] that it takes.
    fn weight(&self) -> usize {
        match self {
            Self::Request(Request { address: Some(_), .. }) | Self::Malformed(..) => BATCH_ROOM / MAX_CALLS,
            _ => BATCH_ROOM / MAX_REQUESTS,
        }
    }

    fn into_address(self) -> Option<ReplyAddress> {
        match self {
            Self::Request(request) => request.address,
            Self::Malformed(address, _) => Some(address),
            _ => None,
        }
    }
}

/// The reason why a publication is dropped without a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum DropReason {
    NoRequest,
    TooMany,
    ForeignReplyTo,
    IdLength,
    NoReplyTo,
    NoId,
    NoMethod,
    /// A second call with the reply address of a call in flight.
    Duplicate,
    /// A notification that cannot run. It has no reply.
    Notification,
    /// A notification that was owned by a worker that is gone.
    Lost,
}

impl DropReason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoRequest => "it is not a request",
            Self::TooMany => "it is the rest of a batch that has more requests than a worker takes",
            Self::ForeignReplyTo => "its `reply_to` is not the caller's own reply channel",
            Self::IdLength => "its `correlation_id` has not 1 to 128 bytes",
            Self::NoReplyTo => "it has an ID but no `reply_to`",
            Self::NoId => "it has a `reply_to` but no `correlation_id`",
            Self::NoMethod => "it has no `method`",
            Self::Duplicate => "its call is running already",
            Self::Notification => "a notification was refused",
            Self::Lost => "a notification is lost with its worker",
        }
    }
}

/// A well-formed request. Its method may not exist.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub address: Option<ReplyAddress>,
    pub method: Cow<'a, str>,
    pub params: Option<Bytes>,
    pub timeout: Option<Duration>,
    pub traceparent: Option<String>,
}

/// Decodes the publications of one caller.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    caller: &'a Caller,
    reply_namespace: &'a str,
    /// The reply channel of the previous request, which most requests share with the next.
    previous: Option<Arc<str>>,
    /// True while decoding a batch. A caller that sends batches reads batches too, so its replies may be batched.
    in_batch: bool,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(caller: &'a Caller, reply_namespace: &'a str) -> Self {
        Self { caller, reply_namespace, previous: None, in_batch: false }
    }

    pub(super) fn decode<'d>(&mut self, data: &'d Bytes) -> Decoded<'d> {
        self.classify(parse(data), data, data)
    }

    /// Decodes the requests of a batch one by one, up to the limit.
    pub(super) fn parts<'d>(
        &mut self,
        requests: Vec<&'d [u8]>,
        of: &'d Bytes,
    ) -> impl Iterator<Item = Decoded<'d>> + use<'_, 'a, 'd> {
        self.in_batch = true;
        let mut room = Some(BATCH_ROOM);
        requests.into_iter().map_while(move |request| {
            let left = room?;
            let decoded = self.decode_part(request, of);
            room = left.checked_sub(decoded.weight());
            Some(if room.is_some() { decoded } else { Decoded::TooMany(decoded.into_address()) })
        })
    }

    /// Decodes a request of a batch. Cancellations are not allowed there: a cancellation is for all workers, a batch
    /// for one of them.
    fn decode_part<'d>(&mut self, part: &'d [u8], of: &'d Bytes) -> Decoded<'d> {
        match self.classify(parse(part), part, of) {
            Decoded::Cancel(_) | Decoded::Batch(_) => Decoded::Dropped(DropReason::NoRequest),
            decoded => decoded,
        }
    }

    fn classify<'d>(
        &mut self,
        request: serde_json::Result<protocol::Request<'d>>,
        json: &'d [u8],
        of: &'d Bytes,
    ) -> Decoded<'d> {
        match request {
            _ if !is_object(json) => Decoded::Dropped(DropReason::NoRequest),
            Ok(request) => self.request(request, of),
            // The `batch` of a request is a boolean, so decoding a batch of requests as a request fails at once.
            Err(_) => batch(json).map_or_else(|| self.malformed(json), Decoded::Batch),
        }
    }

    fn request<'d>(&mut self, request: protocol::Request<'d>, of: &'d Bytes) -> Decoded<'d> {
        let id = request.cancel.as_ref().or(request.correlation_id.as_ref());
        let address = match (&request.reply_to, id) {
            (Some(reply_to), Some(id)) => match self.address(reply_to, id, request.batch == Some(true)) {
                Ok(address) => Some(address),
                Err(reason) => return Decoded::Dropped(reason),
            },
            (None, None) => None,
            (None, Some(_)) => return Decoded::Dropped(DropReason::NoReplyTo),
            (Some(_), None) => return Decoded::Dropped(DropReason::NoId),
        };
        match (request.cancel, request.method, address) {
            (Some(_), _, Some(address)) => Decoded::Cancel(address.call),
            (_, Some(method), address) => Decoded::Request(Request {
                address,
                method: method.0,
                params: request.params.map(|params| of.slice_ref(params.get().as_bytes())),
                timeout: request.timeout_ms.map(Duration::from_millis),
                traceparent: request.traceparent.filter(|t| t.len() <= MAX_TRACEPARENT).map(|t| t.0.into_owned()),
            }),
            (_, None, Some(address)) => {
                Decoded::Malformed(address, RpcError::invalid_params("invalid request: missing field `method`"))
            }
            (_, None, None) => Decoded::Dropped(DropReason::NoMethod),
        }
    }

    fn address(&mut self, reply_to: &str, correlation_id: &str, batch: bool) -> Result<ReplyAddress, DropReason> {
        let reply_to = match &self.previous {
            Some(previous) if **previous == *reply_to => previous.clone(),
            _ if protocol::is_reply_channel_of(reply_to, self.reply_namespace, &self.caller.user) => {
                self.previous.insert(reply_to.into()).clone()
            }
            _ => return Err(DropReason::ForeignReplyTo),
        };
        if !(1..=MAX_CORRELATION_ID).contains(&correlation_id.len()) {
            return Err(DropReason::IdLength);
        }
        let call = CallId { session: reply_to, correlation_id: correlation_id.into() };
        Ok(ReplyAddress { call, batch: batch || self.in_batch })
    }

    /// Classifies a publication that is not a valid request. The caller gets an error if there is a valid reply
    /// address.
    fn malformed(&mut self, data: &[u8]) -> Decoded<'static> {
        let Some(Malformed { correlation_id, reply_to, why }) = malformed::explain(data) else {
            return Decoded::Dropped(DropReason::NoRequest);
        };
        match self.address(&reply_to, &correlation_id, false) {
            Ok(address) => Decoded::Malformed(address, RpcError::invalid_params(format!("invalid request: {why}"))),
            Err(reason) => Decoded::Dropped(reason),
        }
    }
}

/// Validates UTF-8 once, instead of string by string.
fn parse<'d, T: Deserialize<'d>>(data: &'d [u8]) -> serde_json::Result<T> {
    std::str::from_utf8(data).map_or_else(|_| serde_json::from_slice(data), serde_json::from_str)
}

/// serde would also decode an array, as the members in order.
fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY_TO: &str = "reply:6ba7b810-9dad-41d1-80b4-00c04fd430c8#42";

    fn read(data: impl AsRef<[u8]>) -> Decoded<'static> {
        // Tests may leak memory.
        let data = Box::leak(Box::new(Bytes::copy_from_slice(data.as_ref())));
        Decoder::new(&Caller::user("42"), "reply").decode(data)
    }

    fn with_address(members: &str) -> String {
        format!(r#"{{"reply_to":"{REPLY_TO}",{members}}}"#)
    }

    #[test]
    fn params_are_not_copied() {
        let data =
            Bytes::from(with_address(r#""correlation_id":"c","method":"a.b","params":{"x":[1]},"timeout_ms":5"#));
        let Decoded::Request(request) = Decoder::new(&Caller::user("42"), "reply").decode(&data) else {
            panic!("a request")
        };
        let params = request.params.expect("params");
        assert_eq!(params, r#"{"x":[1]}"#);
        assert!(data.as_ptr_range().contains(&params.as_ptr()));
        assert_eq!(request.timeout, Some(Duration::from_millis(5)));
    }

    #[test]
    fn malformed_requests_with_an_address_are_told_why() {
        let deep = format!(r#""correlation_id":"c","method":{}1{}"#, "[".repeat(10_000), "]".repeat(10_000));
        for (members, message) in [
            (
                r#""correlation_id":"c","method":5"#,
                "invalid request: method: invalid type: integer `5`, expected a string",
            ),
            (r#""correlation_id":"c","method":"a","timeout_ms":-1"#, "invalid request: timeout_ms: invalid value"),
            (r#""correlation_id":"c","method":"a","method":"b""#, "invalid request: duplicate field `method`"),
            (r#""correlation_id":"c""#, "invalid request: missing field `method`"),
            (
                r#""later":{"method":5},"batch":5,"correlation_id":"c","method":"a""#,
                "invalid request: batch: invalid type: integer `5`, expected a boolean",
            ),
            (deep.as_str(), "invalid request: method: invalid type: sequence"),
        ] {
            let Decoded::Malformed(address, error) = read(with_address(members)) else {
                panic!("malformed: {members}")
            };
            assert_eq!((&*address.call.correlation_id, error.code()), ("c", 400));
            assert!(error.message().starts_with(message), "{}", error.message());
        }
    }

    #[test]
    fn what_has_no_safe_address_is_dropped() {
        let other = REPLY_TO.replace("#42", "#43");
        for data in [
            "",
            "null",
            "[]",
            r#"["a.b"]"#,
            &format!(r#"["a.b","c","{REPLY_TO}"]"#),
            "5",
            "{",
            "\u{0}",
            r#""text""#,
            "{}",
            &format!(r#"{{"reply_to":"{other}","correlation_id":"c","method":"a.b"}}"#),
            &format!(r#"{{"reply_to":"{other}","correlation_id":"c","method":5}}"#),
            &format!(r#"{{"reply_to":"{other}","cancel":"c"}}"#),
            r#"{"reply_to":"rpc:requests","correlation_id":"c","method":"a.b"}"#,
            r#"{"correlation_id":"c","method":"a.b"}"#,
            &with_address(r#""method":"a.b""#),
            &with_address(r#""method":"a.b","correlation_id":"""#),
            &with_address(&format!(r#""method":"a.b","correlation_id":"{}""#, "c".repeat(60_000))),
            &with_address(r#""method":"a.b","correlation_id":7"#),
            r#"{"cancel":"c"}"#,
            &"[".repeat(60_000),
        ] {
            let decoded = read(data);
            assert!(matches!(decoded, Decoded::Dropped(_)), "{data:.80} gave {decoded:?}");
        }
        assert!(matches!(read([0xff, 0xfe, b'{']), Decoded::Dropped(_)));
    }

    #[test]
    fn each_request_of_a_batch_is_read_by_itself() {
        let call = with_address(r#""correlation_id":"c","method":"a.b","params":[1]"#);
        let elements = [
            call.clone(),
            with_address(r#""correlation_id":"d""#),
            r#"{"method":"a.b"}"#.to_owned(),
            with_address(r#""cancel":"c""#),
            format!(r#"{{"batch":[{call}]}}"#),
            with_address(&format!(r#""correlation_id":"e","batch":[{call}]"#)),
            "5".to_owned(),
        ];
        let data = Bytes::from(format!(r#"{{ "later": 1, "batch" : [ {} ] }}"#, elements.join(" , ")));
        let caller = Caller::user("42");
        let mut decoder = Decoder::new(&caller, "reply");
        let Decoded::Batch(requests) = decoder.decode(&data) else { panic!("a batch") };
        assert!(requests.iter().all(|request| data.as_ptr_range().contains(&request.as_ptr())), "nothing is copied");
        let read: Vec<_> = decoder.parts(requests, &data).collect();
        let [Decoded::Request(call), Decoded::Malformed(address, _), Decoded::Request(notification), rest @ ..] =
            &read[..]
        else {
            panic!("{read:?}")
        };
        assert_eq!(call.address.as_ref().map(|address| &*address.call.correlation_id), Some("c"));
        assert_eq!((&*address.call.correlation_id, &notification.address), ("d", &None));
        assert_eq!(rest.len(), 4);
        assert!(rest.iter().all(|decoded| matches!(decoded, Decoded::Dropped(DropReason::NoRequest))), "{rest:?}");
    }

    #[test]
    fn a_batch_of_nothing_is_nothing() {
        for data in [r#"{"batch":[]}"#, r#"{"batch":{}}"#, r#"{"batch":[1}"#, r#"{"batch":"c","method":"a.b"}"#] {
            let decoded = read(data);
            assert!(matches!(decoded, Decoded::Dropped(DropReason::NoRequest)), "{data} gave {decoded:?}");
        }
    }

    #[test]
    fn without_an_address_it_is_a_notification() {
        let Decoded::Request(request) = read(r#"{"method":"a.b"}"#) else { panic!("a request") };
        assert_eq!(request.address, None);
    }
}
