//! Collects all errors in one use of the attribute, to report them together.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Error;

/// Collects errors, each at its own span.
#[derive(Debug, Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// Adds `problem` at all of `tokens`, with a line that names the fix.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, problem: impl Display, help: impl Display) {
        self.push(Error::new_spanned(tokens, taught(problem, help)));
    }

    pub(crate) fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_none() { Ok(value) } else { Err(self) }
    }

    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.map(Error::into_compile_error).unwrap_or_default()
    }
}

/// An error with `problem` at `span`, and a line that names the fix.
pub(crate) fn error(span: Span, problem: impl Display, help: impl Display) -> Error {
    Error::new(span, taught(problem, help))
}

fn taught(problem: impl Display, help: impl Display) -> String {
    format!("{problem}\nhelp: {help}")
}
