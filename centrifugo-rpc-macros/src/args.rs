//! Parses the arguments inside `#[websocket_rpc(…)]`.

use std::time::Duration;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Lit, LitInt, LitStr, Path, Token};

use crate::errors::{Errors, error};
use crate::name;

/// The longest `timeout`. Work that takes longer is not a call.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

const OPTIONS: &[&str] = &["no_wait", "idempotent", "timeout", "max_concurrency", "deprecated", "crate"];

const NAME_IS_A_LITERAL: &str = "the name of a method is a string literal";

/// The name of the method and its options.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) name: Option<LitStr>,
    pub(crate) no_wait: bool,
    pub(crate) idempotent: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_concurrency: Option<u32>,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) krate: Option<Path>,
    /// Whether something stands in the place of the name, right or wrong.
    named: bool,
    /// The options, in the order in which they are written.
    seen: Vec<Ident>,
}

impl Args {
    /// Parses as much as possible, and adds the problems to `errors`.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        let read = |input: ParseStream<'_>| -> syn::Result<()> {
            while !input.is_empty() {
                if let Err(error) = args.parse_one(input) {
                    errors.push(error);
                    skip_to_comma(input);
                }
                if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                    errors.push(error(input.span(), "expected `,`", "options are separated by commas"));
                    skip_to_comma(input);
                    let _ = input.parse::<Token![,]>();
                }
            }
            Ok(())
        };
        if let Err(error) = read.parse2(tokens) {
            errors.push(error);
        }
        if !args.named {
            errors.push(error(
                Span::call_site(),
                "the name of the method is missing",
                "`#[websocket_rpc(\"tasks.get_stats\")]`: the name comes first, options follow",
            ));
        }
        args
    }

    fn parse_one(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(Lit) {
            self.named = true;
            return self.parse_name(&input.parse()?);
        }
        let is_first = !self.named && self.seen.is_empty();
        if !input.peek(Ident::peek_any) {
            self.named |= is_first;
            let problem = if is_first { NAME_IS_A_LITERAL } else { "expected an option" };
            return Err(error(input.span(), problem, "`#[websocket_rpc(\"tasks.get_stats\", timeout = \"5s\")]`"));
        }
        let option = input.call(Ident::parse_any)?;
        let repeated = self.seen.contains(&option);
        self.seen.push(option.clone());
        let key = option.to_string();
        match key.as_str() {
            "no_wait" => self.no_wait = flag(&option, input)?,
            "idempotent" => self.idempotent = flag(&option, input)?,
            "timeout" => self.timeout = Some(timeout(&option, input)?),
            "max_concurrency" => self.max_concurrency = Some(max_concurrency(&option, input)?),
            "deprecated" => self.deprecated = Some(deprecated(&option, input)?),
            "crate" => self.krate = Some(krate(&option, input)?),
            "name" | "method" => {
                self.named = true;
                let problem = format!("the name of the method is written without `{key} =`");
                return Err(error(option.span(), problem, "`#[websocket_rpc(\"tasks.get_stats\")]`"));
            }
            _ if is_first && nearest(&key).is_none() => {
                self.named = true;
                return Err(error(option.span(), NAME_IS_A_LITERAL, "`#[websocket_rpc(\"tasks.get_stats\")]`"));
            }
            _ => {
                let help = match nearest(&key) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("the options are `{}`", OPTIONS.join("`, `")),
                };
                return Err(error(option.span(), format!("there is no option `{key}`"), help));
            }
        }
        if repeated {
            return Err(error(option.span(), format!("`{key}` is given twice"), "remove one of them"));
        }
        Ok(())
    }

    fn parse_name(&mut self, literal: &Lit) -> syn::Result<()> {
        let Lit::Str(name) = literal else {
            return Err(error(literal.span(), NAME_IS_A_LITERAL, "write `\"tasks.get_stats\"`"));
        };
        if self.name.is_some() {
            return Err(error(name.span(), "a method has one name", "register another function that calls this one"));
        }
        self.name = Some(name.clone());
        if !self.seen.is_empty() {
            return Err(error(name.span(), "the name of the method comes first", "move it before the options"));
        }
        name::check(&name.value()).map_err(|(problem, help)| error(name.span(), problem, help))
    }
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _ = input.parse::<TokenTree>();
    }
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn flag(option: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
    if at_end(input) {
        return Ok(true);
    }
    Err(error(input.span(), format!("`{option}` takes no value"), format!("write `{option}`, or leave it out")))
}

/// The literal after `option =`; `example` shows the expected form.
fn value(option: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Lit> {
    let help = format!("write `{option} = {example}`");
    if input.parse::<Token![=]>().is_err() {
        return Err(error(option.span(), format!("`{option}` needs a value"), help));
    }
    let start = input.fork();
    match input.parse::<Lit>() {
        Ok(literal) if at_end(input) => Ok(literal),
        _ if at_end(&start) => Err(error(option.span(), format!("`{option}` needs a value"), help)),
        _ => {
            let mut written = TokenStream::new();
            while !at_end(&start) {
                written.extend([start.parse::<TokenTree>()?]);
            }
            Err(Error::new_spanned(written, format!("the value of `{option}` must be a literal\nhelp: {help}")))
        }
    }
}

fn string(option: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<LitStr> {
    match value(option, input, example)? {
        Lit::Str(text) => Ok(text),
        other => Err(error(
            other.span(),
            format!("the value of `{option}` must be a string"),
            format!("write `{option} = {example}`"),
        )),
    }
}

fn timeout(option: &Ident, input: ParseStream<'_>) -> syn::Result<Duration> {
    let text = string(option, input, "\"5s\"")?;
    let timeout = humantime::parse_duration(&text.value()).map_err(|cause| {
        error(
            text.span(),
            format!("`{}` is not a duration: {cause}", text.value().escape_debug()),
            "write a number with its unit: `\"500ms\"`, `\"5s\"`, `\"1m 30s\"`",
        )
    })?;
    if timeout.is_zero() {
        return Err(error(text.span(), "a `timeout` of zero would refuse every call", "give the handler some time"));
    }
    if timeout > MAX_TIMEOUT {
        return Err(error(
            text.span(),
            "a `timeout` is at most 24 hours",
            "for longer work, answer at once and publish the result when it is there",
        ));
    }
    Ok(timeout)
}

fn max_concurrency(option: &Ident, input: ParseStream<'_>) -> syn::Result<u32> {
    const HELP: &str = "write `max_concurrency = 16`, or leave it out for no limit";
    let is_whole = |number: &LitInt| matches!(number.suffix(), "" | "u32") && !number.base10_digits().starts_with('-');
    match value(option, input, "16")? {
        Lit::Int(number) if is_whole(&number) => match number.base10_parse() {
            Ok(0) => Err(error(number.span(), "a `max_concurrency` of zero would refuse every call", HELP)),
            Ok(limit) => Ok(limit),
            Err(_) => Err(error(number.span(), format!("`max_concurrency` is at most {}", u32::MAX), HELP)),
        },
        other => Err(error(other.span(), "the value of `max_concurrency` must be a whole number", HELP)),
    }
}

fn deprecated(option: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    const EXAMPLE: &str = "\"use tasks.list\"";
    let text = string(option, input, EXAMPLE)?;
    if text.value().trim().is_empty() {
        let help = format!("write `deprecated = {EXAMPLE}`");
        return Err(error(text.span(), "`deprecated` says what to use instead", help));
    }
    Ok(text)
}

fn krate(option: &Ident, input: ParseStream<'_>) -> syn::Result<Path> {
    const HELP: &str = "write `crate = ::my_prelude::centrifugo_rpc`";
    if input.parse::<Token![=]>().is_err() || at_end(input) {
        return Err(error(option.span(), "`crate` needs a path", HELP));
    }
    let span = input.span();
    match input.call(Path::parse_mod_style) {
        Ok(path) if at_end(input) => Ok(path),
        _ => Err(error(span, "the value of `crate` must be a path, without quotes", HELP)),
    }
}

/// The option with the most similar name.
fn nearest(key: &str) -> Option<&'static str> {
    let (distance, known) = OPTIONS.iter().map(|known| (distance(key, known), *known)).min()?;
    (distance <= 3 && distance < key.len()).then_some(known)
}

/// The number of characters to change, add or remove to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
