//! Assigns the identifiers of everything generated, in one pass.

use std::collections::BTreeMap;

use super::runtime;
use crate::codegen::Api;
use crate::codegen::ir::{Field, Shape, Struct};
use crate::codegen::names::Scope;
use crate::codegen::names::go::{exported, following};

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
        let reserved: Vec<_> = runtime::EXPORTED
            .iter()
            .copied()
            .chain(["ContractHash"])
            .chain(tuples.iter().map(String::as_str))
            .collect();
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
        let mut scope = Scope::new(runtime::METHODS);
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
    /// The identifier of each flattened union, its type, and whether it is optional.
    pub flattened: Vec<(String, &'a str, bool)>,
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
            (scope.pick(short.unwrap_or(&name), ""), flattened.name.as_str(), flattened.optional)
        });
        let flattened = flattened.collect();
        Self { fields: own, flattened, rest: scope.pick("Rest", "") }
    }
}
