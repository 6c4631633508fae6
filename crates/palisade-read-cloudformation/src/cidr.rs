//! Splits an address block into smaller ones, as `Fn::Cidr` does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first `count` blocks of `block` that leave `bits` bits to each host; none when they don't fit.
pub(crate) fn split(block: &str, count: &str, bits: &str) -> Option<Vec<String>> {
    let (address, prefix) = block.trim().split_once('/')?;
    let (address, prefix): (IpAddr, u32) = (address.parse().ok()?, prefix.parse().ok()?);
    let count: u32 = count.trim().parse().ok().filter(|count| (1..=256).contains(count))?;
    let bits: u32 = bits.trim().parse().ok()?;
    let (width, start) = match address {
        IpAddr::V4(address) => (32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128, u128::from(address)),
    };
    let length = u32::checked_sub(width, bits)?;
    if prefix > length || bits >= 128 {
        return None;
    }
    let room = length - prefix;
    if room < 32 && count > 1 << room {
        return None;
    }
    let host_bits = width - prefix;
    let network = match host_bits {
        128 => 0,
        _ => start >> host_bits << host_bits,
    };
    let blocks = (0..u128::from(count)).map(|index| {
        let block = network + (index << bits);
        match address {
            IpAddr::V4(_) => format!("{}/{length}", Ipv4Addr::from(u32::try_from(block).unwrap_or(u32::MAX))),
            IpAddr::V6(_) => format!("{}/{length}", Ipv6Addr::from(block)),
        }
    });
    Some(blocks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: [&str; 3], expected: Option<&str>) {
        let [block, count, bits] = arguments;
        let blocks = split(block, count, bits).map(|blocks| blocks.join(" "));
        assert_eq!(blocks.as_deref(), expected, "{arguments:?}");
    }

    #[test]
    fn blocks_follow_each_other() {
        check(
            ["192.168.0.0/24", "6", "5"],
            Some(
                "192.168.0.0/27 192.168.0.32/27 192.168.0.64/27 192.168.0.96/27 192.168.0.128/27 192.168.0.160/27",
            ),
        );
        check(["10.0.3.1/16", "2", "8"], Some("10.0.0.0/24 10.0.1.0/24"));
        check(["10.0.0.0/24", "1", "8"], Some("10.0.0.0/24"));
        check(["2001:db8::/56", "2", "64"], Some("2001:db8::/64 2001:db8:0:1::/64"));
        check(["0.0.0.0/0", "2", "31"], Some("0.0.0.0/1 128.0.0.0/1"));
        check(["::/0", "1", "127"], Some("::/1"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        check(["10.0.0.0/24", "2", "8"], None);
        check(["10.0.0.0/24", "1", "9"], None);
        check(["10.0.0.0/24", "0", "4"], None);
        check(["10.0.0.0/24", "257", "0"], None);
        check(["10.0.0.0/33", "1", "0"], None);
        check(["10.0.0.0", "1", "4"], None);
        check(["::/0", "1", "200"], None);
        check(["x/8", "1", "4"], None);
    }
}
