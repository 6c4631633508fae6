//! Which IAM action a call needs. What does not follow from the names is data.

use palisade_aws::models;
use palisade_services::Reference;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// The lines of `data/permissions.txt`.
struct Names {
    prefixes: HashMap<&'static str, &'static str>,
    actions: HashMap<(&'static str, &'static str), Vec<&'static str>>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = Names { prefixes: HashMap::new(), actions: HashMap::new() };
        let text = include_str!("../data/permissions.txt");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["service", service, prefix] => {
                    names.prefixes.insert(service, prefix);
                }
                ["call", service, operation, ref actions @ ..] => {
                    names.actions.insert((service, operation), actions.to_vec());
                }
                _ => {}
            }
        }
        names
    })
}

/// The actions that a principal must be allowed for this call, by the names of botocore: mostly one.
pub fn actions(service: &str, operation: &str) -> Vec<Arc<str>> {
    let names = names();
    if let Some(actions) = names.actions.get(&(service, operation)) {
        return actions.iter().map(|action| (*action).into()).collect();
    }
    let signing = models().service(service).map_or(service, |service| service.signing_name.as_str());
    let prefix = names.prefixes.get(service).copied().unwrap_or(signing);
    let known = Reference::shipped().action(&format!("{prefix}:{operation}"));
    let name = known.map_or(operation, |action| action.name.as_str());
    vec![format!("{prefix}:{name}").into()]
}

/// Whether IAM knows the action.
#[cfg(test)]
fn is_known(action: &str) -> bool {
    Reference::shipped().action(action).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(call: &str, expected: &str) {
        let (service, operation) = call.split_once('.').unwrap();
        let actions = actions(service, operation);
        assert_eq!(actions.join(" "), expected);
        assert!(actions.iter().all(|action| is_known(action)), "{expected}");
    }

    #[test]
    fn actions_are_iams_names_for_calls() {
        check("ec2.DescribeVolumes", "ec2:DescribeVolumes");
        check("s3.ListBuckets", "s3:ListAllMyBuckets");
        check("s3.GetBucketEncryption", "s3:GetEncryptionConfiguration");
        check("s3control.GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock");
        check("s3control.ListAccessPoints", "s3:ListAccessPoints");
        check("elbv2.DescribeListeners", "elasticloadbalancing:DescribeListeners");
        check("efs.DescribeFileSystems", "elasticfilesystem:DescribeFileSystems");
        check("opensearch.DescribeDomain", "es:DescribeDomain");
        check("sso-admin.ListInstances", "sso:ListInstances");
        check("cloudwatch.DescribeAlarms", "cloudwatch:DescribeAlarms");
        check("apigateway.GetRestApis", "apigateway:GET");
        check("lambda.GetFunctionUrlConfig", "lambda:GetFunctionUrlConfig");
        check("emr.ListClusters", "elasticmapreduce:ListClusters");
    }

    #[test]
    fn every_exception_names_an_operation_and_actions_that_there_are() {
        for ((service, operation), actions) in &names().actions {
            let known = models().service(service).expect(service);
            assert!(known.operations.contains_key(*operation), "{service}.{operation}");
            assert!(actions.iter().all(|action| is_known(action)), "{actions:?}");
        }
        for (service, prefix) in &names().prefixes {
            assert!(models().service(service).is_some(), "{service}");
            assert!(Reference::shipped().service(prefix).is_some(), "{prefix}");
        }
    }
}
