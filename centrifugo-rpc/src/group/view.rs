//! Who the members are, as of some place in the channel.

use super::message::Member;

/// The members in force. Its version is the offset that it took effect at; 0 is the beginning of a stream, where there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub version: u64,
    pub members: Vec<Member>,
}

impl View {
    /// Who runs the request at this offset; nobody where there are no members.
    pub(super) fn owner(&self, offset: u64) -> Option<&Member> {
        pick(&self.members, offset)
    }

    pub(super) fn contains(&self, member: &str) -> bool {
        self.members.iter().any(|other| &**other == member)
    }
}

/// The same choice wherever it is made.
pub(super) fn pick<T>(among: &[T], offset: u64) -> Option<&T> {
    let count = u64::try_from(among.len()).ok().filter(|count| *count > 0)?;
    usize::try_from(offset % count).ok().and_then(|index| among.get(index))
}
