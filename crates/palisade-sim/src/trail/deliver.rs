//! How a trail is written down: as lines, or as the objects that CloudTrail delivers to a bucket.

use super::studio::Occurrence;
use crate::clock::Moment;
use crate::organisation::Organisation;
use crate::random::Random;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes each record on a line of its own, and says how many there were.
///
/// # Errors
/// What writing says.
pub fn write_ndjson(trail: impl Iterator<Item = Occurrence>, to: &mut dyn Write) -> io::Result<u64> {
    let mut count = 0;
    for occurrence in trail {
        to.write_all(occurrence.record.as_bytes())?;
        to.write_all(b"\n")?;
        count += 1;
    }
    Ok(count)
}

/// The seconds that one object covers at most.
const SECONDS_MAX: i64 = 3_600;
/// The bytes of records that one object holds at most, before compression.
const BYTES_MAX: usize = 4 << 20;
/// The bytes that wait for their object at most, in all accounts and regions.
const WAITING_MAX: usize = 256 << 20;

/// Gathers records into objects as CloudTrail delivers them:
/// `AWSLogs/o-…/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_TIME_….json.gz`.
pub struct Deliver<'a, Put: FnMut(&str, &[u8]) -> io::Result<()>> {
    organisation: &'a Organisation,
    random: Random,
    open: BTreeMap<(usize, &'static str), (Moment, String)>,
    waiting: usize,
    put: Put,
}

impl<'a, Put: FnMut(&str, &[u8]) -> io::Result<()>> Deliver<'a, Put> {
    /// A delivery that gives each object's path and bytes to `put`.
    pub fn new(organisation: &'a Organisation, put: Put) -> Self {
        let random = Random::of(organisation.seed, "objects");
        Self { organisation, random, open: BTreeMap::new(), waiting: 0, put }
    }

    /// Delivers a whole trail and says how many records it has.
    ///
    /// # Errors
    /// What `put` says.
    pub fn all(mut self, trail: impl Iterator<Item = Occurrence>) -> io::Result<u64> {
        let mut count = 0;
        for occurrence in trail {
            self.add(&occurrence)?;
            count += 1;
        }
        self.close_all(Moment(i64::MAX))?;
        Ok(count)
    }

    fn add(&mut self, occurrence: &Occurrence) -> io::Result<()> {
        let key = (occurrence.account, occurrence.region);
        if let Some((begun, records)) = self.open.get(&key)
            && (occurrence.time.0 - begun.0 >= SECONDS_MAX || records.len() >= BYTES_MAX)
        {
            self.close(key)?;
        }
        let (_, records) = self.open.entry(key).or_insert_with(|| (occurrence.time, String::new()));
        records.push_str(if records.is_empty() { "{\"Records\":[" } else { "," });
        records.push_str(&occurrence.record);
        self.waiting += occurrence.record.len();
        if self.waiting > WAITING_MAX {
            self.close_all(Moment(i64::MAX))?;
        }
        Ok(())
    }

    fn close_all(&mut self, before: Moment) -> io::Result<()> {
        let keys: Vec<_> =
            self.open.iter().filter(|(_, (begun, _))| *begun < before).map(|(key, _)| *key).collect();
        keys.into_iter().try_for_each(|key| self.close(key))
    }

    fn close(&mut self, key: (usize, &'static str)) -> io::Result<()> {
        let Some((begun, mut records)) = self.open.remove(&key) else { return Ok(()) };
        self.waiting = self.waiting.saturating_sub(records.len());
        records.push_str("]}");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(records.as_bytes())?;
        let bytes = gzip.finish()?;
        let (account, region) = (self.organisation.accounts[key.0].id, key.1);
        let ((year, month, day), (hour, minute, _)) = (begun.date(), begun.time());
        let unique = self.random.id(16);
        let path = format!(
            "AWSLogs/{}/{account}/CloudTrail/{region}/{year:04}/{month:02}/{day:02}/\
             {account}_CloudTrail_{region}_{year:04}{month:02}{day:02}T{hour:02}{minute:02}Z_{unique}.json.gz",
            self.organisation.id
        );
        (self.put)(&path, &bytes)
    }
}
