//! Finds the records in a log, whatever form it has, and says what of it could not be read.

use crate::scan::{Fault, Fields, Quoted, Scanner, Walk};
use crate::utf16::Utf16;
use flate2::bufread::MultiGzDecoder;
use palisade_model::{Diagnostic, Event, Glimpse, Origin, Span};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The most that is held at once, in bytes, and so the longest line and the longest object over many lines: a record has
/// at most 256 KB, and a delivered object, which is one line, some tens of megabytes.
const HELD_MAX: usize = 256 << 20;
/// How much is read of what spans many lines before it is tried again.
const STEP: usize = 1 << 20;
/// How many diagnostics one file gives before the rest is only counted.
const DIAGNOSTICS_MAX: usize = 20;

/// What became of a file.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What was wrong, each with its line.
    pub diagnostics: Vec<Diagnostic>,
    /// How many events were read.
    pub events: u64,
    /// How many pieces could not be: records, lines, or all that follows where nothing more can be told apart.
    pub refused: u64,
}

/// A record of a log that is well-formed and is not built yet.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its JSON, an object.
    pub text: &'a str,
    /// What its fields say, in the order in which they were asked for.
    pub seen: &'a [Glimpse<'a>],
    file: &'a Arc<str>,
    line: u32,
}

impl Record<'_> {
    /// Builds it. It fails only where walking and building disagree about what JSON is; the reason is for people.
    pub fn event(&self) -> Result<Event, String> {
        let record: Value = serde_json::from_str(self.text).map_err(|error| error.to_string())?;
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        Ok(Event {
            account: text("recipientAccountId").and_then(|id| id.parse().ok()),
            region: text("awsRegion").and_then(|region| region.parse().ok()),
            time: text("eventTime").map(str::to_owned),
            origin: Origin::File(Span::new(self.file.clone(), (self.line, 1), (self.line, 2))),
            record,
        })
    }
}

/// What is done with a record; a reason why it can't be read makes it refused.
type Each<'a> = &'a mut dyn FnMut(&Record<'_>) -> Result<(), String>;

/// Gives every event of a log, in its order. `file` is the path as the user would write it; `-` is standard input.
pub fn read_events(file: &Arc<str>, input: impl Read, each: &mut dyn FnMut(Event)) -> Summary {
    read_records(file, input, &Fields::default(), &mut |record| record.event().map(&mut *each))
}

/// Gives every record of a log, in its order, and what those fields of it say.
pub fn read_records(file: &Arc<str>, input: impl Read, fields: &Fields, each: Each<'_>) -> Summary {
    let mut reading = Reading { file, fields, each, read: Summary::default(), given: 0, again: 0, unsaid: 0 };
    if let Err(error) = reading.input(input) {
        reading.refuse(1, format!("it could not be read: {error}"), "check its permissions");
    }
    reading.done()
}

/// How lines are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The first one may be the beginning of an object over many lines.
    First,
    /// Each is a record, or an object of records.
    Lines,
    /// What is no record belongs to something that was refused already.
    Salvage,
}

/// What is left to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Some,
    Nothing,
    /// What there is can't be read, which was said.
    Lost,
}

const FORMS: &str = "CloudTrail delivers `{\"Records\": […]}`; a record a line is read as well";

struct Reading<'a> {
    file: &'a Arc<str>,
    fields: &'a Fields,
    each: Each<'a>,
    read: Summary,
    /// How many pieces the value at hand gave.
    given: u64,
    /// How many of the pieces that come were given before, when the value had not ended yet.
    again: u64,
    /// How many diagnostics came beyond the first.
    unsaid: u64,
}

impl Reading<'_> {
    fn refuse(&mut self, line: u32, message: String, help: &str) {
        self.read.refused += 1;
        self.say(line, message, help);
    }

    fn say(&mut self, line: u32, message: String, help: &str) {
        if self.read.diagnostics.len() >= DIAGNOSTICS_MAX {
            self.unsaid += 1;
            return;
        }
        let place = Span::new(self.file.clone(), (line, 1), (line, 2));
        self.read.diagnostics.push(Diagnostic::error(message).at(place).help(help));
    }

    fn done(mut self) -> Summary {
        if self.unsaid > 0 {
            let place = Span::new(self.file.clone(), (1, 1), (1, 2));
            let message = format!("{} more records of this file could not be read", self.unsaid);
            self.read.diagnostics.push(Diagnostic::error(message).at(place));
        }
        self.read
    }

    fn input(&mut self, mut input: impl Read) -> io::Result<()> {
        let start_of_input = start(&mut input)?;
        let input = Cursor::new(start_of_input.clone()).chain(BufReader::with_capacity(1 << 16, input));
        if !start_of_input.starts_with(&[0x1f, 0x8b]) {
            self.text(&start_of_input, &mut { input });
            return Ok(());
        }
        let mut unzipped = MultiGzDecoder::new(input);
        match start(&mut unzipped) {
            Ok(start) => {
                let rest = BufReader::with_capacity(1 << 16, unzipped);
                self.text(&start, &mut Cursor::new(start.clone()).chain(rest));
            }
            Err(error) => self.cut_short(1, &error),
        }
        Ok(())
    }

    /// Reads what is no longer compressed, in its encoding.
    fn text(&mut self, start: &[u8], input: &mut dyn BufRead) {
        match start {
            [0xff, 0xfe, ..] | [b'{' | b'[', 0, ..] => {
                self.lines(1, Mode::First, &mut Utf16::new(input, false))
            }
            [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] => {
                self.lines(1, Mode::First, &mut Utf16::new(input, true))
            }
            _ => self.lines(1, Mode::First, input),
        }
    }

    fn cut_short(&mut self, line: u32, error: &io::Error) {
        let message = format!("it could not be read to its end: {error}");
        self.refuse(line, message, "the file was cut short, or is no gzip: fetch it again");
    }

    /// Reads from this line on.
    fn lines(&mut self, mut number: u32, mut mode: Mode, input: &mut dyn BufRead) {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut *input).take(HELD_MAX as u64 + 1).read_until(b'\n', &mut line);
            if line.len() > HELD_MAX {
                let message = format!("this line has more than the {} MB that are read", HELD_MAX >> 20);
                self.refuse(number, message, "split it into a record a line");
                line = Vec::new();
                if let Err(error) = input.skip_until(b'\n') {
                    return self.cut_short(number, &error);
                }
            } else if let Some(from) = first_of(&line) {
                match self.line(&line, from, number, &mut mode, read.is_err()) {
                    ControlFlow::Continue(()) => {}
                    ControlFlow::Break(from) => return self.many_lines(number, line, from, input),
                }
            }
            match read {
                Ok(0) => return,
                Ok(_) => number = number.saturating_add(1),
                Err(error) => return self.cut_short(number, &error),
            }
        }
    }

    /// Reads the values of one line; breaks off with the place of one that goes on behind it.
    fn line(
        &mut self,
        line: &[u8],
        from: usize,
        number: u32,
        mode: &mut Mode,
        is_cut: bool,
    ) -> ControlFlow<usize> {
        let mut values = Values::new(line.trim_ascii_end(), from, number);
        self.again = 0;
        while !values.is_over() {
            self.given = 0;
            let begin = values.scanner.at;
            match self.value(&mut values) {
                Ok(()) => {}
                // Why it ends is said of the file.
                Err(Fault::Ends) if is_cut => break,
                Err(Fault::Ends) if *mode == Mode::First => return ControlFlow::Break(begin),
                Err(_) if *mode == Mode::Salvage && !line.starts_with(b"{\"") => {
                    return ControlFlow::Continue(());
                }
                Err(fault) => {
                    let message = format!("this is no JSON: {}", said(fault, from));
                    self.refuse(number, message, "each line is one record");
                    break;
                }
            }
        }
        *mode = Mode::Lines;
        ControlFlow::Continue(())
    }

    /// Reads values one after another, each over as many lines as it likes.
    fn many_lines(&mut self, mut number: u32, mut text: Vec<u8>, mut from: usize, input: &mut dyn BufRead) {
        let mut left = Left::Some;
        self.again = self.given;
        loop {
            let mut values = Values::new(&text, from, number);
            self.given = 0;
            match self.value(&mut values) {
                Ok(()) => {
                    number = values.line();
                    from = values.scanner.at;
                    self.again = 0;
                }
                Err(Fault::Ends) => {
                    let is_blank = text[from..].iter().all(u8::is_ascii_whitespace);
                    let is_too_long = text.len() - from > HELD_MAX;
                    if left == Left::Some && !is_too_long {
                        self.again = self.again.max(self.given);
                        text.drain(..from);
                        from = 0;
                        left = self.more(number, &mut text, input);
                        continue;
                    }
                    return match (is_too_long, left) {
                        (true, _) => {
                            let message = format!(
                                "it has more than the {} MB that are read as one object",
                                HELD_MAX >> 20
                            );
                            self.refuse(number, message, "split it into a record a line");
                        }
                        (false, Left::Nothing) if !is_blank => {
                            self.refuse(number, "this is no JSON: it ends too early".to_owned(), FORMS);
                        }
                        _ => {}
                    };
                }
                Err(Fault::Wrong { at, expected }) => {
                    let line = values.line_at(at);
                    let begin = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                    let fault = Fault::Wrong { at, expected };
                    self.refuse(line, format!("this is no JSON: {}", said(fault, begin)), FORMS);
                    // Lines that are records may follow, as when a log begins in the middle of one.
                    let (next, line) = match at == begin && at > from {
                        true => (begin, line),
                        false => (next_line(&text, at), line.saturating_add(1)),
                    };
                    text.drain(..next);
                    return self.lines(line, Mode::Salvage, &mut Cursor::new(text).chain(input));
                }
            }
        }
    }

    /// Reads on.
    fn more(&mut self, number: u32, text: &mut Vec<u8>, input: &mut dyn BufRead) -> Left {
        let wanted = text.len().max(STEP) as u64;
        match (&mut *input).take(wanted).read_to_end(text) {
            Ok(0) => Left::Nothing,
            Ok(_) => Left::Some,
            Err(error) => {
                self.cut_short(number, &error);
                Left::Lost
            }
        }
    }

    /// One value: a record, a list of them, or an object of such a list.
    fn value(&mut self, values: &mut Values<'_>) -> Result<(), Fault> {
        match values.scanner.peek()? {
            b'{' => self.object(values),
            b'[' => self.elements(values, false),
            _ => {
                values.scanner.skip()?;
                self.no_record(values.line());
                Ok(())
            }
        }
    }

    /// A record, unless it is the object that holds records.
    fn object<'t>(&mut self, values: &mut Values<'t>) -> Result<(), Fault> {
        let fields = self.fields;
        let mut seen = std::mem::take(&mut values.seen);
        values.scanner.begin(fields, &mut seen);
        let from = values.scanner.at;
        let mut holds_records = false;
        let mut depth = 1;
        values.scanner.at += 1;
        let mut goes_on = !values.scanner.take(b'}')?;
        while goes_on {
            let name = values.scanner.name()?;
            match self.list_of_records(values, name)? {
                Some(are_looked_up) => {
                    holds_records = true;
                    self.elements(values, are_looked_up)?;
                }
                None => depth = depth.max(1 + values.scanner.member_of_record(name, fields, &mut seen)?),
            }
            goes_on = values.scanner.goes_on(b'}')?;
        }
        if !holds_records {
            let walk = Walk::new(from, values.scanner.at, depth);
            self.record(values, walk, &seen);
        }
        values.seen = seen;
        Ok(())
    }

    /// Does a list of records come, and are they answers of `lookup-events`?
    fn list_of_records(&self, values: &mut Values<'_>, name: Quoted) -> Result<Option<bool>, Fault> {
        match values.scanner.is_one_of(name, &["Records", "Events"]) {
            Some(name) if values.scanner.peek()? == b'[' => Ok(Some(name == "Events")),
            _ => Ok(None),
        }
    }

    fn elements(&mut self, values: &mut Values<'_>, are_looked_up: bool) -> Result<(), Fault> {
        values.scanner.at += 1;
        let mut goes_on = !values.scanner.take(b']')?;
        while goes_on {
            if values.scanner.peek()? == b'{' {
                let mut seen = std::mem::take(&mut values.seen);
                let walk = values.scanner.record(self.fields, &mut seen)?;
                match are_looked_up {
                    true => self.looked_up(values, walk, &seen),
                    false => self.record(values, walk, &seen),
                }
                values.seen = seen;
            } else {
                values.scanner.skip()?;
                self.no_record(values.line());
            }
            goes_on = values.scanner.goes_on(b']')?;
        }
        Ok(())
    }

    fn looked_up<'t>(&mut self, values: &mut Values<'t>, walk: Walk, seen: &[Glimpse<'t>]) {
        let answer: Option<Value> = match walk.is_too_deep() {
            true => None,
            false => serde_json::from_slice(&values.text[walk.from..walk.to]).ok(),
        };
        let inner = answer.as_ref().and_then(|answer| answer.get("CloudTrailEvent")).and_then(Value::as_str);
        let Some(inner) = inner else {
            return self.record(values, walk, seen);
        };
        let line = values.line();
        let mut of_inner = Values::new(inner.as_bytes(), 0, line);
        let mut seen = Vec::new();
        let walked = match of_inner.scanner.peek() {
            Ok(b'{') => of_inner.scanner.record(self.fields, &mut seen),
            _ => of_inner.scanner.skip(),
        };
        match walked.and_then(|walk| of_inner.ends().map(|()| walk)) {
            Ok(_) if !inner.trim_start().starts_with('{') => self.no_record(line),
            Ok(walk) => self.record(&mut of_inner, walk, &seen),
            Err(fault) if self.is_new() => {
                let message = format!("`CloudTrailEvent` is no JSON: {}", said(fault, 0));
                self.refuse(line, message, "fetch it again");
            }
            Err(_) => {}
        }
    }

    /// Counts a piece: was it not given before?
    fn is_new(&mut self) -> bool {
        self.given += 1;
        self.given > self.again
    }

    fn no_record(&mut self, line: u32) {
        if self.is_new() {
            self.refuse(line, "this is no record".to_owned(), "a record is a JSON object");
        }
    }

    fn record<'t>(&mut self, values: &mut Values<'t>, walk: Walk, seen: &[Glimpse<'t>]) {
        if !self.is_new() {
            return;
        }
        let line = values.line_at(walk.from);
        let text = match std::str::from_utf8(&values.text[walk.from..walk.to]) {
            Ok(text) => text,
            Err(error) => {
                let message =
                    format!("this record is not in UTF-8, from its byte {} on", error.valid_up_to() + 1);
                return self.refuse(line, message, "convert the file to UTF-8");
            }
        };
        if walk.is_too_deep() {
            let message = "this record is nested deeper than 127 levels".to_owned();
            return self.refuse(line, message, "no service writes such records");
        }
        match (self.each)(&Record { text, seen, file: self.file, line }) {
            Ok(()) => self.read.events += 1,
            Err(reason) => self.refuse(line, format!("this is no JSON: {reason}"), "each line is one record"),
        }
    }
}

/// Values in a text that is held as a whole.
struct Values<'a> {
    text: &'a [u8],
    scanner: Scanner<'a>,
    seen: Vec<Glimpse<'a>>,
    /// A line, and the place in the text up to which the lines were counted.
    counted: (u32, usize),
}

impl<'a> Values<'a> {
    fn new(text: &'a [u8], from: usize, line: u32) -> Self {
        Self { text, scanner: Scanner::new(text, from), seen: Vec::new(), counted: (line, from) }
    }

    /// The line of the place that was reached.
    fn line(&mut self) -> u32 {
        self.line_at(self.scanner.at)
    }

    /// The line of a place, which is asked for in the order of the text.
    fn line_at(&mut self, at: usize) -> u32 {
        let (line, from) = self.counted;
        let passed = self.text.get(from..at).unwrap_or_default();
        let lines = passed.iter().filter(|byte| **byte == b'\n').count();
        self.counted = (line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)), from.max(at));
        self.counted.0
    }

    /// Is there nothing but space?
    fn is_over(&mut self) -> bool {
        let rest = &self.text[self.scanner.at..];
        rest.iter().all(u8::is_ascii_whitespace)
    }

    fn ends(&mut self) -> Result<(), Fault> {
        match self.scanner.peek() {
            Err(_) => Ok(()),
            Ok(_) => self.scanner.wrong("the end of the line"),
        }
    }
}

/// What a fault is, for people; characters are counted from the beginning of its line.
fn said(fault: Fault, begin: usize) -> String {
    match fault {
        Fault::Ends => "it ends too early".to_owned(),
        Fault::Wrong { at, expected } => {
            format!("{expected} should stand at its byte {}", at.saturating_sub(begin) + 1)
        }
    }
}

/// Where the value of a line begins, behind a byte order mark and space; none when it is empty.
fn first_of(line: &[u8]) -> Option<usize> {
    let mark = "\u{feff}".as_bytes();
    let from = if line.starts_with(mark) { mark.len() } else { 0 };
    line[from..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|first| from + first)
}

fn next_line(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end + 1)
}

/// The first bytes, which tell how the rest is to be read.
fn start(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(2);
    input.take(2).read_to_end(&mut start)?;
    Ok(start)
}
