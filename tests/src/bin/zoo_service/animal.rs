//! A type of the zoo, and its methods.

use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;

use centrifugo_rpc::{BoxError, CallError, Client, RpcError};
use futures_util::future::BoxFuture;
use heck::ToUpperCamelCase;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A type with values that must survive a round trip, and JSON that is not a value of the type.
pub(crate) trait Sample:
    Serialize + DeserializeOwned + JsonSchema + PartialEq + Debug + Send + Sync + 'static
{
    /// The type differs in params: a driver sends a result back through the client's own JSON.
    const SPLIT: bool = false;

    fn samples() -> Vec<Self>;

    /// JSON that serde refuses and that every language can refuse. Excludes `1.0` for an integer, which is `1` in
    /// JavaScript; duplicate members; lone surrogates; bounds that schemars does not describe.
    fn refusals() -> &'static [&'static str];
}

/// A type of the zoo, erased.
#[derive(Clone, Copy)]
pub(crate) struct Animal {
    get: &'static str,
    check: &'static str,
    refused: &'static str,
    check_type: fn() -> String,
    cases: fn() -> usize,
    refusals: fn() -> &'static [&'static str],
    split: bool,
    round_trip: for<'a> fn(&'a Client, &'a Animal) -> BoxFuture<'a, Result<(), BoxError>>,
    judge: fn() -> Result<(), BoxError>,
}

impl Animal {
    pub(crate) const fn of<T: Sample>(get: &'static str, check: &'static str, refused: &'static str) -> Self {
        Self {
            get,
            check,
            refused,
            check_type: check_type::<T>,
            cases: || T::samples().len(),
            refusals: T::refusals,
            split: T::SPLIT,
            round_trip: |client, animal| Box::pin(animal.round_trip_as::<T>(client)),
            judge: judge::<T>,
        }
    }

    /// Tests the type with serde alone: unless serde round-trips the values and refuses the refusals, results of
    /// clients mean nothing.
    pub(crate) fn judge(&self) -> Result<(), BoxError> {
        for (method, part) in [(self.check, "check"), (self.refused, "refused")] {
            if method != format!("zoo.{part}_{}", self.name()) {
                return Err(format!("`{method}` goes with `{}`", self.get).into());
            }
        }
        (self.judge)()
    }

    /// Returns the name, such as `integers` in `zoo.get_integers`.
    pub(crate) fn name(&self) -> &'static str {
        self.get.trim_start_matches("zoo.get_")
    }

    /// Describes the type for the drivers.
    pub(crate) fn describe(self) -> Value {
        json!({
            "name": self.name(),
            "get": self.get,
            "check": self.check,
            "refused": self.refused,
            "check_type": (self.check_type)(),
            "cases": (self.cases)(),
            "refusals": (self.refusals)(),
            "split": self.split,
        })
    }

    pub(crate) async fn round_trip(&self, client: &Client) -> Result<(), BoxError> {
        (self.round_trip)(client, self).await
    }

    async fn round_trip_as<T: Sample>(&self, client: &Client) -> Result<(), BoxError> {
        #[derive(Serialize)]
        struct Checked<T> {
            case: usize,
            value: T,
        }

        for case in 0..(self.cases)() {
            let value: T = client.call(self.get, &json!({ "case": case })).await?;
            if !client.call::<bool>(self.check, &Checked { case, value }).await? {
                return Err(format!("case {case} came back as another value").into());
            }
        }
        for (case, text) in (self.refusals)().iter().enumerate() {
            match client.call::<T>(self.refused, &json!({ "case": case })).await {
                Err(CallError::Decode { .. }) => {}
                result => return Err(format!("{text} gave {result:?}").into()),
            }
        }
        Ok(())
    }
}

fn judge<T: Sample>() -> Result<(), BoxError> {
    if T::samples().is_empty() {
        return Err("there are no values".into());
    }
    for sample in T::samples() {
        let text = serde_json::to_string(&sample)?;
        let read: T = serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))?;
        if read != sample {
            return Err(format!("{text} is read as {read:?}, not as {sample:?}").into());
        }
    }
    for text in T::refusals() {
        serde_json::from_str::<Value>(text).map_err(|error| format!("{text} is no JSON: {error}"))?;
        if let Ok(read) = serde_json::from_str::<T>(text) {
            return Err(format!("serde reads {text} as {read:?}").into());
        }
    }
    Ok(())
}

/// Selects a value.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ZooCase")]
pub(crate) struct Case {
    /// The number of the value, from 0
    case: u32,
}

/// A value that came back from a client.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Check{T}")]
pub(crate) struct Check<T> {
    /// The number of the value
    case: u32,
    value: T,
}

/// Returns the name that clients give to the params of `zoo.check_…`.
fn check_type<T: JsonSchema>() -> String {
    let name = Check::<T>::schema_name();
    if name.chars().all(char::is_alphanumeric) {
        return name.into_owned();
    }
    name.replace(|c: char| !c.is_alphanumeric(), " ").to_upper_camel_case()
}

/// Any JSON, described as a `T`.
#[derive(Debug)]
pub(crate) struct Raw<T>(Box<RawValue>, PhantomData<fn() -> T>);

impl<T> Serialize for Raw<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Raw<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

fn nth<T>(all: impl IntoIterator<Item = T>, case: u32) -> Result<T, RpcError> {
    let at = usize::try_from(case).map_err(RpcError::internal)?;
    let no_case = || RpcError::invalid_params(format!("invalid params: case: there is no case {case}"));
    all.into_iter().nth(at).ok_or_else(no_case)
}

/// `zoo.get_…`
pub(crate) fn get<T: Sample>(params: &Case) -> Result<T, RpcError> {
    nth(T::samples(), params.case)
}

/// `zoo.check_…`
pub(crate) fn check<T: Sample>(params: &Check<T>) -> Result<bool, RpcError> {
    let sample = nth(T::samples(), params.case)?;
    let same = sample == params.value;
    if !same {
        // A driver sees only `false`.
        eprintln!("case {} of {} came back as {:?}, not as {sample:?}", params.case, T::schema_name(), params.value);
    }
    Ok(same)
}

/// `zoo.refused_…`
pub(crate) fn refused<T: Sample>(params: &Case) -> Result<Raw<T>, RpcError> {
    let text = nth(T::refusals(), params.case)?;
    let json = RawValue::from_string((*text).to_owned()).map_err(RpcError::internal)?;
    Ok(Raw(json, PhantomData))
}

/// Registers the methods of some types, and lists the types as `ANIMALS`.
macro_rules! zoo {
    ($($kind:ty: $get:literal $check:literal $refused:literal;)+) => {
        pub(super) const ANIMALS: &[$crate::animal::Animal] =
            &[$($crate::animal::Animal::of::<$kind>($get, $check, $refused)),+];

        $(const _: () = {
            use centrifugo_rpc::{RpcError, websocket_rpc};
            use $crate::animal::{self, Case, Check, Raw};

            /// Returns one of the values.
            #[websocket_rpc($get)]
            async fn get(params: Case) -> Result<$kind, RpcError> {
                animal::get(&params)
            }

            /// Returns whether the value that came back is unchanged.
            #[websocket_rpc($check)]
            async fn check(params: Check<$kind>) -> Result<bool, RpcError> {
                animal::check(&params)
            }

            /// Returns JSON that is not a value of the type.
            #[websocket_rpc($refused)]
            async fn refused(params: Case) -> Result<Raw<$kind>, RpcError> {
                animal::refused(&params)
            }
        };)+
    };
}

pub(crate) use zoo;
