//! Puts the layers together: within one account, and across two.

use super::resource::{is_retirement, owner, policy_is_mandatory, resource_account};
use super::{Logic, Open, Verdicts, truth};
use crate::grants;
use crate::principal::{Named, Principal};
use crate::request::Request;
use crate::s3;
use crate::truth::Truth;

/// Puts the layers together: is the request allowed, explicit denials aside?
pub(crate) fn combine<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let within = combine_resource(logic, request, verdicts);
    let all = logic.and(verdicts.scp.clone(), within);
    let all = logic.and(all, verdicts.access_point.clone());
    let all = logic.and(all, verdicts.endpoint.clone());
    let also = truth(logic, grants::also_needed(request), &|| grants::open(request));
    let all = logic.and(all, also);
    let blocked = truth(logic, s3::sets_blocked(request), &|| {
        Open::fact("S3 public access block", "it is not known whether it refuses what the request sets")
    });
    let unblocked = logic.not(blocked);
    logic.and(all, unblocked)
}

fn combine_resource<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    if s3::object_of_somebody_else(request) == Truth::Unknown {
        of_unknown_owner(logic, request, verdicts)
    } else {
        of_owner(logic, request, verdicts, owner(request))
    }
}

/// An object in a bucket belongs to the bucket's owner, to the account of the one who asks, or to a third; where it is
/// not the bucket's owner, the bucket policy allows nothing.
fn of_unknown_owner<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let none = logic.known(false);
    let bare = Verdicts { named: std::array::from_fn(|_| none.clone()), ..verdicts.clone() };
    let bucket = resource_account(request);
    let asking = request.principal.account().filter(|account| Some(*account) != bucket);
    let first = of_owner(logic, request, verdicts, bucket);
    let third = of_owner(logic, request, &bare, Some("a third account"));
    let (mut all, mut any) = (logic.and(first.clone(), third.clone()), logic.or(first, third));
    if asking.is_some() {
        let own = of_owner(logic, request, &bare, asking);
        (all, any) = (logic.and(all, own.clone()), logic.or(any, own));
    }
    let open = logic.open(&|| Open::fact("object owner", "who owns the object is not known"));
    let perhaps = logic.and(any, open);
    logic.or(all, perhaps)
}

fn of_owner<L: Logic>(
    logic: &mut L,
    request: &Request,
    verdicts: &Verdicts<L::V>,
    owner: Option<&str>,
) -> L::V {
    let by_anything = |logic: &mut L, except: &[Named]| {
        let mut any = logic.known(false);
        for way in Named::ALL.into_iter().filter(|way| !except.contains(way)) {
            any = logic.or(any, verdicts.named[way as usize].clone());
        }
        let unrestricted = logic.not(verdicts.restricted.clone());
        let any = logic.and(any, unrestricted);
        let any = logic.or(any, verdicts.acl.clone());
        let any = logic.or(any, verdicts.grant_added.clone());
        logic.or(any, verdicts.grant.clone())
    };
    let Some(account) = request.principal.account() else {
        if matches!(request.principal, Principal::Federated { .. }) {
            let itself = verdicts.named[Named::Itself as usize].clone();
            let everyone = verdicts.named[Named::Everyone as usize].clone();
            if logic.is_no(&everyone) {
                return itself;
            }
            let open = logic.open(&|| {
                Open::fact("trust in `*`", "whether `*` trusts identity providers is not documented")
            });
            let everyone = logic.and(everyone, open);
            return logic.or(itself, everyone);
        }
        return by_anything(logic, &[]);
    };
    match owner {
        Some(owner) if owner == account || owner == "aws" => same_account(logic, request, verdicts),
        Some(_) => across_accounts(logic, verdicts, by_anything),
        None => {
            let same = same_account(logic, request, verdicts);
            let across = across_accounts(logic, verdicts, by_anything);
            if (logic.is_yes(&same) && logic.is_yes(&across)) || (logic.is_no(&same) && logic.is_no(&across))
            {
                return same;
            }
            let is_own = logic.open(&|| Open::fact("resource account", "who owns the resource is not known"));
            let is_other = logic.not(is_own.clone());
            let (same, across) = (logic.and(is_own, same), logic.and(is_other, across));
            logic.or(same, across)
        }
    }
}

/// Both sides must allow.
fn across_accounts<L: Logic>(
    logic: &mut L,
    verdicts: &Verdicts<L::V>,
    by_anything: impl Fn(&mut L, &[Named]) -> L::V,
) -> L::V {
    let resource = by_anything(logic, &[]);
    let principal = principal_side(logic, verdicts);
    logic.and(resource, principal)
}

fn principal_side<L: Logic>(logic: &mut L, verdicts: &Verdicts<L::V>) -> L::V {
    let identity = verdicts.identity.clone();
    let bounded = logic.and(identity, verdicts.boundary.clone());
    logic.and(bounded, verdicts.session.clone())
}

/// The table of how the resource policy names the one who asks.
///
/// Source: "How AWS enforcement code logic evaluates requests to allow or deny access", IAM user guide.
fn same_account<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let named = |way: Named| verdicts.named[way as usize].clone();
    // Named as itself, or as everybody: neither boundary nor session limit that.
    let everyone = everyone_in_session(logic, request, verdicts);
    let direct = logic.or(named(Named::Itself), named(Named::EveryoneByArn));
    let direct = logic.or(direct, everyone);
    let granted = granted(logic, verdicts);
    let direct = logic.or(direct, granted);
    // Named as role or user of the session: that adds to the identity's own permissions.
    let added = logic.or(named(Named::Role), named(Named::UserOfSession));
    let identity = if policy_is_mandatory(request) {
        logic.and(named(Named::Account), verdicts.identity.clone())
    } else {
        verdicts.identity.clone()
    };
    let identity = if is_retirement(request) && !logic.is_no(&identity) {
        // The permission "alone does not allow principals to retire a grant", but the account that made it can.
        let open = logic.open(&|| {
            Open::fact("grant", "whether this account made it, so that it may retire it, is not known")
        });
        logic.and(identity, open)
    } else {
        identity
    };
    let inner = logic.or(added, identity);
    let inner = logic.and(inner, verdicts.boundary.clone());
    let inner = logic.and(inner, verdicts.session.clone());
    if request.facts.assumed_root {
        // A session of `sts:AssumeRoot` can do what its task policy says and nothing else.
        let either = logic.or(direct, inner);
        return logic.and(either, verdicts.session.clone());
    }
    logic.or(direct, inner)
}

/// Whether a boundary or session policy that is silent limits what a grant gives, no page says.
fn granted<L: Logic>(logic: &mut L, verdicts: &Verdicts<L::V>) -> L::V {
    let grant = logic.or(verdicts.grant.clone(), verdicts.grant_added.clone());
    let limits = logic.and(verdicts.boundary.clone(), verdicts.session.clone());
    if logic.is_no(&grant) || logic.is_yes(&limits) {
        return grant;
    }
    let open = logic.open(&|| {
        Open::fact("grant", "whether a boundary or session policy that is silent limits it is not documented")
    });
    let within = logic.or(limits, open);
    logic.and(grant, within)
}

/// Whether a session policy limits what a resource policy gives to everybody, no page says.
fn everyone_in_session<L: Logic>(logic: &mut L, request: &Request, verdicts: &Verdicts<L::V>) -> L::V {
    let everyone = verdicts.named[Named::Everyone as usize].clone();
    if logic.is_no(&everyone) || logic.is_yes(&verdicts.session) || !request.principal.has_identity() {
        return everyone;
    }
    let open = logic.open(&|| {
        Open::fact(
            "session policy",
            "whether it limits what a resource policy gives to `*` is not documented",
        )
    });
    let within = logic.or(verdicts.session.clone(), open);
    logic.and(everyone, within)
}

/// "By default, the root user has full access"; no identity policy or boundary can be attached to it.
pub(crate) fn settle<L: Logic>(logic: &L, request: &Request, verdicts: &mut Verdicts<L::V>) {
    if matches!(request.principal, Principal::Root { .. }) {
        verdicts.identity = logic.known(true);
        verdicts.boundary = logic.known(true);
    }
}
