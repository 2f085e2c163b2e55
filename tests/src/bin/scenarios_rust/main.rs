//! The scenarios in Rust, on `centrifugo_rpc::Client`. There is no generated client for Rust: callers use the service's
//! types.

#![allow(clippy::print_stdout, reason = "what this program prints is its result")]

use std::process::ExitCode;
use std::time::Duration;

use centrifugo_rpc::BoxError;

mod calls;
mod connections;
mod protocol;
mod world;

use world::World;

/// Longer than the slowest scenario takes.
const LIMIT: Duration = Duration::from_secs(60);

/// The outcome of a scenario; the error is the reason for its failure.
type Outcome = Result<(), BoxError>;

/// Runs all scenarios, or the one named by the argument.
macro_rules! run {
    ($world:expr, $only:expr, $($module:ident :: $name:ident),+ $(,)?) => {{
        let mut all_ok = true;
        let mut known = false;
        $(
            if $only.as_deref().is_none_or(|only| only == stringify!($name)) {
                known = true;
                let outcome = tokio::time::timeout(LIMIT, $module::$name($world)).await;
                let outcome = outcome.unwrap_or_else(|_| Err(format!("not done after {LIMIT:?}").into()));
                all_ok &= report(stringify!($name), outcome);
            }
        )+
        if !known {
            println!("FAILED {}: there is no such scenario", $only.as_deref().unwrap_or_default());
        }
        all_ok && known
    }};
}

#[tokio::main]
async fn main() -> ExitCode {
    let only = std::env::args().nth(1);
    let world = match World::from_env() {
        Ok(world) => world,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let all_ok = run!(
        &world,
        only,
        calls::result,
        calls::every_error_code,
        calls::application_error_with_data,
        calls::unknown_method,
        calls::invalid_params,
        calls::params_too_large,
        calls::timeout,
        calls::cancel,
        calls::cancel_before_sending,
        calls::concurrent_1000,
        connections::reconnect_by_server,
        connections::reconnect_after_cut,
        connections::calls_made_while_disconnected,
        connections::token_refresh,
        connections::refused_token,
        connections::failing_token_function,
        calls::no_wait,
        connections::two_clients_of_one_user,
        connections::close_with_calls_pending,
        calls::unicode,
        calls::large_payloads,
        connections::slow_link,
        connections::long_user_id,
        connections::token_words,
        connections::channel_limit,
        connections::identity,
        connections::guard,
        connections::anonymous,
        calls::contract_check,
        calls::overload,
        protocol::on_the_wire,
        protocol::requests_that_go_together,
        protocol::replies_that_change_nothing,
        protocol::replies_without_an_offset,
        protocol::more_replies_than_the_history_keeps,
        protocol::replies_after_a_restart,
        protocol::replies_lost_twice,
        protocol::giving_up,
    );
    if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(name: &str, outcome: Outcome) -> bool {
    match outcome {
        Ok(()) => println!("ok {name}"),
        Err(reason) => {
            println!("FAILED {name}: {}", reason.to_string().replace('\n', " "));
            return false;
        }
    }
    true
}
