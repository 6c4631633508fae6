//! Reads content pages and refuses broken ones with page, line and column.
//!
//! A page is the rule, its documentation and its test in one file. This crate knows the shape of pages and
//! nothing of the engines: a rule is handed over as a [`Block`] of text that knows where it stands.

mod check;
mod detection;
mod escalation;
mod fields;
mod framework;
mod library;
mod load;
mod markdown;
mod nearest;
mod page;
mod parts;
mod playbook;
mod rego;
mod scaffold;
mod sigma;

pub use check::{Check, LooksAt};
pub use detection::{Detection, READS};
pub use escalation::{Clause, Escalation};
pub use framework::{Control, Covers, Framework};
pub use library::Library;
pub use load::{LARGEST_PAGE, load};
pub use page::{Block, Body, Example, Expected, Page, Section, Sort, Version};
pub use playbook::{Playbook, Step, Undo};
pub use scaffold::new_page;

use std::sync::Arc;

/// The text of a page and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFile {
    /// The path as it is shown to the user.
    pub path: Arc<str>,
    /// The path below the content folder, with `/` between its parts: `checks/aws/ec2/x.md`. The id comes from it.
    pub id_path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// Is it part of Palisade? What is not runs with limits.
    pub shipped: bool,
}

/// The pages that ship with Palisade, by path.
pub fn shipped() -> Vec<PageFile> {
    const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));
    let page = |(path, text): &(&str, &str)| PageFile {
        path: format!("content/{path}").into(),
        id_path: (*path).into(),
        text: (*text).into(),
        shipped: true,
    };
    FILES.iter().map(page).collect()
}
