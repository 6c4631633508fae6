//! Values of condition keys: whom they name, and which of them tell outsiders apart.

use palisade_iam::Entry;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An account that owns nothing and is named nowhere, unless the policy names it.
const ACCOUNTS: [&str; 3] = ["909192939495", "808182838485", "707172737475"];

/// Addresses of the internet, no two in the same range of the size that S3 calls public.
const ADDRESSES: [Ipv4Addr; 12] = [
    Ipv4Addr::new(8, 8, 8, 8),
    Ipv4Addr::new(1, 1, 1, 1),
    Ipv4Addr::new(45, 33, 32, 156),
    Ipv4Addr::new(93, 184, 215, 14),
    Ipv4Addr::new(151, 101, 1, 69),
    Ipv4Addr::new(185, 199, 108, 153),
    Ipv4Addr::new(208, 67, 222, 222),
    Ipv4Addr::new(77, 88, 8, 8),
    Ipv4Addr::new(114, 114, 114, 114),
    Ipv4Addr::new(139, 130, 4, 5),
    Ipv4Addr::new(196, 25, 1, 1),
    Ipv4Addr::new(222, 222, 222, 222),
];
const ADDRESSES_6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111),
    Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888),
    Ipv6Addr::new(0x2a01, 0x4f8, 0xc2c, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0x2400, 0xcb00, 0, 0, 0, 0, 0, 1),
];

/// The account of an outsider: none that stands in the text.
pub(crate) fn outside_account(is_named: impl Fn(&str) -> bool) -> &'static str {
    ACCOUNTS.into_iter().find(|account| !is_named(account)).unwrap_or(ACCOUNTS[0])
}

/// Can the value of a key that says who somebody is only be that of somebody in particular?
pub(crate) fn names_somebody(key: &str, value: &str) -> bool {
    if !value.contains(['*', '?']) {
        return true;
    }
    if let Some(repository) = key.strip_prefix("token.actions.githubusercontent.com:") {
        // Before the first slash stands whose it is.
        let owner = value.split('/').next().unwrap_or_default();
        return !owner.contains(['*', '?']) && (value.contains('/') || repository != "sub");
    }
    if key == "sns:endpoint" {
        return value.strip_prefix("*@").is_some_and(|domain| !domain.contains(['*', '?']));
    }
    has_account(value) || has_bucket(value) || is_below_organisation(value) || is_unique_id(value)
}

fn has_account(value: &str) -> bool {
    let words = value.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let is_account = |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
    // A wildcard beside the digits may stand for more of them.
    let mut words = words.filter(|word| is_account(word));
    words.any(|word| {
        let at = value.find(word).unwrap_or_default();
        let is_wild = |letter: Option<char>| matches!(letter, Some('*' | '?'));
        !is_wild(value[..at].chars().next_back()) && !is_wild(value[at + 12..].chars().next())
    })
}

/// S3 once told senders to write `arn:aws:s3:*:*:bucket`; with a path behind it, this could be an access point.
fn has_bucket(value: &str) -> bool {
    let fields: Vec<&str> = value.splitn(6, ':').collect();
    let ["arn", _, "s3", _, account, resource] = fields[..] else { return false };
    let bucket = match account {
        "" => resource.split('/').next().unwrap_or_default(),
        "*" if !resource.contains('/') => resource,
        _ => "",
    };
    !bucket.is_empty() && !bucket.contains(['*', '?'])
}

fn is_below_organisation(value: &str) -> bool {
    let id = value.split('/').next().unwrap_or_default();
    value.contains('/') && id.starts_with("o-") && id.len() >= 12 && !id.contains(['*', '?'])
}

fn is_unique_id(value: &str) -> bool {
    let id = value.split([':', '*', '?']).next().unwrap_or_default();
    (id.starts_with("AROA") || id.starts_with("AIDA")) && id.len() >= 16
}

/// A text that a pattern matches, with what an outsider would put where it leaves room.
pub(crate) fn instance(pattern: &str, account: &str) -> String {
    let fields: Vec<&str> = pattern.splitn(6, ':').collect();
    if fields[0] != "arn" || fields.len() < 2 {
        return filled(pattern, "zz");
    }
    let mut at = 0;
    let mut field = |usual: &str| {
        let text = fields.get(at).copied().unwrap_or("*");
        at += 1;
        if text == "*" { usual.to_owned() } else { filled(text, "zz") }
    };
    let (arn, partition, service) = (field("arn"), field("aws"), field("sns"));
    let (region, owner, resource) = (field("eu-west-1"), field(account), field("zz-outsider"));
    let owner = if owner.contains("zz") { account.to_owned() } else { owner };
    format!("{arn}:{partition}:{service}:{region}:{owner}:{resource}")
}

/// The pattern with its wildcards filled in.
pub(crate) fn filled(pattern: &str, star: &str) -> String {
    pattern.replace('*', star).replace('?', "z")
}

/// Where on the internet an outsider may be: somewhere outside of each range that is small enough to be somebody's, and
/// within each that is not.
pub(crate) fn addresses(ranges: &[&str]) -> Vec<Entry> {
    let ranges: Vec<(IpAddr, u8)> = ranges.iter().filter_map(|range| network(range)).collect();
    let is_somebodys = |length: u8, address: &IpAddr| length >= if address.is_ipv4() { 8 } else { 32 };
    let in_narrow = |address: &IpAddr| {
        ranges.iter().any(|(base, length)| is_somebodys(*length, base) && contains(*base, *length, *address))
    };
    let all: Vec<IpAddr> =
        ADDRESSES.into_iter().map(IpAddr::V4).chain(ADDRESSES_6.into_iter().map(IpAddr::V6)).collect();
    let mut found: Vec<IpAddr> = Vec::new();
    for is_v4 in [true, false] {
        let mut own = all.iter().filter(|address| address.is_ipv4() == is_v4);
        // Whoever has listed a range around each of them has listed the internet.
        found.extend(own.clone().find(|address| !in_narrow(address)).or(own.next()));
    }
    for (base, length) in ranges.iter().filter(|(base, length)| !is_somebodys(*length, base)) {
        let inside = all.iter().find(|address| contains(*base, *length, **address) && !in_narrow(address));
        found.extend(inside.copied().or(is_global(base).then_some(*base)));
    }
    found.dedup();
    found.into_iter().map(|address| Entry::value(address.to_string())).collect()
}

fn is_global(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_private() && address.octets()[0] != 0 && address.octets()[0] < 224,
        IpAddr::V6(address) => address.segments()[0] & 0xe000 == 0x2000,
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(whole), |length| length.parse().ok())?;
    (length <= whole).then_some((address, length))
}

fn contains(base: IpAddr, length: u8, address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let ((base, width), (address, other)) = (bits(base), bits(address));
    width == other && (length == 0 || (base ^ address) >> (128 - u32::from(length)) == 0)
}
