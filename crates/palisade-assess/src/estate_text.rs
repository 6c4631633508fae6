//! Estates written down by hand, as the examples of pages on accounts and organisations are.
//!
//! ```yaml
//! account 111122223333:
//!   trails:                                   # a kind's collection: all there are
//!     - { name: home, is_multi_region: false }
//!   queues: !denied sqs:ListQueues            # they could not be listed
//!   in eu-west-1:                             # what is in one region
//!     volumes: []
//! organisation o-example:
//!   features: all
//! ```

use palisade_content::Library;
use palisade_document::{Text, read_yaml};
use palisade_kinds::Kind;
use palisade_model::{
    Account, AccountId, Address, Attribute, Completeness, Diagnostic, Estate, Existence, Node, Organisation,
    OrganisationalUnit, Origin, RawResource, Region, Resource, Source, Unknown, Value, Why,
};
use std::sync::Arc;

/// The estate that a text describes.
pub fn read_estate(text: Text<'_>, library: &Library) -> (Estate, Vec<Diagnostic>) {
    let documents = read_yaml(text, &denied);
    let mut reading = Reading { library, estate: Estate::default(), diagnostics: documents.diagnostics };
    for document in &documents.documents {
        reading.document(document);
    }
    (reading.estate, reading.diagnostics)
}

/// Reads the tag `!denied service:Operation`, beside those of YAML itself.
pub(crate) fn denied(tag: &str, node: Node) -> Result<Node, String> {
    match (tag, node.text()) {
        ("denied", Some(call)) => Ok(Node::unknown(Why::Denied(call.into()), node.origin.clone())),
        ("denied", None) => {
            Err("`!denied` names the call that was denied, as in `!denied sqs:ListQueues`".to_owned())
        }
        _ => palisade_document::refuse_tags(tag, node),
    }
}

struct Reading<'a> {
    library: &'a Library,
    estate: Estate,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn wrong(&mut self, node: &Node, message: String, help: &str) {
        let diagnostic = Diagnostic::error(message).help(help);
        self.diagnostics.push(match node.origin.span() {
            Some(span) => diagnostic.at(span.clone()),
            None => diagnostic,
        });
    }

    fn document(&mut self, document: &Node) {
        let Value::Map(map) = &document.value else {
            return self.wrong(
                document,
                "an estate is a map".to_owned(),
                "begin with `account 111122223333:`",
            );
        };
        for (name, node) in &map.entries {
            match name.split_once(' ') {
                Some(("account", id)) => match id.trim().parse::<AccountId>() {
                    Ok(id) => self.account(id, node),
                    Err(error) => {
                        self.wrong(node, error.to_string(), "an account is `account 111122223333:`")
                    }
                },
                Some(("organisation", id)) => self.organisation(id.trim(), node),
                _ => self.wrong(
                    node,
                    format!("`{name}` is nothing of an estate"),
                    "an estate has `account 111122223333:` and `organisation o-example:`",
                ),
            }
        }
    }

    fn account(&mut self, id: AccountId, node: &Node) {
        let mut account = Account::default();
        for (name, node) in entries(node) {
            match name.strip_prefix("in ").map(str::parse::<Region>) {
                Some(Ok(region)) => {
                    for (name, node) in entries(node) {
                        self.part(id, Some(&region), &mut account, name, node);
                    }
                    account.regions.push(region);
                }
                Some(Err(error)) => self.wrong(node, error.to_string(), "a region's part is `in eu-west-1:`"),
                None => self.part(id, None, &mut account, name, node),
            }
        }
        self.estate.accounts.insert(id, account);
    }

    fn part(
        &mut self,
        id: AccountId,
        region: Option<&Region>,
        account: &mut Account,
        name: &Arc<str>,
        node: &Node,
    ) {
        let Some(kind) = self.library.kinds().of_collection(name) else {
            account.attributes.insert(name.clone(), attribute(node));
            return;
        };
        let listed = match &node.value {
            Value::List(list) => {
                for (index, item) in list.items.iter().enumerate() {
                    self.member(kind, id, region, index, item);
                }
                list.more.clone().map_or(Completeness::All, Completeness::Some)
            }
            Value::Unknown(unknown) => Completeness::Some(unknown.clone()),
            _ => {
                let help = format!("`{name}` is a list of maps, or `!denied service:Operation`");
                return self.wrong(node, format!("`{name}` is not a list"), &help);
            }
        };
        let of = match region {
            Some(region) => account.listed_in.entry(region.clone()).or_default(),
            None => &mut account.listed,
        };
        of.insert(kind.kind.clone(), listed);
    }

    fn member(&mut self, kind: &Kind, id: AccountId, region: Option<&Region>, index: usize, item: &Node) {
        let mut resource = Resource {
            kind: Some(kind.kind.clone()),
            arn: None,
            attributes: Default::default(),
            declared: RawResource {
                source: Source::Live,
                source_type: kind.kind.as_str().into(),
                address: Address { root: "".into(), name: format!("{}[{index}]", kind.kind).into() },
                existence: Existence::Yes,
                raw: item.clone(),
                account: Some(id),
                region: region.cloned(),
                origin: item.origin.clone(),
            },
        };
        for (name, node) in entries(item) {
            if !kind.attributes.contains_key(name) {
                let nearest = kind.attributes.keys().min_by_key(|other| strsim::levenshtein(other, name));
                let help = nearest.map_or_else(String::new, |nearest| format!("did you mean `{nearest}`?"));
                self.wrong(node, format!("`{name}` is not an attribute of {}", kind.kind), &help);
            }
            if let (true, Some(text)) = (matches!(&**name, "name" | "id"), node.text()) {
                resource.declared.address.name = text.into();
            }
            resource.attributes.insert(name.clone(), attribute(node));
        }
        self.estate.resources.push(resource);
    }

    fn organisation(&mut self, id: &str, node: &Node) {
        let mut organisation = Organisation {
            id: id.to_owned(),
            management: None,
            attributes: Default::default(),
            root: OrganisationalUnit::default(),
        };
        for (name, node) in entries(node) {
            if &**name == "management" {
                organisation.management = node.text().and_then(|id| id.parse().ok());
            }
            organisation.attributes.insert(name.clone(), attribute(node));
        }
        self.estate.organisation = Some(organisation);
    }
}

fn entries(node: &Node) -> impl Iterator<Item = (&Arc<str>, &Node)> {
    let map = match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    };
    map.into_iter().flat_map(|map| &map.entries)
}

fn attribute(node: &Node) -> Attribute {
    match &node.value {
        Value::Unknown(Unknown { why, hint }) => {
            Attribute::Unknown(Unknown { why: why.clone(), hint: hint.clone() }, node.origin.clone())
        }
        Value::Null => Attribute::Absent(palisade_model::Meaning::Nothing, Origin::clone(&node.origin)),
        _ => Attribute::Known(node.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Within, run_examples};
    use palisade_content::{PageFile, load, shipped};
    use palisade_model::PageId;
    use std::sync::Arc;

    /// A page with this rule and these examples: all of them hold.
    #[track_caller]
    fn holds(looks_at: &str, rule: &str, examples: &[(&str, &str)]) {
        let mut text = format!(
            "---\ntitle: It is wrong\nseverity: low\nlooks-at: {looks_at}\nobjectives: [activity-is-recorded]\n---\n\nWhy.\n\n\
             ## Rule\n\n```rego\npackage check\n\n{rule}\n```\n"
        );
        for (heading, estate) in examples {
            text += &format!("\n## {heading}\n\n```estate\n{estate}\n```\n");
        }
        text += "\n## Fix\n\nMend it.\n";
        let mut files = shipped();
        files.push(PageFile {
            path: "t.md".into(),
            id_path: "checks/t.md".into(),
            text: text.into(),
            shipped: false,
        });
        let (library, said) = load(&files);
        assert_eq!(said, [], "{said:#?}");
        let page = library.page(palisade_content::Sort::Check, &PageId::new("t")).unwrap();
        let (outcomes, said) = run_examples(page, &library, &Within);
        assert_eq!(said, []);
        assert_eq!(outcomes.len(), examples.len());
        for outcome in outcomes {
            assert_eq!(outcome.wrong, None, "{}", outcome.heading);
        }
    }

    #[test]
    fn an_account_is_seen_with_all_it_holds() {
        let rule = "fail contains \"no trail\" if count(input.trails) == 0";
        holds(
            "account",
            rule,
            &[
                ("Fails: no trail", "account 111122223333:\n  trails: []"),
                ("Passes: there is one", "account 111122223333:\n  trails:\n    - { name: t }"),
                (
                    "Unknown: they could not be listed",
                    "account 111122223333:\n  trails: !denied cloudtrail:DescribeTrails",
                ),
                (
                    "Unknown: only one region was looked into",
                    "account 111122223333:\n  in eu-west-1:\n    trails: []",
                ),
                ("Unknown: nobody listed them", "account 111122223333:\n  queues: []"),
            ],
        );
    }

    #[test]
    fn a_region_of_an_account_is_seen_with_what_is_in_it() {
        let rule = "fail contains \"a plain volume\" if { input.region == \"eu-west-1\"; some v in input.volumes; v.encrypted == false }";
        holds(
            "account in a region",
            rule,
            &[
                (
                    "Fails: a plain volume",
                    "account 111122223333:\n  in eu-west-1:\n    volumes: [{ encrypted: false }]",
                ),
                (
                    "Passes: the volume is elsewhere",
                    "account 111122223333:\n  in us-east-1:\n    volumes: [{ encrypted: false }]",
                ),
                (
                    "Passes: it is encrypted",
                    "account 111122223333:\n  in eu-west-1:\n    volumes: [{ encrypted: true }]",
                ),
            ],
        );
    }

    #[test]
    fn the_organisation_is_seen_with_what_is_known_of_it() {
        let rule = "fail contains \"not all features\" if input.features != \"all\"";
        holds(
            "organisation",
            rule,
            &[
                ("Fails: not all features", "organisation o-example:\n  features: billing"),
                ("Passes: all of them", "organisation o-example:\n  features: all"),
                (
                    "Unknown: it may not be seen",
                    "organisation o-example:\n  features: !denied organizations:DescribeOrganization",
                ),
            ],
        );
    }

    #[track_caller]
    fn says(text: &str, expected: &str) {
        let (library, _) = load(&shipped());
        let file: Arc<str> = "e.yaml".into();
        let (_, said) = read_estate(Text::whole(&file, text), &library);
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        assert_eq!(said.join("; "), expected);
    }

    #[test]
    fn what_is_wrong_with_an_estate_is_said_with_its_place() {
        says("[]", "e.yaml:1:1: an estate is a map (begin with `account 111122223333:`)");
        says(
            "account 12: {}",
            "e.yaml:1:13: `12` is not an account id: twelve digits are expected (an account is `account 111122223333:`)",
        );
        says(
            "account 111122223333:\n  trails: [{ is_multi_regoin: true }]",
            "e.yaml:2:31: `is_multi_regoin` is not an attribute of AWS::CloudTrail::Trail (did you mean `is_multi_region`?)",
        );
        says(
            "account 111122223333:\n  in nowhere: {}",
            "e.yaml:2:15: `nowhere` is not a region: something like `eu-west-1` is expected (a region's part is `in eu-west-1:`)",
        );
        says(
            "account 111122223333:\n  trails: yes",
            "e.yaml:2:11: `trails` is not a list (`trails` is a list of maps, or `!denied service:Operation`)",
        );
    }
}
