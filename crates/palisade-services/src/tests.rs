//! The carried facts read, and say what AWS's pages say where a test looked.

use crate::{AccessLevel, Reference, Service, Sources, ValueType};

#[test]
fn every_service_reads_and_every_place_in_it_is_there() {
    let reference = Reference::shipped();
    assert!(reference.prefixes().count() > 400);
    for prefix in reference.prefixes() {
        let service = reference.service(prefix).unwrap();
        assert!(!service.name.is_empty(), "{prefix}");
        assert!(!service.actions.is_empty(), "{prefix}");
        assert_places(service);
        for action in &service.actions {
            assert!(std::ptr::eq(service.action(&action.name).unwrap(), action), "{prefix}:{}", action.name);
        }
    }
}

#[track_caller]
fn assert_places(service: &Service) {
    let keys = service.keys.len();
    for resource in &service.resource_types {
        assert!(resource.arn.starts_with("arn:") || resource.arn == "*", "{}", resource.arn);
        assert!(resource.keys.iter().all(|key| *key < keys), "{}", resource.name);
    }
    for action in &service.actions {
        assert!(action.keys.iter().all(|key| *key < keys), "{}", action.name);
        for resource in &action.resources {
            assert!(resource.resource_type < service.resource_types.len(), "{}", action.name);
            assert!(resource.keys.iter().all(|key| *key < keys), "{}", action.name);
        }
    }
}

#[track_caller]
fn check_action(name: &str, level: AccessLevel, resources: &[&str]) {
    let reference = Reference::shipped();
    let action = reference.action(name).unwrap();
    let service = reference.service(name.split_once(':').unwrap().0).unwrap();
    let types: Vec<&str> = action
        .resources
        .iter()
        .map(|resource| service.resource_types[resource.resource_type].name.as_str())
        .collect();
    assert_eq!((action.level, types.as_slice()), (level, resources), "{name}");
}

#[test]
fn actions_say_what_they_do_and_on_what() {
    check_action("sqs:SendMessage", AccessLevel::Write, &["queue"]);
    check_action("SQS:addpermission", AccessLevel::PermissionsManagement, &["queue"]);
    check_action("s3:ListAllMyBuckets", AccessLevel::List, &[]);
    check_action("iam:PassRole", AccessLevel::Write, &["role"]);
    check_action("iam:TagRole", AccessLevel::Tagging, &["role"]);
    check_action("kms:CreateGrant", AccessLevel::PermissionsManagement, &["key"]);
    check_action("sts:GetCallerIdentity", AccessLevel::Read, &[]);
    assert!(Reference::shipped().action("s3:Nonsense").is_none());
    assert!(Reference::shipped().action("nonsense:GetObject").is_none());
    assert!(Reference::shipped().action("GetObject").is_none());
}

#[test]
fn what_the_sources_differ_on_is_marked() {
    let reference = Reference::shipped();
    assert_eq!(reference.action("s3:GetObject").unwrap().resource_sources, Sources::Agreed);
    let exports = reference.action("dynamodb:ListExports").unwrap();
    assert_eq!((exports.resource_sources, exports.takes_resources()), (Sources::Differ, None));
}

#[track_caller]
fn check_rcp(prefix: &str, expected: Option<bool>) {
    let reference = Reference::shipped();
    assert_eq!(reference.reached_by_rcps(prefix), expected, "{prefix}");
    assert_eq!(reference.service(prefix).map(|service| service.reached_by_rcps), expected, "{prefix}");
}

#[test]
fn services_that_resource_control_policies_reach() {
    for prefix in ["s3", "kms", "sqs", "sts", "secretsmanager", "KMS"] {
        check_rcp(prefix, Some(true));
    }
    for prefix in ["iam", "ec2", "lambda", "sns"] {
        check_rcp(prefix, Some(false));
    }
    check_rcp("nonsense", None);
}

#[track_caller]
fn check_types(prefix: &str, arn: &str, expected: &[&str]) {
    let service = Reference::shipped().service(prefix).unwrap();
    let names: Vec<&str> = service.resource_types_of(arn).map(|of| of.name.as_str()).collect();
    assert_eq!(names, expected, "{arn}");
}

#[test]
fn arns_tell_their_resource_types() {
    check_types("s3", "arn:aws:s3:::films", &["bucket"]);
    check_types("kms", "arn:aws:kms:eu-west-1:111122223333:key/1", &["key"]);
    check_types("iam", "arn:aws:iam::111122223333:role/a/b", &["role"]);
    check_types("sqs", "arn:aws:sqs:eu-west-1:111122223333:jobs", &["queue"]);
    check_types("sqs", "arn:aws:sns:eu-west-1:111122223333:jobs", &[]);
}

#[test]
fn condition_keys_know_their_types() {
    let service = Reference::shipped().service("s3").unwrap();
    let tags = service.key("aws:tagkeys").unwrap();
    assert_eq!((tags.of, tags.many), (ValueType::Text, true));
    assert!(service.key("aws:ResourceTag/team").is_some());
    assert!(service.key("s3:nonsense").is_none());
}
