//! Functions that Palisade adds to Rego's own.

use super::partial::{Cause, Partial};
use ipnet::IpNet;
use palisade_model::Shape;
use regorus::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A function of Palisade's: what it says of its arguments, unknown parts included; none where it is undefined.
pub struct Own {
    pub name: &'static str,
    pub arity: u8,
    pub call: fn(&[Partial]) -> Option<Partial>,
}

/// All of them.
pub const OWN: &[Own] = &[
    Own { name: "arn.has_owner", arity: 1, call: has_owner },
    Own { name: "net.covers_internet", arity: 1, call: covers_internet },
];

/// Ranges that no packet of the internet comes from: private, local, reserved, multicast; of IPv6 all but `2000::/3`.
const NOT_INTERNET: [&str; 12] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "224.0.0.0/3",
    "::/3",
    "4000::/2",
    "8000::/1",
];

/// Addresses that packets of the internet come from: whoever holds neither holds neither internet.
const INTERNET: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
];

/// `arn.has_owner(text)`: is it an ARN that names an account, or the bucket that belongs to one?
///
/// So a condition that asks for it lets in somebody, not everybody. The ARN of a resource that the same source
/// declares is one, though its value comes later.
fn has_owner(arguments: &[Partial]) -> Option<Partial> {
    let [text] = arguments else { return None };
    Some(match text {
        Partial::Known(Value::String(text)) => Partial::Known(Value::Bool(names_owner(text))),
        Partial::Unknown(cause) if cause.is_arn_of_one => Partial::Known(Value::Bool(true)),
        Partial::Unknown(cause) => Partial::Unknown(Cause::outcome(cause.ids.clone(), Shape::Bool)),
        _ => Partial::Known(Value::Bool(false)),
    })
}

fn names_owner(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", _, service, _, account, resource] = parts[..] else { return false };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    // S3 once told senders to write `arn:aws:s3:*:*:bucket`; with a path behind it, this could be an access point.
    let bucket = match account {
        "" => resource.split('/').next().unwrap_or_default(),
        "*" if !resource.contains('/') => resource,
        _ => "",
    };
    is_account || (service == "s3" && !bucket.is_empty() && !bucket.contains(['*', '?']))
}

/// `net.covers_internet(cidrs)`: do these ranges together hold the whole internet, of IPv4 or of IPv6?
///
/// So `0.0.0.0/1` and `128.0.0.0/1` do, though neither is `0.0.0.0/0`, and so does everything but the private ranges.
/// What is not a CIDR holds nothing. With ranges that are not known, the answer is yes where the known ones suffice,
/// and unknown otherwise.
fn covers_internet(arguments: &[Partial]) -> Option<Partial> {
    let [cidrs] = arguments else { return None };
    let (items, is_open) = match cidrs {
        Partial::Known(Value::Set(members)) => (members.iter().cloned().map(Partial::Known).collect(), false),
        Partial::Set(set) => (set.0.iter().cloned().map(Partial::Known).collect(), true),
        Partial::Unknown(_) => (Vec::new(), true),
        other => {
            let list = other.items()?;
            let is_open = list.more.is_some() || list.items.iter().any(|item| item.known().is_none());
            (list.items, is_open)
        }
    };
    let ranges: Vec<IpNet> = items
        .iter()
        .filter_map(|item| match item {
            Partial::Known(Value::String(text)) => text.parse().ok(),
            _ => None,
        })
        .collect();
    let covered = !ranges.is_empty() && together_cover(ranges);
    Some(if covered || !is_open {
        Partial::Known(Value::Bool(covered))
    } else {
        Partial::Unknown(Cause::outcome(cidrs.ids(), Shape::Bool))
    })
}

fn together_cover(mut ranges: Vec<IpNet>) -> bool {
    if ranges.iter().any(|range| range.prefix_len() == 0) {
        return true;
    }
    // Most are private or a few addresses, and need no sums.
    if !ranges.iter().any(|range| INTERNET.iter().any(|address| range.contains(address))) {
        return false;
    }
    ranges.extend(NOT_INTERNET.iter().filter_map(|range| range.parse::<IpNet>().ok()));
    IpNet::aggregate(&ranges).iter().any(|range| range.prefix_len() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cidrs: &[&str], expected: bool) {
        let list =
            Partial::Known(Value::from(cidrs.iter().map(|cidr| Value::from(*cidr)).collect::<Vec<_>>()));
        assert_eq!(covers_internet(&[list]), Some(Partial::Known(Value::Bool(expected))), "{cidrs:?}");
    }

    #[test]
    fn an_arn_has_an_owner_where_it_names_an_account_or_a_bucket() {
        for (text, expected) in [
            ("arn:aws:sns:eu-west-1:111122223333:topic", true),
            ("arn:aws:sns:*:111122223333:*", true),
            ("arn:aws:s3:::bucket", true),
            ("arn:aws:s3:::bucket/*", true),
            ("arn:aws:s3:*:*:bucket", true),
            ("arn:aws:s3:*:*:accesspoint/*", false),
            ("arn:aws:s3:*:*:*", false),
            ("arn:aws:s3:::*", false),
            ("arn:aws:s3:::logs-*", false),
            ("arn:aws:sns:*:*:*", false),
            ("arn:aws:cloudfront::*:distribution/*", false),
            ("*", false),
            ("111122223333", false),
        ] {
            let said = has_owner(&[Partial::Known(Value::from(text))]);
            assert_eq!(said, Some(Partial::Known(Value::Bool(expected))), "{text}");
        }
    }

    #[test]
    fn ranges_cover_the_internet_together() {
        check(&[], false);
        check(&["10.0.0.0/8", "not a range", "0.0.0.0"], false);
        check(&["0.0.0.0/0"], true);
        check(&["::/0"], true);
        check(&["0.0.0.0/1", "128.0.0.0/1"], true);
        check(&["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2"], true);
        check(&["0.0.0.0/1", "8000::/1"], false);
        check(&["0.0.0.0/1", "128.0.0.0/2"], false);
        check(&["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], true);
        check(&["2000::/3"], true);
        check(&["2000::/4"], false);
        check(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"], false);
        let but_private = "1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 \
                           128.0.0.0/3 160.0.0.0/5 168.0.0.0/6 172.0.0.0/12 172.32.0.0/11 172.64.0.0/10 172.128.0.0/9 \
                           173.0.0.0/8 174.0.0.0/7 176.0.0.0/4 192.0.0.0/9 192.128.0.0/11 192.160.0.0/13 192.169.0.0/16 \
                           192.170.0.0/15 192.172.0.0/14 192.176.0.0/12 192.192.0.0/10 193.0.0.0/8 194.0.0.0/7 \
                           196.0.0.0/6 200.0.0.0/5 208.0.0.0/4";
        check(&but_private.split(' ').collect::<Vec<_>>(), true);
    }

    #[test]
    fn an_unknown_range_leaves_it_open_unless_the_known_ones_suffice() {
        let unknown = Partial::Unknown(Cause::bare([0].into()));
        let with = |cidr: &str| Partial::list(vec![Partial::Known(Value::from(cidr)), unknown.clone()], None);
        assert_eq!(covers_internet(&[with("::/0")]), Some(Partial::Known(Value::Bool(true))));
        assert!(matches!(covers_internet(&[with("10.0.0.0/8")]), Some(Partial::Unknown(_))));
    }
}
