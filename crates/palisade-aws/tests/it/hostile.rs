//! Hostile answers and wrong parameters are told, and nothing panics.

use palisade_aws::{EndpointOptions, Failure, RequestError, endpoint, models, request, response};
use serde_json::{Value, json};

/// What an answer with this status and body is told to be.
#[track_caller]
fn answer(call: &str, status: u16, body: &[u8], expected: &str) {
    let (service, operation) = call.split_once('.').unwrap();
    let service = models().service(service).unwrap();
    let told = match response(service, &service.operations[operation], status, &[], body) {
        Ok(value) => value.to_string(),
        Err(Failure::Refused(error)) => format!("{} `{}`", error.code, error.message),
        Err(error) => error.to_string(),
    };
    let shown = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
    assert!(told.contains(expected), "{call}, {shown}: {told}");
}

/// What is told about these parameters, or the request that they make.
#[track_caller]
fn ask(call: &str, parameters: Value, expected: &str) {
    let (service, operation) = call.split_once('.').unwrap();
    let service = models().service(service).unwrap();
    let operation = &service.operations[operation];
    let options = EndpointOptions { region: "eu-west-1".to_owned(), ..EndpointOptions::default() };
    let endpoint = endpoint(service, operation, &parameters, &options).unwrap();
    let told = match request(service, operation, &parameters, &endpoint) {
        Ok(request) => format!("{} {}", request.method, request.url()),
        Err(error @ (RequestError::Parameters { .. } | RequestError::Unsupported { .. })) => {
            error.to_string()
        }
    };
    assert!(told.contains(expected), "{call}: {told}");
}

#[test]
fn every_service_and_every_set_of_rules_can_be_read() {
    let mut operations = 0;
    for name in models().services() {
        let service = models().service(name).unwrap();
        assert!(!service.protocols.is_empty(), "{name}");
        operations += service.operations.len();
        for operation in service.operations.values() {
            for reference in operation.input.iter().chain(&operation.output) {
                assert!(service.structure(reference).is_some(), "{name}.{}", operation.name);
            }
        }
    }
    assert!(operations > 19_000, "{operations}");
}

#[test]
fn a_page_of_html_is_no_answer() {
    let page = b"<html><body><b>Http/1.1 Service Unavailable</b></body></html>";
    answer("ec2.DescribeInstances", 503, page, "503 ``");
    answer("kms.ListKeys", 503, page, "503 ``");
    answer("kms.ListKeys", 200, page, "it is no JSON");
    answer("iam.ListUsers", 200, page, "`ListUsersResult` is missing");
    answer("lambda.ListFunctions", 200, page, "it is no JSON");
    answer("s3.ListBuckets", 503, b"", "503 ``");
}

#[test]
fn what_is_cut_off_is_no_answer() {
    answer("kms.ListKeys", 200, b"{\"Keys\": [{\"KeyId\"", "it is no JSON");
    answer("ec2.DescribeInstances", 200, b"<DescribeInstancesResponse><reservationSet>", "ends within");
    answer("s3.ListBuckets", 200, b"<ListAllMyBucketsResult><Buckets><Bucket><Name>a</", "does not end");
}

#[test]
fn ten_thousand_levels_are_told() {
    answer("kms.ListKeys", 200, "[".repeat(10_000).as_bytes(), "recursion limit");
    answer("dynamodb.GetItem", 200, "{\"Item\":".repeat(10_000).as_bytes(), "recursion limit");
    answer("ec2.DescribeInstances", 200, "<a>".repeat(10_000).as_bytes(), "nests deeper");
    let mut deep = json!({"S": "a"});
    for _ in 0..200 {
        deep = json!({"L": [deep]});
    }
    ask("dynamodb.PutItem", json!({"TableName": "t", "Item": {"a": deep}}), "nests deeper");
}

#[test]
fn a_value_of_another_kind_is_told_with_its_place() {
    answer("kms.ListKeys", 200, b"{\"Keys\": 1}", "`Keys` is no list");
    answer("kms.ListKeys", 200, b"{\"Keys\": [{\"KeyId\": {}}]}", "`Keys.KeyId` is no text");
    answer("kms.ListKeys", 200, b"[]", "is no structure");
    let user = b"<R><GetUserResult><User><CreateDate>soon</CreateDate></User></GetUserResult></R>";
    answer("iam.GetUser", 200, user, "`User.CreateDate` is no time");
}

#[test]
fn refusals_are_told_in_every_form() {
    answer(
        "kms.ListKeys",
        400,
        b"{\"__type\":\"a#AccessDeniedException\",\"Message\":\"no\"}",
        "AccessDeniedException `no`",
    );
    let ec2 = b"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
    answer("ec2.DescribeInstances", 403, ec2, "UnauthorizedOperation `no`");
    let iam = b"<ErrorResponse xmlns='u'><Error><Type>Sender</Type><Code>Throttling</Code><Message>slow</Message></Error></ErrorResponse>";
    answer("iam.ListUsers", 400, iam, "Throttling `slow`");
    let s3 = b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    answer("s3.GetBucketPolicyStatus", 403, s3, "AccessDenied `no`");
    answer("s3.ListBuckets", 200, s3, "AccessDenied `no`");
    answer("s3.ListBuckets", 301, b"", "301 ``");
}

#[test]
fn policies_and_places_are_answered_as_boto3_does() {
    let role = b"<R><GetRolePolicyResult><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</PolicyDocument></GetRolePolicyResult></R>";
    answer("iam.GetRolePolicy", 200, role, r#"{"PolicyDocument":{"Version":"2012-10-17"}}"#);
    let place = b"<LocationConstraint xmlns='u'>eu-west-1</LocationConstraint>";
    answer("s3.GetBucketLocation", 200, place, r#"{"LocationConstraint":"eu-west-1"}"#);
    answer("s3.GetBucketLocation", 200, b"<LocationConstraint/>", r#"{"LocationConstraint":null}"#);
}

#[test]
fn wrong_parameters_are_told_by_their_names() {
    ask("iam.GetUser", json!({"User": "a"}), "`User` is not a parameter");
    ask("iam.GetUser", json!({"username": "a"}), "did you mean `UserName`?");
    ask("iam.GetRole", json!({}), "`RoleName` is required");
    ask("iam.GetRole", json!({"RoleName": ""}), "`RoleName` is too short; it takes at least 1 character");
    ask(
        "ec2.DescribeInstances",
        json!({"Filters": [{"Name": 1}]}),
        "`Filters[0].Name` takes text, not a number",
    );
    ask("ec2.DescribeInstances", json!({"Filters": "a"}), "`Filters` takes a list, not text");
    ask("cloudtrail.LookupEvents", json!({"StartTime": "soon"}), "`StartTime` takes a time such as");
    let clause = json!({"FilterClause": {}});
    ask("glue.SearchAssets", clause, "`FilterClause` takes just one of `AndAllFilters`, `");
}

#[test]
fn parameters_stay_where_they_belong() {
    let key = json!({"Bucket": "logs", "Key": "../a b?x=1#y"});
    ask("s3.HeadObject", key, "HEAD https://logs.s3.eu-west-1.amazonaws.com/../a%20b%3Fx%3D1%23y");
    let name = json!({"FunctionName": "a/../b?c"});
    ask("lambda.GetFunction", name, "/2015-03-31/functions/a%2F..%2Fb%3Fc");
    let source = json!({"Bucket": "logs", "Key": "a", "CopySource": "b\r\nx-evil: 1"});
    ask("s3.CopyObject", source, "holds a control character");
    let zone = json!({"HostedZoneId": "/hostedzone/Z1"});
    ask(
        "route53.ListResourceRecordSets",
        zone,
        "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset",
    );
}
