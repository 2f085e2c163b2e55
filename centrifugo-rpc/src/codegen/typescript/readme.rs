//! Prints the README of the package, with an example for its service.

use std::collections::BTreeSet;

use super::text::{literal, member};
use super::{Context, Int64};
use crate::codegen::ir::{Body, Method, Shape, Struct, Tagging, Type};
use crate::codegen::{MARK, Package};

/// First words of methods that change nothing, so that trying the example does no harm.
const HARMLESS: [&str; 8] = ["get", "list", "find", "search", "read", "count", "describe", "echo"];

pub(super) fn text(context: &Context<'_>, package: &Package) -> String {
    let name = &package.name;
    let methods: Vec<_> = context
        .api
        .methods
        .iter()
        .zip(&context.names.methods)
        .map(|(method, name)| {
            let description = method.description.trim().lines().next().unwrap_or_default();
            let description = description.replace('|', "\\|").replace(['<', '>'], "");
            let params = if method.params.is_some() { "params, " } else { "" };
            format!("| `{name}({params}options?)` | {description} |\n")
        })
        .collect();
    let methods = methods.concat();
    let call = example(context);
    let wide = match context.int64 {
        _ if !context.api.has_wide_integers() => "",
        Int64::Bigint => BIGINT,
        Int64::Number => NUMBER,
    };
    format!(
        "<!-- {MARK} -->

# {name}

A typed client of a service behind Centrifugo, for browsers, Node 20 or later, Bun and Deno.

## Use it

Install it: `npm install <this directory>` in your project, and import `{name}`. Or import the directory where it lies, after
`npm install centrifuge` in your project. There is nothing to build: this is JavaScript, with its types beside it.

```typescript
import {{ APIClient, CentrifugoRPCClient }} from '{name}';

const rpc = new CentrifugoRPCClient('ws://localhost:8000/connection/websocket', 'TOKEN', 'USER');
await rpc.connect();
const api = new APIClient(rpc);
{call}
await rpc.close();
```

{BODY}{wide}
## Methods

| method | |
| --- | --- |
{methods}"
    )
}

const BODY: &str = "\
- `'TOKEN'` is a connection token, or a function that gets one: `() => fetch('/token').then((response) => response.text())`. A function is
  asked for every connection and before a token expires; when it fails it is asked again, unless it throws `UnauthorizedError`.
- `'USER'` is the `sub` of the token.
- Node before 22 has no `WebSocket`: `npm install ws`, and give the client `{ websocket: WebSocket }` as a fourth argument, with
  `import { WebSocket } from 'ws'`.
- React Native has no `crypto.getRandomValues`: `npm install react-native-get-random-values`, and begin the program with
  `import 'react-native-get-random-values'`.
- Every method takes `{ timeoutMs, signal }` as its last argument: a timeout of its own, and an `AbortSignal` that cancels the call.
- `rpc.state` is `'connected'` or not, and `rpc.onState(watcher)` tells changes. Calls wait for the connection and survive its loss.
- `await api.checkContract()` rejects if this client was generated from another version of the service.

## Errors

All are `CentrifugoRPCError`s with `isRetryable`.

| class | when |
| --- | --- |
| `RpcError` | the service answered with an error: `code`, `message`, `data`; `codes` has the names of the codes below 1000 |
| `RpcTimeoutError` | no reply arrived within the timeout |
| `ConnectionError` | no connection, or Centrifugo refuses: `kind`, and a message that says what to do |
| `EncodeError`, `DecodeError` | params or a result are not what their types say: `path` |
| `ConfigError` | an argument cannot work |

An aborted call rejects with the reason of its signal.

## Tools

Bundlers, `tsx`, Vitest and Jest take the directory by its name. Node itself and Deno import files alone: name its `index.js`, or install
the package. `tsc` copies no JavaScript into its output directory: keep this directory beside your sources, or install the package.
";

const BIGINT: &str = "
## Integers

Integers of 64 bits and more are `bigint`: `5n`. They travel exactly, for which this client speaks Centrifugo's Protobuf protocol.
Where anything may stand (`unknown`), integers beyond 2^53 - 1 are read as `bigint`, and all others as `number`. `JSON.stringify` throws on
a `bigint`; a client generated with `--typescript-int64 number` has none.
";

const NUMBER: &str = "
## Integers

Integers of 64 bits and more are `number`s. Those beyond 2^53 - 1 are refused, with an `EncodeError` or a `DecodeError`: numbers do not
hold them. A client generated without `--typescript-int64 number` has them as `bigint`.
";

/// A call of a method that prints its result, if there is one.
fn example(context: &Context<'_>) -> String {
    let methods = || {
        context.api.methods.iter().zip(&context.names.methods).filter(|(method, _)| !method.name.starts_with("system."))
    };
    let is_harmless = |method: &Method| {
        let last = method.name.rsplit('.').next().unwrap_or_default();
        HARMLESS.iter().any(|word| last.split('_').next() == Some(word))
    };
    let gives = |method: &Method| !method.is_notification() && method.result != Type::Null;
    let found = methods()
        .filter(|(method, _)| is_harmless(method) && gives(method))
        .max_by_key(|(method, _)| HARMLESS.len() - position(method))
        .or_else(|| methods().find(|(method, _)| gives(method)))
        .or_else(|| methods().next());
    let Some((method, name)) = found else { return "await api.checkContract();".to_owned() };
    let params = method.params.as_ref().map(|params| sample(context, params, &mut BTreeSet::new())).unwrap_or_default();
    if gives(method) {
        format!("console.log(await api.{name}({params}));")
    } else {
        format!("await api.{name}({params});")
    }
}

fn position(method: &Method) -> usize {
    let last = method.name.rsplit('.').next().unwrap_or_default();
    HARMLESS.iter().position(|word| last.split('_').next() == Some(word)).unwrap_or(HARMLESS.len())
}

/// A minimal value of a type. `open` are the enclosing types, so that recursion ends.
fn sample(context: &Context<'_>, ty: &Type, open: &mut BTreeSet<String>) -> String {
    let mut all = |items: &[&Type]| -> Vec<String> { items.iter().map(|item| sample(context, item, open)).collect() };
    match ty {
        Type::Any | Type::Null | Type::Never | Type::Nullable(_) => "null".to_owned(),
        Type::Bool => "true".to_owned(),
        Type::String => "'text'".to_owned(),
        Type::Char => "'x'".to_owned(),
        Type::DateTime => "'2030-01-31T12:00:00Z'".to_owned(),
        Type::Date => "'2030-01-31'".to_owned(),
        Type::Uuid => "'00000000-0000-4000-8000-000000000000'".to_owned(),
        Type::Decimal => "'1.5'".to_owned(),
        Type::Integer(integer) => {
            let value = if integer.highest() == 0 || integer.lowest() > 1 { integer.lowest() } else { 1 };
            match context.int64 {
                Int64::Bigint if integer.is_wide() => format!("{value}n"),
                _ => value.to_string(),
            }
        }
        Type::F32 | Type::F64 | Type::Number => "1.5".to_owned(),
        Type::Array { .. } => "[]".to_owned(),
        Type::FixedArray { items, len } => format!("[{}]", all(&vec![&**items; *len]).join(", ")),
        Type::Tuple(items) => format!("[{}]", all(&items.iter().collect::<Vec<_>>()).join(", ")),
        Type::Map(..) => "{}".to_owned(),
        Type::Named(name) => {
            if !open.insert(name.clone()) {
                return "undefined".to_owned();
            }
            let value = named_sample(context, name, open);
            open.remove(name);
            value
        }
    }
}

fn named_sample(context: &Context<'_>, name: &str, open: &mut BTreeSet<String>) -> String {
    let Some(def) = context.api.get(name) else { return "undefined".to_owned() };
    match &def.shape {
        Shape::Struct(fields) => object(context, fields, Vec::new(), open),
        Shape::Enum(values) => values.first().map_or("undefined".to_owned(), |value| literal(&value.value)),
        Shape::Integers(values) => values.first().map_or("undefined".to_owned(), |value| value.value.to_string()),
        Shape::Alias(ty) => sample(context, ty, open),
        Shape::Union(union) => {
            let Some(variant) = union.variants.first() else { return "undefined".to_owned() };
            let tag = match &union.tagging {
                Tagging::Internal { tag } => vec![format!("{}: {}", member(tag), literal(&variant.name))],
                Tagging::External | Tagging::Untagged => Vec::new(),
            };
            let value = match &variant.body {
                Body::Unit if union.tagging == Tagging::External => return literal(&variant.name),
                Body::Unit if union.tagging == Tagging::Untagged => "null".to_owned(),
                Body::Unit => object(context, &Struct::default(), tag, open),
                Body::Struct(fields) => object(context, fields, tag, open),
                Body::Newtype(ty) if tag.is_empty() => sample(context, ty, open),
                Body::Newtype(ty) => format!("{{ {}, ...{} }}", tag.join(", "), sample(context, ty, open)),
            };
            if union.tagging == Tagging::External { format!("{{ {}: {value} }}", member(&variant.name)) } else { value }
        }
    }
}

/// An object literal with the required fields.
fn object(context: &Context<'_>, fields: &Struct, mut members: Vec<String>, open: &mut BTreeSet<String>) -> String {
    for field in fields.fields.iter().filter(|field| field.required) {
        members.push(format!("{}: {}", member(&field.name), sample(context, &field.ty, open)));
    }
    for flattened in fields.flattened.iter().filter(|flattened| !flattened.optional) {
        members.push(format!("...{}", named_sample(context, &flattened.name, open)));
    }
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}
