//! Reads CloudTrail records from files and streams into events.
//!
//! What is read: the objects that CloudTrail delivers (`{"Records": […]}`), lists of records, what `lookup-events`
//! answers (`{"Events": [{"CloudTrailEvent": "…"}]}`), and a record a line; each also compressed with gzip. Lines are
//! read one at a time, so a stream may be of any length. A line or file that can't be read is a diagnostic, and the
//! rest is read all the same.
//!
//! Source: "CloudTrail log file examples", CloudTrail user guide.

use flate2::bufread::MultiGzDecoder;
use palisade_model::{Diagnostic, Event, Origin, Span};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

/// The longest line that is read, in bytes: a record has at most 256 KB, and a delivered object is one line.
const LINE_BYTES_MAX: u64 = 256 << 20;
/// How many diagnostics one file gives before the rest is only counted.
const DIAGNOSTICS_MAX: usize = 20;

/// What became of a file.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What was wrong, each with its line.
    pub diagnostics: Vec<Diagnostic>,
    /// How many events were read.
    pub events: u64,
}

/// Gives every event of a log, in its order. `file` is the path as the user would write it; `-` is standard input.
pub fn read_events(file: &Arc<str>, input: impl Read, each: &mut dyn FnMut(Event)) -> Summary {
    let mut input = BufReader::new(input);
    let mut reading = Reading { file, each, read: Summary::default(), left_out: 0 };
    match input.fill_buf() {
        Ok([0x1f, 0x8b, ..]) => reading.lines(&mut BufReader::new(MultiGzDecoder::new(input))),
        Ok(_) => reading.lines(&mut input),
        Err(error) => reading.wrong(1, format!("it could not be read: {error}"), "check its permissions"),
    }
    reading.done()
}

struct Reading<'a> {
    file: &'a Arc<str>,
    each: &'a mut dyn FnMut(Event),
    read: Summary,
    left_out: usize,
}

impl Reading<'_> {
    fn wrong(&mut self, line: u32, message: String, help: &str) {
        if self.read.diagnostics.len() >= DIAGNOSTICS_MAX {
            self.left_out += 1;
            return;
        }
        let place = Span::new(self.file.clone(), (line, 1), (line, 2));
        self.read.diagnostics.push(Diagnostic::error(message).at(place).help(help));
    }

    fn done(mut self) -> Summary {
        if self.left_out > 0 {
            let place = Span::new(self.file.clone(), (1, 1), (1, 2));
            let message = format!("{} more lines of this file could not be read", self.left_out);
            self.read.diagnostics.push(Diagnostic::error(message).at(place));
        }
        self.read
    }

    fn lines(&mut self, input: &mut dyn BufRead) {
        let mut number = 0_u32;
        let mut line = Vec::new();
        loop {
            line.clear();
            number = number.saturating_add(1);
            match (&mut *input).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    let help = "the file was cut short, or is no gzip: fetch it again";
                    return self.wrong(number, format!("it could not be read to its end: {error}"), help);
                }
            }
            if line.len() as u64 > LINE_BYTES_MAX {
                let message =
                    format!("this line has more than the {} MB that are read", LINE_BYTES_MAX >> 20);
                return self.wrong(number, message, "split it into a record a line");
            }
            let text = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line).trim_ascii();
            if text.is_empty() {
                continue;
            }
            match serde_json::from_slice(text) {
                Ok(value) => self.value(value, number),
                // A document over several lines: all that is left belongs to it.
                Err(error) if error.is_eof() && number == 1 => {
                    return self.document(std::mem::take(&mut line), input);
                }
                Err(error) => {
                    self.wrong(number, format!("this is no JSON: {error}"), "each line is one record")
                }
            }
        }
    }

    fn document(&mut self, mut text: Vec<u8>, input: &mut dyn BufRead) {
        let rest = (&mut *input).take(LINE_BYTES_MAX + 1).read_to_end(&mut text);
        let help = "CloudTrail delivers `{\"Records\": […]}`; a record a line is read as well";
        match rest.map(|_| serde_json::from_slice(&text)) {
            Err(error) => self.wrong(1, format!("it could not be read to its end: {error}"), help),
            Ok(_) if text.len() as u64 > LINE_BYTES_MAX => {
                let message =
                    format!("it has more than the {} MB that are read as one document", LINE_BYTES_MAX >> 20);
                self.wrong(1, message, "split it into a record a line");
            }
            Ok(Ok(value)) => self.value(value, 1),
            Ok(Err(error)) => {
                let line = u32::try_from(error.line()).unwrap_or(1).max(1);
                self.wrong(line, format!("this is no JSON: {error}"), help);
            }
        }
    }

    fn value(&mut self, value: Value, line: u32) {
        match value {
            Value::Array(records) => records.into_iter().for_each(|record| self.record(record, line)),
            Value::Object(mut object) => match (object.remove("Records"), object.remove("Events")) {
                (Some(Value::Array(records)), _) => {
                    records.into_iter().for_each(|record| self.record(record, line));
                }
                (None, Some(Value::Array(events))) => {
                    events.into_iter().for_each(|event| self.looked_up(event, line))
                }
                (Some(other), _) => {
                    object.insert("Records".into(), other);
                    self.record(Value::Object(object), line);
                }
                (None, Some(other)) => {
                    object.insert("Events".into(), other);
                    self.record(Value::Object(object), line);
                }
                (None, None) => self.record(Value::Object(object), line),
            },
            _ => self.wrong(line, "this is no record".to_owned(), "a record is a JSON object"),
        }
    }

    fn looked_up(&mut self, event: Value, line: u32) {
        let record = event.get("CloudTrailEvent").and_then(Value::as_str).map(serde_json::from_str);
        match record {
            Some(Ok(record)) => self.record(record, line),
            Some(Err(error)) => {
                self.wrong(line, format!("`CloudTrailEvent` is no JSON: {error}"), "fetch it again")
            }
            None => self.record(event, line),
        }
    }

    fn record(&mut self, record: Value, line: u32) {
        if !record.is_object() {
            return self.wrong(line, "this is no record".to_owned(), "a record is a JSON object");
        }
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let event = Event {
            account: text("recipientAccountId").and_then(|id| id.parse().ok()),
            region: text("awsRegion").and_then(|region| region.parse().ok()),
            time: text("eventTime").map(str::to_owned),
            origin: Origin::File(Span::new(self.file.clone(), (line, 1), (line, 2))),
            record,
        };
        self.read.events += 1;
        (self.each)(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn read(bytes: &[u8]) -> (Vec<Event>, Vec<String>) {
        let mut events = Vec::new();
        let read = read_events(&"trail".into(), bytes, &mut |event| events.push(event));
        assert_eq!(read.events, events.len() as u64);
        (events, read.diagnostics.iter().map(ToString::to_string).collect())
    }

    #[track_caller]
    fn check(text: &str, names: &[&str], said: &[&str]) {
        let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
        zipped.write_all(text.as_bytes()).unwrap();
        for bytes in [text.as_bytes().to_vec(), zipped.finish().unwrap()] {
            let (events, diagnostics) = read(&bytes);
            let found: Vec<&str> =
                events.iter().filter_map(|event| event.record["eventName"].as_str()).collect();
            assert_eq!(found, names);
            assert_eq!(diagnostics.len(), said.len(), "{diagnostics:?}");
            for (diagnostic, said) in diagnostics.iter().zip(said) {
                assert!(diagnostic.starts_with(said), "{diagnostic}");
            }
        }
    }

    #[test]
    fn every_form_of_a_trail_is_read() {
        check("", &[], &[]);
        check("{\"eventName\": \"A\"}\r\n\n{\"eventName\": \"B\"}", &["A", "B"], &[]);
        check("\u{feff}{\"eventName\": \"A\"}", &["A"], &[]);
        check("{\"Records\": [{\"eventName\": \"A\"}, {\"eventName\": \"B\"}]}", &["A", "B"], &[]);
        check("{\n  \"Records\": [\n    {\"eventName\": \"A\"}\n  ]\n}\n", &["A"], &[]);
        check("[\n{\"eventName\": \"A\"}\n]", &["A"], &[]);
        check("{\"Events\": [{\"CloudTrailEvent\": \"{\\\"eventName\\\": \\\"A\\\"}\"}]}", &["A"], &[]);
    }

    #[test]
    fn one_bad_line_never_stops_the_rest() {
        check(
            "{\"eventName\": \"A\"}\n{nonsense\n{\"eventName\": \"B\"}",
            &["A", "B"],
            &["trail:2:1: this is no JSON"],
        );
        check("[1, {\"eventName\": \"A\"}]", &["A"], &["trail:1:1: this is no record"]);
        check("{\"Records\": [", &[], &["trail:1:1: this is no JSON"]);
        check(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), &[], &["trail:1:1: this is no JSON"]);
        let many = "x\n".repeat(1_000);
        assert_eq!(read(many.as_bytes()).1.len(), DIAGNOSTICS_MAX + 1);
    }

    #[test]
    fn a_gzip_that_is_cut_short_gives_what_it_holds() {
        let mut zipped = GzEncoder::new(Vec::new(), Compression::none());
        zipped.write_all(b"{\"eventName\": \"A\"}\n{\"eventName\": \"B\"}\n").unwrap();
        let whole = zipped.finish().unwrap();
        let (events, said) = read(&whole[..whole.len() - 12]);
        assert_eq!(events.len(), 1);
        assert!(said[0].contains("could not be read to its end"), "{said:?}");
    }

    #[test]
    fn an_event_knows_its_place_account_region_and_time() {
        let text = "{}\n{\"recipientAccountId\": \"111122223333\", \"awsRegion\": \"eu-west-1\", \"eventTime\": \"2026-01-01T00:00:00Z\"}";
        let (events, _) = read(text.as_bytes());
        let event = &events[1];
        assert_eq!(event.origin.to_string(), "trail:2:1");
        assert_eq!(event.account.map(|account| account.to_string()).as_deref(), Some("111122223333"));
        assert_eq!(event.region.as_ref().map(|region| region.as_str()), Some("eu-west-1"));
        assert_eq!(event.time.as_deref(), Some("2026-01-01T00:00:00Z"));
    }
}
