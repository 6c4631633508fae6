//! Reads a snapshot: its records as raw resources, its ledger as what is known of how completely each kind was listed.

use crate::document::{Expect, Names, document, unread};
use crate::error::SnapshotError;
use crate::files::{Files, whole};
use crate::lines::{Line, Lines};
use crate::store::{LEDGER, MANIFEST, ORGANISATION, Words, each_line, manifest};
use crate::{Cell, CellKey, Gap, Manifest, Record, State};
use flate2::read::MultiGzDecoder;
use palisade_model::{
    Account, AccountId, Address, Attribute, Completeness, Diagnostic, Existence, Node, Organisation, Origin,
    RawResource, Region, ResourceType, Source, Span, Unknown, Value, Why,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::sync::Arc;

/// Of each kind, the fields of its documents that take the answers of calls: what the pages of kinds say.
pub type Expected = BTreeMap<ResourceType, Vec<Expect>>;

/// No file of a cell holds more, unpacked.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// The largest file about an organisation.
const ORGANISATION_BYTES_MAX: u64 = 1 << 30;
/// So many diagnostics of one file are kept; the rest is counted.
const DIAGNOSTICS_MAX: usize = 20;
/// The kind of what is also told by the file about the organisation.
const POLICY: &str = "AWS::Organizations::Policy";

/// What a snapshot says.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// What the snapshot is.
    pub manifest: Manifest,
    /// Its resources; none where they were handed on one by one.
    pub resources: Vec<RawResource>,
    /// Its accounts, and how completely each kind was listed.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The organisation, when it was read and there is one.
    pub organisation: Option<Organisation>,
    /// What was read of each cell, in order.
    pub ledger: Vec<Cell>,
    /// What is wrong with the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a snapshot.
///
/// # Errors
/// There is no manifest, or it is of a later version.
pub fn load(files: &dyn Files, expected: &Expected) -> Result<Loaded, SnapshotError> {
    let mut resources = Vec::new();
    let mut loaded = read(files, expected, &mut |resource| resources.push(resource))?;
    loaded.resources = resources;
    Ok(loaded)
}

/// Reads a snapshot and hands its resources on one by one, account by account.
///
/// # Errors
/// There is no manifest, or it is of a later version.
pub fn read(
    files: &dyn Files,
    expected: &Expected,
    each: &mut dyn FnMut(RawResource),
) -> Result<Loaded, SnapshotError> {
    let Some(manifest) = manifest(files)? else {
        return Err(SnapshotError::NoSnapshot { path: files.shown(MANIFEST) });
    };
    let mut reader = Reader { files, expected, each, names: Names::default(), diagnostics: Vec::new() };
    if manifest.finished.is_none() {
        let message = format!("`{}`: the snapshot is not finished", files.shown(MANIFEST));
        reader.diagnostics.push(
            Diagnostic::error(message)
                .help("run the collection again with the same folder: it goes on from there"),
        );
    }
    let mut cells = reader.ledger();
    let mut policies = HashSet::new();
    let faults = reader.records(&mut cells, &mut policies);
    let mut accounts = accounts(&manifest, &cells, &faults);
    let organisation = reader.organisation(&mut accounts, &policies);
    let ledger = cells.into_values().collect();
    let diagnostics = reader.diagnostics;
    Ok(Loaded { manifest, resources: Vec::new(), accounts, organisation, ledger, diagnostics })
}

/// What keeps a cell from being all there is, found while reading it.
pub(crate) type Faults = BTreeMap<CellKey, Unknown>;

struct Reader<'a> {
    files: &'a dyn Files,
    expected: &'a Expected,
    each: &'a mut dyn FnMut(RawResource),
    names: Names,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn wrong(&mut self, path: &str, line: u64, message: &str) {
        self.diagnostics.push(wrong(self.files, path, line, message));
    }

    fn ledger(&mut self) -> BTreeMap<CellKey, Cell> {
        let (mut cells, mut words) = (BTreeMap::new(), Words::default());
        let (mut number, mut wrong) = (0, Vec::new());
        let read = each_line(self.files, LEDGER, &mut |line| {
            number += 1;
            match serde_json::from_slice::<Cell>(line) {
                Ok(mut cell) => {
                    words.intern(&mut cell.key);
                    cells.insert(cell.key.clone(), cell);
                    true
                }
                Err(error) => {
                    wrong.push((number, format!("it is no cell of the ledger: {error}")));
                    false
                }
            }
        });
        match read {
            Ok(true) => {}
            Ok(false) if wrong.is_empty() => {
                wrong.push((number + 1, "the ledger is cut off".to_owned()));
            }
            Ok(false) => {}
            Err(error) => wrong.push((number + 1, format!("the ledger can't be read: {error}"))),
        }
        let rest = wrong.len().saturating_sub(DIAGNOSTICS_MAX);
        for (number, message) in wrong.into_iter().take(DIAGNOSTICS_MAX) {
            self.wrong(LEDGER, number, &message);
        }
        self.diagnostics.extend(counted(self.files, LEDGER, rest));
        cells
    }

    /// Reads all files of records. Cells that are not in the ledger are added to it, as partly read.
    fn records(&mut self, cells: &mut BTreeMap<CellKey, Cell>, policies: &mut HashSet<Arc<str>>) -> Faults {
        let mut faults = Faults::new();
        let mut seen: HashSet<CellKey> = HashSet::new();
        for account in self.names("records") {
            let Some(id) = account.strip_suffix('/').and_then(|name| name.parse::<AccountId>().ok()) else {
                self.foreign(&format!("records/{account}"));
                continue;
            };
            for region in self.names(&format!("records/{id}")) {
                let folder = format!("records/{id}/{region}");
                let place = match region.strip_suffix('/') {
                    Some("global") => Some(None),
                    Some(name) => name.parse::<Region>().ok().map(Some),
                    None => None,
                };
                let Some(place) = place else {
                    self.foreign(&folder);
                    continue;
                };
                for file in self.names(folder.trim_end_matches('/')) {
                    let kind =
                        file.strip_suffix(".ndjson.gz").and_then(|name| name.replace('-', "::").parse().ok());
                    let path = format!("{folder}{file}");
                    let Some(kind) = kind else {
                        // What a killed run was writing.
                        if !file.ends_with(".part") {
                            self.foreign(&path);
                        }
                        continue;
                    };
                    let key = CellKey { account: id, region: place.clone(), kind };
                    self.cell(&path, &key, cells, &mut faults, policies);
                    seen.insert(key);
                }
            }
        }
        for (key, cell) in &*cells {
            if cell.records > 0 && !seen.contains(key) {
                let message =
                    format!("the file is missing; the ledger counts {} resources in it", cell.records);
                self.wrong(&key.path(), 1, &message);
                faults.insert(key.clone(), unreadable("its file is missing from the snapshot"));
            }
        }
        faults
    }

    fn names(&mut self, folder: &str) -> Vec<String> {
        match self.files.names(folder) {
            Ok(names) => names,
            Err(error) => {
                self.wrong(folder, 1, &format!("the folder can't be read: {error}"));
                Vec::new()
            }
        }
    }

    fn foreign(&mut self, path: &str) {
        let message = format!("`{}` is no part of a snapshot and was not read", self.files.shown(path));
        self.diagnostics
            .push(Diagnostic::warning(message).help("records/ACCOUNT/REGION/AWS-S3-Bucket.ndjson.gz are"));
    }

    /// Reads the file of a cell.
    fn cell(
        &mut self,
        path: &str,
        key: &CellKey,
        cells: &mut BTreeMap<CellKey, Cell>,
        faults: &mut Faults,
        policies: &mut HashSet<Arc<str>>,
    ) {
        let (records, is_damaged) = self.file(path, key, policies);
        let Some(cell) = cells.get(key) else {
            let cell = Cell { key: key.clone(), state: State::Partly, records, calls: 0, gaps: Vec::new() };
            cells.insert(key.clone(), cell);
            faults.insert(key.clone(), unreadable("the snapshot's ledger does not say that it is whole"));
            return;
        };
        if is_damaged {
            faults.insert(key.clone(), unreadable("its file in the snapshot is damaged"));
        } else if cell.records != records {
            let message = format!("it holds {records} resources, and the ledger counts {}", cell.records);
            self.wrong(path, records, &message);
            faults
                .insert(key.clone(), unreadable("its file in the snapshot is not the one that was written"));
        }
    }

    /// How many records a file holds, and whether something is wrong with it.
    fn file(&mut self, path: &str, key: &CellKey, policies: &mut HashSet<Arc<str>>) -> (u64, bool) {
        let (files, mut diagnostics) = (self.files, Vec::new());
        let mut records = 0;
        let is_damaged = each_record(files, path, key, &mut diagnostics, &mut |mut record| {
            records += 1;
            if record.kind.as_str() == POLICY {
                policies.insert(record.id.clone());
            }
            let resource = self.resource(&mut record);
            (self.each)(resource);
        });
        self.diagnostics.append(&mut diagnostics);
        (records, is_damaged)
    }

    fn resource(&mut self, record: &mut Record) -> RawResource {
        let expected = self.expected.get(&record.kind).map_or(&[][..], Vec::as_slice);
        let raw = document(record, expected, &mut self.names);
        RawResource {
            source: Source::Live,
            source_type: record.kind.as_str().into(),
            address: Address { root: "".into(), name: name(record) },
            existence: Existence::Yes,
            origin: raw.origin.clone(),
            raw,
            account: Some(record.account),
            region: record.region.clone(),
        }
    }

    fn organisation(
        &mut self,
        accounts: &mut BTreeMap<AccountId, Account>,
        policies: &HashSet<Arc<str>>,
    ) -> Option<Organisation> {
        let bytes = match whole(self.files, ORGANISATION, ORGANISATION_BYTES_MAX) {
            Ok(bytes) => bytes?,
            Err(error) => {
                self.wrong(ORGANISATION, 1, &format!("it can't be read: {error}"));
                return None;
            }
        };
        let shown: Arc<str> = self.files.shown(ORGANISATION).into();
        let text = match palisade_document::decode(&shown, &bytes) {
            Ok(text) => text.into(),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        let listed: Vec<_> = listed_policies(accounts);
        let file = palisade_read_aws::File { path: ORGANISATION.into(), shown, text };
        let export = palisade_read_aws::Export { accounts: std::mem::take(accounts), ..Default::default() };
        let export = palisade_read_aws::read_into(&[file], export);
        *accounts = export.accounts;
        // What the records say of policies is nearer to what the API said.
        for (account, how) in listed {
            if let (Some(account), Ok(kind)) = (accounts.get_mut(&account), POLICY.parse()) {
                account.listed.insert(kind, how);
            }
        }
        for resource in export.resources {
            if !policies.contains(&resource.address.name) {
                (self.each)(resource);
            }
        }
        self.diagnostics.extend(export.diagnostics);
        export.organisation
    }
}

fn wrong(files: &dyn Files, path: &str, line: u64, message: &str) -> Diagnostic {
    let file: Arc<str> = files.shown(path).into();
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    Diagnostic::error(format!("`{file}`: {message}"))
        .at(Span::new(file, (line, 1), (line, 1)))
        .help("the rest is read, and what this said counts as unknown; collect it again")
}

/// What is said of the lines that are too many to be named.
fn counted(files: &dyn Files, path: &str, rest: usize) -> Option<Diagnostic> {
    let message = || format!("`{}` has {rest} further lines that can't be read", files.shown(path));
    (rest > 0).then(|| Diagnostic::error(message()))
}

/// Goes through the records of a cell's file; true where something is wrong with it.
fn each_record(
    files: &dyn Files,
    path: &str,
    key: &CellKey,
    diagnostics: &mut Vec<Diagnostic>,
    each: &mut dyn FnMut(Record),
) -> bool {
    let opened = match files.open(path) {
        Ok(Some(opened)) => opened,
        Ok(None) => return true,
        Err(error) => {
            diagnostics.push(wrong(files, path, 1, &format!("it can't be read: {error}")));
            return true;
        }
    };
    let mut lines = Lines::new(MultiGzDecoder::new(opened).take(FILE_BYTES_MAX));
    let mut faults = 0_usize;
    loop {
        let number = lines.number + 1;
        let message = match lines.next() {
            Ok(None) => break,
            Ok(Some(Line::Whole(line))) => match record(line, key) {
                Ok(record) => {
                    each(record);
                    continue;
                }
                Err(message) => message,
            },
            Ok(Some(Line::Torn)) => "the file is cut off within a line".to_owned(),
            Ok(Some(Line::TooLong)) => "the line is longer than 64 MB".to_owned(),
            Err(error) => {
                let message = format!("the file is damaged or cut off here: {error}");
                diagnostics.push(wrong(files, path, number, &message));
                faults += 1;
                break;
            }
        };
        faults += 1;
        if faults <= DIAGNOSTICS_MAX {
            diagnostics.push(wrong(files, path, number, &message));
        }
    }
    diagnostics.extend(counted(files, path, faults.saturating_sub(DIAGNOSTICS_MAX + 1)));
    faults > 0
}

/// The records of one cell, and what is wrong with its file; none where it has no file.
pub fn records_of(files: &dyn Files, key: &CellKey) -> (Vec<Record>, Vec<Diagnostic>) {
    let path = key.path();
    if let Ok(None) = files.open(&path) {
        return (Vec::new(), Vec::new());
    }
    let (mut records, mut diagnostics) = (Vec::new(), Vec::new());
    each_record(files, &path, key, &mut diagnostics, &mut |record| records.push(record));
    (records, diagnostics)
}

fn listed_policies(accounts: &BTreeMap<AccountId, Account>) -> Vec<(AccountId, Completeness)> {
    let of = |account: &Account| {
        account.listed.iter().find(|(kind, _)| kind.as_str() == POLICY).map(|(_, how)| how.clone())
    };
    accounts.iter().filter_map(|(id, account)| Some((*id, of(account)?))).collect()
}

fn unreadable(message: &str) -> Unknown {
    Why::Unreadable(message.into()).into()
}

/// A record of a cell, or what is wrong with the line.
fn record(line: &[u8], key: &CellKey) -> Result<Record, String> {
    let record: Record = serde_json::from_slice(line).map_err(|error| format!("it is no record: {error}"))?;
    if record.account != key.account || record.region != key.region || record.kind != key.kind {
        let region = record.region.as_ref().map_or("global", Region::as_str);
        return Err(format!("a record of {} {region} {} stands here", record.account, record.kind));
    }
    Ok(record)
}

/// What a resource is called: its ARN, or its id with its account and region.
pub(crate) fn name(record: &Record) -> Arc<str> {
    match (&record.arn, &record.region) {
        (Some(arn), _) => arn.clone(),
        (None, _) if record.id.starts_with("arn:") => record.id.clone(),
        (None, Some(region)) => format!("{}/{region}/{}", record.account, record.id).into(),
        (None, None) => format!("{}/{}", record.account, record.id).into(),
    }
}

/// Why what a gap names is not known.
fn why(gap: &Gap) -> Unknown {
    unread(&gap.call, &gap.failure, &gap.code)
}

/// Are all resources of a cell known? What they are like is said by the records themselves.
pub(crate) fn completeness(cell: &Cell, faults: &Faults) -> Completeness {
    if let Some(fault) = faults.get(&cell.key) {
        return Completeness::Some(fault.clone());
    }
    match (cell.state, cell.gaps.iter().find(|gap| gap.hides_resources)) {
        (State::Read | State::NotThere, None) | (State::Partly, None) => Completeness::All,
        (State::NotRead, None) => {
            let unknown = cell.gaps.first().map_or_else(|| unreadable("it was not read"), why);
            Completeness::Some(unknown)
        }
        (_, Some(gap)) => Completeness::Some(why(gap)),
    }
}

/// The accounts of the snapshot, and how completely each kind was listed there.
fn accounts(
    manifest: &Manifest,
    cells: &BTreeMap<CellKey, Cell>,
    faults: &Faults,
) -> BTreeMap<AccountId, Account> {
    let mut accounts: BTreeMap<AccountId, Account> =
        manifest.accounts.iter().map(|id| (*id, Account::default())).collect();
    let mut regions: BTreeMap<AccountId, BTreeSet<Region>> = BTreeMap::new();
    for cell in cells.values() {
        let regions = regions.entry(cell.key.account).or_default();
        if let Some(region) = cell.key.region.as_ref().filter(|_| cell.state != State::NotThere) {
            regions.insert(region.clone());
        }
        let how = completeness(cell, faults);
        let account = accounts.entry(cell.key.account).or_default();
        let listed = match &cell.key.region {
            None => &mut account.listed,
            Some(region) => account.listed_in.entry(region.clone()).or_default(),
        };
        listed.insert(cell.key.kind.clone(), how);
    }
    for (id, account) in &mut accounts {
        account.regions = regions.remove(id).unwrap_or_default().into_iter().collect();
        everywhere(*id, account, manifest);
    }
    unread_regions(&mut accounts, manifest, cells);
    accounts
}

/// The call that tells which accounts an organisation has, and what has become of them.
const LIST_ACCOUNTS: &str = "organizations:ListAccounts";

/// Says of accounts why regions of theirs were not looked into (`regions`), and of those that are suspended that they
/// are (`status`): nothing was asked there because nothing can run.
fn unread_regions(
    accounts: &mut BTreeMap<AccountId, Account>,
    manifest: &Manifest,
    cells: &BTreeMap<CellKey, Cell>,
) {
    let mut shut: BTreeMap<AccountId, &Gap> = BTreeMap::new();
    // Who was not let in asked nothing, and what is listed by region is written down once for the account.
    for cell in cells.values().filter(|cell| cell.state == State::NotRead && cell.calls == 0) {
        if let (None, Some(gap)) = (&cell.key.region, cell.gaps.first()) {
            shut.entry(cell.key.account).or_insert(gap);
        }
    }
    let told: BTreeSet<AccountId> = cells.keys().map(|key| key.account).collect();
    for (id, account) in accounts {
        let gap = shut.get(id).copied().filter(|_| account.regions.is_empty());
        if let Some(gap) = gap.filter(|gap| *gap.call == *LIST_ACCOUNTS && *gap.code == *"SUSPENDED") {
            let status = Node::new(Value::text(gap.code.to_string()), documented());
            account.attributes.insert("status".into(), Attribute::Known(status));
            continue;
        }
        let all_were_asked = manifest.regions.is_empty();
        let unknown = match gap.or(manifest.regions_unread.get(id).filter(|_| all_were_asked)) {
            Some(gap) => why(gap),
            None if manifest.finished.is_none() && !told.contains(id) => {
                unreadable("the snapshot is not finished, and its ledger says nothing of the account")
            }
            None => continue,
        };
        account.attributes.insert("regions".into(), Attribute::Unknown(unknown, documented()));
    }
}

fn documented() -> Origin {
    Origin::Documented("the snapshot's ledger".into())
}

/// How completely each kind that is listed by region was listed in all of them.
fn everywhere(id: AccountId, account: &mut Account, manifest: &Manifest) {
    let kinds: BTreeSet<ResourceType> =
        account.listed_in.values().flat_map(BTreeMap::keys).cloned().collect();
    for kind in kinds {
        if account.listed.contains_key(&kind) {
            continue;
        }
        let in_region = |region| account.listed_in.get(region).and_then(|listed| listed.get(&kind));
        let gap =
            account.listed_in.values().filter_map(|listed| listed.get(&kind)).find_map(|how| match how {
                Completeness::Some(unknown) => Some(unknown.clone()),
                Completeness::All => None,
            });
        let missing = account.regions.iter().find(|region| in_region(region).is_none());
        let how = if let Some(unknown) = gap {
            Completeness::Some(unknown)
        } else if let Some(region) = missing {
            Completeness::Some(
                Why::NotListed(format!("the snapshot, which says nothing of {region},").into()).into(),
            )
        } else if let Some(gap) = manifest.regions_unread.get(&id) {
            Completeness::Some(why(gap))
        } else if !manifest.regions.is_empty() {
            Completeness::Some(Why::NotListed("the snapshot, of some regions only,".into()).into())
        } else {
            Completeness::All
        };
        account.listed.insert(kind, how);
    }
}
