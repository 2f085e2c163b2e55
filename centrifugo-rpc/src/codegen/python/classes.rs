//! Prints classes: structs, variants of unions, enums.

use super::Module;
use super::docs::docstring;
use super::imports::{Imports, Name, model, typing};
use super::layout::{Expr, annotated, literal};
use super::names::{self, Fields};
use super::types::has_class;
use crate::codegen::ir::{Body, EnumValue, Field, IntegerValue, Rest, Struct, Tagging, Type, TypeDef, Union, Variant};
use crate::codegen::wording;

const INDENT: usize = 4;

/// A class under construction.
struct Class {
    name: String,
    base: Name,
    keywords: Vec<Expr>,
    /// The attributes with a different name on the wire.
    renamed: Vec<Expr>,
    /// The class whose values this class also accepts: for a class of params, the corresponding class of results.
    received: Option<String>,
    doc: String,
    /// Each with its docstring after it.
    members: Vec<String>,
}

impl Class {
    fn new(name: String, base: Name, doc: String) -> Self {
        Self { name, base, keywords: Vec::new(), renamed: Vec::new(), received: None, doc, members: Vec::new() }
    }

    fn keyword(&mut self, key: &str, value: Expr) {
        self.keywords.push(Expr::pair(format!("{key}="), value));
    }

    fn member(&mut self, text: String, doc: &str) {
        self.members.push(match docstring(doc, INDENT) {
            Some(doc) => format!("{text}\n{doc}"),
            None => text,
        });
    }

    /// Records the wire name of a member and returns the annotation of its attribute.
    fn on_the_wire(&mut self, ty: Expr, name: &str, wire: &str) -> Expr {
        if name == wire {
            return ty;
        }
        self.renamed.push(Expr::pair(format!("{}: ", literal(name)), Expr::name(literal(wire))));
        Expr::subscript(typing("Annotated"), vec![ty, Expr::call(model("wire"), vec![Expr::name(literal(wire))])])
    }

    /// Adds the renamed attributes to the header of the class. A model with foreign members among its own looks up its
    /// own members by name, before their annotations can be evaluated.
    fn tells_names(&mut self) {
        if !self.renamed.is_empty() {
            let renamed = Expr::dict(std::mem::take(&mut self.renamed));
            self.keyword("renamed", renamed);
        }
    }

    fn print(mut self, imports: &Imports) -> String {
        if let Some(received) = self.received.take() {
            self.base = input_of(self.base);
            self.keyword("received", Expr::name(literal(&received)));
        }
        let mut arguments = vec![Expr::name(self.base)];
        arguments.extend(self.keywords);
        let header = Expr::call(format!("class {}", self.name), arguments).laid_out(imports, "", 0, 1);
        let mut text = format!("{header}:\n");
        let doc = docstring(&self.doc, INDENT);
        if let Some(doc) = &doc {
            text.push_str(doc);
            text.push_str(if self.members.is_empty() { "\n" } else { "\n\n" });
        }
        if doc.is_none() && self.members.is_empty() {
            text.push_str("    pass\n");
        }
        for member in self.members {
            text.push_str(&member);
            text.push('\n');
        }
        text
    }
}

/// The base of a class of params for which the class of results has this base.
fn input_of(base: Name) -> Name {
    let inputs = [("Model", "Input"), ("FlatModel", "FlatInput"), ("Newtype", "NewtypeInput")];
    inputs.into_iter().find(|(name, _)| base == model(name)).map_or(base, |(_, input)| model(input))
}

/// The class of a struct.
pub(super) fn of_struct(module: &Module<'_>, def: &TypeDef, fields: &Struct) -> String {
    let mut class =
        Class::new(module.types.name(&def.name), model_for(fields), described(&def.description, def.deprecated));
    add_fields(&mut class, module, fields, &mut names::fields(members(fields)));
    if is_flat(fields) {
        class.tells_names();
    }
    class.received = def.input_of.as_deref().map(|name| module.types.name(name));
    class.print(&module.imports)
}

/// The class of an enum.
pub(super) fn of_enum(module: &Module<'_>, def: &TypeDef, values: &[EnumValue]) -> String {
    let mut class =
        Class::new(module.types.name(&def.name), model("StrEnum"), described(&def.description, def.deprecated));
    let mut scope = names::members();
    for EnumValue { value, description } in values {
        let name = names::member(&mut scope, value);
        class.member(format!("    {name} = {}", literal(value)), description);
    }
    class.print(&module.imports)
}

/// The class of an enum of integers.
pub(super) fn of_integers(module: &Module<'_>, def: &TypeDef, values: &[IntegerValue]) -> String {
    let mut class =
        Class::new(module.types.name(&def.name), model("IntEnum"), described(&def.description, def.deprecated));
    let mut scope = names::members();
    for IntegerValue { name, value, description } in values {
        let name = names::member(&mut scope, name);
        class.member(format!("    {name} = {value}"), description);
    }
    class.print(&module.imports)
}

/// The classes of a union's variants.
pub(super) fn of_union(module: &Module<'_>, def: &TypeDef, union: &Union) -> Vec<String> {
    let received = def.input_of.as_deref().and_then(|name| module.types.union_of(name));
    let variants = union.variants.iter().filter(|variant| has_class(&union.tagging, &variant.body));
    let classes = variants.map(|variant| {
        let mut class = of_variant(module, &union.tagging, variant);
        let same = received.and_then(|union| union.variants.iter().find(|other| other.name == variant.name));
        class.received = same.map(|other| module.types.name(&other.type_name)).filter(|name| !name.is_empty());
        class.print(&module.imports)
    });
    classes.collect()
}

fn of_variant(module: &Module<'_>, tagging: &Tagging, variant: &Variant) -> Class {
    let internal = if let Tagging::Internal { tag } = tagging { Some(tag) } else { None };
    let mut scope = match &variant.body {
        // The same names as in the base class.
        Body::Newtype(ty) => names::fields(module.types.struct_of(ty).into_iter().flat_map(|(_, base)| members(base))),
        Body::Struct(fields) => names::fields(members(fields).chain(internal.map(String::as_str))),
        Body::Unit => names::fields([]),
    };
    let mut class = Class::new(module.types.name(&variant.type_name), model("Model"), variant.description.clone());
    if *tagging != Tagging::Untagged {
        class.keyword("tag", Expr::name(literal(&variant.name)));
    }
    match &variant.body {
        Body::Newtype(ty) if internal.is_some() => {
            if let Some((name, base)) = module.types.struct_of(ty) {
                class.base = module.types.reference(name);
                reserve(&mut scope, base);
                add_tag(&module.imports, &mut class, &mut scope, internal, &variant.name);
                if is_flat(base) {
                    class.tells_names();
                }
            } else {
                add_tag(&module.imports, &mut class, &mut scope, internal, &variant.name);
                add_content(&mut class, module, ty, &mut scope);
                class.tells_names();
            }
        }
        Body::Newtype(ty) => {
            class.base = model("Newtype");
            let value = (*ty == Type::Null).then(|| "None".into());
            class.member(annotated(&module.imports, "value", &module.types.expr(ty), value.as_ref(), INDENT), "");
        }
        Body::Struct(fields) => {
            class.base = model_for(fields);
            add_tag(&module.imports, &mut class, &mut scope, internal, &variant.name);
            add_fields(&mut class, module, fields, &mut scope);
            if is_flat(fields) {
                class.tells_names();
            }
        }
        Body::Unit => add_tag(&module.imports, &mut class, &mut scope, internal, &variant.name),
    }
    class
}

fn add_tag(imports: &Imports, class: &mut Class, scope: &mut Fields, tag: Option<&String>, variant: &str) {
    let Some(tag) = tag else { return };
    let name = names::field(scope, tag);
    class.keyword("tag_field", Expr::name(literal(&name)));
    let value = literal(variant);
    let ty = Expr::subscript(typing("Literal"), vec![Expr::name(value.clone())]);
    let ty = class.on_the_wire(ty, &name, tag);
    class.member(annotated(imports, &name, &ty, Some(&value.into()), INDENT), "");
}

/// Adds content that is not a struct and still has members. The members stand beside the tag.
fn add_content(class: &mut Class, module: &Module<'_>, ty: &Type, scope: &mut Fields) {
    let name = names::field(scope, "value");
    let variants = if let Type::Named(ty) = ty { module.types.variants_of(ty) } else { Expr::call("", Vec::new()) };
    class.base = model("FlatModel");
    class.keyword("flattened", Expr::dict(vec![Expr::pair(format!("{}: ", literal(&name)), variants)]));
    class.member(
        annotated(&module.imports, &name, &module.types.expr(ty), None, INDENT),
        "Its members stand beside the tag.",
    );
}

fn reserve(scope: &mut Fields, fields: &Struct) {
    for field in &fields.fields {
        names::field(scope, &field.name);
    }
    for _ in &fields.flattened {
        names::field(scope, "variant");
    }
    if matches!(fields.rest, Rest::Map(..)) {
        names::field(scope, "rest");
    }
}

/// The names of the struct's members on the wire.
fn members(fields: &Struct) -> impl Iterator<Item = &str> {
    fields.fields.iter().map(|field| field.name.as_str())
}

fn model_for(fields: &Struct) -> Name {
    model(if is_flat(fields) { "FlatModel" } else { "Model" })
}

/// Whether the struct has flattened members, or does not simply ignore unknown ones.
fn is_flat(fields: &Struct) -> bool {
    !fields.flattened.is_empty() || fields.rest != Rest::Ignored
}

fn add_fields(class: &mut Class, module: &Module<'_>, fields: &Struct, scope: &mut Fields) {
    for field in &fields.fields {
        let name = names::field(scope, &field.name);
        let (ty, value) = field_type(module, field);
        let ty = class.on_the_wire(ty, &name, &field.name);
        let text = annotated(&module.imports, &name, &ty, value.as_ref(), INDENT);
        class.member(text, &with_default(&described(&field.description, field.deprecated), field));
    }
    let mut flattened = Vec::new();
    for union in &fields.flattened {
        let name = names::field(scope, "variant");
        let ty = Expr::name(module.types.reference(&union.name));
        let (ty, value) = if union.optional {
            (Expr::subscript(model("FlattenedOrNone"), vec![ty]), Some("None".into()))
        } else {
            (ty, None)
        };
        class.member(annotated(&module.imports, &name, &ty, value.as_ref(), INDENT), wording::flattened(union));
        flattened.push(Expr::pair(format!("{}: ", literal(&name)), module.types.variants_of(&union.name)));
    }
    if !flattened.is_empty() {
        class.keyword("flattened", Expr::dict(flattened));
    }
    match &fields.rest {
        Rest::Ignored => {}
        Rest::Denied => class.keyword("denies_unknown", Expr::name("True")),
        Rest::Map(key, values) => {
            let name = names::field(scope, "rest");
            class.keyword("rest", Expr::name(literal(&name)));
            let ty = module.types.expr(&Type::Map(key.clone(), values.clone()));
            class.member(annotated(&module.imports, &name, &ty, Some(&model("EMPTY")), INDENT), wording::REST);
        }
    }
}

/// The type of a field, and its default if it may be omitted.
fn field_type(module: &Module<'_>, field: &Field) -> (Expr, Option<Name>) {
    let ty = module.types.expr(&field.ty);
    match (field.required, module.types.is_nullable(&field.ty)) {
        (true, _) => (ty, None),
        (false, true) => (ty, Some("None".into())),
        (false, false) => (Expr::subscript(model("MayBeAbsent"), vec![ty]), Some("None".into())),
    }
}

pub(super) fn described(description: &str, deprecated: bool) -> String {
    with_paragraph(description, deprecated.then(|| wording::deprecated("")))
}

fn with_default(description: &str, field: &Field) -> String {
    with_paragraph(description, wording::default(field))
}

fn with_paragraph(text: &str, paragraph: Option<String>) -> String {
    match (text.trim().is_empty(), paragraph) {
        (_, None) => text.to_owned(),
        (true, Some(paragraph)) => paragraph,
        (false, Some(paragraph)) => format!("{}\n\n{paragraph}", text.trim_end()),
    }
}
