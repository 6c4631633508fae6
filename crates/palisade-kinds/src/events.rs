//! Which management events a CloudTrail trail records, from its event selectors, simple or advanced.

use palisade_model::{Node, Unknown, Value, Why};
use std::sync::Arc;

/// What is recorded, as far as it is known: reads and writes, each certainly or perhaps.
#[derive(Default)]
struct Recorded {
    reads: bool,
    writes: bool,
    open: Option<Unknown>,
}

/// `all`, `read`, `write` or `none`.
pub(crate) fn management_events(selectors: &Node) -> Result<Value, String> {
    let Value::List(list) = &selectors.value else {
        return Err("a list of event selectors is expected".into());
    };
    let mut recorded = Recorded { open: list.more.clone(), ..Recorded::default() };
    for selector in &list.items {
        match &selector.value {
            Value::Map(_) => recorded.add(selector),
            Value::Unknown(unknown) => recorded.open = Some(unknown.clone()),
            _ => return Err("an event selector must be a map".into()),
        }
    }
    Ok(match (recorded.reads, recorded.writes, recorded.open) {
        (true, true, _) => Value::text("all"),
        (_, _, Some(open)) => Value::Unknown(Unknown { why: open.why, hint: Default::default() }),
        (true, false, None) => Value::text("read"),
        (false, true, None) => Value::text("write"),
        (false, false, None) => Value::text("none"),
    })
}

impl Recorded {
    fn add(&mut self, selector: &Node) {
        match given(selector, ["FieldSelectors", "field_selector"]) {
            Some(fields) => self.add_advanced(fields),
            None => self.add_simple(selector),
        }
    }

    fn add_simple(&mut self, selector: &Node) {
        match given(selector, ["IncludeManagementEvents", "include_management_events"]).map(truth) {
            Some(Ok(false)) => return,
            Some(Err(unknown)) => {
                self.open = Some(unknown);
                return;
            }
            Some(Ok(true)) | None => {}
        }
        match given(selector, ["ReadWriteType", "read_write_type"]).map(|node| &node.value) {
            None => self.record(true, true),
            Some(Value::Text(text)) => match text.as_ref() {
                "ReadOnly" => self.record(true, false),
                "WriteOnly" => self.record(false, true),
                "All" => self.record(true, true),
                other => self.open = Some(unreadable(format!("`{other}` is not a read-write type"))),
            },
            Some(Value::Unknown(unknown)) => self.open = Some(unknown.clone()),
            Some(_) => self.open = Some(unreadable("the read-write type is no text".into())),
        }
    }

    fn add_advanced(&mut self, fields: &Node) {
        let Value::List(list) = &fields.value else {
            self.open = Some(unreadable("the field selectors are no list".into()));
            return;
        };
        let (mut is_management, mut read_only) = (false, None);
        for field in &list.items {
            let name = given(field, ["Field", "field"]).map(|node| &node.value);
            let values = given(field, ["Equals", "equals"]);
            match (name, values) {
                (Some(Value::Text(name)), Some(values)) if name.as_ref() == "eventCategory" => {
                    match texts(values) {
                        Ok(values) => {
                            is_management |= values.iter().any(|text| text.as_ref() == "Management")
                        }
                        Err(unknown) => self.open = Some(unknown),
                    }
                }
                (Some(Value::Text(name)), Some(values)) if name.as_ref() == "readOnly" => match texts(values)
                {
                    Ok(values) => read_only = Some(values),
                    Err(unknown) => {
                        self.open = Some(unknown);
                        return;
                    }
                },
                (Some(Value::Unknown(unknown)), _) => self.open = Some(unknown.clone()),
                _ => {}
            }
        }
        if let Some(more) = &list.more {
            self.open = Some(more.clone());
            return;
        }
        if is_management {
            let has = |word: &str| {
                let given = read_only.as_ref();
                given.is_none_or(|values| values.iter().any(|text| text.eq_ignore_ascii_case(word)))
            };
            self.record(has("true"), has("false"));
        }
    }

    fn record(&mut self, reads: bool, writes: bool) {
        self.reads |= reads;
        self.writes |= writes;
    }
}

/// The field by either of its spellings, unless it is null.
fn given<'a>(node: &'a Node, names: [&str; 2]) -> Option<&'a Node> {
    let found = names.iter().find_map(|name| node.get(name));
    found.filter(|node| node.value != Value::Null)
}

fn truth(node: &Node) -> Result<bool, Unknown> {
    match &node.value {
        Value::Bool(bool) => Ok(*bool),
        Value::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Value::Unknown(unknown) => Err(unknown.clone()),
        _ => Err(unreadable("true or false is expected".into())),
    }
}

fn texts(node: &Node) -> Result<Vec<Arc<str>>, Unknown> {
    let one = |node: &Node| match &node.value {
        Value::Unknown(unknown) => Err(unknown.clone()),
        other => crate::coerce::text(other).map_err(unreadable),
    };
    match &node.value {
        Value::List(list) => match &list.more {
            Some(more) => Err(more.clone()),
            None => list.items.iter().map(one).collect(),
        },
        _ => one(node).map(|text| vec![text]),
    }
}

fn unreadable(message: String) -> Unknown {
    Why::Unreadable(message.into()).into()
}
