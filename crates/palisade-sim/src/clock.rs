//! Virtual time: seconds since 1970, and how people and CloudTrail write them.

use std::fmt;

/// The seconds of a day.
pub const DAY: i64 = 86_400;
/// The seconds of an hour.
pub const HOUR: i64 = 3_600;

/// A moment of virtual time, in seconds since 1970. It is written as CloudTrail does: `2026-03-02T02:14:07Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// The first second of a day.
    pub fn of_date(year: i64, month: i64, day: i64) -> Self {
        // Howard Hinnant's `days_from_civil`, which counts years from March.
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self((era * 146_097 + day_of_era - 719_468) * DAY)
    }

    /// Year, month and day.
    pub fn date(self) -> (i64, i64, i64) {
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// Hour, minute and second.
    pub fn time(self) -> (i64, i64, i64) {
        let second = self.0.rem_euclid(DAY);
        (second / HOUR, second / 60 % 60, second % 60)
    }

    /// The day of the week, 0 being Monday.
    pub fn weekday(self) -> i64 {
        (self.0.div_euclid(DAY) + 3).rem_euclid(7)
    }

    /// So many seconds later.
    pub fn after(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// Appends it as CloudTrail writes it.
    pub(crate) fn push(self, to: &mut String) {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        push_digits(year / 100, to);
        push_digits(year % 100, to);
        for (mark, number) in [('-', month), ('-', day), ('T', hour), (':', minute), (':', second)] {
            to.push(mark);
            push_digits(number, to);
        }
        to.push('Z');
    }

    /// As the answers within records write it: `Mar 2, 2026, 2:14:07 AM`.
    pub fn long(self) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        let name = MONTHS[(month - 1).rem_euclid(12) as usize];
        let half = if hour < 12 { "AM" } else { "PM" };
        let twelfth = (hour + 11) % 12 + 1;
        format!("{name} {day}, {year}, {twelfth}:{minute:02}:{second:02} {half}")
    }
}

fn push_digits(number: i64, to: &mut String) {
    to.push((b'0' + (number / 10 % 10) as u8) as char);
    to.push((b'0' + (number % 10) as u8) as char);
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(20);
        self.push(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_cloudtrail_writes_them() {
        for (moment, written, weekday) in [
            (Moment(0), "1970-01-01T00:00:00Z", 3),
            (Moment(951_782_400), "2000-02-29T00:00:00Z", 1),
            (Moment::of_date(2026, 3, 2).after(2 * HOUR + 847), "2026-03-02T02:14:07Z", 0),
            (Moment::of_date(2024, 12, 31).after(DAY - 1), "2024-12-31T23:59:59Z", 1),
        ] {
            assert_eq!((moment.to_string().as_str(), moment.weekday()), (written, weekday));
        }
        assert_eq!(Moment::of_date(2026, 3, 2).after(847).long(), "Mar 2, 2026, 12:14:07 AM");
    }
}
