//! Yes, no, or not to be told.

/// An answer that may be open: because a fact was not told, or because AWS's pages do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tri {
    /// No, however the open facts are.
    No,
    /// It depends on what is not known.
    Open,
    /// Yes, however the open facts are.
    Yes,
}

impl Tri {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The other way round.
    #[expect(clippy::should_implement_trait, reason = "read beside `and` and `or`")]
    pub fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Open => Self::Open,
            Self::Yes => Self::No,
        }
    }

    /// All of them; yes when there are none.
    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().fold(Self::Yes, Self::and)
    }

    /// Any of them; no when there are none.
    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().fold(Self::No, Self::or)
    }
}

impl From<bool> for Tri {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}
