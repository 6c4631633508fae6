//! The carried file: an index in plain text, an empty line, a block that all services share, and a block for each.
//!
//! `cargo xtask models` writes it; blocks are deflated and read when they are first asked for. The shared block holds
//! the partitions on its first line and a set of endpoint rules on each other, `%` after `https://` standing for the
//! service's own prefix. A service's block holds lines of fields between tabs:
//!
//! - `m`: API version, endpoint prefix, signing name, protocols, JSON version, target prefix, service id, way of
//!   signing, the place of its endpoint rules, `q` where it still answers the errors of the query protocol;
//! - `o` an operation: name, method (none: POST), path (none: `/`), input, output, places of the errors' shapes, and
//!   options: `h` host prefix, `r` reads only, `i` idempotent, `n` not signed, `u` body not signed, `c` needs a
//!   checksum, `a` the member that names the checksum, `d` endpoint discovery, `s` and `o` parameters of endpoint rules;
//! - `S` a structure (flags, payload, of an error its name and code, members), `L` a list, `M` a map, told by place;
//! - `p` the pages of an operation: input tokens, output tokens, results, limit, what tells that more follow.
//!
//! A member is `name:what` (`name!:what` where required); what it is, a letter for a scalar or the place of a shape,
//! is followed by its traits, each after `;` and told by its first letter (see [`reference`]).

use crate::models::{
    ErrorName, Location, Member, Models, Operation, Packed, Pages, Protocol, Reference, Service, Shape,
    Structure, To,
};
use crate::time::TimeFormat;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::OnceLock;

/// Reads the index; everything else stays packed.
pub(crate) fn index(bytes: &'static [u8]) -> Models {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
    let mut blocks = bytes.get(end + 2..).unwrap_or_default();
    let mut take = |length: &str| {
        let (block, rest) = blocks.split_at(length.parse().unwrap_or(0).min(blocks.len()));
        blocks = rest;
        block
    };
    let mut models = Models {
        date: String::new(),
        source: String::new(),
        common: b"",
        common_read: OnceLock::new(),
        services: BTreeMap::new(),
    };
    for line in text.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["date", date] => date.clone_into(&mut models.date),
            ["source", source] => source.clone_into(&mut models.source),
            ["common", length] => models.common = take(length),
            ["service", name, length] => {
                let packed = Packed { bytes: take(length), read: OnceLock::new() };
                models.services.insert(name.to_owned(), packed);
            }
            _ => {}
        }
    }
    models
}

/// Unpacks a block. It is our own, and a test reads every one; of a broken one what can be read is given.
pub(crate) fn unpack(bytes: &[u8]) -> String {
    let mut text = String::new();
    let _ = flate2::read::DeflateDecoder::new(bytes).read_to_string(&mut text);
    text
}

/// Reads a service's block.
pub(crate) fn service(name: &str, bytes: &[u8]) -> Service {
    let text = unpack(bytes);
    let mut service = Service { name: name.to_owned(), ..Service::default() };
    for line in text.lines() {
        let (letter, rest) = line.split_once('\t').unwrap_or((line, ""));
        match letter {
            "m" => facts(&mut service, rest),
            "o" => {
                let operation = operation(rest);
                service.operations.insert(operation.name.clone(), operation);
            }
            "S" => service.shapes.push(structure(rest)),
            "L" => service.shapes.push(Shape::List(reference(rest))),
            "M" => {
                let (key, value) = rest.split_once('\t').unwrap_or_default();
                service.shapes.push(Shape::Map(reference(key), reference(value)));
            }
            "p" => pages(&mut service, rest),
            _ => {}
        }
    }
    service
}

fn facts(service: &mut Service, line: &str) {
    let mut fields = line.split('\t');
    let mut next = || fields.next().unwrap_or_default().to_owned();
    service.api_version = next();
    service.endpoint_prefix = next();
    service.signing_name = next();
    service.protocols = next().split(',').filter_map(Protocol::named).collect();
    service.json_version = next();
    service.target_prefix = next();
    service.service_id = next();
    service.signature = next();
    service.rules = next().parse().unwrap_or(usize::MAX);
    service.is_query_compatible = next() == "q";
    if service.signing_name.is_empty() {
        service.signing_name.clone_from(&service.endpoint_prefix);
    }
}

fn operation(line: &str) -> Operation {
    let mut fields = line.split('\t');
    let mut next = || fields.next().unwrap_or_default();
    let or = |text: &str, usual: &str| if text.is_empty() { usual.to_owned() } else { text.to_owned() };
    let some = |text: &str| (!text.is_empty()).then(|| reference(text));
    let mut operation = Operation {
        name: next().to_owned(),
        method: or(next(), "POST"),
        path: or(next(), "/"),
        input: some(next()),
        output: some(next()),
        errors: next().split(',').filter_map(|place| place.parse().ok()).collect(),
        ..Operation::default()
    };
    for option in next().split(';') {
        let Some(letter) = option.chars().next() else { continue };
        let rest = &option[letter.len_utf8()..];
        match letter {
            'h' => operation.host_prefix = Some(rest.to_owned()),
            'r' => operation.reads_only = true,
            'i' => operation.is_idempotent = true,
            'n' => operation.is_unsigned = true,
            'u' => operation.has_unsigned_body = true,
            'c' => operation.needs_checksum = true,
            'a' => operation.checksum_member = Some(rest.to_owned()),
            'd' => operation.needs_endpoint_discovery = true,
            's' => {
                let (name, value) = rest.split_once('=').unwrap_or_default();
                let value = serde_json::from_str(value).unwrap_or(Value::Null);
                operation.rule_values.push((name.to_owned(), value));
            }
            'o' => {
                let (name, path) = rest.split_once('=').unwrap_or_default();
                operation.rule_paths.push((name.to_owned(), path.to_owned()));
            }
            _ => {}
        }
    }
    operation
}

fn structure(line: &str) -> Shape {
    let mut fields = line.split('\t');
    let flags = fields.next().unwrap_or_default();
    let payload = fields.next().unwrap_or_default();
    let mut structure = Structure {
        is_union: flags.contains('u'),
        is_document: flags.contains('d'),
        is_event_stream: flags.contains('v'),
        payload: (!payload.is_empty()).then(|| payload.to_owned()),
        ..Structure::default()
    };
    if flags.contains('x') {
        let (name, code) = fields.next().and_then(|field| field.split_once('=')).unwrap_or_default();
        let code = if code.is_empty() { name } else { code };
        structure.error = Some(ErrorName { name: name.to_owned(), code: code.to_owned() });
    }
    for field in fields {
        let (name, of) = field.split_once(':').unwrap_or((field, ""));
        let required = name.ends_with('!');
        let name = name.trim_end_matches('!').to_owned();
        structure.members.push(Member { name, required, of: reference(of) });
    }
    Shape::Structure(structure)
}

/// What a member, an item, an input is. The traits' letters: `l` where it stands in HTTP (`u` path, `q` query, `h`
/// header, `H` headers with a prefix, `c` status), `n` its name on the wire, `q` that of the query protocol of EC2, `w`
/// what wraps the result, `t` the format of time, `f` flattened, `a` attribute of XML, `j` JSON in a header, `k`
/// idempotency token, `S` streaming, `h` part of the host, `z` sensitive, `m` the least length or value (1 when none
/// is told), `x` and `X` namespace of XML and its prefix, `C` parameter of the endpoint rules, `p` the last part of the
/// path counts, `P` a policy document, `e` and `E` parts of events.
pub(crate) fn reference(text: &str) -> Reference {
    let mut parts = text.split(';');
    let mut reference = Reference { to: to(parts.next().unwrap_or_default()), ..Reference::default() };
    for part in parts {
        let Some(letter) = part.chars().next() else { continue };
        let rest = &part[letter.len_utf8()..];
        let own = || Some(rest.to_owned());
        match letter {
            'l' => reference.location = location(rest),
            'n' => reference.wire = own(),
            'q' => reference.query_name = own(),
            'w' => reference.wrapper = own(),
            't' => reference.time = TimeFormat::named(rest),
            'f' => reference.is_flattened = true,
            'a' => reference.is_attribute = true,
            'j' => reference.is_json = true,
            'k' => reference.is_token = true,
            'S' => reference.is_streaming = true,
            'h' => reference.is_host_label = true,
            'z' => reference.is_sensitive = true,
            'm' => reference.min = Some(if rest.is_empty() { 1.0 } else { rest.parse().unwrap_or(0.0) }),
            'x' => reference.namespace = own(),
            'X' => reference.namespace_prefix = own(),
            'C' => reference.rule_parameter = own(),
            'p' => reference.is_last_part = true,
            'P' => reference.is_policy = true,
            _ => {}
        }
    }
    // Elsewhere what holds JSON is but text.
    reference.is_json &= reference.location == Location::Header;
    reference
}

fn to(text: &str) -> To {
    match text {
        "s" | "c" | "" => To::String,
        "i" => To::Integer,
        "l" => To::Long,
        "f" => To::Float,
        "d" => To::Double,
        "b" => To::Boolean,
        "t" => To::Timestamp,
        "B" => To::Blob,
        place => To::Shape(place.parse().unwrap_or(usize::MAX)),
    }
}

fn location(text: &str) -> Location {
    match text {
        "u" => Location::Path,
        "q" => Location::Query,
        "h" => Location::Header,
        "H" => Location::Headers,
        "c" => Location::Status,
        _ => Location::Body,
    }
}

fn pages(service: &mut Service, line: &str) {
    let mut fields = line.split('\t');
    let name = fields.next().unwrap_or_default();
    let mut next = || fields.next().unwrap_or_default();
    let many = |text: &str| text.split(';').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let pages = Pages {
        input_tokens: many(next()),
        output_tokens: many(next()),
        results: many(next()),
        limit: some(next()),
        more: some(next()),
    };
    if let Some(operation) = service.operations.get_mut(name) {
        operation.pages = Some(pages);
    }
}
