//! Makes a question of what was asked on the command line: a case, or flags with files of policies and an estate.

use super::arguments::AskOptions;
use crate::content::library;
use crate::progress::Progress;
use crate::snapshot;
use anyhow::Context as _;
use palisade_document::{Text, decode, read_json};
use palisade_iam::{
    Action, Asked as Told, Case, Context, Entry, Facts, Known, Level, Policies, Policy, PolicyKind,
    Principal, Question, Request, Rest, Strictness, resource_need,
};
use palisade_identity::Identities;
use palisade_model::{Diagnostic, Estate};
use palisade_read_aws::Loaded;
use palisade_services::Reference;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A question and what came with it.
pub struct Asked {
    /// The name of the case.
    pub id: String,
    pub question: Question,
    /// What is wrong with the policies and the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that were read and that are in no file of the disk: standard input.
    pub texts: Vec<(Arc<str>, Arc<str>)>,
}

/// No file that is read here may be larger, in bytes.
const MAX_BYTES: u64 = 1 << 28;

/// Reads what was asked.
pub fn asked(options: &AskOptions) -> anyhow::Result<Asked> {
    if let Some(case) = &options.case {
        return of_case(case);
    }
    let (Some(principal), Some(action)) = (&options.principal, &options.action) else {
        anyhow::bail!("nothing is asked: give --principal and --action, a case, or --cases");
    };
    let mut diagnostics = about_action(action, &options.resource);
    let mut question = match &options.estate {
        Some(path) => of_estate(path, principal, action, options, &mut diagnostics)?,
        None => of_flags(principal, action, options)?,
    };
    with_files(&mut question.1, options, &mut diagnostics)?;
    let (request, policies) = question;
    Ok(Asked {
        id: "1".to_owned(),
        question: Question::new(request, policies),
        diagnostics,
        texts: Vec::new(),
    })
}

fn of_case(path: &Path) -> anyhow::Result<Asked> {
    let (file, text) = read(path)?;
    let mut documents = read_json(Text::whole(&file, &text));
    let said = |diagnostics: &[Diagnostic]| {
        diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    anyhow::ensure!(documents.diagnostics.is_empty(), "{}", said(&documents.diagnostics));
    let node = documents.documents.pop().with_context(|| format!("`{file}` holds no case"))?;
    let case = Case::from_node(&node, 1).map_err(|wrong| anyhow::anyhow!("{wrong}"))?;
    let mut diagnostics = case.diagnostics.clone();
    diagnostics.splice(
        0..0,
        about_action(&case.question.request().action.text, &case.question.request().resource.text),
    );
    Ok(Asked { id: case.id, question: case.question, diagnostics, texts: vec![(file, text)] })
}

/// The text of a file, or of standard input.
pub fn read(path: &Path) -> anyhow::Result<(Arc<str>, Arc<str>)> {
    let shown: Arc<str> = path.display().to_string().replace('\\', "/").into();
    let failed = || format!("`{shown}` could not be read");
    let mut bytes = Vec::new();
    match path == Path::new("-") {
        true => std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(failed)?,
        false => std::fs::File::open(path)
            .with_context(failed)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .with_context(failed)?,
    };
    anyhow::ensure!(bytes.len() as u64 <= MAX_BYTES, "`{shown}` is larger than 256 MiB");
    let text: Arc<str> = decode(&shown, &bytes).map_err(|wrong| anyhow::anyhow!("{wrong}"))?.into();
    Ok((shown, text))
}

/// Says when an action is none that is known, and which one may be meant.
fn about_action(text: &str, resource: &str) -> Vec<Diagnostic> {
    let reference = Reference::shipped();
    let Some((prefix, name)) = text.split_once(':') else { return Vec::new() };
    let nearest = |word: &str, words: &mut dyn Iterator<Item = &str>| {
        let word = word.to_ascii_lowercase();
        let distance = |other: &str| strsim::levenshtein(&other.to_ascii_lowercase(), &word);
        let found =
            words.map(|other| (distance(other), other.to_owned())).min_by_key(|(distance, _)| *distance);
        found.filter(|(distance, _)| *distance <= 2 + word.len() / 4).map(|(_, nearest)| nearest)
    };
    let Some(service) = reference.service(prefix) else {
        let said = Diagnostic::warning(format!("no service is known whose actions begin with `{prefix}:`"));
        return vec![match nearest(prefix, &mut reference.prefixes()) {
            Some(nearest) => said.help(format!("did you mean `{nearest}:{name}`?")),
            None => said,
        }];
    };
    let Some(action) = service.action(name) else {
        let said = Diagnostic::warning(format!("`{text}` is no action that is known of {}", service.name));
        return vec![match nearest(name, &mut service.actions.iter().map(|action| action.name.as_str())) {
            Some(nearest) => said.help(format!("did you mean `{prefix}:{nearest}`?")),
            None => said.help(format!("the actions are those of {}", reference.date)),
        }];
    };
    match action.takes_resources() {
        Some(false) if resource != "*" => vec![
            Diagnostic::warning(format!("`{text}` takes no resource, so `{resource}` was not asked about"))
                .help("AWS looks for statements with `\"Resource\": \"*\"`"),
        ],
        _ => Vec::new(),
    }
}

fn entries(options: &AskOptions) -> Vec<(String, Entry)> {
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in &options.context {
        if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            keys.push(key);
        }
    }
    let values = |key: &str| {
        let of_key = options.context.iter().filter(|(other, _)| other.eq_ignore_ascii_case(key));
        Entry::values(of_key.map(|(_, value)| value.as_str()))
    };
    let given = keys.iter().map(|key| ((*key).to_owned(), values(key)));
    let open = options.unknown.iter().map(|key| (key.clone(), Entry::Unknown("it is not told".into())));
    given.chain(open).collect()
}

fn of_flags(principal: &str, action: &str, options: &AskOptions) -> anyhow::Result<(Request, Policies)> {
    let who = Principal::parse(principal).with_context(|| {
        format!("`{principal}` is no principal: an ARN of a user, role or session, a service or `anonymous` is expected")
    })?;
    let what = Action::parse(action)
        .with_context(|| format!("`{action}` is no action: `service:Action` is expected"))?;
    let is_arn = options.resource == "*" || palisade_iam::arn_fields(&options.resource).is_some();
    anyhow::ensure!(is_arn, "`{}` is no resource: an ARN or `*` is expected", options.resource);
    let reference = Reference::shipped();
    let known = reference.action(action);
    let takes_no_resource = (options.resource == "*" && known.is_none_or(|known| known.resources.is_empty()))
        || known.and_then(palisade_services::Action::takes_resources) == Some(false);
    let mut context = Context::new(Rest::Absent);
    entries(options).into_iter().for_each(|(key, entry)| context.set(&key, entry));
    // Without an estate, whatever is not told is not there; so the owner is the one who asks.
    let owner = options.resource_account.as_deref().or_else(|| who.account());
    let told = Told {
        resource: options.resource.as_str().into(),
        resource_account: options
            .resource_account
            .as_deref()
            .or(owner.filter(|_| {
                palisade_iam::arn_fields(&options.resource).is_none_or(|fields| fields[4].is_empty())
            }))
            .map(Into::into),
        principal: who.clone(),
        takes_no_resource,
        context,
        known: Known::default(),
        facts: Facts {
            rcp_supported: reference.reached_by_rcps(what.service()),
            resource_need_is_unverified: options.resource == "*" && resource_need(&what).1,
            ..Facts::default()
        },
        action: what,
    };
    Ok((Request::new(told), Policies::default()))
}

fn of_estate(
    path: &Path,
    principal: &str,
    action: &str,
    options: &AskOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> anyhow::Result<(Request, Policies)> {
    let estate = estate(path, diagnostics)?;
    let identities = Identities::new(&estate);
    let mut asked = palisade_identity::Asked::new(principal, action, options.resource.as_str());
    asked.resource_account.clone_from(&options.resource_account);
    asked.context = entries(options);
    let is_iam =
        principal.contains(":iam::") && (principal.contains(":user/") || principal.contains(":role/"));
    let account = principal.split(':').nth(4).unwrap_or_default();
    if is_iam && !identities.has(principal) && identities.looks_into(account) {
        let distance = |known: &&str| strsim::levenshtein(known, principal);
        let nearest = identities.principals().into_iter().min_by_key(distance);
        let said = Diagnostic::warning(format!("the estate does not hold `{principal}`"));
        diagnostics.push(match nearest {
            Some(nearest) => said.help(format!("did you mean `{nearest}`?")),
            None => said,
        });
    }
    identities.question(&asked).map_err(|wrong| anyhow::anyhow!("{wrong}"))
}

/// Reads an estate from its folder or file.
pub fn estate(path: &Path, diagnostics: &mut Vec<Diagnostic>) -> anyhow::Result<Estate> {
    let mut all = estates(path, diagnostics)?;
    anyhow::ensure!(
        all.len() < 2,
        "`{}` holds {} organisations, and this asks about one",
        path.display(),
        all.len()
    );
    all.pop().with_context(|| format!("`{}` holds no estate", path.display()))
}

/// Reads estates from a folder or file: one of each organisation.
pub fn estates(path: &Path, diagnostics: &mut Vec<Diagnostic>) -> anyhow::Result<Vec<Estate>> {
    if snapshot::is_one(path) {
        let (library, _) = library(&[])?;
        let loaded = snapshot::read(path, &library, &Progress::new())?;
        diagnostics.extend(loaded.diagnostics);
        return Ok(vec![Estate {
            resources: palisade_assess::resolve(loaded.resources, library.kinds()),
            accounts: loaded.accounts,
            organisation: loaded.organisation,
        }]);
    }
    let loaded =
        palisade_read_aws::load(path).with_context(|| format!("`{}` could not be read", path.display()))?;
    let exports = match loaded {
        Loaded::Estate(estate) => return Ok(vec![*estate]),
        Loaded::Export(export) => vec![*export],
        Loaded::Exports(exports) => exports,
    };
    let is_empty = exports.iter().all(|export| export.resources.is_empty() && export.organisation.is_none());
    if is_empty {
        let said: Vec<String> =
            exports.iter().flat_map(|export| &export.diagnostics).map(ToString::to_string).collect();
        anyhow::bail!("`{}` holds no estate: {}", path.display(), said.join("\n"));
    }
    let (library, _) = library(&[])?;
    let mut estates = Vec::new();
    for export in exports {
        diagnostics.extend(export.diagnostics);
        estates.push(Estate {
            resources: palisade_assess::resolve(export.resources, library.kinds()),
            accounts: export.accounts,
            organisation: export.organisation,
        });
    }
    Ok(estates)
}

/// Adds the policies that files hold.
fn with_files(
    policies: &mut Policies,
    options: &AskOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> anyhow::Result<()> {
    let mut one = |path: &Path, kind: PolicyKind| -> anyhow::Result<Arc<Policy>> {
        let (file, text) = read(path)?;
        let policy = Policy::parse(&text, &file, kind, Strictness::Strict);
        diagnostics.extend(policy.diagnostics.iter().cloned());
        Ok(Arc::new(policy))
    };
    for path in &options.identity {
        policies.identity.push(one(path, PolicyKind::Identity)?);
    }
    if let Some(path) = &options.boundary {
        policies.boundaries = vec![one(path, PolicyKind::Boundary)?];
    }
    for path in &options.session {
        policies.session.push(one(path, PolicyKind::Session)?);
    }
    for path in &options.endpoint {
        policies.endpoints.push(one(path, PolicyKind::Endpoint)?);
    }
    if let Some(path) = &options.resource_policy {
        let is_trust = options.resource.contains(":role/")
            && options.action.as_deref().is_some_and(|action| action.starts_with("sts:"));
        policies.resource = Some(one(path, if is_trust { PolicyKind::Trust } else { PolicyKind::Resource })?);
    }
    for (given, kind) in
        [(&options.scp, PolicyKind::ServiceControl), (&options.rcp, PolicyKind::ResourceControl)]
    {
        let mut levels: Vec<Level> = Vec::new();
        for told in given {
            // A file may have a `=` in its name, so what is there as it is named is a file.
            let (at, path) = match told.split_once('=') {
                Some((level, path)) if !Path::new(told).exists() => (level, path),
                _ => (told.as_str(), told.as_str()),
            };
            let policy = one(Path::new(path), kind)?;
            match levels.iter_mut().find(|level| level.at.as_ref() == at) {
                Some(level) => level.policies.push(policy),
                None => levels.push(Level { at: at.into(), policies: vec![policy] }),
            }
        }
        if !levels.is_empty() {
            match kind {
                PolicyKind::ServiceControl => policies.scps = levels,
                _ => policies.rcps = levels,
            }
        }
    }
    Ok(())
}
