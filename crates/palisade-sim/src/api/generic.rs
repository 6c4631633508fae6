//! Answers to the calls of the kinds' `collect` blocks: what a kind says is read, the other way round.

use super::pages::{mark, page};
use super::refusal::{self, Refusal};
use super::shape;
use super::world::{Place, World};
use palisade_aws::{Ask, Operation, Reference, Service, Shape, To};
use palisade_kinds::{Collect, Kind, Kinds, Scope};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// What one call of a kind's block is, ready to be answered.
#[derive(Debug)]
struct Answerer {
    kind: String,
    /// Does it list the resources of its kind?
    lists: bool,
    scope: Option<Scope>,
    with: Vec<(String, Value)>,
    /// The way to the items: names, and whether each of a list is meant.
    each: Vec<(String, bool)>,
    id: Vec<String>,
    into: Option<String>,
    /// All fields that hold answers of other calls.
    parts: Vec<String>,
    none_when: Option<String>,
    is_global: bool,
    /// Is there just one resource of the kind in each place, whatever it is?
    is_single: bool,
}

/// Which calls the kinds make.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    by_call: HashMap<(String, String), Vec<Answerer>>,
}

impl Calls {
    pub(crate) fn of(kinds: &Kinds) -> Self {
        let mut calls = Self::default();
        for kind in kinds.iter() {
            for (place, collect) in kind.collect.iter().enumerate() {
                let key = (collect.service.to_string(), collect.operation.to_string());
                calls.by_call.entry(key).or_default().push(answerer(kind, collect, place == 0));
            }
        }
        calls
    }

    /// The services and operations that are known from the kinds.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_call.keys().map(|(service, operation)| (service.as_str(), operation.as_str()))
    }
}

fn answerer(kind: &Kind, collect: &Collect, lists: bool) -> Answerer {
    let path = collect.each.as_ref().and_then(|chain| chain.0.first());
    let each = path.into_iter().flat_map(|path| &path.steps).map(|step| (step.name.to_string(), step.each));
    Answerer {
        kind: kind.kind.to_string(),
        lists,
        scope: collect.scope,
        with: collect.with.iter().map(|(name, node)| (name.to_string(), node.value.to_json())).collect(),
        each: each.collect(),
        id: collect.id.iter().map(ToString::to_string).collect(),
        into: collect.into.as_ref().map(ToString::to_string),
        parts: kind.collect.iter().filter_map(|other| other.into.as_ref()).map(ToString::to_string).collect(),
        none_when: collect.none_when.first().map(ToString::to_string),
        is_single: kind.collect.first().is_some_and(|first| first.each.is_none()),
        is_global: kind.collect.first().is_some_and(|first| is_global(first.scope)),
    }
}

fn is_global(scope: Option<Scope>) -> bool {
    matches!(scope, Some(Scope::Account | Scope::Organisation))
}

/// What is asked of the world.
pub(crate) struct Asked<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) service: &'a Service,
    pub(crate) operation: &'a Operation,
    pub(crate) place: Place,
    pub(crate) now: Duration,
    pub(crate) key: u64,
}

/// The answer, as far as a kind knows the call.
pub(crate) fn answer(calls: &Calls, world: &mut World, asked: &Asked<'_>) -> Option<Result<Value, Refusal>> {
    let key = (asked.ask.service.to_string(), asked.ask.operation.to_string());
    let answerers = calls.by_call.get(&key)?;
    let mut listing = answerers.iter().filter(|answerer| answerer.lists);
    if let Some((answerer, fields)) =
        listing.find_map(|one| Some((one, bind(&one.with, &asked.ask.parameters)?)))
    {
        return Some(list(answerer, world, asked, fields.into_iter().next().unwrap_or_default()));
    }
    let mut refusal = None;
    for answerer in answerers.iter().filter(|answerer| !answerer.lists) {
        let Some(all) = bind(&answerer.with, &asked.ask.parameters) else { continue };
        let place = if answerer.is_global { Place { region: None, ..asked.place } } else { asked.place };
        let mut known: Vec<Value> = (all.iter())
            .filter_map(|fields| world.find(place, &answerer.kind, fields, asked.now))
            .map(|(_, document)| document)
            .collect();
        match known.as_mut_slice() {
            [] if answerer.is_single => return Some(part(answerer, asked, &mut json!({}))),
            [] => refusal = Some(refusal::absent(asked.service, asked.operation, &asked.ask.parameters)),
            [document] => return Some(part(answerer, asked, document)),
            many => return Some(Ok(batch(answerer, asked, many))),
        }
    }
    // A listing call without the parameters that the kinds give lists all the same.
    match answerers.iter().find(|answerer| answerer.lists) {
        Some(answerer) => Some(list(answerer, world, asked, Vec::new())),
        None => refusal.map(Err),
    }
}

/// The answer about several: the lists of each, one after the other.
fn batch(answerer: &Answerer, asked: &Asked<'_>, documents: &mut [Value]) -> Value {
    let mut whole = json!({});
    for document in documents {
        let Some(Ok(answer)) = Some(part(answerer, asked, document)) else { continue };
        for (name, value) in answer.as_object().into_iter().flatten() {
            match (&mut whole[name.as_str()], value) {
                (Value::Array(all), Value::Array(items)) => all.extend(items.iter().cloned()),
                (there, value) => *there = value.clone(),
            }
        }
    }
    shape::whole(asked.service, asked.operation, whole)
}

fn part(answerer: &Answerer, asked: &Asked<'_>, document: &mut Value) -> Result<Value, Refusal> {
    // S3 answers for a bucket only where the bucket is.
    if let (Some(home), "s3") = (document["BucketRegion"].as_str(), asked.service.name.as_str())
        && home != asked.ask.region.as_str()
    {
        let (region, message) = (&asked.ask.region, "The authorization header is malformed");
        let message = format!("{message}; the region '{region}' is wrong; expecting '{home}'");
        return Err(Refusal::new(400, "AuthorizationHeaderMalformed", message));
    }
    let told = answerer.into.as_ref().and_then(|into| document.as_object_mut()?.shift_remove(into));
    match (told, &answerer.none_when) {
        (Some(told), _) => Ok(shape::whole(asked.service, asked.operation, told)),
        (None, Some(code)) => {
            let status = if asked.service.name == "kms" { 400 } else { 404 };
            Err(Refusal::new(status, code.clone(), "there is none"))
        }
        (None, None) => Ok(shape::whole(asked.service, asked.operation, json!({}))),
    }
}

/// The resources of a kind; of the things of another kind only that with these fields has any.
fn list(
    answerer: &Answerer,
    world: &mut World,
    asked: &Asked<'_>,
    fields: Vec<(String, Value)>,
) -> Result<Value, Refusal> {
    let place = if is_global(answerer.scope) { Place { region: None, ..asked.place } } else { asked.place };
    if answerer.each.is_empty() {
        let (first, end) = (0, world.count(place, &answerer.kind, asked.now).min(1));
        let known = world.range(place, &answerer.kind, (first, end), asked.now).into_iter().next();
        return part(answerer, asked, &mut known.map(|(_, document)| document).unwrap_or_default());
    }
    let count = world.count(place, &answerer.kind, asked.now);
    let (service, operation) = (asked.service, asked.operation);
    let page = page(service, operation, &asked.ask.parameters, asked.key, count)
        .map_err(|_| refusal::bad_token(service))?;
    let known = world.range(place, &answerer.kind, (page.first, page.end), asked.now).into_iter();
    let known =
        known.filter(|(_, document)| fields.iter().all(|(name, value)| document[name.as_str()] == *value));
    let items = known.map(|(_, mut document)| {
        if let Some(entries) = document.as_object_mut() {
            for part in &answerer.parts {
                entries.shift_remove(part);
            }
        }
        document
    });
    let mut answer = match place_items(answerer, service, operation, items.collect()) {
        Some(answer) => answer,
        None => match &answerer.none_when {
            Some(code) => return Err(Refusal::new(404, code.clone(), "there is none")),
            None => empty(service, operation),
        },
    };
    mark(operation, &mut answer, asked.key, page, count);
    Ok(shape::whole(service, operation, answer))
}

/// Puts items where the path says that they stand; none where the answer is a single thing that is not there.
fn place_items(
    answerer: &Answerer,
    service: &Service,
    operation: &Operation,
    items: Vec<Value>,
) -> Option<Value> {
    let output = operation.output.as_ref()?;
    let (last, before) = answerer.each.split_last()?;
    // What the items are: texts, structures, or the one structure itself.
    let mut of: &Reference = output;
    for (name, _) in &answerer.each {
        if let Some(Shape::List(item)) = service.shape(of) {
            of = item;
        }
        let structure = service.structure(of)?;
        of = &structure.members.iter().find(|member| member.name == *name)?.of;
    }
    let of_list = match service.shape(of) {
        Some(Shape::List(item)) => Some(item),
        _ => None,
    };
    let Some(item) = of_list else {
        return items.into_iter().next().map(|one| json!({ last.0.as_str(): one }));
    };
    let is_text = service.shape(item).is_none() && item.to == To::String;
    let own = |document: Value| match (is_text, answerer.id.first()) {
        (true, Some(id)) => document.get(id).cloned().unwrap_or_default(),
        _ => document,
    };
    let wrap = |names: &[(String, bool)], inside: Value| {
        names.iter().rev().fold(inside, |inside, (name, each)| {
            let inside = if *each { json!([inside]) } else { inside };
            json!({ name.as_str(): inside })
        })
    };
    match before.iter().position(|(_, each)| *each) {
        // Each item is in a list of its own, as an instance is in its reservation.
        Some(place) => {
            let (head, tail) = (&before[..=place], &before[place + 1..]);
            let outer: Vec<Value> = items
                .into_iter()
                .map(|document| {
                    let beside = beside(&document);
                    let mut one = wrap(tail, json!({ last.0.as_str(): [own(document)] }));
                    if let (Some(entries), Value::Object(beside)) = (one.as_object_mut(), beside) {
                        entries.extend(beside);
                    }
                    one
                })
                .collect();
            let (first, names) = head.split_last()?;
            Some(wrap(names, json!({ first.0.as_str(): outer })))
        }
        None => {
            let all: Vec<Value> = items.into_iter().map(own).collect();
            let count = all.len();
            let mut answer = wrap(before, json!({ last.0.as_str(): all }));
            // CloudFront's lists say how many they hold.
            if let Some((list, _)) = before.last()
                && let Some(entries) = answer.get_mut(list).and_then(Value::as_object_mut)
            {
                entries.insert("Quantity".to_owned(), json!(count));
            }
            Some(answer)
        }
    }
}

/// What a reservation says of its instance.
fn beside(document: &Value) -> Value {
    let Some(id) = document["InstanceId"].as_str() else { return Value::Null };
    let account = document["IamInstanceProfile"]["Arn"].as_str().and_then(|arn| arn.split(':').nth(4));
    json!({ "ReservationId": id.replacen("i-", "r-", 1), "OwnerId": account, "Groups": [] })
}

/// The values of the fields that the parameters name, where all else is as the kind gives it; of a list of one field, a
/// set for each item.
fn bind(with: &[(String, Value)], asked: &Value) -> Option<Vec<Vec<(String, Value)>>> {
    let mut all = vec![Vec::new()];
    let fits = with.iter().all(|(name, wanted)| match asked.get(name) {
        Some(told) => fit(wanted, told, &mut all),
        None => false,
    });
    fits.then_some(all)
}

/// What is there for every call, whatever the resource.
const OF_THE_CALL: [&str; 3] = ["$AccountId", "$Region", "$Partition"];

fn fit(wanted: &Value, told: &Value, all: &mut Vec<Vec<(String, Value)>>) -> bool {
    match (wanted, told) {
        (Value::String(name), told) if name.starts_with('$') => {
            if !OF_THE_CALL.contains(&name.as_str()) {
                all.iter_mut().for_each(|fields| fields.push((name[1..].to_owned(), told.clone())));
            }
            true
        }
        (Value::Array(wanted), Value::Array(told)) => match wanted.as_slice() {
            [Value::String(name)] if name.starts_with('$') && told.len() > 1 => {
                let before = std::mem::take(all);
                for value in told {
                    all.extend(before.iter().map(|fields| {
                        let mut fields = fields.clone();
                        fields.push((name[1..].to_owned(), value.clone()));
                        fields
                    }));
                }
                true
            }
            wanted => {
                wanted.len() == told.len()
                    && wanted.iter().zip(told).all(|(wanted, told)| fit(wanted, told, all))
            }
        },
        (Value::Object(wanted), Value::Object(told)) => {
            wanted.iter().all(|(name, wanted)| told.get(name).is_some_and(|told| fit(wanted, told, all)))
        }
        (Value::Number(_), Value::Number(_)) => true,
        (wanted, told) => wanted == told,
    }
}

/// An operation that nobody plants anything for: nothing is there.
pub(crate) fn empty(service: &Service, operation: &Operation) -> Value {
    let mut answer = Map::new();
    let output = operation.output.as_ref().and_then(|output| service.structure(output));
    for member in output.into_iter().flat_map(|structure| &structure.members) {
        if matches!(service.shape(&member.of), Some(Shape::List(_))) {
            answer.insert(member.name.clone(), json!([]));
        }
    }
    shape::whole(service, operation, Value::Object(answer))
}
