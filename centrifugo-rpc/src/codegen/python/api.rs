//! Prints the API modules: the methods of the contract.

use super::docs::docstring;
use super::imports::{Import, Imports, Name, typing};
use super::layout::{Expr, WIDTH, literal, width};
use super::types::Types;
use super::{Module, imports, names};
use crate::codegen::ir::{Api, Method, Type};
use crate::codegen::names::Scope;
use crate::codegen::wording;

/// The kind of a class's methods.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// `async def`
    Async,
    /// `def`
    Sync,
}

/// The bodies of a class's methods.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Calls the method of the contract.
    Call,
    /// Raises: a class that derives from a protocol need not have all methods.
    Missing,
}

/// Prints `api.py`: the methods of the contract.
pub(super) fn print(api: &Api, types: &Types<'_>) -> String {
    let module = Module::new(types);
    let protocol = protocol("API", api, &module, Mode::Async, &mut names::methods());
    let body = bodies(api, &module, Mode::Async, Body::Call, &mut names::methods());
    let is_checked = format!("\nif {}:\n", typing("TYPE_CHECKING").print(&module.imports));
    let mut text = imports::head("The methods of the contract.", &module.imports);
    text.push_str("from ._api import BaseAPIClient\n");
    text.push_str(missing(api));
    text.push_str("from ._client import CentrifugoRPCClient\n");
    text.push_str(&imports::of_types(&module.imports));
    text.push_str(&is_checked);
    text.push_str("    from .sync_api import SyncAPIClient\n\n");
    text.push_str(&imports::exports(vec!["API", "APIClient", "CONTRACT_HASH"]));
    text.push_str("\n\n");
    text.push_str(&Expr::name(literal(&api.hash)).laid_out(&module.imports, "CONTRACT_HASH = ", 0, 0));
    text.push_str(&format!("\n\"\"\"The {}.\"\"\"\n\n\n", wording::CONTRACT_HASH));
    text + &protocol + CLASS + &body
}

/// Prints `sync_api.py`: the same methods for programs without an event loop.
pub(super) fn print_sync(api: &Api, types: &Types<'_>) -> String {
    let module = Module::new(types);
    let protocol = protocol("SyncAPI", api, &module, Mode::Sync, &mut names::sync_methods());
    let body = bodies(api, &module, Mode::Sync, Body::Call, &mut names::sync_methods());
    let mut text = imports::head("The methods of the contract, without `await`.", &module.imports);
    text.push_str(missing(api));
    text.push_str("from ._sync import BaseSyncAPIClient\n");
    text.push_str(&imports::of_types(&module.imports));
    text.push('\n');
    text.push_str(&imports::exports(vec!["SyncAPI", "SyncAPIClient"]));
    text.push_str("\n\n\n");
    text.push_str(&protocol);
    text.push_str("class SyncAPIClient(BaseSyncAPIClient):\n");
    text.push_str("    \"\"\"Calls the methods of the contract, and waits for them.\"\"\"\n");
    text + &body
}

const CLASS: &str = r#"class APIClient(BaseAPIClient):
    """Calls the methods of the contract."""

    _contract_hash = CONTRACT_HASH

    @classmethod
    def sync(cls, rpc: CentrifugoRPCClient) -> SyncAPIClient:
        """The same methods without `await`: an event loop in a thread of its own makes
        the calls. It may be used from all threads, and within other event loops.

        ```python
        with APIClient.sync(CentrifugoRPCClient(url, token)) as api:
            ...
        ```
        """
        from .sync_api import SyncAPIClient

        return SyncAPIClient(cls(rpc))
"#;

/// The import that the methods of a protocol need.
fn missing(api: &Api) -> &'static str {
    if api.methods.is_empty() { "" } else { "from ._api import not_implemented as _not_implemented\n" }
}

/// Prints the protocol that a client satisfies, and the blank lines after it.
fn protocol(name: &str, api: &Api, module: &Module<'_>, mode: Mode, scope: &mut Scope) -> String {
    let base = typing("Protocol").print(&module.imports).to_owned();
    let body = bodies(api, module, mode, Body::Missing, scope);
    format!("class {name}({base}):\n{PROTOCOL}{body}\n\n")
}

const PROTOCOL: &str = r#"    """The methods of the contract. Code that only calls methods takes this type, and its
    tests pass an object of their own. A class that derives from this one needs only the
    methods that are called.
    """
"#;

/// The methods, each preceded by a blank line.
fn bodies(api: &Api, module: &Module<'_>, mode: Mode, body: Body, scope: &mut Scope) -> String {
    let methods = api.methods.iter().map(|method| {
        let name = names::method(scope, &method.name);
        format!("\n{}", print_method(module, method, &name, mode, body))
    });
    methods.collect()
}

fn print_method(module: &Module<'_>, method: &Method, name: &str, mode: Mode, body: Body) -> String {
    let (imports, mut text) = (&module.imports, String::new());
    if let Some(instead) = &method.deprecated {
        let reason = if instead.is_empty() { "deprecated" } else { instead };
        let decorator = Name::imported("@_deprecated", Import::Deprecated);
        text.push_str(&Expr::call(decorator, vec![Expr::name(literal(reason))]).laid_out(imports, "", 4, 0));
        text.push('\n');
    }
    let def = if mode == Mode::Async { "async def" } else { "def" };
    text.push_str(&format!("    {def} {name}(\n        self,\n"));
    if let Some(params) = &method.params {
        text.push_str(&module.types.expr(params).laid_out(imports, "params: ", 8, 1));
        text.push_str(",\n");
    }
    text.push_str("        *,\n        timeout: float | None = None,\n        traceparent: str | None = None,\n");
    let result = module.types.expr(&method.result);
    text.push_str(&result.laid_out(imports, ") -> ", 4, 1));
    text.push_str(":\n");
    if let Some(doc) = docstring(&doc_of(method), 8) {
        text.push_str(&doc);
        text.push('\n');
    }
    text.push_str(&match body {
        Body::Call => print_body(module, method, &result, mode),
        Body::Missing => {
            let name = vec![Expr::name(literal(&method.name))];
            Expr::call("_not_implemented", name).laid_out(imports, "raise ", 8, 0) + "\n"
        }
    });
    text
}

fn doc_of(method: &Method) -> String {
    let mut paragraphs = wording::of_method(method);
    paragraphs.extend(method.deprecated.as_deref().map(wording::deprecated));
    paragraphs.join("\n\n")
}

fn print_body(module: &Module<'_>, method: &Method, result: &Expr, mode: Mode) -> String {
    let imports = &module.imports;
    let wait = if mode == Mode::Async { "await " } else { "" };
    let (params_type, params) = match &method.params {
        Some(params) => (module.types.expr(params), "params"),
        None => (Expr::name("None"), "None"),
    };
    let mut arguments = vec![Expr::name(literal(&method.name)), params_type, Expr::name(params)];
    if !method.is_notification() {
        arguments.push(result.clone());
    }
    arguments.extend([Expr::name("timeout"), Expr::name("traceparent")]);
    if method.is_notification() {
        return Expr::call("self._notify", arguments).laid_out(imports, wait, 8, 0) + "\n";
    }
    if module.types.is_never(&method.result) {
        return Expr::call("self._call_in_vain", arguments).laid_out(imports, wait, 8, 0) + "\n";
    }
    let call = Expr::call("self._call", arguments);
    if method.result == Type::Null {
        return call.laid_out(imports, wait, 8, 0) + "\n";
    }
    format!("{}\n        return result\n", assigned(imports, "result", result, wait, &call))
}

/// `name: ty = await call`
fn assigned(imports: &Imports, name: &str, ty: &Expr, wait: &str, call: &Expr) -> String {
    let prefix = format!("        {name}: {} = {wait}", ty.flat(imports));
    let flat = format!("{prefix}{}", call.flat(imports));
    if width(&flat) <= WIDTH {
        return flat;
    }
    if width(&prefix) + "self._call(".len() <= WIDTH {
        return prefix + &call.broken(imports, 8);
    }
    let declared = ty.laid_out(imports, &format!("{name}: "), 8, 0);
    format!("{declared}\n{}", call.laid_out(imports, &format!("{name} = {wait}"), 8, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_stays_on_one_line_while_its_columns_fit() {
        let lines = |count| {
            let call = Expr::call("self._call", vec![Expr::name("大".repeat(count))]);
            assigned(&Imports::new(), "result", &Expr::name("str"), "", &call).lines().count()
        };
        assert_eq!((lines(27), lines(28)), (1, 3));
    }
}
