//! The operations that stories are told with, in the shapes in which CloudTrail shows them.

use super::record::{Api, read, write};

const CREDENTIALS: &str = r#"{"credentials":{"accessKeyId":"$session","sessionToken":"$token","expiration":"$later"},"assumedRoleUser":{"assumedRoleId":"$roleid:$subject","arn":"arn:aws:sts::$account:assumed-role/$role/$subject"}}"#;

pub const FEDERATE: Api = write("sso", "Federate", "null", "null");
pub const FEDERATED: &str =
    r#","serviceEventDetails":{"account_id":"$subject","role_name":"$other","relay_state":"null"}"#;
pub const GET_ROLE_CREDENTIALS: Api =
    read("sso", "GetRoleCredentials", r#"{"roleName":"$other","accountId":"$subject"}"#);
pub const ASSUME_WITH_SAML: Api = write(
    "sts",
    "AssumeRoleWithSAML",
    r#"{"sAMLAssertionID":"_$uuid","roleSessionName":"$subject","durationSeconds":3600,"roleArn":"arn:aws:iam::$account:role/aws-reserved/sso.amazonaws.com/eu-west-1/$role","principalArn":"arn:aws:iam::$account:saml-provider/AWSSSO_DO_NOT_DELETE"}"#,
    r#"{"subjectType":"persistent","issuer":"https://portal.sso.eu-west-1.amazonaws.com/saml/assertion/$hex17","credentials":{"accessKeyId":"$session","sessionToken":"$token","expiration":"$later"},"nameQualifier":"$hex17","assumedRoleUser":{"assumedRoleId":"$roleid:$subject","arn":"arn:aws:sts::$account:assumed-role/$role/$subject"},"subject":"$subject","audience":"https://signin.aws.amazon.com/saml"}"#,
);
pub const CONSOLE_LOGIN: Api = write("signin", "ConsoleLogin", "null", r#"{"ConsoleLogin":"Success"}"#);
pub const SIGNED_IN_FEDERATED: &str = r#","additionalEventData":{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No","SamlProviderArn":"arn:aws:iam::$account:saml-provider/AWSSSO_DO_NOT_DELETE"}"#;
pub const SIGNED_IN_PLAINLY: &str = r#","additionalEventData":{"LoginTo":"https://console.aws.amazon.com/console/home?state=hashArgs%23&isauthcode=true","MobileVersion":"No","MFAUsed":"No"}"#;
pub const ASSUME_WITH_TOKEN: Api = write(
    "sts",
    "AssumeRoleWithWebIdentity",
    r#"{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"GitHubActions","durationSeconds":3600}"#,
    r#"{"subjectFromWebIdentityToken":"$subject","assumedRoleUser":{"assumedRoleId":"$roleid:GitHubActions","arn":"arn:aws:sts::$account:assumed-role/$role/GitHubActions"},"credentials":{"accessKeyId":"$session","sessionToken":"$token","expiration":"$later"},"provider":"arn:aws:iam::$account:oidc-provider/token.actions.githubusercontent.com","audience":"sts.amazonaws.com"}"#,
);
pub const GET_CALLER_IDENTITY: Api = read("sts", "GetCallerIdentity", "null");
pub const ASSUME_AS_VENDOR: Api = write(
    "sts",
    "AssumeRole",
    r#"{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$subject","externalId":"hidden-due-to-security","durationSeconds":3600}"#,
    CREDENTIALS,
);
pub const ASSUME_ROLE: Api = write(
    "sts",
    "AssumeRole",
    r#"{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$subject"}"#,
    CREDENTIALS,
);
pub const ASSUME_BREAK_GLASS: Api = write(
    "sts",
    "AssumeRole",
    r#"{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$subject","durationSeconds":3600,"sourceIdentity":"$subject","tags":[{"key":"ticket","value":"$subject"}]}"#,
    CREDENTIALS,
);
pub const ASSUMED_BY_SERVICE: [Api; 1] = [write(
    "sts",
    "AssumeRole",
    r#"{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$function"}"#,
    r#"{"credentials":{"accessKeyId":"$session","sessionToken":"$token","expiration":"$later"}}"#,
)];

pub const DESCRIBE_INSTANCES: Api =
    read("ec2", "DescribeInstances", r#"{"maxResults":100,"instancesSet":{},"filterSet":{}}"#);
const DESCRIBE_GROUPS: Api = read(
    "ec2",
    "DescribeSecurityGroups",
    r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"$sg"}]},"filterSet":{}}"#,
);
pub const LIST_BUCKETS: Api = read("s3", "ListBuckets", r#"{"Host":"s3.$region.amazonaws.com"}"#);
const GET_BUCKET_POLICY: Api = read(
    "s3",
    "GetBucketPolicy",
    r#"{"bucketName":"$bucket","Host":"$bucket.s3.$region.amazonaws.com","policy":""}"#,
);
const GET_BUCKET_LOCATION: Api = read(
    "s3",
    "GetBucketLocation",
    r#"{"bucketName":"$bucket","Host":"$bucket.s3.$region.amazonaws.com","location":""}"#,
);
pub const GET_BUCKET_ACL: Api = read(
    "s3",
    "GetBucketAcl",
    r#"{"bucketName":"$bucket","Host":"$bucket.s3.$region.amazonaws.com","acl":""}"#,
);
const GET_BUCKET_VERSIONING: Api = read(
    "s3",
    "GetBucketVersioning",
    r#"{"bucketName":"$bucket","Host":"$bucket.s3.$region.amazonaws.com","versioning":""}"#,
);
const GET_ROLE: Api = read("iam", "GetRole", r#"{"roleName":"$role"}"#);
const LIST_ROLE_POLICIES: Api = read("iam", "ListRolePolicies", r#"{"roleName":"$role"}"#);
const GET_ROLE_POLICY: Api = read("iam", "GetRolePolicy", r#"{"roleName":"$role","policyName":"work"}"#);
const LIST_ATTACHED: Api = read("iam", "ListAttachedRolePolicies", r#"{"roleName":"$role"}"#);
pub const LIST_ROLES: Api = read("iam", "ListRoles", "null");
pub const LIST_USERS: Api = read("iam", "ListUsers", "null");
pub const LIST_KEYS_OF_USER: Api = read("iam", "ListAccessKeys", r#"{"userName":"$subject"}"#);
pub const ACCOUNT_SUMMARY: Api = read("iam", "GetAccountSummary", "null");
const GET_FUNCTION: Api = read("lambda", "GetFunction20150331v2", r#"{"functionName":"$function"}"#);
pub const LIST_FUNCTIONS: Api = read("lambda", "ListFunctions20150331", r#"{"maxItems":50}"#);
pub const DESCRIBE_DATABASES: Api = read("rds", "DescribeDBInstances", r#"{"maxRecords":100}"#);
pub const DESCRIBE_DB_SNAPSHOTS: Api = read(
    "rds",
    "DescribeDBSnapshots",
    r#"{"dBInstanceIdentifier":"$db","includeShared":false,"includePublic":false}"#,
);
const DESCRIBE_LOGS: Api = read("logs", "DescribeLogGroups", r#"{"logGroupNamePrefix":"$log"}"#);
const DESCRIBE_KEY: Api = read("kms", "DescribeKey", r#"{"keyId":"arn:aws:kms:$region:$account:key/$key"}"#);
const GET_QUEUE: Api = read(
    "sqs",
    "GetQueueAttributes",
    r#"{"queueUrl":"https://sqs.$region.amazonaws.com/$account/$queue","attributeNames":["All"]}"#,
);
const DESCRIBE_SERVICES: Api = read("ecs", "DescribeServices", r#"{"cluster":"$app","services":["$app"]}"#);
const DESCRIBE_ALARMS: Api = read("monitoring", "DescribeAlarms", r#"{"maxRecords":100}"#);
const SCALING_GROUPS: Api = read("autoscaling", "DescribeAutoScalingGroups", r#"{"maxRecords":100}"#);
const LOAD_BALANCERS: Api = read("elasticloadbalancing", "DescribeLoadBalancers", "null");
const TARGET_HEALTH: Api = read(
    "elasticloadbalancing",
    "DescribeTargetHealth",
    r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:$region:$account:targetgroup/$app/$hex17"}"#,
);
pub const GET_SECRET: Api = read(
    "secretsmanager",
    "GetSecretValue",
    r#"{"secretId":"arn:aws:secretsmanager:$region:$account:secret:app/$app"}"#,
);
pub const GET_THAT_SECRET: Api = read(
    "secretsmanager",
    "GetSecretValue",
    r#"{"secretId":"arn:aws:secretsmanager:$region:$account:secret:$subject"}"#,
);
pub const LIST_SECRETS: Api = read("secretsmanager", "ListSecrets", r#"{"maxResults":100}"#);
const GET_PARAMETER: Api =
    read("ssm", "GetParameter", r#"{"name":"/$app/$stage/config","withDecryption":true}"#);
pub const MANAGED_INSTANCES: Api = read("ssm", "DescribeInstanceInformation", r#"{"maxResults":50}"#);
pub const DESCRIBE_TRAILS: Api =
    read("cloudtrail", "DescribeTrails", r#"{"includeShadowTrails":true,"trailNameList":[]}"#);
pub const TRAIL_STATUS: Api =
    read("cloudtrail", "GetTrailStatus", r#"{"name":"arn:aws:cloudtrail:$region:$account:trail/account"}"#);
pub const LIST_DETECTORS: Api = read("guardduty", "ListDetectors", "null");

pub const CONSOLE_READS: [Api; 20] = [
    DESCRIBE_INSTANCES,
    read("ec2", "DescribeRegions", r#"{"regionSet":{},"allRegions":true}"#),
    read("ec2", "DescribeVpcs", r#"{"vpcSet":{},"filterSet":{}}"#),
    read("ec2", "DescribeSubnets", r#"{"subnetSet":{},"filterSet":{}}"#),
    DESCRIBE_GROUPS,
    LIST_BUCKETS,
    GET_BUCKET_POLICY,
    GET_BUCKET_VERSIONING,
    LIST_FUNCTIONS,
    GET_FUNCTION,
    DESCRIBE_DATABASES,
    DESCRIBE_LOGS,
    DESCRIBE_ALARMS,
    DESCRIBE_SERVICES,
    LIST_ROLES,
    GET_ROLE,
    read(
        "health",
        "DescribeEventAggregates",
        r#"{"aggregateField":"eventTypeCategory","filter":{"eventStatusCodes":["open","upcoming"]}}"#,
    ),
    read("notifications", "ListNotificationHubs", "null"),
    read("tagging", "GetResources", r#"{"resourcesPerPage":100}"#),
    read("servicequotas", "ListServiceQuotas", r#"{"serviceCode":"lambda"}"#),
];
pub const CONSOLE_WRITES: [Api; 4] = [
    write(
        "lambda",
        "UpdateFunctionConfiguration20150331v2",
        r#"{"functionName":"$function","memorySize":512,"timeout":30}"#,
        r#"{"functionName":"$function","functionArn":"arn:aws:lambda:$region:$account:function:$function","memorySize":512,"timeout":30,"state":"Active","lastUpdateStatus":"InProgress"}"#,
    ),
    write(
        "logs",
        "StartQuery",
        r#"{"logGroupNames":["$log"],"queryString":"fields @timestamp, @message | limit 50","startTime":0,"endTime":0}"#,
        r#"{"queryId":"$uuid"}"#,
    ),
    write(
        "ec2",
        "CreateTags",
        r#"{"resourcesSet":{"items":[{"resourceId":"$instance"}]},"tagSet":{"items":[{"key":"owner","value":"$app"}]}}"#,
        r#"{"requestId":"$uuid","_return":true}"#,
    ),
    write(
        "ec2",
        "StartInstances",
        r#"{"instancesSet":{"items":[{"instanceId":"$instance"}]}}"#,
        r#"{"requestId":"$uuid","instancesSet":{"items":[{"instanceId":"$instance","currentState":{"code":0,"name":"pending"},"previousState":{"code":80,"name":"stopped"}}]}}"#,
    ),
];
pub const TOOL_READS: [Api; 12] = [
    GET_CALLER_IDENTITY,
    DESCRIBE_INSTANCES,
    LIST_BUCKETS,
    GET_BUCKET_LOCATION,
    DESCRIBE_LOGS,
    GET_FUNCTION,
    GET_PARAMETER,
    DESCRIBE_SERVICES,
    GET_QUEUE,
    DESCRIBE_DATABASES,
    GET_ROLE,
    read("ecr", "DescribeRepositories", r#"{"maxResults":100}"#),
];
const START_SESSION: Api = write(
    "ssm",
    "StartSession",
    r#"{"target":"$instance"}"#,
    r#"{"sessionId":"$app-$hex17","streamUrl":"wss://ssmmessages.$region.amazonaws.com/v1/data-channel/$app-$hex17","tokenValue":"Value hidden due to security reasons."}"#,
);
pub const ENGINEER_WRITES: [Api; 6] = [
    OWN_SSH,
    GET_SECRET,
    START_SESSION,
    write(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        r#"{"groupId":"$sg","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":5432,"toPort":5432,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.20.254.0/24","description":"VPN"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        r#"{"requestId":"$uuid","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"$account","groupId":"$sg","securityGroupRuleId":"sgr-0$hex17","isEgress":false,"ipProtocol":"tcp","fromPort":5432,"toPort":5432,"cidrIpv4":"10.20.254.0/24"}]}}"#,
    ),
    write(
        "ecs",
        "UpdateService",
        r#"{"cluster":"$app","service":"$app","forceNewDeployment":true}"#,
        r#"{"service":{"serviceName":"$app","clusterArn":"arn:aws:ecs:$region:$account:cluster/$app","desiredCount":2,"status":"ACTIVE"}}"#,
    ),
    write(
        "rds",
        "CreateDBSnapshot",
        r#"{"dBSnapshotIdentifier":"before-migration-$hex8","dBInstanceIdentifier":"$db"}"#,
        r#"{"dBSnapshotIdentifier":"before-migration-$hex8","dBInstanceIdentifier":"$db","status":"creating","encrypted":true,"engine":"postgres"}"#,
    ),
];
pub const OPERATOR_WRITES: [Api; 5] = [
    START_SESSION,
    write(
        "ecs",
        "UpdateService",
        r#"{"cluster":"$app","service":"$app","forceNewDeployment":true}"#,
        r#"{"service":{"serviceName":"$app","clusterArn":"arn:aws:ecs:$region:$account:cluster/$app","desiredCount":6,"status":"ACTIVE"}}"#,
    ),
    write(
        "autoscaling",
        "SetDesiredCapacity",
        r#"{"autoScalingGroupName":"$app","desiredCapacity":8,"honorCooldown":false}"#,
        "null",
    ),
    write(
        "rds",
        "RebootDBInstance",
        r#"{"dBInstanceIdentifier":"$db"}"#,
        r#"{"dBInstanceIdentifier":"$db","dBInstanceStatus":"rebooting"}"#,
    ),
    write(
        "logs",
        "StartQuery",
        r#"{"logGroupNames":["$log"],"queryString":"filter @message like /ERROR/","startTime":0,"endTime":0}"#,
        r#"{"queryId":"$uuid"}"#,
    ),
];
pub const ON_CALL_READS: [Api; 8] = [
    DESCRIBE_ALARMS,
    DESCRIBE_SERVICES,
    TARGET_HEALTH,
    LOAD_BALANCERS,
    SCALING_GROUPS,
    DESCRIBE_DATABASES,
    DESCRIBE_LOGS,
    DESCRIBE_INSTANCES,
];
pub const SECURITY_READS: [Api; 10] = [
    read("guardduty", "ListFindings", r#"{"detectorId":"$hex8","maxResults":50}"#),
    LIST_DETECTORS,
    DESCRIBE_TRAILS,
    read("cloudtrail", "LookupEvents", r#"{"maxResults":50}"#),
    read(
        "access-analyzer",
        "ListFindingsV2",
        r#"{"analyzerArn":"arn:aws:access-analyzer:$region:$account:analyzer/account"}"#,
    ),
    read("securityhub", "GetFindings", r#"{"maxResults":100}"#),
    LIST_ROLES,
    LIST_USERS,
    read("iam", "GetCredentialReport", "null"),
    DESCRIBE_GROUPS,
];
pub const BILLING_READS: [Api; 4] = [
    read("ce", "GetCostAndUsage", r#"{"granularity":"MONTHLY","metrics":["UnblendedCost"]}"#),
    read("ce", "GetCostForecast", r#"{"granularity":"MONTHLY","metric":"UNBLENDED_COST"}"#),
    read("ce", "GetReservationUtilization", r#"{"granularity":"DAILY"}"#),
    read("organizations", "ListAccounts", "null"),
];
pub const TERRAFORM_READS: [Api; 18] = [
    GET_ROLE,
    LIST_ROLE_POLICIES,
    GET_ROLE_POLICY,
    LIST_ATTACHED,
    GET_BUCKET_POLICY,
    GET_BUCKET_VERSIONING,
    GET_BUCKET_ACL,
    GET_BUCKET_LOCATION,
    DESCRIBE_GROUPS,
    DESCRIBE_KEY,
    GET_QUEUE,
    GET_FUNCTION,
    DESCRIBE_LOGS,
    DESCRIBE_DATABASES,
    DESCRIBE_INSTANCES,
    read("kms", "GetKeyRotationStatus", r#"{"keyId":"$key"}"#),
    read("logs", "ListTagsForResource", r#"{"resourceArn":"arn:aws:logs:$region:$account:log-group:$log"}"#),
    read("lambda", "GetPolicy20150331v2", r#"{"functionName":"$function"}"#),
];
pub const DEPLOY: &[Api] = &[
    read("ecr", "GetAuthorizationToken", "null"),
    write(
        "ecr",
        "PutImage",
        r#"{"repositoryName":"$app","imageTag":"$subject"}"#,
        r#"{"image":{"repositoryName":"$app","registryId":"$account","imageId":{"imageTag":"$subject"}}}"#,
    ),
    write(
        "ecs",
        "RegisterTaskDefinition",
        r#"{"family":"$app","networkMode":"awsvpc","cpu":"1024","memory":"2048","requiresCompatibilities":["FARGATE"],"taskRoleArn":"arn:aws:iam::$account:role/$app-task"}"#,
        r#"{"taskDefinition":{"family":"$app","revision":118,"status":"ACTIVE","taskDefinitionArn":"arn:aws:ecs:$region:$account:task-definition/$app:118"}}"#,
    ),
    write(
        "ecs",
        "UpdateService",
        r#"{"cluster":"$app","service":"$app","taskDefinition":"$app:118"}"#,
        r#"{"service":{"serviceName":"$app","clusterArn":"arn:aws:ecs:$region:$account:cluster/$app","desiredCount":4,"status":"ACTIVE"}}"#,
    ),
    DESCRIBE_SERVICES,
    DESCRIBE_SERVICES,
    UPDATE_CODE,
];
pub const UPDATE_CODE: Api = write(
    "lambda",
    "UpdateFunctionCode20150331v2",
    r#"{"functionName":"$function","publish":false,"dryRun":false,"fullyQualifiedArn":{"arnPrefix":{"partition":"aws","region":"$region","account":"$account"},"relativeId":{"functionName":"$function"},"functionQualifier":{}}}"#,
    r#"{"functionName":"$function","functionArn":"arn:aws:lambda:$region:$account:function:$function","runtime":"python3.13","role":"arn:aws:iam::$account:role/$function","handler":"main.handler","codeSize":48211,"timeout":30,"memorySize":512,"version":"$latest","state":"Active","lastUpdateStatus":"InProgress","packageType":"Zip","architectures":["arm64"]}"#,
);
pub const NEW_ROLE: [Api; 3] = [
    write(
        "iam",
        "CreateRole",
        r#"{"roleName":"$role","assumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ecs-tasks.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}","path":"/","maxSessionDuration":3600,"tags":[{"key":"application","value":"$app"}]}"#,
        r#"{"role":{"path":"/","roleName":"$role","roleId":"$roleid","arn":"arn:aws:iam::$account:role/$role","createDate":"$now","maxSessionDuration":3600}}"#,
    ),
    write(
        "iam",
        "PutRolePolicy",
        r#"{"roleName":"$role","policyName":"work","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sqs:ReceiveMessage\",\"sqs:DeleteMessage\"],\"Resource\":\"arn:aws:sqs:$region:$account:$queue\"}]}"}"#,
        "null",
    ),
    write(
        "iam",
        "AttachRolePolicy",
        r#"{"roleName":"$role","policyArn":"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"}"#,
        "null",
    ),
];
pub const CHANGED_ROLE: [Api; 2] = [
    GET_ROLE_POLICY,
    write(
        "iam",
        "PutRolePolicy",
        r#"{"roleName":"$app-task","policyName":"secrets","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\"arn:aws:secretsmanager:$region:$account:secret:app/*\"}]}"}"#,
        "null",
    ),
];
pub const NEW_BUCKET: [Api; 5] = [
    write(
        "s3",
        "CreateBucket",
        r#"{"CreateBucketConfiguration":{"LocationConstraint":"$region","xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"bucketName":"vh-$subject","Host":"vh-$subject.s3.$region.amazonaws.com"}"#,
        "null",
    ),
    write(
        "s3",
        "PutBucketPublicAccessBlock",
        r#"{"publicAccessBlock":"","bucketName":"vh-$subject","PublicAccessBlockConfiguration":{"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/","RestrictPublicBuckets":true,"BlockPublicPolicy":true,"BlockPublicAcls":true,"IgnorePublicAcls":true},"Host":"vh-$subject.s3.$region.amazonaws.com"}"#,
        "null",
    ),
    write(
        "s3",
        "PutBucketVersioning",
        r#"{"versioning":"","bucketName":"vh-$subject","VersioningConfiguration":{"Status":"Enabled","xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"Host":"vh-$subject.s3.$region.amazonaws.com"}"#,
        "null",
    ),
    write(
        "s3",
        "PutBucketEncryption",
        r#"{"encryption":"","bucketName":"vh-$subject","ServerSideEncryptionConfiguration":{"Rule":{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}},"Host":"vh-$subject.s3.$region.amazonaws.com"}"#,
        "null",
    ),
    write(
        "s3",
        "PutBucketPolicy",
        r#"{"policy":"","bucketName":"vh-$subject","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"OnlyWithTls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::vh-$subject","arn:aws:s3:::vh-$subject/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]},"Host":"vh-$subject.s3.$region.amazonaws.com"}"#,
        "null",
    ),
];
pub const NEW_RULES: [Api; 3] = [
    write(
        "ec2",
        "CreateSecurityGroup",
        r#"{"groupName":"$subject","groupDescription":"Managed by Terraform","vpcId":"$vpc"}"#,
        r#"{"requestId":"$uuid","_return":true,"groupId":"sg-0$hex17"}"#,
    ),
    write(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        r#"{"groupId":"$sg","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0","description":"HTTPS"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        r#"{"requestId":"$uuid","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"$account","groupId":"$sg","securityGroupRuleId":"sgr-0$hex17","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443,"cidrIpv4":"0.0.0.0/0"}]}}"#,
    ),
    write(
        "ec2",
        "RevokeSecurityGroupEgress",
        r#"{"groupId":"$sg","ipPermissions":{"items":[{"ipProtocol":"-1","groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        r#"{"requestId":"$uuid","_return":true}"#,
    ),
];
pub const NEW_QUEUE: [Api; 2] = [
    write(
        "sqs",
        "CreateQueue",
        r#"{"queueName":"$subject","attributes":{"SqsManagedSseEnabled":"true","MessageRetentionPeriod":"345600"},"tags":{"application":"$app"}}"#,
        r#"{"queueUrl":"https://sqs.$region.amazonaws.com/$account/$subject"}"#,
    ),
    write(
        "sqs",
        "SetQueueAttributes",
        r#"{"queueUrl":"https://sqs.$region.amazonaws.com/$account/$subject","attributes":{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"sns.amazonaws.com\"},\"Action\":\"sqs:SendMessage\",\"Resource\":\"arn:aws:sqs:$region:$account:$subject\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:$region:$account:changes\"}}}]}"}}"#,
        "null",
    ),
];
pub const NEW_FUNCTION: [Api; 3] = [
    write(
        "lambda",
        "CreateFunction20150331",
        r#"{"functionName":"$subject","runtime":"python3.13","role":"arn:aws:iam::$account:role/$app-task","handler":"main.handler","code":{},"timeout":30,"memorySize":512,"publish":false}"#,
        r#"{"functionName":"$subject","functionArn":"arn:aws:lambda:$region:$account:function:$subject","runtime":"python3.13","role":"arn:aws:iam::$account:role/$app-task","state":"Pending"}"#,
    ),
    write(
        "lambda",
        "AddPermission20150331v2",
        r#"{"functionName":"$subject","statementId":"events","action":"lambda:InvokeFunction","principal":"events.amazonaws.com","sourceArn":"arn:aws:events:$region:$account:rule/$app"}"#,
        r#"{"statement":"{\"Sid\":\"events\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\",\"Resource\":\"arn:aws:lambda:$region:$account:function:$subject\"}"}"#,
    ),
    write("logs", "CreateLogGroup", r#"{"logGroupName":"/aws/lambda/$subject"}"#, "null"),
];
pub const VENDOR_READS: [Api; 5] = [
    read("monitoring", "DescribeAlarms", r#"{"maxRecords":100}"#),
    DESCRIBE_INSTANCES,
    read("tagging", "GetResources", r#"{"resourcesPerPage":100}"#),
    LOAD_BALANCERS,
    SCALING_GROUPS,
];
pub const EXPORTER_READS: [Api; 3] = [GET_BUCKET_LOCATION, GET_BUCKET_ACL, GET_CALLER_IDENTITY];
pub const ROTATION: [Api; 4] = [
    LIST_KEYS_OF_USER,
    write(
        "iam",
        "CreateAccessKey",
        r#"{"userName":"$subject"}"#,
        r#"{"accessKey":{"userName":"$subject","accessKeyId":"AKIA$id16","status":"Active","createDate":"$now"}}"#,
    ),
    write(
        "iam",
        "UpdateAccessKey",
        r#"{"userName":"$subject","accessKeyId":"$other","status":"Inactive"}"#,
        "null",
    ),
    write("iam", "DeleteAccessKey", r#"{"userName":"$subject","accessKeyId":"$other"}"#, "null"),
];
pub const DRILL: [Api; 4] = [GET_CALLER_IDENTITY, DESCRIBE_TRAILS, LIST_ROLES, DESCRIBE_GROUPS];
pub const CONFIG_READS: [Api; 6] = [
    LIST_BUCKETS,
    GET_BUCKET_POLICY,
    GET_BUCKET_ACL,
    DESCRIBE_GROUPS,
    DESCRIBE_INSTANCES,
    write(
        "config",
        "PutEvaluations",
        r#"{"evaluations":[{"complianceResourceType":"AWS::S3::Bucket","complianceResourceId":"$bucket","complianceType":"COMPLIANT"}],"resultToken":"$hex17"}"#,
        r#"{"failedEvaluations":[]}"#,
    ),
];
pub const EXPLORER_READS: [Api; 5] =
    [DESCRIBE_INSTANCES, LIST_FUNCTIONS, DESCRIBE_DATABASES, DESCRIBE_LOGS, GET_QUEUE];
pub const ADVISOR_READS: [Api; 4] = [
    DESCRIBE_INSTANCES,
    DESCRIBE_DATABASES,
    LOAD_BALANCERS,
    read("servicequotas", "ListServiceQuotas", r#"{"serviceCode":"ec2"}"#),
];
pub const GUARD_READS: [Api; 3] = [
    DESCRIBE_INSTANCES,
    read("organizations", "DescribeOrganization", "null"),
    read("ec2", "DescribeVpcEndpoints", r#"{"DescribeVpcEndpointsRequest":{}}"#),
];
pub const ANALYZER_READS: [Api; 4] = [LIST_ROLES, GET_ROLE, GET_BUCKET_POLICY, LIST_BUCKETS];
pub const DELIVERY_CALLS: [Api; 2] = [
    read(
        "s3",
        "GetBucketAcl",
        r#"{"bucketName":"velvet-heron-trail","Host":"velvet-heron-trail.s3.$region.amazonaws.com","acl":""}"#,
    ),
    read(
        "kms",
        "GenerateDataKey",
        r#"{"keyId":"arn:aws:kms:$region:$account:key/$key","keySpec":"AES_256","encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:$region:$account:trail/organisation"}}"#,
    ),
];
const DECRYPT: Api = read(
    "kms",
    "Decrypt",
    r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:lambda:FunctionArn":"arn:aws:lambda:$region:$account:function:$function"}}"#,
);
pub const FUNCTION_CALLS: [Api; 5] = [
    write(
        "logs",
        "CreateLogStream",
        r#"{"logGroupName":"/aws/lambda/$function","logStreamName":"[$latest]$hex17"}"#,
        "null",
    ),
    DECRYPT,
    GET_PARAMETER,
    GET_SECRET,
    read("sqs", "GetQueueUrl", r#"{"queueName":"$queue"}"#),
];
pub const MACHINE_CALLS: [Api; 5] = [
    read(
        "ec2",
        "DescribeTags",
        r#"{"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"$instance"}]}}]},"maxResults":1000}"#,
    ),
    GET_PARAMETER,
    GET_QUEUE,
    read(
        "kms",
        "GenerateDataKey",
        r#"{"keyId":"arn:aws:kms:$region:$account:key/$key","keySpec":"AES_256"}"#,
    ),
    write(
        "ssm",
        "UpdateInstanceInformation",
        r#"{"instanceId":"$instance","agentVersion":"3.3.1611.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux"}"#,
        "null",
    ),
];
pub const TASK_CALLS: [Api; 6] = [
    read("ecr", "GetAuthorizationToken", "null"),
    read("ecr", "BatchGetImage", r#"{"repositoryName":"$app","imageIds":[{"imageTag":"$hex8"}]}"#),
    GET_SECRET,
    GET_PARAMETER,
    write(
        "logs",
        "CreateLogStream",
        r#"{"logGroupName":"/ecs/$app","logStreamName":"app/$app/$hex17"}"#,
        "null",
    ),
    read(
        "kms",
        "Decrypt",
        r#"{"keyId":"arn:aws:kms:$region:$account:key/$key","encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"SecretARN":"arn:aws:secretsmanager:$region:$account:secret:app/$app"}}"#,
    ),
];
pub const SCALING_CALLS: [Api; 5] = [
    SCALING_GROUPS,
    write(
        "ec2",
        "RunInstances",
        r#"{"instancesSet":{"items":[{"minCount":1,"maxCount":1}]},"instanceType":"c7g.2xlarge","launchTemplate":{"launchTemplateId":"lt-0$hex17","version":"12"},"subnetId":"$subnet","disableApiTermination":false}"#,
        r#"{"requestId":"$uuid","reservationId":"r-0$hex17","ownerId":"$account","instancesSet":{"items":[{"instanceId":"i-0$hex17","instanceType":"c7g.2xlarge","subnetId":"$subnet","vpcId":"$vpc","instanceState":{"code":0,"name":"pending"}}]}}"#,
    ),
    DESCRIBE_INSTANCES,
    write(
        "elasticloadbalancing",
        "RegisterTargets",
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:$region:$account:targetgroup/$app/$hex17","targets":[{"id":"i-0$hex17"}]}"#,
        "null",
    ),
    write(
        "ec2",
        "TerminateInstances",
        r#"{"instancesSet":{"items":[{"instanceId":"i-0$hex17"}]}}"#,
        r#"{"requestId":"$uuid","instancesSet":{"items":[{"instanceId":"i-0$hex17","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#,
    ),
];
pub const BACKUP_CALLS: [Api; 4] = [
    DESCRIBE_DATABASES,
    write(
        "rds",
        "CreateDBSnapshot",
        r#"{"dBSnapshotIdentifier":"awsbackup:job-$uuid","dBInstanceIdentifier":"$db"}"#,
        r#"{"dBSnapshotIdentifier":"awsbackup:job-$uuid","dBInstanceIdentifier":"$db","status":"creating","encrypted":true}"#,
    ),
    DESCRIBE_DB_SNAPSHOTS,
    write(
        "rds",
        "DeleteDBSnapshot",
        r#"{"dBSnapshotIdentifier":"awsbackup:job-$uuid"}"#,
        r#"{"dBSnapshotIdentifier":"awsbackup:job-$uuid","status":"deleted"}"#,
    ),
];

/// An engineer lets themselves in, by the address they work from.
const OWN_SSH: Api = write(
    "ec2",
    "AuthorizeSecurityGroupIngress",
    r#"{"groupId":"$sg","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":[{"cidrIp":"$other/32","description":"me"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
    r#"{"requestId":"$uuid","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"$account","groupId":"$sg","securityGroupRuleId":"sgr-0$hex17","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"$other/32"}]}}"#,
);
/// What pipelines let other accounts of the organisation do.
pub const SHARED_IMAGE: [Api; 2] = [
    write(
        "ec2",
        "CreateImage",
        r#"{"instanceId":"$instance","name":"$subject","noReboot":true}"#,
        r#"{"requestId":"$uuid","imageId":"ami-0$hex17"}"#,
    ),
    write(
        "ec2",
        "ModifyImageAttribute",
        r#"{"imageId":"ami-0$hex17","launchPermission":{"add":{"items":[{"userId":"$other"}]}},"attributeType":"launchPermission"}"#,
        r#"{"requestId":"$uuid","_return":true}"#,
    ),
];
pub const SHARED_BUCKET: [Api; 2] = [
    GET_BUCKET_POLICY,
    write(
        "s3",
        "PutBucketPolicy",
        r#"{"policy":"","bucketName":"$bucket","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$other:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::$bucket/*"}]},"Host":"$bucket.s3.$region.amazonaws.com"}"#,
        "null",
    ),
];
pub const SHARED_ROLE: [Api; 2] = [
    GET_ROLE,
    write(
        "iam",
        "UpdateAssumeRolePolicy",
        r#"{"roleName":"$app-task","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ecs-tasks.amazonaws.com\",\"AWS\":\"arn:aws:iam::$other:role/deploys-landing-zone\"},\"Action\":\"sts:AssumeRole\"}]}"}"#,
        "null",
    ),
];
/// The machines are patched at night.
pub const PATCH_CALLS: [Api; 2] = [
    MANAGED_INSTANCES,
    write(
        "ssm",
        "SendCommand",
        r#"{"documentName":"AWS-RunPatchBaseline","targets":[{"key":"tag:application","values":["$app"]}],"interactive":false,"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        r#"{"command":{"commandId":"$uuid","documentName":"AWS-RunPatchBaseline","documentVersion":"$default","status":"Pending","statusDetails":"Pending","requestedDateTime":"$now","expiresAfter":"$later","parameters":"HIDDEN_DUE_TO_SECURITY_REASONS","maxConcurrency":"10%","maxErrors":"0","timeoutSeconds":600}}"#,
    ),
];
