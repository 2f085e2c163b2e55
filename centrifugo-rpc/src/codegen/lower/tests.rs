//! Schemas as schemars writes them, and the model that they are lowered to.

// Types are defined beside the assertions about them.
#![allow(clippy::items_after_statements)]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Api, Shape, Type, lower, referred, unified};
use crate::codegen::ir::{Body, Field, Integer, Key, Rest, Struct, Tagging, Union, Width};
use crate::codegen::sample::{self, PLAIN, contract, contract_of, method};
use crate::service::method::{Method, Type as Registered};

mod enums;
mod problems;
mod scalars;

fn api<P: JsonSchema + 'static, R: JsonSchema + 'static>() -> Api {
    lower(&contract_of::<P, R>()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The model of a result type.
fn shape<R: JsonSchema + 'static>(name: &str) -> Shape {
    let api = api::<(), R>();
    api.get(name).unwrap_or_else(|| panic!("no {name} in {api:#?}")).shape.clone()
}

fn fields(shape: Shape) -> Struct {
    if let Shape::Struct(fields) = shape { fields } else { panic!("no struct: {shape:#?}") }
}

fn union(shape: Shape) -> Union {
    if let Shape::Union(union) = shape { union } else { panic!("no union: {shape:#?}") }
}

fn field(name: &str, ty: Type) -> Field {
    Field {
        name: name.to_owned(),
        description: String::new(),
        deprecated: false,
        required: true,
        default: serde_json::Value::Null,
        ty,
    }
}

const fn whole(width: Width) -> Type {
    Type::Integer(Integer { width, min: None, max: None })
}

fn named(name: &str) -> Type {
    Type::Named(name.to_owned())
}

fn bodies(union: &Union) -> Vec<(&str, &Body)> {
    union.variants.iter().map(|variant| (&*variant.name, &variant.body)).collect()
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Point {
    x: i32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    Newtype(Point),
    Tuple(i32, String),
    Struct { a: u8 },
    List(Vec<i32>),
}

#[test]
fn flattened_members() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Flat {
        id: u8,
        #[serde(flatten)]
        point: Point,
        #[serde(flatten)]
        external: External2,
        #[serde(flatten)]
        more: Option<More>,
        #[serde(flatten)]
        rest: BTreeMap<String, bool>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    enum External2 {
        Unit,
        Newtype(Point),
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "more")]
    enum More {
        Nothing,
        Size { size: u8 },
    }
    let api = api::<(), Flat>();
    let flat = fields(api.get("Flat").expect("Flat").shape.clone());
    assert_eq!(flat.fields, [field("id", whole(Width::U8)), field("x", whole(Width::I32))]);
    assert_eq!(flat.rest, Rest::Map(Key::String, Box::new(Type::Bool)));
    let optional: Vec<_> = flat.flattened.iter().map(|union| union.optional).collect();
    assert_eq!(optional, [false, true]);
    let unions: Vec<_> =
        flat.flattened.iter().map(|flat| union(api.get(&flat.name).expect("a union").shape.clone())).collect();
    assert_eq!(
        bodies(&unions[0]).iter().find(|(name, _)| *name == "Unit"),
        Some(&("Unit", &Body::Newtype(Type::Null))),
        "a unit variant is a member with null"
    );
    assert_eq!(unions[1].tagging, Tagging::Internal { tag: "more".to_owned() });
}

#[test]
fn unknown_fields() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        a: u8,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Empty {}
    assert_eq!(fields(shape::<Strict>("Strict")).rest, Rest::Denied);
    assert_eq!(fields(shape::<Empty>("Empty")), Struct::default());
}

#[test]
fn aliases_and_types_without_a_name() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Id(u32);
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(inline)]
    struct Inline {
        deep: BTreeMap<String, InlineEnum>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(inline)]
    enum InlineEnum {
        A,
        B,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Outer {
        id: Id,
        inline: Option<Inline>,
        inlines: Vec<Inline>,
    }
    let api = api::<(), Outer>();
    let names: Vec<_> = api.types.iter().map(|def| &*def.name).collect();
    assert_eq!(
        names,
        ["Id", "Outer", "OuterInline", "OuterInlineDeepValue", "OuterInlinesItem", "OuterInlinesItemDeepValue"]
    );
    assert_eq!(api.get("Id").expect("Id").shape, Shape::Alias(whole(Width::U32)));
}

#[test]
fn types_that_look_different_from_both_sides_are_two() {
    let api = sample::api();
    let same: Vec<_> = api.types.iter().filter_map(|def| Some((&*def.name, def.same_as.as_deref()?))).collect();
    assert_eq!(same, [("EventInput", "Event"), ("TaskInput", "Task")]);
    let unified = unified(&api);
    assert_eq!(unified.get("TaskInput").expect("TaskInput").shape, Shape::Alias(named("Task")));
    let task = fields(unified.get("Task").expect("Task").shape.clone());
    let due = task.fields.iter().find(|field| field.name == "due").expect("due");
    assert!(!due.required);
    assert!(task.fields.iter().any(|field| field.ty == named("Event")), "its own kind of event");
    assert_eq!(unified.methods[2].params, Some(named("Task")));

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Settings {
        #[serde(default)]
        size: u8,
    }
    let api = self::api::<Vec<Settings>, Settings>();
    let input = api.get("SettingsInput").expect("another type for params");
    assert_eq!(input.same_as, None, "a result always has the size");
    let list = Type::Array { items: Box::new(named("SettingsInput")), unique: false };
    assert_eq!(api.methods[0].params, Some(list));
}

/// Lowers a hand-written schema.
fn lowered(schema: &Schema) -> Result<Type, Vec<String>> {
    let mut contract = contract_of::<(), ()>();
    contract.methods[0].result = schema.clone().into();
    lower(&contract).map(|api| api.methods[0].result.clone())
}

#[test]
fn names_may_hold_what_references_write_otherwise() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "a/b~c \"ü\"%<1>")]
    struct Odd {
        x: i32,
    }
    let odd = "a/b~c \"ü\"%<1>";
    let api = api::<Odd, Odd>();
    assert_eq!((api.methods[0].params.as_ref(), &api.methods[0].result), (Some(&named(odd)), &named(odd)));
    assert!(api.get(odd).is_some(), "{api:#?}");
    assert_eq!(referred("#/params/%C3%A4%2F~1"), Some(("params", "ä//".to_owned())));
    for broken in ["", "#/params", "#/params/%", "#/params/%4", "#/params/%zz", "#/params/%FF", "params/x"] {
        assert_eq!(referred(broken), None, "{broken}");
    }
}
