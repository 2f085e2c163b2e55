//! Reads publications of the request channel. Trusts nothing in them.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::connection::Caller;
use crate::error::RpcError;
use crate::json;
use crate::protocol::{self, MAX_CORRELATION_ID, MAX_REQUESTS, ReturnAddress};

mod batch;

pub(super) use batch::batch;

/// The longest `traceparent` that is passed on, in bytes. W3C's version 00 has 55.
const MAX_TRACEPARENT: usize = 128;

/// What a publication is.
#[derive(Debug)]
pub(super) enum Intake<'a> {
    /// A call, or a notification if it has no address.
    Request(Request<'a>),
    /// The end of a call of the same user and session.
    Cancel(Address),
    /// Several requests, to be read by [`Reader::parts`].
    Batch(Vec<&'a [u8]>),
    /// The requests of a batch that are too many, all as one, with the address of the first.
    TooMany(Option<Address>),
    /// Not a request, but its author can be told.
    Malformed(Address, RpcError),
    /// Nothing that could be answered.
    Dropped(Reason),
}

impl Intake<'_> {
    /// As how many requests of a batch it counts.
    fn weight(&self) -> usize {
        match self {
            Self::Request(Request { address: Some(_), .. }) | Self::Malformed(..) => protocol::CALL,
            _ => 1,
        }
    }

    fn into_address(self) -> Option<Address> {
        match self {
            Self::Request(request) => request.address,
            Self::Malformed(address, _) => Some(address),
            _ => None,
        }
    }
}

/// Why a publication is dropped without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    NoRequest,
    TooMany,
    ForeignReplyTo,
    IdLength,
    NoReplyTo,
    NoId,
    NoMethod,
    /// A second call with the address of one that runs.
    Running,
    /// A notification that cannot run: nobody waits for an answer.
    Notification,
    /// A notification that another worker had, which is gone.
    Lost,
}

impl Reason {
    pub(super) const ALL: [Self; 10] = [
        Self::NoRequest,
        Self::TooMany,
        Self::ForeignReplyTo,
        Self::IdLength,
        Self::NoReplyTo,
        Self::NoId,
        Self::NoMethod,
        Self::Running,
        Self::Notification,
        Self::Lost,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoRequest => "it is not a request",
            Self::TooMany => "it is the rest of a batch that has more requests than a worker takes",
            Self::ForeignReplyTo => "its `reply_to` is not the caller's own reply channel",
            Self::IdLength => "its `correlation_id` has not 1 to 128 bytes",
            Self::NoReplyTo => "it has an ID but no `reply_to`",
            Self::NoId => "it has a `reply_to` but no `correlation_id`",
            Self::NoMethod => "it has no `method`",
            Self::Running => "its call is running already",
            Self::Notification => "a notification was refused",
            Self::Lost => "a notification is lost with its worker",
        }
    }
}

/// A well-formed request, of an unknown method.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub address: Option<Address>,
    pub method: Cow<'a, str>,
    pub params: Option<Bytes>,
    pub timeout: Option<Duration>,
    pub traceparent: Option<String>,
}

/// Where a reply goes: a channel that belongs to the caller, and the ID by which it knows its call. Clones share both.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub reply_to: Arc<str>,
    pub correlation_id: Arc<str>,
    /// The reply may come together with others. Nothing by which a call is known: a cancellation need not say it.
    pub batch: bool,
}

impl Address {
    fn call(&self) -> (&str, &str) {
        (&self.reply_to, &self.correlation_id)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.call() == other.call()
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.call().hash(state);
    }
}

/// Reads what a caller published.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    caller: &'a Caller,
    reply_namespace: &'a str,
    /// The reply channel of the request before, which most share with the next.
    before: Option<Arc<str>>,
    /// It reads a batch. Who writes those reads them, too, so that the replies may go together.
    in_batch: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(caller: &'a Caller, reply_namespace: &'a str) -> Self {
        Self { caller, reply_namespace, before: None, in_batch: false }
    }

    pub(super) fn read<'d>(&mut self, data: &'d Bytes) -> Intake<'d> {
        self.intake(parse(data), data, data)
    }

    /// Reads the requests of a batch one by one, until they are too many.
    pub(super) fn parts<'d>(
        &mut self,
        requests: Vec<&'d [u8]>,
        of: &'d Bytes,
    ) -> impl Iterator<Item = Intake<'d>> + use<'_, 'a, 'd> {
        self.in_batch = true;
        let mut room = Some(MAX_REQUESTS);
        requests.into_iter().map_while(move |request| {
            let left = room?;
            let intake = self.read_part(request, of);
            room = left.checked_sub(intake.weight());
            Some(if room.is_some() { intake } else { Intake::TooMany(intake.into_address()) })
        })
    }

    /// Reads a request of a batch. A cancellation is for all workers, a batch for one of them.
    fn read_part<'d>(&mut self, part: &'d [u8], of: &'d Bytes) -> Intake<'d> {
        match self.intake(parse(part), part, of) {
            Intake::Cancel(_) | Intake::Batch(_) => Intake::Dropped(Reason::NoRequest),
            intake => intake,
        }
    }

    fn intake<'d>(
        &mut self,
        request: serde_json::Result<protocol::Request<'d>>,
        json: &'d [u8],
        of: &'d Bytes,
    ) -> Intake<'d> {
        match request {
            _ if !is_object(json) => Intake::Dropped(Reason::NoRequest),
            Ok(request) => self.request(request, of),
            // The `batch` of a request is a boolean, so that a batch of them fails at once.
            Err(_) => batch(json).map_or_else(|| self.malformed(json), Intake::Batch),
        }
    }

    fn request<'d>(&mut self, request: protocol::Request<'d>, of: &'d Bytes) -> Intake<'d> {
        let id = request.cancel.as_ref().or(request.correlation_id.as_ref());
        let address = match (&request.reply_to, id) {
            (Some(reply_to), Some(id)) => match self.address(reply_to, id, request.batch == Some(true)) {
                Ok(address) => Some(address),
                Err(reason) => return Intake::Dropped(reason),
            },
            (None, None) => None,
            (None, Some(_)) => return Intake::Dropped(Reason::NoReplyTo),
            (Some(_), None) => return Intake::Dropped(Reason::NoId),
        };
        match (request.cancel, request.method, address) {
            (Some(_), _, Some(address)) => Intake::Cancel(address),
            (_, Some(method), address) => Intake::Request(Request {
                address,
                method: method.0,
                params: request.params.map(|params| of.slice_ref(params.get().as_bytes())),
                timeout: request.timeout_ms.map(Duration::from_millis),
                traceparent: request.traceparent.filter(|t| t.len() <= MAX_TRACEPARENT).map(|t| t.0.into_owned()),
            }),
            (_, None, Some(address)) => {
                Intake::Malformed(address, RpcError::invalid_params("invalid request: missing field `method`"))
            }
            (_, None, None) => Intake::Dropped(Reason::NoMethod),
        }
    }

    fn address(&mut self, reply_to: &str, correlation_id: &str, batch: bool) -> Result<Address, Reason> {
        let reply_to = match &self.before {
            Some(before) if **before == *reply_to => before.clone(),
            _ if protocol::is_reply_channel_of(reply_to, self.reply_namespace, &self.caller.user) => {
                self.before.insert(reply_to.into()).clone()
            }
            _ => return Err(Reason::ForeignReplyTo),
        };
        if !(1..=MAX_CORRELATION_ID).contains(&correlation_id.len()) {
            return Err(Reason::IdLength);
        }
        Ok(Address { reply_to, correlation_id: correlation_id.into(), batch: batch || self.in_batch })
    }

    /// Something else than a request: its author is told if it says who it is.
    fn malformed(&mut self, data: &[u8]) -> Intake<'static> {
        let strings = serde_json::from_slice::<ReturnAddress<'_>>(data).ok().and_then(|address| address.strings());
        let Some((correlation_id, reply_to)) = strings else {
            return Intake::Dropped(Reason::NoRequest);
        };
        match self.address(&reply_to, &correlation_id, false) {
            Ok(address) => {
                let why = json::explain::<protocol::Request<'_>>(data);
                Intake::Malformed(address, RpcError::invalid_params(format!("invalid request: {why}")))
            }
            Err(reason) => Intake::Dropped(reason),
        }
    }
}

/// Text is looked through once, instead of string by string.
fn parse<'d, T: Deserialize<'d>>(data: &'d [u8]) -> serde_json::Result<T> {
    std::str::from_utf8(data).map_or_else(|_| serde_json::from_slice(data), serde_json::from_str)
}

/// serde would read an array as well, as the members in their order.
fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY_TO: &str = "reply:6ba7b810-9dad-41d1-80b4-00c04fd430c8#42";

    fn read(data: impl AsRef<[u8]>) -> Intake<'static> {
        // Tests may leak.
        let data = Box::leak(Box::new(Bytes::copy_from_slice(data.as_ref())));
        Reader::new(&Caller::user("42"), "reply").read(data)
    }

    fn with_address(members: &str) -> String {
        format!(r#"{{"reply_to":"{REPLY_TO}",{members}}}"#)
    }

    #[test]
    fn params_are_not_copied() {
        let data =
            Bytes::from(with_address(r#""correlation_id":"c","method":"a.b","params":{"x":[1]},"timeout_ms":5"#));
        let Intake::Request(request) = Reader::new(&Caller::user("42"), "reply").read(&data) else {
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
            (deep.as_str(), "invalid request: method: invalid type: sequence"),
        ] {
            let Intake::Malformed(address, error) = read(with_address(members)) else { panic!("malformed: {members}") };
            assert_eq!((&*address.correlation_id, error.code()), ("c", 400));
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
            let intake = read(data);
            assert!(matches!(intake, Intake::Dropped(_)), "{data:.80} gave {intake:?}");
        }
        assert!(matches!(read([0xff, 0xfe, b'{']), Intake::Dropped(_)));
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
        let mut reader = Reader::new(&caller, "reply");
        let Intake::Batch(requests) = reader.read(&data) else { panic!("a batch") };
        assert!(requests.iter().all(|request| data.as_ptr_range().contains(&request.as_ptr())), "nothing is copied");
        let read: Vec<_> = reader.parts(requests, &data).collect();
        let [Intake::Request(call), Intake::Malformed(address, _), Intake::Request(notification), rest @ ..] =
            &read[..]
        else {
            panic!("{read:?}")
        };
        assert_eq!(call.address.as_ref().map(|address| &*address.correlation_id), Some("c"));
        assert_eq!((&*address.correlation_id, &notification.address), ("d", &None));
        assert_eq!(rest.len(), 4);
        assert!(rest.iter().all(|intake| matches!(intake, Intake::Dropped(Reason::NoRequest))), "{rest:?}");
    }

    #[test]
    fn a_batch_of_nothing_is_nothing() {
        for data in [r#"{"batch":[]}"#, r#"{"batch":{}}"#, r#"{"batch":[1}"#, r#"{"batch":"c","method":"a.b"}"#] {
            let intake = read(data);
            assert!(matches!(intake, Intake::Dropped(Reason::NoRequest)), "{data} gave {intake:?}");
        }
    }

    #[test]
    fn without_an_address_it_is_a_notification() {
        let Intake::Request(request) = read(r#"{"method":"a.b"}"#) else { panic!("a request") };
        assert_eq!(request.address, None);
    }
}
