//! Prints the methods of the client.

use super::Source;
use super::docs::{comment, paragraphs};
use super::imports::Import;
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

pub(super) fn methods(source: &Source<'_>) -> String {
    let methods: Vec<_> = source.types.api.methods.iter().map(|method| self::method(source, method)).collect();
    methods.join("\n")
}

fn method(source: &Source<'_>, method: &Method) -> String {
    let Source { types, imports } = source;
    imports.record(Import::Context);
    let name = types.names.of_method(&method.name);
    let deprecated = method.deprecated.as_deref().map(wording::deprecated).unwrap_or_default();
    let first = format!("{name} calls the method {}.", method.name);
    let mut parts = vec![first.as_str(), &method.description];
    parts.extend(wording::notes(method));
    parts.push(&deprecated);
    let documentation = comment(&paragraphs(&parts), "");
    let wire = literal(&method.name);
    let (parameter, payload) = match &method.params {
        None => (String::new(), "nil".to_owned()),
        Some(params) => {
            let params = types.go_type(params);
            (format!("params {}, ", params.print(imports)), format!("encoded(&params, {})", params.codec))
        }
    };
    let result = types.go_type(&method.result);
    let (returns, body) = if method.is_notification() {
        ("error".to_owned(), format!("\treturn notify(ctx, c, {wire}, {payload}, options)\n"))
    } else if method.result == Type::Null {
        let call = format!("call(ctx, c, {wire}, {payload}, nulls, options)");
        ("error".to_owned(), format!("\t_, err := {call}\n\treturn err\n"))
    } else {
        (
            format!("({}, error)", result.print(imports)),
            format!("\treturn call(ctx, c, {wire}, {payload}, {}, options)\n", result.codec),
        )
    };
    format!(
        "{documentation}func (c *APIClient) {name}(ctx context.Context, {parameter}options ...CallOption) {returns} {{\n{body}}}\n"
    )
}
