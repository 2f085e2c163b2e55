//! Tells operators that other workers died, and what becomes of their calls.

use super::remembered::Remembered;
use crate::group::{Action, Group, Member, Standing};

/// Logs what the view at this offset says of the dead, if it is in force; `actions` are what it made this worker do.
pub(super) fn tell(group: &Group<Remembered>, offset: u64, dead: &[Member], actions: &[Action<Remembered>]) {
    let others: Vec<_> =
        dead.iter().filter(|member| member.worker() != group.me().worker()).map(|gone| &**gone).collect();
    if others.is_empty() || group.standing() != Standing::Member {
        return;
    }
    let Some(view) = group.view().filter(|view| view.version == offset) else { return };
    let (mut worker_lost, mut run_again) = (0, 0);
    for action in actions {
        match action {
            Action::Lost { request, .. } => worker_lost += request.count(),
            Action::Run { request, .. } => run_again += request.count(),
            Action::Publish(_) | Action::AskPresence => {}
        }
    }
    let (gone, members) = (others.join(", "), view.members.len());
    tracing::warn!(
        gone,
        members,
        worker_lost,
        run_again,
        "another worker is gone: callers of what it did not report as finished get 504, idempotent methods run again"
    );
}
