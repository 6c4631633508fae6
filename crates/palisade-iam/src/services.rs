//! Facts about services that the rules need and that grow: dated, so that a newer reference can replace them.

/// The day on which the facts here were last checked.
pub const AS_OF: &str = "2026-09-26";

/// The services that resource control policies act on.
///
/// Source: Organizations user guide, "Resource control policies", "List of AWS services that support RCPs".
const WITH_RESOURCE_CONTROL: [&str; 62] = [
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

/// Do resource control policies act on the service of this prefix (in lowercase)?
pub fn rcp_supported(service: &str) -> bool {
    WITH_RESOURCE_CONTROL.binary_search(&service).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(WITH_RESOURCE_CONTROL.is_sorted());
        assert!(
            rcp_supported("s3") && rcp_supported("sts") && !rcp_supported("iam") && !rcp_supported("lambda")
        );
    }
}
