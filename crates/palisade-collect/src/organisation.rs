//! The walk through the organisation: its tree, its accounts, its policies and who was given a part in running it.

use crate::calls::Failed;
use crate::cell::{Asked, Reading};
use crate::document::add_page;
use crate::options::Options;
use crate::run::Outcome;
use palisade_aws::{Operation, Pager, models};
use palisade_model::{AccountId, ResourceType};
use palisade_snapshot::{Cell, CellKey, Record};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The kind under which the ledger tells of the walk.
pub(crate) const TREE: &str = "AWS::Organizations::OrganizationalUnit";

/// The policies that are read: those that decide what may be done, and those that set what is done.
const POLICIES: [&str; 5] = [
    "SERVICE_CONTROL_POLICY",
    "RESOURCE_CONTROL_POLICY",
    "DECLARATIVE_POLICY_EC2",
    "S3_POLICY",
    "AISERVICES_OPT_OUT_POLICY",
];

/// Does it decide what may be done?
fn decides(sort: &str) -> bool {
    matches!(sort, "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY")
}

/// AWS allows five levels below the root.
const UNITS_MAX: usize = 10_000;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it, whoever asks.
    Whole,
    /// All of it if the caller manages it; otherwise only whether there is one.
    IfManaged,
    /// The policies alone, once more.
    Policies,
}

/// A call of the walk.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) task: u32,
    pub(crate) operation: &'static str,
    pub(crate) parameters: Value,
}

#[derive(Debug, Clone)]
enum Step {
    About,
    Roots,
    Units(String),
    AccountsIn(String),
    Accounts,
    Policies(&'static str),
    Policy(String),
    Targets(String),
    Delegated,
    Services(String),
}

#[derive(Debug)]
struct Task {
    step: Step,
    operation: &'static str,
    model: &'static Operation,
    pager: Pager<'static>,
    whole: Option<Value>,
    pages: usize,
}

#[derive(Debug, Default)]
struct Unit {
    about: Value,
    /// None for the root.
    parent: Option<String>,
    name: Value,
    units: Vec<String>,
    accounts: Vec<String>,
    unread: Option<String>,
}

/// An account as the organisation knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) id: AccountId,
    /// Its status, where it is not active.
    pub(crate) inactive: Option<String>,
}

/// The walk.
#[derive(Debug)]
pub(crate) struct Walk {
    extent: Extent,
    caller: AccountId,
    pages_max: usize,
    tasks: HashMap<u32, Task>,
    next: u32,
    /// Null where there is no organisation; none where that is not known.
    about: Option<Value>,
    pub(crate) management: Option<AccountId>,
    root: Option<String>,
    enabled: Vec<String>,
    units: BTreeMap<String, Unit>,
    accounts: BTreeMap<String, Value>,
    policies: BTreeMap<String, Value>,
    policies_unread: bool,
    delegated: BTreeMap<String, Value>,
    reading: Reading,
    is_whole: bool,
    /// When the first answer came.
    time: Option<Arc<str>>,
}

impl Walk {
    pub(crate) fn new(extent: Extent, caller: AccountId, options: &Options) -> Option<Self> {
        let kind: ResourceType = TREE.parse().ok()?;
        Some(Self {
            extent,
            caller,
            pages_max: options.pages,
            tasks: HashMap::new(),
            next: 0,
            about: None,
            management: None,
            root: None,
            enabled: Vec::new(),
            units: BTreeMap::new(),
            accounts: BTreeMap::new(),
            policies: BTreeMap::new(),
            policies_unread: false,
            delegated: BTreeMap::new(),
            reading: Reading::new(CellKey { account: caller, region: None, kind }),
            is_whole: false,
            time: None,
        })
    }

    /// Takes the first step.
    pub(crate) fn start(&mut self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        match self.extent {
            Extent::Policies => self.ask_policies(&mut wanted),
            _ => self.ask(Step::About, "DescribeOrganization", json!({}), &mut wanted),
        }
        wanted
    }

    pub(crate) fn is_done(&self) -> bool {
        self.tasks.is_empty()
    }

    fn ask(&mut self, step: Step, operation: &'static str, parameters: Value, wanted: &mut Vec<Wanted>) {
        let model = models().service("organizations").and_then(|service| service.operations.get(operation));
        let Some(model) = model else { return };
        self.next += 1;
        let pager = Pager::new(model, &parameters);
        self.tasks.insert(self.next, Task { step, operation, model, pager, whole: None, pages: 0 });
        wanted.push(Wanted { task: self.next, operation, parameters });
    }

    fn ask_policies(&mut self, wanted: &mut Vec<Wanted>) {
        for sort in POLICIES {
            self.ask(Step::Policies(sort), "ListPolicies", json!({"Filter": sort}), wanted);
        }
    }

    /// Takes an answer.
    pub(crate) fn answered(&mut self, task: u32, outcome: Outcome) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let Some(mut task) = self.tasks.remove(&task) else { return wanted };
        self.reading.calls += u64::from(outcome.attempts);
        self.time = self.time.take().filter(|time| *time <= outcome.time).or(Some(outcome.time.clone()));
        let page = outcome.result.and_then(|answer| match answer {
            Value::Object(_) => Ok(answer),
            _ => Err(Failed::malformed("malformed", "the answer is no object")),
        });
        let failed = match page {
            Ok(page) => {
                task.pages += 1;
                let more = task.pager.answered(&page);
                match &mut task.whole {
                    Some(whole) => add_page(whole, page, task.model),
                    None => task.whole = Some(page),
                }
                match more {
                    Ok(true) if task.pages < self.pages_max => {
                        self.next += 1;
                        let (operation, parameters) = (task.operation, task.pager.parameters());
                        self.tasks.insert(self.next, task);
                        wanted.push(Wanted { task: self.next, operation, parameters });
                        return wanted;
                    }
                    Ok(true) => Some(Failed::malformed("too-many-pages", "the pages have no end")),
                    Ok(false) => None,
                    Err(error) => Some(Failed::malformed("same-token", error.to_string())),
                }
            }
            Err(failed) => Some(failed),
        };
        if let Some(failed) = &failed {
            self.failed(&task, failed);
        }
        if let Some(whole) = task.whole {
            self.came(task.step, &whole, &mut wanted);
        }
        wanted
    }

    fn failed(&mut self, task: &Task, failed: &Failed) {
        let asked = Asked { service: "organizations", operation: task.operation };
        let why = || format!("organizations:{}: {} ({})", task.operation, failed.kind, failed.code);
        let has_come = task.whole.is_some();
        match &task.step {
            Step::About if failed.code.as_ref() == "AWSOrganizationsNotInUseException" => {
                self.about = Some(Value::Null);
                self.reading.came += 1;
            }
            Step::About => self.reading.not_listed(asked, failed),
            Step::Policies(sort) => {
                let is_enabled = self.enabled.iter().any(|enabled| enabled == sort);
                let is_unsupported = matches!(
                    failed.code.as_ref(),
                    "InvalidInputException" | "UnsupportedAPIEndpointException" | "ValidationException"
                );
                if !is_enabled && is_unsupported && !has_come {
                    return;
                }
                self.policies_unread |= decides(sort);
                self.reading.gap(asked, failed, true);
            }
            Step::Units(parent) | Step::AccountsIn(parent) => {
                self.units.entry(parent.clone()).or_default().unread = Some(why());
                self.reading.gap(asked, failed, true);
            }
            Step::Roots | Step::Accounts => self.reading.gap(asked, failed, true),
            Step::Policy(_) | Step::Delegated | Step::Services(_) => {
                self.reading.gap(asked, failed, false);
            }
            Step::Targets(id) => {
                // A policy that hangs nowhere would deny nothing: better that none is known.
                let sort = self.policies.get(id).and_then(|policy| policy["PolicySummary"]["Type"].as_str());
                self.policies_unread |= sort.is_none_or(decides);
                self.reading.gap(asked, failed, false);
            }
        }
        if matches!(task.step, Step::Roots) && !has_come {
            // Without the tree, the policies are worth nothing; the accounts are.
            self.policies_unread = true;
        }
    }

    fn came(&mut self, step: Step, answer: &Value, wanted: &mut Vec<Wanted>) {
        let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
        let id_of = |value: &Value| value["Id"].as_str().map(str::to_owned);
        match step {
            Step::About => {
                self.reading.came += 1;
                let about = answer["Organization"].clone();
                let management = about["MasterAccountId"].as_str().and_then(|id| id.parse().ok());
                if let Some(management) = management {
                    self.reading.key.account = management;
                }
                self.management = management;
                self.about = Some(about);
                if self.extent == Extent::Whole || management == Some(self.caller) {
                    self.is_whole = true;
                    self.ask(Step::Roots, "ListRoots", json!({}), wanted);
                    self.ask(Step::Accounts, "ListAccounts", json!({}), wanted);
                    let delegated = "ListDelegatedAdministrators";
                    self.ask(Step::Delegated, delegated, json!({}), wanted);
                }
            }
            Step::Roots => {
                for root in list("Roots") {
                    let Some(id) = id_of(&root) else { continue };
                    let types = root["PolicyTypes"].as_array().cloned().unwrap_or_default();
                    let enabled = types.iter().filter(|sort| sort["Status"] == "ENABLED");
                    self.enabled.extend(enabled.filter_map(|sort| sort["Type"].as_str().map(str::to_owned)));
                    self.units.entry(id.clone()).or_default().name = root["Name"].clone();
                    self.ask_unit(&id, wanted);
                    self.root = Some(id);
                }
                self.ask_policies(wanted);
            }
            Step::Units(parent) => {
                for unit in list("OrganizationalUnits") {
                    let Some(id) = id_of(&unit) else { continue };
                    // A tree has no circles; one that has is not walked for ever.
                    if self.units.contains_key(&id) || self.units.len() >= UNITS_MAX {
                        continue;
                    }
                    let known = self.units.entry(id.clone()).or_default();
                    known.name = unit["Name"].clone();
                    known.parent = Some(parent.clone());
                    known.about = unit;
                    self.units.entry(parent.clone()).or_default().units.push(id.clone());
                    self.ask_unit(&id, wanted);
                }
            }
            Step::AccountsIn(parent) => {
                for account in list("Accounts") {
                    let Some(id) = id_of(&account) else { continue };
                    self.units.entry(parent.clone()).or_default().accounts.push(id.clone());
                    self.accounts.entry(id).or_insert(account);
                }
            }
            Step::Accounts => {
                for account in list("Accounts") {
                    let Some(id) = id_of(&account) else { continue };
                    self.accounts.insert(id, account);
                }
            }
            Step::Policies(_) => {
                for summary in list("Policies") {
                    let Some(id) = id_of(&summary) else { continue };
                    let policy = json!({"PolicySummary": summary});
                    self.policies.insert(id.clone(), policy);
                    let named = json!({"PolicyId": &id});
                    self.ask(Step::Policy(id.clone()), "DescribePolicy", named.clone(), wanted);
                    self.ask(Step::Targets(id), "ListTargetsForPolicy", named, wanted);
                }
            }
            Step::Policy(id) => {
                if let Some(Value::Object(policy)) = self.policies.get_mut(&id) {
                    let content = answer["Policy"]["Content"].clone();
                    if !content.is_null() {
                        policy.insert("Content".to_owned(), content);
                    }
                }
            }
            Step::Targets(id) => {
                if let Some(Value::Object(policy)) = self.policies.get_mut(&id) {
                    let mut targets = list("Targets");
                    targets.sort_by_key(|target| target["TargetId"].to_string());
                    policy.insert("Targets".to_owned(), targets.into());
                }
            }
            Step::Delegated => {
                for account in list("DelegatedAdministrators") {
                    let Some(id) = id_of(&account) else { continue };
                    let named = json!({"AccountId": &id});
                    self.delegated.insert(id.clone(), account);
                    self.ask(Step::Services(id), "ListDelegatedServicesForAccount", named, wanted);
                }
            }
            Step::Services(id) => {
                if let Some(Value::Object(account)) = self.delegated.get_mut(&id) {
                    account.insert("Services".to_owned(), list("DelegatedServices").into());
                }
            }
        }
    }

    fn ask_unit(&mut self, id: &str, wanted: &mut Vec<Wanted>) {
        let parent = json!({"ParentId": id});
        self.ask(Step::Units(id.to_owned()), "ListOrganizationalUnitsForParent", parent.clone(), wanted);
        self.ask(Step::AccountsIn(id.to_owned()), "ListAccountsForParent", parent, wanted);
    }

    /// The organisation's id.
    pub(crate) fn id(&self) -> Option<String> {
        self.about.as_ref()?["Id"].as_str().map(str::to_owned)
    }

    /// Its accounts, in the order of their numbers.
    pub(crate) fn members(&self) -> Vec<Member> {
        let members = self.accounts.iter().filter_map(|(id, account)| {
            let state = account["State"].as_str().or(account["Status"].as_str()).unwrap_or("ACTIVE");
            let inactive = (state != "ACTIVE").then(|| state.to_owned());
            Some(Member { id: id.parse().ok()?, inactive })
        });
        members.collect()
    }

    /// Did something fail?
    pub(crate) fn has_gaps(&self) -> bool {
        self.reading.has_gaps()
    }

    /// Was the whole organisation to be read?
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What the policies are, to be compared.
    pub(crate) fn policies(&self) -> &BTreeMap<String, Value> {
        &self.policies
    }

    /// What docs/reference/estate.md calls `organisation.json`; none where nothing certain is known.
    pub(crate) fn document(&self) -> Option<Value> {
        let about = self.about.as_ref()?;
        if about.is_null() {
            return Some(json!({"Organization": null}));
        }
        let root = self.root.as_ref()?;
        let mut document = Map::new();
        document.insert("Organization".to_owned(), about.clone());
        document.insert("Root".to_owned(), self.unit(root, 0));
        document.insert("Accounts".to_owned(), self.accounts.values().cloned().collect());
        if !self.policies_unread {
            document.insert("Policies".to_owned(), self.policies.values().cloned().collect());
        }
        document.insert("DelegatedAdministrators".to_owned(), self.delegated.values().cloned().collect());
        Some(Value::Object(document))
    }

    fn unit(&self, id: &str, depth: usize) -> Value {
        let Some(unit) = self.units.get(id).filter(|_| depth < 16) else { return json!({"Id": id}) };
        let mut units = unit.units.clone();
        units.sort();
        let mut accounts = unit.accounts.clone();
        accounts.sort();
        let units: Vec<Value> = units.iter().map(|id| self.unit(id, depth + 1)).collect();
        let mut value = json!({"Id": id, "Name": unit.name, "Units": units, "Accounts": accounts});
        if let (Some(why), Some(members)) = (&unit.unread, value.as_object_mut()) {
            members.insert("Unread".to_owned(), why.as_str().into());
        }
        value
    }

    /// The units as resources, and what the ledger says of the walk.
    pub(crate) fn into_cell(mut self) -> (Vec<Record>, Cell) {
        let time = self.time.take().unwrap_or_default();
        let key = self.reading.key.clone();
        let mut records = Vec::new();
        for (id, unit) in &mut self.units {
            let Some(parent) = &unit.parent else { continue };
            let mut document = std::mem::take(&mut unit.about);
            let arn = document["Arn"].as_str().map(Arc::from);
            if let Some(members) = document.as_object_mut() {
                members.insert("ParentId".to_owned(), parent.as_str().into());
            }
            let call = "organizations:ListOrganizationalUnitsForParent".into();
            records.push(Record {
                kind: key.kind.clone(),
                account: key.account,
                region: None,
                id: id.as_str().into(),
                arn,
                document,
                listed: palisade_snapshot::Asked { call, time: time.clone() },
                parts: Default::default(),
            });
        }
        self.reading.records = records.len() as u64;
        (records, self.reading.done())
    }
}
