//! What must never be possible: an invariant.

/// What nobody may ever do, but for those who are excepted.
#[derive(Debug, Clone, Default)]
pub struct Invariant {
    /// What it is called.
    pub name: String,
    /// The actions: `service:Action`, with wildcards.
    pub actions: Vec<String>,
    /// With all actions: the services whose actions are not meant.
    pub except_services: Vec<String>,
    /// The resources; all when there are none.
    pub resources: Vec<String>,
    /// The ARNs of those who may, with wildcards.
    pub except: Vec<String>,
    /// Only requests to other regions than these are meant.
    pub outside_regions: Vec<String>,
    /// Only requests with these condition keys are meant.
    pub conditions: Vec<(String, Vec<String>)>,
    /// Who must not.
    pub by: By,
}

/// Who must never do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// The principals of the accounts.
    #[default]
    Inside,
    /// Whoever is of no account of the organisation, to the resources of the accounts.
    Outside,
}

/// Why an invariant can't be asked.
#[derive(Debug, Clone)]
pub struct Wrong(pub String);

impl Invariant {
    /// Does it say different things of different accounts?
    pub(crate) fn names_accounts(&self) -> bool {
        let texts = self.resources.iter().chain(&self.except);
        let texts = texts.chain(self.conditions.iter().flat_map(|(_, values)| values));
        texts.into_iter().any(|text| has_account(text))
    }
}

/// Are twelve digits in it, as an account has?
pub(crate) fn has_account(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 12)
}

/// Does a name match a pattern of `*` and `?`? Letter case does not matter.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for sign in pattern {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            next[at] = match sign {
                b'*' => reached[at] || at > 0 && next[at - 1],
                b'?' => at > 0 && reached[at - 1],
                letter => at > 0 && reached[at - 1] && letter.eq_ignore_ascii_case(&name[at - 1]),
            };
        }
        reached = next;
    }
    reached[name.len()]
}
