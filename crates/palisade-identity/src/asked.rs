//! What is asked of an estate: who wants to do what, and what is known of the circumstances.

use palisade_iam::{Caller, Entry, Policy, Rest, Via};
use std::sync::Arc;

/// One request, as far as the one who asks knows it; the estate adds the rest.
#[derive(Debug, Clone)]
pub struct Asked {
    /// An ARN, a service or `anonymous`.
    pub principal: String,
    /// `service:Action`.
    pub action: String,
    /// An ARN, or `*`.
    pub resource: String,
    /// Who owns the resource, where neither its ARN nor the estate tells.
    pub resource_account: Option<String>,
    /// Whether the action was asked for without a resource; where nothing is told, the service reference decides.
    pub takes_no_resource: Option<bool>,
    /// Condition keys; they win over what is derived.
    pub context: Vec<(String, Entry)>,
    /// What holds of the condition keys that nobody listed and nothing tells.
    pub rest: Rest,
    /// More about who asks; the estate fills in what is not told.
    pub caller: Caller,
    /// How the request came.
    pub via: Via,
    /// The session policies that the session was made with.
    pub session: Vec<Arc<Policy>>,
}

impl Asked {
    /// A request of which nothing else is known.
    pub fn new(principal: impl Into<String>, action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            principal: principal.into(),
            action: action.into(),
            resource: resource.into(),
            resource_account: None,
            takes_no_resource: None,
            context: Vec::new(),
            rest: Rest::Unknown("it is not told".into()),
            caller: Caller::default(),
            via: Via::default(),
            session: Vec::new(),
        }
    }
}
