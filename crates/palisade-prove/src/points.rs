//! Values that stand for all others where values are compared by their order: those of the policies, and those between.

use palisade_iam::{Condition, Family, Test};
use palisade_services::ValueType;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The values, and whether they stand for all.
pub(crate) fn points(conditions: &[&Condition], of: Option<ValueType>) -> (Vec<String>, bool) {
    let tests = || conditions.iter().flat_map(|condition| &condition.values).map(|value| &value.test);
    let families: BTreeSet<&str> = conditions.iter().filter_map(|condition| sort(condition)).collect();
    let mut is_complete = families.len() <= 1;
    let mut found = Vec::new();
    for family in &families {
        match *family {
            "number" => found.extend(numbers(tests())),
            "date" => {
                let (dates, all) = dates(tests());
                found.extend(dates);
                is_complete &= all;
            }
            "address" => found.extend(addresses(tests())),
            _ => found.extend(bytes(conditions)),
        }
        let is_of_its_sort = matches!(
            (*family, of),
            ("number" | "date", Some(ValueType::Number | ValueType::Date))
                | ("address", Some(ValueType::Address))
                | ("bytes", Some(ValueType::Bytes))
        );
        if !is_of_its_sort {
            // What is nothing of the sort matches nothing.
            found.push("no value of this sort".to_owned());
        }
    }
    (found, is_complete)
}

fn sort(condition: &Condition) -> Option<&'static str> {
    Some(match condition.operator?.family {
        Family::Numeric(_) => "number",
        Family::Date(_) => "date",
        Family::Address => "address",
        Family::Binary => "bytes",
        _ => return None,
    })
}

/// Each number, and one just beside it: longer in its fraction than all others, so that it comes before the next.
fn numbers<'a>(tests: impl Iterator<Item = &'a Test>) -> Vec<String> {
    let texts: Vec<&str> = tests
        .filter_map(|test| match test {
            Test::Number(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    let fraction = |text: &str| text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let longest = texts.iter().map(|text| fraction(text)).max().unwrap_or(0);
    let whole = texts.iter().map(|text| text.len()).max().unwrap_or(1);
    let beside = |text: &str| {
        let missing = longest + 1 - fraction(text);
        let dot = if text.contains('.') { "" } else { "." };
        format!("{text}{dot}{}1", "0".repeat(missing))
    };
    let mut found: Vec<String> = Vec::new();
    for text in &texts {
        found.push((*text).to_owned());
        if let Ok(number) = text.parse::<i64>() {
            found.extend([number.saturating_add(1).to_string(), number.saturating_sub(1).to_string()]);
        }
    }
    found.extend(texts.iter().map(|text| beside(text)));
    found.extend(["0".to_owned(), beside("0"), beside("-0")]);
    found.extend([format!("1{}", "0".repeat(whole)), format!("-1{}", "0".repeat(whole))]);
    found
}

/// Seconds since 1970: of each moment, before and after.
fn dates<'a>(tests: impl Iterator<Item = &'a Test>) -> (Vec<String>, bool) {
    const SECOND: i128 = 1_000_000_000;
    let moments: BTreeSet<i128> = tests
        .filter_map(|test| match test {
            Test::Date(moment) => Some(*moment),
            _ => None,
        })
        .collect();
    // Four digits are a year, and less than none can't be written.
    let is_plain = |moment: &i128| moment % SECOND == 0 && *moment > 100_000 * SECOND;
    let mut is_complete = moments.iter().all(is_plain);
    let mut found = vec!["1".to_owned()];
    let mut before: Option<i128> = None;
    for moment in &moments {
        let second = moment.div_euclid(SECOND);
        found.extend([second - 1, second, second + 1].iter().filter(|s| **s >= 0).map(ToString::to_string));
        is_complete &= before.is_none_or(|before| moment - before > SECOND);
        before = Some(*moment);
    }
    (found, is_complete)
}

/// The first address of each range and the first after it; and addresses that are often in none.
fn addresses<'a>(tests: impl Iterator<Item = &'a Test>) -> Vec<String> {
    let mut found: Vec<IpAddr> = vec![
        Ipv4Addr::new(203, 0, 113, 9).into(),
        Ipv4Addr::new(198, 51, 100, 9).into(),
        Ipv4Addr::UNSPECIFIED.into(),
        Ipv6Addr::UNSPECIFIED.into(),
    ];
    for test in tests {
        let Test::Network(network) = test else { continue };
        found.push(network.network());
        let after: Option<IpAddr> = match network.broadcast() {
            IpAddr::V4(last) => u32::from(last).checked_add(1).map(|next| Ipv4Addr::from(next).into()),
            IpAddr::V6(last) => u128::from(last).checked_add(1).map(|next| Ipv6Addr::from(next).into()),
        };
        found.extend(after);
    }
    found.iter().map(ToString::to_string).collect()
}

/// The bytes that are written, and some that are not.
fn bytes(conditions: &[&Condition]) -> Vec<String> {
    let written: Vec<&str> =
        conditions.iter().flat_map(|condition| &condition.values).map(|value| value.text.as_ref()).collect();
    let longest = written.iter().map(|text| text.len()).max().unwrap_or(0);
    let other = "QUJD".repeat(longest / 4 + 2);
    written.into_iter().map(str::to_owned).chain([other]).collect()
}
