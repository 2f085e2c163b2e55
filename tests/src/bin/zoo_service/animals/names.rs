//! Types whose names have another meaning in one of the languages, and methods that clients already have.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Shadows: "zoo.get_shadows" "zoo.check_shadows" "zoo.refused_shadows";
    Ship: "zoo.get_variant_names" "zoo.check_variant_names" "zoo.refused_variant_names";
    ShadowEnum: "zoo.get_shadow_enum" "zoo.check_shadow_enum" "zoo.refused_shadow_enum";
    Odd: "zoo.get_odd_name" "zoo.check_odd_name" "zoo.refused_odd_name";
}

/// Types of one member, and a struct with a member of each type.
macro_rules! shadows {
    ($($name:literal: $type:ident $field:ident,)+) => {
        $(
            #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[schemars(rename = $name)]
            struct $type {
                value: u64,
            }
        )+

        #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        struct Shadows {
            $(
                #[serde(rename = $name)]
                $field: $type,
            )+
            /// Members whose generated types use names that the types may shadow
            lists: Vec<Option<(u64, String, BTreeMap<String, f64>)>>,
            time: chrono::DateTime<chrono::Utc>,
            decimal: rust_decimal::Decimal,
            uuid: uuid::Uuid,
            anything: serde_json::Value,
        }

        impl Sample for Shadows {
            fn samples() -> Vec<Self> {
                vec![Self {
                    $($field: $type { value: u64::MAX },)+
                    lists: vec![None, Some((u64::MAX, String::new(), BTreeMap::new()))],
                    time: chrono::DateTime::UNIX_EPOCH,
                    decimal: rust_decimal::Decimal::ONE,
                    uuid: uuid::Uuid::nil(),
                    anything: serde_json::Value::Null,
                }]
            }

            fn refusals() -> &'static [&'static str] {
                &["{}"]
            }
        }
    };
}

shadows! {
    // Names from Python.
    "int": AnInt an_int,
    "str": AStr a_str,
    "list": AList a_list,
    "dict": ADict a_dict,
    "type": AType a_type,
    "property": AProperty a_property,
    "super": ASuper a_super,
    "None": ANone a_none,
    "Any": AnAny an_any,
    "Field": AField a_field,
    "Optional": AnOptional an_optional,
    "Union": AUnion a_union,
    "Annotated": AnAnnotated an_annotated,
    "Literal": ALiteral a_literal,
    "BaseModel": ABaseModel a_base_model,
    "RootModel": ARootModel a_root_model,
    "Discriminator": ADiscriminator a_discriminator,
    "StrEnum": AStrEnum a_str_enum,
    "Decimal": ADecimal a_decimal,
    "UUID": AUuid a_uuid,
    "datetime": ADatetime a_datetime,
    "TypeAdapter": ATypeAdapter a_type_adapter,
    "ValidationError": AValidationError a_validation_error,
    // Names from TypeScript.
    "Array": AnArray an_array,
    "Promise": APromise a_promise,
    "Record": ARecord a_record,
    "Map": AMap a_map,
    "Date": ADate a_date,
    "Object": AnObject an_object,
    "String": AString a_string,
    "Number": ANumber a_number,
    "Boolean": ABoolean a_boolean,
    "Symbol": ASymbol a_symbol,
    "BigInt": ABigInt a_big_int,
    "Partial": APartial a_partial,
    "Readonly": AReadonly a_readonly,
    "undefined": AnUndefined an_undefined,
    "unknown": AnUnknown an_unknown,
    "AbortSignal": AnAbortSignal an_abort_signal,
    // Names from Go.
    "error": AnError an_error,
    "byte": AByte a_byte,
    "rune": ARune a_rune,
    "Context": AContext a_context,
    "Time": ATime a_time,
    "RawMessage": ARawMessage a_raw_message,
    "Tuple2": ATuple2 a_tuple2,
    "make": AMake a_make,
    // Names from the clients themselves.
    "APIClient": AnApiClient an_api_client,
    "CentrifugoRPCClient": ACentrifugoRpcClient a_centrifugo_rpc_client,
    "RpcError": AnRpcError an_rpc_error,
    "RpcTimeoutError": AnRpcTimeoutError an_rpc_timeout_error,
    "ConnectionError": AConnectionError a_connection_error,
    "CallOptions": ACallOptions a_call_options,
    "CallOption": ACallOption a_call_option,
    "Option": AnOption an_option,
    "NewAPIClient": ANewApiClient a_new_api_client,
    "ContractHash": AContractHash a_contract_hash,
}

/// Variants named after other types.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Ship {
    Sail(ShipSail),
    Motor { power: u64 },
    Input(u8),
    Variant(ShipVariant),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct ShipSail {
    area: u8,
    motor: ShipMotor,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct ShipMotor {
    fuel: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum ShipVariant {
    A,
    B,
}

impl Sample for Ship {
    fn samples() -> Vec<Self> {
        vec![
            Self::Sail(ShipSail { area: 1, motor: ShipMotor { fuel: String::new() } }),
            Self::Motor { power: u64::MAX },
            Self::Input(1),
            Self::Variant(ShipVariant::A),
            Self::Variant(ShipVariant::B),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"Sail":{"area":1}}"#, r#"{"Motor":{"fuel":""}}"#, r#"{"Variant":"C"}"#]
    }
}

/// An enum whose values are names of types.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Enum")]
#[serde(tag = "Enum")]
enum ShadowEnum {
    Enum { r#enum: u8 },
    Union(Point),
    Any,
    Object { of: Vec<ShadowEnum> },
}

impl Sample for ShadowEnum {
    fn samples() -> Vec<Self> {
        vec![Self::Enum { r#enum: 1 }, Self::Union(ORIGIN), Self::Any, Self::Object { of: vec![Self::Any] }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"Enum":"Enum"}"#, r#"{"enum":"Any"}"#, r#"{"Enum":"Object","of":[null]}"#]
    }
}

/// The name is not an identifier at all.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "my.odd/type~name \"größe\"<日本>")]
struct Odd {
    itself: Option<Box<Odd>>,
}

impl Sample for Odd {
    fn samples() -> Vec<Self> {
        vec![Self { itself: None }, Self { itself: Some(Box::new(Self { itself: None })) }]
    }

    fn refusals() -> &'static [&'static str] {
        &["[]", r#"{"itself":1}"#]
    }
}

/// Methods with names that clients already have or that a language reserves. Each returns its own name.
pub(super) mod methods {
    use centrifugo_rpc::websocket_rpc;

    macro_rules! methods {
        ($($name:literal)+) => {
            pub(crate) const METHODS: &[&str] = &[$($name),+];

            $(const _: () = {
                /// Returns its own name.
                #[websocket_rpc($name)]
                async fn answer() -> String {
                    $name.to_owned()
                }
            };)+
        };
    }

    methods! {
        "connect" "close" "call" "notify" "rpc" "client" "check_contract" "state" "constructor" "to_string" "then" "delete"
        "class" "import.from" "lambda" "print" "self" "return" "new" "type" "func" "go.range" "string" "error" "init" "async"
        "await.none" "value_of" "new_api_client" "done" "context" "dict" "prototype.length"
    }
}
