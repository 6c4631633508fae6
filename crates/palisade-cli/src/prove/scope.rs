//! Which accounts an invariant is about.

use palisade_access::Standing;
use palisade_model::{Diagnostic, Estate, OrganisationalUnit, Span};
use std::collections::BTreeMap;

/// An account and all names of what it is in.
pub struct Place {
    standing: Standing,
    names: Vec<String>,
}

/// The words that say where, each with its place.
pub type Scope = Vec<(String, Option<Span>)>;

/// AWS allows five levels below the root.
const MAX_LEVELS: usize = 64;

/// The accounts of the organisations.
pub fn places(estates: &[Estate]) -> Vec<Place> {
    let mut names = BTreeMap::new();
    for (id, account) in estates.iter().flat_map(|estate| &estate.accounts) {
        names.extend(account.name.clone().map(|name| (*id, name)));
    }
    let mut found: BTreeMap<String, Place> = BTreeMap::new();
    for organisation in estates.iter().filter_map(|estate| estate.organisation.as_ref()) {
        let root = &organisation.root;
        let start = format!("{}/{}/", organisation.id, root.id);
        let mut waiting: Vec<(&OrganisationalUnit, String, Vec<String>, Vec<String>)> =
            vec![(root, start, vec![root.id.clone(), root.name.clone()], Vec::new())];
        while let Some((unit, path, above, trail)) = waiting.pop() {
            for account in &unit.accounts {
                let id = account.to_string();
                let mut all = above.clone();
                all.push(id.clone());
                all.extend(names.get(account).cloned());
                let standing = Standing {
                    account: id.clone(),
                    organisation: organisation.id.clone(),
                    path: path.clone(),
                    is_management: organisation.management.map(|management| management == *account),
                };
                found.entry(id).or_insert(Place { standing, names: all });
            }
            if trail.len() < MAX_LEVELS {
                for below in &unit.units {
                    let mut trail = trail.clone();
                    trail.push(below.name.clone());
                    let mut above = above.clone();
                    above.extend([below.id.clone(), below.name.clone(), trail.join("/")]);
                    above.push(format!("{}/{}", root.name, trail.join("/")));
                    waiting.push((below, format!("{path}{}/", below.id), above, trail));
                }
            }
        }
    }
    found.into_values().collect()
}

/// The accounts of a scope, and the management accounts that it leaves out.
///
/// # Errors
/// A word names nothing.
pub fn chosen(places: &[Place], scope: &Scope) -> Result<(Vec<Standing>, Vec<String>), Box<Diagnostic>> {
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
    for (word, span) in scope {
        let is_named = |place: &&Place| word == "all" || place.names.contains(word);
        if word != "all" && !places.iter().any(|place| is_named(&place)) {
            let wrong = Diagnostic::error(format!("no account of the estate is in `{word}`"))
                .help("`all`, the id, name or path of a unit, or the id or name of an account is expected");
            return Err(Box::new(match span {
                Some(span) => wrong.at(span.clone()),
                None => wrong,
            }));
        }
    }
    for place in places {
        let is_in = scope.iter().any(|(word, _)| word == "all" || place.names.contains(word));
        let is_named = scope.iter().any(|(word, _)| *word == place.standing.account);
        if !is_in {
            continue;
        }
        if place.standing.is_management == Some(true) && !is_named {
            left_out.push(place.standing.account.clone());
        } else {
            chosen.push(place.standing.clone());
        }
    }
    Ok((chosen, left_out))
}
