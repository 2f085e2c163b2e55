//! Encodes replies for the server API. Replies are JSON already and are copied unchanged.

use bytes::Bytes;

use crate::centrifugo::api::Body;
use crate::protocol;
use crate::transport::pubsub::replies::publication::Publication;

const CHANNEL: &[u8] = br#"{"channel":"#;
const DATA: &[u8] = br#","data":"#;
const SKIP_HISTORY: &[u8] = br#","skip_history":true"#;
const KEY: &[u8] = br#","idempotency_key":"#;

const COMMAND: &[u8] = br#"{"publish":"#;

/// The bytes of a publication besides its channel, its replies and a key.
const OVERHEAD: usize = COMMAND.len() + CHANNEL.len() + DATA.len() + SKIP_HISTORY.len() + 20;

/// Encodes the body of a request. A single publication is not sent as a batch, which would cost Centrifugo more
/// (`docs/performance.md`).
pub(super) fn write(publications: &[Publication<'_>], parallel: bool) -> Body {
    if let [publication] = publications {
        Body::One(one(publication))
    } else {
        Body::Batch(batch(publications, parallel))
    }
}

fn one(publication: &Publication<'_>) -> Bytes {
    let mut body = Vec::with_capacity(publication.size() + OVERHEAD);
    write_publication(publication, &mut body);
    body.into()
}

fn batch(publications: &[Publication<'_>], parallel: bool) -> Bytes {
    let size: usize = publications.iter().map(|publication| publication.size() + OVERHEAD).sum();
    let mut body = Vec::with_capacity(size + 40);
    body.extend_from_slice(if parallel { br#"{"parallel":true,"commands":["# } else { br#"{"commands":["# });
    for publication in publications {
        body.extend_from_slice(COMMAND);
        write_publication(publication, &mut body);
        body.extend_from_slice(b"},");
    }
    if !publications.is_empty() {
        body.pop();
    }
    body.extend_from_slice(b"]}");
    body.into()
}

fn write_publication(publication: &Publication<'_>, body: &mut Vec<u8>) {
    body.extend_from_slice(CHANNEL);
    // Every string has a JSON form, and writing to a `Vec` cannot fail.
    let _ = serde_json::to_writer(&mut *body, publication.channel());
    body.extend_from_slice(DATA);
    protocol::write_together(body, publication.replies().iter(), |reply, body| reply.encoded.write(body));
    if !publication.in_history {
        body.extend_from_slice(SKIP_HISTORY);
    }
    if let Some(key) = publication.idempotency_key() {
        body.extend_from_slice(KEY);
        let _ = serde_json::to_writer(&mut *body, key);
    }
    body.push(b'}');
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::transport::pubsub::replies::pending_reply::PendingReply;

    fn publication(channel: &str, data: &str) -> Publication<'static> {
        let expires = Instant::now() + Duration::from_secs(30);
        PendingReply::new(channel.to_owned(), data.as_bytes().to_vec(), expires).into()
    }

    fn text(body: &Body) -> &str {
        std::str::from_utf8(body.bytes()).expect("text")
    }

    #[test]
    fn a_batch_is_json_with_the_replies_as_they_are() {
        let batch = [publication("reply:a\"b#1", r#"{"result": {"a":1}}"#), publication("reply:c#2", "[1, 2]")];
        let body = write(&batch, true);
        assert!(matches!(body, Body::Batch(_)));
        assert_eq!(
            text(&body),
            r#"{"parallel":true,"commands":[{"publish":{"channel":"reply:a\"b#1","data":{"result": {"a":1}}}},{"publish":{"channel":"reply:c#2","data":[1, 2]}}]}"#
        );
        assert_eq!(text(&write(&[], false)), r#"{"commands":[]}"#);
    }

    #[test]
    fn one_publication_is_no_batch() {
        let mut unstored = publication("reply:c#2", "1");
        unstored.in_history = false;
        let body = write(&[unstored], true);
        assert!(matches!(body, Body::One(_)));
        assert_eq!(text(&body), r#"{"channel":"reply:c#2","data":1,"skip_history":true}"#);
    }
}
