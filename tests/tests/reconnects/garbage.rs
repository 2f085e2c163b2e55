//! Publications that are not requests, read live and from the history.

use centrifugo_rpc::hub::Hub;

use super::*;

/// Bytes that Centrifugo accepts as a JSON object, although they are not valid UTF-8.
const BROKEN_TEXT: [&[u8]; 3] = [
    b"{\"\xff\":1}",
    b"{\"method\":\"demo.append\",\"params\":{\"key\":\"\xff\"}}",
    b"{\"cancel\":\"\xc3\x28\",\"reply_to\":\"\xed\xa0\x80\"}",
];

/// Bytes that Centrifugo refuses with `publication_data_format`, and accepts without.
const NO_JSON: [&[u8]; 2] = [b"\xff\xfe{", b"{\"method\":"];

/// Connects a client that publishes bytes unchanged.
async fn publisher(server: &Server) -> centrifuge::Client {
    let token = server.tokens().connection("42");
    let client = centrifuge::Client::builder(&server.url).protocol(centrifuge::Protocol::Protobuf).token(token);
    let client = client.build().expect("a client");
    client.connect().expect("connecting starts");
    client.ready(Some(tests::PATIENCE)).await.expect("connected");
    client
}

/// Publishes `garbage` among requests: some live, some in a gap that the worker must read from the history.
async fn garbage_costs_only_itself(server: &Server, garbage: &[&'static [u8]]) {
    let (proxy, far) = TcpProxy::before(server).await;
    let demo = Demo::start_with(&far, &[("CENTRIFUGO_API_URL", &server.api_url)]).await;
    let publisher = publisher(server).await;
    let publish = async |data: Vec<u8>| publisher.publish("rpc:requests", data).await.expect("published");
    for bytes in garbage {
        publish(bytes.to_vec()).await;
    }
    publish(append(0).to_string().into()).await;
    eventually("the live run", async || (demo.runs() == ["0"]).then_some(())).await;

    proxy.refuse().await;
    proxy.cut();
    for key in 1..=330 {
        if key % 100 == 0 {
            for bytes in garbage {
                publish(bytes.to_vec()).await;
            }
        }
        publish(append(key).to_string().into()).await;
    }
    publish(garbage[0].to_vec()).await;
    proxy.accept().await;
    eventually("all runs", async || (demo.runs().len() > 330).then_some(())).await;
    let mut runs = demo.runs();
    runs.sort();
    assert_eq!(runs, sorted_keys(330), "each once, and nothing else");
    publish(append(331).to_string().into()).await;
    eventually("the next live run", async || (demo.runs().len() > 331).then_some(())).await;
    demo.signal("TERM");
    assert_eq!(demo.ended().await.status.code(), Some(0));
}

#[tokio::test]
async fn broken_text_in_a_gap_costs_only_itself() {
    let server = centrifugo().await;
    garbage_costs_only_itself(&server, &BROKEN_TEXT).await;
}

/// Builds a batch of three requests, of which only the middle one is unreadable.
fn broken_batch(key: usize) -> Vec<u8> {
    let good = [append(key).to_string(), append(key + 1).to_string()];
    [b"{\"batch\":[", good[0].as_bytes(), b",", BROKEN_TEXT[1], b",", good[1].as_bytes(), b"]}"].concat()
}

#[tokio::test]
async fn broken_text_in_a_batch_costs_no_other_request_of_it() {
    let server = centrifugo().await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let demo = Demo::start_with(&far, &[("CENTRIFUGO_API_URL", &server.api_url)]).await;
    let publisher = publisher(&server).await;
    let publish = async |data: Vec<u8>| publisher.publish("rpc:requests", data).await.expect("published");
    publish(broken_batch(0)).await;
    eventually("the live runs", async || (demo.runs().len() == 2).then_some(())).await;
    proxy.refuse().await;
    proxy.cut();
    publish(broken_batch(2)).await;
    proxy.accept().await;
    eventually("the runs of the gap", async || (demo.runs().len() == 4).then_some(())).await;
    let mut runs = demo.runs();
    runs.sort();
    assert_eq!(runs, sorted_keys(3));
}

#[tokio::test]
async fn what_is_no_json_in_a_gap_costs_only_itself() {
    let server = Centrifugo::start_default().await;
    garbage_costs_only_itself(&server, &[&BROKEN_TEXT[..], &NO_JSON].concat()).await;
}

#[tokio::test]
async fn garbage_costs_only_itself_on_the_hub_too() {
    let config = tests::config::protocol();
    let hub = Hub::start(serde_json::from_value(config.clone()).expect("a configuration")).await.expect("a hub");
    let server = Server::at(&hub.local_addr().to_string(), &config, None);
    garbage_costs_only_itself(&server, &[&BROKEN_TEXT[..], &NO_JSON].concat()).await;
}
