//! The phases of a worker's stay, each with its timers. Whether the worker is a member is up to the view in force.

use super::Millis;

#[derive(Debug)]
pub(super) enum Phase {
    /// The worker joins the group and stays in it.
    Staying {
        /// Set if others removed the worker as dead, and it has read nothing since that proves that it reads current
        /// publications: the time of the next attempt to prove it.
        confirm_liveness_at: Option<Millis>,
    },
    /// The worker leaves the group and completes its requests.
    Leaving(Departure),
    /// The worker has read its own final report.
    Left,
}

/// The progress of leaving.
#[derive(Debug, Default)]
pub(super) struct Departure {
    /// Set if the worker was the last member and still has to publish that there is none: the time since when.
    pub empty_state_since: Option<Millis>,
    pub empty_state_sent_at: Option<Millis>,
    /// The offset of the last view that has the worker or removed it. A report that was sent before the worker
    /// read that view is not final: the worker may have got requests since.
    pub membership_changed_at: u64,
    pub final_report_sent_at: Option<Millis>,
    pub final_report_read: bool,
}

impl Departure {
    /// Records that the worker read its own report, sent when it had read everything before `upto`.
    pub(super) fn report_read(&mut self, upto: u64) {
        self.final_report_read |= upto > self.membership_changed_at;
    }
}

impl Default for Phase {
    fn default() -> Self {
        Self::Staying { confirm_liveness_at: None }
    }
}

impl Phase {
    pub(super) fn is_staying(&self) -> bool {
        matches!(self, Self::Staying { .. })
    }

    /// Starts to leave.
    pub(super) fn leave(&mut self) {
        if self.is_staying() {
            *self = Self::Leaving(Departure::default());
        }
    }

    /// Forgets the timers: the worker reads from another position on.
    pub(super) fn begin(&mut self) {
        *self = if self.is_staying() { Self::default() } else { Self::Leaving(Departure::default()) };
    }

    /// Records that the view at `offset` took effect.
    pub(super) fn view_changed(&mut self, offset: u64, was_member: bool, is_member: bool) {
        match self {
            Self::Leaving(departure) if was_member || is_member => {
                departure.membership_changed_at = offset;
                departure.final_report_sent_at = None;
                departure.final_report_read = false;
            }
            // A proposal to join took effect late: the worker leaves again.
            Self::Left if is_member => {
                *self = Self::Leaving(Departure { membership_changed_at: offset, ..Departure::default() });
            }
            Self::Staying { .. } | Self::Leaving(_) | Self::Left => {}
        }
    }

    /// Returns the progress of leaving, if the worker leaves.
    pub(super) fn departure(&mut self) -> Option<&mut Departure> {
        match self {
            Self::Leaving(departure) => Some(departure),
            Self::Staying { .. } | Self::Left => None,
        }
    }

    /// Has the worker prove from `at` on that it reads current publications; `None` if that is proven.
    pub(super) fn confirm_liveness(&mut self, at: Option<Millis>) {
        if let Self::Staying { confirm_liveness_at } = self {
            *confirm_liveness_at = at;
        }
    }
}
