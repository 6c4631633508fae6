//! Which resources belong to which: a public access block to its bucket, a rule to its security group.
//!
//! Every resource of a joined type is looked at once per join, and found again by its owner's index, so that
//! thousands of buckets with thousands of blocks cost what their number is.

use crate::grammar::{Is, Join, Kind, SourcePath};
use crate::kinds::Kinds;
use crate::read::{Found, body, walk};
use indexmap::IndexMap;
use palisade_model::{Existence, RawResource, Reference, Shape, Source, Unknown, Value, Why};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A chain of references is followed this far: a policy may name its bucket by way of the bucket's other parts.
const MAX_CHASE: usize = 4;

/// All that was read, and who belongs to whom.
pub(crate) struct World<'a> {
    pub raw: &'a [RawResource],
    pub kinds: Vec<Option<&'a Kind>>,
    by_name: HashMap<(&'a str, &'a str), Vec<usize>>,
    by_base: HashMap<(&'a str, String), Vec<usize>>,
    by_type: HashMap<(Source, &'a str), Vec<usize>>,
    own_names: HashMap<(&'a str, &'a str, Arc<str>), Vec<usize>>,
    /// Those one of whose own names isn't known.
    has_open_name: Vec<bool>,
    joins: HashMap<JoinKey<'a>, Joined<'a>>,
    /// What stands in for the owners that are not declared.
    pub stand_ins: Vec<StandIn<'a>>,
}

/// Stands in for an owner that is not declared: the parts of it that are, each with the join that makes it one.
pub(crate) struct StandIn<'a> {
    pub kind: &'a Kind,
    /// The part whose place it takes.
    pub at: usize,
    pub parts: Vec<(usize, &'a Join)>,
}

/// How a part names an owner that may not be declared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Outsider {
    /// By this text, reference or variable; parts that say the same mean the same.
    Named(String),
    /// In a way that may mean another for each part.
    Of(usize),
}

type JoinKey<'a> = (&'a str, Source, &'a [Arc<str>], &'a Join);

/// Who belongs to whom by one join.
#[derive(Default)]
struct Joined<'a> {
    certain: HashMap<usize, Vec<usize>>,
    may: HashMap<usize, usize>,
    /// To any instance of what is declared at an address without its index.
    may_base: HashMap<(&'a str, String), usize>,
    /// To any resource of a root.
    any: HashMap<&'a str, usize>,
    /// To any resource of a root whose own name isn't known.
    any_open: HashMap<&'a str, usize>,
    /// Those that name an owner that is not certainly declared.
    outside: Vec<(Outsider, usize)>,
}

/// What belongs to a resource by one join.
pub(crate) struct Belonging<'w> {
    /// These certainly do, if they exist.
    pub certain: &'w [usize],
    /// This one may, and perhaps others like it.
    pub may: Option<usize>,
}

impl<'a> World<'a> {
    pub(crate) fn new(raw: &'a [RawResource], kinds: &'a Kinds) -> Self {
        let mut world = Self {
            raw,
            kinds: raw.iter().map(|raw| kinds.of_source_type(raw.source, &raw.source_type)).collect(),
            by_name: HashMap::new(),
            by_base: HashMap::new(),
            by_type: HashMap::new(),
            own_names: HashMap::new(),
            has_open_name: vec![false; raw.len()],
            joins: HashMap::new(),
            stand_ins: Vec::new(),
        };
        world.index_addresses();
        world.index_names();
        let mut joins = HashMap::new();
        for kind in kinds.iter() {
            for (source, path, join) in joins_of(kind) {
                let key = (kind.kind.as_str(), source, path.types.as_slice(), join);
                joins.entry(key).or_insert_with(|| world.joined(kind, source, path, join));
            }
        }
        world.joins = joins;
        world.stand_ins = world.stand_ins(kinds);
        world
    }

    /// Gathers the parts that name the same undeclared owner.
    fn stand_ins(&self, kinds: &'a Kinds) -> Vec<StandIn<'a>> {
        let mut all: IndexMap<(&str, Source, &str, &Outsider), StandIn<'a>> = IndexMap::new();
        for kind in kinds.iter() {
            let mut seen = HashSet::new();
            for (source, path, join) in joins_of(kind) {
                let key = (kind.kind.as_str(), source, path.types.as_slice(), join);
                let outside = self.joins.get(&key).map(|joined| joined.outside.as_slice());
                for (owner, index) in outside.unwrap_or_default() {
                    if !seen.insert((owner, *index, join)) {
                        continue;
                    }
                    let root = self.raw[*index].address.root.as_ref();
                    let of = (kind.kind.as_str(), source, root, owner);
                    let stand_in = all.entry(of).or_insert(StandIn { kind, at: *index, parts: Vec::new() });
                    stand_in.parts.push((*index, join));
                }
            }
        }
        let mut all: Vec<StandIn<'a>> = all.into_values().collect();
        for stand_in in &mut all {
            // Reordered files keep the order and the place, and with it the fingerprint of what is found there.
            stand_in.parts.sort_by_key(|(index, _)| (&self.raw[*index].address.name, *index));
            let place = |index: &usize| {
                let raw = &self.raw[*index];
                (raw.existence != Existence::Yes, &raw.address.name, *index)
            };
            let indexes = stand_in.parts.iter().map(|(index, _)| *index);
            stand_in.at = indexes.min_by_key(place).unwrap_or(stand_in.at);
        }
        all.sort_by_key(|stand_in| stand_in.at);
        all
    }

    /// Those of these types in a root.
    pub(crate) fn of_types<'w>(
        &'w self,
        source: Source,
        types: &'w [Arc<str>],
        root: &'w str,
    ) -> impl Iterator<Item = &'a RawResource> + 'w {
        let indexes = types.iter().filter_map(move |name| self.by_type.get(&(source, name.as_ref())));
        let raw = indexes.flatten().map(|index| &self.raw[*index]);
        raw.filter(move |raw| raw.address.root.as_ref() == root)
    }

    /// What belongs to `owner` by the join of this path.
    pub(crate) fn belonging<'w>(
        &'w self,
        owner: usize,
        path: &'w SourcePath,
        join: &'w Join,
    ) -> Belonging<'w> {
        let none = Belonging { certain: &[], may: None };
        let (Some(raw), Some(Some(kind))) = (self.raw.get(owner), self.kinds.get(owner)) else {
            return none;
        };
        let key = (kind.kind.as_str(), raw.source, path.types.as_slice(), join);
        let Some(joined) = self.joins.get(&key) else {
            return none;
        };
        let root = raw.address.root.as_ref();
        let open = || {
            if self.has_open_name[owner] { joined.any_open.get(root) } else { None }
        };
        let base = || match joined.may_base.is_empty() {
            true => None,
            false => joined.may_base.get(&(root, without_indexes(&raw.address.name))),
        };
        let may = joined.may.get(&owner).or_else(|| joined.any.get(root));
        Belonging {
            certain: joined.certain.get(&owner).map_or(&[], Vec::as_slice),
            may: may.or_else(open).or_else(base).copied(),
        }
    }

    fn index_addresses(&mut self) {
        for (index, raw) in self.raw.iter().enumerate() {
            let root = raw.address.root.as_ref();
            let name = raw.address.name.as_ref();
            self.by_name.entry((root, name)).or_default().push(index);
            self.by_type.entry((raw.source, raw.source_type.as_ref())).or_default().push(index);
            if raw.source == Source::Terraform {
                let base = (root, without_indexes(name));
                self.by_base.entry(base).or_default().push(index);
            }
        }
    }

    fn index_names(&mut self) {
        let raw = self.raw;
        for (index, raw) in raw.iter().enumerate() {
            let Some(kind) = self.kinds[index] else {
                continue;
            };
            let rules = kind.attributes.values().filter(|rule| rule.is == Is::Name);
            for path in rules.flat_map(|rule| rule.paths(raw.source)).flat_map(|chain| &chain.0) {
                if path.join.is_some() || !(path.types.is_empty() || path.types.contains(&raw.source_type)) {
                    continue;
                }
                let mut found = Found::default();
                walk(body(raw), &path.steps, &mut found);
                self.has_open_name[index] |= found.more.is_some();
                for node in found.items {
                    match node.value {
                        Value::Text(text) => {
                            let key = (kind.kind.as_str(), raw.address.root.as_ref(), text);
                            self.own_names.entry(key).or_default().push(index);
                        }
                        Value::Unknown(_) => self.has_open_name[index] = true,
                        _ => {}
                    }
                }
            }
        }
    }

    fn joined(&self, kind: &'a Kind, source: Source, path: &SourcePath, join: &Join) -> Joined<'a> {
        let mut joined = Joined::default();
        for name in &path.types {
            let candidates = self.by_type.get(&(source, name.as_ref()));
            for &index in candidates.into_iter().flatten() {
                let raw = &self.raw[index];
                if matches!(raw.existence, Existence::No(_)) || !has_values(raw, join) {
                    continue;
                }
                let claim = Claim { world: self, kind, index };
                claim.settle(join, index, 0, &mut joined);
            }
        }
        joined
    }

    /// Those that the reference may mean, and whether it is certain that it means them.
    pub(crate) fn named(&self, root: &'a str, address: &str) -> (Vec<usize>, bool) {
        if let Some(exact) = self.by_name.get(&(root, address)) {
            return (exact.clone(), true);
        }
        let base = without_indexes(address);
        let has_index = base != address;
        let Some(instances) = self.by_base.get(&(root, base.clone())) else {
            return (Vec::new(), false);
        };
        // An address without index stands for all instances; one with index may mean what was declared without.
        let fits = |index: &&usize| !has_index || self.raw[**index].address.name.as_ref() == base;
        let fitting: Vec<usize> = instances.iter().filter(fits).copied().collect();
        let is_certain = fitting.len() == 1;
        (fitting, is_certain)
    }
}

/// The question to whom one resource belongs.
struct Claim<'w, 'a> {
    world: &'w World<'a>,
    kind: &'a Kind,
    index: usize,
}

impl<'a> Claim<'_, 'a> {
    fn root(&self) -> &'a str {
        self.world.raw[self.index].address.root.as_ref()
    }

    /// Reads the joining argument of `at` (the resource itself, or one that it refers to) and notes whom it names.
    fn settle(&self, join: &Join, at: usize, depth: usize, joined: &mut Joined<'a>) {
        let raw = &self.world.raw[at];
        for argument in &join.arguments {
            let mut found = Found::default();
            walk(body(raw), argument, &mut found);
            let is_given = !found.items.is_empty() || found.more.is_some();
            for node in &found.items {
                match &node.value {
                    Value::Text(text) => self.settle_text(text, joined),
                    Value::Unknown(unknown) => self.settle_unknown(unknown, depth, joined),
                    Value::List(list) => {
                        list.items.iter().for_each(|item| match &item.value {
                            Value::Text(text) => self.settle_text(text, joined),
                            Value::Unknown(unknown) => self.settle_unknown(unknown, depth, joined),
                            _ => {}
                        });
                        if let Some(more) = &list.more {
                            self.settle_unknown(more, depth, joined);
                        }
                    }
                    _ => {}
                }
            }
            if let Some((more, _)) = &found.more {
                self.settle_unknown(more, depth, joined);
            }
            if is_given {
                return;
            }
        }
    }

    fn settle_text(&self, text: &Arc<str>, joined: &mut Joined<'a>) {
        if text.is_empty() {
            return;
        }
        let named = |text: &str| {
            let key = (self.kind.kind.as_str(), self.root(), Arc::from(text));
            self.world.own_names.get(&key)
        };
        match named(text).map(Vec::as_slice) {
            Some([owner]) => return self.certainly(*owner, joined),
            Some(owners) => {
                self.outside(Outsider::Of(self.index), joined);
                return self.perhaps(owners, joined);
            }
            None => {}
        }
        self.outside(Outsider::Named(without_arn(text).into()), joined);
        if is_elsewhere(text) {
            return;
        }
        // An ARN or URL of something of that name, perhaps in another account or region.
        let tail = text.rsplit(['/', ':']).next().unwrap_or_default();
        if tail.len() < text.len()
            && let Some(owners) = named(tail)
        {
            return self.perhaps(owners, joined);
        }
        joined.any_open.entry(self.root()).or_insert(self.index);
    }

    fn settle_unknown(&self, unknown: &Unknown, depth: usize, joined: &mut Joined<'a>) {
        let raw = &self.world.raw[self.index];
        let references = unknown.hint.refers_to.as_slice();
        match (raw.source, references, &unknown.why) {
            // Data that is looked up is of what exists already: nothing that is declared here.
            (Source::Terraform, [], Why::AfterApply(what)) if what.starts_with("data.") => {
                self.outside(self.outsider(unknown), joined);
            }
            (_, [], _) => self.any(unknown, joined),
            // Terraform's references all mean the same value: what it refers to, and what that refers to.
            (Source::Terraform, references, _) => {
                let is_list = unknown.hint.shape == Some(Shape::List);
                let mut outcomes = references
                    .iter()
                    .map(|reference| self.settle_reference(reference, is_list, depth, joined));
                let is_open = outcomes.try_fold(false, |is_open, outcome| match outcome {
                    Outcome::Settled => Err(()),
                    Outcome::Open => Ok(true),
                    Outcome::Elsewhere => Ok(is_open),
                });
                match is_open {
                    Ok(true) => self.any(unknown, joined),
                    Ok(false) => self.outside(self.outsider(unknown), joined),
                    Err(()) => {}
                }
            }
            // A template's may be parts of a text, or alternatives.
            (_, [reference], Why::AfterApply(_)) => {
                match self.settle_reference(reference, false, depth, joined) {
                    Outcome::Open => self.any(unknown, joined),
                    Outcome::Elsewhere => self.outside(self.outsider(unknown), joined),
                    Outcome::Settled => {}
                }
            }
            _ => self.any(unknown, joined),
        }
    }

    fn settle_reference(
        &self,
        reference: &Reference,
        is_list: bool,
        depth: usize,
        joined: &mut Joined<'a>,
    ) -> Outcome {
        let (named, is_certain) = self.world.named(self.root(), &reference.address);
        if named.is_empty() {
            return match is_open(self.world.raw[self.index].source, &reference.address) {
                true => Outcome::Open,
                false => Outcome::Elsewhere,
            };
        }
        let is_ours = |index: &usize| {
            let kind = self.world.kinds[*index];
            kind.is_some_and(|kind| kind.kind == self.kind.kind)
        };
        if named.iter().all(is_ours) {
            if is_certain || is_list {
                named.into_iter().for_each(|owner| self.certainly(owner, joined));
            } else {
                let base = (self.root(), without_indexes(&reference.address));
                self.outside(Outsider::Named(reference.to_string()), joined);
                joined.may_base.entry(base).or_insert(self.index);
            }
            return Outcome::Settled;
        }
        let mut outcome = Outcome::Elsewhere;
        if depth < MAX_CHASE {
            for at in named {
                if self.chase(at, reference, depth, joined) {
                    outcome = Outcome::Settled;
                }
            }
        }
        outcome
    }

    /// `bucket = aws_s3_bucket_versioning.v.bucket` names the bucket that the versioning belongs to.
    fn chase(&self, at: usize, reference: &Reference, depth: usize, joined: &mut Joined<'a>) -> bool {
        let raw = &self.world.raw[at];
        let joins = joins_of(self.kind)
            .filter(|(source, path, _)| *source == raw.source && path.types.contains(&raw.source_type));
        for (_, _, join) in joins {
            let passes_on = match reference.attribute.as_deref() {
                None | Some("id") => true,
                Some(attribute) => {
                    let mut arguments = join.arguments.iter();
                    arguments
                        .any(|steps| matches!(steps.as_slice(), [step] if step.name.as_ref() == attribute))
                }
            };
            if passes_on {
                self.settle(join, at, depth + 1, joined);
                return true;
            }
        }
        false
    }

    fn certainly(&self, owner: usize, joined: &mut Joined<'a>) {
        let belonging = joined.certain.entry(owner).or_default();
        if belonging.last() != Some(&self.index) {
            belonging.push(self.index);
        }
    }

    /// One reason is enough, so that those of one name are gone through only once.
    fn perhaps(&self, owners: &[usize], joined: &mut Joined<'a>) {
        let is_noted = owners.first().is_some_and(|owner| joined.may.contains_key(owner));
        if !is_noted {
            joined.may.extend(owners.iter().map(|owner| (*owner, self.index)));
        }
    }

    fn any(&self, unknown: &Unknown, joined: &mut Joined<'a>) {
        self.outside(self.outsider(unknown), joined);
        joined.any.entry(self.root()).or_insert(self.index);
    }

    fn outside(&self, owner: Outsider, joined: &mut Joined<'a>) {
        joined.outside.push((owner, self.index));
    }

    /// Which parts name the same owner by what is unknown? Those with the same reference, or the same words in one module.
    fn outsider(&self, unknown: &Unknown) -> Outsider {
        if let Some(reference) = unknown.hint.refers_to.last() {
            let is_data = reference.address.split('.').any(|step| step == "data");
            return Outsider::Named(match is_data {
                // Its id, name and ARN all mean the one thing that is looked up.
                true => reference.address.to_string(),
                false => reference.to_string(),
            });
        }
        let varies = |text: &str| ["each.", "count.", "self."].iter().any(|word| text.contains(word));
        match &unknown.why {
            Why::NoValue(text) | Why::AfterApply(text) | Why::NotEvaluated(text) if !varies(text) => {
                let raw = &self.world.raw[self.index];
                let own = format!("{}.", raw.source_type);
                let module = raw.address.name.rsplit_once(&own).map_or("", |(module, _)| module);
                Outsider::Named(format!("{module}{text}"))
            }
            _ => Outsider::Of(self.index),
        }
    }
}

/// Where a reference led.
enum Outcome {
    /// To resources of the kind.
    Settled,
    /// To something else that is declared.
    Elsewhere,
    /// Nobody knows.
    Open,
}

/// The joins of a kind by which another resource says to whom it belongs, each with its source and path.
fn joins_of(kind: &Kind) -> impl Iterator<Item = (Source, &SourcePath, &Join)> {
    let sources = [Source::Terraform, Source::Cloudformation, Source::Live];
    kind.attributes.values().flat_map(move |rule| {
        sources.into_iter().flat_map(move |source| {
            let joins = rule.every_path(source).filter_map(|path| Some((path, path.join.as_ref()?)));
            let belonging = joins.filter(|(_, join)| !join.arguments.is_empty());
            belonging.map(move |(path, join)| (source, path, join))
        })
    })
}

/// May a resource with these arguments be joined at all? What isn't known may have the value.
pub(crate) fn has_values(raw: &RawResource, join: &Join) -> bool {
    join.equals.iter().all(|(steps, word)| {
        let mut found = Found::default();
        walk(body(raw), steps, &mut found);
        let mut items = found.items.iter();
        found.more.is_some()
            || items.any(|node| match &node.value {
                Value::Unknown(_) => true,
                value => crate::coerce::text(value).is_ok_and(|text| text == *word),
            })
    })
}

/// Is it certain that the arguments a join asks for have their values?
pub(crate) fn has_certain_values(raw: &RawResource, join: &Join) -> bool {
    join.equals.iter().all(|(steps, _)| {
        let mut found = Found::default();
        walk(body(raw), steps, &mut found);
        found.more.is_none() && found.items.iter().all(|node| !matches!(node.value, Value::Unknown(_)))
    })
}

/// Does the text name something that certainly isn't declared here: a policy of AWS's own, or an id that AWS gave?
fn is_elsewhere(text: &str) -> bool {
    let is_id = text.rsplit_once('-').is_some_and(|(prefix, digits)| {
        !prefix.is_empty()
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
            && matches!(digits.len(), 8 | 17)
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    is_id || (text.starts_with("arn:") && text.contains(":iam::aws:"))
}

/// An ARN that says no region and no account, as a bucket's, is the name at its end.
fn without_arn(text: &str) -> &str {
    match text.rsplit_once(":::") {
        Some((arn, name)) if arn.starts_with("arn:") => name,
        _ => text,
    }
}

/// May a reference to what isn't declared here end at something that is?
fn is_open(source: Source, address: &str) -> bool {
    if source != Source::Terraform {
        return true;
    }
    let base = without_indexes(address);
    let mut parts = base.split('.').peekable();
    while parts.next_if_eq(&"module").is_some() {
        parts.next();
    }
    match parts.next() {
        // The output of a module, which may pass on anything.
        None => true,
        Some("data") => false,
        Some("var" | "local" | "each" | "count" | "self" | "path" | "terraform") => true,
        // A resource; or, of one word behind `module.m`, again an output.
        Some(_) => parts.next().is_none(),
    }
}

/// `module.m["a.b"].aws_x.y[0]` is an instance of `module.m.aws_x.y`.
fn without_indexes(address: &str) -> String {
    let mut base = String::with_capacity(address.len());
    let (mut depth, mut is_quoted, mut is_escaped) = (0usize, false, false);
    for c in address.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' if depth > 0 => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted && depth > 0 => depth -= 1,
            _ if depth == 0 => base.push(c),
            _ => {}
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_has_the_address_of_what_declares_it() {
        for (address, base) in [
            ("aws_x.y", "aws_x.y"),
            ("aws_x.y[0]", "aws_x.y"),
            ("module.m[\"a.b]\\\"\"].aws_x.y[\"c\"]", "module.m.aws_x.y"),
            ("aws_x.y[", "aws_x.y"),
        ] {
            assert_eq!(without_indexes(address), base);
        }
    }

    #[test]
    fn only_a_module_or_a_variable_may_pass_on_what_is_declared_here() {
        for address in ["module.sg", "module.sg[0]", "module.sg.id", "var.sg", "module.a.module.b"] {
            assert!(is_open(Source::Terraform, address), "{address}");
        }
        for address in ["aws_x.y", "module.m.aws_x.y", "data.aws_x.y", "module.m.data.aws_x.y"] {
            assert!(!is_open(Source::Terraform, address), "{address}");
        }
    }
}
