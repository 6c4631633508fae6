//! What a request says: the parameters of its operation, by the names that boto3 has.

use super::cbor::{self, Item};
use super::text::{Moment, of_base64, of_percent, to_base64};
use super::xml::{self, Element};
use crate::http::Request;
use palisade_aws::{Location, Member, Operation, Protocol, Reference, Service, Shape, Structure, To};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Read<T> = Result<T, String>;

const DEPTH_MAX: usize = 64;

/// The parameters of a request, whose path had these labels.
pub fn parameters(
    protocol: Protocol,
    service: &Service,
    operation: &Operation,
    request: &Request,
    labels: &BTreeMap<String, String>,
) -> Read<Value> {
    let Some(input) = &operation.input else { return Ok(json!({})) };
    let Some(structure) = service.structure(input) else { return Ok(json!({})) };
    let reader = Reader { service, is_ec2: protocol == Protocol::Ec2 };
    match protocol {
        Protocol::Json => reader.json(input, &json_of(&request.body)?, 0),
        Protocol::RpcV2Cbor if request.body.is_empty() => Ok(json!({})),
        Protocol::RpcV2Cbor => {
            let item = cbor::read(&request.body).ok_or("the body is no CBOR")?;
            reader.cbor(input, item, 0)
        }
        Protocol::Query | Protocol::Ec2 => {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let fields: BTreeMap<String, String> = (body.split('&').filter(|part| !part.is_empty()))
                .map(|part| {
                    let (name, value) = part.split_once('=').unwrap_or((part, ""));
                    (of_percent(name, true), of_percent(value, true))
                })
                .collect();
            Ok(reader.form(input, &fields, "", 0)?.unwrap_or_else(|| json!({})))
        }
        Protocol::RestJson | Protocol::RestXml => {
            reader.rest((protocol, operation), structure, request, labels)
        }
    }
}

fn json_of(body: &[u8]) -> Read<Value> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))
}

struct Reader<'a> {
    service: &'a Service,
    is_ec2: bool,
}

impl Reader<'_> {
    fn rest(
        &self,
        (protocol, operation): (Protocol, &Operation),
        structure: &Structure,
        request: &Request,
        labels: &BTreeMap<String, String>,
    ) -> Read<Value> {
        let fixed = operation.path.split_once('?').map_or("", |(_, fixed)| fixed);
        let mut all = Map::new();
        for member in &structure.members {
            let (of, wire) = (&member.of, member.wire());
            let value = match of.location {
                Location::Path => match labels.get(wire) {
                    Some(text) => Some(self.scalar(of, text)?),
                    None => None,
                },
                Location::Query => self.query((of, wire), request, structure, fixed)?,
                Location::Header => match request.header(wire) {
                    Some(text) => Some(self.header(of, text)?),
                    None => None,
                },
                Location::Headers => {
                    let named = request.headers.iter().filter_map(|(name, value)| {
                        let (head, rest) = name.split_at_checked(wire.len())?;
                        head.eq_ignore_ascii_case(wire).then(|| (rest.to_owned(), json!(value)))
                    });
                    let named: Map<String, Value> = named.collect();
                    (!named.is_empty()).then_some(Value::Object(named))
                }
                Location::Body | Location::Status => None,
            };
            if let Some(value) = value {
                all.insert(member.name.clone(), value);
            }
        }
        if let Some(bucket) = labels.get("Bucket").filter(|_| has(structure, "Bucket")) {
            all.insert("Bucket".to_owned(), json!(bucket));
        }
        let payload = structure.payload.as_ref();
        match payload.and_then(|name| structure.members.iter().find(|member| member.name == *name)) {
            Some(member) if !request.body.is_empty() => {
                let value = self.payload(protocol, &member.of, &request.body)?;
                all.insert(member.name.clone(), value);
            }
            Some(_) => {}
            None if request.body.is_empty() => {}
            None if protocol == Protocol::RestJson => {
                let body = json_of(&request.body)?;
                all.extend(self.json_members(structure, &body, 0)?);
            }
            None => {
                let text = String::from_utf8_lossy(&request.body);
                let root = xml::read(&text).ok_or("the body is no XML")?;
                all.extend(self.xml_members(structure, &root, 0)?);
            }
        }
        Ok(Value::Object(all))
    }

    fn payload(&self, protocol: Protocol, of: &Reference, body: &[u8]) -> Read<Value> {
        match of.to {
            To::Blob => Ok(json!(to_base64(body))),
            To::String => Ok(json!(String::from_utf8_lossy(body))),
            _ if protocol == Protocol::RestJson => self.json(of, &json_of(body)?, 0),
            _ => {
                let text = String::from_utf8_lossy(body);
                let root = xml::read(&text).ok_or("the body is no XML")?;
                self.xml(of, &[&root], 0)
            }
        }
    }

    fn query(
        &self,
        (of, wire): (&Reference, &str),
        request: &Request,
        structure: &Structure,
        fixed: &str,
    ) -> Read<Option<Value>> {
        let own = || request.query.iter().filter(|(name, _)| name == wire).map(|(_, value)| value.as_str());
        match self.service.shape(of) {
            Some(Shape::List(item)) => {
                let items = own().map(|text| self.scalar(item, text)).collect::<Read<Vec<_>>>()?;
                Ok((!items.is_empty()).then_some(Value::Array(items)))
            }
            // All that no other parameter takes.
            Some(Shape::Map(_, item)) => {
                let is_map = |member: &Member| matches!(self.service.shape(&member.of), Some(Shape::Map(..)));
                let is_taken = |name: &str| {
                    let is_fixed = fixed.split('&').any(|part| part.split('=').next() == Some(name));
                    let mut others =
                        structure.members.iter().filter(|member| member.of.location == Location::Query);
                    is_fixed || others.any(|member| member.wire() == name && !is_map(member))
                };
                let is_list = matches!(self.service.shape(item), Some(Shape::List(_)));
                let mut all = Map::new();
                for (name, value) in request.query.iter().filter(|(name, _)| !is_taken(name)) {
                    match (all.get_mut(name), is_list) {
                        (Some(Value::Array(items)), true) => items.push(json!(value)),
                        (_, true) => {
                            all.insert(name.clone(), json!([value]));
                        }
                        (_, false) => {
                            all.insert(name.clone(), json!(value));
                        }
                    }
                }
                Ok((!all.is_empty()).then_some(Value::Object(all)))
            }
            _ => own().next().map(|text| self.scalar(of, text)).transpose(),
        }
    }

    fn header(&self, of: &Reference, text: &str) -> Read<Value> {
        if of.is_json {
            let bytes = of_base64(text).ok_or("a header is no base64")?;
            return serde_json::from_slice(&bytes).map_err(|error| error.to_string());
        }
        match self.service.shape(of) {
            Some(Shape::List(item)) if item.to == To::Timestamp => {
                // A date of HTTP has a comma of its own.
                let parts: Vec<&str> = text.split(", ").collect();
                let dates = parts.chunks(2).map(|two| self.scalar(item, &two.join(", ")));
                Ok(Value::Array(dates.collect::<Read<_>>()?))
            }
            Some(Shape::List(item)) => Ok(Value::Array(
                listed(text).iter().map(|text| self.scalar(item, text)).collect::<Read<_>>()?,
            )),
            _ => self.scalar(of, text),
        }
    }

    fn scalar(&self, of: &Reference, text: &str) -> Read<Value> {
        let wrong = || format!("`{text}` is no {:?}", of.to);
        Ok(match of.to {
            To::Boolean => json!(text.parse::<bool>().map_err(|_| wrong())?),
            To::Integer | To::Long => json!(text.parse::<i64>().map_err(|_| wrong())?),
            To::Float | To::Double => match text {
                "NaN" | "Infinity" | "-Infinity" => json!(text),
                _ => json!(text.parse::<f64>().map_err(|_| wrong())?),
            },
            To::Timestamp => json!(Moment::of_text(text).ok_or_else(wrong)?.iso("+00:00")),
            _ => json!(text),
        })
    }

    fn json(&self, of: &Reference, value: &Value, depth: usize) -> Read<Value> {
        deep(depth)?;
        Ok(match (self.service.shape(of), value) {
            (Some(Shape::Structure(structure)), value) if structure.is_document => value.clone(),
            (Some(Shape::Structure(structure)), value) => {
                Value::Object(self.json_members(structure, value, depth)?)
            }
            (Some(Shape::List(item)), Value::Array(items)) => Value::Array(
                items.iter().map(|value| self.json(item, value, depth + 1)).collect::<Read<_>>()?,
            ),
            (Some(Shape::Map(_, item)), Value::Object(entries)) => Value::Object(
                (entries.iter())
                    .map(|(name, value)| Ok((name.clone(), self.json(item, value, depth + 1)?)))
                    .collect::<Read<_>>()?,
            ),
            (None, Value::Number(number)) if of.to == To::Timestamp => {
                json!(Moment::of_number(number.as_f64().unwrap_or_default()).iso("+00:00"))
            }
            (None, Value::String(text)) if of.to == To::Timestamp => self.scalar(of, text)?,
            (Some(_), other) => return Err(format!("{other} has another shape than the model says")),
            (None, other) => other.clone(),
        })
    }

    fn json_members(&self, structure: &Structure, value: &Value, depth: usize) -> Read<Map<String, Value>> {
        let Value::Object(entries) = value else { return Err("a structure is no object".to_owned()) };
        let mut all = Map::new();
        for member in structure.members.iter().filter(|member| member.of.location == Location::Body) {
            if let Some(value) = entries.get(member.wire()).filter(|value| !value.is_null()) {
                all.insert(member.name.clone(), self.json(&member.of, value, depth + 1)?);
            }
        }
        Ok(all)
    }

    fn cbor(&self, of: &Reference, item: Item, depth: usize) -> Read<Value> {
        deep(depth)?;
        Ok(match (self.service.shape(of), item) {
            (Some(Shape::Structure(structure)), Item::Map(entries)) => {
                let mut all = Map::new();
                for (name, item) in entries {
                    if let Some(member) = structure.members.iter().find(|member| member.wire() == name) {
                        all.insert(member.name.clone(), self.cbor(&member.of, item, depth + 1)?);
                    }
                }
                Value::Object(all)
            }
            (Some(Shape::List(of)), Item::List(items)) => Value::Array(
                items.into_iter().map(|item| self.cbor(of, item, depth + 1)).collect::<Read<_>>()?,
            ),
            (Some(Shape::Map(_, of)), Item::Map(entries)) => Value::Object(
                (entries.into_iter())
                    .map(|(name, item)| Ok((name, self.cbor(of, item, depth + 1)?)))
                    .collect::<Read<_>>()?,
            ),
            (_, Item::Time(seconds)) => json!(Moment::of_number(seconds).iso("+00:00")),
            (_, Item::Number(number)) if matches!(of.to, To::Float | To::Double) => json!(number as f64),
            (_, Item::Number(number)) => json!(number),
            (_, Item::Float(number)) if number.is_nan() => json!("NaN"),
            (_, Item::Float(number)) if number.is_infinite() => {
                json!(if number > 0.0 { "Infinity" } else { "-Infinity" })
            }
            (_, Item::Float(number)) => json!(number),
            (_, Item::Bytes(bytes)) => json!(to_base64(&bytes)),
            (_, Item::Text(text)) => json!(text),
            (_, Item::Bool(is)) => json!(is),
            (_, Item::Null) => Value::Null,
            (_, other) => return Err(format!("{other:?} has another shape than the model says")),
        })
    }

    /// What the fields say of something whose name in them is `name`; none where they say nothing.
    fn form(
        &self,
        of: &Reference,
        fields: &BTreeMap<String, String>,
        name: &str,
        depth: usize,
    ) -> Read<Option<Value>> {
        deep(depth)?;
        let is_there = |name: &str| {
            let below = format!("{name}.");
            fields.contains_key(name)
                || fields.range(below.clone()..).next().is_some_and(|(key, _)| key.starts_with(&below))
        };
        let numbered = |base: &str, of: &Reference| -> Read<Vec<Value>> {
            let places = (1..).map(|place| format!("{base}.{place}")).take_while(|name| is_there(name));
            places
                .map(|name| Ok(self.form(of, fields, &name, depth + 1)?.unwrap_or_else(|| json!({}))))
                .collect()
        };
        Ok(match self.service.shape(of) {
            Some(Shape::Structure(structure)) => {
                let mut all = Map::new();
                for member in &structure.members {
                    let own = self.form_name(member);
                    let full = if name.is_empty() { own } else { format!("{name}.{own}") };
                    if let Some(value) = self.form(&member.of, fields, &full, depth + 1)? {
                        all.insert(member.name.clone(), value);
                    }
                }
                (!all.is_empty()).then_some(Value::Object(all))
            }
            Some(Shape::List(item)) => {
                let base = if self.is_ec2 {
                    name.to_owned()
                } else if !of.is_flattened {
                    format!("{name}.{}", item.wire.as_deref().unwrap_or("member"))
                } else {
                    match &item.wire {
                        Some(wire) => {
                            let before = name.rsplit_once('.').map(|(before, _)| format!("{before}."));
                            format!("{}{wire}", before.unwrap_or_default())
                        }
                        None => name.to_owned(),
                    }
                };
                let items = numbered(&base, item)?;
                let is_empty = fields.get(name).is_some_and(String::is_empty);
                (!items.is_empty() || is_empty).then_some(Value::Array(items))
            }
            Some(Shape::Map(key, item)) => {
                let base = if of.is_flattened { name.to_owned() } else { format!("{name}.entry") };
                let key = key.wire.as_deref().unwrap_or("key");
                let inner = item.wire.as_deref().unwrap_or("value");
                let mut all = Map::new();
                for place in 1.. {
                    let Some(name) = fields.get(&format!("{base}.{place}.{key}")) else { break };
                    let value = self.form(item, fields, &format!("{base}.{place}.{inner}"), depth + 1)?;
                    all.insert(name.clone(), value.unwrap_or_else(|| json!("")));
                }
                (!all.is_empty()).then_some(Value::Object(all))
            }
            None => fields.get(name).map(|text| self.scalar(of, text)).transpose()?,
        })
    }

    fn form_name(&self, member: &Member) -> String {
        let (of, usual) = (&member.of, member.wire());
        if !self.is_ec2 {
            return usual.to_owned();
        }
        match (&of.query_name, &of.wire) {
            (Some(name), _) => name.clone(),
            (None, None) => member.name.clone(),
            (None, Some(wire)) => {
                let (first, rest) = wire.split_at(1);
                format!("{}{rest}", first.to_ascii_uppercase())
            }
        }
    }

    fn xml(&self, of: &Reference, elements: &[&Element], depth: usize) -> Read<Value> {
        deep(depth)?;
        let Some(first) = elements.first() else { return Ok(Value::Null) };
        Ok(match self.service.shape(of) {
            Some(Shape::Structure(structure)) => Value::Object(self.xml_members(structure, first, depth)?),
            Some(Shape::List(item)) => {
                let items: Vec<&Element> =
                    if of.is_flattened { elements.to_vec() } else { first.children.iter().collect() };
                Value::Array(items.iter().map(|one| self.xml(item, &[one], depth + 1)).collect::<Read<_>>()?)
            }
            Some(Shape::Map(key, item)) => {
                let entries: Vec<&Element> =
                    if of.is_flattened { elements.to_vec() } else { first.children.iter().collect() };
                let mut all = Map::new();
                for entry in entries {
                    let find = |name: &str| entry.children.iter().find(|child| child.name == name);
                    let name = find(key.wire.as_deref().unwrap_or("key")).map(|key| key.text.clone());
                    let value = find(item.wire.as_deref().unwrap_or("value"));
                    if let (Some(name), Some(value)) = (name, value) {
                        all.insert(name, self.xml(item, &[value], depth + 1)?);
                    }
                }
                Value::Object(all)
            }
            None => self.scalar(of, &first.text)?,
        })
    }

    fn xml_members(
        &self,
        structure: &Structure,
        element: &Element,
        depth: usize,
    ) -> Read<Map<String, Value>> {
        let mut all = Map::new();
        for member in structure.members.iter().filter(|member| member.of.location == Location::Body) {
            let wire = member.wire();
            if member.of.is_attribute {
                let name = wire.rsplit(':').next().unwrap_or(wire);
                if let Some((_, text)) = element.attributes.iter().find(|(known, _)| known == name) {
                    all.insert(member.name.clone(), self.scalar(&member.of, text)?);
                }
                continue;
            }
            let found: Vec<&Element> = element.children.iter().filter(|child| child.name == wire).collect();
            if !found.is_empty() {
                all.insert(member.name.clone(), self.xml(&member.of, &found, depth + 1)?);
            }
        }
        Ok(all)
    }
}

fn has(structure: &Structure, name: &str) -> bool {
    structure.members.iter().any(|member| member.name == name)
}

fn deep(depth: usize) -> Read<()> {
    if depth > DEPTH_MAX { Err("the request nests too deep".to_owned()) } else { Ok(()) }
}

/// The items of a header, some of them in quotes.
fn listed(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for letter in text.chars() {
        match (letter, all.last_mut()) {
            ('\\', _) if is_quoted && !is_escaped => {
                is_escaped = true;
                continue;
            }
            ('"', _) if !is_escaped => is_quoted = !is_quoted,
            (',', _) if !is_quoted => all.push(String::new()),
            (letter, Some(last)) => last.push(letter),
            _ => {}
        }
        is_escaped = false;
    }
    all.iter().map(|item| item.trim().to_owned()).collect()
}
