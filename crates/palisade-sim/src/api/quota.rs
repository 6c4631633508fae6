//! How often each operation may be called: the documented quotas, as token buckets in virtual time.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// What one bucket holds: the calls of one or more operations of a service, in one account and region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// The operation, or what several share a bucket under.
    pub bucket: &'static str,
    /// Calls that come back each second.
    pub rate: f64,
    /// Calls that a full bucket holds.
    pub burst: f64,
    /// Does a document of AWS say so? Where none does, it is a figure that careful clients have met no throttles at.
    pub is_documented: bool,
}

const fn said(bucket: &'static str, rate: f64, burst: f64) -> Quota {
    Quota { bucket, rate, burst, is_documented: true }
}

const fn guess(bucket: &'static str, rate: f64, burst: f64) -> Quota {
    Quota { bucket, rate, burst, is_documented: false }
}

/// The quotas of a service: those of single operations, and that of all others.
struct OfService {
    service: &'static str,
    operations: &'static [(&'static [&'static str], Quota)],
    other: Other,
}

/// The bucket of the operations that are not named.
enum Other {
    /// Each operation has one of its own.
    Each(Quota),
    /// They share one.
    Shared(Quota),
}

/// "Request throttling for the Amazon EC2 API" in its developer guide: actions that do not change anything, and those
/// of them that are called without filter and without pages.
const EC2: (Quota, Quota) = (said("", 20.0, 100.0), said("unpaginated", 10.0, 50.0));

/// Figures of the services' pages on quotas, as of 2026: "Request quotas" of KMS, "Lambda quotas", "CloudWatch Logs
/// quotas", "Quotas in AWS CloudTrail", "Amazon SNS endpoints and quotas", "Quotas for AWS Organizations", "IAM and AWS
/// STS quotas", "AWS Secrets Manager quotas".
const TABLE: [OfService; 15] = [
    OfService {
        service: "kms",
        operations: &[
            (&["DescribeKey"], said("", 2_000.0, 2_000.0)),
            (&["GetKeyPolicy"], said("", 1_000.0, 1_000.0)),
            (&["GetKeyRotationStatus"], said("", 1_000.0, 1_000.0)),
            (&["ListResourceTags"], said("", 2_000.0, 2_000.0)),
            (&["ListAliases"], said("", 500.0, 500.0)),
            (&["ListKeys"], said("", 500.0, 500.0)),
            (&["ListGrants"], said("", 100.0, 100.0)),
        ],
        other: Other::Each(said("", 5.0, 5.0)),
    },
    OfService {
        service: "lambda",
        operations: &[(&["GetFunction"], said("", 100.0, 100.0)), (&["GetPolicy"], said("", 15.0, 15.0))],
        other: Other::Shared(said("control plane", 15.0, 15.0)),
    },
    OfService {
        service: "logs",
        operations: &[
            (&["DescribeLogGroups"], said("", 10.0, 10.0)),
            (&["ListTagsForResource", "ListTagsLogGroup"], said("", 5.0, 5.0)),
        ],
        other: Other::Each(guess("", 5.0, 5.0)),
    },
    OfService {
        service: "sns",
        operations: &[
            (&["ListTopics"], said("", 30.0, 30.0)),
            (&["ListSubscriptionsByTopic"], said("", 30.0, 30.0)),
            (&["ListSubscriptions"], said("", 30.0, 30.0)),
            (&["ListTagsForResource"], said("", 10.0, 10.0)),
        ],
        other: Other::Each(guess("", 30.0, 30.0)),
    },
    OfService {
        service: "cloudtrail",
        operations: &[
            (
                &[
                    "DescribeTrails",
                    "GetEventSelectors",
                    "GetInsightSelectors",
                    "GetTrail",
                    "GetTrailStatus",
                    "ListTags",
                    "ListTrails",
                ],
                said("", 10.0, 10.0),
            ),
            (&["LookupEvents"], said("", 2.0, 2.0)),
        ],
        other: Other::Each(guess("", 1.0, 1.0)),
    },
    OfService {
        service: "organizations",
        operations: &[
            (&["DescribeAccount"], said("", 20.0, 30.0)),
            (&["ListAccounts"], said("", 8.0, 12.0)),
            (&["ListChildren"], said("", 6.0, 10.0)),
            (&["ListTagsForResource"], said("", 10.0, 15.0)),
            (
                &[
                    "ListAccountsForParent",
                    "ListDelegatedAdministrators",
                    "ListOrganizationalUnitsForParent",
                    "ListParents",
                    "ListPolicies",
                    "ListPoliciesForTarget",
                    "ListTargetsForPolicy",
                ],
                said("", 5.0, 8.0),
            ),
            (&["DescribePolicy", "DescribeOrganizationalUnit"], said("", 2.0, 2.0)),
            (&["ListAWSServiceAccessForOrganization", "ListDelegatedServicesForAccount"], said("", 1.0, 3.0)),
        ],
        other: Other::Each(said("", 1.0, 2.0)),
    },
    OfService { service: "sts", operations: &[], other: Other::Each(said("", 600.0, 600.0)) },
    OfService {
        service: "secretsmanager",
        operations: &[
            (&["ListSecrets"], said("", 100.0, 100.0)),
            (&["GetResourcePolicy"], said("", 50.0, 50.0)),
            (&["DescribeSecret"], said("", 10_000.0, 10_000.0)),
        ],
        other: Other::Each(said("", 50.0, 50.0)),
    },
    OfService { service: "iam", operations: &[], other: Other::Each(guess("", 20.0, 40.0)) },
    OfService { service: "s3", operations: &[], other: Other::Each(guess("", 100.0, 100.0)) },
    OfService { service: "sqs", operations: &[], other: Other::Each(guess("", 100.0, 100.0)) },
    OfService { service: "rds", operations: &[], other: Other::Each(guess("", 20.0, 40.0)) },
    OfService { service: "sso-admin", operations: &[], other: Other::Shared(said("all", 20.0, 20.0)) },
    OfService { service: "identitystore", operations: &[], other: Other::Shared(said("all", 20.0, 20.0)) },
    OfService { service: "account", operations: &[], other: Other::Each(said("", 5.0, 8.0)) },
];

/// What an unnamed service is taken to bear.
const USUAL: Quota = guess("", 10.0, 20.0);

/// Operations of EC2 that count as unpaginated when nothing limits them.
const EC2_UNPAGINATED: [&str; 7] = [
    "DescribeInstanceStatus",
    "DescribeInstances",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSnapshots",
    "DescribeSpotInstanceRequests",
    "DescribeVolumes",
];

/// The quota of a call; an empty name of the bucket stands for the operation itself.
pub(crate) fn quota(service: &str, operation: &str, is_limited: bool) -> Quota {
    if service == "ec2" {
        let is_whole = !is_limited && EC2_UNPAGINATED.contains(&operation);
        return if is_whole { EC2.1 } else { EC2.0 };
    }
    let Some(of) = TABLE.iter().find(|of| of.service == service) else { return USUAL };
    let named = of.operations.iter().find(|(names, _)| names.contains(&operation));
    match (named, &of.other) {
        (Some((_, quota)), _) => *quota,
        (None, Other::Each(quota) | Other::Shared(quota)) => *quota,
    }
}

/// All buckets of a run.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    names: HashMap<String, u16>,
    quotas: Vec<(String, Quota)>,
    buckets: HashMap<u64, Bucket>,
    /// What was used of buckets that nobody asked for a long time.
    settled: BTreeMap<String, BucketUse>,
    settled_at: usize,
}

/// When there are more buckets, those that are long full again are counted and forgotten.
const BUCKETS_MAX: usize = 100_000;

/// Who comes back to a bucket after this long, in seconds, comes back to a full one.
const FORGOTTEN_AFTER: f64 = 300.0;

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: f64,
    first: f64,
    last: f64,
    calls: u32,
    throttled: u32,
}

impl Buckets {
    /// Takes a call out of its bucket; false where there is none left.
    pub(crate) fn take(
        &mut self,
        cell: (u16, u8),
        service: &str,
        operation: &str,
        is_limited: bool,
        now: Duration,
    ) -> bool {
        let quota = quota(service, operation, is_limited);
        let mut name = String::with_capacity(48);
        name.push_str(service);
        name.push('.');
        match quota.bucket {
            "" => name.push_str(operation),
            "unpaginated" => {
                name.push_str(operation);
                name.push_str(" unpaginated");
            }
            shared => name.push_str(shared),
        }
        let place = match self.names.get(&name) {
            Some(place) => *place,
            None => {
                let place = self.quotas.len() as u16;
                self.quotas.push((name.clone(), quota));
                self.names.insert(name, place);
                place
            }
        };
        let key = u64::from(cell.0) << 24 | u64::from(cell.1) << 16 | u64::from(place);
        let now = now.as_secs_f64();
        if self.buckets.len() >= BUCKETS_MAX.max(self.settled_at) && !self.buckets.contains_key(&key) {
            self.settle(now);
        }
        let full = Bucket { tokens: quota.burst, at: now, first: now, last: now, calls: 0, throttled: 0 };
        let bucket = self.buckets.entry(key).or_insert(full);
        let passed = (now - bucket.at).max(0.0);
        bucket.tokens = (bucket.tokens + passed * quota.rate).min(quota.burst);
        bucket.at = bucket.at.max(now);
        bucket.last = bucket.last.max(now);
        bucket.calls += 1;
        if bucket.tokens < 1.0 {
            bucket.throttled += 1;
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }

    /// Counts what was used of buckets that are full again, and forgets them.
    fn settle(&mut self, now: f64) {
        let mut settled = std::mem::take(&mut self.settled);
        self.buckets.retain(|key, bucket| {
            let is_idle = now - bucket.last > FORGOTTEN_AFTER;
            if is_idle {
                count(&self.quotas, *key, bucket, &mut settled);
            }
            !is_idle
        });
        self.settled = settled;
        // Where all are in use, looking again at once would find the same.
        self.settled_at = self.buckets.len() * 5 / 4;
    }

    /// How much was used of each bucket, by name.
    pub(crate) fn usage(&self) -> BTreeMap<String, BucketUse> {
        let mut all = self.settled.clone();
        self.buckets.iter().for_each(|(key, bucket)| count(&self.quotas, *key, bucket, &mut all));
        all
    }
}

fn count(quotas: &[(String, Quota)], key: u64, bucket: &Bucket, all: &mut BTreeMap<String, BucketUse>) {
    let Some((name, quota)) = quotas.get((key & 0xffff) as usize) else { return };
    let of = all.entry(name.clone()).or_insert_with(|| BucketUse::new(*quota));
    of.buckets += 1;
    of.calls += u64::from(bucket.calls);
    of.throttled += u64::from(bucket.throttled);
    let window = bucket.last - bucket.first;
    of.longest = of.longest.max(Duration::from_secs_f64(window.max(0.0)));
    if bucket.calls >= BucketUse::CALLS_MIN && window > 0.0 {
        let share = f64::from(bucket.calls - 1) / (quota.rate * window);
        of.busy_calls += u64::from(bucket.calls);
        of.weighted += share * f64::from(bucket.calls);
        of.share_max = of.share_max.max(share);
    }
}

/// How much of the buckets of one name was used, over all accounts and regions.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketUse {
    /// What each of them holds.
    pub quota: Quota,
    /// How many there are: one in each account and region that was asked.
    pub buckets: u64,
    /// The calls that were made.
    pub calls: u64,
    /// How many of them were refused because the bucket was empty.
    pub throttled: u64,
    /// The longest time between the first and the last call of a bucket.
    pub longest: Duration,
    /// The calls of buckets with at least [`BucketUse::CALLS_MIN`] calls: only these say something of the pace.
    pub busy_calls: u64,
    /// The largest share of the refill that one of these used between its first and its last call.
    pub share_max: f64,
    weighted: f64,
}

impl BucketUse {
    /// Fewer calls say nothing of a pace.
    pub const CALLS_MIN: u32 = 30;

    fn new(quota: Quota) -> Self {
        Self {
            quota,
            buckets: 0,
            calls: 0,
            throttled: 0,
            longest: Duration::ZERO,
            busy_calls: 0,
            share_max: 0.0,
            weighted: 0.0,
        }
    }

    /// The share of the refill that the busy buckets used between their first and last call, weighted by calls.
    pub fn share(&self) -> Option<f64> {
        (self.busy_calls > 0).then(|| self.weighted / self.busy_calls as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_what_it_holds_and_then_what_comes_back() {
        let mut buckets = Buckets::default();
        let mut take = |seconds: f64| {
            buckets.take((0, 0), "logs", "ListTagsForResource", true, Duration::from_secs_f64(seconds))
        };
        let at_once = (0..8).filter(|_| take(0.0)).count();
        let later: Vec<bool> = [0.1, 0.25, 0.3, 10.0].into_iter().map(&mut take).collect();
        assert_eq!((at_once, later), (5, vec![false, true, false, true]));
        assert_eq!(buckets.usage()["logs.ListTagsForResource"].throttled, 5);
    }

    #[test]
    fn operations_share_a_bucket_where_the_service_says_so() {
        let mut buckets = Buckets::default();
        let mut take = |operation| buckets.take((0, 0), "lambda", operation, true, Duration::ZERO);
        let taken = (0..20).filter(|turn| take(["ListTags", "ListFunctions"][turn % 2])).count();
        assert_eq!((taken, take("GetPolicy")), (15, true));
    }

    #[test]
    fn listing_all_at_once_costs_more_in_ec2() {
        assert_eq!(quota("ec2", "DescribeVolumes", true).rate, 20.0);
        assert_eq!(quota("ec2", "DescribeVolumes", false).rate, 10.0);
        assert_eq!(quota("ec2", "DescribeInstanceAttribute", false).rate, 20.0);
        assert_eq!(quota("nobody", "Knows", false), USUAL);
    }
}
