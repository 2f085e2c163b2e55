//! Parses the function under the attribute, and checks that it can be a handler.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, Ident, Lifetime, Lit, Meta, Pat, PathArguments, ReturnType,
    Signature, Type, TypeBareFn, TypeImplTrait, TypePath, TypeReference, Visibility,
};

use crate::errors::{Errors, error};

/// The parts of the function that the expansion needs.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) name: Ident,
    pub(crate) description: Description,
    pub(crate) arguments: Vec<Type>,
    pub(crate) returns: Option<Type>,
    /// The `#[cfg]` attributes: the registration exists wherever the function does.
    pub(crate) cfgs: Vec<Attribute>,
    /// Lints that the registration must not report, because the function allows them.
    pub(crate) allows: Vec<TokenStream>,
}

/// The doc comment.
#[derive(Debug)]
pub(crate) enum Description {
    Text(String),
    /// Some parts are known only to the compiler: `#[doc = include_str!("…")]`.
    Concat(Vec<Part>),
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Line(String),
    Expr(Box<Expr>),
}

/// A function as written. Its body does not matter here, and may be incomplete in an editor.
struct Written {
    attributes: Vec<Attribute>,
    signature: Signature,
    body: TokenStream,
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        Ok(Self { attributes, signature: input.parse()?, body: input.parse()? })
    }
}

impl Handler {
    /// Checks the function, and adds all problems to `errors`.
    pub(crate) fn parse(item: TokenStream, errors: &mut Errors) -> Option<Self> {
        let Written { attributes, signature, body } = match parse_function(item) {
            Ok(written) => written,
            Err(error) => {
                errors.push(error);
                return None;
            }
        };
        check_signature(&signature, errors);
        if !matches!(body.clone().into_iter().next(), Some(TokenTree::Group(_))) {
            errors.at(&signature, "a handler has a body", "put the attribute on the function that does the work");
        }
        let arguments = signature.inputs.iter().filter_map(|argument| check_argument(argument, errors)).collect();
        let returns = match signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, kind) => {
                check_return(&kind, errors);
                Some(*kind)
            }
        };
        Some(Self {
            name: signature.ident,
            description: Description::of(&attributes),
            arguments,
            returns,
            cfgs: attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect(),
            allows: attributes.iter().filter_map(allowed).collect(),
        })
    }
}

fn parse_function(item: TokenStream) -> syn::Result<Written> {
    let start = item.clone();
    syn::parse2(item).map_err(|cause| {
        // A syntax error inside a function is reported as it is.
        let is_function =
            start.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "fn"));
        if is_function {
            return cause;
        }
        syn::Error::new_spanned(
            start,
            "`#[websocket_rpc]` goes on a function\nhelp: write `async fn get_stats(params: Params) -> Stats`",
        )
    })
}

fn check_signature(signature: &Signature, errors: &mut Errors) {
    let Signature { constness, asyncness, unsafety, abi, fn_token, ident, generics, variadic, .. } = signature;
    if asyncness.is_none() {
        errors.push(error(fn_token.span, "a handler is an `async fn`", format!("write `async fn {ident}`")));
    }
    if let Some(token) = constness {
        errors.at(token, "a handler cannot be `const`", "remove `const`");
    }
    if let Some(token) = unsafety {
        errors.at(
            token,
            "a handler cannot be `unsafe`: every caller can reach it",
            "check what makes it safe inside, and remove `unsafe`",
        );
    }
    if let Some(abi) = abi {
        errors.at(abi, "a handler is a Rust function", "remove the ABI");
    }
    if let Some(variadic) = variadic {
        errors.at(variadic, "a handler has a fixed number of arguments", "take a `Vec` in the params");
    }
    if !generics.params.is_empty() {
        errors.at(
            generics,
            "a handler cannot be generic: callers send JSON, which has no types",
            "write the types out, in one function for each",
        );
    }
    if let Some(clause) = &generics.where_clause {
        errors.at(clause, "a handler has no `where` clause", "its types are written out, there is nothing to bound");
    }
}

fn check_argument(argument: &FnArg, errors: &mut Errors) -> Option<Type> {
    let typed = match argument {
        FnArg::Receiver(receiver) => {
            errors.at(
                receiver,
                "a handler is a free function, not a method of a type",
                "move it out of the `impl`, and take what `self` holds as `State<T>`",
            );
            return None;
        }
        FnArg::Typed(typed) => typed,
    };
    for attribute in &typed.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            errors.at(
                attribute,
                "an argument is there in every build",
                "write the function twice, each under its `#[cfg]`",
            );
        }
    }
    if let Type::Reference(reference) = &*typed.ty {
        let owned = owned(&reference.elem);
        let argument = match &*typed.pat {
            Pat::Ident(name) => format!("{}: {owned}", name.ident),
            _ => owned,
        };
        errors.at(
            reference,
            "a handler owns its arguments: there is nothing that it could borrow from",
            format!("take it by value: `{argument}`"),
        );
    } else {
        Unnamed { errors, place: "an argument" }.visit_type(&typed.ty);
    }
    Some((*typed.ty).clone())
}

fn check_return(kind: &Type, errors: &mut Errors) {
    Unnamed { errors, place: "a result" }.visit_type(kind);
}

/// The owned type to suggest instead of a reference to `kind`.
fn owned(kind: &Type) -> String {
    match kind {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", readable(&slice.elem)),
        other => readable(other),
    }
}

/// `kind` in the usual spelling.
fn readable(kind: &Type) -> String {
    let tokens = kind.to_token_stream().to_string();
    tokens
        .replace(" :: ", "::")
        .replace(":: ", "::")
        .replace(" <", "<")
        .replace("< ", "<")
        .replace(" >", ">")
        .replace(" ,", ",")
}

/// Finds parts of a type that have a meaning only inside the function's own signature.
struct Unnamed<'a> {
    errors: &'a mut Errors,
    place: &'static str,
}

impl<'ast> Visit<'ast> for Unnamed<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static") {
            return visit::visit_type_reference(self, reference);
        }
        let problem = format!("{} of a handler cannot borrow", self.place);
        self.errors.at(reference, problem, format!("own it: `{}`", owned(&reference.elem)));
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            let problem = format!("{} of a handler cannot borrow", self.place);
            self.errors.at(lifetime, problem, "use a type that owns what it holds, or `'static`");
        }
    }

    fn visit_type_impl_trait(&mut self, kind: &'ast TypeImplTrait) {
        let problem = format!("{} of a handler has a type with a name: clients are generated from it", self.place);
        self.errors.at(kind, problem, "write the type instead of `impl`");
    }

    fn visit_type_path(&mut self, path: &'ast TypePath) {
        match path.path.segments.first() {
            Some(first) if path.qself.is_none() && first.ident == "Self" => self.errors.at(
                path,
                "a handler is a free function: there is no `Self`",
                "move it out of the `impl`, and write the type's name",
            ),
            _ => visit::visit_type_path(self, path),
        }
    }

    /// The signature of a function pointer may have references of its own.
    fn visit_type_bare_fn(&mut self, _: &'ast TypeBareFn) {}
}

/// The types to point at for the value and for the error of a return type: inside `Result<T, E>` if the type is written
/// that way.
pub(crate) fn value_and_error(returns: &Type) -> (&Type, &Type) {
    let Type::Path(path) = returns else { return (returns, returns) };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else { return (returns, returns) };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return (returns, returns) };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    });
    (types.next().unwrap_or(returns), types.next().unwrap_or(returns))
}

/// Allows in the registration, which names the same types, the lints that the function allows.
fn allowed(attribute: &Attribute) -> Option<TokenStream> {
    let path = attribute.path();
    if path.is_ident("deprecated") {
        return Some(quote!(#[allow(deprecated)]));
    }
    if !path.is_ident("allow") && !path.is_ident("expect") {
        return None;
    }
    let lints = &attribute.meta.require_list().ok()?.tokens;
    Some(quote!(#[allow(#lints)]))
}

impl Description {
    fn of(attributes: &[Attribute]) -> Self {
        let mut parts = Vec::new();
        for attribute in attributes {
            let Meta::NameValue(doc) = &attribute.meta else { continue };
            if !doc.path.is_ident("doc") {
                continue;
            }
            match &doc.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                    parts.extend(lines(&text.value()).map(Part::Line));
                }
                other => parts.push(Part::Expr(Box::new(other.clone()))),
            }
        }
        let blank = |part: &Part| matches!(part, Part::Line(line) if line.trim().is_empty());
        let start = parts.iter().position(|part| !blank(part)).unwrap_or(parts.len());
        let end = parts.iter().rposition(|part| !blank(part)).map_or(start, |last| last + 1);
        let parts = &parts[start..end];
        let text: Option<Vec<&str>> = parts
            .iter()
            .map(|part| match part {
                Part::Line(line) => Some(line.as_str()),
                Part::Expr(_) => None,
            })
            .collect();
        match text {
            Some(lines) => Self::Text(lines.join("\n")),
            None => Self::Concat(parts.to_vec()),
        }
    }
}

/// The lines of one `#[doc]`, without the space after `///` and the stars of a `/** … */`.
fn lines(doc: &str) -> impl Iterator<Item = String> {
    let starred = doc.contains('\n')
        && doc.lines().skip(1).map(str::trim_start).all(|line| line.is_empty() || line.starts_with('*'));
    doc.split('\n')
        .enumerate()
        .map(|(i, line)| {
            let line = if starred && i > 0 { line.trim_start().trim_start_matches('*') } else { line };
            line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
        })
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn text(attributes: &[Attribute]) -> String {
        match Description::of(attributes) {
            Description::Text(text) => text,
            Description::Concat(parts) => panic!("{parts:?}"),
        }
    }

    #[test]
    fn a_doc_comment_is_the_description() {
        assert_eq!(text(&[]), "");
        assert_eq!(text(&[parse_quote!(#[doc = " One line."]), parse_quote!(#[inline])]), "One line.");
        let paragraphs: Vec<Attribute> = ["", " First.", "", "  - indented", "    code  ", " Last.", "", " "]
            .iter()
            .map(|line| parse_quote!(#[doc = #line]))
            .collect();
        assert_eq!(text(&paragraphs), "First.\n\n - indented\n   code\nLast.");
    }

    #[test]
    fn a_block_comment_loses_its_stars() {
        assert_eq!(text(&[parse_quote!(#[doc = "\n     * First.\n     *\n     * Last.\n     "])]), "First.\n\nLast.");
        assert_eq!(
            text(&[parse_quote!(#[doc = " First.\n * not a star of mine\nLast."])]),
            "First.\n* not a star of mine\nLast."
        );
    }

    #[test]
    fn docs_that_only_the_compiler_knows_stay_expressions() {
        let attributes = [parse_quote!(#[doc = " Before."]), parse_quote!(#[doc = include_str!("x.md")])];
        assert!(matches!(Description::of(&attributes), Description::Concat(parts) if parts.len() == 2));
    }

    #[test]
    fn values_and_errors_are_found_where_they_are_visible() {
        for (returns, value, error) in [
            ("Stats", "Stats", "Stats"),
            ("Result<Stats, MyError>", "Stats", "MyError"),
            ("std::result::Result<Vec<u8>, E>", "Vec<u8>", "E"),
            ("crate::Result<Stats>", "Stats", "crate::Result<Stats>"),
            ("Outcome", "Outcome", "Outcome"),
        ] {
            let returns: Type = syn::parse_str(returns).expect("a type");
            let (a, b) = value_and_error(&returns);
            assert_eq!((readable(a).as_str(), readable(b).as_str()), (value, error));
        }
    }
}
