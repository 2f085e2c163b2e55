//! The requirements of the protocol on a server, checked on a real Centrifugo and on the embedded hub alike.
//!
//! Every case is an async function of a [`Backend`]; the list below makes two tests of each, `real::…` and `hub::…`. A
//! case that fails on only one of the two shows a difference between them, and the real Centrifugo is right.

mod api;
mod backend;
mod history;
mod identity;
mod permissions;
mod presence;
mod protobuf;
mod sdk;
mod wire;

use backend::Backend;

/// Makes the tests of a list of cases.
macro_rules! conformance {
    ($($module:ident: $($case:ident),+;)+) => {
        mod real {
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::$module::$case(crate::Backend::Real).await;
                }
            )+)+
        }
        mod hub {
            $($(
                #[tokio::test]
                async fn $case() {
                    crate::$module::$case(crate::Backend::Hub).await;
                }
            )+)+
        }
    };
}

conformance! {
    permissions:
        a_caller_subscribes_to_its_own_replies,
        a_caller_cannot_subscribe_to_requests,
        a_caller_cannot_subscribe_to_another_users_replies,
        a_caller_cannot_read_another_users_replies,
        a_caller_cannot_see_who_works,
        a_caller_cannot_publish_a_reply,
        a_caller_cannot_make_channels_of_its_own,
        a_reply_channel_has_one_user_and_a_long_session,
        an_unknown_namespace_is_refused,
        a_channel_without_namespace_is_refused,
        what_is_published_can_be_limited_to_json_objects,
        a_worker_subscribes_with_its_token_only,
        a_subscription_token_for_another_channel_is_refused,
        a_subscription_token_of_another_user_is_refused,
        a_subscription_token_with_a_wrong_signature_is_refused,
        an_expired_subscription_token_is_refused,
        a_subscription_token_is_refreshed,
        a_subscription_ends_when_its_token_is_not_refreshed,
        a_subscription_token_opens_the_channel_it_names;
    identity:
        a_request_says_who_sent_it,
        what_a_caller_writes_about_itself_changes_nothing,
        a_publication_of_the_api_has_no_sender,
        a_connection_needs_a_token,
        a_token_with_a_wrong_signature_is_refused,
        an_unsigned_token_is_refused,
        a_token_that_is_no_token_is_refused,
        an_expired_token_is_refused,
        a_token_is_refreshed,
        a_refreshed_token_of_another_user_ends_the_connection,
        a_connection_ends_when_its_token_is_not_refreshed,
        a_user_without_a_name_has_replies_of_its_own;
    history:
        offsets_have_no_gaps,
        the_first_publication_names_the_epoch,
        every_subscriber_sees_the_same_order,
        a_subscriber_recovers_what_it_missed,
        a_subscriber_that_missed_nothing_recovers_nothing,
        three_hundred_publications_are_recovered,
        a_gap_beyond_the_limit_is_not_recovered_and_read_through_the_api,
        another_epoch_is_not_recovered,
        forgotten_publications_are_not_recovered_and_their_offsets_not_used_again,
        a_reply_channel_remembers_its_last_128,
        a_reply_sent_before_the_caller_subscribed_is_recovered_from_the_start;
    presence:
        the_api_tells_who_is_subscribed,
        the_worker_is_told_who_joins_and_leaves,
        a_reply_channel_has_no_presence;
    api:
        a_wrong_key_opens_nothing,
        each_reply_of_a_batch_has_its_own_result,
        a_batch_may_run_in_parallel,
        a_batch_of_a_thousand_keeps_its_order,
        a_reply_of_half_a_mebibyte_arrives,
        an_idempotency_key_publishes_once,
        an_unknown_namespace_is_an_error,
        a_request_without_a_channel_or_data_is_an_error,
        the_api_may_publish_where_callers_may_not,
        a_body_that_is_no_json_is_a_bad_request,
        an_unknown_method_is_not_found,
        history_is_paged_both_ways,
        a_publication_reaches_its_subscriber,
        a_disconnected_user_reconnects_and_recovers,
        a_user_is_disconnected_for_good,
        one_connection_of_a_user_is_disconnected,
        an_unsubscribed_user_is_told;
    wire:
        commands_in_one_frame_are_answered_one_by_one,
        replies_may_share_a_frame,
        garbage_ends_the_connection,
        commands_before_connect_end_the_connection,
        connecting_twice_ends_the_connection,
        a_command_without_an_id_ends_the_connection,
        an_unknown_command_ends_the_connection,
        an_rpc_without_a_proxy_is_refused,
        subscribing_twice_is_refused,
        unsubscribing_ends_publications,
        errors_say_what_they_are,
        connecting_tells_what_a_client_needs,
        a_silent_connection_is_closed,
        a_connection_is_pinged,
        a_connection_that_answers_no_ping_is_closed,
        a_message_over_the_limit_ends_the_connection,
        a_message_at_the_limit_arrives,
        a_slow_reader_is_disconnected,
        a_foreign_origin_is_refused;
    protobuf:
        a_call_travels_in_protobuf,
        a_caller_in_protobuf_cannot_subscribe_to_requests,
        a_wrong_token_in_protobuf_is_refused,
        a_worker_in_protobuf_recovers_what_it_missed,
        a_worker_in_protobuf_recovers_from_a_position_it_kept,
        a_worker_in_protobuf_is_told_who_joins_and_leaves,
        json_and_protobuf_meet_in_one_channel;
    sdk:
        the_javascript_sdk_is_refused_what_is_not_its_own,
        the_javascript_sdk_calls_and_is_answered,
        the_javascript_sdk_in_protobuf_calls_and_is_answered,
        the_javascript_sdk_recovers_after_a_disconnect,
        the_javascript_sdk_in_protobuf_recovers_after_a_disconnect;
}
