//! Access entries of EKS clusters: which Kubernetes objects an IAM user or role may see.
//!
//! Source: EKS user guide, "Associate access policies with access entries" and "Review access policy permissions".

use super::receiver::Receiver;
use crate::request::{Namespace, Request};
use crate::truth::Truth;

/// An access policy of an access entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EksAccessEntry {
    /// Whose entry it is.
    pub to: Receiver,
    /// The ARN of the cluster; nothing: the one that is asked for.
    pub cluster: Option<Box<str>>,
    /// The access policy; nothing: the entry has groups of Kubernetes only.
    pub policy: Option<Box<str>>,
    /// The namespaces it is for; nothing: the whole cluster.
    pub namespaces: Option<Vec<Box<str>>>,
}

pub(super) fn permits(entry: &EksAccessEntry, request: &Request) -> Truth {
    let is_cluster = entry.cluster.as_deref().is_none_or(|cluster| cluster == request.resource.text.as_ref());
    let is_about = Truth::from(is_cluster).and(is_in_scope(entry, &request.facts.parameters.namespace));
    entry.to.receives(request).and(is_about).and(shows_all(entry))
}

fn is_in_scope(entry: &EksAccessEntry, asked: &Namespace) -> Truth {
    let Some(namespaces) = &entry.namespaces else { return Truth::Yes };
    match asked {
        Namespace::Untold => Truth::Unknown,
        // Nodes and the like are in no namespace.
        Namespace::None => Truth::No,
        Namespace::Named(asked) if namespaces.contains(asked) => Truth::Yes,
        // Whether a star stands for others in the name of a namespace, no page says.
        Namespace::Named(_) if namespaces.iter().any(|name| name.contains('*')) => Truth::Unknown,
        Namespace::Named(_) => Truth::No,
    }
}

/// Two of the policies show every object; what the others show depends on the object, and what groups may see on the
/// cluster's own rules.
fn shows_all(entry: &EksAccessEntry) -> Truth {
    let policy = entry.policy.as_deref().map(|policy| policy.rsplit('/').next().unwrap_or(policy));
    match policy {
        Some("AmazonEKSClusterAdminPolicy" | "AmazonEKSAdminViewPolicy") => Truth::Yes,
        _ => Truth::Unknown,
    }
}
