//! Tests of the contract document, and of the changes that affect its hash.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::codegen::sample::{PLAIN, contract, contract_of, method};
use crate::service::method::Type;
use crate::{Caller, Config, Server};

fn hash<P: JsonSchema + 'static, R: JsonSchema + 'static>() -> String {
    contract_of::<P, R>().hash
}

/// Types with one name and different shapes, each in a module of its own.
mod first {
    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(super) struct Task {
        id: u32,
        state: State,
        due: Option<String>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum State {
        Open,
        Done,
    }
}

mod documented {
    use super::*;

    /// A thing to do.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(example = &"nothing")]
    pub(super) struct Task {
        /// When
        due: Option<String>,
        #[deprecated = "ask"]
        #[schemars(title = "The number", extend("x-order" = 7))]
        id: u32,
        /// How far it is
        state: State,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum State {
        /// The last one
        Done,
        /// Not begun
        Open,
    }
}

mod narrower {
    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(super) struct Task {
        id: u32,
        state: State,
        due: Option<String>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum State {
        Open,
    }
}

mod with_default {
    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(super) struct Task {
        #[serde(default)]
        id: u32,
        state: State,
        due: Option<String>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    enum State {
        Open,
        Done,
    }
}

#[test]
fn documentation_and_order_do_not_move_the_hash() {
    assert_eq!(hash::<first::Task, first::Task>(), hash::<documented::Task, documented::Task>());
}

#[test]
fn shapes_and_names_move_the_hash() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Value {
        Number(u32),
        Text(String),
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "Value")]
    #[serde(untagged)]
    enum Renamed {
        Count(u32),
        Text(String),
    }
    let hashes = [
        hash::<first::Task, first::Task>(),
        hash::<first::Task, ()>(),
        hash::<(), first::Task>(),
        hash::<narrower::Task, narrower::Task>(),
        hash::<with_default::Task, with_default::Task>(),
        hash::<(), Vec<first::Task>>(),
        hash::<(), (u32, String)>(),
        hash::<(), (String, u32)>(),
        hash::<(), Value>(),
        hash::<(), Renamed>(),
    ];
    for (index, one) in hashes.iter().enumerate() {
        assert_eq!(hashes.iter().position(|other| other == one), Some(index), "{hashes:#?}");
    }
}

#[test]
fn options_that_callers_notice_move_the_hash() {
    static PLAINLY: Method = method("tasks.do", "Does.", PLAIN);
    static OTHERWISE: Method =
        method("tasks.do", "Does it.", PLAIN.timeout(std::time::Duration::from_secs(1)).deprecated("x"));
    static SILENTLY: Method = method("tasks.do", "Does.", PLAIN.notification());
    static AGAIN: Method = method("tasks.do", "Does.", PLAIN.idempotent());
    let [plainly, otherwise, silently, again] =
        [&PLAINLY, &OTHERWISE, &SILENTLY, &AGAIN].map(|method| contract(&[method]).hash);
    assert_eq!(plainly, otherwise);
    assert_ne!(plainly, silently);
    assert_ne!(plainly, again);
    assert_ne!(silently, again);
}

#[test]
fn the_order_of_registration_does_not_matter() {
    static FIRST: Method = Method { params: || Some(Type::of::<first::Task>()), ..method("tasks.do", "Does.", PLAIN) };
    static SECOND: Method = Method { result: Type::of::<Vec<first::Task>>, ..method("tasks.all", "All.", PLAIN) };
    let text = |contract: &Contract| serde_json::to_string(contract).expect("JSON");
    let (one, other) = (contract(&[&FIRST, &SECOND]), contract(&[&SECOND, &FIRST]));
    assert_eq!(text(&one), text(&other));
}

#[test]
fn params_are_described_as_they_are_read_and_results_as_they_are_written() {
    let contract = contract_of::<first::Task, first::Task>();
    assert_eq!(contract.methods[0].params, Some(json!({ "$ref": "#/params/Task" })));
    assert_eq!(contract.methods[0].result, json!({ "$ref": "#/results/Task" }));
    assert_eq!(contract.params["Task"]["required"], json!(["id", "state"]));
    assert_eq!(contract.results["Task"]["required"], json!(["id", "state", "due"]));
    let text = serde_json::to_string(&contract).expect("JSON");
    assert_eq!(serde_json::from_str::<Contract>(&text).expect("a contract"), contract);
}

#[tokio::test]
async fn every_worker_says_which_contract_it_serves() {
    let server = Server::new(Config::new("key", "secret"));
    let info: serde_json::Value =
        server.call(Caller::anonymous(), "system.contract", &()).await.expect("the contract's hash");
    assert_eq!(info, json!({ "hash": Contract::of(&Registry::linked()).hash, "version": 1 }));
}
