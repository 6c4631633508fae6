//! HTTP/1.1, as far as a test server needs it.

use crate::codec::text::of_percent;
use std::io::{self, BufRead, Read, Write};

/// A larger head or body is refused.
const HEAD_MAX: usize = 64 * 1_024;
const BODY_MAX: usize = 16 * 1_024 * 1_024;

/// A request as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, percent-encoded.
    pub path: String,
    /// The names and values of the query, decoded.
    pub query: Vec<(String, String)>,
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request for this target: a path and perhaps a query.
    pub fn new(method: &str, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = query.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (of_percent(name, true), of_percent(value, true))
        });
        Self { method: method.to_owned(), path: path.to_owned(), query: query.collect(), headers, body }
    }

    /// A header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads the next request of a connection; none when it was closed.
pub(crate) fn read(from: &mut impl BufRead, to: &mut impl Write) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let count = from.by_ref().take(HEAD_MAX as u64).read_until(b'\n', &mut head)?;
        if count == 0 && before == 0 {
            return Ok(None);
        }
        if count == 0 || head.len() > HEAD_MAX {
            return Err(io::Error::other("the head of the request is cut off or too long"));
        }
        if head.len() > 2 && (head[before..] == *b"\r\n" || head[before..] == *b"\n") {
            break;
        }
    }
    let text = String::from_utf8_lossy(&head);
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (first.next(), first.next()) else {
        return Err(io::Error::other("the request has no target"));
    };
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: Vec<(String, String)> =
        headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
    let mut request = Request::new(method, target, headers, Vec::new());
    if request.header("expect").is_some_and(|expects| expects.eq_ignore_ascii_case("100-continue")) {
        to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        to.flush()?;
    }
    let is_chunked = request.header("transfer-encoding").is_some_and(|how| how.contains("chunked"));
    request.body = if is_chunked {
        chunks(from)?
    } else {
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        exactly(from, length)?
    };
    Ok(Some(request))
}

fn exactly(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    if length > BODY_MAX {
        return Err(io::Error::other("the body of the request is too long"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(body)
}

fn chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        from.by_ref().take(1_024).read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        let chunk = exactly(from, size)?;
        let mut end = String::new();
        from.by_ref().take(1_024).read_line(&mut end)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend(chunk);
        if body.len() > BODY_MAX {
            return Err(io::Error::other("the body of the request is too long"));
        }
    }
}
