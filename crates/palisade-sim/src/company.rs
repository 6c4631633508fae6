//! The names of a streaming company: what it runs, who works there, and what they wrote beside their mistakes.

/// An application: its name, the team that runs it, its buckets, functions and queues, and what else it has.
pub struct Application {
    pub name: &'static str,
    pub team: &'static str,
    pub buckets: &'static [&'static str],
    pub functions: &'static [&'static str],
    pub queues: &'static [&'static str],
    pub database: Option<&'static str>,
    pub has_machines: bool,
}

const fn application(
    name: &'static str,
    team: &'static str,
    buckets: &'static [&'static str],
    functions: &'static [&'static str],
    queues: &'static [&'static str],
    database: Option<&'static str>,
    has_machines: bool,
) -> Application {
    Application { name, team, buckets, functions, queues, database, has_machines }
}

/// What the company runs, the most important first.
pub const APPLICATIONS: [Application; 15] = [
    application(
        "playback",
        "player",
        &["manifests", "player-builds"],
        &["sessions", "licences"],
        &["heartbeats"],
        None,
        true,
    ),
    application(
        "catalogue",
        "catalogue",
        &["artwork", "deliveries"],
        &["titles", "fingerprint"],
        &["title-changes"],
        Some("titles"),
        false,
    ),
    application(
        "billing",
        "money",
        &["invoices", "exports"],
        &["charge", "dunning"],
        &["charges"],
        Some("ledger"),
        false,
    ),
    application(
        "recommendations",
        "discovery",
        &["models", "features"],
        &["rank", "embed"],
        &["viewing-events"],
        Some("ratings"),
        true,
    ),
    application(
        "transcoding",
        "media",
        &["masters", "renditions"],
        &["probe", "split"],
        &["to-transcode"],
        None,
        true,
    ),
    application(
        "accounts",
        "identity",
        &["avatars"],
        &["sign-up", "devices"],
        &["mails"],
        Some("members"),
        false,
    ),
    application(
        "search",
        "discovery",
        &["indexes"],
        &["suggest", "reindex"],
        &["index-changes"],
        Some("queries"),
        true,
    ),
    application(
        "subtitles",
        "media",
        &["subtitles"],
        &["translate", "align"],
        &["to-translate"],
        Some("languages"),
        false,
    ),
    application(
        "advertising",
        "money",
        &["creatives", "reports"],
        &["decide", "pace"],
        &["impressions"],
        Some("campaigns"),
        true,
    ),
    application("downloads", "player", &["packages"], &["sign", "expire"], &["renewals"], None, false),
    application(
        "notifications",
        "identity",
        &["templates"],
        &["push", "digest"],
        &["outbox"],
        Some("outbox"),
        false,
    ),
    application("live", "media", &["segments"], &["switch", "slate"], &["cues"], None, true),
    application(
        "rights",
        "catalogue",
        &["contracts"],
        &["windows", "audit"],
        &["changes"],
        Some("rights"),
        false,
    ),
    application(
        "analytics",
        "data",
        &["events", "marts"],
        &["ingest", "compact"],
        &["raw"],
        Some("marts"),
        true,
    ),
    application(
        "support",
        "care",
        &["attachments"],
        &["tickets", "refunds"],
        &["inbox"],
        Some("tickets"),
        false,
    ),
];

/// What the parts of a large organisation are called: an application has a set of accounts in each.
pub const CELLS: [&str; 34] = [
    "",
    "-us",
    "-apac",
    "-staging",
    "-perf",
    "-kids",
    "-sports",
    "-partners",
    "-latam",
    "-tv",
    "-mobile",
    "-web",
    "-beta",
    "-canary",
    "-dr",
    "-load",
    "-edge",
    "-nordics",
    "-iberia",
    "-dach",
    "-benelux",
    "-uk",
    "-france",
    "-italy",
    "-japan",
    "-korea",
    "-india",
    "-anz",
    "-canada",
    "-brazil",
    "-mexico",
    "-africa",
    "-gulf",
    "-poland",
];

/// The regions, the home of most first.
pub const REGIONS: [&str; 4] = ["eu-west-1", "us-east-1", "ap-southeast-2", "eu-central-1"];

pub const FIRST_NAMES: [&str; 40] = [
    "ann", "priya", "tomas", "lena", "yusuf", "mei", "jonas", "clara", "diego", "aoife", "kofi", "ines",
    "marek", "sofia", "hugo", "noor", "emil", "rosa", "ivan", "tara", "luca", "freya", "omar", "nina",
    "paul", "elsa", "ravi", "maja", "sean", "ada", "bruno", "zoe", "karl", "amir", "vera", "otto", "june",
    "max", "lia", "finn",
];
pub const LAST_NAMES: [&str; 40] = [
    "lind", "okafor", "novak", "byrne", "costa", "haas", "mori", "silva", "khan", "weber", "roux", "walsh",
    "berg", "rossi", "kaya", "dunne", "mendes", "patel", "horvat", "jensen", "kelly", "marin", "sato",
    "vogel", "keane", "ortiz", "laine", "ferro", "adler", "nagy", "brandt", "quinn", "torres", "ibsen",
    "doyle", "meyer", "singh", "larsen", "petit", "gallo",
];

/// Where people work: the hours ahead of UTC, the office's address, and the beginnings of addresses at home.
pub const OFFICES: [(i64, &str, [&str; 3]); 3] = [
    (0, "89.100.44.18", ["86.44.", "109.76.", "188.141."]),
    (1, "185.37.108.9", ["91.64.", "84.182.", "79.211."]),
    (-8, "64.62.201.77", ["73.162.", "98.210.", "67.180."]),
];

/// Beginnings of addresses of hotels, phones and hosts that anybody can rent.
pub const ELSEWHERE: [&str; 8] =
    ["95.90.", "176.58.", "51.158.", "146.70.", "45.86.", "193.138.", "2.204.", "165.22."];

/// The account of the company that watches the machines, and the role it assumes.
pub const GUESTS_VENDOR: (&str, &str) = ("464622532012", "watches-machines");

/// The account of nobody that belongs here; each attack draws its own beside it.
pub const GITHUB: &str = "token.actions.githubusercontent.com";
