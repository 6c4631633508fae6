//! The logic of three-valued truth: it decides, and remembers which statement did.

use super::naming::is_any_session;
use super::statements::about_resource;
use super::{At, By, Logic, Open};
use crate::policy::{Effect, ResourceText};
use crate::request::Request;
use crate::truth::Truth;

/// The logic of three-valued truth: it decides, and remembers which statement did.
#[derive(Default)]
pub(crate) struct Concrete {
    pub(crate) denied_by: Option<By>,
    /// The first statement of each layer that allows.
    pub(crate) allowed_by: [Option<By>; 10],
}

impl Logic for Concrete {
    type V = Truth;
    fn known(&self, truth: bool) -> Truth {
        truth.into()
    }
    fn open(&mut self, _why: &dyn Fn() -> Open) -> Truth {
        Truth::Unknown
    }
    fn and(&self, a: Truth, b: Truth) -> Truth {
        a.and(b)
    }
    fn or(&self, a: Truth, b: Truth) -> Truth {
        a.or(b)
    }
    fn not(&self, a: Truth) -> Truth {
        !a
    }
    fn is_no(&self, a: &Truth) -> bool {
        a.is_no()
    }
    fn is_yes(&self, a: &Truth) -> bool {
        a.is_yes()
    }

    fn applies(&mut self, at: &At<'_>, request: &Request, resource: &ResourceText) -> Truth {
        let statement = at.statement;
        let mut all = statement.actions.matches(&request.action, &request.context);
        if all.is_no() {
            return all;
        }
        all = all.and(about_resource(statement, request, resource));
        if all.is_no() {
            return all;
        }
        for condition in &statement.conditions {
            all = all.and(condition.holds(&request.context));
            if all.is_no() {
                return all;
            }
        }
        if statement.open.is_some() { all.and(Truth::Unknown) } else { all }
    }

    fn session_name(&mut self, _at: &At<'_>, request: &Request, _name: &str) -> Truth {
        if is_any_session(&request.principal) { Truth::Unknown } else { Truth::No }
    }

    fn note(&mut self, at: &At<'_>, effect: Effect, value: &Truth) {
        if !value.is_yes() {
            return;
        }
        let by = By { place: at.place, statement: at.statement.index };
        let slot = match effect {
            Effect::Deny => &mut self.denied_by,
            Effect::Allow => &mut self.allowed_by[at.place.layer as usize],
        };
        if slot.is_none() {
            *slot = Some(by);
        }
    }
}
