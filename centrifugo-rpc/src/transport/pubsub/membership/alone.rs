//! A worker without a group.

use crate::centrifugo::Centrifugo;
use crate::centrifugo::identity::Identity;
use crate::centrifugo::tokens::WORKER_USER;
use crate::error::{Error, ErrorKind};
use crate::protocol;

/// Checks that no other worker runs: without history, only one may.
pub(super) async fn check_alone(centrifugo: &Centrifugo, identity: &Identity) -> Result<(), Error> {
    let channel = &centrifugo.config.request_channel;
    let namespace = protocol::namespace(channel);
    let present = centrifugo.api.presence(channel).await.unwrap_or_default();
    let other = present.iter().any(|client| client.user == WORKER_USER && !identity.is(client));
    if other {
        return Err(Error::new(
            ErrorKind::Setup,
            format!(
                "another worker is subscribed to `{channel}`, and without a history both would run every call: set \
                 `history_size` to 10000, `history_ttl` to \"60s\" and `force_recovery` to true in `{namespace}`, or run one \
                 worker"
            ),
        ));
    }
    tracing::warn!(channel, "the channel has no history that can be recovered, so only one worker may run: this one");
    Ok(())
}
