//! Three-valued truth: yes, no, and what the known facts do not settle.

use serde::Serialize;

/// Is something so, as far as the facts are known?
///
/// The order is `No < Unknown < Yes`, so "and" is the lesser and "or" the greater of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// It is not so, whatever is unknown.
    #[default]
    No,
    /// What is unknown decides.
    Unknown,
    /// It is so, whatever is unknown.
    Yes,
}

impl Truth {
    /// Both are so.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }
    /// One of them is so.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }
    /// It is so for certain.
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }
    /// It is certainly not so.
    pub fn is_no(self) -> bool {
        self == Self::No
    }
}

impl std::ops::Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}
