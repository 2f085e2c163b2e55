//! Documentation that would end a comment or a string in one of the languages, or has a special meaning there.
#![allow(deprecated, reason = "deprecated members are values all the same")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    HostileDocs: "zoo.get_hostile_docs" "zoo.check_hostile_docs" "zoo.refused_hostile_docs";
    HostileDocsEnum: "zoo.get_hostile_docs_enum" "zoo.check_hostile_docs_enum" "zoo.refused_hostile_docs_enum";
    HostileDocsUnion: "zoo.get_hostile_docs_union" "zoo.check_hostile_docs_union" "zoo.refused_hostile_docs_union";
    HostileDocsAlias: "zoo.get_hostile_docs_alias" "zoo.check_hostile_docs_alias" "zoo.refused_hostile_docs_alias";
    Deprecated: "zoo.get_deprecated" "zoo.check_deprecated" "zoo.refused_deprecated";
}

/// A struct of bytes, each with a description.
macro_rules! described {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $description:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        struct $name {
            $(#[schemars(description = $description)] $field: u8,)+
        }

        impl Sample for $name {
            fn samples() -> Vec<Self> {
                vec![Self { $($field: 1,)+ }]
            }

            fn refusals() -> &'static [&'static str] {
                &["{}"]
            }
        }
    };
}

described! {
    #[doc = "*/ \"\"\" ''' \\ \u{2028} \r\n\t`${x}` {@link x}\n\n\n  indented\n\ttabbed\n"]
    HostileDocs {
        comment_end: "*/",
        comment_begin: "/* // # <!-- -->",
        triple: "\"\"\"",
        triple_and_more: "before \"\"\"\"\"\" after",
        single_triple: "'''",
        quote_at_the_end: "a \"quoted\"",
        quote_at_the_beginning: "\"quoted\" a",
        backslash: "\\",
        backslash_at_the_end: "ends with \\",
        backslashes: "\\n \\u0041 \\x41 \\N{DASH} \\",
        carriage_return: "a\rb",
        windows: "a\r\nb\r\n",
        separators: "a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f",
        zero: "a\u{0}b\u{1b}[31mc",
        byte_order_mark: "\u{feff}a",
        bidirectional: "\u{202e}a\u{200b}b",
        crab: "\u{1f980} 日本語 żółć",
        template: "`${x}` %s {x} {{x}}",
        tag: "@deprecated @param x {string}",
        go_directive: "go:build ignore\n+build ignore\ngo:generate rm",
        go_heading: "# Heading\n\n  - list\n  - list\n\n    code",
        go_deprecated: "Deprecated: not really.",
        noqa: "noqa: type: ignore ts-ignore eslint-disable",
        html: "<script>alert(1)</script> &amp; <b>",
        long: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        many_words: "Words and words and words and words and words and words and words and words and words and words and words and words and words.",
        lines: "one\ntwo\n\nthree\n\n\n\nfour",
        only_spaces: "   ",
        trailing_spaces: "one   \ntwo\t\n   ",
        leading_spaces: "    one\n  two",
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "*/ \"\"\" \\")]
enum HostileDocsEnum {
    #[schemars(description = "*/ end")]
    A,
    #[schemars(description = "\"\"\" end \\")]
    B,
    #[schemars(description = "line\r\nline\rline\u{2028}line\nimport os")]
    C,
    D,
}

impl Sample for HostileDocsEnum {
    fn samples() -> Vec<Self> {
        vec![Self::A, Self::B, Self::C, Self::D]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""E""#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
#[schemars(description = "*/ \"\"\" \\")]
enum HostileDocsUnion {
    #[doc = "*/ \"\"\" end \\"]
    Struct {
        #[doc = "*/ \"\"\" end \\\r\u{2028}"]
        a: u8,
    },
    #[schemars(description = "ends with \"")]
    Newtype(Point),
    #[schemars(description = "\\\"\"\"")]
    Unit,
}

impl Sample for HostileDocsUnion {
    fn samples() -> Vec<Self> {
        vec![Self::Struct { a: 1 }, Self::Newtype(ORIGIN), Self::Unit]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", r#"{"t":"unit"}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "*/ \"\"\" \\\r\n\u{2028} end \"")]
struct HostileDocsAlias(Vec<u64>);

impl Sample for HostileDocsAlias {
    fn samples() -> Vec<Self> {
        vec![Self(vec![u64::MAX])]
    }

    fn refusals() -> &'static [&'static str] {
        &["null"]
    }
}

/// A deprecated type that is still in use.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[deprecated]
struct Deprecated {
    /// Old
    #[deprecated]
    old: Option<u64>,
    #[deprecated]
    undocumented: u8,
    #[schemars(example = 5, title = "A title */ \"\"\"")]
    new: u8,
    kind: DeprecatedKind,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum DeprecatedKind {
    /// Old
    #[deprecated]
    Old,
    #[deprecated]
    Older {
        a: u8,
    },
    New,
}

impl Sample for Deprecated {
    fn samples() -> Vec<Self> {
        vec![
            Self { old: None, undocumented: 1, new: 2, kind: DeprecatedKind::Old },
            Self { old: Some(u64::MAX), undocumented: 1, new: 2, kind: DeprecatedKind::Older { a: 1 } },
            Self { old: Some(0), undocumented: 1, new: 2, kind: DeprecatedKind::New },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", r#"{"old":null,"new":2,"kind":"New"}"#]
    }
}

/// A method with documentation as hostile as that of the types.
mod methods {
    use centrifugo_rpc::websocket_rpc;

    #[doc = "*/ \"\"\" ''' \\ `${x}`\r\n\u{2028} @deprecated\n\n    code\n\nEnds with a \"quote\"\\"]
    #[websocket_rpc("docs.hostile", deprecated = "*/ \"\"\" \\ use\n`zoo.other` \"")]
    async fn hostile() {}
}
