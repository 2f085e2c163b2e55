//! Prints the methods of the client.

use super::Source;
use super::docs::{comment, paragraphs};
use super::imports::Import;
use super::names::API;
use super::print::literal;
use crate::codegen::ir::{Method, Type};
use crate::codegen::wording;

pub(super) fn contract(source: &Source<'_>) -> String {
    source.imports.record(Import::Context);
    format!(
        "// ContractHash is the {}.\n\
         const ContractHash = {}\n\n\
         // CheckContract asks the service for its contract. The error is a [*ContractError] if it is another one.\n\
         func (c *APIClient) CheckContract(ctx context.Context, options ...CallOption) error {{\n\
         \treturn checkContract(ctx, c, ContractHash, options)\n}}\n",
        wording::CONTRACT_HASH,
        literal(&source.types.api.hash)
    )
}

/// Prints the interface that the client satisfies, and its methods.
pub(super) fn methods(source: &Source<'_>) -> String {
    let methods = &source.types.api.methods;
    if methods.is_empty() {
        return String::new();
    }
    let declarations: String = methods.iter().map(|method| declaration(source, method)).collect();
    let methods: Vec<_> = methods.iter().map(|method| self::method(source, method)).collect();
    format!(
        "// {API} has the methods of the service. It is what [APIClient] is to code that only calls them: such code takes an {API}, and\n\
         // its tests replace it. The methods are documented at [APIClient].\n\
         type {API} interface {{\n{declarations}}}\n\n\
         var _ {API} = (*APIClient)(nil)\n\n{}",
        methods.join("\n")
    )
}

/// The method as a part of the interface. Only a deprecation is repeated: tools look for it where the method is used.
fn declaration(source: &Source<'_>, method: &Method) -> String {
    format!("{}\t{}\n", comment(&deprecated(method), "\t"), signature(source, method))
}

/// The name, the parameters and the results.
fn signature(source: &Source<'_>, method: &Method) -> String {
    let Source { types, imports } = source;
    imports.record(Import::Context);
    let name = types.names.of_method(&method.name);
    let params = method.params.as_ref().map(|params| format!("params {}, ", types.go_type(params).print(imports)));
    let returns = if method.is_notification() || method.result == Type::Null {
        "error".to_owned()
    } else {
        format!("({}, error)", types.go_type(&method.result).print(imports))
    };
    format!("{name}(ctx context.Context, {}options ...CallOption) {returns}", params.unwrap_or_default())
}

fn deprecated(method: &Method) -> String {
    method.deprecated.as_deref().map(wording::deprecated).unwrap_or_default()
}

fn method(source: &Source<'_>, method: &Method) -> String {
    let types = source.types;
    let first = format!("{} calls the method {}.", types.names.of_method(&method.name), method.name);
    let deprecated = deprecated(method);
    let mut parts = vec![first.as_str(), &method.description];
    parts.extend(wording::notes(method));
    parts.push(&deprecated);
    let documentation = comment(&paragraphs(&parts), "");
    let wire = literal(&method.name);
    let payload = match &method.params {
        None => "nil".to_owned(),
        Some(params) => format!("encoded(&params, {})", types.go_type(params).codec),
    };
    let body = if method.is_notification() {
        format!("\treturn notify(ctx, c, {wire}, {payload}, options)\n")
    } else if method.result == Type::Null {
        format!("\t_, err := call(ctx, c, {wire}, {payload}, nulls, options)\n\treturn err\n")
    } else {
        format!("\treturn call(ctx, c, {wire}, {payload}, {}, options)\n", types.go_type(&method.result).codec)
    };
    format!("{documentation}func (c *APIClient) {} {{\n{body}}}\n", signature(source, method))
}
