//! Reads what the AWS APIs answered about accounts and their organisation, from files, into raw resources.
//!
//! A folder holds `organisation.json`, `identity-center.json` and one folder for each account, named by its twelve digits, with `iam.json` (what
//! `aws iam get-account-authorization-details` prints) and `resource-policies.json`; docs/reference/estate.md describes
//! them. [`load`] reads such a folder, or one JSON file that holds a whole estate, or the folders of a collector, with one
//! for each user, role and resource; [`read`] and [`read_collected`] read texts.

mod authorization;
mod collected;
mod directory;
mod folder;
mod node;
mod organisation;
mod resources;

pub use collected::read as read_collected;
pub use folder::{Loaded, load};

use palisade_document::{Text, read_json};
use palisade_model::{
    Account, AccountId, Address, Diagnostic, Existence, Node, Organisation, Origin, RawResource, Region,
    Source,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the files of a folder say.
#[derive(Debug, Clone, Default)]
pub struct Export {
    /// The resources, as their API describes them.
    pub resources: Vec<RawResource>,
    /// The accounts that have a folder.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The organisation, when there is a file about it and it says that there is one.
    pub organisation: Option<Organisation>,
    /// What is wrong with the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file of an estate's folder.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path below the folder, with `/` between its parts.
    pub path: Arc<str>,
    /// Its path as the user would write it.
    pub shown: Arc<str>,
    /// What is in it.
    pub text: Arc<str>,
}

/// Reads the files of an estate's folder; files that the layout does not know are reported.
pub fn read(files: &[File]) -> Export {
    read_into(files, Export::default())
}

/// Reads files as [`read`] does, beside what is already known of the accounts.
pub fn read_into(files: &[File], mut export: Export) -> Export {
    let mut organisation = None;
    for file in files {
        let account = file.path.split_once('/').and_then(|(folder, _)| folder.parse::<AccountId>().ok());
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if let Some(account) = account {
            export.accounts.entry(account).or_default();
        }
        match (account, name) {
            (None, "organisation.json") => organisation = document(file, &mut export),
            (None, "identity-center.json") => {
                if let Some(node) = document(file, &mut export) {
                    directory::read(&node, &mut export);
                }
            }
            (Some(account), "iam.json") => {
                if let Some(node) = document(file, &mut export) {
                    authorization::read(account, &node, &mut export);
                }
            }
            (Some(account), "resource-policies.json") => {
                if let Some(node) = document(file, &mut export) {
                    resources::read(account, &node, &mut export);
                }
            }
            _ => export.diagnostics.push(
                Diagnostic::warning(format!("`{}` is no part of an estate and was not read", file.shown))
                    .help("organisation.json, identity-center.json, ACCOUNT/iam.json and ACCOUNT/resource-policies.json are"),
            ),
        }
    }
    // Last, because it says of accounts that have folders that they are in no organisation.
    if let Some(node) = organisation {
        organisation::read(&node, &mut export);
    }
    export
}

fn document(file: &File, export: &mut Export) -> Option<Node> {
    let mut documents = read_json(Text::whole(&file.shown, &file.text));
    export.diagnostics.append(&mut documents.diagnostics);
    let node = documents.documents.into_iter().next();
    if node.is_none() {
        export.diagnostics.push(Diagnostic::error(format!("`{}` holds no JSON document", file.shown)));
    }
    node
}

/// A raw resource of an account.
fn raw(
    source_type: &str,
    name: &str,
    (account, region): (Option<AccountId>, Option<Region>),
    raw: Node,
    origin: &Origin,
) -> RawResource {
    RawResource {
        source: Source::Live,
        source_type: source_type.into(),
        address: Address { root: "".into(), name: name.into() },
        existence: Existence::Yes,
        raw,
        account,
        region,
        origin: origin.clone(),
    }
}

fn wrong(node: &Node, message: impl Into<String>, help: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(message).help(help);
    match node.origin.span() {
        Some(span) => diagnostic.at(span.clone()),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests;
