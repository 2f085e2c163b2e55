//! The caller's user, and the errors if it cannot connect.

use super::*;

async fn refused(builder: ClientBuilder) -> Error {
    within("the refusal", builder.connect()).await.expect_err("refused")
}

#[tokio::test]
async fn a_token_that_centrifugo_refuses_ends_connect_with_its_reason() {
    let centrifugo = Centrifugo::start_default().await;
    let builder = || Client::builder(&centrifugo.url);
    let forged = tests::Tokens::new("another secret").connection("42");
    let expired = centrifugo.tokens().of(&json!({ "sub": "42", "exp": in_seconds(-60) }));
    for (builder, named) in [
        (builder().token(forged), "hmac"),
        (builder().token(expired), "expired"),
        (builder().token("opaque").user("42"), "invalid token"),
        (builder().user(""), "is the token missing? Centrifugo takes connections without one only where"),
    ] {
        let error = refused(builder).await;
        assert_eq!(error.kind(), ErrorKind::Setup, "{error}");
        let text = error.to_string();
        assert!(text.contains(&centrifugo.url), "{text}");
        assert!(text.contains(named) || text.contains("client.token"), "{text}");
    }
}

#[tokio::test]
async fn a_namespace_that_is_missing_or_wrong_is_named_with_its_fix() {
    for (config, fix) in [
        (changed(&[(1, "name", json!("other"))]), "add a namespace `reply`"),
        (changed(&[(1, "allow_user_limited_channels", json!(false))]), "`allow_user_limited_channels`"),
        (changed(&[(1, "channel_regex", json!("^x$"))]), "`channel_regex`"),
    ] {
        let centrifugo = Centrifugo::start(config).await;
        let error = refused(client(&centrifugo, "42")).await;
        assert_eq!(error.kind(), ErrorKind::Setup, "{error}");
        assert!(error.to_string().contains(fix), "{error}");
    }

    for (config, fix) in [
        (changed(&[(0, "name", json!("other"))]), "add a namespace `rpc`"),
        (changed(&[(0, "allow_publish_for_client", json!(false))]), "`allow_publish_for_client`"),
        (changed(&[(0, "channel_regex", json!("^x$"))]), "`channel_regex`"),
    ] {
        let centrifugo = Centrifugo::start(config).await;
        let client = connect(&centrifugo, "42").await;
        let started = Instant::now();
        for result in [client.call::<Value>("a.b", &()).await.map(drop), client.notify("a.b", &()).await] {
            let Err(CallError::Connection(error)) = result else { panic!("refused: {result:?}") };
            assert_eq!(error.kind(), ErrorKind::Setup);
            assert!(error.to_string().contains(fix), "{error}");
        }
        assert!(started.elapsed() < Duration::from_secs(10), "at once");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_not_centrifugo_ends_connect_with_its_url() {
    let centrifugo = Centrifugo::start_default().await;
    let url = "ws://127.0.0.1:1/connection/websocket";
    let builder = Client::builder(url).user("42").connect_timeout(Duration::from_millis(500));
    let error = refused(builder).await;
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains(url), "{error}");

    let url = centrifugo.url.replace("/connection/websocket", "/nowhere");
    let error = refused(Client::builder(&url).user("42")).await;
    assert_eq!(error.kind(), ErrorKind::Setup, "{error}");
    assert!(error.to_string().contains("HTTP 404") && error.to_string().contains(&url), "{error}");
}

#[tokio::test]
async fn a_disconnect_for_good_ends_the_client_with_its_reason() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = call(&client, "a.b", json!({}));
    worker.request().await;
    let away = json!({ "user": "42", "disconnect": { "code": 3503, "reason": "go away" } });
    worker.api.ok("disconnect", away).await;
    let error = outcome(calling).await.expect_err("ended").to_string();
    assert!(error.contains("3503 go away"), "{error}");
    assert_eq!(within("the end", client.ended()).await.to_string(), error);
    assert_eq!(client.call::<Value>("a.b", &()).await.expect_err("ended").to_string(), error);
    within("the client to close", client.close()).await;
}

#[tokio::test]
async fn tokens_are_renewed_before_calls_notice() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let (tokens, fetched) = (centrifugo.tokens(), Arc::new(AtomicUsize::new(0)));
    let count = fetched.clone();
    let builder = Client::builder(&centrifugo.url).get_token(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let token = tokens.of(&json!({ "sub": "42", "exp": in_seconds(2) }));
        async { Ok::<_, BoxError>(token) }
    });
    let client = builder.connect().await.expect("a client");
    let calling = call(&client, "a.long", json!({}));
    let request = worker.request().await;
    eventually("a second renewal", async || (fetched.load(Ordering::Relaxed) > 2).then_some(())).await;
    worker.answer(&request, json!(1)).await;
    outcome(calling).await.expect("a result");
}

#[tokio::test]
async fn a_token_of_another_user_ends_the_client_and_says_so() {
    let centrifugo = Centrifugo::start_default().await;
    let tokens = centrifugo.tokens();
    let users = AtomicUsize::new(42);
    let builder = Client::builder(&centrifugo.url).get_token(move || {
        let user = users.fetch_add(1, Ordering::Relaxed).to_string();
        let token = tokens.of(&json!({ "sub": user, "exp": in_seconds(2) }));
        async { Ok::<_, BoxError>(token) }
    });
    let client = builder.connect().await.expect("a client");
    let error = within("the end", client.ended()).await.to_string();
    assert!(error.contains("`43`") && error.contains("`42`"), "{error}");
    within("the client to close", client.close()).await;
}

#[tokio::test]
async fn a_token_that_expires_without_another_ends_the_client_and_says_so() {
    let centrifugo = Centrifugo::start_default().await;
    let token = centrifugo.tokens().of(&json!({ "sub": "42", "exp": in_seconds(2) }));
    let client = Client::builder(&centrifugo.url).token(token).connect().await.expect("a client");
    let error = tokio::time::timeout(Duration::from_secs(60), client.ended()).await.expect("the end").to_string();
    assert!(error.contains("`get_token`"), "{error}");
}

#[tokio::test]
async fn an_anonymous_user_calls_where_centrifugo_lets_it() {
    let centrifugo = Centrifugo::start_default().await;
    let client = connect(&centrifugo, "").await;
    let error = client.call::<Value>("a.b", &()).await.expect_err("refused").to_string();
    assert!(error.contains("`allow_publish_for_anonymous`"), "{error}");

    let centrifugo = Centrifugo::start(changed(&[(0, "allow_publish_for_anonymous", json!(true))])).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "").await;
    let calling = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    assert!(request["reply_to"].as_str().is_some_and(|channel| channel.ends_with('#')), "{request}");
    worker.answer(&request, json!(1)).await;
    outcome(calling).await.expect("a result");
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let centrifugo = Centrifugo::start_tls(config::protocol()).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client_of = || client(&centrifugo, "42");
    let client = client_of().ca_file(centrifugo.ca_file()).connect().await.expect("a client");
    let calling = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    worker.answer(&request, json!(1)).await;
    outcome(calling).await.expect("a result");

    let error = refused(client_of().connect_timeout(Duration::from_secs(2))).await;
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("certificate") && error.to_string().contains("`ca_file`"), "{error}");
}
