//! Assigns the identifiers of one package, each once.

use std::collections::BTreeMap;

use crate::codegen::ir::{Api, Shape, Tagging, TypeDef, Variant};
use crate::codegen::names::{Scope, camel, pascal};

/// Names that the generated package itself exports. A type with such a name gets the suffix `Model`.
const RUNTIME: [&str; 23] = [
    "API",
    "APIClient",
    "CONTRACT_HASH",
    "CallOptions",
    "Caller",
    "CentrifugoRPCClient",
    "CentrifugoRPCError",
    "ClientEvent",
    "ClientOptions",
    "ClientState",
    "ConfigError",
    "ConnectionError",
    "ConnectionErrorKind",
    "Contract",
    "ContractMismatchError",
    "DecodeError",
    "EncodeError",
    "RpcError",
    "RpcTimeoutError",
    "TokenSource",
    "UnauthorizedError",
    "WebSocketConstructor",
    "codes",
];

/// Names that types cannot have: the declarations themselves use `Omit`, and compilers write `Object` into `CommonJS`
/// modules.
const TYPES: [&str; 2] = ["Object", "Omit"];

/// Names that methods of a class cannot have, or that would change what its objects are.
const METHODS: [&str; 10] = [
    "checkContract",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "then",
    "toJSON",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// Names that packages cannot have: packages that this client and its users need.
pub(super) const PACKAGES: &str = "centrifuge typescript";

/// The identifiers of a package.
pub(super) struct Names<'a> {
    types: BTreeMap<&'a str, String>,
    variants: BTreeMap<&'a str, String>,
    keys: BTreeMap<&'a str, String>,
    /// In the order of [`Api::methods`].
    pub methods: Vec<String>,
}

impl<'a> Names<'a> {
    pub(super) fn of(api: &'a Api) -> Self {
        let reserved: Vec<&str> = RUNTIME.iter().chain(&TYPES).copied().collect();
        let mut scope = Scope::new(&reserved);
        let mut types = BTreeMap::new();
        // Types that can keep their own name keep it, whatever names the others get.
        let (free, clashing): (Vec<_>, Vec<_>) =
            api.types.iter().partition(|def| !reserved.contains(&pascal(&def.name).as_str()));
        for def in free.into_iter().chain(clashing) {
            let wanted = pascal(&def.name);
            let suffix = if RUNTIME.contains(&wanted.as_str()) { "Model" } else { "_" };
            types.insert(def.name.as_str(), scope.pick(&wanted, suffix));
        }
        let mut variants = BTreeMap::new();
        for variant in api.types.iter().flat_map(variants_of) {
            variants.insert(variant.type_name.as_str(), scope.pick(&pascal(&variant.type_name), "_"));
        }
        let mut keys = BTreeMap::new();
        for def in &api.types {
            if let Shape::Union(union) = &def.shape
                && union.tagging == Tagging::External
                && union.objects().count() > 1
            {
                let wanted = format!("{}Keys", types[def.name.as_str()]);
                keys.insert(def.name.as_str(), scope.pick(&wanted, "_"));
            }
        }
        let mut scope = Scope::new(&METHODS);
        let methods = api.methods.iter().map(|method| scope.pick(&camel(&method.name), "_")).collect();
        Self { types, variants, keys, methods }
    }

    /// The identifier of a [`TypeDef`].
    pub(super) fn of_type(&self, name: &str) -> &str {
        self.types.get(name).map_or("never", String::as_str)
    }

    /// The identifier of the type with all keys of an externally tagged union, if it has several keys.
    pub(super) fn keys_of(&self, name: &str) -> Option<&str> {
        self.keys.get(name).map(String::as_str)
    }

    /// The identifier of a variant's own type.
    pub(super) fn of_variant(&self, variant: &Variant) -> &str {
        self.variants.get(variant.type_name.as_str()).map_or("never", String::as_str)
    }
}

/// The scope of an enum's constants.
pub(super) fn constants() -> Scope {
    Scope::default()
}

/// The name of a constant of an enum.
pub(super) fn constant(scope: &mut Scope, name: &str) -> String {
    scope.pick(&pascal(name), "_")
}

fn variants_of(def: &TypeDef) -> &[Variant] {
    match &def.shape {
        Shape::Union(union) => &union.variants,
        Shape::Struct(_) | Shape::Enum(_) | Shape::Integers(_) | Shape::Alias(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in the braces of `export … { … }` in the index of the base client.
    fn exported(index: &str) -> Vec<String> {
        let braces = index.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let names = braces.flat_map(|names| names.split(',')).map(|name| name.trim().trim_start_matches("type "));
        names.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn all_that_the_package_exports_itself_is_reserved() {
        let mut exported = exported(include_str!("../../../clients/typescript/src/index.ts"));
        exported.extend(["API", "APIClient", "CONTRACT_HASH"].map(ToOwned::to_owned));
        exported.sort();
        assert_eq!(exported, RUNTIME);
    }
}
