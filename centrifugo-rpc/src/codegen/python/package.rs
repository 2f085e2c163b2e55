//! Assembles the modules into a package.

use super::types::Types;
use super::{header, imports, readme};
use crate::codegen::ir::Api;
use crate::codegen::{File, MARK, Package};

/// The modules that are the same for every contract.
const HAND_WRITTEN: [(&str, &str); 26] = [
    ("_api.py", include_str!("../../../clients/python/base/_api.py")),
    ("_batcher.py", include_str!("../../../clients/python/base/_batcher.py")),
    ("_calls.py", include_str!("../../../clients/python/base/_calls.py")),
    ("_cancel_queue.py", include_str!("../../../clients/python/base/_cancel_queue.py")),
    ("_client.py", include_str!("../../../clients/python/base/_client.py")),
    ("_codec.py", include_str!("../../../clients/python/base/_codec.py")),
    ("_connection.py", include_str!("../../../clients/python/base/_connection.py")),
    ("_datetime.py", include_str!("../../../clients/python/base/_datetime.py")),
    ("_deadline.py", include_str!("../../../clients/python/base/_deadline.py")),
    ("_errors.py", include_str!("../../../clients/python/base/_errors.py")),
    ("_exact.py", include_str!("../../../clients/python/base/_exact.py")),
    ("_identity.py", include_str!("../../../clients/python/base/_identity.py")),
    ("_model.py", include_str!("../../../clients/python/base/_model.py")),
    ("_pending.py", include_str!("../../../clients/python/base/_pending.py")),
    ("_refusal.py", include_str!("../../../clients/python/base/_refusal.py")),
    ("_reply_channel.py", include_str!("../../../clients/python/base/_reply_channel.py")),
    ("_sdk.py", include_str!("../../../clients/python/base/_sdk.py")),
    ("_session.py", include_str!("../../../clients/python/base/_session.py")),
    ("_state.py", include_str!("../../../clients/python/base/_state.py")),
    ("_subscription.py", include_str!("../../../clients/python/base/_subscription.py")),
    ("_sync.py", include_str!("../../../clients/python/base/_sync.py")),
    ("_tasks.py", include_str!("../../../clients/python/base/_tasks.py")),
    ("_token.py", include_str!("../../../clients/python/base/_token.py")),
    ("_unions.py", include_str!("../../../clients/python/base/_unions.py")),
    ("_values.py", include_str!("../../../clients/python/base/_values.py")),
    ("_wire.py", include_str!("../../../clients/python/base/_wire.py")),
];

/// The names that callers import, by module.
const EXPORTS: [(&str, &[&str]); 6] = [
    ("._client", &["CentrifugoRPCClient"]),
    ("._codec", &["as_params", "read_json", "to_json"]),
    ("._datetime", &["FarDate", "FarDateTime", "NanoDateTime"]),
    (
        "._errors",
        &[
            "CentrifugoRPCError",
            "ConnectionError",
            "ContractMismatchError",
            "DecodeError",
            "EncodeError",
            "ErrorCode",
            "EventLoopError",
            "RpcError",
            "RpcTimeoutError",
            "SetupError",
            "TokenError",
            "TokenRefused",
            "UnreachableError",
        ],
    ),
    (".api", &["API", "CONTRACT_HASH", "APIClient"]),
    (".sync_api", &["SyncAPI", "SyncAPIClient"]),
];

pub(super) fn hand_written() -> Vec<File> {
    HAND_WRITTEN.iter().map(|(path, text)| File::new(*path, format!("# {MARK}\n{text}"))).collect()
}

/// All files except the modules with the client's code.
pub(super) fn around(api: &Api, package: &Package, types: &Types<'_>) -> Vec<File> {
    let module = module(package);
    vec![
        File::new("__init__.py", init(types)),
        File::new("py.typed", format!("# {MARK}\n")),
        File::new("pyproject.toml", project(package, &module)),
        File::new(
            ".gitignore",
            format!("# {MARK}\n__pycache__/\n# What an installation leaves here.\nbuild/\n*.egg-info/\n"),
        ),
        File::new("README.md", readme::print(api, package, &module, types)),
    ]
}

/// The import name of the installed package.
fn module(package: &Package) -> String {
    package.name.replace('-', "_")
}

fn init(types: &Types<'_>) -> String {
    let models = types.all();
    let mut text = header("`CentrifugoRPCClient` connects, `APIClient` has the methods.");
    let mut all: Vec<&str> = Vec::new();
    let mut modules: Vec<_> = EXPORTS.iter().map(|(module, names)| (*module, names.to_vec())).collect();
    if !models.is_empty() {
        modules.push((".models", models));
    }
    modules.sort_by_key(|(module, _)| *module);
    for (module, names) in modules {
        text.push_str(&imports::import(module, names.clone()));
        all.extend(names);
    }
    text + "\n" + &imports::exports(all) + "\n"
}

fn project(package: &Package, module: &str) -> String {
    let name = &package.name;
    format!(
        r#"# {MARK}
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
description = "A typed RPC client over Centrifugo"
readme = "README.md"
requires-python = ">=3.10"
dependencies = [
    "centrifuge-python>=0.7,<1",
    "pydantic>=2.12,<3",
    "typing_extensions>=4.12",
]

[tool.setuptools]
packages = ["{module}"]
package-dir = {{ {module} = "." }}
package-data = {{ {module} = ["py.typed"] }}

[tool.ruff]
line-length = 88
target-version = "py310"
"#
    )
}
