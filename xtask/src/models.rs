//! Writes what AWS's operations look like, as `palisade-aws` carries it: `cargo xtask models`.
//!
//! The models are botocore's (PyPI, Apache-2.0). Shapes, paths and rules of endpoints are kept, prose is not. The
//! form of the file is told in `palisade-aws/src/read.rs`.

use crate::tools;
use crate::workspace::Workspace;
use flate2::{Compression, read::GzDecoder, write::DeflateEncoder};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;

/// The version is also that of the Python that the conformance tests compare with.
pub const BOTOCORE: &str = "botocore==1.44.5";

/// When that version was released.
const RELEASED: &str = "2026-11-17";
const WRITTEN: &str = "crates/palisade-aws/data/models.bin";

/// The order in which botocore prefers protocols where a service speaks several.
const PROTOCOLS: [&str; 6] = ["json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor", "query", "ec2"];

/// Fetches botocore, reduces its models, writes the file and says what is in it.
pub fn write(workspace: &Workspace) -> Result<(), String> {
    let folder = tools::python_package(&workspace.target.join("tools/botocore"), BOTOCORE)?;
    let data = folder.join("botocore/data");
    let mut rules = Rules::default();
    let mut counts = Counts::default();
    let mut services = Vec::new();
    for name in folders(&data)? {
        let versions = folders(&data.join(&name))?;
        let newest = versions.last().ok_or_else(|| format!("{name} has no version"))?;
        let service = Service::read(&data.join(&name).join(newest), &name)?;
        let text = service.text(&mut rules, &mut counts)?;
        services.push((name, deflate(text.as_bytes())?));
    }
    let partitions = without_prose(&json(&data.join("partitions.json"))?).to_string();
    let common = deflate(format!("{partitions}\n{}", rules.text()).as_bytes())?;
    let mut index = format!("date\t{RELEASED}\nsource\t{BOTOCORE}\ncommon\t{}\n", common.len());
    for (name, block) in &services {
        let _ = writeln!(index, "service\t{name}\t{}", block.len());
    }
    index.push('\n');
    let mut bytes = index.into_bytes();
    bytes.extend(&common);
    bytes.extend(services.iter().flat_map(|(_, block)| block));
    let written = workspace.root.join(WRITTEN);
    std::fs::write(&written, &bytes).map_err(|error| format!("{WRITTEN}: {error}"))?;
    println!(
        "{WRITTEN}: {} bytes, of {RELEASED}; {} of them partitions and {} sets of endpoint rules\n\
         {} services, {} operations, {} shapes, {} paginators",
        bytes.len(),
        common.len(),
        rules.seen.len(),
        services.len(),
        counts.operations,
        counts.shapes,
        counts.paginators
    );
    for (protocol, count) in counts.protocols {
        println!("  {protocol}: {count} services");
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    operations: usize,
    shapes: usize,
    paginators: usize,
    protocols: BTreeMap<String, usize>,
}

/// Sets of endpoint rules, each once: most services differ in the name of their host only.
#[derive(Default)]
struct Rules {
    seen: BTreeMap<String, usize>,
    texts: Vec<String>,
}

impl Rules {
    /// The place of the set.
    fn place(&mut self, rules: &Value, prefix: &str) -> usize {
        let text = rules.to_string().replace(&format!("https://{prefix}"), "https://%");
        let next = self.texts.len();
        let place = *self.seen.entry(text.clone()).or_insert(next);
        if place == next {
            self.texts.push(text);
        }
        place
    }

    fn text(&self) -> String {
        self.texts.join("\n")
    }
}

/// A service's files.
struct Service {
    name: String,
    model: Value,
    paginators: Value,
    rules: Value,
}

impl Service {
    fn read(folder: &Path, name: &str) -> Result<Self, String> {
        let paginators = folder.join("paginators-1.json");
        let has_paginators = paginators.is_file() || folder.join("paginators-1.json.gz").is_file();
        Ok(Self {
            name: name.to_owned(),
            model: json(&folder.join("service-2.json"))?,
            paginators: if has_paginators { json(&paginators)? } else { Value::Null },
            rules: without_prose(&json(&folder.join("endpoint-rule-set-1.json"))?),
        })
    }

    fn text(&self, rules: &mut Rules, counts: &mut Counts) -> Result<String, String> {
        let facts = &self.model["metadata"];
        let of = |key: &str| word(&facts[key]);
        let protocols = self.protocols();
        *counts.protocols.entry(protocols.clone()).or_default() += 1;
        let rules = rules.place(&self.rules, &of("endpointPrefix"));
        let compatible = if facts["awsQueryCompatible"].is_object() { "q" } else { "" };
        let mut text = format!(
            "m\t{}\t{}\t{}\t{protocols}\t{}\t{}\t{}\t{}\t{rules}\t{compatible}\n",
            of("apiVersion"),
            of("endpointPrefix"),
            of("signingName"),
            of("jsonVersion"),
            of("targetPrefix"),
            of("serviceId"),
            self.signature(),
        );
        let mut shapes = Shapes::new(&self.name, &self.model["shapes"]);
        for (name, operation) in entries(&self.model["operations"]) {
            let _ = writeln!(text, "o\t{}", self.operation(name, operation, &mut shapes)?);
            counts.operations += 1;
        }
        shapes.take_in_all()?;
        counts.shapes += shapes.lines.len();
        for line in &shapes.lines {
            let _ = writeln!(text, "{line}");
        }
        for (name, pages) in entries(&self.paginators["pagination"]) {
            let of = |key: &str| list(&pages[key]).join(";");
            let _ = writeln!(
                text,
                "p\t{name}\t{}\t{}\t{}\t{}\t{}",
                of("input_token"),
                of("output_token"),
                of("result_key"),
                of("limit_key"),
                of("more_results")
            );
            counts.paginators += 1;
        }
        Ok(text)
    }

    fn protocols(&self) -> String {
        let facts = &self.model["metadata"];
        let mut listed = list(&facts["protocols"]);
        if listed.is_empty() {
            listed.push(word(&facts["protocol"]));
        }
        listed.sort_by_key(|name| PROTOCOLS.iter().position(|known| known == name));
        listed.join(",")
    }

    /// How requests are signed: the first of what the service takes.
    fn signature(&self) -> String {
        let facts = &self.model["metadata"];
        let auth = list(&facts["auth"]);
        auth.first().cloned().unwrap_or_else(|| word(&facts["signatureVersion"]))
    }

    fn operation(&self, name: &str, operation: &Value, shapes: &mut Shapes<'_>) -> Result<String, String> {
        let method = word(&operation["http"]["method"]);
        let path = word(&operation["http"]["requestUri"]);
        let path = match (self.name.as_str(), path.strip_prefix("/{Bucket}")) {
            // The endpoint's rules put the bucket where it belongs.
            ("s3", Some(rest)) => rest.to_owned(),
            _ => path,
        };
        let errors = operation["errors"].as_array().into_iter().flatten();
        let errors: Result<Vec<String>, String> =
            errors.map(|error| Ok(shapes.place(&word(&error["shape"]))?.to_string())).collect();
        Ok(format!(
            "{name}\t{}\t{}\t{}\t{}\t{}\t{}",
            if method == "POST" { "" } else { &method },
            if path == "/" { "" } else { &path },
            shapes.reference_or_none(&operation["input"])?,
            shapes.reference_or_none(&operation["output"])?,
            errors?.join(","),
            self.options(operation).join(";")
        ))
    }

    fn options(&self, operation: &Value) -> Vec<String> {
        let mut options = Vec::new();
        let prefix = word(&operation["endpoint"]["hostPrefix"]);
        let by_rules = self.name == "s3control" && prefix == "{AccountId}.";
        if !prefix.is_empty() && !by_rules {
            options.push(format!("h{prefix}"));
        }
        let auth = list(&operation["auth"]);
        if operation["authtype"] == "none" || auth.first().is_some_and(|auth| auth == "smithy.api#noAuth") {
            options.push("n".to_owned());
        }
        let checksum = &operation["httpChecksum"];
        for (is_so, letter) in [
            (operation["readonly"] == true, "r"),
            (operation["idempotent"] == true, "i"),
            (operation["unsignedPayload"] == true, "u"),
            (operation["endpointdiscovery"]["required"] == true, "d"),
            (operation["httpChecksumRequired"] == true || checksum["requestChecksumRequired"] == true, "c"),
        ] {
            if is_so {
                options.push(letter.to_owned());
            }
        }
        if let Some(member) = checksum["requestAlgorithmMember"].as_str() {
            options.push(format!("a{member}"));
        }
        for (name, of) in entries(&operation["staticContextParams"]) {
            options.push(format!("s{name}={}", of["value"]));
        }
        for (name, of) in entries(&operation["operationContextParams"]) {
            options.push(format!("o{name}={}", word(&of["path"])));
        }
        options
    }
}

/// The shapes that operations reach, in the order they were met.
struct Shapes<'a> {
    service: &'a str,
    all: &'a Value,
    places: BTreeMap<String, usize>,
    names: Vec<String>,
    lines: Vec<String>,
}

impl<'a> Shapes<'a> {
    fn new(service: &'a str, all: &'a Value) -> Self {
        Self { service, all, places: BTreeMap::new(), names: Vec::new(), lines: Vec::new() }
    }

    fn place(&mut self, name: &str) -> Result<usize, String> {
        if self.all[name]["type"].as_str().is_none() {
            return Err(format!("`{name}` is no shape"));
        }
        let next = self.names.len();
        let place = *self.places.entry(name.to_owned()).or_insert(next);
        if place == next {
            self.names.push(name.to_owned());
        }
        Ok(place)
    }

    fn reference_or_none(&mut self, of: &Value) -> Result<String, String> {
        if of.is_object() { self.reference(of) } else { Ok(String::new()) }
    }

    /// The line of each shape; what they name is taken in, too.
    fn take_in_all(&mut self) -> Result<(), String> {
        while let Some(name) = self.names.get(self.lines.len()).cloned() {
            let line = self.line(&name)?;
            self.lines.push(line);
        }
        Ok(())
    }

    fn line(&mut self, name: &str) -> Result<String, String> {
        let shape = &self.all[name];
        match word(&shape["type"]).as_str() {
            "list" => Ok(format!("L\t{}", self.reference(&shape["member"])?)),
            "map" => {
                Ok(format!("M\t{}\t{}", self.reference(&shape["key"])?, self.reference(&shape["value"])?))
            }
            "structure" => self.structure(name, shape),
            other => Err(format!("`{name}` is a {other}, which is no shape of its own")),
        }
    }

    fn structure(&mut self, name: &str, shape: &Value) -> Result<String, String> {
        let mut flags = String::new();
        for (key, letter) in
            [("union", 'u'), ("document", 'd'), ("exception", 'x'), ("eventstream", 'v'), ("event", 'e')]
        {
            if shape[key] == true {
                flags.push(letter);
            }
        }
        let required = list(&shape["required"]);
        let mut line = format!("S\t{flags}\t{}", word(&shape["payload"]));
        // Errors are told by their name, and some by another word on the wire.
        if shape["exception"] == true {
            let code = word(&shape["error"]["code"]);
            let code = if code == name { String::new() } else { code };
            let _ = write!(line, "\t{name}={code}");
        }
        for (name, member) in entries(&shape["members"]) {
            let mark = if required.contains(name) { "!" } else { "" };
            let _ = write!(line, "\t{name}{mark}:{}", self.reference(member)?);
        }
        Ok(line)
    }

    /// What a member is, with the traits of its shape and, before them, its own.
    fn reference(&mut self, member: &Value) -> Result<String, String> {
        let name = word(&member["shape"]);
        let shape = &self.all[&name];
        let mut text = match word(&shape["type"]).as_str() {
            "string" => "s".to_owned(),
            "character" => "c".to_owned(),
            "integer" => "i".to_owned(),
            "long" => "l".to_owned(),
            "float" => "f".to_owned(),
            "double" => "d".to_owned(),
            "boolean" => "b".to_owned(),
            "timestamp" => "t".to_owned(),
            "blob" => "B".to_owned(),
            _ => self.place(&name)?.to_string(),
        };
        for part in traits(shape, member) {
            text.push(';');
            text.push_str(&part);
        }
        // botocore gives the policies of IAM as the documents that they are.
        if name == "policyDocumentType" {
            text.push_str(";P");
        }
        // The ids that Route 53 answers are paths, and botocore takes the last part of these when asked again.
        if self.service == "route53" && ["ResourceId", "DelegationSetId", "ChangeId"].contains(&name.as_str())
        {
            text.push_str(";p");
        }
        Ok(text)
    }
}

fn traits(shape: &Value, member: &Value) -> Vec<String> {
    let of = |key: &str| if member[key].is_null() { &shape[key] } else { &member[key] };
    let mut parts = Vec::new();
    let location = match word(of("location")).as_str() {
        "uri" => "lu",
        "querystring" => "lq",
        "header" => "lh",
        "headers" => "lH",
        "statusCode" => "lc",
        _ => "",
    };
    if !location.is_empty() {
        parts.push(location.to_owned());
    }
    for (key, letter) in
        [("locationName", 'n'), ("queryName", 'q'), ("resultWrapper", 'w'), ("timestampFormat", 't')]
    {
        if let Some(text) = of(key).as_str() {
            // Of the formats of time the first letter tells all.
            parts.push(if letter == 't' { format!("t{}", &text[..1]) } else { format!("{letter}{text}") });
        }
    }
    for (key, letter) in [
        ("flattened", "f"),
        ("xmlAttribute", "a"),
        ("jsonvalue", "j"),
        ("idempotencyToken", "k"),
        ("streaming", "S"),
        ("hostLabel", "h"),
        ("sensitive", "z"),
        ("eventheader", "e"),
        ("eventpayload", "E"),
    ] {
        if *of(key) == true {
            parts.push(letter.to_owned());
        }
    }
    match of("min") {
        Value::Null => {}
        min if *min == 1 => parts.push("m".to_owned()),
        min => parts.push(format!("m{min}")),
    }
    let namespace = of("xmlNamespace");
    if let Some(uri) = namespace["uri"].as_str().or_else(|| namespace.as_str()) {
        parts.push(format!("x{uri}"));
    }
    if let Some(prefix) = namespace["prefix"].as_str() {
        parts.push(format!("X{prefix}"));
    }
    if let Some(name) = of("contextParam")["name"].as_str() {
        parts.push(format!("C{name}"));
    }
    parts
}

/// The same rules without what is meant for people.
fn without_prose(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, value)| {
                let empty = value.as_object().is_some_and(Map::is_empty);
                let prose = ["documentation", "description"].contains(&name.as_str()) && value.is_string();
                !(prose || empty && ["properties", "headers"].contains(&name.as_str()))
            });
            kept.map(|(name, value)| (name.clone(), without_prose(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(without_prose).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

fn folders(parent: &Path) -> Result<Vec<String>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", parent.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(parent).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A file of JSON, plain or as `….gz`.
fn json(file: &Path) -> Result<Value, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    if file.is_file() {
        let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
        return serde_json::from_str(&text).map_err(|error| wrong(&error));
    }
    let mut packed = file.as_os_str().to_owned();
    packed.push(".gz");
    let packed = std::fs::File::open(packed).map_err(|error| wrong(&error))?;
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A list of words; a single one counts as a list.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(word).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// A word of the facts; what would break the file's lines is not in them.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace(['\t', '\n'], " ")
}
