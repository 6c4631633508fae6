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
            "number" => {
                found.extend(numbers(tests()));
                if of != Some(ValueType::Number) {
                    let (days, all) = days(tests());
                    found.extend(days);
                    is_complete &= all;
                }
            }
            "date" => {
                let (dates, all) = dates(tests());
                found.extend(dates);
                is_complete &= all;
                // A number with a fraction is no date.
                found.extend((of == Some(ValueType::Number)).then(|| "0.5".to_owned()));
            }
            "address" => found.extend(addresses(tests())),
            _ => found.extend(bytes(conditions)),
        }
        let is_of_its_sort = matches!(
            (*family, of),
            ("number", Some(ValueType::Number))
                | ("number" | "date", Some(ValueType::Date))
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
            Test::Number(text) => Some(text.trim()),
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

/// Dates, which numeric operators compare with the numbers that are seconds since 1970 (or years).
fn days<'a>(tests: impl Iterator<Item = &'a Test>) -> (Vec<String>, bool) {
    const SECOND: i128 = 1_000_000_000;
    let moments: BTreeSet<i128> = tests
        .filter_map(|test| match test {
            Test::Number(text) => palisade_iam::parse_date(text),
            _ => None,
        })
        .collect();
    let near = moments.iter().flat_map(|moment| [moment - SECOND, *moment, moment + SECOND]);
    let near: BTreeSet<i128> = near.chain([0, 1_800_000_000 * SECOND]).collect();
    let is_apart = moments.iter().zip(moments.iter().skip(1)).all(|(a, b)| b - a > SECOND);
    // What no four digits of a year can say is no value either.
    (near.iter().filter_map(|moment| written(moment.div_euclid(SECOND))).collect(), is_apart)
}

/// A second since 1970 as ISO 8601 writes it, for years of four digits. The day is Howard Hinnant's "civil from days".
fn written(second: i128) -> Option<String> {
    let (days, rest) = (second.div_euclid(86_400) + 719_468, second.rem_euclid(86_400));
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    (0..=9_999)
        .contains(&year)
        .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
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
