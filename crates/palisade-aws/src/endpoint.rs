//! Where to send a request: the rules that the services publish, and the partitions of AWS.

use crate::models::{Operation, Service, models};
use crate::pages;
use crate::text::percent;
use serde_json::{Map, Value, json};

/// The rules are our own data; this bounds them all the same.
const DEPTH_MAX: usize = 60;

/// What the caller wants of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointOptions {
    /// `eu-central-1`, or `aws-global`.
    pub region: String,
    /// Only endpoints with validated cryptography.
    pub fips: bool,
    /// Endpoints that also have addresses of IPv6.
    pub dual_stack: bool,
    /// An address to use instead, as `AWS_ENDPOINT_URL` gives it. It is taken as it is.
    pub url: Option<String>,
    /// Whether the bucket of S3 stands in the path instead of in the host.
    pub path_style: bool,
    /// The caller's account, which some services put into the host.
    pub account: Option<String>,
}

/// Where to send a request, and how its signature names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The scheme, host and, for some, the path's beginning.
    pub url: String,
    /// Whether the caller gave the address. Then nothing is put before its host: only AWS's own hosts have names below.
    pub is_given: bool,
    /// The service in the signature.
    pub signing_name: String,
    /// The region in the signature; of services without regions not the one that was asked for.
    pub signing_region: String,
    /// `sigv4`, `sigv4a`, `sigv4-s3express`, `none`, …
    pub signing: String,
    /// Whether the path is encoded once more before it is signed; S3 does not want that.
    pub is_encoded_twice: bool,
    /// What the rules want to be sent beside.
    pub headers: Vec<(String, String)>,
}

/// Why there is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The rules refuse, in their own words.
    #[error("no endpoint for `{service}` in `{region}`: {why}")]
    Refused {
        /// The service.
        service: String,
        /// The region that was asked for.
        region: String,
        /// The rules' own words.
        why: String,
    },
}

/// Where to send this request. Parameters count for some services: the bucket of S3, the account of S3 Control.
pub fn endpoint(
    service: &Service,
    operation: &Operation,
    parameters: &Value,
    options: &EndpointOptions,
) -> Result<Endpoint, EndpointError> {
    let refused = |why: String| EndpointError::Refused {
        service: service.name.clone(),
        region: options.region.clone(),
        why,
    };
    let rules = rules(service);
    if rules.is_null() {
        return Err(refused("it has no rules".to_owned()));
    }
    let scope = scope(service, operation, parameters, options, &rules["parameters"]);
    if let Some(name) = missing(&scope, &rules["parameters"]) {
        return Err(refused(format!("`{name}` is needed")));
    }
    match first(&rules["rules"], &scope, 0) {
        Some(Outcome::Endpoint(found)) => Ok(told(service, options, &found)),
        Some(Outcome::Refused(why)) => Err(refused(why)),
        None => Err(refused("no rule covers it".to_owned())),
    }
}

/// A service's rules; null where it has none.
fn rules(service: &Service) -> &Value {
    service.rules_read.get_or_init(|| {
        let text = models().common().rules.get(service.rules);
        let text =
            text.map(|text| text.replace("https://%", &format!("https://{}", service.endpoint_prefix)));
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    })
}

type Scope = Map<String, Value>;

/// What the rules can ask for: built in, from the model, or from the parameters of the call.
fn scope(
    service: &Service,
    operation: &Operation,
    parameters: &Value,
    options: &EndpointOptions,
    known: &Value,
) -> Scope {
    let mut scope = Scope::new();
    for (name, of) in known.as_object().into_iter().flatten() {
        let built_in = of["builtIn"].as_str().and_then(|name| match name {
            "AWS::Region" => Some(options.region.as_str().into()).filter(|region| *region != ""),
            "AWS::UseFIPS" => Some(options.fips.into()),
            "AWS::UseDualStack" => Some(options.dual_stack.into()),
            "SDK::Endpoint" => options.url.clone().map(Value::from),
            "AWS::Auth::AccountId" => options.account.clone().map(Value::from),
            "AWS::Auth::AccountIdEndpointMode" => Some("preferred".into()),
            "AWS::S3::ForcePathStyle" => {
                Some((options.path_style || operation.name == "GetBucketLocation").into())
            }
            "AWS::S3::UseArnRegion" | "AWS::S3Control::UseArnRegion" => Some(true.into()),
            _ => None,
        });
        let value = built_in.unwrap_or_else(|| of["default"].clone());
        if !value.is_null() {
            scope.insert(name.clone(), value);
        }
    }
    let input = operation.input.as_ref().and_then(|input| service.structure(input));
    for member in input.into_iter().flat_map(|input| &input.members) {
        if let (Some(name), Some(value)) = (&member.of.rule_parameter, parameters.get(&member.name)) {
            scope.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in &operation.rule_values {
        scope.insert(name.clone(), value.clone());
    }
    for (name, path) in &operation.rule_paths {
        if let Some(value) = pages::find(parameters, path) {
            scope.insert(name.clone(), value.clone());
        }
    }
    scope.retain(|name, _| known.get(name).is_some());
    scope
}

fn missing(scope: &Scope, known: &Value) -> Option<String> {
    let mut known = known.as_object().into_iter().flatten();
    let found = known.find(|(name, of)| of["required"] == true && !scope.contains_key(*name));
    found.map(|(name, _)| name.clone())
}

enum Outcome {
    Endpoint(Value),
    Refused(String),
}

/// What the first rule says whose conditions hold.
fn first(rules: &Value, scope: &Scope, depth: usize) -> Option<Outcome> {
    if depth > DEPTH_MAX {
        return None;
    }
    rules.as_array().into_iter().flatten().find_map(|rule| {
        let mut scope = scope.clone();
        for condition in rule["conditions"].as_array().into_iter().flatten() {
            let value = call(condition, &scope, depth);
            if value.is_null() || value == false {
                return None;
            }
            if let Some(name) = condition["assign"].as_str() {
                scope.insert(name.to_owned(), value);
            }
        }
        match rule["type"].as_str() {
            Some("tree") => first(&rule["rules"], &scope, depth + 1),
            Some("error") => {
                let why = resolve(&rule["error"], &scope, depth);
                Some(Outcome::Refused(why.as_str().unwrap_or_default().to_owned()))
            }
            _ => Some(Outcome::Endpoint(resolve_all(&rule["endpoint"], &scope, depth))),
        }
    })
}

/// All texts below with their names replaced.
fn resolve_all(value: &Value, scope: &Scope, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    match value {
        Value::Array(items) => items.iter().map(|item| resolve_all(item, scope, depth + 1)).collect(),
        Value::Object(members) if members.contains_key("ref") || members.contains_key("fn") => {
            resolve(value, scope, depth)
        }
        Value::Object(members) => {
            let members =
                members.iter().map(|(name, value)| (name.clone(), resolve_all(value, scope, depth + 1)));
            Value::Object(members.collect())
        }
        other => resolve(other, scope, depth),
    }
}

fn resolve(value: &Value, scope: &Scope, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    match value {
        Value::String(text) if text.contains('{') => filled(text, scope).into(),
        Value::Object(of) if of.contains_key("fn") => call(value, scope, depth + 1),
        Value::Object(of) => match of.get("ref").and_then(Value::as_str) {
            Some(name) => scope.get(name).cloned().unwrap_or_default(),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

/// `https://{Region}.{Partition#dnsSuffix}`, filled in.
fn filled(template: &str, scope: &Scope) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let mut steps = name.split('#');
        let value = steps.next().and_then(|name| scope.get(name));
        let value = steps.fold(value, |value, step| value?.get(step));
        match value {
            Some(Value::String(part)) => text.push_str(part),
            Some(other) => text.push_str(&other.to_string()),
            None => {}
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn call(function: &Value, scope: &Scope, depth: usize) -> Value {
    let arguments = function["argv"].as_array().into_iter().flatten();
    let arguments: Vec<Value> = arguments.map(|argument| resolve(argument, scope, depth + 1)).collect();
    let at = |place: usize| arguments.get(place).unwrap_or(&Value::Null);
    let text = |place: usize| at(place).as_str();
    match function["fn"].as_str().unwrap_or_default() {
        "isSet" => (!at(0).is_null()).into(),
        "not" => (at(0).is_null() || *at(0) == false).into(),
        "booleanEquals" | "stringEquals" => (at(0) == at(1)).into(),
        "getAttr" => attribute(at(0), text(1).unwrap_or_default()),
        "substring" => substring(at(0), at(1), at(2), *at(3) == true),
        "uriEncode" => text(0).map_or(Value::Null, |text| percent(text, b"").into()),
        "parseURL" => text(0).map_or(Value::Null, parse_url),
        "isValidHostLabel" => text(0).is_some_and(|text| is_host_label(text, *at(1) == true)).into(),
        "aws.isVirtualHostableS3Bucket" => {
            text(0).is_some_and(|text| is_hostable(text, *at(1) == true)).into()
        }
        "aws.parseArn" => text(0).map_or(Value::Null, parse_arn),
        "aws.partition" => partition(text(0).unwrap_or_default()),
        _ => Value::Null,
    }
}

/// `resourceId[1]`, `outputs.name`.
fn attribute(value: &Value, path: &str) -> Value {
    let found = path.split('.').try_fold(value, |value, step| match step.split_once('[') {
        None => value.get(step),
        Some((name, place)) => {
            let list = if name.is_empty() { value } else { value.get(name)? };
            list.get(place.trim_end_matches(']').parse::<usize>().ok()?)
        }
    });
    found.cloned().unwrap_or_default()
}

fn substring(text: &Value, start: &Value, stop: &Value, from_end: bool) -> Value {
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let (Some(text), Some(start), Some(stop)) = (text.as_str(), number(start), number(stop)) else {
        return Value::Null;
    };
    if start >= stop || text.len() < stop || !text.is_ascii() {
        return Value::Null;
    }
    let range = if from_end { text.len() - stop..text.len() - start } else { start..stop };
    text.get(range).map_or(Value::Null, Value::from)
}

fn parse_url(url: &str) -> Value {
    let Some((scheme, rest)) = url.split_once("://") else { return Value::Null };
    if !["http", "https"].contains(&scheme) || rest.contains('?') {
        return Value::Null;
    }
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let normalized = if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    json!({
        "scheme": scheme,
        "authority": authority,
        "path": path,
        "normalizedPath": normalized,
        "isIp": host.parse::<std::net::IpAddr>().is_ok(),
    })
}

fn is_host_label(text: &str, may_have_dots: bool) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if may_have_dots { text.split('.').all(is_label) } else { is_label(text) }
}

fn is_hostable(bucket: &str, may_have_dots: bool) -> bool {
    bucket.len() >= 3
        && !bucket.chars().any(char::is_uppercase)
        && bucket.parse::<std::net::Ipv4Addr>().is_err()
        && is_host_label(bucket, may_have_dots)
}

fn parse_arn(text: &str) -> Value {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts[..] else { return Value::Null };
    if partition.is_empty() || service.is_empty() || resource.is_empty() {
        return Value::Null;
    }
    let resource: Vec<&str> = resource.split([':', '/']).collect();
    json!({
        "partition": partition,
        "service": service,
        "region": region,
        "accountId": account,
        "resourceId": resource,
    })
}

/// The name of a region's partition: `aws`, `aws-cn`, `aws-us-gov`; one that no partition knows is taken for AWS's own.
pub fn partition_of(region: &str) -> String {
    partition(region)["name"].as_str().unwrap_or("aws").to_owned()
}

/// The partition of a region; one that no partition knows is taken for AWS's own.
fn partition(region: &str) -> Value {
    let all = models().common().partitions["partitions"].as_array();
    let all = all.map(Vec::as_slice).unwrap_or_default();
    let is_of = |partition: &&Value| {
        let is_listed = partition["regions"].get(region).is_some();
        is_listed || has_form(region, partition["regionRegex"].as_str().unwrap_or_default())
    };
    let Some(found) = all.iter().find(is_of).or_else(|| all.first()) else { return Value::Null };
    let mut outputs = found["outputs"].clone();
    outputs["name"] = found["id"].clone();
    outputs
}

/// Whether a region fits `^(us|eu)\-\w+\-\d+$`; all partitions tell their regions in this form.
fn has_form(region: &str, form: &str) -> bool {
    let form = form.trim_start_matches('^').replace("\\-", "-");
    let Some(head) = form.strip_suffix("-\\w+-\\d+$") else { return false };
    let heads = head.trim_start_matches('(').trim_end_matches(')');
    heads.split('|').any(|head| {
        let rest = region.strip_prefix(head).and_then(|rest| rest.strip_prefix('-'));
        let parts = rest.and_then(|rest| rest.split_once('-'));
        parts.is_some_and(|(word, number)| {
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !word.is_empty()
                && !number.is_empty()
                && word.bytes().all(is_word)
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

fn told(service: &Service, options: &EndpointOptions, found: &Value) -> Endpoint {
    let scheme = &found["properties"]["authSchemes"][0];
    let word = |key: &str| scheme[key].as_str().filter(|text| !text.is_empty());
    let region = word("signingRegion").or_else(|| scheme["signingRegionSet"][0].as_str());
    let region = region.map_or_else(|| home(&options.region), str::to_owned);
    let url = found["url"].as_str().unwrap_or_default();
    let url = options.url.as_deref().map_or_else(|| url.to_owned(), |given| as_given(url, given));
    let headers = found["headers"].as_object().into_iter().flatten();
    let headers = headers.flat_map(|(name, values)| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        values.map(|value| (name.clone(), value.to_owned()))
    });
    Endpoint {
        url,
        is_given: options.url.is_some(),
        signing_name: word("signingName").unwrap_or(&service.signing_name).to_owned(),
        signing_region: region,
        signing: word("name").unwrap_or("sigv4").to_owned(),
        is_encoded_twice: scheme["disableDoubleEncoding"] != true,
        headers: headers.collect(),
    }
}

/// The rules of S3 Control put the account before the host also where the caller gave the address; it stands in a
/// header, too, and the address has no names below it.
fn as_given(url: &str, given: &str) -> String {
    let parts = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        Some((scheme.to_owned(), host.to_owned(), path.to_owned()))
    };
    match (parts(url), parts(given)) {
        (Some((scheme, host, path)), Some((_, given, _))) if host.ends_with(&format!(".{given}")) => {
            format!("{scheme}://{given}{path}")
        }
        _ => url.to_owned(),
    }
}

/// `aws-global` is no region that a signature may name.
fn home(region: &str) -> String {
    let global = region.ends_with("-global").then(|| partition(region));
    let implicit = global.as_ref().and_then(|partition| partition["implicitGlobalRegion"].as_str());
    implicit.unwrap_or(region).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(call: &str, parameters: Value, options: &EndpointOptions, expected: &str) {
        let (service, operation) = call.split_once('.').unwrap();
        let service = models().service(service).unwrap();
        let found = endpoint(service, &service.operations[operation], &parameters, options);
        let found = found.map_or_else(
            |error| error.to_string(),
            |found| format!("{} {} {}", found.url, found.signing_name, found.signing_region),
        );
        assert_eq!(found, expected, "{call}");
    }

    fn of(region: &str) -> EndpointOptions {
        EndpointOptions { region: region.to_owned(), ..EndpointOptions::default() }
    }

    #[test]
    fn each_partition_has_its_own_hosts() {
        let call = "sqs.ListQueues";
        check(
            call,
            json!({}),
            &of("eu-central-1"),
            "https://sqs.eu-central-1.amazonaws.com sqs eu-central-1",
        );
        check(call, json!({}), &of("cn-north-1"), "https://sqs.cn-north-1.amazonaws.com.cn sqs cn-north-1");
        check(
            call,
            json!({}),
            &of("us-gov-west-1"),
            "https://sqs.us-gov-west-1.amazonaws.com sqs us-gov-west-1",
        );
    }

    #[test]
    fn services_without_regions_are_signed_for_their_home() {
        let host = "https://iam.amazonaws.com iam us-east-1";
        check("iam.ListUsers", json!({}), &of("eu-central-1"), host);
        check("iam.ListUsers", json!({}), &of("aws-global"), host);
        let host = "https://organizations.us-east-1.amazonaws.com organizations us-east-1";
        check("organizations.ListRoots", json!({}), &of("eu-central-1"), host);
    }

    #[test]
    fn fips_and_dual_stack_are_hosts_of_their_own() {
        let options = EndpointOptions { fips: true, ..of("us-east-1") };
        check("kms.ListKeys", json!({}), &options, "https://kms-fips.us-east-1.amazonaws.com kms us-east-1");
        let options = EndpointOptions { dual_stack: true, ..of("us-east-1") };
        check("kms.ListKeys", json!({}), &options, "https://kms.us-east-1.api.aws kms us-east-1");
    }

    #[test]
    fn a_bucket_stands_in_the_host_or_in_the_path() {
        let call = "s3.GetBucketPolicy";
        let host = "https://logs.s3.eu-west-1.amazonaws.com s3 eu-west-1";
        check(call, json!({"Bucket": "logs"}), &of("eu-west-1"), host);
        let path = "https://s3.eu-west-1.amazonaws.com/a.b s3 eu-west-1";
        check(call, json!({"Bucket": "a.b"}), &of("eu-west-1"), path);
        let options = EndpointOptions {
            url: Some("http://127.0.0.1:5000".to_owned()),
            path_style: true,
            ..of("eu-west-1")
        };
        check(call, json!({"Bucket": "logs"}), &options, "http://127.0.0.1:5000/logs s3 eu-west-1");
    }

    #[test]
    fn the_account_of_s3_control_stands_in_the_host() {
        let account = json!({"AccountId": "123456789012"});
        let host = "https://123456789012.s3-control.eu-west-1.amazonaws.com s3 eu-west-1";
        check("s3control.GetPublicAccessBlock", account, &of("eu-west-1"), host);
    }

    #[test]
    fn an_address_that_was_given_is_taken_as_it_is() {
        let url = Some("http://127.0.0.1:5000".to_owned());
        let options = EndpointOptions { url, ..of("eu-west-1") };
        let account = json!({"AccountId": "123456789012"});
        let host = "http://127.0.0.1:5000 s3 eu-west-1";
        check("s3control.GetPublicAccessBlock", account, &options, host);
        let service = models().service("s3control").unwrap();
        assert!(service.operations["GetPublicAccessBlock"].host_prefix.is_none());
        check("sts.GetCallerIdentity", json!({}), &options, "http://127.0.0.1:5000 sts eu-west-1");
    }

    #[test]
    fn regions_know_their_partition() {
        for (region, expected) in [
            ("eu-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("xx-nowhere-1", "aws"),
        ] {
            assert_eq!(partition_of(region), expected);
        }
    }

    #[test]
    fn what_the_rules_refuse_is_told_in_their_words() {
        let told = "no endpoint for `sqs` in ``: Invalid Configuration: Missing Region";
        check("sqs.ListQueues", json!({}), &of(""), told);
    }
}
