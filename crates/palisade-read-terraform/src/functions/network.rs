//! Networks and the addresses in them, as `cidrsubnet` and its kin compute them.

use super::{Given, Outcome, TEXT, argument, text_in, whole_in};
use crate::evaluate::Failure;
use crate::value::{Value, unknown};
use palisade_model::Why;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: its first address, how many bits name it, and how many an address has.
#[derive(Clone, Copy)]
struct Network {
    first: u128,
    length: u32,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(length) {
            return None;
        }
        // Zeros at the start of a part mean nothing.
        let parts = address.split('.').map(|part| match part.trim_start_matches('0') {
            "" if !part.is_empty() => "0",
            trimmed => trimmed,
        });
        let plain = parts.collect::<Vec<&str>>().join(".");
        let address = if address.contains(':') { address } else { &plain };
        let (first, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            // Go takes these for addresses of version 4, now and then.
            IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => return None,
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let length = length.parse().ok().filter(|length| *length <= bits)?;
        Some(Self { first: first & Self::mask(length, bits), length, bits })
    }

    fn in_argument(given: &Given<'_>) -> Result<Self, Failure> {
        Self::parse(&text_in(given, 0)?).ok_or(Failure)
    }

    fn mask(length: u32, bits: u32) -> u128 {
        let all = u128::MAX >> (128 - bits);
        all & !all.checked_shr(length).unwrap_or(0)
    }

    /// The last address.
    fn last(self) -> u128 {
        self.first | (Self::mask(self.bits, self.bits) & !Self::mask(self.length, self.bits))
    }

    /// The network of this number among those that are so many bits longer.
    fn subnet(self, longer: u32, number: u128) -> Option<Self> {
        let length = self.length.checked_add(longer).filter(|length| *length <= self.bits)?;
        if number.checked_shr(longer).unwrap_or(0) > 0 {
            return None;
        }
        let first = self.first | number.checked_shl(self.bits - length).unwrap_or(0);
        Some(Self { first, length, bits: self.bits })
    }

    /// What Terraform makes of a number below zero, from the network that the number without its sign means: it takes the
    /// bits of a number of any size, and forgets the sign of what comes of them.
    fn subnet_below_zero(self, positive: Self) -> Self {
        let distance = positive.first & !self.first;
        let first = (distance.wrapping_sub(1) & !self.first).wrapping_add(1);
        Self { first, ..positive }
    }

    fn address(self, number: u128) -> Option<String> {
        Some(match self.bits {
            32 => Ipv4Addr::from(u32::try_from(number).ok()?).to_string(),
            _ => Ipv6Addr::from(number).to_string(),
        })
    }

    fn text(self) -> Option<String> {
        Some(format!("{}/{}", self.address(self.first)?, self.length))
    }
}

/// Addresses of version 4 written as ones of version 6 are now one and now the other to Terraform.
fn disguised(given: &Given<'_>) -> Option<Value> {
    let text = text_in(given, 0).ok()?;
    let (address, _) = text.split_once('/')?;
    address.parse::<Ipv6Addr>().ok()?.to_ipv4_mapped()?;
    let why = Why::NotEvaluated("an address of version 4 in disguise".into());
    Some(Value::unknown(unknown(why, true, None), given.origin))
}

pub(super) fn cidrhost(given: &Given<'_>) -> Outcome {
    if let Some(unknown) = disguised(given) {
        return Ok(unknown);
    }
    let network = Network::in_argument(given)?;
    let number = whole_in(given, 1)?;
    let distance = u128::from(number.unsigned_abs());
    let address = if number < 0 {
        network.last().checked_sub(distance - 1)
    } else {
        network.first.checked_add(distance)
    };
    let is_inside = |address: &u128| (network.first..=network.last()).contains(address);
    let address = address.filter(is_inside).and_then(|address| network.address(address)).ok_or(Failure)?;
    Ok(Value::text(address, given.origin))
}

pub(super) fn cidrnetmask(given: &Given<'_>) -> Outcome {
    if let Some(unknown) = disguised(given) {
        return Ok(unknown);
    }
    let network = Network::in_argument(given)?;
    if network.bits != 32 {
        return Err(Failure);
    }
    let mask = network.address(Network::mask(network.length, 32)).ok_or(Failure)?;
    Ok(Value::text(mask, given.origin))
}

pub(super) fn cidrsubnet(given: &Given<'_>) -> Outcome {
    if let Some(unknown) = disguised(given) {
        return Ok(unknown);
    }
    let network = Network::in_argument(given)?;
    let longer = whole_in(given, 1)?;
    if longer < 0 {
        // Terraform does not forbid it, so it means what comes of the arithmetic.
        let why = Why::NotEvaluated("a subnet larger than its network".into());
        return Ok(Value::unknown(unknown(why, true, TEXT), given.origin));
    }
    let longer = u32::try_from(longer).map_err(|_| Failure)?;
    let number = whole_in(given, 2)?;
    let subnet = network.subnet(longer, u128::from(number.unsigned_abs())).ok_or(Failure)?;
    let subnet = if number < 0 { network.subnet_below_zero(subnet) } else { subnet };
    let subnet = subnet.text().ok_or(Failure)?;
    Ok(Value::text(subnet, given.origin))
}

/// Networks one after the other, each where there is room for it.
pub(super) fn cidrsubnets(given: &Given<'_>) -> Outcome {
    if let Some(unknown) = disguised(given) {
        return Ok(unknown);
    }
    argument(given, 0)?;
    let network = Network::in_argument(given)?;
    // Terraform refuses most of these, for how it counts in them.
    if network.bits == 128 && network.length == 0 && given.arguments.len() > 1 {
        let why = Why::NotEvaluated("the subnets of all addresses".into());
        return Ok(Value::unknown(unknown(why, true, super::LIST), given.origin));
    }
    // It starts at the network before, and there is none before the first of all.
    if network.first == 0 && given.arguments.len() > 1 {
        return Err(Failure);
    }
    let mut next = Some(network.first);
    let mut subnets = Vec::new();
    for at in 1..given.arguments.len() {
        let longer = u32::try_from(whole_in(given, at)?).ok().filter(|longer| *longer > 0).ok_or(Failure)?;
        let length = network.length.checked_add(longer).filter(|length| *length <= network.bits);
        let length = length.ok_or(Failure)?;
        let mask = Network::mask(length, network.bits);
        let rest = Network::mask(network.bits, network.bits) & !mask;
        let start = next.ok_or(Failure)?;
        let first = if start & rest == 0 { Some(start) } else { (start | rest).checked_add(1) };
        let first = first.filter(|first| *first <= network.last()).ok_or(Failure)?;
        let subnet = Network { first, length, bits: network.bits };
        next = subnet.last().checked_add(1);
        subnets.push(Value::text(subnet.text().ok_or(Failure)?, given.origin));
    }
    Ok(super::texts(subnets, given))
}
