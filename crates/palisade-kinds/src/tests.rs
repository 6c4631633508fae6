//! Small hand-built documents in, attributes out; and every shipped kind page's blocks.

use crate::{Kind, Kinds, parse_kind, resolve};
use palisade_document::Text;
use palisade_model::*;
use serde_json::json;
use std::path::Path as FilePath;
use std::sync::Arc;

mod joins;
mod outside;
mod pages;
mod values;
mod wrong;

/// A place to stand.
fn origin() -> Origin {
    Origin::File(Span::new("main.tf", (1, 1), (1, 2)))
}

/// JSON as a node. `{"?": "var.x"}` is a variable without value, `{"->": "aws_x.y.id"}` a reference, `{"?list": …}` a
/// list of which more may exist, `{"?map": …}` a map likewise.
fn node(json: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Number(number) => Value::Number(number.clone()),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(node).collect()),
        Json::Object(entries) => match entries.iter().next() {
            Some((key, Json::String(what))) if key == "?" => {
                Value::Unknown(Why::NoValue(what.as_str().into()).into())
            }
            Some((key, Json::String(what))) if key == "->" => Value::Unknown(reference(what)),
            Some((key, Json::Array(items))) if key == "?list" => Value::List(List {
                items: items.iter().map(node).collect(),
                more: Some(Why::NoValue("var.more".into()).into()),
            }),
            Some((key, Json::Object(entries))) if key == "?map" => Value::Map(Map {
                entries: entries.iter().map(|(key, value)| (key.as_str().into(), node(value))).collect(),
                more: Some(Why::NoValue("var.more".into()).into()),
            }),
            _ => Value::map(entries.iter().map(|(key, value)| (key.as_str().into(), node(value)))),
        },
    };
    Node::new(value, origin())
}

fn reference(what: &str) -> Unknown {
    let (address, attribute) = what.rsplit_once('.').unwrap_or((what, "Ref"));
    let reference = Reference { address: address.into(), attribute: Some(attribute.into()) };
    Unknown::reference(Why::AfterApply(what.into()), Some(Shape::Text), vec![reference])
}

fn raw(source: Source, kind: &str, name: &str, document: serde_json::Value) -> RawResource {
    RawResource {
        source,
        source_type: kind.into(),
        address: Address { root: "infra".into(), name: name.into() },
        existence: Existence::Yes,
        raw: node(&document),
        account: None,
        region: None,
        origin: origin(),
    }
}

fn terraform(address: &str, document: serde_json::Value) -> RawResource {
    let kind = address.split('.').rev().nth(1).expect("type.name");
    raw(Source::Terraform, kind, address, document)
}

fn template(name: &str, kind: &str, properties: serde_json::Value) -> RawResource {
    raw(Source::Cloudformation, kind, name, json!({ "Type": kind, "Properties": properties }))
}

fn live(kind: &str, document: serde_json::Value) -> RawResource {
    raw(Source::Live, kind, "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", document)
}

/// What is known of an attribute, in a line. `default` marks what absence means, `?` what is unknown.
fn said(attribute: &Attribute) -> String {
    match attribute {
        Attribute::Known(node) => shown(node),
        Attribute::Absent(Meaning::Nothing, _) => "none".into(),
        Attribute::Absent(Meaning::Default(node), _) => format!("default {}", shown(node)),
        Attribute::Unknown(unknown, _) => format!("? {unknown}"),
    }
}

fn shown(node: &Node) -> String {
    let more = |more: &Option<Unknown>| more.iter().map(|unknown| format!("… {unknown}")).collect::<Vec<_>>();
    match &node.value {
        Value::Unknown(unknown) => format!("? {unknown}"),
        Value::List(list) => {
            let items = list.items.iter().map(shown).chain(more(&list.more));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entries = map.entries.iter().map(|(key, node)| format!("{key}: {}", shown(node)));
            format!("{{{}}}", entries.chain(more(&map.more)).collect::<Vec<_>>().join(", "))
        }
        other => other.to_json().to_string(),
    }
}

fn attribute(resource: &Resource, name: &str) -> String {
    match resource.attributes.get(name) {
        Some(attribute) => said(attribute),
        None => panic!("no attribute `{name}`"),
    }
}

/// The blocks of a page, with where they begin. Pages are read by the content crate; this is for its tests only.
fn block<'a>(page: &'a str, language: &str) -> Option<(&'a str, u32)> {
    let fence = format!("```{language}\n");
    let start = page.find(&fence)? + fence.len();
    let text = &page[start..start + page[start..].find("```")?];
    let line = page[..start].matches('\n').count() + 1;
    Some((text, u32::try_from(line).expect("a short page")))
}

fn read_page(file: &str, page: &str) -> (Option<Kind>, Vec<Diagnostic>) {
    let name: Arc<str> = file.into();
    let kind = page.lines().find_map(|line| line.strip_prefix("type: ")).expect("a type");
    let text = |language| {
        block(page, language).map(|(text, line)| Text {
            file: &name,
            text,
            start: Position { line, column: 1 },
        })
    };
    let attributes = text("attributes").expect("attributes");
    parse_kind(
        kind.parse().expect("a type"),
        page.lines().find_map(|line| line.strip_prefix("title: ")).unwrap_or("A title"),
        None,
        attributes,
        text("collect"),
    )
}

/// All shipped kinds.
fn shipped() -> Kinds {
    let mut kinds = Vec::new();
    pages::each_page(|file, page| kinds.extend(read_page(file, page).0));
    let (kinds, diagnostics) = Kinds::new(kinds);
    assert_eq!(diagnostics, []);
    kinds
}

/// A kind of these attributes.
fn kind(attributes: &str) -> Kinds {
    let (kind, diagnostics) = read_page("kind.md", &page(attributes));
    assert_eq!(diagnostics, []);
    Kinds::new(kind.into_iter().collect()).0
}

fn page(attributes: &str) -> String {
    format!("type: AWS::EC2::Thing\n```attributes\n{attributes}\n```\n")
}

/// Resolves the resources with the kinds; says one attribute of the first.
fn check(kinds: &Kinds, resources: Vec<RawResource>, name: &str, expected: &str) {
    let resolved = resolve(resources, kinds);
    let first = resolved.first().expect("a resource");
    assert_eq!(attribute(first, name), expected, "`{name}` of `{}`", first.address());
}

fn root() -> &'static FilePath {
    FilePath::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/kinds"))
}
