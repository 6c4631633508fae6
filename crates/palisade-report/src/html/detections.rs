//! What detections found, as a page: what fired and what to look at, and all of it in the order of time.

use super::filter::{choices, close, search, select, severities};
use super::words::{Inline, Markdown, Text};
use super::{Choices, HtmlOptions, Page, frame, targets};
use crate::detections::{DetectionSummary, Detections, Fired, fingerprint, in_time};
use crate::quote::Quotes;
use crate::sentences::{called, count, digits};
use palisade_model::{Hit, Level, PageId, Severity};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};

/// How many principals of a detection are named.
const PRINCIPALS_NAMED: usize = 5;
/// More detections than these are folded, so that the timeline is in sight.
const OPEN_DETECTIONS: usize = 2;
/// How many stretches of time the picture of all hits has.
const BARS: usize = 96;
/// The size of that picture, in its own units.
const BAR_WIDTH: usize = 10;
const PICTURE_HEIGHT: usize = 60;

/// Writes what detections found as a page.
pub fn html_detections(report: &Detections, options: HtmlOptions, to: &mut dyn Write) -> io::Result<()> {
    let fired = report.fired();
    let shown = shown(report, options.limit);
    let no_sources = |_: &str| None;
    let mut page = Page {
        to: &mut io::BufWriter::new(to),
        quotes: Quotes::new(&no_sources, []),
        choices: Choices::of(&[]),
        anchors: HashSet::new(),
    };
    let fields = Fields::of(&shown);
    let title = format!("{} · {} · Palisade", said(&fired), targets(&report.targets));
    frame::open(page.to, &title, &targets(&report.targets), &report.tool_version)?;
    page.happened(report, &fired, report.hits.len() - shown.len())?;
    page.to.write_all(b"<div class=\"columns\">\n<div class=\"side\">\n")?;
    if !shown.is_empty() {
        fields.form(page.to)?;
    }
    page.fired_contents(report, &fired)?;
    page.to.write_all(b"</div>\n<main id=\"content\" tabindex=\"-1\">\n")?;
    page.detections(report, &fired)?;
    page.timeline(&shown, &fields)?;
    page.input(&report.diagnostics)?;
    page.ran(report, &fired)?;
    page.to.write_all(b"</main>\n</div>\n")?;
    frame::close(page.to, &report.tool_version)?;
    page.to.flush()
}

/// The hits on the page in the order of time: where not all are wanted, the severest.
fn shown(report: &Detections, limit: Option<usize>) -> Vec<&Hit> {
    let mut hits = in_time(&report.hits);
    let Some(limit) = limit.filter(|limit| *limit < hits.len()) else {
        return hits;
    };
    let mut severities: Vec<Severity> = hits.iter().map(|hit| hit.severity).collect();
    severities.sort_by_key(|severity| std::cmp::Reverse(*severity));
    let least = severities[limit];
    // Of the mildest that are shown, as many as there is room for.
    let mut room = severities[..limit].iter().filter(|severity| **severity == least).count();
    hits.retain(|hit| {
        let has_room = hit.severity == least && room > 0;
        room -= usize::from(has_room);
        hit.severity > least || has_room
    });
    hits
}

/// What hits can be filtered by.
struct Fields {
    severities: Vec<Severity>,
    fields: Vec<Field>,
}

/// One thing that is different from hit to hit.
struct Field {
    name: &'static str,
    label: &'static str,
    all: &'static str,
    of: fn(&Hit) -> Option<String>,
    values: BTreeMap<String, usize>,
    shown: Vec<String>,
}

impl Fields {
    fn of(hits: &[&Hit]) -> Self {
        let mut severities: Vec<Severity> = hits.iter().map(|hit| hit.severity).collect();
        severities.sort_by_key(|severity| std::cmp::Reverse(*severity));
        severities.dedup();
        let titles: HashMap<&str, &str> =
            hits.iter().map(|hit| (hit.rule_id.as_str(), &*hit.rule_title)).collect();
        let mut fields = vec![
            Field::new(
                "c",
                "Detection",
                "every detection",
                |hit| Some(hit.rule_id.as_str().to_owned()),
                hits,
            ),
            Field::new("p", "Principal", "everybody", |hit| hit.principal.clone(), hits),
            Field::new("a", "Account", "every account", |hit| hit.account.map(|id| id.to_string()), hits),
            Field::new(
                "r",
                "Region",
                "every region",
                |hit| hit.region.as_ref().map(ToString::to_string),
                hits,
            ),
            Field::new("i", "Source", "every address", |hit| hit.source.clone(), hits),
        ];
        for id in &mut fields[0].shown {
            *id = titles.get(id.as_str()).map_or_else(|| id.clone(), |title| (*title).to_owned());
        }
        Self { severities, fields }
    }

    fn form(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(b"<form id=\"filter\" role=\"search\" aria-label=\"Filter\" hidden>\n")?;
        search(to)?;
        severities(&self.severities, to)?;
        choices(to)?;
        for field in &self.fields {
            let shown: Vec<&str> = field.shown.iter().map(String::as_str).collect();
            select(to, field.name, field.label, field.all, &shown)?;
        }
        close(to, "events")
    }

    fn attributes(&self, hit: &Hit) -> String {
        let mut attributes = format!("data-s=\"{}\"", hit.severity as usize);
        for field in &self.fields {
            if let Some(at) = (field.of)(hit).and_then(|value| field.values.get(&value)) {
                attributes += &format!(" data-{}=\"{at}\"", field.name);
            }
        }
        attributes
    }
}

impl Field {
    fn new(
        name: &'static str,
        label: &'static str,
        all: &'static str,
        of: fn(&Hit) -> Option<String>,
        hits: &[&Hit],
    ) -> Self {
        let mut values: BTreeMap<String, usize> =
            hits.iter().filter_map(|&hit| of(hit)).map(|value| (value, 0)).collect();
        for (at, position) in values.values_mut().enumerate() {
            *position = at;
        }
        let shown = values.keys().cloned().collect();
        Self { name, label, all, of, values, shown }
    }
}

/// The answer in a sentence, without its full stop.
fn said(fired: &[Fired]) -> String {
    let hits: usize = fired.iter().map(|fired| fired.hits.len()).sum();
    match fired.len() as u64 {
        0 => "No detection fires".to_owned(),
        1 => format!("1 detection fires, on {}", count(hits as u64, "event")),
        many => format!("{} fire, on {}", count(many, "detection"), count(hits as u64, "event")),
    }
}

impl Page<'_> {
    fn happened(&mut self, report: &Detections, fired: &[Fired], left_out: usize) -> io::Result<()> {
        let lost = report.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
        let state = match (fired.is_empty(), lost) {
            (false, _) => "fails",
            (true, true) => "open",
            (true, false) => "fine",
        };
        let targets: Vec<&str> = report.targets.iter().map(|target| called(target)).collect();
        write!(
            self.to,
            "<section class=\"opening {state}\" aria-label=\"The answer\">\n<h1>{}.</h1>\n\
             <p class=\"asked\">Palisade {} ran {} over {} from {} in {}.</p>\n",
            said(fired),
            Text(&report.tool_version),
            count(report.pages.len() as u64, "detection"),
            count(report.events, "event"),
            count(report.files, "file"),
            Text(&targets.join(", ")),
        )?;
        if lost {
            let pieces = match report.refused {
                0 => String::new(),
                refused => format!(" ({})", count(refused, "piece")),
            };
            writeln!(
                self.to,
                "<p class=\"alarm\">Part of the input could not be read{pieces}, so this report is incomplete: \
                 <a href=\"#not-read\">what could not be read</a>.</p>",
            )?;
        }
        if left_out > 0 {
            let left_out = digits(left_out as u64);
            writeln!(
                self.to,
                "<p class=\"alarm\">{left_out} hits of least severity are not on this page; <code>--all</code> shows them.</p>"
            )?;
        }
        self.hit_tiles(fired)?;
        self.to.write_all(b"</section>\n")
    }

    fn hit_tiles(&mut self, fired: &[Fired]) -> io::Result<()> {
        if fired.is_empty() {
            return Ok(());
        }
        self.to.write_all(b"<ul class=\"tiles\">\n")?;
        for of_one in fired.chunk_by(|a, b| a.severity == b.severity) {
            let hits: usize = of_one.iter().map(|fired| fired.hits.len()).sum();
            writeln!(
                self.to,
                "<li class=\"{severity}\"><a href=\"#{}\"><b>{}</b><span>{severity}</span><small>{}</small></a></li>",
                anchor(of_one[0].page),
                digits(hits as u64),
                count(of_one.len() as u64, "detection"),
                severity = of_one[0].severity,
            )?;
        }
        self.to.write_all(b"</ul>\n")
    }

    fn fired_contents(&mut self, report: &Detections, fired: &[Fired]) -> io::Result<()> {
        self.to.write_all(b"<nav class=\"contents\" aria-label=\"Contents\"><ol>\n")?;
        for one in fired {
            writeln!(
                self.to,
                "<li><a href=\"#{}\"><span class=\"dot {severity}\" title=\"{severity}\"></span><span>{}</span><small>{}</small></a></li>",
                anchor(one.page),
                Text(&one.hits[0].rule_title),
                digits(one.hits.len() as u64),
                severity = one.severity,
            )?;
        }
        let rest = [
            (!fired.is_empty(), "timeline", "Timeline"),
            (!report.diagnostics.is_empty(), "input", "The input"),
            (true, "coverage", "What ran"),
        ];
        for (_, anchor, label) in rest.into_iter().filter(|(is_there, ..)| *is_there) {
            writeln!(self.to, "<li class=\"elsewhere\"><a href=\"#{anchor}\"><span>{label}</span></a></li>")?;
        }
        self.to.write_all(b"</ol></nav>\n")
    }

    /// What fired: why it matters, who did it, what to look at.
    fn detections(&mut self, report: &Detections, fired: &[Fired]) -> io::Result<()> {
        let pages: HashMap<&str, &DetectionSummary> =
            report.pages.iter().map(|page| (page.id.as_str(), page)).collect();
        for one in fired {
            write!(
                self.to,
                "<section class=\"check\" id=\"{}\"><details{}><summary><span class=\"severity {severity}\">{severity}</span>\
                 <h2>{}</h2><small class=\"count\">{}</small></summary>\n<div class=\"about\">",
                anchor(one.page),
                if fired.len() > OPEN_DETECTIONS { "" } else { " open" },
                Text(&one.hits[0].rule_title),
                count(one.hits.len() as u64, "event"),
                severity = one.severity,
            )?;
            let page = pages.get(one.page.as_str());
            if let Some(page) = page {
                write!(self.to, "<div class=\"why\">{}</div>", Markdown(&page.why))?;
                if !page.triage.trim().is_empty() {
                    write!(
                        self.to,
                        "<div class=\"fix\"><h3>What to look at</h3>{}</div>",
                        Markdown(&page.triage)
                    )?;
                }
            }
            self.facts_of(one, page.map_or(&[], |page| &page.attack))?;
            self.to.write_all(b"</div></details></section>\n")?;
        }
        Ok(())
    }

    fn facts_of(&mut self, fired: &Fired, attack: &[std::sync::Arc<str>]) -> io::Result<()> {
        write!(
            self.to,
            "<dl class=\"meta\"><div><dt>Detection</dt><dd><code>{}</code></dd></div>",
            Text(fired.page.as_str())
        )?;
        if !attack.is_empty() {
            write!(self.to, "<div><dt>ATT&amp;CK</dt><dd>{}</dd></div>", Text(&attack.join(", ")))?;
        }
        let times = || fired.hits.iter().filter_map(|hit| hit.time.as_deref());
        if let (Some(first), Some(last)) = (times().next(), times().next_back()) {
            let between = if first == last { String::new() } else { format!(" to {}", Text(last)) };
            write!(self.to, "<div><dt>When</dt><dd>{}{between}</dd></div>", Text(first))?;
        }
        let mut principals: BTreeMap<&str, u64> = BTreeMap::new();
        for hit in &fired.hits {
            *principals.entry(principal(hit)).or_default() += 1;
        }
        let mut principals: Vec<(&str, u64)> = principals.into_iter().collect();
        principals.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        self.to.write_all(b"<div><dt>Who</dt><dd>")?;
        for (who, times) in principals.iter().take(PRINCIPALS_NAMED) {
            write!(self.to, "<code>{}</code> <small>{}</small><br>", Text(who), digits(*times))?;
        }
        let more = principals.len().saturating_sub(PRINCIPALS_NAMED);
        if more > 0 {
            write!(self.to, "and {} more", digits(more as u64))?;
        }
        self.to.write_all(b"</dd></div></dl>")
    }

    /// All of it in the order of time, day by day.
    fn timeline(&mut self, hits: &[&Hit], fields: &Fields) -> io::Result<()> {
        if hits.is_empty() {
            return Ok(());
        }
        self.to.write_all(b"<section class=\"other\" id=\"timeline\"><h2>Timeline</h2>\n")?;
        self.picture(hits)?;
        for day in hits.chunk_by(|a, b| date(a) == date(b)) {
            let date = date(day[0]).unwrap_or("without a time");
            write!(
                self.to,
                "<details class=\"day\" open><summary><h3>{}</h3><small class=\"count\">{}</small></summary>\n<ol class=\"places hits\">\n",
                Text(date),
                count(day.len() as u64, "event")
            )?;
            for hit in day {
                self.hit(hit, fields)?;
            }
            self.to.write_all(b"</ol></details>\n")?;
        }
        self.to.write_all(b"</section>\n")
    }

    fn hit(&mut self, hit: &Hit, fields: &Fields) -> io::Result<()> {
        let anchor = format!("h-{}", fingerprint(hit));
        write!(self.to, "<li class=\"place\" tabindex=\"-1\" {}", fields.attributes(hit))?;
        if self.anchors.insert(anchor.clone()) {
            write!(self.to, " id=\"{anchor}\"")?;
        }
        let time = hit
            .time
            .as_deref()
            .map_or("no time", |time| time.split_once('T').map_or(time, |(_, of_day)| of_day));
        write!(
            self.to,
            "><p class=\"what\"><a class=\"time\" href=\"#{anchor}\">{}</a> <span class=\"severity {severity}\">{severity}</span> {}</p>\
             <dl class=\"hit\">",
            Text(time.trim_end_matches('Z')),
            Inline(&hit.message),
            severity = hit.severity,
        )?;
        let event = match (&hit.service, &hit.operation) {
            (Some(service), Some(operation)) => Some(format!("{operation} · {service}")),
            (service, operation) => operation.clone().or_else(|| service.clone()),
        };
        let place = format!("{}:{}", called(&hit.file), hit.line);
        let account = match (hit.account, &hit.region) {
            (Some(account), Some(region)) => Some(format!("{account} · {region}")),
            (account, region) => {
                account.map(|id| id.to_string()).or_else(|| region.as_ref().map(ToString::to_string))
            }
        };
        for (name, value) in [
            ("Who", Some(principal(hit).to_owned())),
            ("From", hit.source.clone()),
            ("Event", event),
            ("Account", account),
        ] {
            if let Some(value) = value {
                write!(self.to, "<div><dt>{name}</dt><dd>{}</dd></div>", Text(&value))?;
            }
        }
        write!(
            self.to,
            "<div><dt>Detection</dt><dd><a href=\"#{}\">{}</a></dd></div><div class=\"record\"><dt>Record</dt><dd>{}",
            self::anchor(&hit.rule_id),
            Text(&hit.rule_title),
            Text(&place)
        )?;
        if let Some(id) = &hit.event_id {
            write!(self.to, ", {}", Text(id))?;
        }
        self.to.write_all(b"</dd></div></dl></li>\n")
    }

    /// When there was how much, as bars; the list below says the same in words.
    fn picture(&mut self, hits: &[&Hit]) -> io::Result<()> {
        let times: Vec<(i64, Severity)> = (hits.iter())
            .filter_map(|hit| Some((crate::ocsf::milliseconds(hit.time.as_deref()?)?, hit.severity)))
            .collect();
        let (Some(first), Some(last)) =
            (times.iter().map(|(time, _)| *time).min(), times.iter().map(|(time, _)| *time).max())
        else {
            return Ok(());
        };
        if first == last {
            return Ok(());
        }
        let mut bars = [[0_usize; Severity::ALL.len()]; BARS];
        for (time, severity) in &times {
            let at = (i128::from(time - first) * (BARS as i128 - 1)) / i128::from(last - first);
            bars[usize::try_from(at).unwrap_or_default().min(BARS - 1)][*severity as usize] += 1;
        }
        let most = bars.iter().map(|bar| bar.iter().sum::<usize>()).max().unwrap_or(1).max(1);
        write!(
            self.to,
            "<svg class=\"bars\" viewBox=\"0 0 {} {PICTURE_HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"How many events, from the first to the last\">",
            BARS * BAR_WIDTH
        )?;
        for (at, bar) in bars.iter().enumerate() {
            let mut bottom = PICTURE_HEIGHT;
            for severity in Severity::ALL.into_iter().rev().filter(|severity| bar[*severity as usize] > 0) {
                let height = (bar[severity as usize] * PICTURE_HEIGHT / most).max(3).min(bottom);
                bottom -= height;
                write!(
                    self.to,
                    "<rect class=\"{severity}\" x=\"{}\" y=\"{bottom}\" width=\"{}\" height=\"{height}\"/>",
                    at * BAR_WIDTH + 1,
                    BAR_WIDTH - 2
                )?;
            }
        }
        let ends = [
            hits.iter().find_map(|hit| hit.time.as_deref()),
            hits.iter().rev().find_map(|hit| hit.time.as_deref()),
        ];
        let [first, last] = ends.map(Option::unwrap_or_default);
        writeln!(
            self.to,
            "</svg><p class=\"ends\"><span>{}</span><span>{}</span></p>",
            Text(first),
            Text(last)
        )
    }

    /// The detections that ran, so that one that found nothing is seen to have run.
    fn ran(&mut self, report: &Detections, fired: &[Fired]) -> io::Result<()> {
        let hits: HashMap<&str, usize> =
            fired.iter().map(|one| (one.page.as_str(), one.hits.len())).collect();
        write!(
            self.to,
            "<section class=\"other\" id=\"coverage\"><h2>What ran</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Detections\">\
             <table><thead><tr><th scope=\"col\">Detection</th><th scope=\"col\">Severity</th><th scope=\"col\">events</th></tr></thead><tbody>"
        )?;
        for page in &report.pages {
            write!(
                self.to,
                "<tr><th scope=\"row\">{} <code>{}</code></th><td>{}</td><td>{}</td></tr>",
                Text(&page.title),
                Text(page.id.as_str()),
                page.severity,
                digits(hits.get(page.id.as_str()).copied().unwrap_or_default() as u64),
            )?;
        }
        self.to.write_all(b"</tbody></table></div></section>\n")
    }
}

fn anchor(page: &PageId) -> String {
    format!("detection-{}", Text(page.as_str()))
}

fn principal(hit: &Hit) -> &str {
    hit.principal.as_deref().unwrap_or("somebody the log does not name")
}

/// The day of a hit, as the log says it.
fn date(hit: &Hit) -> Option<&str> {
    hit.time.as_deref().map(|time| time.split_once('T').map_or(time, |(date, _)| date))
}
