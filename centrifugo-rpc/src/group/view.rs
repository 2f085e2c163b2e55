//! The members of the group at some offset of the channel.

use super::message::Member;

/// The members in force. The version is the offset at which the view took effect. Version 0 is the start of a stream,
/// without members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub version: u64,
    pub members: Vec<Member>,
}

impl View {
    /// The owner of the request at this offset; `None` if there are no members.
    pub(super) fn owner(&self, offset: u64) -> Option<&Member> {
        pick(&self.members, offset)
    }

    pub(super) fn contains(&self, member: &str) -> bool {
        self.members.iter().any(|other| &**other == member)
    }
}

/// Picks one by the offset: every worker makes the same choice.
pub(super) fn pick<T>(among: &[T], offset: u64) -> Option<&T> {
    let count = u64::try_from(among.len()).ok().filter(|count| *count > 0)?;
    usize::try_from(offset % count).ok().and_then(|index| among.get(index))
}
