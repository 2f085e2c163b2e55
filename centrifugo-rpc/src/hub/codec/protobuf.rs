//! Length-prefixed Protobuf messages.

use bytes::{BufMut, Bytes};
use prost::{Message, encoding::decode_varint, encoding::encode_varint};

use super::{Command, Malformed, Reply};

pub(super) fn decode(rest: &mut &[u8]) -> Result<Command, Malformed> {
    let length = decode_varint(rest).map_err(|_| Malformed)?;
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    let (message, tail) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = tail;
    Command::decode(message).map_err(|_| Malformed)
}

pub(super) fn encode(reply: &Reply) -> Bytes {
    reply.encode_to_vec().into()
}

pub(super) fn frame(replies: &[Bytes]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(replies.iter().map(|reply| reply.len() + 5).sum());
    for reply in replies {
        encode_varint(reply.len() as u64, &mut frame);
        frame.put_slice(reply);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::super::super::protocol::{ChannelRequest, ClientInfo, Publication, Push};
    use super::super::Codec;
    use super::*;

    #[test]
    fn commands_are_read_one_after_the_other() {
        // `{id: 1, presence: {channel: "a"}}` and an empty command, which is a pong.
        let frame = [7, 8, 1, 66, 3, 10, 1, b'a', 0];
        let commands: Vec<_> = Codec::Protobuf.commands(&frame).collect();
        let presence = Some(ChannelRequest { channel: "a".into() });
        assert_eq!(commands, [Ok(Command { id: 1, presence, ..Command::default() }), Ok(Command::default())]);
    }

    #[test]
    fn what_is_cut_short_is_malformed() {
        for frame in [&[][..], &[2, 8], &[0xff], &[0xff; 12], &[1, 0xff]] {
            let commands: Vec<_> = Codec::Protobuf.commands(frame).collect();
            assert_eq!(commands, [Err(Malformed)], "{frame:?}");
        }
    }

    #[test]
    fn a_publication_has_the_bytes_of_the_schema() {
        let publication = Publication {
            data: Bytes::from_static(b"{}"),
            info: Some(ClientInfo { user: "42".into(), client: "c".into(), ..ClientInfo::default() }),
            offset: 1,
            ..Publication::default()
        };
        let push = Push { channel: "x:y".into(), r#pub: Some(publication), ..Push::default() };
        let reply = Reply { push: Some(push), ..Reply::default() };
        let expected =
            [&[34, 22, 18, 3][..], b"x:y", &[34, 15, 34, 2], b"{}", &[42, 7, 10, 2], b"42", &[18, 1, b'c', 48, 1]];
        assert_eq!(encode(&reply).as_ref(), expected.concat());
        assert_eq!(frame(&[Bytes::new(), Bytes::from_static(b"ab")]), [0, 2, b'a', b'b']);
    }
}
