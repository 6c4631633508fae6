//! How values are written as text: base64, percent encoding, times.

/// Base64 of bytes, with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut sum = 0_usize;
        for place in 0..3 {
            sum = sum << 8 | usize::from(chunk.get(place).copied().unwrap_or(0));
        }
        for place in 0..4 {
            let is_padding = place > chunk.len();
            text.push(if is_padding { '=' } else { char::from(LETTERS[sum >> (18 - 6 * place) & 63]) });
        }
    }
    text
}

/// The bytes that base64 stands for.
pub fn of_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut sum, mut bits) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| !letter.is_ascii_whitespace()) {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        sum = (sum << 6 | u32::from(value)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((sum >> bits & 255) as u8);
        }
    }
    Some(bytes)
}

/// What percent encoding says; in a form `+` is a space.
pub fn of_percent(text: &str, is_form: bool) -> String {
    let raw = text.as_bytes();
    let mut bytes = Vec::with_capacity(raw.len());
    let mut place = 0;
    while place < raw.len() {
        let hex = |at: usize| raw.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (raw[place], hex(place + 1), hex(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                place += 3;
                continue;
            }
            (b'+', ..) if is_form => bytes.push(b' '),
            (byte, ..) => bytes.push(byte),
        }
        place += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent encoding of all but letters, digits and `-_.~`.
pub fn to_percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A moment: seconds since 1970, and millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Whole seconds.
    pub seconds: i64,
    /// What is left, in millionths.
    pub micros: i64,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Moment {
    /// Of seconds with a fraction.
    pub fn of_number(number: f64) -> Self {
        let micros = (number * 1e6).round() as i64;
        Self { seconds: micros.div_euclid(1_000_000), micros: micros.rem_euclid(1_000_000) }
    }

    /// As a service sends it in any of the forms: a number, ISO 8601, or a date of HTTP.
    pub fn of_text(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse::<f64>() {
            return number.is_finite().then(|| Self::of_number(number));
        }
        Self::of_iso(text).or_else(|| Self::of_http(text))
    }

    fn of_iso(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let day = day_of(number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let seconds = number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
        let rest = text.get(19..)?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => {
                let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
                (&rest[..end], &rest[end..])
            }
            None => ("", rest),
        };
        let micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
        let ahead = match zone {
            "" | "Z" | "z" => 0,
            zone => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                sign * (zone.get(1..3)?.parse::<i64>().ok()? * 3_600
                    + zone.get(4..6)?.parse::<i64>().ok()? * 60)
            }
        };
        Some(Self { seconds: day * 86_400 + seconds - ahead, micros })
    }

    fn of_http(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [_, day, month, year, clock, _] = words[..] else { return None };
        let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
        let clock: Vec<i64> = clock.split(':').filter_map(|part| part.parse().ok()).collect();
        let [hour, minute, second] = clock[..] else { return None };
        let day = day_of(year.parse().ok()?, month, day.parse().ok()?);
        Some(Self { seconds: day * 86_400 + hour * 3_600 + minute * 60 + second, micros: 0 })
    }

    /// `2026-11-17T19:13:00` and what is put behind it.
    pub fn iso(self, zone: &str) -> String {
        let (year, month, day) = date_of(self.seconds.div_euclid(86_400));
        let second = self.seconds.rem_euclid(86_400);
        let fraction = if self.micros == 0 { String::new() } else { format!(".{:06}", self.micros) };
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
    }

    /// `Tue, 17 Nov 2026 19:13:00 GMT`.
    pub fn http(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        let days = self.seconds.div_euclid(86_400);
        let (year, month, day) = date_of(days);
        let second = self.seconds.rem_euclid(86_400);
        let (name, month) = (DAYS[days.rem_euclid(7) as usize], MONTHS[(month - 1) as usize]);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{name}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }

    /// Seconds with their fraction.
    pub fn number(self) -> f64 {
        self.seconds as f64 + self.micros as f64 / 1e6
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970 to a date, counted year by year: slow, and plain to see.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let of_year = |year: i64| 365 + i64::from(is_leap(year));
    let years: i64 =
        if year >= 1970 { (1970..year).map(of_year).sum() } else { -(year..1970).map(of_year).sum::<i64>() };
    years + (1..month).map(|month| length(year, month)).sum::<i64>() + day - 1
}

fn date_of(mut days: i64) -> (i64, i64, i64) {
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += 365 + i64::from(is_leap(year));
    }
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    while days >= length(year, month) {
        days -= length(year, month);
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_same_in_every_form() {
        for text in [
            "2026-11-17T19:13:00Z",
            "2026-11-17T20:13:00+01:00",
            "Tue, 17 Nov 2026 19:13:00 GMT",
            "1794942780",
        ] {
            let moment = Moment::of_text(text).unwrap();
            assert_eq!(moment.iso("Z"), "2026-11-17T19:13:00Z", "{text}");
            assert_eq!(moment.http(), "Tue, 17 Nov 2026 19:13:00 GMT");
        }
        assert_eq!(Moment::of_text("1969-12-31T23:59:59.500Z").unwrap().number(), -0.5);
        assert_eq!(Moment::of_text("soon"), None);
    }

    #[test]
    fn bytes_and_percents_there_and_back() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", &[255, 0, 254]] {
            assert_eq!(of_base64(&to_base64(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(of_percent(&to_percent("a b/é+%"), false), "a b/é+%");
        assert_eq!(of_percent("a+b%zz", true), "a b%zz");
    }
}
