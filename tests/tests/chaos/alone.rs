//! Without a history of the channel there is no group, and no second worker.

use serde_json::json;
use tests::demo::environment;
use tests::load::{burst, client};
use tests::{Centrifugo, Crew, Example};

use crate::turn;

#[tokio::test(flavor = "multi_thread")]
async fn without_history_a_second_worker_refuses_to_start() {
    let _turn = turn().await;
    let mut config = crate::config();
    let namespaces = config["channel"]["namespaces"].as_array_mut().expect("namespaces");
    let requests = namespaces.iter_mut().find(|namespace| namespace["name"] == "rpc").expect("`rpc`");
    for option in ["history_size", "history_ttl", "force_recovery"] {
        requests.as_object_mut().expect("options").remove(option);
    }
    let server = Centrifugo::start(config).await;
    let mut crew = Crew::new();
    crew.start(&server).await;
    crew.worker(0).line("only one worker may run").await;
    let second = Example::start("demo", &environment(&server)).ended().await;
    assert!(!second.status.success());
    let printed = second.lines.join("\n");
    assert!(printed.contains("another worker is subscribed") && printed.contains("history_size"), "{printed}");
    let clients = [client(&server, "42").await];
    let report = burst(&clients, &crew, "demo.append", 20, "alone").await;
    report.assert_sound();
    report.assert_ok(100);
    assert_eq!(crew.runs().len(), 20);
    assert_eq!(json!(crew.worker(0).exited().is_none()), json!(true));
}
