//! What checks look at: resources as they are, accounts and organisations in the form of one.

use palisade_content::{Library, LooksAt};
use palisade_model::{
    Account, AccountId, Address, Attribute, Completeness, Estate, Existence, List, Map, Meaning, Node,
    Organisation, Origin, RawResource, Region, Resource, Source, Unknown, Value, Why,
};
use std::sync::Arc;

/// The accounts, regions and organisation of an estate, each as a resource whose attributes are what it holds.
pub(crate) struct Wholes {
    pub accounts: Vec<Resource>,
    pub regions: Vec<Resource>,
    pub organisation: Vec<Resource>,
}

impl Wholes {
    pub fn of(estate: &Estate, library: &Library) -> Self {
        let accounts = estate.accounts.iter().filter(|(_, account)| !is_suspended(account));
        Self {
            accounts: accounts
                .clone()
                .map(|(id, account)| whole(estate, library, *id, account, None))
                .collect(),
            regions: accounts
                .flat_map(|(id, account)| {
                    account.regions.iter().map(|region| whole(estate, library, *id, account, Some(region)))
                })
                .collect(),
            organisation: estate.organisation.iter().map(organisation).collect(),
        }
    }

    /// The wholes that a check looks at; none for a check that looks at resources of a type.
    pub fn seen_by(&self, looks_at: &LooksAt) -> &[Resource] {
        match looks_at {
            LooksAt::Kind(_) => &[],
            LooksAt::Account => &self.accounts,
            LooksAt::AccountRegion => &self.regions,
            LooksAt::Organisation => &self.organisation,
        }
    }
}

/// Is the account suspended? Nothing can run there, nothing of it is read, and the ledger says so once.
pub(crate) fn is_suspended(account: &Account) -> bool {
    match account.attributes.get("status") {
        Some(Attribute::Known(status)) => status.text() == Some("SUSPENDED"),
        _ => false,
    }
}

/// Why regions of the account that were not looked into may hold resources.
pub(crate) fn unread_regions(account: &Account) -> Option<&Unknown> {
    match account.attributes.get("regions")? {
        Attribute::Unknown(unknown, _) => Some(unknown),
        _ => None,
    }
}

fn origin() -> Origin {
    Origin::Documented("the account as a whole".into())
}

fn resource(
    kind: &str,
    name: String,
    attributes: impl IntoIterator<Item = (Arc<str>, Attribute)>,
) -> Resource {
    Resource {
        kind: None,
        arn: None,
        attributes: attributes.into_iter().collect(),
        declared: RawResource {
            source: Source::Live,
            source_type: kind.into(),
            address: Address { root: "".into(), name: name.into() },
            existence: Existence::Yes,
            raw: Node::new(Value::map([]), origin()),
            account: None,
            region: None,
            origin: origin(),
        },
    }
}

fn whole(
    estate: &Estate,
    library: &Library,
    id: AccountId,
    account: &Account,
    region: Option<&Region>,
) -> Resource {
    let mut attributes = account.attributes.clone();
    for kind in library.kinds().iter() {
        let Some(collection) = &kind.collection else {
            continue;
        };
        let members = estate.of_kind(&kind.kind).filter(|member| {
            let declared = &member.declared;
            declared.account == Some(id) && (region.is_none() || declared.region.as_ref() == region)
        });
        let in_region = region.and_then(|region| account.listed_in.get(region)?.get(&kind.kind));
        let more = match in_region.or(account.listed.get(&kind.kind)) {
            Some(Completeness::All) => None,
            Some(Completeness::Some(unknown)) => Some(unknown.clone()),
            None => Some(Why::NotListed("this source".into()).into()),
        };
        let list = List { items: members.map(as_node).collect(), more };
        let node = Node::new(Value::List(list), origin());
        attributes.insert(collection.clone(), Attribute::Known(node));
    }
    let name = region.map_or_else(|| format!("account {id}"), |region| format!("account {id} {region}"));
    let mut whole = resource("account", name, attributes);
    whole.declared.account = Some(id);
    whole.declared.region = region.cloned();
    whole
}

fn organisation(organisation: &Organisation) -> Resource {
    resource("organisation", format!("organisation {}", organisation.id), organisation.attributes.clone())
}

/// A resource as a value within a list: its attributes, its address and its region.
fn as_node(member: &Resource) -> Node {
    let declared = &member.declared;
    let mut entries: Vec<(Arc<str>, Node)> = Vec::new();
    for (name, attribute) in &member.attributes {
        let node = match attribute {
            Attribute::Known(node) | Attribute::Absent(Meaning::Default(node), _) => node.clone(),
            Attribute::Unknown(unknown, origin) => Node::new(Value::Unknown(unknown.clone()), origin.clone()),
            Attribute::Absent(Meaning::Nothing, _) => continue,
        };
        entries.push((name.clone(), node));
    }
    let text = |text: String| Node::new(Value::text(text), declared.origin.clone());
    entries.push(("address".into(), text(declared.address.to_string())));
    entries.extend(declared.region.iter().map(|region| ("region".into(), text(region.to_string()))));
    Node::new(Value::Map(Map { entries: entries.into_iter().collect(), more: None }), declared.origin.clone())
}
