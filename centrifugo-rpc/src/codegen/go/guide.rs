//! Prints the README of the package.

use super::imports::{self, Import, Imports};
use super::names::Members;
use super::print::literal;
use super::types::Types;
use crate::codegen::ir::{Method, Rest, Shape, Struct, Type};
use crate::codegen::{MARK, Package};

pub(super) fn readme(types: &Types<'_>, package: &Package) -> String {
    let module = &package.name;
    let example = example(types, module);
    format!(
        r#"<!-- {MARK} -->

# {module}

A Go client, generated from the methods of a service that answers over Centrifugo. Go 1.24 or later; no dependencies.

## Use it

The package is a module of its own. From yours, where this directory is `./opensdk/go`:

```console
$ go mod edit -require={module}@v0.0.0 -replace={module}=./opensdk/go
```

```go
{example}```

```console
$ CENTRIFUGO_URL=ws://localhost:8000/connection/websocket CENTRIFUGO_TOKEN=… CENTRIFUGO_USER=user-123 go run .
```

The user is the `sub` of the token. Each method of the service is a method of `APIClient`; a client may be used by any number of
goroutines, keeps its connection up by itself, and is made once. Code that only calls methods takes the interface `client.API`: its tests
pass a type of their own.

## Errors

| error, for `errors.As` | says |
| --- | --- |
| `*client.Error` | the call was answered with an error: `Code` (`client.CodePermissionDenied`, …), `Message`, `Data`; `Retryable()` for those that never ran |
| `*client.TimeoutError` | no reply arrived within the timeout |
| `*client.ConnectionError` | the client is closed, or Centrifugo refuses something: the message says what to configure |
| `*client.EncodeError`, `*client.DecodeError` | the params cannot be sent, or the result is not what this client was generated for: the place is in the message |

When its context ends, a call returns the context's error, for `errors.Is`, and the service is told to stop the method. When the time of a
call is up, the service, the client or the context may notice first. `errors.Is(err, context.DeadlineExceeded)` holds for all three: for
`CodeDeadlineExceeded`, for a `*client.TimeoutError`, and for the error of the context.

```go
var failed *client.Error
if errors.As(err, &failed) && failed.Retryable() {{
	// Try again, after a while.
}}
```

## Tokens

A token that expires ends the connection. Long-lived clients get fresh ones:

```go
api := client.NewAPIClient(url, "", user, client.WithGetToken(func(ctx context.Context) (string, error) {{
	return fetchToken(ctx)
}}))
```

The function is asked for each connection and before a token expires. When it fails it is asked again after a while; an error that
wraps `client.ErrTokenRefused` ends the client.

## Calls

- The timeout is 30 s: `client.WithTimeout` for all calls, `client.WithCallTimeout` for one. The context may end a call sooner.
- When the connection breaks, it comes back; calls under way get their replies, and calls made meanwhile wait for it.
- `client.WithDialer`, `client.WithTLSConfig`, `client.WithHeader` and `client.WithLogger` replace and configure what is below.
- `api.CheckContract(ctx)` compares this client with the service that answers.

## Types

- What may be left out or null is a pointer, or a slice or a map: nil leaves it out. `client.Ptr(value)` makes a pointer of a value, and
  `SetNull("name")` makes a member null rather than left out, for services that care.
- A type that looks different in params has a second one for them, `…Input`. `AsInput()` makes one of a value that a call answered.
- A union is a struct with one `Value`; switch over its type. A variant that only a newer service has is a `client.Unknown`, and
  a string that is no constant of an enum stays what it is; `client.WithStrictResults()` makes both errors.
- Names are made of the words of the service's names: `user_id` is `UserId`, not `UserID`, whatever the words mean. The files are marked as
  generated, so that revive and staticcheck leave them alone.
- JSON is read as the service reads it: a member that is missing or of another type is an error, and integers are exact.
"#
    )
}

/// A sample program that calls a method.
fn example(types: &Types<'_>, module: &str) -> String {
    let methods = &types.api.methods;
    let callable = |method: &&Method| !method.is_notification() && method.deprecated.is_none();
    let best = methods.iter().filter(callable).max_by_key(|method| std::cmp::Reverse(cost(types, method)));
    let imports = Imports::new();
    for import in [Import::Context, Import::Log, Import::Os] {
        imports.record(import);
    }
    let Some(method) = best.or(methods.first()) else {
        imports.record(Import::Fmt);
        return program(module, &imports, &["fmt.Println(api.Connected())".to_owned()]);
    };
    let name = types.names.of_method(&method.name);
    let params = match &method.params {
        None => String::new(),
        Some(params) => format!(", {}", value(types, &imports, params)),
    };
    let call = format!("api.{name}(ctx{params})");
    let lines = if method.is_notification() || method.result == Type::Null {
        vec![format!("if err := {call}; err != nil {{"), "\tlog.Fatal(err)".to_owned(), "}".to_owned()]
    } else {
        let lines = [&format!("result, err := {call}"), "if err != nil {", "\tlog.Fatal(err)", "}"];
        imports.record(Import::Fmt);
        let printed = "fmt.Printf(\"%+v\\n\", result)";
        lines.into_iter().chain([printed]).map(ToOwned::to_owned).collect()
    };
    program(module, &imports, &lines)
}

fn program(module: &str, imports: &Imports, lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("\t{line}\n")).collect();
    let imports: String = imports::paths(imports).iter().map(|path| format!("\t{path}\n")).collect();
    format!(
        r#"package main

import (
{imports}
	client "{module}"
)

func main() {{
	ctx := context.Background()
	api := client.NewAPIClient(os.Getenv("CENTRIFUGO_URL"), os.Getenv("CENTRIFUGO_TOKEN"), os.Getenv("CENTRIFUGO_USER"))
	if err := api.Connect(ctx); err != nil {{
		log.Fatal(err)
	}}
	defer api.Close()
{lines}}}
"#
    )
}

/// The unsuitability of a method as an example. Methods whose params and result have simple members cost least.
fn cost(types: &Types<'_>, method: &Method) -> usize {
    let fields = |ty: &Type| match ty {
        Type::Named(name) => match types.resolve(name).map(|def| &def.shape) {
            Some(Shape::Struct(fields)) => Some(fields.clone()),
            _ => None,
        },
        _ => None,
    };
    let of = |fields: Option<Struct>| match fields {
        None => 20,
        Some(fields) if fields.fields.is_empty() => 10,
        Some(fields) => {
            let odd = fields.fields.iter().filter(|field| !field.required || !is_simple(&field.ty)).count();
            4 * (odd + fields.flattened.len()) + 2 * usize::from(fields.rest != Rest::Ignored) + fields.fields.len()
        }
    };
    // Methods that every service has are the least instructive.
    let own = usize::from(method.name.starts_with("system.")) * 100;
    let texts = |ty: &Type| fields(ty).is_some_and(|fields| fields.fields.iter().all(|field| field.ty == Type::String));
    let params = method.params.as_ref().map_or(15, |params| of(fields(params)) + 2 * usize::from(!texts(params)));
    own + params + of(fields(&method.result))
}

fn is_simple(ty: &Type) -> bool {
    matches!(ty, Type::Bool | Type::String | Type::Integer(_) | Type::F32 | Type::F64)
}

/// A sample expression of a type.
fn value(types: &Types<'_>, imports: &Imports, ty: &Type) -> String {
    let go_type = types.go_type(ty);
    let name = || qualified(go_type.print(imports));
    match ty {
        Type::Bool => "true".to_owned(),
        Type::String => "\"text\"".to_owned(),
        Type::Integer(_) | Type::F32 | Type::F64 if !go_type.is_pointer() => "1".to_owned(),
        Type::Named(named) => match types.resolve(named).map(|def| &def.shape) {
            Some(Shape::Struct(fields)) => {
                let members = Members::of(fields, types.names.of_type(named));
                let simple = members.fields.iter().filter(|(_, field)| field.required && is_simple(&field.ty));
                let simple = simple.filter(|(_, field)| !types.go_type(&field.ty).is_pointer());
                let values = simple.map(|(member, field)| format!("{member}: {}", value(types, imports, &field.ty)));
                format!("{}{{{}}}", name(), values.collect::<Vec<_>>().join(", "))
            }
            Some(Shape::Enum(_) | Shape::Integers(_)) => {
                types.names.parts(named).first().map_or_else(|| literal(""), |first| format!("client.{first}"))
            }
            Some(Shape::Alias(ty)) => value(types, imports, ty),
            Some(Shape::Union(_)) | None => format!("{}{{}}", name()),
        },
        _ => format!("*new({})", name()),
    }
}

/// The name of a type as another package writes it.
fn qualified(name: &str) -> String {
    let mut qualified = String::new();
    let mut before = None;
    for c in name.chars() {
        let begins = !before.is_some_and(|c: char| c.is_alphanumeric() || c == '.' || c == '_');
        if begins && c.is_uppercase() {
            qualified.push_str("client.");
        }
        qualified.push(c);
        before = Some(c);
    }
    qualified
}
