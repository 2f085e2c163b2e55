//! Lines of JSON. Payloads are copied byte for byte after a check that they are JSON: one invalid payload would break
//! the line for the replies around it.

use std::io::BufRead;

use serde::{Deserialize, de::IgnoredAny};

use super::super::protocol::{
    ClientInfo, ConnectResult, Error, HistoryResult, PresenceResult, Publication, Push, SubscribeResult,
};
use super::{Command, Malformed, NotJson, Reply};

/// Reads one line; text after the value on the line is ignored, as in Centrifugo.
pub(super) fn decode(rest: &mut &[u8]) -> Result<Command, Malformed> {
    let frame = *rest;
    // Reading a slice does not fail. `skip_until` finds the end of a line quickly even in a build without optimization.
    let length = rest.skip_until(b'\n').map_err(|_| Malformed)?;
    let line = &frame[..length];
    // serde would read an array as a struct, too.
    if line.trim_ascii_start().starts_with(b"[") {
        return Err(Malformed);
    }
    let mut reader = serde_json::Deserializer::from_slice(line);
    Option::<Command>::deserialize(&mut reader).map(Option::unwrap_or_default).map_err(|_| Malformed)
}

pub(super) fn encode(reply: &Reply) -> Result<Vec<u8>, NotJson> {
    let mut out = Vec::with_capacity(128);
    Object::write(&mut out, |object| {
        object.number("id", reply.id.into());
        object.optional("error", reply.error.as_ref(), write_error)?;
        object.optional("push", reply.push.as_ref(), write_push)?;
        object.optional("connect", reply.connect.as_ref(), write_connect)?;
        object.optional("subscribe", reply.subscribe.as_ref(), write_subscribe)?;
        object.optional("unsubscribe", reply.unsubscribe.as_ref(), |_, _| Ok(()))?;
        object.optional("publish", reply.publish.as_ref(), |_, _| Ok(()))?;
        object.optional("presence", reply.presence.as_ref(), write_presence)?;
        object.optional("presence_stats", reply.presence_stats.as_ref(), |object, stats| {
            object.always("num_clients", stats.num_clients.into());
            object.always("num_users", stats.num_users.into());
            Ok(())
        })?;
        object.optional("history", reply.history.as_ref(), write_history)?;
        object.optional("refresh", reply.refresh.as_ref(), |object, result| {
            object.flag("expires", result.expires);
            object.number("ttl", result.ttl.into());
            Ok(())
        })?;
        object.optional("sub_refresh", reply.sub_refresh.as_ref(), |object, result| {
            object.flag("expires", result.expires);
            object.number("ttl", result.ttl.into());
            Ok(())
        })
    })?;
    Ok(out)
}

type Written = Result<(), NotJson>;

#[allow(clippy::unnecessary_wraps)] // All writers have the same signature.
fn write_error(object: &mut Object<'_>, error: &Error) -> Written {
    object.number("code", error.code.into());
    object.text("message", &error.message);
    object.flag("temporary", error.temporary);
    Ok(())
}

fn write_push(object: &mut Object<'_>, push: &Push) -> Written {
    object.text("channel", &push.channel);
    object.optional("pub", push.r#pub.as_ref(), write_publication)?;
    object
        .optional("join", push.join.as_ref(), |object, join| object.optional("info", join.info.as_ref(), write_info))?;
    object.optional("leave", push.leave.as_ref(), |object, leave| {
        object.optional("info", leave.info.as_ref(), write_info)
    })?;
    object.optional("unsubscribe", push.unsubscribe.as_ref(), |object, unsubscribe| {
        object.number("code", unsubscribe.code.into());
        object.text("reason", &unsubscribe.reason);
        Ok(())
    })
}

fn write_info(object: &mut Object<'_>, info: &ClientInfo) -> Written {
    object.string("user", &info.user);
    object.string("client", &info.client);
    object.raw("conn_info", &info.conn_info)?;
    object.raw("chan_info", &info.chan_info)
}

fn write_publication(object: &mut Object<'_>, publication: &Publication) -> Written {
    object.raw("data", &publication.data)?;
    object.optional("info", publication.info.as_ref(), write_info)?;
    object.number("offset", publication.offset);
    if !publication.tags.is_empty() {
        object.object("tags", |object| {
            for (name, value) in &publication.tags {
                object.string(name, value);
            }
            Ok(())
        })?;
    }
    object.text("epoch", &publication.epoch);
    Ok(())
}

fn write_publications(object: &mut Object<'_>, publications: &[Publication]) -> Written {
    object.key("publications");
    object.out.push(b'[');
    for (index, publication) in publications.iter().enumerate() {
        if index > 0 {
            object.out.push(b',');
        }
        Object::write(object.out, |object| write_publication(object, publication))?;
    }
    object.out.push(b']');
    Ok(())
}

#[allow(clippy::unnecessary_wraps)] // All writers have the same signature.
fn write_connect(object: &mut Object<'_>, result: &ConnectResult) -> Written {
    object.text("client", &result.client);
    object.text("version", &result.version);
    object.flag("expires", result.expires);
    object.number("ttl", result.ttl.into());
    object.number("ping", result.ping.into());
    object.flag("pong", result.pong);
    Ok(())
}

fn write_subscribe(object: &mut Object<'_>, result: &SubscribeResult) -> Written {
    object.flag("expires", result.expires);
    object.number("ttl", result.ttl.into());
    object.flag("recoverable", result.recoverable);
    object.text("epoch", &result.epoch);
    if !result.publications.is_empty() {
        write_publications(object, &result.publications)?;
    }
    object.flag("recovered", result.recovered);
    object.number("offset", result.offset);
    object.flag("positioned", result.positioned);
    object.raw("data", &result.data)?;
    object.flag("was_recovering", result.was_recovering);
    Ok(())
}

fn write_presence(object: &mut Object<'_>, result: &PresenceResult) -> Written {
    object.object("presence", |object| {
        result.presence.iter().try_for_each(|(client, info)| object.object(client, |object| write_info(object, info)))
    })
}

fn write_history(object: &mut Object<'_>, result: &HistoryResult) -> Written {
    write_publications(object, &result.publications)?;
    object.string("epoch", &result.epoch);
    object.always("offset", result.offset);
    Ok(())
}

/// Writes the members of a JSON object and omits empty ones, as Centrifugo does.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    fn write(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>) -> Written) -> Written {
        out.push(b'{');
        members(&mut Object { out, first: true })?;
        out.push(b'}');
        Ok(())
    }

    fn quote(&mut self, text: &str) {
        // Writing a string to a vector cannot fail.
        let _ = serde_json::to_writer(&mut *self.out, text);
    }

    fn key(&mut self, name: &str) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.quote(name);
        self.out.push(b':');
    }

    fn always(&mut self, name: &str, number: u64) {
        self.key(name);
        self.out.extend_from_slice(number.to_string().as_bytes());
    }

    fn number(&mut self, name: &str, number: u64) {
        if number != 0 {
            self.always(name, number);
        }
    }

    fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.key(name);
            self.out.extend_from_slice(b"true");
        }
    }

    fn string(&mut self, name: &str, text: &str) {
        self.key(name);
        self.quote(text);
    }

    fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.string(name, text);
        }
    }

    fn raw(&mut self, name: &str, json: &[u8]) -> Written {
        if json.is_empty() {
            return Ok(());
        }
        let json = std::str::from_utf8(json).map_err(|_| NotJson)?;
        serde_json::from_str::<IgnoredAny>(json).map_err(|_| NotJson)?;
        self.key(name);
        // A line is one reply. JSON allows line breaks only as insignificant whitespace, so they can be removed.
        for line in json.split('\n') {
            self.out.extend_from_slice(line.as_bytes());
        }
        Ok(())
    }

    fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>) -> Written) -> Written {
        self.key(name);
        Object::write(self.out, members)
    }

    fn optional<T>(
        &mut self,
        name: &str,
        value: Option<&T>,
        write: impl FnOnce(&mut Object<'_>, &T) -> Written,
    ) -> Written {
        value.map_or(Ok(()), |value| self.object(name, |object| write(object, value)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::super::protocol::PublishRequest;
    use super::super::Codec;
    use super::*;

    fn commands(frame: &str) -> Vec<Result<Command, Malformed>> {
        Codec::Json.commands(frame.as_bytes()).collect()
    }

    #[test]
    fn commands_are_lines_and_payloads_stay_as_they_were() {
        let publish = PublishRequest { channel: "a".into(), data: Bytes::from_static(b"{\"b\" : 1.0}"), r#type: 0 };
        let publish = Command { id: 1, publish: Some(publish), ..Command::default() };
        assert_eq!(
            commands("{\"id\":1,\"publish\":{\"channel\":\"a\",\"data\":{\"b\" : 1.0},\"later\":[]}}\n{}\n"),
            [Ok(publish), Ok(Command::default())]
        );
    }

    #[test]
    fn what_is_not_a_command_is_malformed_and_ends_the_frame() {
        for frame in ["", "\n", "x", "[]", "{\"id\":-1}", "{\"id\":1,\"publish\":{\"channel\":1}}"] {
            assert_eq!(commands(frame), [Err(Malformed)], "{frame}");
        }
        assert_eq!(commands("{}\n\n{}"), [Ok(Command::default()), Err(Malformed)]);
    }

    #[test]
    fn empty_members_are_left_out_and_payloads_go_in_as_they_are() {
        let publication = Publication {
            data: Bytes::from_static(b"{\n\"a\" :\n1}"),
            info: Some(ClientInfo { client: "c".into(), ..ClientInfo::default() }),
            offset: 3,
            ..Publication::default()
        };
        let push = Push { channel: "x\"y".into(), r#pub: Some(publication), ..Push::default() };
        let reply = Reply { push: Some(push), ..Reply::default() };
        let written = encode(&reply).expect("the payload is JSON");
        assert_eq!(
            String::from_utf8(written).expect("JSON is text"),
            r#"{"push":{"channel":"x\"y","pub":{"data":{"a" :1},"info":{"user":"","client":"c"},"offset":3}}}"#
        );
        let history = Some(HistoryResult { epoch: "e".into(), ..HistoryResult::default() });
        let reply = Reply { id: 1, history, ..Reply::default() };
        assert_eq!(
            encode(&reply).expect("it is JSON"),
            br#"{"id":1,"history":{"publications":[],"epoch":"e","offset":0}}"#
        );
    }

    #[test]
    fn a_payload_that_is_not_json_is_refused() {
        for data in [&b"\xff"[..], b"{", b"1 2", b"\"\xff\""] {
            let publication = Publication { data: Bytes::from_static(data), ..Publication::default() };
            let push = Push { channel: "a".into(), r#pub: Some(publication), ..Push::default() };
            let reply = Reply { push: Some(push), ..Reply::default() };
            assert_eq!(encode(&reply), Err(NotJson), "{data:?}");
        }
    }
}
