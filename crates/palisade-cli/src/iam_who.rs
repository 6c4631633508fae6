//! `palisade iam who-can`, `can`, `public` and `external`: questions over a whole organisation.

use crate::Ending;
use crate::content::says;
use crate::iam::arguments::{AnswerFormat, key_and_value};
use crate::output;
use clap::Args;
use palisade_access::{Grant, Group, Organisation, Wanted, Who, WhoCan, who_can};
use palisade_iam::{Entry, StatementRef};
use palisade_identity::{Gather, Identities, People};
use palisade_model::Diagnostic;
use palisade_report::neutral;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

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
    /// Do not follow roles back to those who may assume them.
    #[arg(long)]
    pub no_chains: bool,
    #[command(flatten)]
    pub over: OverOptions,
}

/// Reads the estates and indexes their identities.
pub fn organisation(over: &OverOptions, color: bool) -> anyhow::Result<Organisation> {
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
    Ok(Organisation::new(identities))
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
    let organisation = organisation(&options.over, color)?;
    let mut wanted = Wanted::new(options.action.as_str(), options.resource.as_str());
    wanted.resource_account.clone_from(&options.resource_account);
    wanted.context = told(&options.context);
    wanted.chains = !options.no_chains;
    let answer = who_can(&organisation, &wanted).map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    output::write(None, |out| match options.over.format {
        AnswerFormat::Text => {
            Page { out, identities: organisation.identities(), all: options.over.all }.who_can(&answer)
        }
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
    if let (Some(object), Ok(Value::Object(fields))) = (object.as_object_mut(), serde_json::to_value(answer)) {
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
    pub identities: &'a Identities,
    pub all: bool,
}

impl Page<'_> {
    fn who_can(&mut self, answer: &WhoCan) -> io::Result<()> {
        let (direct, through) = answer.count();
        let on = if answer.resource == "*" { String::new() } else { format!(" on {}", answer.resource) };
        let sum = |groups: &[Group]| groups.iter().map(|group| group.count).sum::<usize>();
        let what = neutral(&format!("{}{on}", answer.action)).into_owned();
        let cannot = format!("{} cannot", sum(&answer.cannot));
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
        let ways = ways_in(&answer.can);
        let (direct, chains): (Vec<&Grant>, Vec<&Grant>) =
            answer.can.iter().partition(|grant| grant.through.is_empty());
        if !direct.is_empty() {
            writeln!(self.out, "\nCan")?;
            direct.iter().try_for_each(|grant| self.grant(grant, &ways))?;
        }
        let chains: Vec<&&Grant> = chains.iter().filter(|grant| !is_way_in(grant)).collect();
        if !chains.is_empty() {
            writeln!(self.out, "\nCan through roles")?;
            let shown = if self.all { chains.len() } else { chains.len().min(4 * SHOWN) };
            chains[..shown].iter().try_for_each(|grant| self.grant(grant, &ways))?;
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
            writeln!(self.out, "  {rest:>width$}  for {} other reasons: --all shows them", groups.len() - shown)?;
        }
        Ok(())
    }

    fn grant(&mut self, grant: &Grant, ways: &BTreeMap<&Who, Vec<&Grant>>) -> io::Result<()> {
        let shown = if self.all { grant.who.len() } else { grant.who.len().min(SHOWN) };
        for who in &grant.who[..shown] {
            write!(self.out, "  {}", neutral(&self.who(who)))?;
            for role in &grant.through {
                write!(self.out, " → {}", neutral(&self.role_within(role, who)))?;
            }
            writeln!(self.out)?;
            self.behind(who, ways)?;
        }
        if shown < grant.who.len() {
            writeln!(self.out, "  … and {} more in the same way", grant.who.len() - shown)?;
        }
        if let Some(by) = &grant.by {
            writeln!(self.out, "      by {}", neutral(&statement(by)))?;
        }
        grant.conditions.iter().try_for_each(|condition| writeln!(self.out, "      if {}", neutral(condition)))
    }

    /// Who stands behind a role: people, workloads, services, identity providers.
    fn behind(&mut self, who: &Who, ways: &BTreeMap<&Who, Vec<&Grant>>) -> io::Result<()> {
        let Who::Role(role) = who else { return Ok(()) };
        if let Some(set) = People::permission_set(role) {
            let people = match self.identities.people().holders(role) {
                None => "who has it, the estate does not tell".to_owned(),
                Some(holders) if holders.is_empty() => "nobody has it in this account".to_owned(),
                Some(holders) => self.listed(holders.iter().map(|holder| match &holder.group {
                    Some(group) => format!("{} ({group})", holder.user),
                    None => holder.user.to_string(),
                })),
            };
            return writeln!(self.out, "      people with the permission set {}: {}", neutral(set), neutral(&people));
        }
        let uses = self.identities.people().uses(role);
        let mut by_what: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for of in &uses {
            by_what.entry(&of.what).or_default().insert(of.name.rsplit([':', '/']).next().unwrap_or(&of.name));
        }
        for (what, names) in &by_what {
            let names = self.listed(names.iter().map(|name| (*name).to_owned()));
            writeln!(self.out, "      used by the {}: {}", neutral(what), neutral(&names))?;
        }
        for way in ways.get(who).into_iter().flatten() {
            for from in &way.who {
                let is_told = !uses.is_empty() && matches!(from, Who::Service(_)) && way.conditions.is_empty();
                if is_told {
                    continue;
                }
                let conditions = match way.conditions.as_slice() {
                    [] => String::new(),
                    conditions => format!(", if {}", conditions.join(" and ")),
                };
                writeln!(self.out, "      assumed by {}{}", neutral(&self.who(from)), neutral(&conditions))?;
            }
        }
        Ok(())
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
        if role.account() == from.account() {
            format!("role {}", short(role.name()))
        } else {
            self.who(role)
        }
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
            Who::Federated(name) => format!("somebody from {}", name.split_once(":oidc-provider/").map_or(name.as_ref(), |(_, rest)| rest)),
        }
    }
}

fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
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

/// Is it a service or a provider that leads to a role which is shown itself?
fn is_way_in(grant: &Grant) -> bool {
    !grant.through.is_empty() && grant.who.iter().all(|who| matches!(who, Who::Service(_) | Who::Federated(_)))
}

/// The services and providers that lead to each role.
fn ways_in(grants: &[Grant]) -> BTreeMap<&Who, Vec<&Grant>> {
    let mut ways: BTreeMap<&Who, Vec<&Grant>> = BTreeMap::new();
    for grant in grants.iter().filter(|grant| is_way_in(grant)) {
        if let Some(role) = grant.through.first() {
            ways.entry(role).or_default().push(grant);
        }
    }
    ways
}
