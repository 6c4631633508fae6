//! What is to be collected: the kinds' calls put together, each that several kinds want made once; which accounts and regions.

use crate::document::names;
use crate::organisation::TREE;
use crate::permission;
use indexmap::IndexMap;
use palisade_aws::{Operation, models};
use palisade_kinds::grammar::Chain;
use palisade_kinds::{Collect, Kind, Kinds, Scope};
use palisade_model::{AccountId, Node, Region, ResourceType, Value as Written};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is to be collected.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which accounts.
    pub accounts: Accounts,
    /// Which regions; each account's enabled ones where there are none here.
    pub regions: Vec<Region>,
    pub(crate) kinds: Vec<KindPlan>,
    pub(crate) listings: Vec<Listing>,
    /// The listings that begin by themselves, in the order in which they are made.
    pub(crate) order: Vec<usize>,
    uncollected: BTreeMap<ResourceType, String>,
}

/// Which accounts are to be collected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Accounts {
    /// The one whose credentials are used.
    #[default]
    Caller,
    /// These.
    These(Vec<AccountId>),
    /// All of the organisation.
    Organisation {
        /// But not these.
        except: BTreeSet<AccountId>,
    },
}

/// A kind of resources, and how it is collected.
#[derive(Debug, Clone)]
pub(crate) struct KindPlan {
    pub(crate) kind: ResourceType,
    /// Is it asked for, or only needed to list another?
    pub(crate) is_wanted: bool,
    pub(crate) listing: usize,
    pub(crate) each: Option<Chain>,
    pub(crate) only: IndexMap<Arc<str>, Node>,
    pub(crate) id: Vec<Arc<str>>,
    pub(crate) keep: Vec<Arc<str>>,
    pub(crate) parts: Vec<PartPlan>,
    /// The listings that are made for each of its resources.
    pub(crate) children: Vec<usize>,
    pub(crate) arn: Vec<Chain>,
}

/// A call that is made for each resource.
#[derive(Debug, Clone)]
pub(crate) struct PartPlan {
    pub(crate) asked: Asking,
    pub(crate) with: IndexMap<Arc<str>, Node>,
    pub(crate) into: Arc<str>,
    pub(crate) none_when: Vec<Arc<str>>,
    pub(crate) region: Option<Arc<str>>,
    pub(crate) batch: Option<Batch>,
    /// The parts that have to be there before.
    pub(crate) after: Vec<usize>,
    pub(crate) unchanged_while: Vec<Arc<str>>,
}

/// How one call asks about several resources.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) size: usize,
    /// The parameter that takes them.
    pub(crate) parameter: Arc<str>,
    /// The way to the list in the answer.
    pub(crate) path: Vec<Arc<str>>,
    /// The field of an item there that is equal to what stands in the parameter.
    pub(crate) id: Arc<str>,
}

/// An operation and its names.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub(crate) service: Arc<str>,
    pub(crate) operation: Arc<str>,
    /// `s3:GetBucketPolicy`.
    pub(crate) call: Arc<str>,
    pub(crate) model: &'static Operation,
}

/// A call that lists resources, of one kind or more.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) place: Place,
    pub(crate) asked: Asking,
    pub(crate) with: IndexMap<Arc<str>, Node>,
    pub(crate) none_when: Vec<Arc<str>>,
    pub(crate) feeds: Vec<usize>,
    /// There is one resource in each place, and nothing to list.
    pub(crate) is_singleton: bool,
}

/// Where a listing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    EveryRegion,
    Account,
    Organisation,
    /// For each resource of this kind.
    Each(usize),
}

/// Parameters that only narrow what is listed, and are left out when several kinds want the same list.
const NARROWING: [(&str, &str, &str); 1] = [("iam", "GetAccountAuthorizationDetails", "Filter")];

/// Identity first: who can do what needs it whole. What is not here comes after, in the order of the kinds.
const FIRST: [&str; 9] =
    ["iam", "organizations", "sso-admin", "identitystore", "account", "s3control", "s3", "kms", "ram"];

impl Plan {
    /// Plans to collect these kinds, or all that have a collect block.
    pub fn new(kinds: &Kinds, wanted: Option<&BTreeSet<ResourceType>>) -> Self {
        let mut plan = Self {
            accounts: Accounts::default(),
            regions: Vec::new(),
            kinds: Vec::new(),
            listings: Vec::new(),
            order: Vec::new(),
            uncollected: BTreeMap::new(),
        };
        for kind in kinds.iter() {
            // What no source but files declares is missed only by those who ask for it.
            if wanted.map_or(!kind.collect.is_empty(), |wanted| wanted.contains(&kind.kind)) {
                plan.add(kinds, kind, true, 0);
            }
        }
        for kind in wanted.into_iter().flatten() {
            if kinds.get(kind).is_none() {
                plan.uncollected.insert(kind.clone(), "there is no such kind".to_owned());
            }
        }
        plan.narrow();
        plan.sort();
        plan
    }

    /// These accounts.
    pub fn of_accounts(mut self, accounts: Accounts) -> Self {
        self.accounts = accounts;
        self
    }

    /// These regions.
    pub fn in_regions(mut self, regions: Vec<Region>) -> Self {
        self.regions = regions;
        self
    }

    /// The kinds that are collected.
    pub fn kinds(&self) -> impl Iterator<Item = &ResourceType> {
        self.kinds.iter().filter(|kind| kind.is_wanted).map(|kind| &kind.kind)
    }

    /// The kinds that were asked for and that nothing collects, and why.
    pub fn uncollected(&self) -> &BTreeMap<ResourceType, String> {
        &self.uncollected
    }

    /// Every operation that may be called for the kinds, as botocore names service and operation.
    pub fn operations(&self) -> BTreeSet<(Arc<str>, Arc<str>)> {
        let listings = self.listings.iter().filter(|listing| !listing.is_singleton).map(|of| &of.asked);
        let parts = self.kinds.iter().filter(|kind| kind.is_wanted).flat_map(|kind| &kind.parts);
        let all = listings.chain(parts.map(|part| &part.asked));
        all.map(|asked| (asked.service.clone(), asked.operation.clone())).collect()
    }

    fn add(&mut self, kinds: &Kinds, kind: &Kind, is_wanted: bool, depth: usize) -> Option<usize> {
        if let Some(place) = self.kinds.iter().position(|known| known.kind == kind.kind) {
            self.kinds[place].is_wanted |= is_wanted;
            return Some(place);
        }
        let refused = |plan: &mut Self, why: String| {
            if is_wanted {
                plan.uncollected.insert(kind.kind.clone(), why);
            }
            None
        };
        let Some(first) = kind.collect.first() else {
            // The walk through the organisation brings these.
            if kind.kind.as_str() == TREE {
                return None;
            }
            return refused(self, "its page says no calls".to_owned());
        };
        let is_singleton = first.each.is_none();
        let parts = if is_singleton { &kind.collect[..] } else { &kind.collect[1..] };
        let calls: Result<Vec<Asking>, String> = kind.collect.iter().map(asking).collect();
        let parts: Result<Vec<PartPlan>, String> = calls.and_then(|_| planned(parts));
        let parts = match parts {
            Ok(parts) => parts,
            Err(why) => return refused(self, why),
        };
        let place = match (&first.parent, first.scope) {
            (Some(parent), _) => {
                // A kind that is listed for each of its own, or round in circles, is not listed at all.
                let known = kinds.get(parent).filter(|_| depth < 4);
                let Some(parent) = known.and_then(|parent| self.add(kinds, parent, false, depth + 1)) else {
                    return refused(self, format!("`{parent}`, for which it is listed, is not collected"));
                };
                Place::Each(parent)
            }
            (None, Some(Scope::EveryRegion)) => Place::EveryRegion,
            (None, Some(Scope::Organisation)) => Place::Organisation,
            (None, Some(Scope::Account)) if first.service.as_ref() == "organizations" => Place::Organisation,
            (None, Some(Scope::Account)) => Place::Account,
            (None, None) => return refused(self, "its page doesn't say where to list it".to_owned()),
        };
        let number = self.kinds.len();
        let listing = match self.listing(first, place, is_singleton, number) {
            Ok(listing) => listing,
            Err(why) => return refused(self, why),
        };
        self.kinds.push(KindPlan {
            kind: kind.kind.clone(),
            is_wanted,
            listing,
            each: first.each.clone(),
            only: first.only.clone(),
            id: first.id.clone(),
            keep: first.keep.clone(),
            parts,
            children: Vec::new(),
            arn: kind.attributes.get("arn").map(|rule| rule.live.clone()).unwrap_or_default(),
        });
        if let Place::Each(parent) = place
            && !self.kinds[parent].children.contains(&listing)
        {
            self.kinds[parent].children.push(listing);
        }
        Some(number)
    }

    fn listing(
        &mut self,
        first: &Collect,
        place: Place,
        is_singleton: bool,
        feed: usize,
    ) -> Result<usize, String> {
        let asked = asking(first)?;
        let with = plain(&first.with, narrowing(&asked));
        let same = |known: &Listing| {
            !is_singleton
                && !known.is_singleton
                && known.place == place
                && known.asked.call == asked.call
                && plain(&known.with, narrowing(&asked)) == with
        };
        if let Some(found) = self.listings.iter().position(same) {
            let known = &mut self.listings[found];
            known.feeds.push(feed);
            let new = first.none_when.iter().filter(|code| !known.none_when.contains(code));
            let new: Vec<Arc<str>> = new.cloned().collect();
            known.none_when.extend(new);
            return Ok(found);
        }
        self.listings.push(Listing {
            place,
            asked,
            with: first.with.clone(),
            none_when: first.none_when.clone(),
            feeds: vec![feed],
            is_singleton,
        });
        Ok(self.listings.len() - 1)
    }

    /// What several kinds are listed by is not narrowed to one of them.
    fn narrow(&mut self) {
        for listing in &mut self.listings {
            if let Some(name) = narrowing(&listing.asked)
                && listing.feeds.len() > 1
            {
                listing.with.shift_remove(name);
            }
        }
    }

    fn sort(&mut self) {
        let begins = |listing: &usize| !matches!(self.listings[*listing].place, Place::Each(_));
        let mut order: Vec<usize> = (0..self.listings.len()).filter(begins).collect();
        let rank = |listing: &usize| {
            let service = self.listings[*listing].asked.service.as_ref();
            FIRST.iter().position(|first| *first == service).unwrap_or(FIRST.len())
        };
        order.sort_by_key(rank);
        self.order = order;
    }

    /// The kinds that a listing brings, and those that are listed for each of its resources.
    pub(crate) fn brought_by(&self, listing: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open = vec![listing];
        while let Some(listing) = open.pop() {
            for kind in &self.listings[listing].feeds {
                found.push(*kind);
                open.extend(&self.kinds[*kind].children);
            }
        }
        found
    }
}

fn narrowing(asked: &Asking) -> Option<&'static str> {
    let fits = |(service, operation, _): &&(&str, &str, &str)| {
        *service == asked.service.as_ref() && *operation == asked.operation.as_ref()
    };
    NARROWING.iter().find(fits).map(|(_, _, name)| *name)
}

/// Parameters without their places in the page, and without this one.
fn plain(with: &IndexMap<Arc<str>, Node>, without: Option<&str>) -> BTreeMap<Arc<str>, String> {
    let kept = with.iter().filter(|(name, _)| Some(name.as_ref()) != without);
    kept.map(|(name, node)| (name.clone(), node.value.to_json().to_string())).collect()
}

fn asking(call: &Collect) -> Result<Asking, String> {
    let service = models()
        .service(&call.service)
        .ok_or_else(|| format!("`{}` is no service that AWS's models know", call.service))?;
    let model = service
        .operations
        .get(call.operation.as_ref())
        .ok_or_else(|| format!("`{}` has no operation `{}`", call.service, call.operation))?;
    Ok(Asking {
        service: call.service.clone(),
        operation: call.operation.clone(),
        call: format!("{}:{}", call.service, call.operation).into(),
        model,
    })
}

fn planned(calls: &[Collect]) -> Result<Vec<PartPlan>, String> {
    let mut parts: Vec<PartPlan> = Vec::new();
    for call in calls {
        let into = call.into.clone().ok_or_else(|| format!("`{}` has no `into`", call.operation))?;
        let mut named = names(&call.with);
        named.extend(call.region.as_deref());
        let after = (0..parts.len()).filter(|earlier| {
            let root = parts[*earlier].into.as_ref();
            named.iter().any(|name| name.split('.').next() == Some(root))
        });
        let after = after.collect();
        let part = PartPlan {
            asked: asking(call)?,
            with: call.with.clone(),
            into,
            none_when: call.none_when.clone(),
            region: call.region.clone(),
            batch: batch(call)?,
            after,
            unchanged_while: call.unchanged_while.clone(),
        };
        parts.push(part);
    }
    Ok(parts)
}

fn batch(call: &Collect) -> Result<Option<Batch>, String> {
    if call.batch < 2 {
        return Ok(None);
    }
    let is_list = |node: &Node| {
        let Written::List(list) = &node.value else { return false };
        list.items.len() == 1 && list.items[0].text().is_some_and(|text| text.starts_with('$'))
    };
    let parameter = call.with.iter().find(|(_, node)| is_list(node)).map(|(name, _)| name.clone());
    let path = call.each.as_ref().and_then(|each| each.0.first());
    match (parameter, path, call.id.first()) {
        (Some(parameter), Some(path), Some(id)) => Ok(Some(Batch {
            size: call.batch,
            parameter,
            path: path.steps.iter().map(|step| step.name.clone()).collect(),
            id: id.clone(),
        })),
        _ => Err(format!("`{}` can't be asked about several at once", call.operation)),
    }
}

/// The actions that the calls of all listings in these places need, and the calls about what they list.
pub(crate) fn actions(plan: &Plan, places: &[Place]) -> BTreeSet<Arc<str>> {
    let mut asked: Vec<&Asking> = Vec::new();
    for root in plan.order.iter().filter(|listing| places.contains(&plan.listings[**listing].place)) {
        for kind in plan.brought_by(*root).into_iter().map(|kind| &plan.kinds[kind]) {
            let listings = [*root, kind.listing].map(|listing| &plan.listings[listing]);
            asked.extend(listings.iter().filter(|listing| !listing.is_singleton).map(|of| &of.asked));
            if kind.is_wanted {
                asked.extend(kind.parts.iter().map(|part| &part.asked));
            }
        }
    }
    asked.iter().flat_map(|asked| permission::actions(&asked.service, &asked.operation)).collect()
}
