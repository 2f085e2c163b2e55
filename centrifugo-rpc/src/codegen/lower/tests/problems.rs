//! Tests of contracts that no clients can be generated from.

use super::*;

#[test]
fn what_has_no_counterpart_is_named_with_its_place() {
    for (schema, expected) in [
        (
            json_schema!({ "type": "number", "enum": [1.5, 2] }),
            "/methods/tasks.do/result: `enum` and `const` of anything but",
        ),
        (
            json_schema!({ "type": "integer", "enum": [9_007_199_254_740_992_u64] }),
            "/methods/tasks.do/result: the enum's value 9007199254740992 is beyond 2^53 - 1",
        ),
        (
            json_schema!({ "type": "integer", "enum": [1, 2], "x-enum-varnames": ["One"] }),
            "`x-enum-varnames` must have a string for each of the 2 values",
        ),
        (
            json_schema!({ "type": ["integer", "string"] }),
            "/methods/tasks.do/result: the types `integer`, `string` at once",
        ),
        (json_schema!({ "type": "array", "items": { "if": {} } }), "/methods/tasks.do/result/items: the keyword `if`"),
        (
            json_schema!({ "type": "object", "properties": { "a/b": { "patternProperties": { "^x": true }, "type": "object" } } }),
            "/methods/tasks.do/result/properties/a~1b: keys of a map",
        ),
        (json_schema!({ "$ref": "#/params/Task" }), "is not a type of the contract's `results`"),
        (json_schema!({ "type": "integer", "format": "uint7" }), "the format `uint7`"),
    ] {
        let problems = lowered(&schema).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].contains(expected), "{} does not say {expected}", problems[0]);
        assert!(problems[0].starts_with("method `tasks.do`: "), "{}", problems[0]);
    }
}

#[test]
fn all_problems_come_at_once_with_the_methods_that_meet_them() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Odd {
        #[schemars(extend("if" = {}))]
        first: u8,
        #[schemars(schema_with = "one_or_two")]
        second: u8,
    }
    fn one_or_two(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [1, "two"] })
    }
    static A: Method = Method { params: || Some(Registered::of::<Odd>()), ..method("a", "", PLAIN) };
    static B: Method = Method { params: || Some(Registered::of::<Vec<Odd>>()), ..method("b", "", PLAIN) };
    let problems = lower(&contract(&[&A, &B])).expect_err("problems");
    assert_eq!(
        problems,
        [
            "method `a`, `b`: /params/Odd/properties/first: the keyword `if` has no counterpart in clients",
            "method `a`, `b`: /params/Odd/properties/second: `enum` and `const` of anything but strings or integers have no \
             counterpart in clients",
        ]
    );
}

#[test]
fn names_that_clients_cannot_tell_apart_are_errors() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct UserId(u8);
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct UserID(u8);
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "UserIdInput")]
    struct Other {
        a: Option<u8>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "Both")]
    struct Both {
        a: Option<u8>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct BothInput(u8);
    static ONE: Method = Method { result: Registered::of::<(UserId, UserID)>, ..method("a.b_c", "", PLAIN) };
    static TWO: Method = Method {
        params: || Some(Registered::of::<(Both, BothInput)>()),
        result: Registered::of::<(Both, Other)>,
        ..method("a_b.c", "", PLAIN)
    };
    let problems = lower(&contract(&[&ONE, &TWO])).expect_err("problems").join("\n");
    for expected in [
        "the methods `a.b_c` and `a_b.c` would get one name in clients: rename one of them",
        "the types `UserID` and `UserId` would get one name in clients",
        "the type `Both` looks different in params and in results, so params get `BothInput`, but there is a type `BothInput`",
    ] {
        assert!(problems.contains(expected), "{problems}\ndo not say: {expected}");
    }
}
