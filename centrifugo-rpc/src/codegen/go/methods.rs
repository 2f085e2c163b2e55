//! Prints the methods of the client.

use super::docs::{comment, paragraphs};
use super::print::literal;
use super::types::Types;
use crate::codegen::Api;
use crate::codegen::ir::{Method, Type};

pub(super) fn contract(api: &Api) -> String {
    format!(
        "// ContractHash identifies the contract that this client was generated from.\n\
         const ContractHash = {}\n\n\
         // CheckContract asks the service for its contract. The error is a [*ContractError] if it is another one.\n\
         func (c *APIClient) CheckContract(ctx context.Context, options ...CallOption) error {{\n\
         \treturn checkContract(ctx, c, ContractHash, options)\n}}\n",
        literal(&api.hash)
    )
}

pub(super) fn methods(types: &Types<'_>) -> String {
    let methods: Vec<_> = types.api.methods.iter().map(|method| self::method(types, method)).collect();
    methods.join("\n")
}

fn method(types: &Types<'_>, method: &Method) -> String {
    let name = types.names.of_method(&method.name);
    let deprecated = match method.deprecated.as_deref() {
        None => String::new(),
        Some("") => "Deprecated: do not use it any more.".to_owned(),
        Some(instead) => format!("Deprecated: {instead}"),
    };
    let first = if method.is_notification() {
        format!("{name} notifies the method {}: it runs, and nothing is answered.", method.name)
    } else {
        format!("{name} calls the method {}.", method.name)
    };
    let again = if method.idempotent { "It is idempotent: where its outcome is unknown, call it again." } else { "" };
    let documentation = comment(&paragraphs(&[&first, &method.description, again, &deprecated]), "");
    let wire = literal(&method.name);
    let (parameter, payload) = match &method.params {
        None => (String::new(), "nil".to_owned()),
        Some(params) => {
            let params = types.go_type(params);
            (format!("params {}, ", params.name), format!("encoded(&params, {})", params.codec))
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
            format!("({}, error)", result.name),
            format!("\treturn call(ctx, c, {wire}, {payload}, {}, options)\n", result.codec),
        )
    };
    format!(
        "{documentation}func (c *APIClient) {name}(ctx context.Context, {parameter}options ...CallOption) {returns} {{\n{body}}}\n"
    )
}
