//! What one check evaluation costs, the shared input included, beside plain regorus and JSON parsing in the same run.

use palisade_assess::{GatherOptions, Options, Within, assess, gather, gather_files, resolve};
use palisade_check::{Input, RuleText, compile};
use palisade_content::{Library, load, shipped};
use palisade_model::{Estate, Resource};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the smallest measured piece is repeated.
const ROUNDS: u32 = 20;

fn main() {
    let (library, _) = load(&shipped());
    let estate = estate(&library);
    let options = Options { enabled: &|_| true, outside: &Within, progress: &|_, _| {} };
    let verdicts = assess(&estate, &library, &options).verdicts.len() as u32;
    let compiled = time(|| drop(black_box(assess(&Estate::default(), &library, &options))));
    let whole = time(|| drop(black_box(assess(&estate, &library, &options))));
    let per_check = shared(&library, &estate);
    let of_the_demo = shared(&library, &demo(&library));
    let with_findings = whole.saturating_sub(compiled) / verdicts.max(1);
    let (ours, theirs, parse) = one_rule(&library, &estate);
    println!("resources {}, verdicts {verdicts}", estate.resources.len());
    println!(
        "compile every shipped check            {:>9.1} µs a page",
        micros(compiled) / library.checks().count() as f64
    );
    println!(
        "one check evaluation, input shared     {:>9.2} µs (over the pages' examples: most fail or are open)",
        micros(per_check)
    );
    println!(
        "the same with findings and evidence    {:>9.2} µs (of these examples, most fail)",
        micros(with_findings)
    );
    println!("one evaluation over the demo           {:>9.2} µs (budget 10; most pass)", micros(of_the_demo));
    println!("one rule, input made anew              {:>9.2} µs", micros(ours));
    println!(
        "plain regorus on the same              {:>9.2} µs ({:.1} × ours)",
        micros(theirs),
        ratio(theirs, ours)
    );
    println!(
        "parsing the same input from JSON       {:>9.2} µs ({:.1} × ours)",
        micros(parse),
        ratio(parse, ours)
    );
}

/// The Terraform of the demo, where `cargo xtask bench` wrote it: real-shaped, and most checks pass.
fn demo(library: &Library) -> Estate {
    let Some(folder) = std::env::var_os("PALISADE_BENCH_DEMO") else { return Estate::default() };
    let folder = std::path::PathBuf::from(folder);
    let gathered = gather(&[folder], &GatherOptions::default(), &|_| {});
    Estate { resources: resolve(gathered.resources, library.kinds()), ..Estate::default() }
}

/// The resources of every example in Terraform of every shipped check, each page a root of its own.
fn estate(library: &Library) -> Estate {
    let mut raw = Vec::new();
    for page in library.pages() {
        for (number, block) in page.examples.iter().flat_map(|example| &example.blocks).enumerate() {
            if &*block.language == "hcl" {
                let path: Arc<str> = format!("{}/{number}/main.tf", page.id).into();
                raw.extend(gather_files(&[(path, block.text.clone())], &GatherOptions::default()).resources);
            }
        }
    }
    Estate { resources: resolve(raw, library.kinds()), ..Estate::default() }
}

/// The time of one check evaluation, where all checks of a resource share its input.
fn shared(library: &Library, estate: &Estate) -> Duration {
    let policies: Vec<_> = library
        .checks()
        .filter_map(|(page, check)| {
            let rule = RuleText {
                file: &page.file,
                text: &check.rego.text,
                start: check.rego.start,
                entrypoint: &check.entrypoint,
                facts: palisade_assess::FACTS,
            };
            Some((check.looks_at.kind()?, compile(&rule).ok()?))
        })
        .collect();
    let pairs: Vec<(&Resource, Vec<_>)> = estate
        .resources
        .iter()
        .map(|resource| {
            let own = policies.iter().filter(|(kind, _)| Some(*kind) == resource.kind.as_ref());
            (resource, own.map(|(_, policy)| policy).collect::<Vec<_>>())
        })
        .filter(|(_, policies)| !policies.is_empty())
        .collect();
    let evaluations: usize = pairs.iter().map(|(_, policies)| policies.len()).sum();
    let all = time(|| {
        for (resource, policies) in &pairs {
            let input = Input::of(resource, false);
            policies.iter().for_each(|policy| drop(black_box(policy.judge(&input))));
        }
    });
    all / evaluations.max(1) as u32
}

/// The median time of one rule over all resources of its kind, input included: ours, plain regorus, and a JSON parser.
fn one_rule(library: &Library, estate: &Estate) -> (Duration, Duration, Duration) {
    let mut all = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut evaluations = 0;
    for (page, check) in library.checks() {
        let Some(kind) = check.looks_at.kind() else { continue };
        let rule = RuleText {
            file: &page.file,
            text: &check.rego.text,
            start: check.rego.start,
            entrypoint: &check.entrypoint,
            facts: palisade_assess::FACTS,
        };
        let (Ok(policy), Ok(plain)) = (compile(&rule), palisade_check::plain_regorus(&rule)) else {
            continue;
        };
        // Regorus has no word for the unknown, so both judge what is known.
        let known: Vec<Resource> = estate.of_kind(kind).cloned().map(without_unknown).collect();
        let texts: Vec<String> = known.iter().map(|resource| Input::of(resource, false).to_json()).collect();
        let before = all.0;
        all.0 += time(|| {
            known.iter().for_each(|resource| drop(black_box(policy.judge(&Input::of(resource, false)))))
        });
        all.1 += time(|| {
            known.iter().for_each(|resource| drop(black_box(plain.judge(&Input::of(resource, false)))))
        });
        all.2 += time(|| {
            texts.iter().for_each(|text| drop(black_box(serde_json::from_str::<serde_json::Value>(text))))
        });
        if std::env::var_os("PALISADE_BENCH_PAGES").is_some() && !known.is_empty() {
            println!("{:>9.2} µs  {}", micros(all.0 - before) / known.len() as f64, page.id);
        }
        evaluations += known.len() as u32;
    }
    (all.0 / evaluations, all.1 / evaluations, all.2 / evaluations)
}

fn without_unknown(mut resource: Resource) -> Resource {
    resource.attributes.retain(|_, attribute| match attribute {
        palisade_model::Attribute::Known(node) => !node.has_unknown(),
        palisade_model::Attribute::Absent(..) => true,
        palisade_model::Attribute::Unknown(..) => false,
    });
    resource
}

/// The median of several runs.
fn time(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64().max(f64::EPSILON)
}
