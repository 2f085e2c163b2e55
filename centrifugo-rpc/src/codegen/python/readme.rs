//! Prints `README.md`, with an example that runs.

use super::layout::literal;
use super::types::Types;
use super::{imports, names};
use crate::codegen::ir::{Api, Method, Shape, Struct, Type};
use crate::codegen::{MARK, Package};

pub(super) fn print(api: &Api, package: &Package, module: &str, types: &Types<'_>) -> String {
    let name = &package.name;
    let example = example(api, module, types);
    let methods = methods(api);
    format!(
        r#"<!-- {MARK} -->
# {name}

A typed client for Python 3.10 and later, on [Centrifugo](https://centrifugal.dev)'s official SDK and
[Pydantic](https://docs.pydantic.dev). Install it with `pip install` and the path of this directory (`-e` before it keeps up with changes), or import
it from where it lies.

```python
{example}```

`CENTRIFUGO_URL` is Centrifugo's WebSocket endpoint, `CENTRIFUGO_TOKEN` a connection token of the caller.

## Methods

{methods}
Each takes `timeout=` in seconds (30 by default) and `traceparent=`, a W3C trace context.

## Connections and tokens

`await rpc.connect()` returns once the client is connected, and `await rpc.close()` ends it; `async with` does both. In between it
reconnects by itself: calls under way go on, and calls made meanwhile wait, within their timeout.

A token that expires ends the connection. Long-lived clients give `get_token`, an async function that is asked for a new one in
time. If it raises, it is asked again after a while; if it raises `TokenRefused`, the client ends.

```python
rpc = CentrifugoRPCClient(url, user="user-123", get_token=fetch_token)
```

Cancelling the task that awaits a call, for example with `asyncio.timeout`, stops the method on the server.

## Without `await`

A client works in the event loop that it connects in; in another one it raises `EventLoopError`. Where there is none, or another one each time
(Django, Celery, Streamlit, notebooks, asgiref's `async_to_sync`), use the same methods without `await`:

```python
with APIClient.sync(CentrifugoRPCClient(url, token)) as api:
    ...
```

- It runs an event loop in a thread of its own, from `connect()` to `close()`, which `with` does. A program may keep one for all its threads.
- It may be used within a running loop, which waits meanwhile.
- Ctrl-C in a call cancels it. Calls of other threads end with `ConnectionError` when the client is closed.
- A fork does not take the thread along: connect in each process, for example in gunicorn's `post_fork` or Celery's `worker_process_init`. In the
  other process calls raise `EventLoopError`.
- `get_token` is an async function here too: `async def get_token(): return await asyncio.to_thread(fetch_token)`.

## Errors

| error | what happened | |
| --- | --- | --- |
| `RpcError` | the call was answered with an error: `code` (see `ErrorCode`), `message`, `data` | `is_retryable` for 429 and 503 |
| `RpcTimeoutError` | no reply arrived within the timeout | `is_retryable` if nothing was sent |
| `ConnectionError` | the client is closed, or Centrifugo did not take the request; `TokenError`, `SetupError` and `UnreachableError` say more | |
| `EncodeError` | the params are not what the method takes; nothing was sent | |
| `DecodeError` | the result is not what the contract says | |
| `EventLoopError` | the client is used in another event loop or process than it was connected in | |

All are `CentrifugoRPCError`s. `await api.check_contract()` raises `ContractMismatchError` if the server's contract is another one.

## Models

Members have the names of the wire; where such a name cannot be one in Python it has a `_` behind it. A field that may be absent is
`None` then; a field that was not set is not sent. Sums are `X | Y`, told apart with `match` or `isinstance`. Times are `datetime`s
with a time zone; those with nanoseconds or in a leap second are `NanoDateTime`s, which keep them. Years that Python does not have are in `FarDateTime`s and
`FarDate`s, which are compared and written, and refuse arithmetic. `to_json` and `read_json` write and read values as the wire has them.

Nothing is converted to be written: a list is a `list`, text a `str`, a whole number an `int`, and JSON what `json` writes. Text is taken for a `datetime`, `date`,
`UUID`, `Decimal` or enum, and a `dict` for a model. Where params have another type than results (`…Input`), what a call answered is taken for it;
`as_params(TaskInput, task)` tells type checkers so.
"#
    )
}

fn methods(api: &Api) -> String {
    let mut scope = names::methods();
    let mut lines = String::new();
    for method in &api.methods {
        let name = names::method(&mut scope, &method.name);
        let params = if method.params.is_some() { "params" } else { "" };
        let first = method.description.lines().next().unwrap_or_default().trim();
        let description = if first.is_empty() { String::new() } else { format!(": {first}") };
        lines.push_str(&format!("- `api.{name}({params})`{description}\n"));
    }
    lines
}

fn example(api: &Api, module: &str, types: &Types<'_>) -> String {
    let mut scope = names::methods();
    let named: Vec<_> = api.methods.iter().map(|method| (names::method(&mut scope, &method.name), method)).collect();
    let best = named.iter().filter_map(|(name, method)| Some((name, method, sample(api, types, method)?)));
    let best = best.max_by_key(|(_, method, _)| std::cmp::Reverse(rank(types, method)));
    let mut imports = vec!["APIClient".to_owned(), "CentrifugoRPCClient".to_owned(), "RpcError".to_owned()];
    let call = match best {
        Some((name, _, Sample { text, used })) => {
            imports.extend(used);
            format!("print(await api.{name}({text}))")
        }
        None => "await api.check_contract()".to_owned(),
    };
    imports.sort();
    imports.dedup();
    let import = imports::import(module, imports.iter().map(String::as_str).collect());
    format!(
        r#"import asyncio
import os

{import}

async def main() -> None:
    url, token = os.environ["CENTRIFUGO_URL"], os.environ["CENTRIFUGO_TOKEN"]
    async with CentrifugoRPCClient(url, token) as rpc:
        api = APIClient(rpc)
        try:
            {call}
        except RpcError as error:
            print(f"failed with {{error.code}}: {{error.message}}")


asyncio.run(main())
"#
    )
}

/// The rank of a method as an example, lowest first. Methods whose params and result have members are the best
/// examples.
fn rank(types: &Types<'_>, method: &Method) -> u8 {
    let has_members = |ty: &Type| types.struct_of(ty).is_some_and(|(_, fields)| !fields.fields.is_empty());
    let shown = u8::from(!method.params.as_ref().is_some_and(has_members)) + u8::from(!has_members(&method.result));
    shown + 4 * u8::from(method.is_notification() || method.deprecated.is_some())
}

/// An expression for a sample value, and the types that it uses.
struct Sample {
    text: String,
    used: Vec<String>,
}

fn sample(api: &Api, types: &Types<'_>, method: &Method) -> Option<Sample> {
    let mut used = Vec::new();
    let text = match &method.params {
        None => String::new(),
        Some(ty) => value(api, types, ty, &mut used)?,
    };
    Some(Sample { text, used })
}

/// A sample value of a type, if the type is simple enough.
fn value(api: &Api, types: &Types<'_>, ty: &Type, used: &mut Vec<String>) -> Option<String> {
    Some(match ty {
        Type::Bool => "True".to_owned(),
        Type::String => literal("123"),
        Type::Integer(integer) => integer.lowest().max(1).to_string(),
        Type::F32 | Type::F64 => "1.5".to_owned(),
        Type::Null | Type::Nullable(_) => "None".to_owned(),
        Type::Array { .. } => "[]".to_owned(),
        Type::Map(..) => "{}".to_owned(),
        Type::Named(name) => match &api.get(name)?.shape {
            Shape::Struct(Struct { fields, flattened, .. }) if flattened.is_empty() => {
                used.push(types.name(name));
                let mut scope = names::fields(fields.iter().map(|field| field.name.as_str()));
                let mut arguments = Vec::new();
                for field in fields {
                    let attribute = names::field(&mut scope, &field.name);
                    if field.required {
                        if matches!(field.ty, Type::Named(_)) {
                            return None;
                        }
                        arguments.push(format!("{attribute}={}", value(api, types, &field.ty, used)?));
                    }
                }
                format!("{}({})", types.name(name), arguments.join(", "))
            }
            _ => return None,
        },
        _ => return None,
    })
}
