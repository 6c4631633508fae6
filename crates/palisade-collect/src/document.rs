//! Ways into answers: the items of a listing, parameters from a document, pages put together.

use indexmap::IndexMap;
use palisade_aws::Operation;
use palisade_kinds::grammar::{Chain, Step};
use palisade_model::{Node, Value as Written};
use serde_json::{Map, Value};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The items at these paths of an answer, with the fields that are kept of what encloses them.
pub(crate) fn items(each: &Chain, answer: &Value, rule: &ItemRule<'_>) -> Vec<Map<String, Value>> {
    let mut found = Vec::new();
    for path in &each.0 {
        let mut enclosing: Vec<&Map<String, Value>> = rule.parent.into_iter().collect();
        walk(answer, &path.steps, &mut enclosing, rule, &mut found);
    }
    found
}

/// What becomes of an item.
pub(crate) struct ItemRule<'a> {
    /// The field that takes an item that is a text.
    pub(crate) id: Option<&'a Arc<str>>,
    /// Fields of what encloses it.
    pub(crate) keep: &'a [Arc<str>],
    /// The document of the resource that the listing is made for.
    pub(crate) parent: Option<&'a Map<String, Value>>,
}

fn walk<'a>(
    value: &'a Value,
    steps: &[Step],
    enclosing: &mut Vec<&'a Map<String, Value>>,
    rule: &ItemRule<'a>,
    found: &mut Vec<Map<String, Value>>,
) {
    let Some((step, rest)) = steps.split_first() else {
        match value {
            Value::Array(items) => items.iter().for_each(|item| found.extend(kept(item, enclosing, rule))),
            item => found.extend(kept(item, enclosing, rule)),
        }
        return;
    };
    let Value::Object(members) = value else { return };
    let Some(next) = members.get(step.name.as_ref()) else { return };
    enclosing.push(members);
    match next {
        Value::Array(items) if !rest.is_empty() => {
            items.iter().for_each(|item| walk(item, rest, enclosing, rule, found));
        }
        next => walk(next, rest, enclosing, rule, found),
    }
    enclosing.pop();
}

fn kept(item: &Value, enclosing: &[&Map<String, Value>], rule: &ItemRule<'_>) -> Option<Map<String, Value>> {
    let mut members = match (item, rule.id) {
        (Value::Null, _) => return None,
        (Value::Object(members), _) => members.clone(),
        (other, Some(id)) => Map::from_iter([(id.to_string(), other.clone())]),
        (other, None) => Map::from_iter([("value".to_owned(), other.clone())]),
    };
    for name in rule.keep {
        if members.contains_key(name.as_ref()) {
            continue;
        }
        let outside = enclosing.iter().rev().find_map(|outside| outside.get(name.as_ref()));
        if let Some(value) = outside {
            members.insert(name.to_string(), value.clone());
        }
    }
    Some(members)
}

/// What stands at `Name.Name` of a document; a list with one item is stepped through.
pub(crate) fn field<'a>(document: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut names = path.split('.');
    let first = document.get(names.next()?)?;
    let found = names.try_fold(first, |value, name| match value {
        Value::Array(items) if items.len() == 1 => items[0].get(name),
        value => value.get(name),
    })?;
    (!found.is_null()).then_some(found)
}

/// A scalar as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    }
}

/// The first text at one of these paths.
pub(crate) fn text_at(document: &Map<String, Value>, chains: &[Chain]) -> Option<String> {
    chains.iter().flat_map(|chain| &chain.0).find_map(|path| {
        let names: Vec<&str> = path.steps.iter().map(|step| step.name.as_ref()).collect();
        field(document, &names.join(".")).and_then(text)
    })
}

/// What parameters may name beside the fields of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) partition: Arc<str>,
}

impl Given {
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        match name {
            "AccountId" => Some(self.account.as_str().into()),
            "Region" => Some(self.region.as_str().into()),
            "Partition" => Some(self.partition.as_ref().into()),
            _ => None,
        }
    }
}

/// Parameters with the document's fields filled in; the error is the field that is not there.
pub(crate) fn parameters(
    with: &IndexMap<Arc<str>, Node>,
    document: &Map<String, Value>,
    given: &Given,
) -> Result<Value, String> {
    let filled = with.iter().map(|(name, node)| Ok((name.to_string(), filled(node, document, given)?)));
    filled.collect::<Result<Map<String, Value>, String>>().map(Value::Object)
}

fn filled(node: &Node, document: &Map<String, Value>, given: &Given) -> Result<Value, String> {
    Ok(match &node.value {
        Written::Text(text) => match text.strip_prefix('$') {
            Some(name) => {
                field(document, name).cloned().or_else(|| given.get(name)).ok_or_else(|| name.to_owned())?
            }
            None => Value::String(text.to_string()),
        },
        Written::Null | Written::Unknown(_) => Value::Null,
        Written::Bool(is) => Value::Bool(*is),
        Written::Number(number) => Value::Number(number.clone()),
        Written::List(list) => {
            list.items.iter().map(|item| filled(item, document, given)).collect::<Result<Vec<_>, _>>()?.into()
        }
        Written::Map(map) => {
            let entries = map.entries.iter();
            entries
                .map(|(name, node)| Ok((name.to_string(), filled(node, document, given)?)))
                .collect::<Result<Map<_, _>, String>>()?
                .into()
        }
    })
}

/// Do the item's fields have the values that they must have to count? One that has no such field counts.
pub(crate) fn is_meant(only: &IndexMap<Arc<str>, Node>, item: &Map<String, Value>, given: &Given) -> bool {
    let differs = |(name, node): (&Arc<str>, &Node)| {
        let meant = filled(node, &Map::new(), given).ok();
        field(item, name).is_some_and(|is| meant.is_some_and(|meant| *is != meant))
    };
    !only.iter().any(differs)
}

/// The fields of the document that parameters name.
pub(crate) fn names(with: &IndexMap<Arc<str>, Node>) -> Vec<&str> {
    fn gather<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
        match &node.value {
            Written::Text(text) => found.extend(text.strip_prefix('$')),
            Written::List(list) => list.items.iter().for_each(|item| gather(item, found)),
            Written::Map(map) => map.entries.values().for_each(|item| gather(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    with.values().for_each(|node| gather(node, &mut found));
    found
}

/// Adds a page to those before it: what the operation lists is one list.
pub(crate) fn add_page(whole: &mut Value, page: Value, operation: &Operation) {
    let Some(pages) = &operation.pages else {
        *whole = page;
        return;
    };
    let mut page = page;
    for path in &pages.results {
        let steps: Vec<&str> = path.split('.').collect();
        let Some(Value::Array(more)) = at_mut(&mut page, &steps).map(Value::take) else { continue };
        match at_mut(whole, &steps) {
            Some(Value::Array(items)) => items.extend(more),
            Some(other) => *other = Value::Array(more),
            None => put(whole, &steps, Value::Array(more)),
        }
    }
    for token in pages.output_tokens.iter().chain(&pages.more) {
        if let Some(members) = whole.as_object_mut() {
            members.shift_remove(token);
        }
    }
}

fn at_mut<'a>(value: &'a mut Value, steps: &[&str]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| value.get_mut(*step))
}

fn put(value: &mut Value, steps: &[&str], what: Value) {
    let Some((last, before)) = steps.split_last() else { return };
    let mut value = value;
    for step in before {
        let Some(members) = value.as_object_mut() else { return };
        value = members.entry(*step).or_insert_with(|| Value::Object(Map::new()));
    }
    if let Some(members) = value.as_object_mut() {
        members.insert((*last).to_owned(), what);
    }
}

/// About how many bytes of memory a value takes.
pub(crate) fn weight(value: &Value) -> usize {
    /// What the allocator keeps with a piece, and what it rounds up.
    const PIECE: usize = 24;
    let own = size_of::<Value>();
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => own,
        Value::String(text) => own + PIECE + text.len(),
        Value::Array(items) => own + PIECE + items.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            // A name, its hash, and its place in the table.
            let entry = |(name, value): (&String, &Value)| {
                size_of::<String>() + 24 + PIECE + name.len() + weight(value)
            };
            own + 2 * PIECE + members.iter().map(entry).sum::<usize>()
        }
    }
}

/// A number that tells one value from another.
pub(crate) fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The beginning of a foreign text of any length.
pub(crate) fn shortened(text: &str) -> Arc<str> {
    const MAX: usize = 300;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_aws::models;
    use serde_json::json;

    fn chain(text: &str) -> Chain {
        let page = format!("- call: a.B\n  in: the account\n  id: Id\n  each: {text}\n");
        let file: Arc<str> = "page".into();
        let collect = palisade_document::Text::whole(&file, &page);
        let attributes = palisade_document::Text::whole(&file, "x: { is: text, live: X, absent: none }");
        let kind = "AWS::A::B".parse().unwrap();
        let (kind, _) = palisade_kinds::parse_kind(kind, "b", None, attributes, Some(collect));
        kind.unwrap().collect[0].each.clone().unwrap()
    }

    #[track_caller]
    fn check(each: &str, keep: &[&str], answer: Value, expected: Value) {
        let id: Arc<str> = "Id".into();
        let keep: Vec<Arc<str>> = keep.iter().map(|name| (*name).into()).collect();
        let parent = json!({"Cluster": "c"});
        let rule = ItemRule { id: Some(&id), keep: &keep, parent: parent.as_object() };
        let found: Vec<Value> = items(&chain(each), &answer, &rule).into_iter().map(Value::Object).collect();
        assert_eq!(Value::from(found), expected);
    }

    #[test]
    fn items_are_found_in_lists_of_lists() {
        check("A", &[], json!({"A": [{"Id": 1}, "b", null]}), json!([{"Id": 1}, {"Id": "b"}]));
        check("A.B", &[], json!({"A": {"B": {"Id": 1}}}), json!([{"Id": 1}]));
        check("A", &[], json!({"B": []}), json!([]));
        let answer = json!({"A": [{"Arn": "x", "B": [{"Id": 1}, {"Id": 2, "Arn": "own"}]}, {"Arn": "y"}]});
        check("A[].B", &["Arn"], answer, json!([{"Id": 1, "Arn": "x"}, {"Id": 2, "Arn": "own"}]));
        check("A + B", &["Cluster"], json!({"B": ["b"]}), json!([{"Id": "b", "Cluster": "c"}]));
    }

    #[test]
    fn what_differs_from_what_it_must_be_is_left_out() {
        let check = |item: Value, expected: bool| {
            let page =
                "- call: a.B\n  in: every region\n  id: Id\n  each: A\n  only: { Home: $Region, On: true }\n";
            let file: Arc<str> = "page".into();
            let attributes = palisade_document::Text::whole(&file, "x: { is: text, live: X, absent: none }");
            let collect = palisade_document::Text::whole(&file, page);
            let kind = "AWS::A::B".parse().unwrap();
            let (kind, _) = palisade_kinds::parse_kind(kind, "b", None, attributes, Some(collect));
            let given = Given { account: "1".into(), region: "eu-west-1".into(), partition: "aws".into() };
            let only = &kind.unwrap().collect[0].only;
            assert_eq!(is_meant(only, item.as_object().unwrap(), &given), expected, "{item}");
        };
        check(json!({"Home": "eu-west-1", "On": true}), true);
        check(json!({"Home": "us-east-1", "On": true}), false);
        check(json!({"Home": "eu-west-1", "On": false}), false);
        check(json!({}), true);
    }

    #[test]
    fn pages_are_put_together() {
        let check = |call: (&str, &str), pages: Vec<Value>, expected: Value| {
            let operation = &models().service(call.0).unwrap().operations[call.1];
            let mut pages = pages.into_iter();
            let mut whole = pages.next().unwrap();
            pages.for_each(|page| add_page(&mut whole, page, operation));
            assert_eq!(whole, expected);
        };
        check(
            ("kms", "ListAliases"),
            vec![json!({"Aliases": [1], "NextMarker": "a", "Truncated": true}), json!({"Aliases": [2]})],
            json!({"Aliases": [1, 2]}),
        );
        check(
            ("cloudfront", "ListDistributions"),
            vec![
                json!({"DistributionList": {"Items": [1]}}),
                json!({"DistributionList": {}}),
                json!({"DistributionList": {"Items": [2]}}),
            ],
            json!({"DistributionList": {"Items": [1, 2]}}),
        );
        check(("sts", "GetCallerIdentity"), vec![json!({"Account": "1"})], json!({"Account": "1"}));
    }
}
