//! Merges the types of params and results for languages that do not tell an absent field from null, and names the
//! variants of unions.

use std::collections::BTreeSet;

use super::free_name;
use crate::codegen::ir::{Api, Shape, Type, TypeDef};
use crate::codegen::names;

/// Merges types for languages in which a field that may be absent and null has the same type as a field that may only
/// be null. Types that differ in nothing else become one type again, and `…Input` becomes an alias of it. The result of
/// a call can then be sent back as params.
pub(crate) fn unified(api: &Api) -> Api {
    let mut api = api.clone();
    let same: Vec<_> = api.types.iter().filter_map(|def| Some((def.name.clone(), def.same_as.clone()?))).collect();
    let original = |name: &str| same.iter().find(|(input, _)| input == name).map(|(_, output)| output.clone());
    for (input, output) in &same {
        let alias = Shape::Alias(Type::Named(output.clone()));
        let Some(def) = api.types.iter_mut().find(|def| def.name == *input) else { continue };
        let shape = std::mem::replace(&mut def.shape, alias);
        if let Some(def) = api.types.iter_mut().find(|def| def.name == *output) {
            def.shape = shape;
        }
    }
    for def in &mut api.types {
        if def.same_as.is_none() {
            def.shape.rename(&original);
        }
    }
    for method in &mut api.methods {
        if let Some(params) = &mut method.params {
            params.rename(&original);
        }
    }
    name_variants(&mut api.types);
    api
}

/// Assigns each variant a type name.
pub(super) fn name_variants(types: &mut [TypeDef]) {
    let mut taken: BTreeSet<_> = types.iter().map(|def| names::folded(&def.name)).collect();
    for def in types {
        let Shape::Union(union) = &mut def.shape else { continue };
        for variant in &mut union.variants {
            variant.type_name = free_name(&format!("{}{}", def.name, names::pascal(&variant.name)), &mut taken);
        }
    }
}
