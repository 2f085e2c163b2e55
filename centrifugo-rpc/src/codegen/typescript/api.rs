//! `api.ts`: a method for each method.

use super::Context;
use super::text::{doc, literal};
use crate::codegen::ir::{Method, Type};

impl Context<'_> {
    /// The class of the client.
    pub(super) fn methods(&self) -> String {
        let methods = self.api.methods.iter().zip(&self.names.methods).map(|(method, name)| self.method(method, name));
        methods.collect::<Vec<_>>().join("\n")
    }

    fn method(&self, method: &Method, name: &str) -> String {
        let mut remarks = Vec::new();
        if method.no_wait {
            remarks.push("Nothing is answered: resolves when Centrifugo has taken the notification.");
        }
        if method.idempotent {
            remarks.push("Idempotent: may be called again when the outcome of a call is unknown.");
        }
        let wire = format!("Calls `{}`.", method.name);
        let mut paragraphs =
            vec![if method.description.trim().is_empty() { &wire } else { method.description.as_str() }];
        paragraphs.extend(remarks);
        let doc = doc("  ", &paragraphs, method.deprecated.as_deref());

        let (parameter, codec, argument) = match &method.params {
            Some(params) => (format!("params: {}, ", self.kind(params)), self.codec(params), "params"),
            None => (String::new(), "undefined".to_owned(), "undefined"),
        };
        let wire = literal(&method.name);
        let (result, call) = if method.no_wait {
            ("void".to_owned(), format!("notify(this.#rpc, {wire}, {codec}, {argument}, options)"))
        } else {
            let result = if method.result == Type::Null { "void".to_owned() } else { self.kind(&method.result) };
            let call = format!("call(this.#rpc, {wire}, {codec}, {argument}, {}, options)", self.codec(&method.result));
            (result, call)
        };
        format!("{doc}  {name}({parameter}options?: CallOptions): Promise<{result}> {{\n    return {call};\n  }}\n")
    }
}
