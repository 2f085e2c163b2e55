//! Logs that other workers died, and what happens to their calls.

use super::retained_request::RetainedRequest;
use crate::group::{Action, Group, Member, MemberStatus};

/// Logs the dead members that the view at this offset removed, if the view is in force. `actions` are the resulting
/// actions of this worker.
pub(super) fn log_deaths(
    group: &Group<RetainedRequest>,
    offset: u64,
    dead: &[Member],
    actions: &[Action<RetainedRequest>],
) {
    let others: Vec<_> =
        dead.iter().filter(|member| member.worker() != group.me().worker()).map(|gone| &**gone).collect();
    if others.is_empty() || group.status() != MemberStatus::Member {
        return;
    }
    let Some(view) = group.view().filter(|view| view.version == offset) else { return };
    let (mut worker_lost, mut run_again) = (0, 0);
    for action in actions {
        match action {
            Action::Lost { request, .. } => worker_lost += request.request_count(),
            Action::Run { request, .. } => run_again += request.request_count(),
            Action::Publish(_) | Action::QueryPresence => {}
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
