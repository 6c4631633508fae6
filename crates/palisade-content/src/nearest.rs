//! The right word nearest to a wrong one.

/// The candidate that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A hostile page may hold words of a megabyte; nothing that long was mistyped.
    if word.len() > 200 {
        return None;
    }
    let folded = fold(word);
    let scored = candidates.into_iter().map(|candidate| {
        let distance = strsim::damerau_levenshtein(&folded, &fold(candidate));
        (distance, candidate)
    });
    let (distance, candidate) = scored.min_by_key(|(distance, _)| *distance)?;
    let close_enough = (candidate.chars().count() / 3).clamp(1, 6);
    let begins_alike = folded.len() >= 3 && distance <= 2 && fold(candidate).starts_with(&folded)
        || candidate.len() >= 3 && distance <= 2 && folded.starts_with(&fold(candidate));
    (distance <= close_enough || begins_alike).then_some(candidate)
}

/// What to do about a word that is none of `candidates`: the nearest one, or all of them when they are few.
pub(crate) fn remedy<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.len() {
        0 => None,
        1..=10 => Some(format!("one of {} is expected", list(&all))),
        _ => None,
    }
}

/// Words in backticks, joined by commas.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

fn fold(word: &str) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let check = |word, expected| {
            let words = ["severity", "looks-at", "objectives", "title"];
            assert_eq!(nearest(word, words), expected, "{word}");
        };
        check("severty", Some("severity"));
        check("looks_at", Some("looks-at"));
        check("Title", Some("title"));
        check("tittle", Some("title"));
        check("owner", None);
        check("", None);
        check(&"s".repeat(1000), None);
    }
}
