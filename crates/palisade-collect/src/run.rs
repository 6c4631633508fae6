//! One listing in one place, with all that hangs on it: pages, resources, the calls about each, what is listed for each.

use crate::calls::Failed;
use crate::cell::{self, Reading};
use crate::collector::Event;
use crate::document::{self, Given, ItemRule, fingerprint, weight};
use crate::options::Options;
use crate::plan::{Asking, KindPlan, PartPlan, Plan};
use crate::{arn, regions};
use palisade_aws::{Ask, FailureKind, Operation, Pager};
use palisade_model::{AccountId, Region};
use palisade_snapshot::{Asked, CellKey, For, Part, Record};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Where a listing is made, and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Whose resources they are.
    pub(crate) account: AccountId,
    /// Whose credentials are used.
    pub(crate) asks_as: AccountId,
    /// None for what is listed once for the account.
    pub(crate) region: Option<Region>,
    /// Where to ask.
    pub(crate) asked_in: Region,
    pub(crate) partition: Arc<str>,
    /// Is it made once for the organisation?
    pub(crate) is_organisation: bool,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Value, Failed>,
    pub(crate) time: Arc<str>,
    pub(crate) attempts: u32,
}

/// A call that a listing wants made.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) task: u32,
    pub(crate) ask: Ask,
    /// Was it asked before, and is it to be asked again?
    pub(crate) is_again: bool,
}

/// What a listing works with, and what it leaves behind.
pub(crate) struct Desk<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options,
    pub(crate) events: &'a mut VecDeque<Event>,
    pub(crate) calls: Vec<Wanted>,
}

/// How many resources of a listing may be in doubt before those that follow count as not read.
const DOUBTS: usize = 100;

/// One listing in one place.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) place: Place,
    pub(crate) listing: usize,
    pub(crate) purpose: For,
    /// How many calls were answered.
    pub(crate) calls: u64,
    /// About how many bytes are held for it, here and by whoever waits for its cells to be done.
    pub(crate) held: usize,
    given: Given,
    cells: BTreeMap<usize, Reading>,
    window: usize,
    root: List,
    nodes: HashMap<u32, Node>,
    tasks: HashMap<u32, Task>,
    next: u32,
    seen: HashSet<u64>,
    batches: Vec<Gathered>,
    doubtful: Vec<Node>,
    has_looked_again: bool,
    /// What an earlier snapshot has, by kind and id: only what may still be true.
    earlier: HashMap<(usize, Arc<str>), Record>,
}

/// The pages of a listing.
#[derive(Debug, Default)]
struct List {
    listing: usize,
    pager: Option<Pager<'static>>,
    pages: usize,
    is_asking: bool,
    waiting: VecDeque<Item>,
    nodes: VecDeque<u32>,
}

#[derive(Debug)]
struct Item {
    kind: usize,
    members: Map<String, Value>,
    listed: Option<Asked>,
}

/// A resource that is not whole yet.
#[derive(Debug)]
struct Node {
    kind: usize,
    id: Arc<str>,
    members: Map<String, Value>,
    listed: Option<Asked>,
    parts: Vec<Slot>,
    children: Vec<List>,
    is_root: bool,
    is_emitted: bool,
    region: Option<Region>,
    redirects: u32,
}

#[derive(Debug, Clone)]
enum Slot {
    Open,
    Asked,
    Done(Part),
    /// The service says that it knows no such thing: was it deleted?
    Doubt(Asked, Failed),
}

#[derive(Debug)]
enum Task {
    /// A page; of the listing itself, or of one for a resource.
    Page(Option<(u32, usize)>),
    Part {
        nodes: Vec<(u32, Value)>,
        part: usize,
        kind: usize,
        pages: Pages,
    },
    Again {
        pager: Pager<'static>,
        found: HashSet<(usize, Arc<str>)>,
    },
}

/// The pages of a part's answer.
#[derive(Debug)]
struct Pages {
    pager: Pager<'static>,
    whole: Option<Value>,
    count: usize,
    region: Region,
}

/// Resources that one call is to be asked about.
#[derive(Debug)]
struct Gathered {
    kind: usize,
    part: usize,
    region: Region,
    /// The other parameters.
    others: Value,
    nodes: Vec<(u32, Value)>,
}

impl List {
    fn new(listing: usize, pager: Pager<'static>) -> Self {
        Self { listing, pager: Some(pager), ..Self::default() }
    }

    fn wants_page(&self, window: usize) -> bool {
        let has_room = self.waiting.is_empty() && self.nodes.len() < window;
        self.pager.is_some() && !self.is_asking && has_room
    }

    fn is_done(&self) -> bool {
        self.pager.is_none() && !self.is_asking && self.waiting.is_empty() && self.nodes.is_empty()
    }
}

impl Node {
    fn is_whole(&self) -> bool {
        !self.parts.iter().any(|slot| matches!(slot, Slot::Open | Slot::Asked))
    }
}

impl Run {
    /// Begins a listing; cells that are finished already are left alone.
    pub(crate) fn new(
        plan: &Plan,
        options: &Options,
        place: Place,
        listing: usize,
        is_finished: impl Fn(&CellKey) -> bool,
    ) -> Option<Self> {
        let mut cells = BTreeMap::new();
        let mut window = options.window.max(1);
        for number in plan.brought_by(listing) {
            let kind = &plan.kinds[number];
            let key =
                CellKey { account: place.account, region: place.region.clone(), kind: kind.kind.clone() };
            if kind.is_wanted && !is_finished(&key) {
                cells.insert(number, Reading::new(key));
            }
            let batches = kind.parts.iter().filter_map(|part| part.batch.as_ref());
            window = batches.map(|batch| batch.size).fold(window, usize::max);
        }
        let first = cells.values().next()?;
        let rule = &plan.listings[listing];
        let purpose =
            match plan.brought_by(listing).iter().filter(|kind| plan.kinds[**kind].is_wanted).count() {
                1 => For::Cell(first.key.clone()),
                _ => {
                    let region = place.region.as_ref().map_or("global", Region::as_str);
                    For::Shared(format!("{} {region} {}", place.account, rule.asked.call).into())
                }
            };
        let given = Given {
            account: place.account.to_string(),
            region: place.asked_in.as_str().to_owned(),
            partition: place.partition.clone(),
        };
        Some(Self {
            place,
            listing,
            purpose,
            calls: 0,
            held: 0,
            given,
            cells,
            window,
            root: List { listing, ..List::default() },
            nodes: HashMap::new(),
            tasks: HashMap::new(),
            next: 0,
            seen: HashSet::new(),
            batches: Vec::new(),
            doubtful: Vec::new(),
            has_looked_again: false,
            earlier: HashMap::new(),
        })
    }

    /// The cells of which an earlier snapshot could save calls.
    pub(crate) fn could_recall(&self, plan: &Plan) -> Vec<CellKey> {
        let may_stay =
            |kind: &usize| plan.kinds[*kind].parts.iter().any(|part| !part.unchanged_while.is_empty());
        let cells = self.cells.iter().filter(|(kind, _)| may_stay(kind));
        cells.map(|(_, cell)| cell.key.clone()).collect()
    }

    /// What an earlier snapshot has of a cell.
    pub(crate) fn recall(&mut self, plan: &Plan, records: Vec<Record>) {
        for record in records {
            let Some(kind) = plan.kinds.iter().position(|kind| kind.kind == record.kind) else { continue };
            self.earlier.insert((kind, record.id.clone()), record);
        }
    }

    /// What an earlier snapshot has of a part, if the resource says that it has not changed since.
    fn unchanged(&self, node: &Node, part: &PartPlan) -> Option<(Option<Value>, Part)> {
        let earlier = self.earlier.get(&(node.kind, node.id.clone()))?;
        let before = earlier.document.as_object()?;
        let is_same = |name: &Arc<str>| {
            let now = document::field(&node.members, name);
            now.is_some() && now == document::field(before, name)
        };
        if part.unchanged_while.is_empty() || !part.unchanged_while.iter().all(is_same) {
            return None;
        }
        match earlier.parts.get(&part.into)? {
            said @ Part::Read(_) => Some((Some(before.get(part.into.as_ref())?.clone()), said.clone())),
            said @ Part::None(_) => Some((None, said.clone())),
            Part::Unread { .. } => None,
        }
    }

    /// Takes the first step.
    pub(crate) fn start(&mut self, desk: &mut Desk<'_>) {
        let rule = &desk.plan.listings[self.listing];
        match document::parameters(&rule.with, &Map::new(), &self.given) {
            _ if rule.is_singleton => {
                let feeds = rule.feeds.iter();
                let items = feeds.map(|kind| Item { kind: *kind, members: Map::new(), listed: None });
                self.root.waiting.extend(items);
            }
            Ok(parameters) => self.root.pager = Some(Pager::new(rule.asked.model, &parameters)),
            Err(field) => self.not_listed(self.listing, &no_field(&field), desk),
        }
        self.settle(desk);
    }

    /// Does it want another page of its own?
    pub(crate) fn is_hungry(&self) -> bool {
        self.root.wants_page(self.window)
    }

    /// Has it begun to read?
    pub(crate) fn has_begun(&self) -> bool {
        self.root.pages > 0
    }

    /// Is a page of its own on its way?
    pub(crate) fn is_fed(&self) -> bool {
        self.root.is_asking
    }

    /// Asks for the next page.
    pub(crate) fn feed(&mut self, desk: &mut Desk<'_>) {
        if let Some(pager) = &self.root.pager
            && !self.root.is_asking
        {
            let parameters = pager.parameters();
            self.root.is_asking = true;
            let asked = &desk.plan.listings[self.listing].asked;
            let region = self.place.asked_in.clone();
            self.call(Task::Page(None), asked, region, parameters, desk);
        }
    }

    /// Is all done?
    pub(crate) fn is_done(&self) -> bool {
        self.root.is_done() && self.tasks.is_empty() && self.doubtful.is_empty()
    }

    /// Nothing is under way for it, and it is not done: what it did not get to is not known.
    pub(crate) fn give_up(&mut self, plan: &Plan) {
        let failed = Failed::malformed("given-up", "the collection ended before it was read");
        let asked = asked(&plan.listings[self.listing].asked);
        for cell in self.cells.values_mut() {
            match cell.came {
                0 => cell.not_listed(asked, &failed),
                _ => cell.gap(asked, &failed, true),
            }
        }
    }

    /// What the ledger says of its cells.
    pub(crate) fn into_cells(self) -> impl Iterator<Item = palisade_snapshot::Cell> {
        self.cells.into_values().map(Reading::done)
    }

    fn call(&mut self, task: Task, asked: &Asking, region: Region, parameters: Value, desk: &mut Desk<'_>) {
        self.next += 1;
        let is_again = matches!(task, Task::Again { .. });
        self.tasks.insert(self.next, task);
        let ask = Ask {
            account: self.place.asks_as,
            region,
            service: asked.service.clone(),
            operation: asked.operation.clone(),
            parameters: fitted(&asked.service, asked.model, parameters),
        };
        desk.calls.push(Wanted { task: self.next, ask, is_again });
    }

    /// Takes an answer.
    pub(crate) fn answered(&mut self, task: u32, outcome: Outcome, desk: &mut Desk<'_>) {
        self.calls += u64::from(outcome.attempts);
        match self.tasks.remove(&task) {
            Some(Task::Page(of)) => self.page(of, outcome, desk),
            Some(Task::Part { nodes, part, kind, pages }) => {
                if let Some(cell) = self.cells.get_mut(&kind) {
                    cell.calls += u64::from(outcome.attempts);
                }
                self.part(nodes, (kind, part), pages, outcome, desk);
            }
            Some(Task::Again { pager, found }) => self.again(pager, found, outcome, desk),
            None => {}
        }
        self.settle(desk);
    }

    // Pages

    fn list(&mut self, of: Option<(u32, usize)>) -> Option<&mut List> {
        match of {
            None => Some(&mut self.root),
            Some((node, child)) => self.nodes.get_mut(&node)?.children.get_mut(child),
        }
    }

    fn page(&mut self, of: Option<(u32, usize)>, outcome: Outcome, desk: &mut Desk<'_>) {
        let Some(list) = self.list(of) else { return };
        list.is_asking = false;
        let listing = list.listing;
        let rule = &desk.plan.listings[listing];
        for kind in &rule.feeds {
            if let Some(cell) = self.cells.get_mut(kind) {
                cell.calls += u64::from(outcome.attempts);
            }
        }
        let answer = outcome.result.and_then(|answer| match answer {
            Value::Object(_) => Ok(answer),
            _ => Err(Failed::malformed("malformed", "the answer is no object")),
        });
        let Some(list) = self.list(of) else { return };
        let has_come = list.pages > 0;
        let answer = match answer {
            Ok(answer) => answer,
            Err(failed) => {
                list.pager = None;
                if is_none(&failed, &rule.none_when) && !has_come {
                    self.came(listing, desk);
                } else if has_come {
                    self.hidden(listing, &failed, desk);
                } else {
                    self.not_listed(listing, &failed, desk);
                }
                return;
            }
        };
        list.pages += 1;
        let pages = list.pages;
        let more = list.pager.as_mut().map(|pager| pager.answered(&answer));
        let problem = match more {
            Some(Ok(true)) if pages >= desk.options.pages => {
                Some(Failed::malformed("too-many-pages", format!("more than {pages} pages")))
            }
            Some(Ok(true)) => None,
            Some(Ok(false)) | None => {
                list.pager = None;
                None
            }
            Some(Err(error)) => Some(Failed::malformed("same-token", error.to_string())),
        };
        let is_failed = problem.is_some();
        if is_failed {
            list.pager = None;
        }
        if !has_come {
            self.came(listing, desk);
        }
        if let Some(failed) = problem {
            self.hidden(listing, &failed, desk);
        }
        let listed = Asked { call: rule.asked.call.clone(), time: outcome.time };
        let items = self.items(of, listing, &answer, &listed, desk.plan);
        if let Some(list) = self.list(of) {
            list.waiting.extend(items);
        }
    }

    fn items(
        &mut self,
        of: Option<(u32, usize)>,
        listing: usize,
        answer: &Value,
        listed: &Asked,
        plan: &Plan,
    ) -> Vec<Item> {
        let parent = of.and_then(|(node, _)| self.nodes.get(&node)).map(|node| &node.members);
        let mut found = Vec::new();
        for number in &plan.listings[listing].feeds {
            let kind = &plan.kinds[*number];
            let is_needed = self.cells.contains_key(number) || !kind.children.is_empty();
            let Some(each) = kind.each.as_ref().filter(|_| is_needed) else { continue };
            let rule = ItemRule { id: kind.id.first(), keep: &kind.keep, parent };
            for members in document::items(each, answer, &rule) {
                if !document::is_meant(&kind.only, &members, &self.given) {
                    continue;
                }
                let value = Value::Object(members);
                // A list that changes while it is read may name a thing on two pages.
                if !self.seen.insert(fingerprint(&(*number, &value))) {
                    continue;
                }
                self.held += weight(&value);
                let Value::Object(members) = value else { continue };
                found.push(Item { kind: *number, members, listed: Some(listed.clone()) });
            }
        }
        found
    }

    fn came(&mut self, listing: usize, desk: &Desk<'_>) {
        for kind in &desk.plan.listings[listing].feeds {
            if let Some(cell) = self.cells.get_mut(kind) {
                cell.came += 1;
            }
        }
    }

    /// A listing brought nothing: neither it nor what would be listed for each of its resources is known.
    fn not_listed(&mut self, listing: usize, failed: &Failed, desk: &Desk<'_>) {
        let asked = asked(&desk.plan.listings[listing].asked);
        for kind in desk.plan.brought_by(listing) {
            if let Some(cell) = self.cells.get_mut(&kind) {
                cell.not_listed(asked, failed);
            }
        }
    }

    /// Some pages of a listing came, and then no more.
    fn hidden(&mut self, listing: usize, failed: &Failed, desk: &Desk<'_>) {
        let asked = asked(&desk.plan.listings[listing].asked);
        for kind in desk.plan.brought_by(listing) {
            if let Some(cell) = self.cells.get_mut(&kind) {
                cell.gap(asked, failed, true);
            }
        }
    }

    // Resources

    /// Goes as far as what is known allows.
    fn settle(&mut self, desk: &mut Desk<'_>) {
        let mut root = std::mem::take(&mut self.root);
        self.settle_list(&mut root, true, desk);
        self.root = root;
        if self.root.waiting.is_empty() || self.tasks.is_empty() {
            let left: Vec<Gathered> = std::mem::take(&mut self.batches);
            left.into_iter().for_each(|gathered| self.ask_batch(gathered, desk));
        }
        if self.root.is_done() && self.tasks.is_empty() && !self.doubtful.is_empty() {
            self.look_again(desk);
        }
    }

    fn settle_list(&mut self, list: &mut List, may_emit: bool, desk: &mut Desk<'_>) {
        loop {
            while list.nodes.len() < self.window {
                let Some(item) = list.waiting.pop_front() else { break };
                let is_root = list.listing == self.listing;
                let node = self.open(item, is_root, desk);
                list.nodes.push_back(node);
            }
            let Some(front) = list.nodes.front().copied().filter(|_| may_emit) else { break };
            if !self.finish(front, desk) {
                break;
            }
            list.nodes.pop_front();
        }
        for (position, node) in list.nodes.iter().enumerate() {
            self.settle_children(*node, may_emit && position == 0, desk);
        }
    }

    fn settle_children(&mut self, id: u32, may_emit: bool, desk: &mut Desk<'_>) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let mut children = std::mem::take(&mut node.children);
        for (place, child) in children.iter_mut().enumerate() {
            self.settle_list(child, may_emit, desk);
            if child.wants_page(self.window)
                && let Some(pager) = &child.pager
            {
                let parameters = pager.parameters();
                child.is_asking = true;
                let asked = &desk.plan.listings[child.listing].asked;
                let region = self.place.asked_in.clone();
                self.call(Task::Page(Some((id, place))), asked, region, parameters, desk);
            }
        }
        if let Some(node) = self.nodes.get_mut(&id) {
            node.children = children;
        }
    }

    /// Emits the front resource if it is whole; is it, and all that was listed for it, out of the way?
    fn finish(&mut self, id: u32, desk: &mut Desk<'_>) -> bool {
        self.settle_children(id, true, desk);
        let Some(mut node) = self.nodes.remove(&id) else { return true };
        let is_free = node.children.iter().all(List::is_done);
        if node.is_emitted || node.is_whole() {
            let is_doubtful = node.parts.iter().any(|slot| matches!(slot, Slot::Doubt(..)));
            if is_free && !node.is_emitted && is_doubtful && node.is_root && self.doubtful.len() < DOUBTS {
                self.doubtful.push(node);
                return true;
            }
            if !node.is_emitted && (is_free || !is_doubtful) {
                node.is_emitted = true;
                let members = match is_free {
                    true => std::mem::take(&mut node.members),
                    false => node.members.clone(),
                };
                self.emit(&mut node, members, desk);
            }
            if is_free {
                return true;
            }
        }
        self.nodes.insert(id, node);
        false
    }

    fn open(&mut self, item: Item, is_root: bool, desk: &mut Desk<'_>) -> u32 {
        self.next += 1;
        let number = self.next;
        let kind = &desk.plan.kinds[item.kind];
        let is_wanted = self.cells.contains_key(&item.kind);
        let mut children = Vec::new();
        for listing in &kind.children {
            let brings = desk.plan.brought_by(*listing);
            if !brings.iter().any(|kind| self.cells.contains_key(kind)) {
                continue;
            }
            let rule = &desk.plan.listings[*listing];
            match document::parameters(&rule.with, &item.members, &self.given) {
                Ok(parameters) => {
                    children.push(List::new(*listing, Pager::new(rule.asked.model, &parameters)));
                }
                Err(field) => self.not_listed(*listing, &no_field(&field), desk),
            }
        }
        let node = Node {
            kind: item.kind,
            id: self.id(kind, &item.members),
            members: item.members,
            listed: item.listed,
            parts: vec![Slot::Open; if is_wanted { kind.parts.len() } else { 0 }],
            children,
            is_root,
            is_emitted: !is_wanted,
            region: None,
            redirects: 0,
        };
        self.nodes.insert(number, node);
        self.ask_parts(number, desk);
        self.settle_children(number, false, desk);
        number
    }

    fn id(&self, kind: &KindPlan, members: &Map<String, Value>) -> Arc<str> {
        let values = kind.id.iter().filter_map(|name| document::field(members, name));
        let id: Vec<String> = values.filter_map(document::text).collect();
        if !id.is_empty() {
            return id.join("/").into();
        }
        match &self.place.region {
            Some(region) => format!("{}/{region}", self.place.account).into(),
            None => self.place.account.to_string().into(),
        }
    }

    fn emit(&mut self, node: &mut Node, members: Map<String, Value>, desk: &mut Desk<'_>) {
        let Some(cell) = self.cells.get_mut(&node.kind) else { return };
        let kind = &desk.plan.kinds[node.kind];
        let mut parts = indexmap::IndexMap::new();
        let mut disabled = None;
        for (position, (slot, part)) in node.parts.iter().zip(&kind.parts).enumerate() {
            let said = match slot {
                Slot::Done(said) => said.clone(),
                Slot::Doubt(at, failed) => {
                    cell.gap(asked(&part.asked), failed, false);
                    unread(at.clone(), failed)
                }
                Slot::Open | Slot::Asked => continue,
            };
            if position == 0 && node.listed.is_none() {
                node.listed = Some(when(&said));
                disabled = match &said {
                    Part::Unread { failure, .. } if failure.as_ref() == FailureKind::Disabled.word() => {
                        Some(())
                    }
                    _ => {
                        cell.came += 1;
                        None
                    }
                };
            }
            parts.insert(part.into.clone(), said);
        }
        // What is there once in each place is not there when the service is not.
        if disabled.is_some() {
            cell.nowhere();
            return;
        }
        let Some(listed) = node.listed.clone() else { return };
        let arn = arn::of(kind, &members, &self.given);
        cell.records += 1;
        desk.events.push_back(Event::Record(Record {
            kind: kind.kind.clone(),
            account: self.place.account,
            region: self.place.region.clone(),
            id: node.id.clone(),
            arn,
            document: Value::Object(members),
            listed,
            parts,
        }));
    }

    // Parts

    /// Asks all that can be asked of a resource now.
    fn ask_parts(&mut self, id: u32, desk: &mut Desk<'_>) {
        loop {
            let Some(node) = self.nodes.get(&id) else { return };
            let kind = &desk.plan.kinds[node.kind];
            let is_ready = |part: &PartPlan| {
                let waits = |earlier: &usize| matches!(node.parts[*earlier], Slot::Open | Slot::Asked);
                !part.after.iter().any(waits)
            };
            let open = node.parts.iter().zip(&kind.parts);
            let ready =
                open.enumerate().find(|(_, (slot, part))| matches!(slot, Slot::Open) && is_ready(part));
            let Some((place, (_, part))) = ready else { return };
            let slot = self.ask_part(id, place, part, desk);
            if let Some(node) = self.nodes.get_mut(&id) {
                node.parts[place] = slot;
            }
        }
    }

    fn ask_part(&mut self, id: u32, place: usize, part: &PartPlan, desk: &mut Desk<'_>) -> Slot {
        let Some(node) = self.nodes.get(&id) else { return Slot::Asked };
        if let Some((answer, said)) = self.unchanged(node, part) {
            if let (Some(answer), Some(node)) = (answer, self.nodes.get_mut(&id)) {
                self.held += weight(&answer);
                node.members.insert(part.into.to_string(), answer);
            }
            return Slot::Done(said);
        }
        for earlier in &part.after {
            // Why nothing came of the earlier part is told there.
            match &node.parts[*earlier] {
                Slot::Done(Part::Read(_)) => {}
                Slot::Done(Part::None(at)) => {
                    let time = at.time.clone();
                    return Slot::Done(Part::None(Asked { call: part.asked.call.clone(), time }));
                }
                Slot::Done(Part::Unread { asked, failure, code, message }) => {
                    return Slot::Done(Part::Unread {
                        asked: Asked { call: part.asked.call.clone(), time: asked.time.clone() },
                        failure: failure.clone(),
                        code: code.clone(),
                        message: message.clone(),
                    });
                }
                Slot::Doubt(at, failed) => return Slot::Done(unread(at.clone(), failed)),
                Slot::Open | Slot::Asked => return Slot::Open,
            }
        }
        let parameters = match document::parameters(&part.with, &node.members, &self.given) {
            Ok(parameters) => parameters,
            Err(field) => {
                let failed = no_field(&field);
                let kind = node.kind;
                let time = node.listed.as_ref().map(|listed| listed.time.clone()).unwrap_or_default();
                if let Some(cell) = self.cells.get_mut(&kind) {
                    cell.gap(asked(&part.asked), &failed, false);
                }
                return Slot::Done(unread(Asked { call: part.asked.call.clone(), time }, &failed));
            }
        };
        let said = part.region.as_ref().and_then(|field| document::field(&node.members, field));
        let region = said.and_then(Value::as_str).and_then(regions::of_bucket);
        let region = node.region.clone().or(region).unwrap_or_else(|| self.place.asked_in.clone());
        let kind = node.kind;
        match &part.batch {
            None => {
                let pager = Pager::new(part.asked.model, &parameters);
                let pages = Pages { pager, whole: None, count: 0, region: region.clone() };
                let task = Task::Part { nodes: vec![(id, Value::Null)], part: place, kind, pages };
                self.call(task, &part.asked, region, parameters, desk);
            }
            Some(batch) => {
                let mut others = parameters;
                let items = others.as_object_mut().and_then(|others| others.shift_remove(&*batch.parameter));
                let item = match items {
                    Some(Value::Array(mut items)) => items.pop().unwrap_or_default(),
                    _ => Value::Null,
                };
                self.gather((id, item), (kind, place), region, others, batch.size, desk);
            }
        }
        Slot::Asked
    }

    fn gather(
        &mut self,
        node: (u32, Value),
        (kind, part): (usize, usize),
        region: Region,
        others: Value,
        size: usize,
        desk: &mut Desk<'_>,
    ) {
        let fits = |known: &Gathered| {
            known.kind == kind && known.part == part && known.region == region && known.others == others
        };
        let place = self.batches.iter().position(fits).unwrap_or_else(|| {
            self.batches.push(Gathered {
                kind,
                part,
                region: region.clone(),
                others: others.clone(),
                nodes: Vec::new(),
            });
            self.batches.len() - 1
        });
        self.batches[place].nodes.push(node);
        if self.batches[place].nodes.len() >= size {
            let gathered = self.batches.remove(place);
            self.ask_batch(gathered, desk);
        }
    }

    fn ask_batch(&mut self, gathered: Gathered, desk: &mut Desk<'_>) {
        let Gathered { kind, part, region, others, nodes } = gathered;
        let rule = &desk.plan.kinds[kind].parts[part];
        let Some(batch) = &rule.batch else { return };
        let mut parameters = others;
        if let Some(members) = parameters.as_object_mut() {
            let items: Vec<Value> = nodes.iter().map(|(_, item)| item.clone()).collect();
            members.insert(batch.parameter.to_string(), items.into());
        }
        let pager = Pager::new(rule.asked.model, &parameters);
        let pages = Pages { pager, whole: None, count: 0, region: region.clone() };
        self.call(Task::Part { nodes, part, kind, pages }, &rule.asked, region, parameters, desk);
    }

    fn part(
        &mut self,
        nodes: Vec<(u32, Value)>,
        (kind, place): (usize, usize),
        mut pages: Pages,
        outcome: Outcome,
        desk: &mut Desk<'_>,
    ) {
        let rule = &desk.plan.kinds[kind].parts[place];
        let at = Asked { call: rule.asked.call.clone(), time: outcome.time };
        let answer = outcome.result.and_then(|answer| match answer {
            Value::Object(_) => Ok(answer),
            _ => Err(Failed::malformed("malformed", "the answer is no object")),
        });
        let answer = answer.and_then(|page| {
            pages.count += 1;
            let more = pages.pager.answered(&page);
            match &mut pages.whole {
                Some(whole) => document::add_page(whole, page, rule.asked.model),
                None => pages.whole = Some(page),
            }
            match more {
                Ok(true) if pages.count >= desk.options.pages => {
                    Err(Failed::malformed("too-many-pages", format!("more than {} pages", pages.count)))
                }
                Ok(more) => Ok(more),
                Err(error) => Err(Failed::malformed("same-token", error.to_string())),
            }
        });
        match answer {
            Ok(true) => {
                let (parameters, region) = (pages.pager.parameters(), pages.region.clone());
                let task = Task::Part { nodes, part: place, kind, pages };
                self.call(task, &rule.asked, region, parameters, desk);
                return;
            }
            Ok(false) => {
                let whole = pages.whole.unwrap_or_default();
                match &rule.batch {
                    None => {
                        let node = nodes.first().map(|(node, _)| *node);
                        node.into_iter().for_each(|node| self.read(node, place, whole.clone(), &at, rule));
                    }
                    Some(batch) => {
                        for (node, item) in &nodes {
                            match only(&whole, &batch.path, &batch.id, item) {
                                Some(one) => self.read(*node, place, one, &at, rule),
                                None => {
                                    self.failed(*node, place, (&at, &pages.region), &not_in_answer(), rule)
                                }
                            }
                        }
                    }
                }
            }
            Err(failed) if nodes.len() > 1 && is_about_one(&failed) => {
                // One of them spoils the answer about all: each is asked about alone.
                let others = pages.pager.parameters();
                for (node, item) in nodes.clone() {
                    let mut others = others.clone();
                    if let (Some(members), Some(batch)) = (others.as_object_mut(), &rule.batch) {
                        members.shift_remove(&*batch.parameter);
                    }
                    let nodes = vec![(node, item)];
                    let region = pages.region.clone();
                    self.ask_batch(Gathered { kind, part: place, region, others, nodes }, desk);
                }
                return;
            }
            Err(failed) => {
                for (node, _) in &nodes {
                    self.failed(*node, place, (&at, &pages.region), &failed, rule);
                }
            }
        }
        nodes.iter().for_each(|(node, _)| self.ask_parts(*node, desk));
    }

    fn read(&mut self, id: u32, place: usize, answer: Value, at: &Asked, rule: &PartPlan) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        self.held += weight(&answer);
        node.members.insert(rule.into.to_string(), answer);
        node.parts[place] = Slot::Done(Part::Read(at.clone()));
    }

    fn failed(
        &mut self,
        id: u32,
        place: usize,
        (at, asked_in): (&Asked, &Region),
        failed: &Failed,
        rule: &PartPlan,
    ) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if is_none(failed, &rule.none_when) {
            node.parts[place] = Slot::Done(Part::None(at.clone()));
            return;
        }
        // A bucket is asked about where it is.
        if let Some(region) = regions::told_by(failed)
            && rule.asked.service.as_ref() == "s3"
            && node.redirects < 16
            && region != *asked_in
        {
            node.redirects += 1;
            node.region = Some(region);
            node.parts[place] = Slot::Open;
            return;
        }
        let is_listed = node.is_root && node.listed.is_some();
        if failed.kind == FailureKind::Absent && is_listed && failed.instead.is_none() {
            node.parts[place] = Slot::Doubt(at.clone(), failed.clone());
            return;
        }
        node.parts[place] = Slot::Done(unread(at.clone(), failed));
        let kind = node.kind;
        if let Some(cell) = self.cells.get_mut(&kind) {
            cell.gap(asked(&rule.asked), failed, false);
        }
    }

    // Doubts

    /// Lists once more, to see whether what the service no longer knew is still listed.
    fn look_again(&mut self, desk: &mut Desk<'_>) {
        if self.has_looked_again {
            return;
        }
        self.has_looked_again = true;
        let rule = &desk.plan.listings[self.listing];
        match document::parameters(&rule.with, &Map::new(), &self.given) {
            Ok(parameters) => {
                let pager = Pager::new(rule.asked.model, &parameters);
                let region = self.place.asked_in.clone();
                let task = Task::Again { pager, found: HashSet::new() };
                self.call(task, &rule.asked, region, parameters, desk);
            }
            Err(_) => self.decide(None, desk),
        }
    }

    fn again(
        &mut self,
        mut pager: Pager<'static>,
        mut found: HashSet<(usize, Arc<str>)>,
        outcome: Outcome,
        desk: &mut Desk<'_>,
    ) {
        let rule = &desk.plan.listings[self.listing];
        let kinds: HashSet<usize> = self.doubtful.iter().map(|node| node.kind).collect();
        for kind in &kinds {
            if let Some(cell) = self.cells.get_mut(kind) {
                cell.calls += u64::from(outcome.attempts);
            }
        }
        let Ok(answer @ Value::Object(_)) = outcome.result else { return self.decide(None, desk) };
        for number in kinds {
            let kind = &desk.plan.kinds[number];
            let item = ItemRule { id: kind.id.first(), keep: &kind.keep, parent: None };
            let items = kind.each.iter().flat_map(|each| document::items(each, &answer, &item));
            let items = items.filter(|members| document::is_meant(&kind.only, members, &self.given));
            let ids: Vec<Arc<str>> = items.map(|members| self.id(kind, &members)).collect();
            found.extend(ids.into_iter().map(|id| (number, id)));
        }
        match pager.answered(&answer) {
            Ok(true) => {
                let parameters = pager.parameters();
                let region = self.place.asked_in.clone();
                self.call(Task::Again { pager, found }, &rule.asked, region, parameters, desk);
            }
            Ok(false) => self.decide(Some(&found), desk),
            Err(_) => self.decide(None, desk),
        }
    }

    /// What is no longer listed was deleted; what is, or may be, stays and is unread.
    fn decide(&mut self, found: Option<&HashSet<(usize, Arc<str>)>>, desk: &mut Desk<'_>) {
        for mut node in std::mem::take(&mut self.doubtful) {
            let is_gone = found.is_some_and(|found| !found.contains(&(node.kind, node.id.clone())));
            if !is_gone {
                let members = std::mem::take(&mut node.members);
                self.emit(&mut node, members, desk);
                continue;
            }
            let rules = &desk.plan.kinds[node.kind].parts;
            let doubts = node.parts.iter().zip(rules).find_map(|(slot, rule)| match slot {
                Slot::Doubt(_, failed) => Some((asked(&rule.asked), failed)),
                _ => None,
            });
            if let (Some((asked, failed)), Some(cell)) = (doubts, self.cells.get_mut(&node.kind)) {
                cell.gone(asked, failed);
            }
        }
    }
}

fn asked(asked: &Asking) -> cell::Asked<'_> {
    cell::Asked { service: &asked.service, operation: &asked.operation }
}

fn when(part: &Part) -> Asked {
    match part {
        Part::Read(asked) | Part::None(asked) | Part::Unread { asked, .. } => asked.clone(),
    }
}

fn unread(asked: Asked, failed: &Failed) -> Part {
    Part::Unread {
        asked,
        failure: failed.kind.word().into(),
        code: failed.code.clone(),
        message: failed.message.clone(),
    }
}

fn is_none(failed: &Failed, none_when: &[Arc<str>]) -> bool {
    let code = failed.code.rsplit(['#', ':']).next().unwrap_or(&failed.code);
    failed.instead.is_none() && none_when.iter().any(|none| none.as_ref() == code)
}

fn no_field(field: &str) -> Failed {
    Failed::malformed("no-field", format!("what was answered before has no `{field}`"))
}

fn not_in_answer() -> Failed {
    Failed {
        kind: FailureKind::Absent,
        ..Failed::malformed("not-in-answer", "the answer doesn't tell of it")
    }
}

/// May the failure be about one of several things that were asked about?
fn is_about_one(failed: &Failed) -> bool {
    failed.instead.is_none()
        && matches!(
            failed.kind,
            FailureKind::Absent | FailureKind::Refused | FailureKind::Malformed | FailureKind::Server
        )
}

/// The answer as if only this item had been asked about.
fn only(answer: &Value, path: &[Arc<str>], id: &str, item: &Value) -> Option<Value> {
    let list = path.iter().try_fold(answer, |value, step| value.get(step.as_ref()))?.as_array()?;
    let one = list.iter().find(|one| one.get(id) == Some(item))?;
    let list = Value::Array(vec![one.clone()]);
    Some(path.iter().rev().fold(list, |value, step| Map::from_iter([(step.to_string(), value)]).into()))
}

/// Parameters as the operation takes them.
fn fitted(service: &str, operation: &Operation, parameters: Value) -> Value {
    match palisade_aws::models().service(service) {
        Some(service) => palisade_aws::fitted(service, operation, parameters),
        None => parameters,
    }
}
