//! Publications that cause as much work as possible: for a test that bounds the work, and a benchmark that measures it.

use bytes::Bytes;

/// The approximate size of each in bytes: Centrifugo's limit, less room for its own command.
const BYTES: usize = 64_000;

/// The user that publishes them.
pub(crate) const USER: &str = "42";
const REPLY_TO: &str = "reply:6ba7b810-9dad-41d1-80b4-00c04fd430c8#42";

/// One publication of each kind, by name. The first one is the baseline: one call of `method` with large params.
pub(crate) fn publications(method: &str) -> Vec<(&'static str, Bytes)> {
    let call = format!(r#"{{"reply_to":"{REPLY_TO}","correlation_id":"$","method":"{method}"}}"#);
    let call_with = |id: &str| call.replace('$', id);
    let address = format!(r#""reply_to":"{REPLY_TO}","correlation_id":"c""#);
    let members = |bytes: usize| r#""a":1,"#.repeat(bytes / 6);
    let text = |bytes: usize| "y".repeat(bytes);
    let kinds = [
        ("one call", alone(|bytes| format!(r#"{address},"method":"{method}","params":{{"text":"{}"}}"#, text(bytes)))),
        ("numbers", batch("1")),
        ("empty objects", batch("{}")),
        ("batches in a batch", batch(r#"{"batch":[1]}"#)),
        ("cancellations in a batch", batch(&format!(r#"{{"cancel":"$","reply_to":"{REPLY_TO}"}}"#))),
        ("notifications", batch(&format!(r#"{{"method":"{method}"}}"#))),
        ("notifications of unknown methods", batch(r#"{"method":"x"}"#)),
        ("names with escapes", batch(r#"{"\u006dethod":"x"}"#)),
        ("foreign addresses", batch(&call.replace("#42", "#4"))),
        ("calls", batch(&call)),
        ("calls with replies that go together", batch(&call.replace(r#""$""#, r#""$","batch":true"#))),
        ("calls of unknown methods", batch(&call.replace(method, "x"))),
        ("calls that run already", batch(&call_with("c"))),
        ("calls with long IDs", batch(&call_with(&format!("{}$", "x".repeat(100))))),
        ("calls with escapes in their IDs", batch(&call_with(&format!(r"{}$", r"\u0001".repeat(100))))),
        ("calls with IDs that are too long", batch(&call_with(&text(129)))),
        ("malformed calls", batch(&call.replace(&format!(r#""{method}""#), "5"))),
        ("calls without a method", batch(&call.replace("method", "x"))),
        ("a call of many members", alone(|bytes| format!(r#"{}{address},"method":"{method}""#, members(bytes)))),
        ("a malformed call of many members", alone(|bytes| format!(r#"{}{address},"method":5"#, members(bytes)))),
        (
            "a call with wrong params of many members",
            alone(|bytes| format!(r#"{address},"method":"{method}","params":{{{}"text":5}}"#, members(bytes))),
        ),
        ("a malformed call that nests", alone(|bytes| format!(r#"{address},"method":{}"#, nested(bytes)))),
        ("a call with a long name", alone(|bytes| format!(r#"{address},"method":"{}""#, r"\u0001".repeat(bytes / 6)))),
        ("a cancellation", alone(|bytes| format!(r#""reply_to":"{REPLY_TO}","cancel":"c","x":"{}""#, text(bytes)))),
        (
            "a call with a cancel in it",
            alone(|bytes| format!(r#"{address},"method":"{method}","params":{{"cancel":"{}"}}"#, text(bytes))),
        ),
    ];
    kinds.map(|(kind, data)| (kind, data.into())).into()
}

/// A batch with as many of these requests as fit. A `$` in a request becomes its number.
fn batch(request: &str) -> String {
    let mut batch = r#"{"batch":["#.to_owned();
    for number in 0.. {
        let next = request.replace('$', &number.to_string());
        if batch.len() + next.len() > BYTES {
            break;
        }
        if number > 0 {
            batch.push(',');
        }
        batch.push_str(&next);
    }
    batch + "]}"
}

/// A request with these members. `members` gets the number of bytes that there is room for.
fn alone(members: impl Fn(usize) -> String) -> String {
    let around = members(0).len() + 2;
    format!("{{{}}}", members(BYTES - around))
}

fn nested(bytes: usize) -> String {
    let depth = bytes / 2;
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}
