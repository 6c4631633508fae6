//! Names with their hash, so that finding one among thousands compares numbers and not texts.

/// A text in lowercase and its hash. The order is that of the hashes, which is enough for searching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    hash: u64,
    text: Box<str>,
}

impl Name {
    /// The name in lowercase (of ASCII letters).
    pub fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase().into_boxed_str();
        Self { hash: hash(&text), text }
    }
    /// The name, in lowercase.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.hash.cmp(&other.hash).then_with(|| self.text.cmp(&other.text))
    }
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
