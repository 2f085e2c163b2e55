//! The registry as one document: the methods, and the schemas of their params and results.
//!
//! Params are described in their deserialized form and results in their serialized form, each with definitions of their
//! own: a Rust type may have different forms in the two directions.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::method::{Method, MethodKind};
use super::registry::Registry;

mod hash;
mod served;

pub(crate) use served::Served;

/// The version of the wire protocol and of this document.
pub(crate) const VERSION: u32 = 1;

/// The agreement between callers and workers. Serializes to the same bytes on every run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contract {
    pub version: u32,
    /// SHA-256 of names and shapes in both directions, in hexadecimal. Documentation does not affect it.
    pub hash: String,
    /// Sorted by name.
    pub methods: Vec<MethodContract>,
    /// Definitions that params refer to as `#/params/…`.
    pub params: BTreeMap<String, Value>,
    /// Definitions that results refer to as `#/results/…`.
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
                no_wait: options.kind == MethodKind::Notification,
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
        // These titles are the only trace of the names of untagged variants.
        settings.untagged_enum_variant_titles = true;
    })
}

// The tests use the samples of the generators.
#[cfg(all(test, feature = "codegen"))]
mod tests;
