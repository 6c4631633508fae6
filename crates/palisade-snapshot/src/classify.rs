//! Tells which stretches of a text are secrets, and of what class, by the forms that issuers give their tokens.

use regex::{Regex, RegexSet};
use std::ops::Range;
use std::sync::LazyLock;

/// A stretch of a text that is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub at: Range<usize>,
    /// What it is: `aws-access-key`, `private-key`, `high-entropy`, ….
    pub class: &'static str,
    /// What the placeholder is made of; none where a placeholder would not be judged as the secret itself is.
    pub mask: Mask,
}

/// What a placeholder is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mask {
    /// Of the same sorts of characters at the same places.
    Alike,
    /// Of capital letters and the digits from 2 to 7.
    Base32,
    /// It is empty: what stands around it says what it is.
    Empty,
    /// There is none.
    None,
}

/// How much of a value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suspicion {
    /// Any text of any answer: only what has the form of a token.
    Anywhere,
    /// A place where people put secrets, as variables are: what looks random, too.
    Likely,
    /// It is one, because its name says so.
    Certain,
}

struct Form {
    class: &'static str,
    mask: Mask,
    /// The first group is what is secret; what stands before it is kept, because checks know tokens by it.
    pattern: &'static str,
}

const fn form(class: &'static str, mask: Mask, pattern: &'static str) -> Form {
    Form { class, mask, pattern }
}

// The same forms as the shipped checks look for, and further ones. A stretch that a check finds must be found here.
static FORMS: [Form; 32] = [
    form(
        "private-key",
        Mask::Empty,
        r"(?s)-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|\z)",
    ),
    form("aws-access-key", Mask::Base32, r"(?:^|[^A-Z0-9])A(?:KI|SI)A([A-Z2-7]{16})(?:\b|_)"),
    form("github-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])gh[opsur]_([A-Za-z0-9]{36,})"),
    form("github-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])github_pat_([A-Za-z0-9_]{22,})"),
    form(
        "gitlab-token",
        Mask::Alike,
        r"(?:^|[^A-Za-z0-9_])gl(?:pat|rt|dt|cbt|ptt|ft|imt|agent|soat)-([A-Za-z0-9_-]{20,})",
    ),
    form("slack-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])(?:xox[abeoprs]|xapp)-([A-Za-z0-9-]{10,})"),
    form(
        "slack-webhook",
        Mask::Alike,
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9_/+-]{20,})",
    ),
    form("stripe-key", Mask::Alike, r"(?:^|[^A-Za-z0-9_])(?:[rs]k_(?:live|test)_|whsec_)([A-Za-z0-9]{16,})"),
    form(
        "jwt",
        Mask::Alike,
        r"(?:^|[^A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.eyJ([A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*)",
    ),
    form("url-password", Mask::Alike, r"(?i)[a-z][a-z0-9+.-]*://[^/@:\s]*:([^/@\s]+)@"),
    form("url-token", Mask::Alike, r"(?i)[a-z][a-z0-9+.-]*://(?:gh[opsur]_|github_pat_|glpat-)([^/@:\s]+)@"),
    form("url-token", Mask::Alike, r"(?i)[a-z][a-z0-9+.-]*://([^/@:\s]{16,})@"),
    form("npm-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])npm_([A-Za-z0-9]{36,})"),
    form("pypi-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])pypi-([A-Za-z0-9_-]{50,})"),
    form("google-api-key", Mask::Alike, r"(?:^|[^A-Za-z0-9_])AIza([A-Za-z0-9_-]{35})"),
    form("google-oauth-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])ya29\.([A-Za-z0-9_-]{20,})"),
    form("sendgrid-key", Mask::Alike, r"(?:^|[^A-Za-z0-9_])SG\.([A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"),
    form(
        "openai-key",
        Mask::Alike,
        r"(?:^|[^A-Za-z0-9_])sk-(?:proj|svcacct|ant-[a-z0-9]+)-([A-Za-z0-9_-]{20,})",
    ),
    // `sk-` alone begins many a name.
    form("openai-key", Mask::Alike, r"(?:^|[^A-Za-z0-9_])sk-([A-Za-z0-9]{40,})"),
    form("hugging-face-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])hf_([A-Za-z0-9]{30,})"),
    form("digitalocean-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])do[opr]_v1_([a-f0-9]{64})"),
    form("databricks-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])dapi([a-f0-9]{32})"),
    form("hashicorp-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])hv[sbr]\.([A-Za-z0-9_-]{20,})"),
    form(
        "terraform-token",
        Mask::Alike,
        r"(?:^|[^A-Za-z0-9_])[A-Za-z0-9]{14}\.atlasv1\.([A-Za-z0-9_=-]{60,})",
    ),
    form("twilio-key", Mask::Alike, r"(?:^|[^A-Za-z0-9_])SK([a-f0-9]{32})"),
    form("mailgun-key", Mask::Alike, r"(?:^|[^A-Za-z0-9_])key-([a-f0-9]{32})"),
    form("shopify-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])shp(?:at|ca|pa|ss)_([a-fA-F0-9]{32})"),
    form("new-relic-key", Mask::Alike, r"(?:^|[^A-Za-z0-9_])NR(?:AK|II|AL)-([A-Za-z0-9]{20,})"),
    form("grafana-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])gl(?:c|sa)_([A-Za-z0-9+/=_]{32,})"),
    form("docker-token", Mask::Alike, r"(?:^|[^A-Za-z0-9_])dckr_pat_([A-Za-z0-9_-]{20,})"),
    form("age-key", Mask::Alike, r"AGE-SECRET-KEY-1([A-Z0-9]{20,})"),
    form("azure-key", Mask::Alike, r"(?i)(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{32,}={0,2})"),
];

/// What is said by name, where the text is a script or a connection string: `PASSWORD=…`, `password: …`.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r"[A-Za-z0-9_.-]*(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|credential|pwd)[A-Za-z0-9_-]*";
    Regex::new(&format!(r#"(?i)\b({name})\\?["']?\s*(?:=|:|\s)\s*\\?["']?([^\s\\"';,&|<>(){{}}\[\]]{{4,}})"#))
        .ok()
});

/// Something that every form has, so that the texts that have none of it, nearly all, are looked at once and quickly.
static HINTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let hints = [
        "://",
        "hooks",
        "-----BEGIN",
        "A(?:KI|SI)A",
        "gh[opsur]_",
        "github_pat_",
        "gl(?:pat|rt|dt|cbt|ptt|ft|imt|agent|soat)-",
        "gl(?:c|sa)_",
        "xox[abeoprs]-",
        "xapp-",
        "[rs]k_(?:live|test)_",
        "whsec_",
        "eyJ",
        "npm_",
        "pypi-",
        "AIza",
        r"ya29\.",
        r"SG\.",
        "sk-",
        "hf_",
        "do[opr]_v1_",
        "dapi[a-f0-9]",
        r"hv[sbr]\.",
        "atlasv1",
        "SK[a-f0-9]",
        "key-[a-f0-9]",
        "shp(?:at|ca|pa|ss)_",
        "NR(?:AK|II|AL)-",
        "dckr_pat_",
        "AGE-SECRET-KEY-1",
        "(?i:accountkey|sharedaccesskey)=",
    ];
    Regex::new(&hints.join("|")).ok()
});
static FORM_SET: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(FORMS.iter().map(|form| form.pattern)).ok());
static FORM_EACH: LazyLock<Vec<Option<Regex>>> =
    LazyLock::new(|| FORMS.iter().map(|form| Regex::new(form.pattern).ok()).collect());
static RANDOM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("[A-Za-z0-9+/]{20,}={0,2}").ok());

/// No token is shorter.
const TOKEN_BYTES_MIN: usize = 12;

/// The secrets of a text, in order, none within another. `name` is what the text is called.
pub(crate) fn find(name: &str, text: &str, suspicion: Suspicion) -> Vec<Found> {
    let mut found = if text.len() < TOKEN_BYTES_MIN { Vec::new() } else { by_form(text) };
    if suspicion == Suspicion::Anywhere {
        return settled(found);
    }
    let is_one_word = !text.contains(char::is_whitespace);
    if text.len() >= TOKEN_BYTES_MIN {
        found.extend(random(text));
    }
    let is_named = suspicion == Suspicion::Certain || is_telling(name);
    if is_named && is_worth_hiding(text) && !covers(&found, text) {
        // A password may be anything, and a rule may look for anything in it: no placeholder does for that.
        return vec![Found { at: 0..text.len(), class: "password", mask: Mask::None }];
    }
    if !is_one_word || text.contains(['=', ':']) {
        found.extend(assigned(text));
    }
    settled(found)
}

/// Is (nearly) all of the text found already? Then what it is called adds nothing.
fn covers(found: &[Found], text: &str) -> bool {
    found.iter().any(|found| found.mask != Mask::None && found.at.len() * 2 >= text.len())
}

fn by_form(text: &str) -> Vec<Found> {
    let (Some(hints), Some(set)) = (HINTS.as_ref(), FORM_SET.as_ref()) else { return Vec::new() };
    if !hints.is_match(text) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for index in set.matches(text) {
        let (form, Some(regex)) = (&FORMS[index], &FORM_EACH[index]) else { continue };
        let mut from = 0;
        // One token may end where the character that must precede the next stands: begin there again.
        while let Some(captures) = regex.captures_at(text, from) {
            let (Some(whole), Some(secret)) = (captures.get(0), captures.get(1)) else { break };
            // The keys of AWS's own documentation say so.
            if !(form.class == "aws-access-key" && secret.as_str().contains("EXAMPLE")) {
                all.push(Found { at: secret.range(), class: form.class, mask: form.mask });
            }
            from = secret.end().max(whole.start() + 1);
            while !text.is_char_boundary(from) {
                from += 1;
            }
            if from >= text.len() {
                break;
            }
        }
    }
    all
}

fn random(text: &str) -> impl Iterator<Item = Found> {
    let words = RANDOM.as_ref().map(|regex| regex.find_iter(text));
    words.into_iter().flatten().filter(|word| is_random(word.as_str())).map(|word| Found {
        at: word.range(),
        class: "high-entropy",
        mask: Mask::Alike,
    })
}

/// Does a word look as if it was drawn at random, and not written?
fn is_random(word: &str) -> bool {
    let bytes = word.trim_end_matches('=').as_bytes();
    let has = |is: fn(&u8) -> bool| bytes.iter().any(is);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_hex = bytes.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte))
        || bytes.iter().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte));
    let bits = entropy(bytes);
    if is_hex {
        return bytes.len() >= 32 && digits < bytes.len() && bits > 3.0;
    }
    let limit = (0.86 * (bytes.len() as f64).log2()).min(4.3);
    let is_mixed = digits > 0 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    // A path is made of words.
    let longest = word.split('/').map(str::len).max().unwrap_or_default();
    is_mixed && bits >= limit && longest >= 12
}

/// Bits for each character, by Shannon.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = bytes.len() as f64;
    let share = |count: &u32| f64::from(*count) / all;
    -counts.iter().filter(|count| **count > 0).map(|count| share(count) * share(count).log2()).sum::<f64>()
}

/// Passwords that a script or a connection string gives to something by name.
fn assigned(text: &str) -> Vec<Found> {
    let Some(regex) = ASSIGNED.as_ref() else { return Vec::new() };
    regex
        .captures_iter(text)
        .filter_map(|captures| {
            let (name, value) = (captures.get(1)?, captures.get(2)?);
            let before = &text[..name.start()];
            let begins = before.rfind(['"', '\'', '=', ' ', '\n', '\t', '\\']).map_or(0, |at| at + 1);
            let names_a_place =
                ["arn:", "{{resolve:", "${"].iter().any(|start| text[begins..].starts_with(start));
            let is_one = !names_a_place && is_telling(name.as_str()) && is_worth_hiding(value.as_str());
            is_one.then(|| Found { at: value.range(), class: "password", mask: Mask::Alike })
        })
        .collect()
}

/// Words that name secrets.
const TELLING: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "privatekey",
    "private_key",
    "credential",
    "pwd",
    "connectionstring",
    "connection_string",
];

/// Endings of names of what is not the secret itself.
const HARMLESS: [&str; 18] = [
    "arn", "name", "id", "path", "file", "region", "ttl", "expiry", "expires", "type", "length", "policy",
    "version", "prefix", "enabled", "timeout", "_url", "endpoint",
];

/// Does the name say that the value is a secret?
fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|word| name.contains(word)) && !HARMLESS.iter().any(|word| name.ends_with(word))
        || name.ends_with("access_key_id") && name.contains("secret")
}

/// Could the value of something with a telling name be the secret, and not a word about it or the place where it is kept?
fn is_worth_hiding(value: &str) -> bool {
    let value = value.trim();
    let is_word = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    let begins = |words: &[&str]| words.iter().any(|word| value.starts_with(word));
    let is_word_about_it = is_word(&[
        "true", "false", "none", "null", "enabled", "disabled", "changeme", "required", "optional",
    ]);
    let is_place =
        begins(&["arn:", "{{resolve:", "$", "ssm:", "secretsmanager:", "/", "http://", "https://", "s3://"]);
    let is_blank = value.starts_with('<') && value.ends_with('>')
        || value.chars().all(|character| matches!(character, '*' | 'x' | 'X'))
        || value.contains("EXAMPLE");
    value.len() >= 4 && !is_word_about_it && !is_place && !is_blank
}

/// In order; of those that overlap, the one whose form is known.
fn settled(mut found: Vec<Found>) -> Vec<Found> {
    let rank = |found: &Found| match found.class {
        "password" => 2,
        "high-entropy" => 1,
        _ => 0,
    };
    found.sort_by_key(|found| (rank(found), found.at.start, std::cmp::Reverse(found.at.end)));
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        if !one.at.is_empty()
            && kept.iter().all(|other| one.at.end <= other.at.start || other.at.end <= one.at.start)
        {
            kept.push(one);
        }
    }
    kept.sort_by_key(|found| found.at.start);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, suspicion: Suspicion, expected: &[(&str, &str)]) {
        let found = find(name, text, suspicion);
        let found: Vec<_> = found.iter().map(|found| (found.class, &text[found.at.clone()])).collect();
        assert_eq!(found, expected, "{name}={text}");
    }

    fn anywhere(text: &str, expected: &[(&str, &str)]) {
        check("", text, Suspicion::Anywhere, expected);
    }

    fn variable(name: &str, text: &str, expected: &[(&str, &str)]) {
        check(name, text, Suspicion::Likely, expected);
    }

    // Put together here, so that no scanner takes this file for a leak.
    fn token(prefix: &str, rest: &str) -> String {
        format!("{prefix}{rest}")
    }

    #[test]
    fn every_form_is_a_regular_expression() {
        assert!(FORM_SET.is_some() && FORM_EACH.iter().all(Option::is_some));
        assert!(ASSIGNED.is_some() && RANDOM.is_some() && HINTS.is_some());
    }

    #[test]
    fn every_form_is_found_by_way_of_its_hint() {
        let letters = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6";
        let hex = "0123456789abcdef".repeat(2);
        let long = letters.repeat(2);
        for (class, before, secret) in [
            ("slack-token", "xapp-", letters),
            (
                "slack-webhook",
                "https://hooks.slack.com/services/",
                "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            ),
            ("stripe-key", "whsec_", letters),
            ("npm-token", "npm_", letters),
            ("pypi-token", "pypi-", &long),
            ("google-api-key", "AIza", &letters[..35]),
            ("google-oauth-token", "ya29.", letters),
            ("sendgrid-key", "SG.", &format!("{letters}.{letters}")),
            ("openai-key", "sk-proj-", letters),
            ("openai-key", "sk-", &long),
            ("hugging-face-token", "hf_", letters),
            ("digitalocean-token", "dop_v1_", &hex.repeat(2)),
            ("databricks-token", "dapi", &hex),
            ("hashicorp-token", "hvs.", letters),
            ("terraform-token", "aB3dE6gH9jK2mN.atlasv1.", &long),
            ("twilio-key", "SK", &hex),
            ("mailgun-key", "key-", &hex),
            ("shopify-token", "shpat_", &hex),
            ("new-relic-key", "NRAK-", letters),
            ("grafana-token", "glsa_", letters),
            ("docker-token", "dckr_pat_", letters),
            ("age-key", "AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
            ("azure-key", "DefaultEndpointsProtocol=https;accountkey=", letters),
            ("gitlab-token", "glrt-", letters),
        ] {
            anywhere(&format!("{before}{secret}"), &[(class, secret)]);
        }
    }

    #[test]
    fn tokens_are_known_by_their_forms_wherever_they_stand() {
        let key = token("AKIA", "Q7ZC2MNB4VXL5RTD");
        anywhere(&key, &[("aws-access-key", "Q7ZC2MNB4VXL5RTD")]);
        anywhere(&format!("profile EXAMPLE, key {key}"), &[("aws-access-key", "Q7ZC2MNB4VXL5RTD")]);
        anywhere(&format!("{key}_{key}"), &[("aws-access-key", "Q7ZC2MNB4VXL5RTD"); 2]);
        anywhere(&token("ASIA", "Q7ZC2MNB4VXL5RTD"), &[("aws-access-key", "Q7ZC2MNB4VXL5RTD")]);
        let rest = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6";
        anywhere(&token("ghp_", rest), &[("github-token", rest)]);
        anywhere(&token("glpat-", "aB3dE6gH9jK2mN5pQ8sT"), &[("gitlab-token", "aB3dE6gH9jK2mN5pQ8sT")]);
        anywhere(
            &token("xoxb-", "123456789012-abcdefghijkl"),
            &[("slack-token", "123456789012-abcdefghijkl")],
        );
        anywhere(&token("sk_live_", "aB3dE6gH9jK2mN5pQ8sT"), &[("stripe-key", "aB3dE6gH9jK2mN5pQ8sT")]);
        anywhere(
            "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----",
            &[("private-key", "\nMHcCAQEE\n")],
        );
        anywhere("-----BEGIN PRIVATE KEY-----\nMHcCAQEE", &[("private-key", "\nMHcCAQEE")]);
        anywhere("postgres://app:hunter2@db:5432/films", &[("url-password", "hunter2")]);
        anywhere(&token("https://glpat-", "abcdef@gitlab.com/a"), &[("url-token", "abcdef")]);
        anywhere(
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
            &[("jwt", "zdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P")],
        );
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "arn:aws:iam::111122223333:role/AKIA",
            "https://example.com/a@b",
            "https://git@github.com/a/b",
            "sk-bratislava-production-subnet-1",
            "wJalrXUtnFEMI7K7MDENGbPxRfiCYzzzzzzzzzzz",
            "",
        ] {
            anywhere(text, &[]);
        }
        for (name, value) in [
            ("BUCKET", "thumbnails"),
            ("STAGE", "prod"),
            ("SECRET_ID", "thumbnails/upload"),
            ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:films-AbCdEf"),
            ("DB_PASSWORD", "{{resolve:secretsmanager:films}}"),
            ("DB_PASSWORD", "${password}"),
            ("DB_PASSWORD", "/films/db/password"),
            ("USE_TOKEN", "true"),
            ("TOKEN_TTL", "86400"),
            ("QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/films"),
            ("TABLE", "films-production-eu-west-1-customers-2024"),
            ("HANDLER", "com.example.films.thumbnails.ThumbnailHandler2"),
            ("PATH", "/usr/local/bin:/opt/Application/versions/Release2024/bin"),
            ("KEY", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        ] {
            variable(name, value, &[]);
        }
    }

    #[test]
    fn variables_that_are_named_like_secrets_or_look_random_are_secrets() {
        variable("DB_PASSWORD", "S3cr3tPassw0rd123", &[("password", "S3cr3tPassw0rd123")]);
        variable("db_pwd", "hunter2", &[("password", "hunter2")]);
        let random = "kR9vXz3Lq8TfYw2PmJ5uHs7DgB1cNaE4oVtQiZx6";
        variable("AWS_SECRET", random, &[("high-entropy", random)]);
        variable("SOMETHING", random, &[("high-entropy", random)]);
        let hex = "d41d8cd98f00b204e9800998ecf8427e";
        variable("HASH", hex, &[("high-entropy", hex)]);
        variable("DATABASE", "Server=db;User=app;Password=hunter2;", &[("password", "hunter2")]);
        check("", "S3cr3t", Suspicion::Certain, &[("password", "S3cr3t")]);
    }

    #[test]
    fn scripts_keep_what_is_not_secret() {
        let random = "kR9vXz3Lq8TfYw2PmJ5uHs7DgB1cNaE4oVtQiZx6";
        variable(
            "UserData",
            &format!(
                "#!/bin/sh\nexport DB_PASSWORD=S3cr3tPassw0rd123\nexport AWS_SECRET_ACCESS_KEY={random}\nyum install -y httpd\n"
            ),
            &[("password", "S3cr3tPassw0rd123"), ("high-entropy", random)],
        );
    }
}
