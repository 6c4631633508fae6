//! How many calls AWS documents that it answers: the buckets of its services, each with the page that says so.
//!
//! What has no documented number gets a low rate that no service of AWS is known to throttle, and says so.

use std::collections::BTreeMap;
use std::sync::OnceLock;

static CARRIED: &str = include_str!("../data/quotas.txt");

/// How many calls are answered, for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// Calls a second, for long.
    pub per_second: f64,
    /// Calls at once.
    pub burst: f64,
    /// The page that says so; where nothing is documented, that it is a guess.
    pub source: &'static str,
    /// Whom else the calls are counted with.
    pub bucket: Bucket,
}

/// Which calls are counted together, within an account and a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Each operation of the service has its own.
    Operation,
    /// Those of the service that have the same word here share one: `control plane`.
    Shared(&'static str),
}

impl Bucket {
    /// A word for it within its service, for an operation that draws on it.
    pub fn key(self, operation: &str) -> &str {
        match self {
            Self::Operation => operation,
            Self::Shared(name) => name,
        }
    }
}

impl Quota {
    /// Whether AWS documents it.
    pub fn is_documented(&self) -> bool {
        self.source.starts_with("https://")
    }
}

/// What is taken where nothing is documented: most services' documented rates are above it.
pub const UNDOCUMENTED: Quota =
    Quota { per_second: 5.0, burst: 5.0, source: "no documented number", bucket: Bucket::Operation };

/// The quota of an operation, by the names that boto3 uses, in an account and region.
pub fn quota(service: &str, operation: &str) -> Quota {
    let Some(rows) = table().get(service) else { return UNDOCUMENTED };
    let found = rows.iter().find(|row| row.names.iter().any(|name| fits(name, operation)));
    found.map_or(UNDOCUMENTED, |row| row.quota)
}

/// The quota of a call. EC2 counts some calls dearer that neither filter nor ask for pages.
pub fn quota_of_call(service: &str, operation: &str, parameters: &serde_json::Value) -> Quota {
    let is_bounded = || {
        let given = parameters.as_object().into_iter().flatten();
        let mut given = given.filter(|(_, value)| !value.is_null());
        given.any(|(name, _)| name == "MaxResults" || name == "Filters" || name.ends_with("Ids"))
    };
    if service == "ec2" && is_bounded() {
        return quota("ec2 bounded", operation);
    }
    quota(service, operation)
}

/// The services that have documented quotas.
pub fn quota_services() -> impl Iterator<Item = &'static str> {
    table().keys().copied()
}

struct Row {
    names: Vec<&'static str>,
    quota: Quota,
}

/// `Describe*` stands for all that begin so.
fn fits(name: &str, operation: &str) -> bool {
    name.strip_suffix('*').map_or_else(|| name == operation, |head| operation.starts_with(head))
}

fn table() -> &'static BTreeMap<&'static str, Vec<Row>> {
    static TABLE: OnceLock<BTreeMap<&'static str, Vec<Row>>> = OnceLock::new();
    TABLE.get_or_init(|| read(CARRIED))
}

/// Lines `page URL`, and below it `service TAB operations TAB rate TAB burst [TAB word of a shared bucket]`; the first
/// line of a service that fits an operation counts.
fn read(text: &'static str) -> BTreeMap<&'static str, Vec<Row>> {
    let mut services: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
    let mut source = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(page) = line.strip_prefix("page ") {
            source = page;
            continue;
        }
        let mut parts = line.split('\t');
        let (Some(service), Some(names), Some(rate), Some(burst)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number > 0.0);
        let (Some(per_second), Some(burst)) = (number(rate), number(burst)) else { continue };
        let bucket = parts.next().map_or(Bucket::Operation, Bucket::Shared);
        let names = names.split_whitespace().collect();
        let quota = Quota { per_second, burst, source, bucket };
        services.entry(service).or_default().push(Row { names, quota });
    }
    services
}

/// What is wrong with the table: lines that are not read, names that no service has.
#[cfg(test)]
fn problems(text: &'static str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains('\t') && !line.starts_with('#')).count();
    let table = read(text);
    let read = table.values().map(Vec::len).sum::<usize>();
    let mut problems = Vec::new();
    if lines != read {
        problems.push(format!("{} lines are not read", lines - read));
    }
    for (service, rows) in &table {
        let name = service.strip_suffix(" bounded").unwrap_or(service);
        let Some(known) = crate::models().service(name) else {
            problems.push(format!("`{service}` is no service"));
            continue;
        };
        for row in rows {
            let names = row.names.iter();
            let unknown =
                names.filter(|name| !known.operations.keys().any(|operation| fits(name, operation)));
            problems.extend(unknown.map(|name| format!("`{service}` has no operation `{name}`")));
            if !row.quota.is_documented() {
                problems.push(format!("`{service}` `{}` names no page", row.names.join(" ")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_line_names_operations_that_exist_and_a_page() {
        assert_eq!(problems(CARRIED), Vec::<String>::new());
    }

    #[track_caller]
    fn check(call: &str, expected: (f64, f64, &str)) {
        let (service, operation) = call.split_once('.').unwrap();
        let found = quota(service, operation);
        assert_eq!((found.per_second, found.burst, found.bucket.key(operation)), expected, "{call}");
    }

    #[test]
    fn quotas_are_those_that_are_documented() {
        check("ec2.DescribeVpcs", (20.0, 100.0, "DescribeVpcs"));
        check("ec2.DescribeInstances", (10.0, 50.0, "DescribeInstances"));
        check("ec2.DescribeMovingAddresses", (1.0, 1.0, "DescribeMovingAddresses"));
        check("lambda.GetFunction", (100.0, 100.0, "GetFunction"));
        check("lambda.ListFunctions", (15.0, 15.0, "control plane"));
        check("organizations.ListAccounts", (8.0, 12.0, "ListAccounts"));
        check("route53.ListResourceRecordSets", (10.0, 50.0, "account"));
        check("route53.GetHealthCheckStatus", (1.0, 4.0, "GetHealthCheckStatus"));
        check("ecs.ListServicesByNamespace", (1.0, 10.0, "cluster service resource read"));
        check("apigateway.GetStages", (5.0, 20.0, "management"));
        check("unknown.Anything", (5.0, 5.0, "Anything"));
    }

    #[test]
    fn an_operation_whose_page_was_not_read_is_not_said_to_be_documented() {
        let check = |service, operation| assert_eq!(quota(service, operation), UNDOCUMENTED, "{operation}");
        check("sns", "GetTopicAttributes");
        check("secretsmanager", "ListSecretVersionIds");
        check("iam", "ListRoles");
        check("s3", "GetBucketPolicy");
        check("route53", "CreateHostedZone");
        assert!(!UNDOCUMENTED.is_documented());
    }

    #[test]
    fn a_call_of_ec2_that_is_bounded_draws_on_the_larger_bucket() {
        let check = |parameters, expected| {
            assert_eq!(quota_of_call("ec2", "DescribeInstances", &parameters).per_second, expected);
        };
        check(json!({}), 10.0);
        check(json!({"MaxResults": 100}), 20.0);
        check(json!({"InstanceIds": ["i-1"]}), 20.0);
        check(json!({"MaxResults": null}), 10.0);
    }
}
