//! Reads a case: what was written, with names for what is looked up often. No rules.

use serde_json::Value;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    Anonymous,
    /// An AWS service, as itself.
    Service(String),
    /// The account's root user.
    Root {
        account: String,
        arn: String,
    },
    User {
        account: String,
        arn: String,
    },
    /// A session of a role; `session` is its ARN, `None` when its name was not told.
    Role {
        account: String,
        role: String,
        session: Option<String>,
    },
    /// A session of `GetFederationToken`, and the user who asked for it.
    Federated {
        account: String,
        arn: String,
        user: String,
    },
    /// Who comes with a token of this identity provider to assume a role.
    Provider(String),
}

/// A question: the JSON object, and who asks.
pub(crate) struct Case<'a> {
    pub json: &'a Value,
    pub principal: Principal,
    /// The resource as an access point names it, when its policy is asked.
    pub resource: Option<String>,
}

/// A statement with the document around it, since a document's version decides about variables.
#[derive(Clone, Copy)]
pub(crate) struct Statement<'a> {
    pub json: &'a Value,
    pub variables: bool,
}

impl<'a> Case<'a> {
    pub fn action(&self) -> &'a str {
        text(&self.json["request"]["action"])
    }

    /// The service that is asked: `s3`.
    pub fn service(&self) -> String {
        self.action().split(':').next().unwrap_or_default().to_ascii_lowercase()
    }

    /// What the service is asked to do: `GetObject`.
    pub fn operation(&self) -> &'a str {
        self.action().split_once(':').map_or("", |(_, operation)| operation)
    }

    /// What is asked for and no condition key tells.
    pub fn parameters(&self) -> &'a Value {
        &self.json["request"]["parameters"]
    }

    /// Whether the action is this one, whatever the letter case.
    pub fn is(&self, action: &str) -> bool {
        self.action().eq_ignore_ascii_case(action)
    }

    pub fn resource(&self) -> &str {
        self.resource.as_deref().unwrap_or_else(|| text(&self.json["request"]["resource"]))
    }

    pub fn resource_account(&self) -> &'a str {
        text(&self.json["request"]["resourceAccount"])
    }

    pub fn is_wildcard_only(&self) -> bool {
        self.json["request"]["wildcardOnlyAction"] == true
    }

    pub fn same_account(&self) -> bool {
        self.principal.account() == Some(self.resource_account())
    }

    pub fn caller(&self) -> &'a Value {
        &self.json["request"]["caller"]
    }

    pub fn via(&self) -> &'a Value {
        &self.json["request"]["via"]
    }

    /// Policies under a key: one, a list, or none.
    pub fn policies(&self, key: &str) -> Vec<&'a Value> {
        list(&self.json[key])
    }

    /// The principal's own policies and those of its groups.
    pub fn identity(&self) -> Vec<&'a Value> {
        let groups = self.json["groups"].as_object().into_iter().flatten();
        self.policies("identity").into_iter().chain(groups.flat_map(|(_, policies)| list(policies))).collect()
    }

    /// The policies of each level of an organisation, from the root down.
    pub fn levels(&self, key: &str) -> Vec<Vec<&'a Value>> {
        list(&self.json[key]).into_iter().map(|level| list(&level["policies"])).collect()
    }
}

/// The document inside of `{"name": …, "policy": …}`, or the document.
pub(crate) fn document(policy: &Value) -> &Value {
    policy.get("policy").unwrap_or(policy)
}

/// Whether a value stands for something that exists and is not known.
pub(crate) fn is_unknown(value: &Value) -> bool {
    value.get("unknown").is_some()
}

/// The statements of a document, one or several.
///
/// Variables are replaced only where the version says so (`variables`).
pub(crate) fn statements(policy: &Value) -> Vec<Statement<'_>> {
    let document = document(policy);
    let variables = document["Version"] == "2012-10-17";
    list(&document["Statement"]).into_iter().map(|json| Statement { json, variables }).collect()
}

/// One value or a list of them, as the policy grammar allows nearly everywhere.
pub(crate) fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

/// The texts of one value or a list.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value as a condition compares it.
pub(crate) fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Principal {
    /// Reads a principal as `request.principal` writes it.
    pub fn read(written: &str, caller: &Value) -> Result<Self, String> {
        if written == "anonymous" {
            return Ok(Self::Anonymous);
        }
        if !written.starts_with("arn:") {
            return Ok(Self::Service(written.to_owned()));
        }
        let fields: Vec<&str> = written.splitn(6, ':').collect();
        let [_, partition, service, _, account, name] = fields[..] else {
            return Err(format!("`{written}` is no ARN of a principal"));
        };
        let (account, arn) = (account.to_owned(), written.to_owned());
        let kind = name.split('/').next().unwrap_or_default();
        match (service, kind) {
            ("iam", "root") => Ok(Self::Root { account, arn }),
            ("iam", "user") => Ok(Self::User { account, arn }),
            ("iam", "role") => Ok(Self::Role { account, role: arn, session: None }),
            ("iam", "oidc-provider" | "saml-provider") => Ok(Self::Provider(arn)),
            ("sts", "assumed-role") => {
                let role = name.split('/').nth(1).unwrap_or_default();
                let told = caller["role"].as_str().map(str::to_owned);
                let role = told.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:role/{role}"));
                Ok(Self::Role { account, role, session: Some(arn) })
            }
            ("sts", "federated-user") => {
                let user = name.split('/').nth(1).unwrap_or_default();
                let told = caller["user"].as_str().map(str::to_owned);
                let user = told.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:user/{user}"));
                Ok(Self::Federated { account, arn, user })
            }
            _ => Err(format!("`{written}` is no ARN of a principal")),
        }
    }

    /// The account it belongs to; services, providers and strangers belong to none.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Anonymous | Self::Service(_) | Self::Provider(_) => None,
            Self::Root { account, .. }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::Federated { account, .. } => Some(account),
        }
    }
}

/// Whether a word is one of these, whatever the letter case.
pub(crate) fn is_one_of(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known.eq_ignore_ascii_case(word))
}
