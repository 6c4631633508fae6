//! The identities, resources and control policies of an estate, compiled once for many questions.

use crate::asked::Asked;
use crate::attribute::{Held, compile, held, items, policy, tags, text, texts};
use crate::organisation::Government;
use crate::people::People;
use crate::resource::Resources;
use crate::settle::{Complete, settle};
use palisade_iam::{
    Action, Context, Facts, Grants, Known, Policies, Policy, PolicyKind, Principal, Request, ResourceText,
    S3Facts, Strictness, Switch, resource_need,
};
use palisade_model::{AccountId, Completeness, Estate, Resource, ResourceType, Value};
use palisade_services::Reference;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// An estate, ready to be asked who may do what.
#[derive(Default)]
pub struct Identities {
    list: Vec<Identity>,
    by_arn: HashMap<Arc<str>, usize>,
    /// Roles by account and name, because sessions name them without their paths.
    roles: HashMap<(Box<str>, Box<str>), usize>,
    users: HashMap<(Box<str>, Box<str>), usize>,
    pub(crate) resources: Resources,
    pub(crate) government: Government,
    pub(crate) people: People,
    /// How completely the kinds of accounts were listed.
    listed: HashMap<(Box<str>, Box<str>), Listed>,
    accounts: BTreeSet<AccountId>,
}

/// How completely a kind was listed in an account.
#[derive(Debug, Clone)]
pub(crate) enum Listed {
    All,
    Some(String),
    Not,
}

/// The ARN of a resource, its account, and its policy, where they are known.
pub type Owned<'r> = (&'r str, Option<&'r str>, Option<&'r Arc<Policy>>);

/// A user or a role.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its account.
    pub account: Arc<str>,
    /// Is it a user, and no role?
    pub is_user: bool,
    /// Its unique id, when it is known.
    pub id: Option<Box<str>>,
    /// Its tags, when all of them are known.
    pub tags: Option<Vec<(Box<str>, Box<str>)>>,
    /// Its own policies and those of its groups.
    pub policies: Vec<Arc<Policy>>,
    /// Its permissions boundary.
    pub boundary: Option<Arc<Policy>>,
}

impl Identity {
    /// Its name, without its path.
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

/// The one AWS managed policy whose document is the same since there are managed policies.
const ADMINISTRATOR: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The attribute that tells of it, the account and the name of a user, group or role.
type Whose = (&'static str, Option<AccountId>, Box<str>);

/// Takes in one estate after another: that of each organisation, and those of accounts.
///
/// An estate that was added can be let go of, so that not all that is known needs to be held at once. Organisations come
/// before their accounts, and the policies that AWS manages before those who have them.
#[derive(Default)]
pub struct Gather {
    all: Identities,
    /// The policies that AWS manages, of all estates so far.
    of_aws: HashMap<String, Arc<Resource>>,
    compiled: HashMap<(String, PolicyKind), Arc<Policy>>,
}

impl Gather {
    /// Adds an estate.
    pub fn add(&mut self, estate: &Estate) {
        for resource in of_kind(estate, "AWS::IAM::ManagedPolicy") {
            if let Some(arn) = arn_of(resource).filter(|arn| arn.contains(":iam::aws:")) {
                self.of_aws.entry(arn).or_insert_with(|| Arc::new(resource.clone()));
            }
        }
        let mut compiler = Compiler {
            managed: HashMap::new(),
            of_aws: &self.of_aws,
            compiled: std::mem::take(&mut self.compiled),
            groups: HashMap::new(),
            attached: HashMap::new(),
        };
        for resource in of_kind(estate, "AWS::IAM::ManagedPolicy") {
            if let Some(arn) = arn_of(resource) {
                for sort in ["users", "groups", "roles"] {
                    for name in texts(resource, sort).0 {
                        let of =
                            compiler.attached.entry((sort, resource.declared.account, name)).or_default();
                        of.push(arn.clone());
                    }
                }
                compiler.managed.entry(arn).or_insert(resource);
            }
        }
        for group in of_kind(estate, "AWS::IAM::Group") {
            if let Some(name) = text(group, "name") {
                let policies = compiler.policies(group, &format!("the group {name}"));
                compiler.groups.insert((group.declared.account, name), policies);
            }
        }
        self.all.resources.add_all(estate);
        self.all.government.add(estate);
        self.all.people.add(estate);
        self.all.listed.extend(listed(estate));
        self.all.accounts.extend(estate.accounts.keys());
        for (kind, is_user) in [("AWS::IAM::User", true), ("AWS::IAM::Role", false)] {
            for resource in of_kind(estate, kind) {
                self.all.add(resource, is_user, &mut compiler);
            }
        }
        // What was not there may come with a later estate.
        self.compiled = compiler.compiled;
        self.compiled.retain(|(arn, _), policy| policy.unread.is_none() && arn.contains(":iam::aws:"));
    }

    /// All that was added, ready to be asked.
    pub fn finish(mut self) -> Identities {
        self.all.government.finish();
        self.all
    }
}

/// What compiles the policies of identities.
struct Compiler<'e> {
    managed: HashMap<String, &'e Resource>,
    of_aws: &'e HashMap<String, Arc<Resource>>,
    compiled: HashMap<(String, PolicyKind), Arc<Policy>>,
    groups: HashMap<(Option<AccountId>, &'e str), Vec<Arc<Policy>>>,
    /// What policies say of whom they are attached to: by sort, account and name.
    attached: HashMap<Whose, Vec<String>>,
}

impl Identities {
    /// Compiles the policies of an estate.
    pub fn new(estate: &Estate) -> Self {
        Self::of([estate])
    }

    /// Compiles the policies of several estates, each of an organisation or of accounts.
    pub fn of<'e>(estates: impl IntoIterator<Item = &'e Estate>) -> Self {
        let mut gather = Gather::default();
        estates.into_iter().for_each(|estate| gather.add(estate));
        gather.finish()
    }

    fn add(&mut self, resource: &Resource, is_user: bool, compiler: &mut Compiler<'_>) {
        let (Some(arn), Some(name)) = (arn_of(resource), text(resource, "name")) else { return };
        let account = account_of(resource, &arn);
        let called = format!("{} {name}", if is_user { "the user" } else { "the role" });
        let mut policies = compiler.policies(resource, &called);
        if is_user {
            let (groups, open) = texts(resource, "groups");
            for group in groups {
                // The name follows the path, where a reference to a group is its ARN.
                let group = group.rsplit('/').next().unwrap_or_default();
                match compiler.groups.get(&(resource.declared.account, group)) {
                    Some(of_group) => policies.extend(of_group.iter().cloned()),
                    None => policies
                        .push(unread_identity(&format!("the group {group}"), "the group was not read")),
                }
            }
            policies.extend(open.map(|why| unread_identity(&format!("groups of {called}"), &why)));
        }
        let boundary = match held(resource, "permissions_boundary") {
            Held::Nothing => None,
            Held::Unknown(why) => {
                Some(Arc::new(Policy::unread(PolicyKind::Boundary, format!("the boundary of {called}"), why)))
            }
            Held::Value(node) => node.text().map(|arn| compiler.managed(arn, PolicyKind::Boundary)),
        };
        let id = resource
            .declared
            .raw
            .get(if is_user { "UserId" } else { "RoleId" })
            .and_then(palisade_model::Node::text);
        let account: Arc<str> = match self.list.last() {
            Some(last) if last.account.as_ref() == account => last.account.clone(),
            _ => account.into(),
        };
        let arn: Arc<str> = arn.into();
        let identity = Identity {
            arn: arn.clone(),
            account: account.clone(),
            is_user,
            id: id.map(Into::into),
            tags: tags(resource),
            policies,
            boundary,
        };
        let place = match self.by_arn.get(&arn) {
            Some(place) => {
                self.list[*place] = identity;
                *place
            }
            None => {
                self.list.push(identity);
                self.list.len() - 1
            }
        };
        let by_name = if is_user { &mut self.users } else { &mut self.roles };
        by_name.insert((account.as_ref().into(), name.into()), place);
        self.by_arn.insert(arn, place);
    }

    /// The users and roles, each at a place of its own.
    pub fn list(&self) -> &[Identity] {
        &self.list
    }

    /// The user or role of this ARN.
    pub fn get(&self, arn: &str) -> Option<&Identity> {
        self.by_arn.get(arn).map(|place| &self.list[*place])
    }

    /// The place of the user or role of this ARN in the list.
    pub fn place(&self, arn: &str) -> Option<usize> {
        self.by_arn.get(arn).copied()
    }

    /// The ARNs of the users and roles, in order.
    pub fn principals(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.list.iter().map(|identity| identity.arn.as_ref()).collect();
        all.sort_unstable();
        all
    }

    /// Does the estate hold this user or role?
    pub fn has(&self, arn: &str) -> bool {
        self.by_arn.contains_key(arn)
    }

    /// The ARN of the role of this name, with its path.
    pub fn role(&self, account: &str, name: &str) -> Option<&str> {
        self.roles.get(&(account.into(), name.into())).map(|place| self.list[*place].arn.as_ref())
    }

    /// The ARN of the user of this name, with its path.
    pub fn user(&self, account: &str, name: &str) -> Option<&str> {
        self.users.get(&(account.into(), name.into())).map(|place| self.list[*place].arn.as_ref())
    }

    /// The accounts that were looked into, in order.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.accounts.iter().copied()
    }

    /// The accounts of the organisations that were not looked into.
    pub fn not_read(&self) -> Vec<AccountId> {
        self.government.members().into_iter().filter(|account| !self.accounts.contains(account)).collect()
    }

    /// The name of an account.
    pub fn account_name(&self, account: &str) -> Option<&str> {
        self.government.name(account)
    }

    /// The id of the organisation of an account.
    pub fn organisation_of(&self, account: &str) -> Option<&str> {
        self.government.organisation_of(account)
    }

    /// The ids of the organisations.
    pub fn organisations(&self) -> Vec<&str> {
        self.government.ids().collect()
    }

    /// The service control policies that act on an account's principals, from the root down.
    pub fn scps(&self, account: &str) -> Vec<palisade_iam::Level> {
        self.government.scps(account)
    }

    /// Why the users or roles of an account are not all known; nothing when they are.
    pub fn why_not_listed(&self, account: &str) -> Option<String> {
        let kinds = [("AWS::IAM::User", "users"), ("AWS::IAM::Role", "roles")];
        kinds.into_iter().find_map(|(kind, what)| match self.listed(account, kind) {
            _ if !self.looks_into(account) => Some("the account was not read".to_owned()),
            Listed::All => None,
            Listed::Some(why) => Some(format!("its {what} were not all listed: {why}")),
            Listed::Not => Some(format!("its {what} were not listed")),
        })
    }

    /// What uses a role or belongs to a person: as far as the estate tells.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// The resources that are known by ARN, with their account and policy.
    pub fn resources(&self) -> impl Iterator<Item = Owned<'_>> {
        self.resources.each()
    }

    /// The buckets whose access control list is in force and grants something, with their accounts.
    pub fn with_acl(&self) -> Vec<(&str, Option<&str>)> {
        self.resources.with_acl()
    }

    /// Gives the resource of this ARN another policy, to ask what would be; is there such a resource?
    pub fn set_policy(&mut self, arn: &str, policy: Arc<Policy>) -> bool {
        self.resources.set_policy(arn, policy)
    }

    /// The resource that a request about this ARN is about, its account and its policy.
    pub fn resource(&self, arn: &str) -> Option<Owned<'_>> {
        self.resources.find(arn).map(|(arn, kept)| (arn, kept.account.as_deref(), kept.policy.as_ref()))
    }

    /// How completely a kind was listed in an account.
    pub(crate) fn listed(&self, account: &str, kind: &str) -> Listed {
        self.listed.get(&(account.into(), kind.into())).cloned().unwrap_or(Listed::Not)
    }

    /// Does the estate look into this account?
    pub fn looks_into(&self, account: &str) -> bool {
        account.parse().is_ok_and(|id: AccountId| self.accounts.contains(&id))
    }

    /// Why nothing is known of something that an account may hold.
    pub(crate) fn why_unread(&self, account: &str, kind: &str, what: &str) -> String {
        if !self.looks_into(account) {
            let is_member = self.government.holds(account);
            let place = if is_member {
                "was not read, though the organisation has it"
            } else {
                "is outside of the estate"
            };
            return format!("account {account} {place}");
        }
        match self.listed(account, kind) {
            Listed::All => format!("the estate holds no such {what}"),
            Listed::Some(why) => format!("the {what}s of account {account} were not all listed: {why}"),
            Listed::Not => format!("the {what}s of account {account} were not listed"),
        }
    }

    /// The request and the policies that apply to it.
    ///
    /// # Errors
    /// What was asked is no request: the principal, the action or the resource can't be read.
    pub fn question(&self, asked: &Asked) -> Result<(Request, Policies), String> {
        let mut principal = Principal::parse(&asked.principal).ok_or_else(|| {
            format!("`{}` is no principal: an ARN of a user, role or session, a service or `anonymous` is expected", asked.principal)
        })?;
        let action = Action::parse(&asked.action)
            .ok_or_else(|| format!("`{}` is no action: `service:Action` is expected", asked.action))?;
        let resource = ResourceText::new(&asked.resource);
        if asked.resource != "*" && !resource.is_arn() {
            return Err(format!("`{}` is no resource: an ARN or `*` is expected", asked.resource));
        }
        let reference = Reference::shipped();
        let known_action = reference.action(&asked.action);
        let need_is_unverified =
            asked.takes_no_resource.is_none() && asked.resource == "*" && resource_need(&action).1;
        let takes_no_resource = asked.takes_no_resource.unwrap_or_else(|| {
            (asked.resource == "*" && known_action.is_none_or(|known| known.resources.is_empty()))
                || known_action.and_then(palisade_services::Action::takes_resources) == Some(false)
        });
        let found = self.resources.find(&asked.resource);
        let account = self.owner(asked, &resource, &principal, takes_no_resource);
        let mut policies = Policies { session: asked.session.clone(), ..Policies::default() };
        let mut known = Known { caller: asked.caller.clone(), via: asked.via.clone(), ..Known::default() };
        let has_all_tags = self.identity_side(&mut principal, asked, &mut known, &mut policies);
        if let Some(account) = principal.account() {
            policies.scps = self.government.scps(account);
        }
        let is_trust = crate::resource::is_assumption(&action) && resource.field(2) == "iam";
        policies.resource = match takes_no_resource {
            true => None,
            false => {
                self.resource_policy(&resource, account.as_deref(), found.map(|(_, kept)| kept), is_trust)
            }
        };
        if let Some(account) = account.as_deref()
            && !takes_no_resource
        {
            policies.rcps = self.government.rcps(account);
        }
        known.principal_side = self.government.side(principal.account());
        known.resource_side = self.government.side(account.as_deref());
        known.target.tags = found.and_then(|(_, kept)| kept.tags.clone());
        known.target.bucket_abac = found.is_some_and(|(_, kept)| kept.abac == Some(true));
        if known.via.region.is_none() && resource.field(3).is_empty() {
            known.via.region = found.and_then(|(_, kept)| kept.region.clone());
        }
        let facts = Facts {
            resource_need_is_unverified: need_is_unverified,
            rcp_supported: reference.reached_by_rcps(action.service()),
            aws_managed_key: found.is_some_and(|(_, kept)| kept.is_aws_managed_key),
            s3: found
                .and_then(|(_, kept)| kept.s3.as_deref())
                .map(|s3| s3_of(s3, &principal, &resource, &action))
                .unwrap_or_default(),
            grants: Grants::untold("the estate does not tell of them"),
            ..Facts::default()
        };
        let mut context = Context::new(asked.rest.clone());
        asked.context.iter().for_each(|(key, entry)| context.set(key, entry.clone()));
        self.stand_alone(&mut context, &principal, account.as_deref());
        let complete = Complete {
            principal_tags: has_all_tags,
            resource_tags: known.target.tags.is_some()
                && (action.service() != "s3" || found.is_some_and(|(_, kept)| kept.abac.is_some())),
        };
        let request = Request::new(palisade_iam::Asked {
            principal,
            action,
            resource: resource.text,
            resource_account: account.map(Into::into),
            takes_no_resource,
            context,
            known,
            facts,
        });
        let request = settle(request, &policies, complete);
        Ok((request, policies))
    }

    /// An account without organisation has no id of one.
    fn stand_alone(&self, context: &mut Context, principal: &Principal, resource: Option<&str>) {
        for (account, keys) in [
            (principal.account(), ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]),
            (resource, ["aws:ResourceOrgID", "aws:ResourceOrgPaths"]),
        ] {
            if self.government.is_alone(account) {
                keys.iter().for_each(|key| context.set_default(key, palisade_iam::Entry::Absent));
            }
        }
    }

    /// The account that owns what is asked for.
    fn owner(
        &self,
        asked: &Asked,
        resource: &ResourceText,
        principal: &Principal,
        takes_no_resource: bool,
    ) -> Option<String> {
        let told = asked.resource_account.clone();
        let in_arn =
            Some(resource.field(4)).filter(|account| !account.is_empty() && !account.contains(['*', '?']));
        let found = self.resources.find(&asked.resource).and_then(|(_, kept)| kept.account.as_deref());
        // An action without resource is about the account of the one who asks.
        let own = principal.account().filter(|_| takes_no_resource);
        told.or(in_arn.map(str::to_owned)).or(found.map(str::to_owned)).or(own.map(str::to_owned))
    }

    /// Adds the policies of the one who asks; says whether all tags of the principal are known.
    fn identity_side(
        &self,
        principal: &mut Principal,
        asked: &Asked,
        known: &mut Known,
        policies: &mut Policies,
    ) -> bool {
        let account = principal.account().map(str::to_owned).unwrap_or_default();
        let (arn, kind, what) = match &*principal {
            Principal::User(user) => (Some(user.arn.to_string()), "AWS::IAM::User", "user"),
            Principal::RoleSession(role) => {
                let told = asked.caller.role_arn.clone().or_else(|| role.role_arn.clone()).map(String::from);
                let by_name = || self.role(&role.account, &role.role).map(str::to_owned);
                (told.filter(|arn| self.has(arn)).or_else(by_name), "AWS::IAM::Role", "role")
            }
            Principal::FederatedUser(user) => {
                if policies.session.is_empty() {
                    let why = "the policy that was passed with the federation token is not told";
                    policies.session.push(Arc::new(Policy::unread(
                        PolicyKind::Session,
                        "the session policy",
                        why,
                    )));
                }
                (self.user(&user.account, &user.name).map(str::to_owned), "AWS::IAM::User", "user")
            }
            Principal::Root { .. }
            | Principal::Service(_)
            | Principal::Federated { .. }
            | Principal::Anonymous => {
                return true;
            }
        };
        let Some((arn, identity)) = arn.and_then(|arn| self.get(&arn).map(|found| (arn, found))) else {
            let why = self.why_unread(&account, kind, what);
            // Without the name of the session, so that all sessions of a role have one reason.
            let whole = || asked.principal.rsplit_once('/').map(|(role, _)| role.to_owned());
            let role = if asked.principal.contains(":assumed-role/") { whole() } else { None };
            let called = role.unwrap_or_else(|| asked.principal.clone());
            policies.identity.push(unread_identity(&called, &why));
            policies.boundaries.push(Arc::new(Policy::unread(PolicyKind::Boundary, called, why)));
            return false;
        };
        policies.identity.extend(identity.policies.iter().cloned());
        policies.boundaries.extend(identity.boundary.iter().cloned());
        let caller = &mut known.caller;
        if matches!(principal, Principal::RoleSession(_)) {
            caller.role_arn = Some(arn.into());
        }
        caller.id = caller.id.take().or_else(|| identity.id.clone());
        // Tags of a session may come on top of a role's own; what is told of the session wins.
        let is_user = matches!(principal, Principal::User(_));
        let has_all = caller.tags.is_some() || (is_user && identity.tags.is_some());
        let own = identity.tags.clone().unwrap_or_default();
        let mut all = caller.tags.take().unwrap_or_default();
        all.extend(own.into_iter().filter(|(key, _)| identity_lacks(&asked.caller, key)));
        caller.tags = Some(all);
        has_all && identity.tags.is_some()
    }

    /// Tells which policies AWS would have refused, and why: they grant nothing.
    pub fn refused(&self) -> Vec<palisade_model::Diagnostic> {
        let of_identities =
            self.list.iter().flat_map(|identity| identity.policies.iter().chain(&identity.boundary));
        let policies = of_identities.chain(self.resources.policies());
        let mut said: Vec<palisade_model::Diagnostic> = Vec::new();
        for diagnostic in policies.filter(|policy| policy.is_rejected).flat_map(|policy| &policy.diagnostics)
        {
            if !said.contains(diagnostic) {
                said.push(diagnostic.clone());
            }
        }
        said.sort_by(|a, b| a.span.cmp(&b.span).then_with(|| a.message.cmp(&b.message)));
        said
    }
}

fn identity_lacks(caller: &palisade_iam::Caller, key: &str) -> bool {
    !caller.tags.as_ref().is_some_and(|tags| tags.iter().any(|(other, _)| other.eq_ignore_ascii_case(key)))
}

pub(crate) fn unread_identity(called: &str, why: &str) -> Arc<Policy> {
    Arc::new(Policy::unread(PolicyKind::Identity, called, why))
}

fn of_kind<'e>(estate: &'e Estate, kind: &str) -> impl Iterator<Item = &'e Resource> {
    let kind: Option<ResourceType> = kind.parse().ok();
    estate.resources.iter().filter(move |resource| kind.is_some() && resource.kind == kind)
}

/// The ARN of a resource.
pub(crate) fn arn_of(resource: &Resource) -> Option<String> {
    resource.arn.as_ref().map(ToString::to_string).or_else(|| {
        let name = resource.declared.address.name.as_ref();
        name.starts_with("arn:").then(|| name.to_owned())
    })
}

/// What is known of S3 for a request: the list of a bucket says who may list it and write to it, and nothing of its
/// objects, which have lists of their own where lists are in force.
fn s3_of(bucket: &S3Facts, principal: &Principal, resource: &ResourceText, action: &Action) -> S3Facts {
    let mut facts = bucket.clone();
    let is_object = resource.field(5).contains('/');
    let is_written = ["putobject", "deleteobject", "deleteobjectversion"].contains(&action.name());
    if is_object && !is_written && !facts.acls_are_enabled.is_no() && !facts.acl.is_empty() {
        facts.acl.clear();
        // Who has no account can be let in by public lists alone.
        facts.acl_is_unknown = principal.account().is_some() || facts.ignore_public_acls != Switch::On;
    }
    facts
}

/// The account of a resource.
pub(crate) fn account_of(resource: &Resource, arn: &str) -> String {
    let declared = resource.declared.account.map(|account| account.to_string());
    declared.unwrap_or_else(|| arn.split(':').nth(4).unwrap_or_default().to_owned())
}

fn listed(estate: &Estate) -> HashMap<(Box<str>, Box<str>), Listed> {
    let mut all = HashMap::new();
    for (id, account) in &estate.accounts {
        for (kind, how) in &account.listed {
            let how = match how {
                Completeness::All => Listed::All,
                Completeness::Some(why) => Listed::Some(why.to_string()),
            };
            all.insert((id.to_string().into(), kind.as_str().into()), how);
        }
    }
    all
}

impl Compiler<'_> {
    /// The policies of a user, group or role itself.
    fn policies(&mut self, resource: &Resource, called: &str) -> Vec<Arc<Policy>> {
        let (mut attached, open) = texts(resource, "managed_policies");
        // Either side may tell of an attachment.
        let sort = match resource.kind.as_ref().map_or("", ResourceType::as_str) {
            "AWS::IAM::User" => "users",
            "AWS::IAM::Group" => "groups",
            _ => "roles",
        };
        let name = text(resource, "name").unwrap_or_default();
        let told = self.attached.get(&(sort, resource.declared.account, name.into()));
        for arn in told.into_iter().flatten() {
            if !attached.iter().any(|known| known.as_ref() == arn) {
                attached.push(arn.as_str().into());
            }
        }
        let mut all: Vec<Arc<Policy>> =
            attached.iter().map(|arn| self.managed(arn, PolicyKind::Identity)).collect();
        all.extend(open.map(|why| unread_identity(&format!("managed policies of {called}"), &why)));
        let (inline, open) = items(resource, "inline_policies");
        for record in inline {
            let Value::Map(map) = &record.value else { continue };
            let name = map.entries.get("name").and_then(palisade_model::Node::text).unwrap_or("?");
            let named = format!("the policy `{name}` of {called}");
            all.push(match map.entries.get("document") {
                Some(node) => match &node.value {
                    Value::Unknown(why) => unread_identity(&named, &why.to_string()),
                    _ => compile(node, resource, PolicyKind::Identity, &named),
                },
                None => unread_identity(&named, "its document was not read"),
            });
        }
        all.extend(open.map(|why| unread_identity(&format!("inline policies of {called}"), &why)));
        all
    }

    fn managed(&mut self, arn: &str, kind: PolicyKind) -> Arc<Policy> {
        if let Some(known) = self.compiled.get(&(arn.to_owned(), kind)) {
            return known.clone();
        }
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let called = format!("the managed policy `{name}`");
        let is_aws = arn.contains(":iam::aws:policy/");
        let of_aws = || self.of_aws.get(arn).map(AsRef::as_ref);
        let own = self.managed.get(arn).copied().or_else(of_aws);
        let own = own.map(|resource| policy(resource, "document", kind, &called));
        let read = match own {
            Some(Some(policy)) => policy,
            Some(None) => Arc::new(Policy::unread(kind, called, "its document was not read")),
            None if is_aws && arn.ends_with(":policy/AdministratorAccess") => {
                let mut known =
                    Policy::parse(ADMINISTRATOR, &called.as_str().into(), kind, Strictness::Strict);
                // It stands in no file.
                known.statements.iter_mut().for_each(|statement| statement.span = None);
                Arc::new(known)
            }
            None if is_aws => Arc::new(Policy::unread(
                kind,
                called,
                "the estate does not hold the document of this policy of AWS",
            )),
            None => Arc::new(Policy::unread(kind, called, "the estate does not hold this policy")),
        };
        self.compiled.insert((arn.to_owned(), kind), read.clone());
        read
    }
}
