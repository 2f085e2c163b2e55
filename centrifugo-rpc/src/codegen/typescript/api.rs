//! Prints `api`: one client method per method of the contract.

use super::Context;
use super::text::{doc, literal};
use crate::codegen::ir::{Method, Type};
use crate::codegen::wording;

impl Context<'_> {
    /// The members of the interface, which has the documentation.
    pub(super) fn method_declarations(&self) -> String {
        let methods = self.api.methods.iter().zip(&self.names.methods);
        methods
            .map(|(method, name)| self.declaration(method, name, &wording::of_method(method)))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The methods of the class. Editors show the documentation of the interface, except for deprecations.
    pub(super) fn method_signatures(&self) -> String {
        let methods = self.api.methods.iter().zip(&self.names.methods);
        methods.map(|(method, name)| self.declaration(method, name, &[])).collect()
    }

    fn declaration(&self, method: &Method, name: &str, paragraphs: &[String]) -> String {
        let paragraphs: Vec<_> = paragraphs.iter().map(String::as_str).collect();
        let doc = doc("  ", &paragraphs, method.deprecated.as_deref());

        let params = method.params.as_ref().map(|params| format!("params: {}, ", self.type_expr(params)));
        let returns_nothing = method.is_notification() || method.result == Type::Null;
        let result = if returns_nothing { "void".to_owned() } else { self.type_expr(&method.result) };
        // Without the quotes, `new` in an interface is a constructor.
        let name = if name == "new" { "'new'" } else { name };
        format!("{doc}  {name}({}options?: CallOptions): Promise<{result}>;\n", params.unwrap_or_default())
    }

    /// The code of the methods.
    pub(super) fn method_calls(&self) -> String {
        let methods = self.api.methods.iter().zip(&self.names.methods);
        methods.map(|(method, name)| self.method_call(method, name)).collect()
    }

    fn method_call(&self, method: &Method, name: &str) -> String {
        let (parameter, codec, argument) = match &method.params {
            Some(params) => ("params, ", self.codec(params), "params"),
            None => ("", "undefined".to_owned(), "undefined"),
        };
        let wire = literal(&method.name);
        let call = if method.is_notification() {
            format!("{}(this._rpc, {wire}, {codec}, {argument}, options)", self.typed("notify"))
        } else {
            let call = self.typed("call");
            format!("{call}(this._rpc, {wire}, {codec}, {argument}, {}, options)", self.codec(&method.result))
        };
        format!("\n  {name}({parameter}options) {{\n    return {call};\n  }}\n")
    }
}
