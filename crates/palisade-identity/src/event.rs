//! Reads what an event of CloudTrail asked of IAM: who, what, on which resources, in which circumstances.

use crate::asked::Asked;
use crate::call::{Mapped, Place, calls, targets};
use crate::identities::Identities;
use crate::recorded::{Recorded, named};
use palisade_iam::{Caller, Credentials, Entry, Policy, PolicyKind, Rest, Strictness, Via};
use palisade_services::Reference;
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;

/// What an event asked, and how it ended.
#[derive(Debug, Clone)]
pub struct Event {
    /// The requests; all had to be allowed.
    pub asked: Vec<Asked>,
    /// A type of resource that was asked for too and that the record does not show.
    pub missing: Option<String>,
    /// How it ended.
    pub recorded: Recorded,
    /// Who asked, without the name of the session.
    pub who: String,
}

/// Why nothing can be asked about an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotAsked {
    /// It did not go through IAM.
    NotIam(String),
    /// Which action it is, is not known.
    Unmapped(String),
    /// It failed for another reason than a denial.
    Failed(String),
    /// The record does not show what IAM was asked.
    NotShown(String),
}

fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    let found = path.split('.').try_fold(value, |value, name| value.get(name))?;
    found.as_str().filter(|text| !text.is_empty())
}

/// Reads an event; the estate tells the paths of roles, the owners of buckets and the keys behind aliases.
///
/// # Errors
/// Why nothing can be asked about it.
pub fn read_event(record: &Value, identities: &Identities) -> Result<Event, NotAsked> {
    let (Some(source), Some(name)) = (text(record, "eventSource"), text(record, "eventName")) else {
        return Err(NotAsked::NotShown("the record has no `eventSource` or `eventName`".to_owned()));
    };
    if let Some(sort) = text(record, "eventType")
        .filter(|sort| !matches!(*sort, "AwsApiCall" | "AwsConsoleAction" | "AwsMcpEvent"))
    {
        return Err(NotAsked::NotIam(match sort {
            "AwsConsoleSignIn" => "people sign in: IAM is asked once they are in".to_owned(),
            "AwsServiceEvent" => "a service tells what it did itself".to_owned(),
            other => format!("events of the type {other} are no requests"),
        }));
    }
    let recorded = Recorded::of(record);
    if let Recorded::Failed(code) = &recorded {
        return Err(NotAsked::Failed(code.clone()));
    }
    let actions = match calls().actions(source, name) {
        Mapped::Actions(actions) => actions,
        Mapped::NotAsked(why) => return Err(NotAsked::NotIam(why.to_owned())),
        Mapped::Unmapped(tried) => return Err(NotAsked::Unmapped(tried)),
    };
    let base = base(record)?;
    let who = match (&base.caller.role_arn, base.principal.rsplit_once('/')) {
        (Some(role), _) => role.to_string(),
        (None, Some((role, _))) if base.principal.contains(":assumed-role/") => role.to_owned(),
        _ => base.principal.clone(),
    };
    let mut event = Event { asked: Vec::new(), missing: None, recorded, who };
    for action in with_session(actions, record) {
        ask(&base, &action, record, identities, &mut event);
    }
    if event.asked.is_empty() {
        let what = event.missing.unwrap_or_else(|| "resource".to_owned());
        return Err(NotAsked::NotShown(format!(
            "the record does not show which {what} {} was asked for",
            name
        )));
    }
    Ok(event)
}

/// Making a session with tags or a source identity needs permissions of its own.
fn with_session(mut actions: Vec<String>, record: &Value) -> Vec<String> {
    if actions.iter().any(|action| action.starts_with("sts:AssumeRole")) {
        let asks = |name: &str| {
            record
                .get("requestParameters")
                .and_then(|asked| asked.get(name))
                .is_some_and(|value| !value.is_null())
        };
        if asks("tags") {
            actions.push("sts:TagSession".to_owned());
        }
        if asks("sourceIdentity") {
            actions.push("sts:SetSourceIdentity".to_owned());
        }
    }
    actions
}

/// Adds what was asked for by one action.
fn ask(base: &Asked, action: &str, record: &Value, identities: &Identities, event: &mut Event) {
    let reference = Reference::shipped();
    let Some((prefix, _)) = action.split_once(':') else { return };
    let Some(known) = reference.service(prefix).zip(reference.action(action)) else { return };
    let account = text(record, "recipientAccountId")
        .or_else(|| text(record, "userIdentity.accountId"))
        .unwrap_or_default();
    let region = text(record, "awsRegion").unwrap_or_default();
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let place = Place { partition, region, account };
    let mut targets = targets(known, record, &place, identities);
    // A message of denial names the resource, where the request shows none.
    let message = text(record, "errorMessage").unwrap_or_default();
    let told = named(message).1.filter(|arn| arn.starts_with("arn:"));
    if targets.arns.is_empty()
        && let Some(arn) = told
    {
        targets.arns.push(arn.to_owned());
        targets.missing = None;
    }
    let takes_none = targets.arns.is_empty() && targets.missing.is_none();
    event.missing = event.missing.take().or(targets.missing);
    if takes_none {
        targets.arns.push("*".to_owned());
    }
    for resource in targets.arns {
        let mut asked = base.clone();
        action.clone_into(&mut asked.action);
        asked.takes_no_resource = takes_none.then_some(true);
        asked.resource_account = owner(record, &resource).or_else(|| takes_none.then(|| account.to_owned()));
        if is_in_own_account(&resource)
            && asked.resource_account.is_none()
            && identities.resources.find(&resource).is_none()
        {
            // Of a bucket that the estate does not hold, the account that recorded the event is the likely owner.
            asked.resource_account = text(record, "recipientAccountId").map(str::to_owned);
        }
        asked.resource = resource;
        event.asked.push(asked);
    }
}

fn is_in_own_account(resource: &str) -> bool {
    resource.split(':').nth(4) == Some("")
}

/// The account that the record says owns a resource.
fn owner(record: &Value, arn: &str) -> Option<String> {
    let resources = record.get("resources")?.as_array()?;
    let it = resources.iter().find(|resource| text(resource, "ARN").is_some_and(|own| own == arn))?;
    text(it, "accountId").map(str::to_owned)
}

/// Who asked, and the circumstances.
fn base(record: &Value) -> Result<Asked, NotAsked> {
    let nobody = Value::Null;
    let identity = record.get("userIdentity").unwrap_or(&nobody);
    let not_shown = |what: &str| Err(NotAsked::NotShown(what.to_owned()));
    let mut caller = Caller { credentials: Credentials::Usual, ..Caller::default() };
    let mut context = Vec::new();
    let mut value = |key: &str, value: &str| context.push((key.to_owned(), Entry::value(value)));
    let principal = match text(identity, "type").unwrap_or_default() {
        "IAMUser" | "Root" | "FederatedUser" => match text(identity, "arn") {
            Some(arn) => arn.to_owned(),
            None => return not_shown("the record does not name who called"),
        },
        "AssumedRole" => match text(identity, "arn") {
            Some(arn) => {
                caller.role_arn = text(identity, "sessionContext.sessionIssuer.arn").map(Into::into);
                arn.to_owned()
            }
            None => return not_shown("the record does not name who called"),
        },
        "AWSService" => match text(identity, "invokedBy") {
            Some(service) if service.contains('.') => {
                if let Some(account) = text(record, "recipientAccountId") {
                    context.push((
                        "aws:SourceAccount".to_owned(),
                        Entry::Unknown(format!("a service calls, for account {account} or another").into()),
                    ));
                }
                service.to_owned()
            }
            _ => return not_shown("the record does not say which service called"),
        },
        "WebIdentityUser" => {
            let Some(provider) = text(identity, "identityProvider") else {
                return not_shown("the record does not name the identity provider");
            };
            let host = provider.rsplit_once("oidc-provider/").map_or(provider, |(_, host)| host);
            if let Some(subject) = text(identity, "userName") {
                value(&format!("{host}:sub"), subject);
            }
            let between =
                text(identity, "principalId").and_then(|id| id.strip_prefix(provider)?.strip_prefix(':'));
            if let Some((audience, _)) = between.and_then(|rest| rest.split_once(':')) {
                value(&format!("{host}:aud"), audience);
            }
            let account = text(record, "recipientAccountId").unwrap_or_default();
            match provider.starts_with("arn:") {
                true => provider.to_owned(),
                false => format!("arn:aws:iam::{account}:oidc-provider/{host}"),
            }
        }
        "SAMLUser" => {
            if let Some(audience) = text(record, "responseElements.audience") {
                value("saml:aud", audience);
            }
            match text(record, "requestParameters.principalArn") {
                Some(provider) => provider.to_owned(),
                None => return not_shown("the record does not name the identity provider"),
            }
        }
        "AWSAccount" => return not_shown("the record does not name the caller, who is of another account"),
        "" | "Unknown" => return not_shown("the record does not say who called"),
        other => {
            return Err(NotAsked::NotIam(format!("callers of the type {other} are not identities of IAM")));
        }
    };
    caller.issued = text(identity, "sessionContext.attributes.creationDate").map(Into::into);
    caller.mfa = text(identity, "sessionContext.attributes.mfaAuthenticated").map(|mfa| mfa == "true");
    caller.source_identity = text(identity, "sessionContext.sourceIdentity").map(Into::into);
    let is_own_role = caller.role_arn.as_deref().is_some_and(|arn| arn.contains(":role/aws-service-role/"));
    let by = text(identity, "invokedBy")
        .filter(|by| by.contains('.') && !is_own_role && text(identity, "type") != Some("AWSService"));
    let via = Via {
        services: by.into_iter().map(Into::into).collect(),
        region: text(record, "awsRegion").map(Into::into),
        endpoint: text(record, "vpcEndpointId").map(Into::into),
        // A service's own calls are recorded without the details; those of everybody else are.
        secure_transport: record.get("tlsDetails").map(|_| true),
        ..Via::default()
    };
    circumstances(record, &mut context);
    Ok(Asked {
        principal,
        action: String::new(),
        resource: String::new(),
        resource_account: None,
        takes_no_resource: None,
        context,
        rest: Rest::Unknown("the trail does not show it".into()),
        caller,
        via,
        session: Vec::new(),
    })
}

fn circumstances(record: &Value, context: &mut Vec<(String, Entry)>) {
    let mut set = |key: &str, entry: Entry| context.push((key.to_owned(), entry));
    if let Some(time) = text(record, "eventTime") {
        set("aws:CurrentTime", Entry::value(time));
    }
    if let Some(agent) = text(record, "userAgent") {
        set("aws:UserAgent", Entry::value(agent));
    }
    let address = text(record, "sourceIPAddress").and_then(|address| address.parse::<IpAddr>().ok());
    if record.get("vpcEndpointId").is_none_or(Value::is_null) {
        for key in ["aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp"] {
            set(key, Entry::Absent);
        }
        if let Some(address) = address {
            set("aws:SourceIp", Entry::value(address.to_string()));
        }
    } else if let Some(address) = address {
        set("aws:VpcSourceIp", Entry::value(address.to_string()));
    }
}

/// The session policies that a call for credentials passed on, and the access key that they hold for.
pub(crate) fn session_policies(record: &Value) -> Option<(String, Vec<Arc<Policy>>)> {
    let is_sts = text(record, "eventSource") == Some("sts.amazonaws.com");
    let key = text(record, "responseElements.credentials.accessKeyId").filter(|_| is_sts)?;
    let mut policies = Vec::new();
    if let Some(policy) = text(record, "requestParameters.policy") {
        let parsed =
            Policy::parse(policy, &"the session policy".into(), PolicyKind::Session, Strictness::Strict);
        policies.push(Arc::new(parsed));
    }
    let passed =
        record.get("requestParameters").and_then(|asked| asked.get("policyArns")).and_then(Value::as_array);
    for arn in passed.into_iter().flatten() {
        let arn = arn.as_str().or_else(|| text(arn, "arn")).unwrap_or("a managed policy");
        let why = "the document of a policy that was passed by its ARN is not told";
        policies.push(Arc::new(Policy::unread(
            PolicyKind::Session,
            format!("the session policy {arn}"),
            why,
        )));
    }
    (!policies.is_empty()).then(|| (key.to_owned(), policies))
}

/// The access key that a record was signed with.
pub(crate) fn access_key(record: &Value) -> Option<&str> {
    text(record, "userIdentity.accessKeyId")
}
