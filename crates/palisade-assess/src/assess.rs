//! Judges an estate by every check that is enabled.

use crate::judge::{Outside, Subject, judge, says_nothing};
use crate::subjects::{Wholes, is_suspended, unread_regions};
use palisade_check::{Failure, Judgement, Open};
use palisade_content::{Check, Library, LooksAt, Page};
use palisade_model::{
    Account, AccountId, Address, Attribute, Call, Completeness, Diagnostic, Estate, Evidence, Existence,
    Finding, Fingerprint, Node, Origin, PageId, Path, Region, Resource, ResourceType, Segment, Severity,
    Source, Span, Subject as About, Unknown, Value, Verdict, Why,
};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What to judge by.
pub struct Options<'a> {
    /// Which checks are enabled.
    pub enabled: &'a dyn Fn(&Page) -> bool,
    /// Where pages that do not ship are judged.
    pub outside: &'a dyn Outside,
    /// Told each page as it begins, with how many there are.
    pub progress: &'a dyn Fn(&PageId, usize),
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    /// What fails and what is unknown.
    pub findings: Vec<Finding>,
    /// How many verdicts there were of each severity and kind, passes among them.
    pub verdicts: Vec<(Severity, Verdict)>,
    /// Of each finding, which of `verdicts` it explains.
    pub explains: Vec<usize>,
    /// The checks that ran.
    pub checks: Vec<PageId>,
    /// The resources that at least one check looked at.
    pub assessed: u64,
    /// Types that no kind describes, with the number of their resources.
    pub without_kind: BTreeMap<Arc<str>, u64>,
    /// Types that a kind describes and no enabled check looks at, with the number of their resources.
    pub without_check: BTreeMap<Arc<str>, u64>,
    /// Rules that could not be used.
    pub diagnostics: Vec<Diagnostic>,
}

impl Assessment {
    /// Takes out the findings that `is_aside` names by their position, and the verdicts that only they explain.
    pub fn set_aside(&mut self, is_aside: impl Fn(usize) -> bool) -> Vec<Finding> {
        let mut explained = vec![(false, false); self.verdicts.len()];
        for (position, verdict) in self.explains.iter().enumerate() {
            let (before, after) = &mut explained[*verdict];
            *before = true;
            *after |= !is_aside(position);
        }
        let mut moved = Vec::with_capacity(explained.len());
        let mut kept = Vec::new();
        for (verdict, (before, after)) in std::mem::take(&mut self.verdicts).into_iter().zip(explained) {
            moved.push(kept.len());
            if after || !before {
                kept.push(verdict);
            }
        }
        self.verdicts = kept;
        let mut aside = Vec::new();
        let findings = std::mem::take(&mut self.findings).into_iter().zip(std::mem::take(&mut self.explains));
        for (position, (finding, verdict)) in findings.enumerate() {
            if is_aside(position) {
                aside.push(finding);
            } else {
                self.findings.push(finding);
                self.explains.push(moved[verdict]);
            }
        }
        aside
    }
}

/// Judges an estate by every enabled check of a library.
pub fn assess(estate: &Estate, library: &Library, options: &Options<'_>) -> Assessment {
    let exists = |resource: &&Resource| !matches!(resource.declared.existence, Existence::No(_));
    let subjects: Vec<Subject<'_>> = estate.resources.iter().filter(exists).map(Subject::new).collect();
    let mut by_kind: HashMap<&ResourceType, Vec<&Subject<'_>>> = HashMap::new();
    for subject in &subjects {
        if let Some(kind) = &subject.resource.kind {
            by_kind.entry(kind).or_default().push(subject);
        }
    }
    let wholes = Wholes::of(estate, library);
    let parts = Parts::new(estate, library);
    let mut assessment = Assessment::default();
    let enabled: Vec<(&Page, &Check)> =
        library.checks().filter(|(page, _)| (options.enabled)(page)).collect();
    for (page, check) in &enabled {
        (options.progress)(&page.id, enabled.len());
        assessment.checks.push(page.id.clone());
        let seen: Vec<Subject<'_>> = wholes.seen_by(&check.looks_at).iter().map(Subject::new).collect();
        let seen: Vec<&Subject<'_>> = match &check.looks_at {
            LooksAt::Kind(kind) => {
                let all = by_kind.get(kind).cloned().unwrap_or_default();
                let is_asked = |subject: &&Subject<'_>| {
                    check.only_in.is_empty() || check.only_in.contains(&subject.resource.declared.source)
                };
                all.into_iter().filter(is_asked).collect()
            }
            _ => seen.iter().collect(),
        };
        // A rule that can't be compiled is said even where there is nothing to judge by it.
        let response = judge(page, check, &seen, false, library, options.outside);
        assessment.diagnostics.extend(response.diagnostics);
        let controls = library.controls_of(page);
        for (judgement, subject) in response.judgements.into_iter().zip(seen) {
            if says_nothing(&judgement, subject.resource, library) {
                continue;
            }
            let verdict = assessment.verdicts.len();
            assessment.verdicts.push((check.severity, judgement.verdict()));
            assessment.findings.extend(findings(
                judgement,
                subject.resource,
                page,
                check,
                &controls,
                library,
                &parts,
            ));
            assessment.explains.resize(assessment.findings.len(), verdict);
        }
        for unseen in unseen(estate, check) {
            assessment.explains.push(assessment.verdicts.len());
            assessment.verdicts.push((check.severity, Verdict::Unknown));
            assessment.findings.push(not_seen(unseen, page, check, &controls));
        }
    }
    cover(&mut assessment, &subjects, &enabled, library);
    number(&mut assessment.findings);
    assessment
}

/// Which part says what: a resource that stands in for an undeclared one has the address of only one of its parts.
struct Parts<'a> {
    library: &'a Library,
    estate: &'a Estate,
    by_place: OnceCell<HashMap<(&'a str, &'a Span), &'a Address>>,
}

impl<'a> Parts<'a> {
    fn new(estate: &'a Estate, library: &'a Library) -> Self {
        Self { library, estate, by_place: OnceCell::new() }
    }

    /// The address of the part that holds what is at this place, or the resource's own.
    fn address<'b>(&'b self, resource: &'b Resource, origin: &'b Origin) -> &'b Address {
        let own = &resource.declared.address;
        let Some(span) = origin.span().filter(|_| self.library.kinds().stands_in(resource)) else {
            return own;
        };
        let mut spans = Vec::new();
        spans_of(&resource.declared.raw, &mut spans);
        if spans.contains(&span) {
            return own;
        }
        let key = (own.root.as_ref(), span);
        self.by_place().get(&key).copied().unwrap_or(own)
    }

    fn by_place(&self) -> &HashMap<(&'a str, &'a Span), &'a Address> {
        self.by_place.get_or_init(|| {
            let kinds = self.library.kinds();
            let mut by_place = HashMap::new();
            for resource in &self.estate.resources {
                let declared = &resource.declared;
                if kinds.is_part(declared.source, &declared.source_type) {
                    let mut spans = Vec::new();
                    spans_of(&declared.raw, &mut spans);
                    for span in spans {
                        by_place.entry((declared.address.root.as_ref(), span)).or_insert(&declared.address);
                    }
                }
            }
            by_place
        })
    }
}

/// Where a value and its parts stand. Its nesting is bounded by its reader.
fn spans_of<'a>(node: &'a Node, spans: &mut Vec<&'a Span>) {
    spans.extend(node.origin.span());
    match &node.value {
        Value::List(list) => list.items.iter().for_each(|item| spans_of(item, spans)),
        Value::Map(map) => map.entries.values().for_each(|entry| spans_of(entry, spans)),
        _ => {}
    }
}

/// Something that nobody saw, and that a check would have looked at.
struct Unseen {
    kind: Arc<str>,
    name: String,
    account: AccountId,
    region: Option<Region>,
    message: String,
    unknown: Unknown,
}

/// What a check would have looked at and nobody saw: resources that could not all be listed, regions that could not be
/// looked into.
fn unseen(estate: &Estate, check: &Check) -> Vec<Unseen> {
    let accounts = estate.accounts.iter().filter(|(_, account)| !is_suspended(account));
    match &check.looks_at {
        LooksAt::Kind(kind) if check.only_in.is_empty() || check.only_in.contains(&Source::Live) => {
            accounts.flat_map(|(id, account)| unlisted(*id, account, kind)).collect()
        }
        LooksAt::AccountRegion => accounts.filter_map(|(id, account)| unread(*id, account)).collect(),
        LooksAt::Kind(_) | LooksAt::Account | LooksAt::Organisation => Vec::new(),
    }
}

/// The account and regions whose resources of a kind could not all be listed.
fn unlisted(id: AccountId, account: &Account, kind: &ResourceType) -> Vec<Unseen> {
    let everywhere = account.listed.get(kind).map(|listed| (None, listed));
    let regions = account.listed_in.iter();
    let regions = regions.filter_map(|(region, kinds)| Some((Some(region), kinds.get(kind)?)));
    let unseen = everywhere.into_iter().chain(regions).filter_map(|(region, listed)| {
        let Completeness::Some(unknown) = listed else { return None };
        // Which regions are read is for who asks; those that are read answer for themselves.
        if region.is_none() && matches!(unknown.why, Why::NotListed(_)) {
            return None;
        }
        let place = region.map_or_else(String::new, |region| format!(" {region}"));
        Some(Unseen {
            kind: kind.as_str().into(),
            name: format!("{kind} in {id}{place}"),
            account: id,
            region: region.cloned(),
            message: format!("which resources there are is not known: {unknown}"),
            unknown: unknown.clone(),
        })
    });
    unseen.collect()
}

/// The account whose regions could not all be looked into.
fn unread(id: AccountId, account: &Account) -> Option<Unseen> {
    let unknown = unread_regions(account)?;
    let (name, message) = match account.regions.is_empty() {
        true => (format!("account {id}"), "none of its regions could be looked into"),
        false => (format!("account {id}, further regions"), "which further regions it has is not known"),
    };
    Some(Unseen {
        kind: "account".into(),
        name,
        account: id,
        region: None,
        message: format!("{message}: {unknown}"),
        unknown: unknown.clone(),
    })
}

/// An open answer for what nobody saw: it does not pass.
fn not_seen(unseen: Unseen, page: &Page, check: &Check, controls: &[String]) -> Finding {
    let Unseen { kind, name, account, region, message, unknown } = unseen;
    let asked = match &unknown.why {
        Why::Denied(call) => Some(call.to_string()),
        Why::Unreadable(what) => what.split('`').nth(1).filter(|call| call.contains(':')).map(str::to_owned),
        _ => None,
    };
    let origin = Origin::Call(Arc::new(Call {
        operation: asked.unwrap_or_else(|| format!("the listing of {kind}")),
        account: Some(account),
        region: region.clone(),
        time: None,
    }));
    Finding {
        page: page.id.clone(),
        title: page.title.clone(),
        verdict: Verdict::Unknown,
        severity: check.severity,
        subject: About {
            kind,
            address: Address { root: "".into(), name: name.as_str().into() },
            arn: None,
            account: Some(account),
            region,
        },
        message,
        why: page.why.clone(),
        fix: page.fix.clone(),
        objectives: check.objectives.clone(),
        controls: controls.to_vec(),
        origin: origin.clone(),
        evidence: vec![Evidence {
            path: Path::default(),
            value: None,
            unknown: Some(unknown),
            is_secret: false,
            origin,
        }],
        fingerprint: Fingerprint::new(&page.id, &name, "unlisted", 0),
    }
}

fn cover(
    assessment: &mut Assessment,
    subjects: &[Subject<'_>],
    enabled: &[(&Page, &Check)],
    library: &Library,
) {
    // What stands in for an undeclared resource is counted as the part that it is.
    for subject in subjects.iter().filter(|subject| !library.kinds().stands_in(subject.resource)) {
        let source_type = &subject.resource.declared.source_type;
        let looked_at = |kind| enabled.iter().any(|(_, check)| check.looks_at.kind() == Some(kind));
        match &subject.resource.kind {
            // What joins another resource was looked at there.
            None if library.kinds().is_part(subject.resource.declared.source, source_type) => {
                assessment.assessed += 1
            }
            None => *assessment.without_kind.entry(source_type.clone()).or_default() += 1,
            Some(kind) if !looked_at(kind) => {
                *assessment.without_check.entry(source_type.clone()).or_default() += 1;
            }
            Some(_) => assessment.assessed += 1,
        }
    }
}

/// Tells findings apart that several roots of one scan hold under the same address.
fn number(findings: &mut [Finding]) {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by(|left, right| findings[*left].subject.address.cmp(&findings[*right].subject.address));
    let mut seen: HashMap<Fingerprint, u32> = HashMap::new();
    for index in order {
        let finding = &mut findings[index];
        let occurrence = seen.entry(finding.fingerprint).or_default();
        if *occurrence > 0 {
            let again = format!("{}#{occurrence}", finding.fingerprint);
            finding.fingerprint =
                Fingerprint::new(&finding.page, &finding.subject.address.name, &again, *occurrence);
        }
        *occurrence += 1;
    }
}

fn findings(
    judgement: Judgement,
    resource: &Resource,
    page: &Page,
    check: &Check,
    controls: &[String],
    library: &Library,
    parts: &Parts<'_>,
) -> Vec<Finding> {
    let make = |verdict, message: String, key: &str, evidence: Vec<Evidence>| {
        let declared = &resource.declared;
        let origin = place(resource, &evidence);
        let address = parts.address(resource, &origin);
        let name = resource.arn.as_ref().map_or_else(|| address.name.to_string(), ToString::to_string);
        Finding {
            page: page.id.clone(),
            title: page.title.clone(),
            verdict,
            severity: check.severity,
            subject: About {
                kind: resource
                    .kind
                    .as_ref()
                    .map_or_else(|| declared.source_type.clone(), |kind| kind.as_str().into()),
                address: address.clone(),
                arn: resource.arn.clone(),
                account: declared.account,
                region: declared.region.clone(),
            },
            message,
            why: page.why.clone(),
            fix: page.fix.clone(),
            objectives: check.objectives.clone(),
            controls: controls.to_vec(),
            origin,
            evidence,
            fingerprint: Fingerprint::new(&page.id, &name, key, 0),
        }
    };
    if !judgement.failures.is_empty() {
        let found = judgement.failures.into_iter().map(|Failure { message, key, evidence }| {
            let message = message.unwrap_or_else(|| page.title.to_string());
            make(
                Verdict::Fails,
                message,
                &key,
                evidence.iter().map(|path| evidence_at(resource, path, library)).collect(),
            )
        });
        return found.collect();
    }
    if judgement.verdict() == Verdict::Passes {
        return Vec::new();
    }
    let (message, evidence) = open(&judgement.open, judgement.problem, resource);
    vec![make(Verdict::Unknown, message, "unknown", evidence)]
}

/// What keeps an answer open, in words, and the evidence for it.
fn open(open: &[Open], problem: Option<String>, resource: &Resource) -> (String, Vec<Evidence>) {
    let mut reasons: Vec<(&Path, &Unknown)> = Vec::new();
    for (path, unknown) in open.iter().flat_map(|open| &open.because) {
        if !reasons.iter().any(|(_, other)| other.why == unknown.why) {
            reasons.push((path, unknown));
        }
    }
    let mut words: Vec<String> = reasons.iter().take(3).map(|(_, unknown)| unknown.to_string()).collect();
    if reasons.len() > 3 {
        words.push(format!("and {} more", reasons.len() - 3));
    }
    words.extend(problem);
    let evidence = reasons.iter().map(|(path, unknown)| {
        let origin = match &resource.declared.existence {
            Existence::Unknown(_, origin) if path.0.is_empty() => origin,
            _ => resource.origin_of(path),
        };
        Evidence {
            path: (*path).clone(),
            value: None,
            unknown: Some((*unknown).clone()),
            is_secret: false,
            origin: origin.clone(),
        }
    });
    (words.join(", "), evidence.collect())
}

fn evidence_at(resource: &Resource, path: &Path, library: &Library) -> Evidence {
    let value = resource.value_at(path);
    let unknown = value.and_then(|node| match &node.value {
        Value::Unknown(unknown) => Some(unknown.clone()),
        _ => None,
    });
    let whole = match path.0.first() {
        Some(Segment::Name(name)) => resource.attributes.get(name),
        _ => None,
    };
    let unknown = match whole {
        Some(Attribute::Unknown(unknown, _)) => Some(unknown.clone()),
        _ => unknown,
    };
    let is_written = value.is_some() || unknown.is_some();
    let is_secret = is_written && may_be_secret(resource, path, library);
    Evidence {
        path: path.clone(),
        value: value.filter(|_| unknown.is_none()).map(|node| match is_secret {
            true => "(may be secret: not shown)".into(),
            false => short(node.value.to_json()),
        }),
        unknown,
        is_secret,
        origin: resource.origin_of(path).clone(),
    }
}

fn may_be_secret(resource: &Resource, path: &Path, library: &Library) -> bool {
    let kind = resource.kind.as_ref().and_then(|kind| library.kinds().get(kind));
    let Some((kind, Segment::Name(name))) = kind.zip(path.0.first()) else { return false };
    kind.attributes.get(name).is_some_and(|rule| rule.holds_secrets)
}

/// The most characters that a value may take up as evidence.
const EVIDENCE_CHARACTERS_MAX: usize = 400;

fn short(value: serde_json::Value) -> serde_json::Value {
    let text = value.to_string();
    if text.chars().count() <= EVIDENCE_CHARACTERS_MAX {
        return value;
    }
    serde_json::Value::String(text.chars().take(EVIDENCE_CHARACTERS_MAX).chain(['…']).collect())
}

/// The place to look first: that of the most telling evidence, or the resource's own.
fn place(resource: &Resource, evidence: &[Evidence]) -> Origin {
    let header = &resource.declared.origin;
    let written = |evidence: &&Evidence| evidence.origin.span().is_some() && evidence.origin != *header;
    // What is missing is missing from the whole, whatever else the rule looked at.
    let is_absence = |evidence: &Evidence| evidence.value.is_none() && evidence.unknown.is_none();
    if evidence.first().is_some_and(is_absence) {
        return header.clone();
    }
    let Some(first) = evidence.iter().find(written) else { return header.clone() };
    // A rule asks for the kind of a part first and for what is wrong with it last.
    let of_same = |evidence: &&Evidence| evidence.path.0.first() == first.path.0.first();
    let telling = |evidence: &&Evidence| match evidence.path.0.last() {
        Some(Segment::Name(name)) => !DULL.contains(&&**name) && evidence.value.is_some(),
        _ => evidence.value.is_some(),
    };
    let told = evidence.iter().filter(written).filter(of_same).rfind(telling);
    told.unwrap_or(first).origin.clone()
}

/// Parts that say which of several things is meant, and not what is wrong with it.
const DULL: [&str; 5] = ["Effect", "Version", "from_port", "protocol", "to_port"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Within;
    use palisade_content::{load, shipped};
    use palisade_model::{Account, Region};

    /// The names of what a page says nothing of in these accounts, with the calls that are missing; all are unknown.
    fn unknown(page: &str, accounts: &[(&str, &Account)]) -> Vec<String> {
        let (library, _) = load(&shipped());
        let accounts = accounts.iter().map(|(id, account)| (id.parse().unwrap(), (*account).clone()));
        let estate = Estate { accounts: accounts.collect(), ..Estate::default() };
        let enabled = |other: &Page| other.id.as_str() == page;
        let options = Options { enabled: &enabled, outside: &Within, progress: &|_, _| {} };
        let assessment = assess(&estate, &library, &options);
        assert!(assessment.verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Unknown));
        assert_eq!(assessment.verdicts.len(), assessment.findings.len());
        let said = assessment.findings.iter().map(|finding| {
            let because = finding.evidence[0].unknown.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{}: {because}", finding.subject.address.name)
        });
        said.collect()
    }

    fn denied(call: &str) -> Completeness {
        Completeness::Some(Why::Denied(call.into()).into())
    }

    #[test]
    fn what_could_not_be_listed_does_not_pass() {
        let kind: ResourceType = "AWS::EC2::Volume".parse().unwrap();
        let region = |name: &str| -> Region { name.parse().unwrap() };
        let mut account = Account::default();
        let in_first = [(kind.clone(), denied("ec2:DescribeVolumes"))].into();
        account.listed_in.insert(region("eu-west-1"), in_first);
        account.listed_in.insert(region("us-east-1"), [(kind, Completeness::All)].into());
        assert_eq!(
            unknown("aws/ec2/volume-not-encrypted", &[("111122223333", &account)]),
            ["AWS::EC2::Volume in 111122223333 eu-west-1: `ec2:DescribeVolumes` was denied"]
        );
    }

    /// An account that nobody was let into, as it is read from a snapshot.
    fn shut() -> Account {
        let origin = Origin::Documented("the ledger".into());
        let closed = Attribute::Unknown(Why::Denied("sts:AssumeRole".into()).into(), origin);
        let (library, _) = load(&shipped());
        let all = library.kinds().iter().map(|kind| (kind.kind.clone(), denied("sts:AssumeRole")));
        Account {
            listed: all.collect(),
            attributes: [("regions".into(), closed)].into_iter().collect(),
            ..Account::default()
        }
    }

    #[test]
    fn an_account_that_nobody_was_let_into_is_unknown_to_every_sort_of_check() {
        let check = |page: &str, expected: &str| {
            let expected = format!("{expected}: `sts:AssumeRole` was denied");
            assert_eq!(unknown(page, &[("111122223333", &shut())]), [expected], "{page}");
        };
        check("aws/ec2/volume-not-encrypted", "AWS::EC2::Volume in 111122223333");
        check("aws/guardduty/region-without-detector", "account 111122223333");
        check("aws/config/region-without-recorder", "account 111122223333");
        check("aws/accessanalyzer/region-without-analyzer", "account 111122223333");
        check("aws/cloudtrail/account-without-trail", "account 111122223333");
    }

    #[test]
    fn regions_that_nobody_could_list_are_unknown_beside_those_that_were_read() {
        let origin = Origin::Documented("the ledger".into());
        let closed = Attribute::Unknown(Why::Denied("ec2:DescribeRegions".into()).into(), origin);
        let region: Region = "eu-west-1".parse().unwrap();
        let kind: ResourceType = "AWS::GuardDuty::Detector".parse().unwrap();
        let account = Account {
            regions: vec![region.clone()],
            listed_in: [(region, [(kind, denied("guardduty:ListDetectors"))].into())].into(),
            attributes: [("regions".into(), closed)].into_iter().collect(),
            ..Account::default()
        };
        assert_eq!(
            unknown("aws/guardduty/region-without-detector", &[("111122223333", &account)]),
            [
                "account 111122223333 eu-west-1: `guardduty:ListDetectors` was denied",
                "account 111122223333, further regions: `ec2:DescribeRegions` was denied",
            ]
        );
    }

    #[test]
    fn of_a_suspended_account_only_the_ledger_speaks() {
        let status = Node::new(Value::text("SUSPENDED"), Origin::Documented("the ledger".into()));
        let mut account = shut();
        account.attributes = [("status".into(), Attribute::Known(status))].into_iter().collect();
        for page in [
            "aws/ec2/volume-not-encrypted",
            "aws/guardduty/region-without-detector",
            "aws/cloudtrail/account-without-trail",
        ] {
            assert_eq!(unknown(page, &[("111122223333", &account)]), Vec::<String>::new(), "{page}");
        }
    }
}
