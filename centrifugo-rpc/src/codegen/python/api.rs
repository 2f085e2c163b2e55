//! Prints the API modules: the methods of the contract.

use std::collections::BTreeSet;

use super::docs::docstring;
use super::layout::{Expr, literal};
use super::types::Types;
use super::{header, imports, names};
use crate::codegen::ir::{Api, Method, Type};
use crate::codegen::names::Scope;

/// The kind of a class's methods.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// `async def`
    Async,
    /// `def`
    Sync,
}

/// Prints `api.py`: the methods of the contract.
pub(super) fn print(api: &Api, types: &Types<'_>) -> String {
    let body = bodies(api, types, Mode::Async, &mut names::methods());
    let mut text = head("The methods of the contract.", &body, true);
    text.push_str("from ._api import BaseAPIClient\nfrom ._client import CentrifugoRPCClient\n");
    text.push_str(&imported_types(api, types));
    text.push_str("\nif _t.TYPE_CHECKING:\n    from .sync_api import SyncAPIClient\n\n");
    text.push_str(&imports::exports(vec!["APIClient", "CONTRACT_HASH"]));
    text.push_str("\n\n");
    text.push_str(&Expr::name(literal(&api.hash)).laid_out("CONTRACT_HASH = ", 0, 0));
    text.push_str("\n\"\"\"Of the contract that this was generated from.\"\"\"\n\n\n");
    text.push_str(CLASS);
    text + &body
}

/// Prints `sync_api.py`: the same methods for programs without an event loop.
pub(super) fn print_sync(api: &Api, types: &Types<'_>) -> String {
    let body = bodies(api, types, Mode::Sync, &mut names::sync_methods());
    let mut text = head("The methods of the contract, without `await`.", &body, body.contains("_t."));
    text.push_str("from ._sync import BaseSyncAPIClient\n");
    text.push_str(&imported_types(api, types));
    text.push('\n');
    text.push_str(&imports::exports(vec!["SyncAPIClient"]));
    text.push_str("\n\n\nclass SyncAPIClient(BaseSyncAPIClient):\n");
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

/// The methods, each preceded by a blank line.
fn bodies(api: &Api, types: &Types<'_>, mode: Mode, scope: &mut Scope) -> String {
    let methods = api.methods.iter().map(|method| {
        let name = names::method(scope, &method.name);
        format!("\n{}", print_method(types, method, &name, mode))
    });
    methods.collect()
}

fn head(doc: &str, body: &str, typing: bool) -> String {
    let mut text = header(doc);
    text.push_str("from __future__ import annotations\n\n");
    if typing {
        text.push_str("import typing as _t\n\n");
    }
    if body.contains("@_deprecated(") {
        text.push_str("from typing_extensions import deprecated as _deprecated\n\n");
    }
    if body.contains("_m.") {
        text.push_str("from . import _model as _m\n");
    }
    text
}

fn imported_types(api: &Api, types: &Types<'_>) -> String {
    let used = used_types(api, types);
    if used.is_empty() {
        return String::new();
    }
    imports::import(".models", used.iter().map(String::as_str).collect())
}

fn used_types(api: &Api, types: &Types<'_>) -> Vec<String> {
    let mut used = BTreeSet::new();
    let mut visit = |ty: &Type| {
        ty.visit(&mut |ty| {
            if let Type::Named(name) = ty {
                used.insert(types.name(name));
            }
        });
    };
    for method in &api.methods {
        method.params.iter().for_each(&mut visit);
        visit(&method.result);
    }
    used.into_iter().collect()
}

fn print_method(types: &Types<'_>, method: &Method, name: &str, mode: Mode) -> String {
    let mut text = String::new();
    if let Some(instead) = &method.deprecated {
        let reason = if instead.is_empty() { "deprecated" } else { instead };
        text.push_str(&Expr::call("@_deprecated", vec![Expr::name(literal(reason))]).laid_out("", 4, 0));
        text.push('\n');
    }
    let def = if mode == Mode::Async { "async def" } else { "def" };
    text.push_str(&format!("    {def} {name}(\n        self,\n"));
    if let Some(params) = &method.params {
        text.push_str(&types.expr(params).laid_out("params: ", 8, 1));
        text.push_str(",\n");
    }
    text.push_str("        *,\n        timeout: float | None = None,\n        traceparent: str | None = None,\n");
    let result = types.expr(&method.result);
    text.push_str(&result.laid_out(") -> ", 4, 1));
    text.push_str(":\n");
    if let Some(doc) = docstring(&doc_of(method), 8) {
        text.push_str(&doc);
        text.push('\n');
    }
    text.push_str(&print_body(types, method, &result, mode));
    text
}

fn doc_of(method: &Method) -> String {
    let mut paragraphs = vec![method.description.trim_end().to_owned()];
    if method.idempotent {
        paragraphs.push("Idempotent: it may run again after its worker died.".to_owned());
    }
    if let Some(instead) = &method.deprecated {
        paragraphs.push(if instead.is_empty() { "Deprecated.".to_owned() } else { format!("Deprecated: {instead}") });
    }
    paragraphs.retain(|paragraph| !paragraph.trim().is_empty());
    paragraphs.join("\n\n")
}

fn print_body(types: &Types<'_>, method: &Method, result: &Expr, mode: Mode) -> String {
    let wait = if mode == Mode::Async { "await " } else { "" };
    let (params_type, params) = match &method.params {
        Some(params) => (types.expr(params), "params"),
        None => (Expr::name("None"), "None"),
    };
    let mut arguments = vec![Expr::name(literal(&method.name)), params_type, Expr::name(params)];
    if !method.is_notification() {
        arguments.push(result.clone());
    }
    arguments.extend([Expr::name("timeout"), Expr::name("traceparent")]);
    if method.is_notification() {
        return Expr::call("self._notify", arguments).laid_out(wait, 8, 0) + "\n";
    }
    if types.is_never(&method.result) {
        return Expr::call("self._call_in_vain", arguments).laid_out(wait, 8, 0) + "\n";
    }
    let call = Expr::call("self._call", arguments);
    if method.result == Type::Null {
        return call.laid_out(wait, 8, 0) + "\n";
    }
    format!("{}\n        return result\n", assigned("result", result, wait, &call))
}

/// `name: ty = await call`
fn assigned(name: &str, ty: &Expr, wait: &str, call: &Expr) -> String {
    let prefix = format!("        {name}: {} = {wait}", ty.flat());
    let flat = format!("{prefix}{}", call.flat());
    if flat.len() <= super::layout::WIDTH {
        return flat;
    }
    let first_line = prefix.len() + "self._call(".len();
    if first_line <= super::layout::WIDTH {
        return prefix + &call.broken(8);
    }
    let declared = ty.laid_out(&format!("{name}: "), 8, 0);
    format!("{declared}\n{}", call.laid_out(&format!("{name} = {wait}"), 8, 0))
}
