//! JSON in its three roles here: configurations in JSON syntax, and values to JSON text and back.

use crate::convert::number_text;
use crate::source::{Place, Source};
use crate::syntax::{Attribute, Block, Body, Expression, ExpressionKind, template_in_text};
use crate::value::{Kind, Value};
use palisade_document::Text;
use palisade_model::{Diagnostic, Node, Origin, Position, Span, Value as Plain};
use serde_json::Value as Json;
use std::sync::Arc;

/// A configuration in JSON syntax as the blocks it stands for.
///
/// Without the providers' schemas an object inside of a resource may be a block or a map. It is read as a map
/// (a list of objects as a list of maps); only `dynamic`, `lifecycle`, `connection`, `provisioner` and what a
/// policy document is made of are blocks.
pub(crate) fn configuration(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Body {
    let Some(document) = document(source, diagnostics) else {
        return Body::default();
    };
    let mut body = Body::default();
    let Plain::Map(map) = &document.value else {
        let mut diagnostic = Diagnostic::error("a configuration in JSON syntax is an object");
        diagnostic.span = document.origin.span().cloned();
        diagnostics.push(diagnostic);
        return body;
    };
    for (kind, node) in &map.entries {
        let labels = match &**kind {
            "resource" | "data" | "ephemeral" => 2,
            "variable" | "output" | "module" | "provider" => 1,
            "locals" => 0,
            _ => continue,
        };
        blocks(kind, labels, &mut Vec::new(), node, &mut body.blocks);
    }
    body
}

/// The one value of a JSON text.
pub(crate) fn document(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut read = palisade_document::read_json(Text {
        file: &source.file,
        text: &source.text,
        start: Position { line: 1, column: 1 },
    });
    diagnostics.append(&mut read.diagnostics);
    read.documents.into_iter().next()
}

/// The blocks that a property stands for: objects for the labels, lists where there are several.
fn blocks(kind: &Arc<str>, missing: usize, labels: &mut Vec<Arc<str>>, node: &Node, found: &mut Vec<Block>) {
    match &node.value {
        Plain::List(list) => {
            for item in &list.items {
                blocks(kind, missing, labels, item, found);
            }
        }
        Plain::Map(map) if missing > 0 => {
            for (label, inner) in &map.entries {
                labels.push(label.clone());
                blocks(kind, missing - 1, labels, inner, found);
                labels.pop();
            }
        }
        _ => found.push(Block {
            kind: kind.clone(),
            labels: labels.clone(),
            header: place(&first_character(&node.origin), ""),
            body: body(node, kind, labels.first().map(|label| &**label)),
        }),
    }
}

fn body(node: &Node, kind: &str, label: Option<&str>) -> Body {
    let mut body = Body::default();
    let Plain::Map(map) = &node.value else {
        return body;
    };
    for (name, value) in &map.entries {
        let labels = match (kind, label, &**name) {
            (_, _, "//") => continue,
            ("resource" | "data" | "content", _, "dynamic") => Some(1),
            ("resource", _, "provisioner") => Some(1),
            ("resource" | "data", _, "lifecycle" | "connection")
            | ("dynamic", _, "content")
            | ("data", Some("aws_iam_policy_document"), "statement")
            | ("statement", _, "principals" | "not_principals" | "condition") => Some(0),
            _ => None,
        };
        match labels {
            Some(labels) => blocks(name, labels, &mut Vec::new(), value, &mut body.blocks),
            None => body
                .attributes
                .push(Attribute { name: name.clone(), value: Arc::new(attribute(value, kind, name)) }),
        }
    }
    body
}

/// A variable's type is an expression in a string; everything else is a template.
fn attribute(node: &Node, kind: &str, name: &str) -> Expression {
    if kind == "variable"
        && name == "type"
        && let Some(text) = node.text()
    {
        let source = Arc::new(Source::within(&node.origin, text.to_owned()));
        return crate::syntax::expression_in_text(text, &source).unwrap_or_else(|message| Expression {
            kind: ExpressionKind::Unreadable(message.into()),
            place: place(&node.origin, text),
        });
    }
    expression(node)
}

/// A JSON value as an expression.
pub(crate) fn expression(node: &Node) -> Expression {
    let kind = match &node.value {
        Plain::Null => ExpressionKind::Null,
        Plain::Bool(bool) => ExpressionKind::Bool(*bool),
        Plain::Number(number) => ExpressionKind::Number(number.clone()),
        Plain::Text(text) => return template_in_text(text, &node.origin),
        Plain::List(list) => ExpressionKind::List(list.items.iter().map(expression).collect()),
        Plain::Map(map) => ExpressionKind::Object(
            map.entries
                .iter()
                .map(|(name, value)| (template_in_text(name, &value.origin), expression(value)))
                .collect(),
        ),
        Plain::Unknown(unknown) => ExpressionKind::Unreadable(unknown.to_string().into()),
    };
    Expression { kind, place: place(&node.origin, "") }
}

fn place(origin: &Origin, text: &str) -> Place {
    let source = Arc::new(Source::within(origin, text.to_owned()));
    Place::new(&source, 0, text.len())
}

/// An object's place without its body.
fn first_character(origin: &Origin) -> Origin {
    match origin {
        Origin::File(span) => Origin::File(Span {
            end: Position { column: span.start.column + 1, ..span.start },
            ..span.clone()
        }),
        other => other.clone(),
    }
}

/// The JSON text of a known value as Terraform writes it: names sorted, `<`, `>` and `&` escaped.
pub(crate) fn encode(value: &Value, indented: bool) -> String {
    let mut text = String::new();
    write(value, indented.then_some(0), &mut text);
    text
}

fn write(value: &Value, indent: Option<usize>, into: &mut String) {
    match &value.kind {
        Kind::Null | Kind::Unknown(_) => into.push_str("null"),
        Kind::Bool(bool) => into.push_str(if *bool { "true" } else { "false" }),
        Kind::Number(number) => into.push_str(&number_text(number)),
        Kind::Text(text) => write_text(text, into),
        Kind::Encoded(encoded) => write_text(&encode(&encoded.value, encoded.indented), into),
        Kind::List(list) => write_between('[', ']', list.items.len(), indent, into, |at, indent, into| {
            write(&list.items[at], indent, into);
        }),
        Kind::Map(map) => {
            let mut entries: Vec<_> = map.entries.iter().collect();
            if indent.is_none() {
                entries.sort_by(|left, right| left.0.cmp(right.0));
            }
            write_between('{', '}', entries.len(), indent, into, |at, indent, into| {
                let (name, value) = entries[at];
                write_text(name, into);
                into.push_str(if indent.is_some() { ": " } else { ":" });
                write(value, indent, into);
            });
        }
    }
}

fn write_between(
    open: char,
    close: char,
    count: usize,
    indent: Option<usize>,
    into: &mut String,
    item: impl Fn(usize, Option<usize>, &mut String),
) {
    let line = |indent: usize, into: &mut String| {
        into.push('\n');
        into.extend(std::iter::repeat_n("  ", indent));
    };
    let inner = indent.map(|indent| indent + 1);
    into.push(open);
    for at in 0..count {
        if at > 0 {
            into.push(',');
        }
        if let Some(inner) = inner {
            line(inner, into);
        }
        item(at, inner, into);
    }
    if let (Some(indent), true) = (indent, count > 0) {
        line(indent, into);
    }
    into.push(close);
}

fn write_text(text: &str, into: &mut String) {
    for character in serde_json::to_string(text).unwrap_or_default().chars() {
        match character {
            '<' => into.push_str("\\u003c"),
            '>' => into.push_str("\\u003e"),
            '&' => into.push_str("\\u0026"),
            '\u{2028}' => into.push_str("\\u2028"),
            '\u{2029}' => into.push_str("\\u2029"),
            other => into.push(other),
        }
    }
}

/// The value of a JSON text.
pub(crate) fn decode(text: &str, origin: &Origin) -> Option<Value> {
    Some(from_json(serde_json::from_str(text).ok()?, origin))
}

pub(crate) fn from_json(json: Json, origin: &Origin) -> Value {
    match json {
        Json::Null => Value::null(origin),
        Json::Bool(bool) => Value::bool(bool, origin),
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => crate::value::number(float)
                .map_or_else(|| Value::null(origin), |number| Value::number(number, origin)),
            None => Value::number(number, origin),
        },
        Json::String(text) => Value::text(text, origin),
        Json::Array(items) => {
            Value::list(items.into_iter().map(|item| from_json(item, origin)).collect(), origin)
        }
        Json::Object(entries) => Value::map(
            entries.into_iter().map(|(name, value)| (name.into(), from_json(value, origin))).collect(),
            origin,
        ),
    }
}
