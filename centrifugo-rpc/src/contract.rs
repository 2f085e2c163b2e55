//! The registry as one document: the methods, and the schemas of what they take and give.
//!
//! Params are described as they deserialize and results as they serialize, each with definitions of their own: one Rust type may
//! look different from both sides.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::RpcError;
use crate::handler::Reply;
use crate::handler::private::boxed;
use crate::registry::{Location, Method, Options, Registry, Type};

mod hash;
mod served;

pub(crate) use served::Served;

/// The version of the wire and of this document.
pub(crate) const VERSION: u32 = 1;

/// What callers and workers agree on. Serializes to the same bytes on every run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contract {
    pub version: u32,
    /// SHA-256 of names and shapes in both directions, in hexadecimal; documentation does not move it.
    pub hash: String,
    /// Sorted by name.
    pub methods: Vec<MethodContract>,
    /// What params refer to as `#/params/…`.
    pub params: BTreeMap<String, Value>,
    /// What results refer to as `#/results/…`.
    pub results: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MethodContract {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_wait: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// None for methods without params.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    pub result: Value,
}

impl Contract {
    pub(crate) fn of(registry: &Registry) -> Self {
        let mut params = settings("/params").for_deserialize().into_generator();
        let mut results = settings("/results").for_serialize().into_generator();
        let methods = registry.methods().map(|method| {
            let Method { name, description, options, .. } = method;
            MethodContract {
                name: (*name).to_owned(),
                description: (*description).to_owned(),
                deprecated: options.deprecated.map(ToOwned::to_owned),
                no_wait: options.no_wait,
                idempotent: options.idempotent,
                timeout_ms: options.timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
                params: (method.params)().map(|params_type| params_type.describe(&mut params).into()),
                result: (method.result)().describe(&mut results).into(),
            }
        });
        let methods = methods.collect();
        let mut contract = Self {
            version: VERSION,
            hash: String::new(),
            methods,
            params: params.take_definitions(true).into_iter().collect(),
            results: results.take_definitions(true).into_iter().collect(),
        };
        contract.hash = hash::of(&contract);
        contract
    }
}

fn settings(definitions: &'static str) -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.definitions_path = definitions.into();
        // The only trace of the names of untagged variants.
        settings.untagged_enum_variant_titles = true;
    })
}

/// What `system.contract` answers.
#[derive(Serialize, JsonSchema)]
struct ContractInfo<'a> {
    hash: &'a str,
    version: u32,
}

/// The method with which clients ask whether they were generated from the contract that is served. Every worker has it.
pub(crate) static SYSTEM_CONTRACT: Method = Method::new(
    "system.contract",
    "The hash and the version of the contract that is served.",
    Options::new(false, true, None, None, None),
    || None,
    Type::of::<ContractInfo<'_>>,
    |_| {},
    |_| boxed(async { answer() }),
    Location::new(file!(), line!()),
);

fn answer() -> Result<Reply, RpcError> {
    // What is linked into a program stays the same while it runs; those who never ask never pay for it.
    static HASH: LazyLock<String> = LazyLock::new(|| Contract::of(&Registry::linked()).hash);
    let info = ContractInfo { hash: &HASH, version: VERSION };
    serde_json::to_vec(&info).map(Reply::new).map_err(RpcError::internal)
}

// Its samples are those of the generators.
#[cfg(all(test, feature = "codegen"))]
mod tests;
