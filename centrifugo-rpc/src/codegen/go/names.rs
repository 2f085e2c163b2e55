//! Assigns the identifiers of everything generated, in one pass.
//!
//! Go allows the letters of Unicode in identifiers, but no marks. Exported identifiers start with an upper-case letter.

use std::collections::BTreeMap;

use crate::codegen::Api;
use crate::codegen::ir::{Field, Flattened, Shape, Struct};
use crate::codegen::names::{Scope, is_part, is_start, pascal};

/// The names that the runtime exports, which are therefore taken. A test compares them with the sources.
const EXPORTED: &[&str] = &[
    "APIClient",
    "CallOption",
    "Char",
    "CodeApplicationMax",
    "CodeApplicationMin",
    "CodeCancelled",
    "CodeDeadlineExceeded",
    "CodeInternal",
    "CodeInvalidParams",
    "CodeMethodNotFound",
    "CodeOverloaded",
    "CodePermissionDenied",
    "CodeTooLarge",
    "CodeUnauthenticated",
    "CodeUnavailable",
    "CodeWorkerLost",
    "ConnectionError",
    "ContractError",
    "DecodeError",
    "EncodeError",
    "ErrTokenRefused",
    "Error",
    "Never",
    "NewAPIClient",
    "Null",
    "Option",
    "Ptr",
    "TimeoutError",
    "Unknown",
    "WithCallTimeout",
    "WithConnectTimeout",
    "WithDialer",
    "WithGetToken",
    "WithHeader",
    "WithLogger",
    "WithMessageSizeLimit",
    "WithReadLimit",
    "WithReplyNamespace",
    "WithRequestChannel",
    "WithStrictResults",
    "WithTLSConfig",
    "WithTimeout",
    "WithTraceparent",
];

/// The methods of the runtime's client.
const METHODS: &[&str] = &["Call", "CheckContract", "Close", "Connect", "Connected", "Notify"];

/// Names that modules cannot have: keywords, and packages of Go, which an import would find instead.
pub(super) const PACKAGES: &str = "\
    archive arena break bufio builtin bytes cmd cmp compress container context continue crypto database debug else \
    embed encoding errors expvar flag fmt for go hash html if image import index internal io iter log maps math \
    mime net os path plugin reflect regexp return runtime select simd slices sort strconv strings struct structs \
    sync syscall testing text time unicode unique unsafe vendor weak";

/// The interface with the methods of the service.
pub(super) const API: &str = "API";

/// The suffix of a type whose name is taken.
const TYPE: &str = "Type";

/// The identifiers of the package.
pub(super) struct Names {
    types: BTreeMap<String, String>,
    /// For a union: its variants in order, then its interface. For an enum: its constants in order.
    parts: BTreeMap<String, Vec<String>>,
    methods: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn of(api: &Api) -> Self {
        let tuples: Vec<_> = (0..=16).map(|len| format!("Tuple{len}")).collect();
        let reserved: Vec<_> =
            EXPORTED.iter().copied().chain([API, "ContractHash"]).chain(tuples.iter().map(String::as_str)).collect();
        let mut scope = Scope::new(&reserved);
        let types = api.types.iter().map(|def| (def.name.clone(), scope.pick(&exported(&def.name), TYPE)));
        let types: BTreeMap<_, _> = types.collect();
        let mut parts = BTreeMap::new();
        for def in &api.types {
            let base = &types[&def.name];
            let own = match &def.shape {
                Shape::Union(union) => {
                    let variants = union.variants.iter().map(|variant| exported(&variant.type_name));
                    let interface = if base.ends_with("Variant") { "Kind" } else { "Variant" };
                    variants.chain([format!("{base}{interface}")]).map(|name| scope.pick(&name, TYPE)).collect()
                }
                Shape::Enum(values) => values
                    .iter()
                    .map(|value| scope.pick(&format!("{base}{}", following(&value.value)), "Value"))
                    .collect(),
                Shape::Integers(values) => values
                    .iter()
                    .map(|value| scope.pick(&format!("{base}{}", following(&value.name)), "Value"))
                    .collect(),
                Shape::Struct(_) | Shape::Alias(_) => continue,
            };
            parts.insert(def.name.clone(), own);
        }
        let mut scope = Scope::new(METHODS);
        let methods =
            api.methods.iter().map(|method| (method.name.clone(), scope.pick(&exported(&method.name), "Call")));
        Self { methods: methods.collect(), types, parts }
    }

    /// The identifier of a type. An unknown type keeps its name.
    pub(super) fn of_type<'a>(&'a self, name: &'a str) -> &'a str {
        self.types.get(name).map_or(name, String::as_str)
    }

    /// The identifiers of a union's variants, followed by its interface, or of an enum's constants.
    pub(super) fn parts(&self, name: &str) -> &[String] {
        self.parts.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn of_method<'a>(&'a self, name: &'a str) -> &'a str {
        self.methods.get(name).map_or(name, String::as_str)
    }
}

/// The identifiers of the members of a struct.
pub(super) struct Members<'a> {
    pub fields: Vec<(String, &'a Field)>,
    /// Each flattened union with its identifier.
    pub flattened: Vec<(String, &'a Flattened)>,
    /// The identifier of a flattened map.
    pub rest: String,
}

impl<'a> Members<'a> {
    /// `owner` is the name of the type that contains the members.
    pub(super) fn of(fields: &'a Struct, owner: &str) -> Self {
        // In Go, the fields and methods of a type share one scope.
        let mut scope = Scope::new(&["AsInput", "MarshalJSON", "SetNull", "UnmarshalJSON"]);
        let own = fields.fields.iter().map(|field| (scope.pick(&exported(&field.name), ""), field)).collect();
        let flattened = fields.flattened.iter().map(|flattened| {
            let name = exported(&flattened.name);
            let short = name.strip_prefix(owner).filter(|short| short.starts_with(char::is_uppercase));
            (scope.pick(short.unwrap_or(&name), ""), flattened)
        });
        let flattened = flattened.collect();
        Self { fields: own, flattened, rest: scope.pick("Rest", "") }
    }
}

/// The identifier of an exported item. A name whose first letter has no upper case gets the prefix `X`.
fn exported(name: &str) -> String {
    let name = following(name);
    let mut chars = name.chars();
    match chars.next() {
        Some(first) if first.is_uppercase() => name,
        // Only ASCII: the upper case of some other letters is several letters.
        Some(first) if first.is_ascii_lowercase() => format!("{}{}", first.to_ascii_uppercase(), chars.as_str()),
        _ => format!("X{name}"),
    }
}

/// A name in the form in which it follows a prefix in an exported identifier.
fn following(name: &str) -> String {
    pascal(name).chars().filter(|&c| is_letter(c) || is_digit(c)).collect()
}

/// Unicode's categories of letters: the characters that may start an identifier, without numerals and four symbols.
fn is_letter(c: char) -> bool {
    is_start(c) && !c.is_numeric() && !matches!(c, '\u{1885}' | '\u{1886}' | '\u{2118}' | '\u{212e}')
}

/// Unicode's decimal digits.
fn is_digit(c: char) -> bool {
    is_part(c) && c.is_numeric() && !is_start(c)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::runtime;
    use super::*;

    #[test]
    fn names_of_the_runtime_are_taken() {
        let (mut exported, mut methods) = (BTreeSet::new(), BTreeSet::from(["CheckContract"]));
        for line in runtime::SOURCES.iter().flat_map(|(_, source)| source.lines()) {
            let name = |rest: &'static str| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                Some(&rest[..end]).filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
            };
            // Grouped constants and variables are indented by one tab. So are struct fields and interface methods, but
            // those contain no `=`.
            let grouped = line.strip_prefix('\t').filter(|rest| rest.contains(" = ") && !rest.starts_with('\t'));
            let single = ["func ", "type ", "var ", "const "].iter().find_map(|keyword| line.strip_prefix(keyword));
            exported.extend(grouped.or(single).and_then(name));
            methods.extend(line.strip_prefix("func (c *APIClient) ").and_then(name));
        }
        assert_eq!(exported.into_iter().collect::<Vec<_>>(), EXPORTED);
        assert_eq!(methods.into_iter().collect::<Vec<_>>(), METHODS);
    }

    #[test]
    fn what_is_exported_begins_with_an_upper_case_letter() {
        for (name, expected) in [
            ("größe", "Größe"),
            ("имя", "Имя"),
            ("日本", "X日本"),
            ("ße", "Xße"),
            ("हिन्दी", "Xहनद"),
            ("Ⅷ", "X"),
            ("a٣", "A٣"),
            ("user_id", "UserId"),
            ("℘x", "X"),
        ] {
            assert_eq!(exported(name), expected, "{name}");
        }
    }
}
