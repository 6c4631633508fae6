//! `palisade prove`: what can never happen, proved or shown to be possible.

mod read;
mod scope;

use crate::Ending;
use crate::content::says;
use crate::iam::arguments::AnswerFormat;
use crate::output;
use clap::{Args, ValueEnum};
use palisade_access::{Breach, By, Chain, Standing, Verdict, guardrail};
use palisade_identity::Gather;
use palisade_model::{Diagnostic, Level};
use palisade_report::neutral;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// What a landing zone promises.
const LANDING_ZONE: &str = include_str!("../data/landing-zone.yaml");

/// After so many steps the answer for one sort of principals is unknown.
const STEPS: u64 = 5_000_000;

/// How many accounts are listed.
const SHOWN: usize = 6;

#[derive(Debug, Args)]
pub struct ProveOptions {
    /// Files of invariants.
    #[arg(value_name = "FILE", required_unless_present = "pack")]
    pub files: Vec<PathBuf>,
    /// Invariants that ship with Palisade.
    #[arg(long, value_enum)]
    pub pack: Option<Pack>,
    /// The estate: a folder, or estate.json. Give it again for each further organisation.
    #[arg(long, value_name = "PATH", required = true)]
    pub estate: Vec<PathBuf>,
    /// A region that may be used, for invariants that leave the regions open; give it again for each further one.
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    /// What may differ from what was collected.
    #[arg(long, value_enum, default_value_t = Mode::Guardrail)]
    pub mode: Mode,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

/// Invariants that ship with Palisade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pack {
    /// What a landing zone promises: trails, regions, users, keys, data.
    LandingZone,
}

/// Over what a proof speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// All that member accounts could write: only the organisation's policies bind.
    Guardrail,
    /// The policies as they were collected; not answered yet.
    Today,
}

/// What came of an invariant.
struct Proof {
    name: String,
    by: By,
    chains: Vec<Chain>,
    /// Management accounts that were left out.
    left_out: Vec<String>,
}

/// Runs `palisade prove`.
pub fn run(options: &ProveOptions, color: bool) -> anyhow::Result<Ending> {
    if options.mode == Mode::Today {
        anyhow::bail!(
            "`--mode today` is not answered yet: `palisade iam who-can ACTION RESOURCE` tells who can as of today"
        );
    }
    let mut diagnostics = Vec::new();
    let mut statements = Vec::new();
    if options.pack == Some(Pack::LandingZone) {
        let file: Arc<str> = "landing-zone.yaml".into();
        statements.extend(read::statements(&file, LANDING_ZONE, &mut diagnostics));
    }
    for path in &options.files {
        let (file, text) = crate::iam_check::read(path)?;
        statements.extend(read::statements(&file, &text, &mut diagnostics));
    }
    let is_wrong = |diagnostics: &[Diagnostic]| diagnostics.iter().any(|d| d.level == Level::Error);
    if is_wrong(&diagnostics) {
        says(&diagnostics, color);
        return Ok(Ending::Wrong);
    }
    let mut of_estate = Vec::new();
    let mut estates = Vec::new();
    for path in &options.estate {
        estates.extend(crate::iam::estates(path, &mut of_estate)?);
    }
    let mut gather = Gather::default();
    estates.iter().for_each(|estate| gather.add(estate));
    let identities = gather.finish();
    of_estate.extend(identities.refused());
    let places = scope::places(&estates);
    let mut proofs = Vec::new();
    for mut statement in statements {
        let name = statement.invariant.name.clone();
        let (chosen, left_out) = match scope::chosen(&places, &statement.scope) {
            Ok(found) => found,
            Err(wrong) => {
                diagnostics.push(*wrong);
                continue;
            }
        };
        let by = statement.invariant.by;
        let open = if statement.regions_are_given && options.region.is_empty() {
            Some("which regions may be used is not told: name each with `--region`".to_owned())
        } else if chosen.is_empty() {
            Some("the estate tells of no organisation with member accounts".to_owned())
        } else {
            None
        };
        if statement.regions_are_given {
            statement.invariant.outside_regions.clone_from(&options.region);
        }
        let chains = match open {
            Some(why) => {
                let accounts = chosen.iter().map(|standing: &Standing| standing.account.clone()).collect();
                vec![Chain { accounts, verdict: Verdict::Unknown { why: vec![why] } }]
            }
            None => match guardrail(&identities, &statement.invariant, &chosen, STEPS) {
                Ok(chains) => chains,
                Err(wrong) => {
                    diagnostics.push(statement.wrong(&format!("`{name}` can't be asked: {}", wrong.0)));
                    continue;
                }
            },
        };
        proofs.push(Proof { name, by, chains, left_out });
    }
    let is_wrong = is_wrong(&diagnostics);
    diagnostics.extend(of_estate);
    says(&diagnostics, color);
    if is_wrong {
        return Ok(Ending::Wrong);
    }
    output::write(None, |out| match options.format {
        AnswerFormat::Text => text(&proofs, out),
        AnswerFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &as_json(&proofs))?;
            writeln!(out)
        }
    })?;
    let has = |word: &str| proofs.iter().any(|proof| proof.word() == word);
    Ok(if has("VIOLATED") {
        Ending::Found
    } else if has("UNKNOWN") || diagnostics.iter().any(|d| d.level == Level::Error) {
        Ending::Incomplete
    } else {
        Ending::Clean
    })
}

impl Proof {
    fn word(&self) -> &'static str {
        let is = |wanted: fn(&Verdict) -> bool| self.chains.iter().any(|chain| wanted(&chain.verdict));
        if is(|verdict| matches!(verdict, Verdict::Violated(_))) {
            "VIOLATED"
        } else if is(|verdict| matches!(verdict, Verdict::Unknown { .. })) {
            "UNKNOWN"
        } else {
            "PROVED"
        }
    }

    fn accounts(&self) -> usize {
        self.chains.iter().map(|chain| chain.accounts.len()).sum()
    }
}

/// Over what the answers speak.
const OVER: &str = "Over any principal of the member accounts in scope, any policy that their owners could write, and any \
resource: only SCPs bind. For those who are signed in outside the organisation, only the RCPs of the accounts bind.";

/// What no answer speaks of.
const OUTSIDE: &str = "Outside of it: the management account, service-linked roles, service principals, sessions of \
GetFederationToken, requests that nobody signed, and what a delegated administrator or a service does on behalf of an account.";

fn text(proofs: &[Proof], out: &mut dyn Write) -> io::Result<()> {
    for proof in proofs {
        let count = proof.accounts();
        let accounts = if count == 1 { "account" } else { "accounts" };
        writeln!(out, "{:<8}  {}, {count} {accounts}", proof.word(), neutral(&proof.name))?;
        for chain in &proof.chains {
            match &chain.verdict {
                Verdict::Proved => {}
                Verdict::Violated(breach) => {
                    writeln!(out, "  in {}", listed(&chain.accounts))?;
                    told(breach, proof.by, out)?;
                }
                Verdict::Unknown { why } => {
                    writeln!(out, "  in {}", listed(&chain.accounts))?;
                    for why in why {
                        writeln!(out, "    not known: {}", neutral(why))?;
                    }
                }
            }
        }
    }
    let mut left_out: Vec<&str> =
        proofs.iter().flat_map(|proof| proof.left_out.iter().map(String::as_str)).collect();
    left_out.sort_unstable();
    left_out.dedup();
    writeln!(out, "\n{OVER}\n{OUTSIDE}")?;
    if !left_out.is_empty() {
        writeln!(out, "Left out as the management account: {}", left_out.join(", "))?;
    }
    Ok(())
}

fn listed(accounts: &[String]) -> String {
    let shown = accounts.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match accounts.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ if accounts.is_empty() => "no account".to_owned(),
        _ => shown,
    }
}

fn told(breach: &Breach, by: By, out: &mut dyn Write) -> io::Result<()> {
    let who = breach.principal_arn.as_ref().unwrap_or(&breach.principal);
    if breach.makes_excepted {
        writeln!(out, "    an excepted principal can be made or taken over by others:")?;
    }
    writeln!(out, "    {} → {} {}", neutral(who), neutral(&breach.action), neutral(&breach.resource))?;
    for (key, values) in breach.context.iter().filter(|(key, _)| !follows(key)) {
        match values {
            Some(values) => writeln!(out, "      with {} = {}", neutral(key), neutral(&values.join(", ")))?,
            None => writeln!(out, "      without {}", neutral(key))?,
        }
    }
    let mut ways: Vec<(String, Vec<&str>)> = Vec::new();
    for by in &breach.through {
        let name = by.sid.as_deref().map_or_else(|| by.statement.to_string(), |sid| format!("`{sid}`"));
        let at = by.at.as_ref().map(|at| format!(", {at}")).unwrap_or_default();
        let way = format!("statement {name} of {}{at}", by.policy);
        let level = by.level.as_deref().unwrap_or("its level");
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, levels)) => levels.push(level),
            None => ways.push((way, vec![level])),
        }
    }
    for (way, levels) in ways {
        let lets = if levels.len() == 1 { "lets" } else { "let" };
        writeln!(out, "      {} {lets} it through by {}", neutral(&levels.join(", ")), neutral(&way))?;
    }
    if breach.through.is_empty() {
        let sort = if by == By::Outside { "RCP" } else { "SCP" };
        writeln!(out, "      no {sort} binds the account")?;
    }
    Ok(())
}

/// Does a key follow from who asks?
fn follows(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("aws:principal") && !key.starts_with("aws:principaltag")
}

fn as_json(proofs: &[Proof]) -> Value {
    let invariants: Vec<Value> = proofs
        .iter()
        .map(|proof| {
            json!({"name": proof.name, "verdict": proof.word(), "accounts": proof.accounts(), "chains": proof.chains,
                "leftOut": proof.left_out})
        })
        .collect();
    json!({"schema": "palisade/prove/v1", "mode": "guardrail", "over": OVER, "outside": OUTSIDE, "invariants": invariants})
}
