//! Generates the registration beside a handler.

use std::time::Duration;

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Type, parse_quote};

use crate::args::Args;
use crate::errors::{Errors, error};
use crate::handler::{Description, Handler, Part, value_and_error};

/// The unchanged function, with its registration or with all errors that prevent it.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    match registration(args, item.clone()) {
        // The attribute requires `async`, even if the function never awaits.
        Ok(registration) => quote! {
            #[allow(clippy::unused_async)]
            #item
            #registration
        },
        // The function stays in place, so that its uses do not become errors too.
        Err(errors) => {
            let errors = errors.into_compile_errors();
            quote!(#item #errors)
        }
    }
}

fn registration(args: TokenStream, item: TokenStream) -> Result<TokenStream, Errors> {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let handler = Handler::parse(item, &mut errors);
    let library = library(&args, &mut errors);
    let (args, handler, library) = errors.finish((args, handler, library))?;
    Ok(handler.map(|handler| register(&args, &handler, &library)).unwrap_or_default())
}

/// The path of `centrifugo-rpc` in the crate of the handler.
fn library(args: &Args, errors: &mut Errors) -> TokenStream {
    if let Some(path) = &args.krate {
        return path.to_token_stream();
    }
    match crate_name("centrifugo-rpc") {
        Ok(FoundCrate::Name(name)) => {
            let name = Ident::new(&name, Span::call_site());
            quote!(::#name)
        }
        Err(proc_macro_crate::Error::CrateNotFound { .. }) => {
            errors.push(error(
                Span::call_site(),
                "`centrifugo-rpc` is not a dependency of this crate",
                "add it to `Cargo.toml`, or say where it is re-exported: `crate = ::my_prelude::centrifugo_rpc`",
            ));
            TokenStream::new()
        }
        // The library's own tests and examples, and builds without Cargo, use the library's name.
        Ok(FoundCrate::Itself) | Err(_) => quote!(::centrifugo_rpc),
    }
}

/// Generates the registration. An error about one of the handler's types appears at that type, and only once: each type
/// is `check`ed in one place, and all other code generated here compiles for any type. See `centrifugo_rpc::__private`.
fn register(args: &Args, handler: &Handler, library: &TokenStream) -> TokenStream {
    let Handler { cfgs, allows, .. } = handler;
    let name = &args.name;
    let description = description(&handler.description);
    let options = options(args);
    let params = params(&handler.arguments);
    let result = result(handler.returns.as_ref(), args.no_wait);
    let needs = needs(&handler.arguments);
    let handle = handle(handler);
    quote! {
        #(#cfgs)*
        #(#allows)*
        const _: () = {
            use #library::__private as __rpc;
            use #library::__private::Otherwise as _;

            const __METHOD: __rpc::Method = __rpc::Method::new(
                #name,
                #description,
                #options,
                #params,
                #result,
                #needs,
                #handle,
                __rpc::Location::new(::core::file!(), ::core::line!()),
            );

            __rpc::inventory::submit! { __METHOD }
        };
    }
}

fn description(description: &Description) -> TokenStream {
    match description {
        Description::Text(text) => text.to_token_stream(),
        Description::Concat(parts) => {
            let parts = parts.iter().map(|part| match part {
                Part::Line(line) => line.to_token_stream(),
                Part::Expr(expr) => expr.to_token_stream(),
            });
            quote!(::core::concat!(#(#parts, "\n"),*).trim_ascii())
        }
    }
}

fn options(args: &Args) -> TokenStream {
    let notification = args.no_wait.then(|| quote!(.notification()));
    let idempotent = args.idempotent.then(|| quote!(.idempotent()));
    let timeout = args.timeout.as_ref().map(duration).map(|timeout| quote!(.timeout(#timeout)));
    let max_concurrency = args.max_concurrency.map(|calls| quote!(.max_concurrency(#calls)));
    let deprecated = args.deprecated.as_ref().map(|instead| quote!(.deprecated(#instead)));
    quote!(__rpc::MethodOptions::new() #notification #idempotent #timeout #max_concurrency #deprecated)
}

fn duration(duration: &Duration) -> TokenStream {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}

/// Defines `__argument` for an argument, selected by the traits of its type.
fn argument(kind: &Type, is_last: bool) -> TokenStream {
    // The compiler's own errors appear at the type, too.
    let span = Span::call_site().located_at(ends(kind).0);
    let make = if is_last {
        quote_spanned!(span=> __type.argument(__type.extracts(), __type.decodes(), __type.described()))
    } else {
        quote_spanned!(span=> __type.extractor(__type.extracts()))
    };
    quote_spanned! {span=>
        let __type = __rpc::Probe::<#kind>::new();
        let __argument = #make;
    }
}

/// All arguments, each with a flag for the last one.
fn with_last(arguments: &[Type]) -> impl Iterator<Item = (&Type, bool)> {
    arguments.iter().enumerate().map(|(i, kind)| (kind, i + 1 == arguments.len()))
}

fn params(arguments: &[Type]) -> TokenStream {
    let checks = with_last(arguments).map(|(kind, is_last)| {
        let argument = argument(kind, is_last);
        let check = check(kind, "__argument", "check");
        quote!(#argument #check)
    });
    let shape = if arguments.is_empty() { quote!(::core::option::Option::None) } else { quote!(__argument.shape()) };
    quote!(|| { #(#checks)* #shape })
}

/// The spans of the first and the last token of `kind`.
fn ends(kind: &Type) -> (Span, Span) {
    let mut tokens = kind.to_token_stream().into_iter().map(|token| token.span());
    let start = tokens.next().unwrap_or_else(Span::call_site);
    (start, tokens.last().unwrap_or(start))
}

/// Calls a check so that its error appears at all of `kind`. The compiler blames the receiver, whose first and last
/// tokens have the spans of the first and last tokens of the type.
fn check(kind: &Type, checked: &str, method: &str) -> TokenStream {
    let (start, end) = ends(kind);
    let checked = Ident::new(checked, Span::call_site());
    let method = Ident::new(method, start);
    let mut receiver = quote_spanned!(start=> __rpc::checked);
    receiver.extend([at(end, quote!(&#checked))]);
    let no_arguments = at(start, TokenStream::new());
    quote_spanned!(start=> #receiver.#method #no_arguments;)
}

/// `tokens` in parentheses, at `span`.
fn at(span: Span, tokens: TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Parenthesis, tokens);
    group.set_span(span);
    group.into()
}

/// Defines `__value` and `__error` for the return type.
fn returned(returns: &Type) -> TokenStream {
    let span = Span::call_site().located_at(ends(returns).0);
    quote_spanned! {span=>
        let __returned = __rpc::Probe::<#returns>::new().returned();
        let __type = __returned.value();
        let __value = __type.output(__type.encodes(), __type.described());
        let __type = __returned.error();
        let __error = __type.failure(__type.refuses());
    }
}

fn result(returns: Option<&Type>, no_wait: bool) -> TokenStream {
    let Some(returns) = returns else {
        return quote!(__rpc::nothing);
    };
    let (value, error) = value_and_error(returns);
    let returned = returned(returns);
    let check_value = check(value, "__value", if no_wait { "check_nothing" } else { "check" });
    let check_error = check(error, "__error", "check");
    quote! {
        || {
            #returned
            #check_value
            #check_error
            __value.shape()
        }
    }
}

fn needs(arguments: &[Type]) -> TokenStream {
    if arguments.is_empty() {
        return quote!(|_| {});
    }
    let arguments = with_last(arguments).map(|(kind, is_last)| argument(kind, is_last));
    quote!(|__needs| { #(#arguments __argument.needs(__needs);)* })
}

fn handle(handler: &Handler) -> TokenStream {
    let function = &handler.name;
    let names: Vec<Ident> = (0..handler.arguments.len()).map(|i| format_ident!("__argument_{i}")).collect();
    let take = with_last(&handler.arguments).zip(&names).map(|((kind, is_last), name)| {
        let argument = argument(kind, is_last);
        quote! {
            #argument
            let #name = __argument.take(&__call).await?;
        }
    });
    let no_params = handler.arguments.is_empty().then(|| quote!(__rpc::no_params(&__call)?;));
    let returned = match &handler.returns {
        Some(returns) => returned(returns),
        None => returned(&parse_quote!(())),
    };
    let body = quote! {
            #(#take)*
            #no_params
            // The params are decoded. Dropping the call frees its memory while the handler runs.
            ::core::mem::drop(__call);
            let __output = #function(#(#names),*).await;
            #returned
            __value.encode(__error.convert(__returned.result(__output)))
    };
    // A future that is not `Send` is an error at the name of the function.
    let span = function.span();
    let mut body = Group::new(Delimiter::Brace, body);
    body.set_span(span);
    let boxed = quote_spanned!(span=> __rpc::boxed);
    let handler = at(span, quote_spanned!(span=> async move #body));
    quote!(|__call| #boxed #handler)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expansion of a handler that uses every feature is kept in a file.
    /// `BLESS=1 cargo test -p centrifugo-rpc-macros` rewrites the file.
    #[test]
    fn the_expansion_is_the_one_that_was_reviewed() {
        let args = quote!("tasks.get_stats", idempotent, timeout = "5s", max_concurrency = 16);
        let item = quote! {
            /// Get task statistics for a user.
            ///
            /// Counts what is archived, too.
            #[cfg(feature = "tasks")]
            pub(crate) async fn get_task_stats(
                conn: Connection,
                State(database): State<Database>,
                params: TaskStatsParams,
            ) -> Result<TaskStatsResult, TaskError> {
                database.stats(conn.user(), params.user_id).await
            }
        };
        let file = syn::parse2(expand(args, &item)).expect("items");
        let expansion = prettyplease::unparse(&file);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expand/get_task_stats.rs");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &expansion).expect("the folder is there");
        }
        let reviewed = std::fs::read_to_string(path).expect("the reviewed expansion");
        assert!(reviewed == expansion, "the expansion is now (BLESS=1 accepts it):\n{expansion}");
    }
}
