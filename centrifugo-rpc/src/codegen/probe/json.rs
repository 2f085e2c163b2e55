//! JSON values whose parts are shared, as text. A type that refers to another one twice, which refers to a third one
//! twice, and so on, has values that double in size with each: nothing may visit all parts of such a value.

use std::rc::Rc;

use serde_json::Value;

#[derive(Debug, Clone)]
pub(super) struct Json {
    text: Rc<str>,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    String(Rc<str>),
    Object(Rc<Members>),
    Other,
}

impl Json {
    /// The value as text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Content::String(text) = &self.content { Some(text) } else { None }
    }

    pub(super) fn members(&self) -> Option<&Members> {
        if let Content::Object(members) = &self.content { Some(members) } else { None }
    }

    pub(super) fn array(items: &[Self]) -> Self {
        let items: Vec<_> = items.iter().map(Self::text).collect();
        Self { text: format!("[{}]", items.join(",")).into(), content: Content::Other }
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        let text = value.to_string().into();
        match value {
            Value::String(string) => Self { text, content: Content::String(string.into()) },
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Self::from(value))).collect();
                Self { text, content: Content::Object(Rc::new(Members(members))) }
            }
            _ => Self { text, content: Content::Other },
        }
    }
}

impl From<Members> for Json {
    fn from(members: Members) -> Self {
        let each = members.0.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), value.text));
        let text = format!("{{{}}}", each.collect::<Vec<_>>().join(",")).into();
        Self { text, content: Content::Object(Rc::new(members)) }
    }
}

/// The members of an object, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Members(Vec<(String, Json)>);

impl Members {
    /// Adds a member, or replaces the one with the same name.
    pub(super) fn insert(&mut self, name: &str, value: Json) {
        match self.0.iter_mut().find(|(found, _)| found == name) {
            Some((_, found)) => *found = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Inserts all members of another object.
    pub(super) fn extend(&mut self, others: &Self) {
        others.0.iter().for_each(|(name, value)| self.insert(name, value.clone()));
    }
}
