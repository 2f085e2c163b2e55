//! Outcomes of calls when connections, tokens and identities change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use centrifugo_rpc::{BoxError, CallError, CallOptions, Client, ErrorKind};
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use tests::tokens::in_seconds;

use crate::Outcome;
use crate::world::{Empty, Key, Large, Sleep, Text, World, code, ensure, ensure_eq, unique, until, whoami};

/// Makes 100 calls that end while the connection is down, and afterwards.
async fn survive(world: &World, break_it: &str) -> Outcome {
    let user = unique("user");
    let client = world.client(&user).await?;
    let before = whoami(&client).await?.client;
    let calls = join_all((0..100).map(|i| {
        let client = &client;
        async move { client.call::<Sleep>("demo.sleep", &Sleep { ms: 1500 + i }).await }
    }));
    let breaking = async {
        // All earlier requests are published when the reply to this one arrives.
        client.call::<Text>("demo.echo", &Text::new("mark")).await?;
        world.post(&break_it.replace("USER", &user)).await
    };
    let (slept, broken) = tokio::join!(calls, breaking);
    broken?;
    for (i, result) in (0..).zip(slept) {
        ensure_eq!(result?, Sleep { ms: 1500 + i });
    }
    ensure!(whoami(&client).await?.client != before, "the connection was never broken");
    Ok(())
}

pub(crate) async fn reconnect_by_server(world: &World) -> Outcome {
    survive(world, "disconnect?user=USER&code=3010").await
}

pub(crate) async fn reconnect_after_cut(world: &World) -> Outcome {
    survive(world, "cut").await
}

pub(crate) async fn calls_made_while_disconnected(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    world.post("refuse").await?;
    while client.is_connected() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let calls = join_all((0..10).map(|i| {
        let client = &client;
        async move { client.call::<Sleep>("demo.sleep", &Sleep { ms: i }).await }
    }));
    let (slept, accepted) = tokio::join!(calls, world.post("accept"));
    accepted?;
    for (i, result) in (0..).zip(slept) {
        ensure_eq!(result?, Sleep { ms: i });
    }
    Ok(())
}

/// Wraps `get_token` of a client, and counts its calls.
fn counted<F, Fut>(fetch: F) -> (Arc<AtomicU32>, impl Fn() -> Fut + Send + Sync + 'static)
where
    F: Fn(u32) -> Fut + Send + Sync + 'static,
{
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    (asked, move || fetch(count.fetch_add(1, Ordering::SeqCst)))
}

/// Calls until `asked` reaches `times`, the number of requested tokens.
async fn call_until(client: &Client, asked: &AtomicU32, times: u32) -> Outcome {
    while asked.load(Ordering::SeqCst) < times {
        client.call::<Text>("demo.echo", &Text::new("still here")).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.call::<Text>("demo.echo", &Text::new("and now")).await?;
    Ok(())
}

pub(crate) async fn token_refresh(world: &World) -> Outcome {
    let fetch = world.fetch(&format!("user={}&ttl=2", unique("user")));
    let (asked, get_token) = counted(move |_| fetch());
    let client = Client::builder(&world.url).get_token(get_token).connect().await?;
    call_until(&client, &asked, 3).await
}

pub(crate) async fn refused_token(world: &World) -> Outcome {
    let user = unique("user");
    let token = world.token(&format!("user={user}&refused=1")).await?;
    let Err(error) = Client::builder(&world.url).token(token).connect().await else {
        return Err("a token with a wrong signature was taken".into());
    };
    ensure_eq!(error.kind(), ErrorKind::Setup);
    ensure!(error.to_string().contains(&world.url), "{error}");

    // If a later token is refused, pending calls end.
    let (good, bad) = (world.fetch(&format!("user={user}&ttl=2")), world.fetch(&format!("user={user}&refused=1")));
    let (_, get_token) = counted(move |asked| if asked == 0 { good() } else { bad() });
    let client = Client::builder(&world.url).get_token(get_token).connect().await?;
    let result = client.call::<Sleep>("demo.sleep", &Sleep { ms: 50_000 }).await;
    ensure!(matches!(result, Err(CallError::Connection(_))), "the call ended with {result:?}");
    Ok(())
}

pub(crate) async fn failing_token_function(world: &World) -> Outcome {
    let no_session = || -> futures_util::future::BoxFuture<'static, Result<String, BoxError>> {
        Box::pin(async { Err("there is no session".into()) })
    };
    let Err(error) = Client::builder(&world.url).get_token(no_session).connect().await else {
        return Err("connected without a token".into());
    };
    ensure!(format!("{error:?}").contains("there is no session"), "the reason is lost: {error:?}");

    // On a later failure, the token function is called again.
    let fetch = world.fetch(&format!("user={}&ttl=2", unique("user")));
    let (asked, get_token) = counted(move |asked| if asked == 1 { no_session() } else { fetch() });
    let client = Client::builder(&world.url).get_token(get_token).connect().await?;
    call_until(&client, &asked, 3).await
}

pub(crate) async fn two_clients_of_one_user(world: &World) -> Outcome {
    let user = unique("user");
    let clients = [world.client(&user).await?, world.client(&user).await?];
    let calls = join_all(clients.iter().zip(["one", "two"]).flat_map(|(client, name)| {
        (0..50).map(move |i| async move {
            let sent = Text::new(format!("{name} {i}"));
            Ok::<_, CallError>((client.call::<Text>("demo.echo", &sent).await?, sent))
        })
    }));
    for result in calls.await {
        let (text, sent) = result?;
        ensure_eq!(text, sent);
    }
    let [one, two] = &clients;
    one.close().await;
    ensure_eq!(two.call::<Text>("demo.echo", &Text::new("alone")).await?, Text::new("alone"));
    Ok(())
}

pub(crate) async fn close_with_calls_pending(world: &World) -> Outcome {
    let (client, other) = (world.client(&unique("user")).await?, world.client(&unique("user")).await?);
    let key = unique("hold");
    let params = Key { key: &key };
    let holds = join_all((0..10).map(|_| client.call::<Empty>("scenario.hold", &params)));
    let closing = async {
        until(&other, "scenario.running", &key, 10).await?;
        client.close().await;
        Ok::<_, BoxError>(())
    };
    let (results, closed) = tokio::join!(holds, closing);
    closed?;
    for result in results {
        ensure!(matches!(result, Err(CallError::Connection(_))), "a call ended with {result:?}");
    }
    until(&other, "scenario.running", &key, 0).await?;
    let late = client.call::<Empty>("demo.echo", &Text::new("late")).await;
    ensure!(matches!(late, Err(CallError::Connection(_))), "a call on a closed client ended with {late:?}");
    Ok(())
}

pub(crate) async fn slow_link(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    world.post("throttle?rate=600000").await?;
    let options = CallOptions::new().timeout(Duration::from_secs(60));
    let large = Large { bytes: 400_000 };
    let mut calls: FuturesUnordered<_> =
        (0..20).map(|_| client.call_with::<Text>("scenario.large", &large, options.clone())).collect();
    let mut arrived = 0;
    while let Some(result) = calls.next().await {
        ensure_eq!(result?.text.len(), 400_000);
        if arrived == 0 {
            world.post("cut").await?;
        }
        arrived += 1;
    }
    ensure_eq!(arrived, 20);
    world.post("throttle?rate=0").await?;
    Ok(())
}

pub(crate) async fn long_user_id(world: &World) -> Outcome {
    let user = format!("{:x<255}", unique("user"));
    let me = whoami(&world.client(&user).await?).await?;
    ensure_eq!(me.user, user);
    Ok(())
}

pub(crate) async fn token_words(world: &World) -> Outcome {
    // {"sub":42}
    let number = world.token("user=42&claims=%7B%22sub%22:42%7D").await?;
    let Err(error) = Client::builder(&world.url).token(number).connect().await else {
        return Err("a number passed for a user ID".into());
    };
    ensure!(error.to_string().contains("42, which is not a string"), "{error}");

    let (user, nbf) = (unique("user"), in_seconds(3600));
    // {"nbf":…}
    let early = world.fetch(&format!("user={user}&claims=%7B%22nbf%22:{nbf}%7D"));
    let token = early().await?;
    let function = Client::builder(&world.url).user(&user).get_token(early).connect_timeout(Duration::from_secs(3));
    for builder in [Client::builder(&world.url).token(token), function] {
        let Err(error) = builder.connect().await else { return Err("a token that is not valid yet was taken".into()) };
        let said = error.to_string();
        ensure!(said.contains("`nbf`") && said.contains("clocks"), "{said}");
    }
    Ok(())
}

pub(crate) async fn channel_limit(world: &World) -> Outcome {
    let connect = async |channels: u32| {
        // {"channels":["channel-0",…]}
        let names: Vec<_> = (0..channels).map(|number| format!("%22channel-{number}%22")).collect();
        let claims = format!("%7B%22channels%22:%5B{}%5D%7D", names.join(","));
        let token = world.token(&format!("user={}&claims={claims}", unique("user"))).await?;
        Ok::<_, BoxError>(Client::builder(&world.url).token(token).connect().await)
    };
    whoami(&connect(127).await??).await?;
    let Err(error) = connect(128).await? else { return Err("a 129th subscription of one connection".into()) };
    ensure!(error.kind() == ErrorKind::Setup && error.to_string().contains("`client.channel_limit`"), "{error}");
    Ok(())
}

pub(crate) async fn identity(world: &World) -> Outcome {
    let user = unique("user");
    // {"role":"reader","näme":1}
    let token = world.token(&format!("user={user}&info=%7B%22role%22:%22reader%22,%22n%C3%A4me%22:1%7D")).await?;
    let client = Client::builder(&world.url).token(token).connect().await?;
    let me = whoami(&client).await?;
    ensure_eq!(me.user, user);
    ensure!(!me.client.is_empty(), "the connection has no ID");
    ensure_eq!(me.info, json!({ "role": "reader", "näme": 1 }));
    Ok(())
}

pub(crate) async fn guard(world: &World) -> Outcome {
    let client = world.client(&unique("user")).await?;
    ensure_eq!(code(client.call::<Empty>("demo.admin", &()).await)?, 403);
    let token = world.token(&format!("user={}&info=%7B%22role%22:%22admin%22%7D", unique("admin"))).await?;
    let admin = Client::builder(&world.url).token(token).connect().await?;
    admin.call::<Empty>("demo.admin", &()).await?;
    Ok(())
}

pub(crate) async fn anonymous(world: &World) -> Outcome {
    let client = world.client("").await?;
    ensure_eq!(whoami(&client).await?.user, "");
    ensure_eq!(code(client.call::<Empty>("demo.admin", &()).await)?, 401);
    Ok(())
}
