//! Decides cases, one line after the other: a bad line is reported, and the rest goes on.

use crate::Ending;
use crate::content::says;
use crate::output;
use palisade_iam::Case;
use palisade_model::{Diagnostic, Span};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

/// No case may be longer, in bytes.
const MAX_LINE: u64 = 1 << 28;
/// How many bad lines are told one by one.
const MAX_SAID: usize = 100;

/// Decides the cases of a file.
pub fn run(path: &Path, check: bool, color: bool) -> anyhow::Result<Ending> {
    let file: Arc<str> = path.display().to_string().replace('\\', "/").into();
    let mut input: Box<dyn BufRead> = match path == Path::new("-") {
        true => Box::new(BufReader::new(io::stdin().lock())),
        false => match std::fs::File::open(path) {
            Ok(opened) => Box::new(BufReader::new(opened)),
            Err(error) => anyhow::bail!("`{file}` could not be opened: {error}"),
        },
    };
    let mut sum = Sum::default();
    output::write(None, |out| {
        let mut number = 0;
        while let Some(line) = next(&mut input)? {
            number += 1;
            match line {
                Line::Text(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Line::Text(bytes) => match std::str::from_utf8(&bytes) {
                    Ok(line) => sum.case(line, &file, number, check, color, out)?,
                    Err(error) => {
                        let column = u32::try_from(error.valid_up_to() + 1).unwrap_or(u32::MAX);
                        sum.refuse(vec![at(&file, number, column, "the line is not UTF-8")], color);
                    }
                },
                Line::TooLong => {
                    sum.refuse(vec![at(&file, number, 1, "the line is longer than 256 MiB")], color)
                }
            }
        }
        Ok(())
    })?;
    sum.ending(&file, check)
}

enum Line {
    Text(Vec<u8>),
    TooLong,
}

/// The next line; what is too long is skipped to its end.
fn next(input: &mut dyn BufRead) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    if input.take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 == MAX_LINE && bytes.last() != Some(&b'\n') {
        loop {
            let buffer = input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(Some(Line::TooLong));
            }
            match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    input.consume(end + 1);
                    return Ok(Some(Line::TooLong));
                }
                None => {
                    let length = buffer.len();
                    input.consume(length);
                }
            }
        }
    }
    while bytes.last().is_some_and(|last| matches!(last, b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(Some(Line::Text(bytes)))
}

fn at(file: &Arc<str>, line: u32, column: u32, message: &str) -> Diagnostic {
    Diagnostic::error(message).at(Span::new(file.clone(), (line, column), (line, column)))
}

#[derive(Default)]
struct Sum {
    decided: u64,
    refused: u64,
    said: usize,
    different: Vec<String>,
    differ: u64,
    without: u64,
}

impl Sum {
    fn case(
        &mut self,
        line: &str,
        file: &Arc<str>,
        number: u32,
        check: bool,
        color: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let case = match Case::parse(line, file, number) {
            Ok(case) => case,
            Err(wrong) => {
                self.refuse(wrong, color);
                return Ok(());
            }
        };
        self.decided += 1;
        let answer = case.answer();
        let answered = answer.to_json(case.question.policies());
        serde_json::to_writer(&mut *out, &answered)?;
        writeln!(out)?;
        if check {
            let expected = case.expect.as_ref().and_then(|expect| expect.get("decision"));
            match expected {
                None => self.without += 1,
                Some(expected) if Some(expected) == answered.get("decision") => {}
                Some(expected) => {
                    self.differ += 1;
                    if self.different.len() < MAX_SAID {
                        let outcome = super::name(answer.outcome);
                        self.different.push(format!(
                            "{file}:{number}: `{}` is {outcome}, and {expected} was expected",
                            answer.id
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, wrong: Vec<Diagnostic>, color: bool) {
        self.refused += 1;
        if self.said < MAX_SAID {
            self.said += 1;
            says(&wrong, color);
        }
    }

    fn ending(self, file: &str, check: bool) -> anyhow::Result<Ending> {
        for line in &self.different {
            eprintln!("{}", palisade_report::neutral(line));
        }
        if check {
            let agree = self.decided - self.differ - self.without;
            eprintln!("{agree} of {} cases are as expected.", self.decided);
            if self.without > 0 {
                eprintln!("{} of them expect nothing.", self.without);
            }
        }
        if self.refused > 0 {
            eprintln!(
                "{} of {} lines of {file} hold no case and were left out.",
                self.refused,
                self.refused + self.decided
            );
        }
        anyhow::ensure!(self.decided > 0 || self.refused > 0, "`{file}` holds no case");
        Ok(match (self.decided, self.differ, self.refused) {
            (0, _, _) => Ending::Wrong,
            (_, differ, _) if differ > 0 => Ending::Found,
            (_, _, refused) if refused > 0 => Ending::Incomplete,
            _ => Ending::Clean,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_many_ways() {
        let mut input: &[u8] = b"\xef\xbb\xbfa\r\nb\n\nc";
        let mut lines = Vec::new();
        while let Some(Line::Text(line)) = next(&mut input).unwrap() {
            lines.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(lines, ["a", "b", "", "c"]);
    }
}
