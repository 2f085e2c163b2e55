//! Members whose names have another meaning in one of the languages, or are not names there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::animal::{Sample, zoo};

zoo! {
    HostileFields: "zoo.get_hostile_fields" "zoo.check_hostile_fields" "zoo.refused_hostile_fields";
    KeywordFields: "zoo.get_keyword_fields" "zoo.check_keyword_fields" "zoo.refused_keyword_fields";
    CollidingFields: "zoo.get_colliding_fields" "zoo.check_colliding_fields" "zoo.refused_colliding_fields";
    CasedFields: "zoo.get_cased_fields" "zoo.check_cased_fields" "zoo.refused_cased_fields";
    ModelFields: "zoo.get_model_fields" "zoo.check_model_fields" "zoo.refused_model_fields";
    ObjectFields: "zoo.get_object_fields" "zoo.check_object_fields" "zoo.refused_object_fields";
    BuiltinFields: "zoo.get_builtin_fields" "zoo.check_builtin_fields" "zoo.refused_builtin_fields";
}

/// A struct of bytes, each with a name of its own. Its only value numbers them from 1.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident { $($wire:literal: $field:ident = $value:literal,)+ } refuses $refused:expr) => {
        $(#[$meta])*
        #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        struct $name {
            $(#[serde(rename = $wire)] $field: u8,)+
        }

        impl Sample for $name {
            fn samples() -> Vec<Self> {
                vec![Self { $($field: $value,)+ }]
            }

            fn refusals() -> &'static [&'static str] {
                $refused
            }
        }
    };
}

numbered! {
    /// Names that are not identifiers.
    HostileFields {
        "": empty = 1,
        " ": space = 2,
        "a b": two_words = 3,
        "a-b": dash = 4,
        "a.b": dot = 5,
        "a,b": comma = 6,
        "a:b": colon = 7,
        "a/b": slash = 8,
        "a~b": tilde = 9,
        "1st": digit = 10,
        "日本": japanese = 11,
        "größe": umlaut = 12,
        "$ref": reference = 13,
        "@id": at = 14,
        "-": only_dash = 15,
        "\"": quote = 16,
        "'": apostrophe = 17,
        "`": tick = 18,
        "\\": backslash = 19,
        "\\u0041": escape = 20,
        "${x}": template = 21,
        "{x}": braces = 22,
        "%s": percent = 23,
        "*/": comment = 24,
        "//": slashes = 25,
        "#": hash = 26,
        "\"\"\"": quotes = 27,
        "\r\n": newline = 28,
        "\u{2028}": separator = 29,
        "\u{0}": zero = 30,
        "\u{1f980}": crab = 31,
        "a,omitempty": go_tag = 32,
        "<b>": html = 33,
        "&": ampersand = 34,
        "_": underscore = 35,
        "__": underscores = 36,
        "[0]": index = 37,
        "?": question = 38,
    }
    refuses &["{}", r#"{"":1}"#]
}

numbered! {
    /// Keywords of Python, TypeScript and Go.
    KeywordFields {
        "class": a = 1, "def": b = 2, "import": c = 3, "from": d = 4, "global": e = 5, "lambda": f = 6, "None": g = 7,
        "True": h = 8, "False": i = 9, "async": j = 10, "await": k = 11, "pass": l = 12, "self": m = 13, "cls": n = 14,
        "match": o = 15, "del": p = 16, "is": q = 17, "not": r = 18, "with": s = 19, "yield": t = 20, "in": u = 21,
        "function": v = 22, "var": w = 23, "let": x = 24, "const": y = 25, "new": z = 26, "delete": aa = 27,
        "typeof": bb = 28, "this": cc = 29, "super": dd = 30, "enum": ee = 31, "interface": ff = 32, "package": gg = 33,
        "private": hh = 34, "static": ii = 35, "arguments": jj = 36, "eval": kk = 37, "undefined": ll = 38, "null": mm = 39,
        "func": nn = 40, "type": oo = 41, "struct": pp = 42, "map": qq = 43, "chan": rr = 44, "go": ss = 45, "defer": tt = 46,
        "range": uu = 47, "select": vv = 48, "nil": ww = 49, "iota": xx = 50, "init": yy = 51, "main": zz = 52,
        "default": ab = 53, "if": ac = 54, "return": ad = 55, "export": ae = 56, "void": af = 57, "any": ag = 58,
    }
    refuses &["{}"]
}

numbered! {
    /// Names that differ on the wire and collide once they are identifiers.
    CollidingFields {
        "user_id": a = 1,
        "userId": b = 2,
        "UserId": c = 3,
        "UserID": d = 4,
        "USER_ID": e = 5,
        "user-id": f = 6,
        "user id": g = 7,
        "user__id": h = 8,
        "_user_id": i = 9,
        "user_id_": j = 10,
        "userid": k = 11,
        "user_id2": l = 12,
        "user_id_2": m = 13,
    }
    refuses &[r#"{"user_id":1,"userId":2}"#]
}

/// Members that differ only in case; some are optional.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(non_snake_case)]
struct CasedFields {
    name: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    Name: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    NAME: Option<String>,
    other: u8,
}

impl Sample for CasedFields {
    fn samples() -> Vec<Self> {
        vec![
            Self { name: 1, ..Self::default() },
            Self { name: 1, Name: Some(2), ..Self::default() },
            Self { name: 1, NAME: Some("3".to_owned()), ..Self::default() },
            Self { name: 1, Name: Some(2), NAME: Some("3".to_owned()), other: 4 },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        // Go's own decoder accepts `Other` for `other`.
        &[r#"{"Name":1,"other":1}"#, r#"{"name":1,"Other":1}"#, r#"{"name":1,"NAME":1,"other":1}"#]
    }
}

numbered! {
    /// Names that a Pydantic model already has.
    ModelFields {
        "model_config": a = 1, "model_fields": b = 2, "model_dump": c = 3, "model_validate": d = 4, "model_extra": e = 5,
        "model_fields_set": f = 6, "model_": g = 7, "model_post_init": h = 8, "json": i = 9, "dict": j = 10, "copy": k = 11,
        "schema": l = 12, "validate": m = 13, "construct": n = 14, "parse_obj": o = 15, "fields": p = 16, "_private": q = 17,
        "__init__": r = 18, "__class__": s = 19, "__dict__": t = 20, "__fields__": u = 21, "root": v = 22, "alias": w = 23,
        "Config": x = 24, "extra": y = 25, "_": z = 26, "__pydantic_extra__": aa = 27, "__slots__": bb = 28,
        "model_construct": cc = 29, "model_json_schema": dd = 30, "from_orm": ee = 31, "__mangled": ff = 32,
    }
    refuses &["{}"]
}

numbered! {
    /// Names that a JavaScript object or a Go struct already has.
    ObjectFields {
        "__proto__": a = 1, "constructor": b = 2, "prototype": c = 3, "toString": d = 4, "toJSON": e = 5, "valueOf": f = 6,
        "hasOwnProperty": g = 7, "then": h = 8, "length": i = 9, "name": j = 10, "MarshalJSON": k = 11,
        "UnmarshalJSON": l = 12, "String": m = 13, "Error": n = 14, "Value": o = 15, "value": p = 16, "Rest": q = 17,
        "Extra": r = 18, "additional": s = 19, "isPrototypeOf": t = 20, "marshal": u = 21, "Unwrap": v = 22, "kind": w = 23,
    }
    refuses &["{}", r#"{"__proto__":{"constructor":1}}"#]
}

/// Each member is named after the type of another member.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct BuiltinFields {
    int: u64,
    str: String,
    float: f64,
    bool: bool,
    list: Vec<u8>,
    dict: BTreeMap<String, u8>,
    tuple: (u8, String),
    set: std::collections::BTreeSet<u8>,
    bytes: Vec<u8>,
    object: Value,
    datetime: DateTime<Utc>,
    date: Option<DateTime<Utc>>,
    #[serde(rename = "Any")]
    any: Option<String>,
    #[serde(rename = "Optional")]
    optional: Option<u8>,
    #[serde(rename = "UUID")]
    uuid: uuid::Uuid,
    string: String,
    number: f32,
    bigint: u64,
    error: Option<String>,
    byte: u8,
    #[serde(rename = "Decimal")]
    decimal: rust_decimal::Decimal,
    print: String,
    len: usize,
}

impl Sample for BuiltinFields {
    fn samples() -> Vec<Self> {
        vec![Self {
            int: u64::MAX,
            str: "s".to_owned(),
            float: 0.5,
            bool: true,
            list: vec![1],
            dict: [("a".to_owned(), 1)].into(),
            tuple: (1, "t".to_owned()),
            set: [1].into(),
            bytes: vec![0, 255],
            object: Value::Null,
            datetime: DateTime::UNIX_EPOCH,
            date: Some(DateTime::UNIX_EPOCH),
            any: None,
            optional: Some(1),
            uuid: uuid::Uuid::nil(),
            string: String::new(),
            number: 1.5,
            bigint: u64::MAX,
            error: None,
            byte: 255,
            decimal: rust_decimal::Decimal::ONE,
            print: "p".to_owned(),
            len: 1,
        }]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", r#"{"int":1}"#]
    }
}
