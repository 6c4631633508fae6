//! `palisade iam who-can`, `can`, `public` and `external`: questions over a whole organisation.

use crate::Ending;
use crate::content::says;
use crate::iam::arguments::{AnswerFormat, key_and_value};
use crate::output;
use clap::Args;
use palisade_access::{
    Exposed, Exposure, Grant, Group, Organisation, Outside, Wanted, Who, WhoCan, exposed, ways_in, who_can,
};
use palisade_iam::{Entry, Policy, PolicyKind, StatementRef, Strictness};
use palisade_identity::{Gather, Identities, People};
use palisade_model::Diagnostic;
use palisade_report::neutral;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many of a group are shown, unless all are asked for.
const SHOWN: usize = 6;

/// What all questions over an organisation take.
#[derive(Debug, Args)]
pub struct OverOptions {
    /// The estate: a folder, or estate.json. Give it again for each further organisation.
    #[arg(long, value_name = "PATH", required = true)]
    pub estate: Vec<PathBuf>,
    /// Show all of each group, not only the first.
    #[arg(long)]
    pub all: bool,
    /// What is not known is no reason to end with 3.
    #[arg(long)]
    pub allow_unknown: bool,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

#[derive(Debug, Args)]
pub struct WhoCanOptions {
    /// For what: `service:Action`.
    #[arg(value_name = "ACTION")]
    pub action: String,
    /// On which resource: an ARN, with wildcards where any of several will do; without it, the action is asked for
    /// without one.
    #[arg(value_name = "RESOURCE", default_value = "*")]
    pub resource: String,
    /// The account that owns the resource, where its ARN does not tell.
    #[arg(long, value_name = "ACCOUNT")]
    pub resource_account: Option<String>,
    /// The value of a condition key; give the key again for each further value.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub context: Vec<(String, String)>,
    /// A policy that the resource has instead of its own (a role: its trust policy), to ask what a change would do.
    #[arg(long, value_name = "FILE")]
    pub resource_policy: Option<PathBuf>,
    /// Do not follow roles back to those who may assume them.
    #[arg(long)]
    pub no_chains: bool,
    #[command(flatten)]
    pub over: OverOptions,
}

#[derive(Debug, Args)]
pub struct CanOptions {
    /// The ARN of a user or role.
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    #[command(flatten)]
    pub over: OverOptions,
}

#[derive(Debug, Args)]
pub struct ExposedOptions {
    #[command(flatten)]
    pub over: OverOptions,
}

/// After so many steps the conditions of one request are not known.
const STEPS: u64 = 20_000;

/// Reads the estates.
fn identities(over: &OverOptions, color: bool) -> anyhow::Result<Identities> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut gather = Gather::default();
    for path in &over.estate {
        for estate in crate::iam::estates(path, &mut diagnostics)? {
            gather.add(&estate);
        }
    }
    let identities = gather.finish();
    diagnostics.extend(identities.refused());
    says(&diagnostics, color);
    Ok(identities)
}

/// Reads the estates and indexes their identities.
fn organisation(over: &OverOptions, color: bool) -> anyhow::Result<Organisation> {
    Ok(Organisation::new(identities(over, color)?))
}

/// Gives the resource the policy of a file.
fn changed(identities: &mut Identities, resource: &str, path: &Path, color: bool) -> anyhow::Result<()> {
    let (file, text) = crate::iam_check::read(path)?;
    let is_role = resource.contains(":iam:") && resource.contains(":role/");
    let kind = if is_role { PolicyKind::Trust } else { PolicyKind::Resource };
    let policy = Policy::parse(&text, &file, kind, Strictness::Strict);
    says(&policy.diagnostics, color);
    anyhow::ensure!(!policy.is_rejected, "AWS would not store the policy of `{}`", path.display());
    let is_there = identities.set_policy(resource, Arc::new(policy));
    anyhow::ensure!(is_there, "the estate does not hold `{resource}`, so it can't be given another policy");
    Ok(())
}

/// Condition keys as they were told.
pub fn told(context: &[(String, String)]) -> Vec<(String, Entry)> {
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in context {
        if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            keys.push(key);
        }
    }
    let values = |key: &str| {
        let of_key = context.iter().filter(|(other, _)| other.eq_ignore_ascii_case(key));
        Entry::values(of_key.map(|(_, value)| value.as_str()))
    };
    keys.iter().map(|key| ((*key).to_owned(), values(key))).collect()
}

/// Runs `palisade iam who-can`.
pub fn run_who_can(options: &WhoCanOptions, color: bool) -> anyhow::Result<Ending> {
    let mut identities = identities(&options.over, color)?;
    if let Some(path) = &options.resource_policy {
        changed(&mut identities, &options.resource, path, color)?;
    }
    let organisation = Organisation::new(identities);
    let mut wanted = Wanted::new(options.action.as_str(), options.resource.as_str());
    wanted.resource_account.clone_from(&options.resource_account);
    wanted.context = told(&options.context);
    wanted.chains = !options.no_chains;
    let answer = who_can(&organisation, &wanted).map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    output::write(None, |out| match options.over.format {
        AnswerFormat::Text => Page {
            out,
            organisation: &organisation,
            identities: organisation.identities(),
            all: options.over.all,
        }
        .who_can(&answer),
        AnswerFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &who_can_json(&answer, organisation.identities()))?;
            writeln!(out)
        }
    })?;
    Ok(ending(!answer.unknown.is_empty(), &options.over))
}

fn ending(is_unknown: bool, over: &OverOptions) -> Ending {
    if is_unknown && !over.allow_unknown { Ending::Incomplete } else { Ending::Clean }
}

fn who_can_json(answer: &WhoCan, identities: &Identities) -> Value {
    let mut object = json!({ "schema": "palisade/who-can/v1" });
    if let (Some(object), Ok(Value::Object(fields))) = (object.as_object_mut(), serde_json::to_value(answer))
    {
        object.extend(fields);
    }
    let roles = answer.can.iter().flat_map(|grant| &grant.who).filter_map(|who| match who {
        Who::Role(arn) => Some(arn.as_ref()),
        _ => None,
    });
    let mut people = serde_json::Map::new();
    for role in roles {
        let uses = identities.people().uses(role);
        let uses: Vec<Value> = uses.iter().map(|of| json!({ "what": of.what, "name": of.name })).collect();
        let set = People::permission_set(role);
        if uses.is_empty() && set.is_none() {
            continue;
        }
        let holders = identities.people().holders(role).map(|holders| {
            holders.iter().map(|of| json!({ "user": of.user, "group": of.group })).collect::<Vec<_>>()
        });
        people.insert(role.to_owned(), json!({ "permissionSet": set, "people": holders, "workloads": uses }));
    }
    object["behind"] = Value::Object(people);
    object
}

/// An answer on its way to a reader.
pub struct Page<'a> {
    pub out: &'a mut dyn Write,
    pub organisation: &'a Organisation,
    pub identities: &'a Identities,
    pub all: bool,
}

impl Page<'_> {
    fn who_can(&mut self, answer: &WhoCan) -> io::Result<()> {
        let (direct, through) = answer.count();
        let on = if answer.resource == "*" { String::new() } else { format!(" on {}", answer.resource) };
        let sum = |groups: &[Group]| groups.iter().map(|group| group.count).sum::<usize>();
        let what = neutral(&format!("{}{on}", answer.action)).into_owned();
        let themselves = if through > 0 { " themselves" } else { "" };
        let cannot = format!("{} cannot{themselves}", sum(&answer.cannot));
        match (direct, through) {
            (0, 0) if answer.unknown.is_empty() => write!(self.out, "Nobody can {what}: {cannot}")?,
            (0, 0) => write!(self.out, "Nobody is known who can {what}: {cannot}")?,
            (direct, 0) => write!(self.out, "{direct} can {what}; {cannot}")?,
            (direct, through) => {
                write!(self.out, "{direct} can {what}, and {through} more through roles; {cannot}")?
            }
        }
        match answer.unknown.len() {
            0 => writeln!(self.out, ".")?,
            1 => writeln!(self.out, ", and one thing is not known.")?,
            many => writeln!(self.out, ", and {many} things are not known.")?,
        }
        let (direct, chains): (Vec<&Grant>, Vec<&Grant>) =
            answer.can.iter().partition(|grant| grant.through.is_empty());
        let mut told: Vec<(&Option<StatementRef>, &[String], Vec<&Who>)> = Vec::new();
        for grant in direct {
            let known = told.iter_mut().find(|(by, conditions, _)| {
                same(by, &grant.by) && *conditions == grant.conditions.as_slice()
            });
            match known {
                Some((_, _, who)) => who.extend(&grant.who),
                None => told.push((&grant.by, &grant.conditions, grant.who.iter().collect())),
            }
        }
        for (by, conditions, who) in told {
            match by {
                Some(by) => writeln!(self.out, "\nBy {}", neutral(&statement(by)))?,
                None => writeln!(self.out, "\nBecause nothing denies it")?,
            }
            conditions.iter().try_for_each(|of| writeln!(self.out, "if {}", neutral(of)))?;
            self.alike(&who)?;
        }
        if !chains.is_empty() {
            writeln!(self.out, "\nThrough roles that they assume")?;
            let shown = if self.all { chains.len() } else { chains.len().min(4 * SHOWN) };
            chains[..shown].iter().try_for_each(|grant| self.chain(grant))?;
            if shown < chains.len() {
                writeln!(self.out, "  … and {} ways more: --all shows them", chains.len() - shown)?;
            }
        }
        self.groups("Not known", &answer.unknown)?;
        if !answer.nobody.is_empty() {
            writeln!(self.out, "\nNamed, and nobody is there")?;
            answer.nobody.iter().try_for_each(|name| writeln!(self.out, "  {}", neutral(name)))?;
        }
        self.groups("Cannot", &answer.cannot)
    }

    pub fn groups(&mut self, title: &str, groups: &[Group]) -> io::Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{title}")?;
        let width = groups.iter().map(|group| group.count.to_string().len()).max().unwrap_or(1);
        let shown = if self.all { groups.len() } else { groups.len().min(SHOWN) };
        for group in &groups[..shown] {
            writeln!(self.out, "  {:>width$}  {}", group.count, neutral(&group.why))?;
            if title == "Not known" && !group.such_as.is_empty() {
                let more = if group.count > group.such_as.len() { ", …" } else { "" };
                writeln!(self.out, "  {:>width$}  {}{more}", "", neutral(&group.such_as.join(", ")))?;
            }
        }
        if shown < groups.len() {
            let rest: usize = groups[shown..].iter().map(|group| group.count).sum();
            writeln!(
                self.out,
                "  {rest:>width$}  for {} other reasons: --all shows them",
                groups.len() - shown
            )?;
        }
        Ok(())
    }

    /// Those who can in one way: what goes by one name in several accounts, once.
    fn alike(&mut self, all: &[&Who]) -> io::Result<()> {
        let mut groups: Vec<(String, Vec<&Who>)> = Vec::new();
        for who in all {
            let name = match who {
                Who::Role(arn) => match People::permission_set(arn) {
                    Some(set) => format!("people with the permission set {set}"),
                    None => format!("role {}", short(arn)),
                },
                Who::User(arn) => format!("user {}", short(arn)),
                Who::Root(_) => "the root user".to_owned(),
                other => self.who(other),
            };
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, list)) => list.push(who),
                None => groups.push((name, vec![who])),
            }
        }
        let shown = if self.all { groups.len() } else { groups.len().min(4 * SHOWN) };
        for (name, list) in &groups[..shown] {
            let accounts = list.iter().filter_map(|who| who.account());
            let accounts: Vec<String> = accounts
                .map(|account| match self.identities.account_name(account) {
                    Some(name) => name.to_owned(),
                    None => account.to_owned(),
                })
                .collect();
            let place = match (accounts.len(), list[0]) {
                (_, Who::Account(_) | Who::Outside(_)) | (0, _) => String::new(),
                (1, _) => format!(", in {}", accounts[0]),
                (many, _) => format!(", in {many} accounts: {}", self.listed(accounts.into_iter())),
            };
            writeln!(self.out, "  {}{}", neutral(name), neutral(&place))?;
            let mut said: BTreeSet<String> = BTreeSet::new();
            for who in list.iter().take(if self.all { usize::MAX } else { SHOWN }) {
                for line in self.behind(who) {
                    if said.insert(line.clone()) {
                        writeln!(self.out, "      {}", neutral(&line))?;
                    }
                }
            }
        }
        if shown < groups.len() {
            writeln!(self.out, "  … and {} more: --all shows them", groups.len() - shown)?;
        }
        Ok(())
    }

    fn chain(&mut self, grant: &Grant) -> io::Result<()> {
        let shown = if self.all { grant.who.len() } else { grant.who.len().min(SHOWN) };
        for who in &grant.who[..shown] {
            write!(self.out, "  {}", neutral(&self.who(who)))?;
            for role in &grant.through {
                write!(self.out, " → {}", neutral(&self.role_within(role, who)))?;
            }
            writeln!(self.out)?;
            for line in self.behind(who) {
                writeln!(self.out, "      {}", neutral(&line))?;
            }
        }
        if shown < grant.who.len() {
            writeln!(self.out, "  … and {} more in the same way", grant.who.len() - shown)?;
        }
        if let Some(by) = &grant.by {
            writeln!(self.out, "      by {}", neutral(&statement(by)))?;
        }
        grant
            .conditions
            .iter()
            .try_for_each(|condition| writeln!(self.out, "      if {}", neutral(condition)))
    }

    /// Who stands behind a role: people, workloads, services, identity providers.
    fn behind(&self, who: &Who) -> Vec<String> {
        let Who::Role(role) = who else { return Vec::new() };
        if People::permission_set(role).is_some() {
            return vec![match self.identities.people().holders(role) {
                None => "who that is, the estate does not tell".to_owned(),
                Some(holders) if holders.is_empty() => "nobody has it there".to_owned(),
                Some(holders) => {
                    let mut groups: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
                    for holder in &holders {
                        groups.entry(holder.group.as_deref()).or_default().push(holder.user.to_string());
                    }
                    let groups: Vec<String> = groups
                        .into_iter()
                        .map(|(group, users)| match group {
                            Some(group) => format!("group {group}: {}", self.listed(users.into_iter())),
                            None => self.listed(users.into_iter()),
                        })
                        .collect();
                    groups.join("; ")
                }
            }];
        }
        let mut lines = Vec::new();
        let uses = self.identities.people().uses(role);
        let mut by_what: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for of in &uses {
            by_what
                .entry(&of.what)
                .or_default()
                .insert(of.name.rsplit([':', '/']).next().unwrap_or(&of.name));
        }
        for (what, names) in &by_what {
            let many = if names.len() == 1 { "" } else { "s" };
            lines.push(format!(
                "used by the {what}{many} {}",
                self.listed(names.iter().map(|name| (*name).to_owned()))
            ));
        }
        for way in ways_in(self.organisation, role).unwrap_or_default() {
            let from = way.who.iter().filter(|from| uses.is_empty() || !matches!(from, Who::Service(_)));
            for from in from {
                let conditions = match way.conditions.as_slice() {
                    [] => String::new(),
                    conditions => format!(", if {}", conditions.join(" and ")),
                };
                lines.push(format!("assumed by {}{conditions}", self.who(from)));
            }
        }
        lines
    }

    fn listed(&self, names: impl Iterator<Item = String>) -> String {
        let mut names: Vec<String> = names.collect();
        let shown = if self.all { names.len() } else { names.len().min(SHOWN) };
        let more = names.len() - shown;
        names.truncate(shown);
        let text = names.join(", ");
        if more > 0 { format!("{text} and {more} more") } else { text }
    }

    /// A role of a chain, with its account only where that changes.
    fn role_within(&self, role: &Who, from: &Who) -> String {
        if role.account() == from.account() { format!("role {}", short(role.name())) } else { self.who(role) }
    }

    /// Somebody in words.
    pub fn who(&self, who: &Who) -> String {
        let in_account = |account: Option<&str>| match account {
            Some(account) => match self.identities.account_name(account) {
                Some(name) => format!(" in {account} ({name})"),
                None => format!(" in {account}"),
            },
            None => String::new(),
        };
        match who {
            Who::User(arn) => format!("user {}{}", short(arn), in_account(who.account())),
            Who::Role(arn) => format!("role {}{}", short(arn), in_account(who.account())),
            Who::Root(account) => format!("the root user{}", in_account(Some(account))),
            Who::Anonymous => "ANYBODY in the world, without credentials".to_owned(),
            Who::AnyAccount => "ANYBODY with an AWS account".to_owned(),
            Who::Organisation(id) => format!("whomever the accounts of organisation {id} let"),
            Who::Account(account) => {
                let place = match self.identities.organisation_of(account) {
                    Some(_) => "not read",
                    None => "outside",
                };
                format!("whomever account {account} lets ({place})")
            }
            Who::Outside(arn) => format!("{arn} (outside)"),
            Who::Service(name) => format!("the service {name}"),
            Who::Federated(name) => format!(
                "somebody from {}",
                name.split_once(":oidc-provider/").map_or(name.as_ref(), |(_, rest)| rest)
            ),
        }
    }
}

fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// How many actions of how many services.
fn counted(actions: usize, services: usize) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!("{} of {}", plural(actions, "action"), plural(services, "service"))
}

/// Do two statements say the same, for a reader? The same policy of another role has another name.
fn same(one: &Option<StatementRef>, other: &Option<StatementRef>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            (&one.policy, one.statement, &one.level) == (&other.policy, other.statement, &other.level)
        }
        (None, None) => true,
        _ => false,
    }
}

/// A statement by its policy, and where it stands.
pub fn statement(by: &StatementRef) -> String {
    let mut text = match &by.sid {
        Some(sid) => format!("statement `{sid}` of {}", by.policy),
        None => format!("statement {} of {}", by.statement, by.policy),
    };
    if let Some(level) = &by.level {
        text += &format!(" on {level}");
    }
    if let Some(at) = &by.at {
        text += &format!(", {at}");
    }
    text
}

/// Runs `palisade iam public` and `palisade iam external`.
pub fn run_exposed(options: &ExposedOptions, outside: Outside, color: bool) -> anyhow::Result<Ending> {
    let organisation = organisation(&options.over, color)?;
    let answer = exposed(&organisation, outside, STEPS);
    output::write(None, |out| match options.over.format {
        AnswerFormat::Text => {
            let all = options.over.all;
            Page { out, organisation: &organisation, identities: organisation.identities(), all }
                .exposed(&answer, outside)
        }
        AnswerFormat::Json => {
            let schema = match outside {
                Outside::World => "palisade/public/v1",
                Outside::Accounts => "palisade/external/v1",
            };
            serde_json::to_writer_pretty(&mut *out, &with_schema(schema, &answer))?;
            writeln!(out)
        }
    })?;
    if !answer.can.is_empty() {
        return Ok(Ending::Found);
    }
    Ok(ending(!answer.unknown.is_empty(), &options.over))
}

fn with_schema(schema: &str, answer: &impl serde::Serialize) -> Value {
    let mut object = json!({ "schema": schema });
    if let (Some(object), Ok(Value::Object(fields))) = (object.as_object_mut(), serde_json::to_value(answer))
    {
        object.extend(fields);
    }
    object
}

/// Runs `palisade iam can`.
pub fn run_can(options: &CanOptions, color: bool) -> anyhow::Result<Ending> {
    let organisation = organisation(&options.over, color)?;
    let identities = organisation.identities();
    let principal = options.principal.as_str();
    if identities.get(principal).is_none() {
        let nearest =
            identities.principals().into_iter().min_by_key(|known| strsim::levenshtein(known, principal));
        let help = nearest.map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?"));
        anyhow::bail!("the estate does not hold `{principal}`{help}");
    }
    let answer =
        palisade_access::can(&organisation, principal, STEPS).map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    output::write(None, |out| match options.over.format {
        AnswerFormat::Text => {
            Page { out, organisation: &organisation, identities, all: options.over.all }.can(&answer)
        }
        AnswerFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &with_schema("palisade/can/v1", &answer))?;
            writeln!(out)
        }
    })?;
    Ok(ending(!answer.unknown.is_empty(), &options.over))
}

impl Page<'_> {
    fn exposed(&mut self, answer: &Exposed, outside: Outside) -> io::Result<()> {
        let resources: BTreeSet<&str> =
            answer.can.iter().map(|exposure| exposure.resource.as_str()).collect();
        let who = match outside {
            Outside::World => "anybody in the world",
            Outside::Accounts => "other accounts",
        };
        let looked_at = answer.looked_at;
        match resources.len() {
            0 => {
                write!(self.out, "Nothing is open to {who}, of {looked_at} policies of resources and roles")?
            }
            1 => write!(self.out, "1 resource is open to {who}, of {looked_at} with a policy")?,
            many => write!(self.out, "{many} resources are open to {who}, of {looked_at} with a policy")?,
        }
        let unknown: usize = answer.unknown.iter().map(|group| group.count).sum();
        match unknown {
            0 => writeln!(self.out, ".")?,
            1 => writeln!(self.out, "; one thing is not known.")?,
            many => writeln!(self.out, "; {many} things are not known.")?,
        }
        let mut last = "";
        for exposure in &answer.can {
            if exposure.resource != last {
                let owner = exposure.owner.as_deref().unwrap_or("an account that is not known");
                let name =
                    self.identities.account_name(owner).map_or_else(String::new, |name| format!(" ({name})"));
                writeln!(self.out, "\n{}", neutral(&format!("{} in {owner}{name}", exposure.resource)))?;
            }
            last = &exposure.resource;
            self.exposure(exposure)?;
        }
        if !answer.nobody.is_empty() {
            writeln!(self.out, "\nNamed, and nobody is there")?;
            answer.nobody.iter().try_for_each(|name| writeln!(self.out, "  {}", neutral(name)))?;
        }
        self.groups("Not known", &answer.unknown)
    }

    fn exposure(&mut self, exposure: &Exposure) -> io::Result<()> {
        let actions: Vec<String> = exposure
            .actions
            .iter()
            .map(|(level, actions)| format!("{level} {}", self.listed(actions.iter().cloned())))
            .collect();
        writeln!(self.out, "  {}: {}", neutral(&self.who(&exposure.who)), neutral(&actions.join("; ")))?;
        match &exposure.by {
            Some(by) => writeln!(self.out, "      by {}", neutral(&statement(by)))?,
            None => writeln!(self.out, "      by its access control list")?,
        }
        exposure.conditions.iter().try_for_each(|of| writeln!(self.out, "      if {}", neutral(of)))?;
        let witness = &exposure.witness;
        let keys: Vec<String> = witness
            .context
            .iter()
            .filter_map(|(key, values)| values.as_ref().map(|values| format!("{key}={}", values.join(","))))
            .collect();
        let with = if keys.is_empty() { String::new() } else { format!(" with {}", keys.join(" ")) };
        let asks = format!("{} → {} {}{with}", witness.principal, witness.action, witness.resource);
        writeln!(self.out, "      as in {}", neutral(&asks))
    }

    fn can(&mut self, answer: &palisade_access::Can) -> io::Result<()> {
        let services: BTreeSet<&str> =
            answer.permissions.iter().flat_map(|of| of.actions.keys()).map(String::as_str).collect();
        let count = |all: &palisade_access::ByService| {
            all.values().flat_map(BTreeMap::values).map(Vec::len).sum::<usize>()
        };
        let actions: usize = answer.permissions.iter().map(|of| count(&of.actions)).sum();
        let who = neutral(&answer.principal).into_owned();
        match (actions, answer.reach.len()) {
            (0, 0) => writeln!(self.out, "{who} can do nothing.")?,
            (actions, 0) => writeln!(self.out, "{who} can do {}.", counted(actions, services.len()))?,
            (actions, reach) => {
                let resources =
                    if reach == 1 { "1 resource lets".to_owned() } else { format!("{reach} resources let") };
                writeln!(
                    self.out,
                    "{who} can do {}, and {resources} it in by their own policies.",
                    counted(actions, services.len())
                )?;
            }
        }
        for permission in &answer.permissions {
            writeln!(self.out, "\non {}", neutral(&self.listed(permission.resources.iter().cloned())))?;
            if !permission.within.is_empty() {
                writeln!(
                    self.out,
                    "  within its boundary: {}",
                    neutral(&self.listed(permission.within.iter().cloned()))
                )?;
            }
            permission.except.iter().try_for_each(|of| writeln!(self.out, "  but not {}", neutral(of)))?;
            permission.conditions.iter().try_for_each(|of| writeln!(self.out, "  if {}", neutral(of)))?;
            self.services(&permission.actions)?;
            let shown = if self.all { permission.by.len() } else { permission.by.len().min(3) };
            for by in &permission.by[..shown] {
                writeln!(self.out, "  by {}", neutral(&statement(by)))?;
            }
            if shown < permission.by.len() {
                writeln!(self.out, "  and {} statements more", permission.by.len() - shown)?;
            }
        }
        if !answer.reach.is_empty() {
            writeln!(self.out, "\nResources that let it in by their own policies")?;
            let shown = if self.all { answer.reach.len() } else { answer.reach.len().min(4 * SHOWN) };
            for reach in &answer.reach[..shown] {
                let levels: Vec<String> = reach
                    .actions
                    .values()
                    .flatten()
                    .map(|(level, names)| format!("{level} {}", self.listed(names.iter().cloned())))
                    .collect();
                writeln!(self.out, "  {}: {}", neutral(&reach.resource), neutral(&levels.join("; ")))?;
                if let Some(by) = &reach.by {
                    writeln!(self.out, "      by {}", neutral(&statement(by)))?;
                }
                reach.conditions.iter().try_for_each(|of| writeln!(self.out, "      if {}", neutral(of)))?;
            }
            if shown < answer.reach.len() {
                writeln!(self.out, "  … and {} more: --all shows them", answer.reach.len() - shown)?;
            }
        }
        self.groups("Cut away", &answer.cut)?;
        self.groups("Not known", &answer.unknown)
    }

    fn services(&mut self, all: &palisade_access::ByService) -> io::Result<()> {
        let reference = palisade_services::Reference::shipped();
        let mut whole: Vec<&str> = Vec::new();
        for (service, levels) in all {
            let known = reference.service(service).map_or(0, |service| service.actions.len());
            let has: usize = levels.values().map(Vec::len).sum();
            if known > 0 && has == known {
                whole.push(service);
                continue;
            }
            let levels: Vec<String> = levels
                .iter()
                .map(|(level, names)| format!("{level} {}", self.listed(names.iter().cloned())))
                .collect();
            writeln!(self.out, "  {service}  {}", neutral(&levels.join("; ")))?;
        }
        if !whole.is_empty() {
            let names = self.listed(whole.iter().map(|service| (*service).to_owned()));
            writeln!(self.out, "  all of {names}")?;
        }
        Ok(())
    }
}
