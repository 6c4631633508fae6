//! How fast the shipped detections read a trail, beside what cannot be avoided: counting lines, unzipping, parsing.
//!
//! The trail is made of a seed. Rates are of the processor's time of one core, so that others on the machine matter
//! less; read the ratios.

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use palisade_assess::{DetectOptions, detect};
use palisade_content::{Library, load, shipped};
use palisade_read_logs::{Fields, read_records};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How much of a trail, unzipped.
const MEGABYTES: usize = 64;
/// How much of it one delivered object holds.
const OBJECT: usize = 4 << 20;
const RUNS: usize = 3;
const ROUND: Duration = Duration::from_millis(500);

fn main() {
    let folder = std::env::temp_dir().join(format!("palisade-bench-{}", std::process::id()));
    let done = run(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run(folder: &Path) -> std::io::Result<()> {
    let records = trail(1, MEGABYTES << 20);
    let lines = records.join("\n");
    let (plain, zipped) = (folder.join("plain"), folder.join("zipped"));
    std::fs::create_dir_all(&plain)?;
    std::fs::create_dir_all(&zipped)?;
    std::fs::write(plain.join("trail.ndjson"), &lines)?;
    let objects: Vec<Vec<u8>> =
        objects(&records).iter().map(|object| zip(object)).collect::<Result<_, _>>()?;
    for (place, object) in objects.iter().enumerate() {
        std::fs::write(zipped.join(format!("{place:04}.json.gz")), object)?;
    }
    let bytes = lines.len();
    println!(
        "detect over {} events, {} MB, of a seed; MB/s of one core's time, best of {RUNS}",
        records.len(),
        bytes >> 20
    );
    let line = |what: &str, rate: f64| println!("  {what:<58}{rate:>8.0}");
    line("count the lines", best(bytes, || lines.bytes().filter(|byte| *byte == b'\n').count()));
    let parse = best(bytes, || {
        lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count()
    });
    line("parse each event (serde_json)", parse);
    let unzip = best(bytes, || objects.iter().map(|object| unzipped(object)).sum());
    line("unzip", unzip);
    let walk = best(bytes, || {
        let fields = Fields::new(["eventName", "eventSource", "userIdentity.type", "errorCode"]);
        let file = "trail".into();
        read_records(&file, lines.as_bytes(), &fields, &mut |_| Ok(())).events as usize
    });
    line("walk over the events: all that is well-formed is counted", walk);
    let (library, _) = load(&shipped());
    for (what, of, gated, limit) in [
        ("palisade, lines", &plain, true, parse),
        ("palisade, lines, without the gate", &plain, false, parse),
        ("palisade, .json.gz", &zipped, true, unzip),
        ("palisade, .json.gz, without the gate", &zipped, false, unzip),
    ] {
        let rate = best(bytes, || judge(&library, of, gated));
        let beside = if of == &plain { "parsing" } else { "unzipping alone" };
        println!("  {what:<58}{rate:>8.0}  {:.2} × {beside}", rate / limit);
    }
    Ok(())
}

fn judge(library: &Library, folder: &PathBuf, gated: bool) -> usize {
    let options = DetectOptions { enabled: &|_| true, progress: &|_, _| {}, gated, threads: 1 };
    let mut hits = 0;
    let detected = detect(std::slice::from_ref(folder), library, &options, &mut |_| hits += 1);
    assert_eq!(detected.refused, 0, "{:?}", detected.diagnostics);
    detected.events as usize + hits
}

/// The best rate of a few rounds, each long enough for a clock that ticks a hundred times a second.
fn best(bytes: usize, mut work: impl FnMut() -> usize) -> f64 {
    let rates = (0..RUNS).map(|_| {
        let (begin, begun) = (processor_seconds(), Instant::now());
        let mut times = 0.0;
        while begun.elapsed() < ROUND {
            std::hint::black_box(work());
            times += 1.0;
        }
        let taken = match (begin, processor_seconds()) {
            (Some(begin), Some(end)) => end - begin,
            _ => begun.elapsed().as_secs_f64(),
        };
        times * bytes as f64 / 1e6 / taken.max(1e-9)
    });
    rates.fold(0.0, f64::max)
}

/// The processor's time that this process and all its threads took, where the kernel says it.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    let mut ticks = fields.split(' ').skip(11).map_while(|field| field.parse::<f64>().ok());
    Some((ticks.next()? + ticks.next()?) / 100.0)
}

fn objects(records: &[String]) -> Vec<String> {
    let each = OBJECT / (records.iter().map(String::len).sum::<usize>() / records.len());
    records.chunks(each).map(|some| format!("{{\"Records\":[{}]}}", some.join(","))).collect()
}

fn zip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
    zipped.write_all(text.as_bytes())?;
    zipped.finish()
}

fn unzipped(object: &[u8]) -> usize {
    let (mut input, mut held, mut bytes) = (GzDecoder::new(object), vec![0; 1 << 16], 0);
    while let Ok(count @ 1..) = input.read(&mut held) {
        bytes += count;
    }
    bytes
}

/// What is called, by which service, and how often among a hundred.
const CALLS: [(&str, &str, u64); 16] = [
    ("AssumeRole", "sts", 24),
    ("DescribeInstances", "ec2", 10),
    ("GetObject", "s3", 12),
    ("Decrypt", "kms", 12),
    ("ListBuckets", "s3", 4),
    ("PutObject", "s3", 6),
    ("GetSecretValue", "secretsmanager", 3),
    ("DescribeLogStreams", "logs", 6),
    ("CreateLogStream", "logs", 5),
    ("GetBucketAcl", "s3", 4),
    ("DescribeVolumes", "ec2", 4),
    ("ListRoles", "iam", 3),
    ("DescribeSecurityGroups", "ec2", 3),
    ("ConsoleLogin", "signin", 1),
    ("AuthorizeSecurityGroupIngress", "ec2", 1),
    ("RunInstances", "ec2", 2),
];

/// Records as CloudTrail writes them, at least so many bytes of them.
fn trail(seed: u64, bytes: usize) -> Vec<String> {
    let mut random = Random(seed);
    let (mut records, mut length) = (Vec::new(), 0);
    while length < bytes {
        let record = record(&mut random, records.len());
        length += record.len() + 1;
        records.push(record);
    }
    records
}

fn record(random: &mut Random, place: usize) -> String {
    let mut at = random.below(100);
    let call = CALLS.iter().find(|(.., share)| {
        let is_it = at < *share;
        at = at.wrapping_sub(*share);
        is_it
    });
    let (name, service, _) = call.unwrap_or(&CALLS[0]);
    let account = 111_111_111_111 + random.below(100) * 1_000_003;
    let (role, session) = (random.below(40), random.below(5_000));
    let key: String = (0..16).map(|_| char::from(b'A' + random.below(26) as u8)).collect();
    let identity = match random.below(10) {
        0 => format!(
            r#"{{"type":"IAMUser","principalId":"AIDA{key}","arn":"arn:aws:iam::{account}:user/user-{role}","accountId":"{account}","accessKeyId":"AKIA{key}","userName":"user-{role}"}}"#
        ),
        1 => format!(r#"{{"type":"AWSService","invokedBy":"{service}.amazonaws.com"}}"#),
        _ => format!(
            r#"{{"type":"AssumedRole","principalId":"AROA{key}:session-{session}","arn":"arn:aws:sts::{account}:assumed-role/role-{role}/session-{session}","accountId":"{account}","accessKeyId":"ASIA{key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROA{key}","arn":"arn:aws:iam::{account}:role/role-{role}","accountId":"{account}","userName":"role-{role}"}},"webIdFederationData":{{}},"attributes":{{"creationDate":"2026-01-02T03:04:05Z","mfaAuthenticated":"false"}}}}}}"#
        ),
    };
    let asked = match random.below(20) {
        0 => r#"{"policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"}"#.to_owned(),
        1..6 => "null".to_owned(),
        _ => format!(
            r#"{{"bucketName":"bucket-{session}","Host":"bucket-{session}.s3.eu-west-1.amazonaws.com","key":"logs/{account}/{role}/{key}.json.gz","durationSeconds":3600}}"#
        ),
    };
    let refused = match random.below(50) {
        0 => r#""errorCode":"AccessDenied","errorMessage":"Access Denied","#,
        _ => "",
    };
    let (one, two) = (random.next(), random.next());
    let id = format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        one >> 32,
        one >> 16 & 0xffff,
        one & 0xffff,
        two >> 48,
        two & 0xffff_ffff_ffff
    );
    let address = format!("10.{}.{}.{}", random.below(256), random.below(256), random.below(256));
    format!(
        r#"{{"eventVersion":"1.10","userIdentity":{identity},"eventTime":"2026-01-02T{:02}:{:02}:{:02}Z","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"{address}","userAgent":"Boto3/1.34.{role} md/Botocore#1.34.{role} ua/2.0 os/linux#5.10.{session}-amzn md/arch#x86_64 lang/python#3.11.6",{refused}"requestParameters":{asked},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","bytesTransferredOut":{}}},"requestID":"{key}","eventID":"{id}","readOnly":true,"resources":[{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::bucket-{session}"}}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.eu-west-1.amazonaws.com"}}}}"#,
        place / 3_600 % 24,
        place / 60 % 60,
        place % 60,
        two % 100_000,
    )
}

/// Numbers that follow from a seed: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
