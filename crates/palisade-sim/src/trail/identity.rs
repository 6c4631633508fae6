//! Who calls, as records show it: people, pipelines, machines, functions, services, users, the root.

use super::record::Who;
use super::scene::{ALPHABET, Place, Scene, push_role_id};
use crate::clock::Moment;
use crate::organisation::Person;
use crate::random::Random;
use std::fmt::Write as _;

const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36 Edg/132.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:135.0) Gecko/20100101 Firefox/135.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
];
const TOOLS: [&str; 5] = [
    "aws-cli/2.24.5 md/awscrt#0.23.8 ua/2.0 os/macos#24.3.0 md/arch#arm64 lang/python#3.12.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off",
    "aws-cli/2.22.35 md/awscrt#0.22.0 ua/2.0 os/linux#6.8.0-52-generic md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/distrib#ubuntu.24 md/prompt#off",
    "aws-cli/2.24.5 md/awscrt#0.23.8 ua/2.0 os/windows#10 md/arch#amd64 lang/python#3.12.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off",
    "Boto3/1.36.21 md/Botocore#1.36.21 ua/2.0 os/linux#6.8.0-52-generic md/arch#x86_64 lang/python#3.12.3 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.36.21",
    "Boto3/1.35.99 md/Botocore#1.35.99 ua/2.0 os/macos#24.3.0 md/arch#arm64 lang/python#3.11.11 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.35.99",
];
const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.10.5 (+https://www.terraform.io) terraform-provider-aws/6.2.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.1 ua/2.1 os/linux lang/go#1.23.6 md/GOOS#linux md/GOARCH#amd64 m/E";
const ACTIONS: &str = "aws-sdk-js/3.749.0 ua/2.1 os/linux#6.8.0-1021-azure lang/js md/nodejs#20.18.2 m/E";
const RUNTIME: &str = "aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.23.4 md/GOOS#linux md/GOARCH#arm64 m/E";
const LAMBDA: &str = "Boto3/1.34.145 md/Botocore#1.34.145 ua/2.0 os/linux#5.10.233 md/arch#x86_64 lang/python#3.13.1 md/pyimpl#CPython exec-env/AWS_Lambda_python3.13 Botocore/1.34.145";

/// A browser.
pub fn browser(random: &mut Random) -> String {
    (*random.pick(&BROWSERS)).to_owned()
}

/// A tool on somebody's machine.
pub fn tool(random: &mut Random) -> String {
    (*random.pick(&TOOLS)).to_owned()
}

/// The name of the role that Identity Center keeps in an account for a permission set.
pub fn reserved_role(seed: u64, account: &str, set: &str) -> String {
    let suffix = Random::of(seed, &format!("{set} {account}")).hex(16);
    format!("AWSReservedSSO_{set}_{suffix}")
}

fn key(prefix: &str, random: &mut Random) -> String {
    let mut key = prefix.to_owned();
    random.push(16, ALPHABET, &mut key);
    key
}

/// What a session of a role is like.
pub struct Session<'a> {
    /// The account of the role.
    pub account: &'a str,
    /// The role's name.
    pub role: &'a str,
    /// The role's path.
    pub path: &'a str,
    /// The role's id, where it is declared.
    pub id: Option<&'a str>,
    /// The session's name.
    pub name: &'a str,
    /// When it was begun.
    pub begun: Moment,
    /// More of the session's context, each with a comma before it.
    pub context: &'a str,
    /// More of the identity, with a comma before it.
    pub more: &'a str,
}

/// A session of a role, seen from an address.
pub fn session(session: &Session<'_>, source: &str, agent: &str, random: &mut Random) -> Who {
    let Session { account, role, path, name, begun, context, more, .. } = session;
    let mut id = String::new();
    match session.id {
        Some(known) => id.push_str(known),
        None => push_role_id(account, role, &mut id),
    }
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/{name}");
    let key = key("ASIA", random);
    let identity = format!(
        "{{\"type\":\"AssumedRole\",\"principalId\":\"{id}:{name}\",\"arn\":\"{arn}\",\"accountId\":\"{account}\",\"accessKeyId\":\"{key}\",\
         \"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"{id}\",\"arn\":\"arn:aws:iam::{account}:role{path}{role}\",\
         \"accountId\":\"{account}\",\"userName\":\"{role}\"}},\"attributes\":{{\"creationDate\":\"{begun}\",\"mfaAuthenticated\":\"false\"}}{context}}}{more}}}"
    );
    Who {
        identity,
        key,
        arn,
        source: source.to_owned(),
        agent: agent.to_owned(),
        is_direct: true,
        is_console: false,
    }
}

/// Somebody in a session of a permission set.
pub fn person(
    seed: u64,
    (person, place, set): (&Person, &Place, &str),
    begun: Moment,
    source: &str,
    is_console: bool,
    random: &mut Random,
) -> Who {
    let role = reserved_role(seed, &place.id, set);
    let agent = if is_console { browser(random) } else { tool(random) };
    let path = "/aws-reserved/sso.amazonaws.com/eu-west-1/";
    let about = Session {
        account: &place.id,
        role: &role,
        path,
        id: None,
        name: &person.user_name,
        begun,
        context: "",
        more: "",
    };
    Who { is_console, ..session(&about, source, &agent, random) }
}

/// The address of one of GitHub's machines.
pub fn github_address(random: &mut Random) -> String {
    let begin = random.pick(&["4.246.", "20.55.", "20.161.", "52.176.", "172.183."]);
    format!("{begin}{}.{}", random.between(2, 250), random.between(2, 250))
}

/// A workflow that is about to assume a role, by its token; the second is what runs after it did.
pub fn workflow(
    place: &Place,
    role: &str,
    subject: &str,
    begun: Moment,
    runs_terraform: bool,
    random: &mut Random,
) -> (Who, Who) {
    let source = github_address(random);
    let provider = format!("arn:aws:iam::{}:oidc-provider/{}", place.id, crate::company::GITHUB);
    let identity = format!(
        "{{\"type\":\"WebIdentityUser\",\"principalId\":\"{provider}:sts.amazonaws.com:{subject}\",\"userName\":\"{subject}\",\
         \"identityProvider\":\"{provider}\"}}"
    );
    let before = Who {
        key: String::new(),
        identity,
        arn: subject.to_owned(),
        source: source.clone(),
        agent: ACTIONS.to_owned(),
        is_direct: true,
        is_console: false,
    };
    let context =
        format!(",\"webIdFederationData\":{{\"federatedProvider\":\"{provider}\",\"attributes\":{{}}}}");
    let id = place.roles.iter().find(|(name, _)| name == role).map(|(_, id)| id.as_str());
    let about = Session {
        account: &place.id,
        role,
        path: "/",
        id,
        name: "GitHubActions",
        begun,
        context: &context,
        more: "",
    };
    let agent = if runs_terraform { TERRAFORM } else { TOOLS[1] };
    (before, session(&about, &source, agent, random))
}

/// A machine, which acts as the role of its profile.
pub fn machine(scene: &Scene<'_>, begun: Moment, random: &mut Random) -> Who {
    let (instance, role) = scene.instance();
    let place = scene.place;
    let id = place.roles.iter().find(|(name, _)| name == role).map(|(_, id)| id.as_str());
    let about = Session {
        account: &place.id,
        role,
        path: "/",
        id,
        name: instance,
        begun,
        context: ",\"ec2RoleDelivery\":\"2.0\"",
        more: "",
    };
    let source = random.pick(&place.gateways).clone();
    session(&about, &source, RUNTIME, random)
}

/// A function at work.
pub fn function(scene: &Scene<'_>, begun: Moment, random: &mut Random) -> Who {
    let (name, id) = scene.function();
    let about = Session {
        account: &scene.place.id,
        role: name,
        path: "/",
        id: Some(id),
        name,
        begun,
        context: "",
        more: "",
    };
    let source = random.pick(&scene.place.gateways).clone();
    session(&about, &source, LAMBDA, random)
}

/// A task of a container service.
pub fn task(scene: &Scene<'_>, begun: Moment, random: &mut Random) -> Who {
    let role = format!("{}-task", scene.place.application);
    let name = random.hex(32);
    let id = scene.place.roles.iter().find(|(name, _)| *name == role).map(|(_, id)| id.as_str());
    let about = Session {
        account: &scene.place.id,
        role: &role,
        path: "/",
        id,
        name: &name,
        begun,
        context: "",
        more: "",
    };
    let source = random.pick(&scene.place.gateways).clone();
    session(&about, &source, RUNTIME, random)
}

/// A service that works in the account by a role of its own.
pub fn linked(
    place: &Place,
    role: &str,
    name: &str,
    service: &str,
    begun: Moment,
    random: &mut Random,
) -> Who {
    let path = format!("/aws-service-role/{service}/");
    let more = format!(",\"invokedBy\":\"{service}\"");
    let about =
        Session { account: &place.id, role, path: &path, id: None, name, begun, context: "", more: &more };
    Who { is_direct: false, ..session(&about, service, service, random) }
}

/// A service by itself.
pub fn service(name: &str) -> Who {
    Who {
        key: String::new(),
        identity: format!("{{\"type\":\"AWSService\",\"invokedBy\":\"{name}\"}}"),
        arn: name.to_owned(),
        source: name.to_owned(),
        agent: name.to_owned(),
        is_direct: false,
        is_console: false,
    }
}

/// A principal of another account, as the account whose role it assumes sees it.
pub fn outsider(account: &str, source: &str, agent: &str, random: &mut Random) -> Who {
    let id = random.id(17);
    Who {
        key: String::new(),
        identity: format!(
            "{{\"type\":\"AWSAccount\",\"principalId\":\"AROA{id}:worker\",\"accountId\":\"{account}\"}}"
        ),
        arn: format!("arn:aws:sts::{account}:assumed-role/worker/worker"),
        source: source.to_owned(),
        agent: agent.to_owned(),
        is_direct: true,
        is_console: false,
    }
}

/// An IAM user with an access key; in the console, without one.
pub fn user(account: &str, (name, id, key): (&str, &str, &str), source: &str, agent: &str) -> Who {
    let arn = format!("arn:aws:iam::{account}:user/{name}");
    let mut identity = format!(
        "{{\"type\":\"IAMUser\",\"principalId\":\"{id}\",\"arn\":\"{arn}\",\"accountId\":\"{account}\""
    );
    if !key.is_empty() {
        let _ = write!(identity, ",\"accessKeyId\":\"{key}\"");
    }
    let _ = write!(identity, ",\"userName\":\"{name}\"}}");
    Who {
        identity,
        key: String::new(),
        arn,
        source: source.to_owned(),
        agent: agent.to_owned(),
        is_direct: true,
        is_console: false,
    }
}

/// The root user of an account.
pub fn root(account: &str, source: &str, agent: &str) -> Who {
    let arn = format!("arn:aws:iam::{account}:root");
    Who {
        key: String::new(),
        identity: format!(
            "{{\"type\":\"Root\",\"principalId\":\"{account}\",\"arn\":\"{arn}\",\"accountId\":\"{account}\",\"accessKeyId\":\"\"}}"
        ),
        arn,
        source: source.to_owned(),
        agent: agent.to_owned(),
        is_direct: true,
        is_console: false,
    }
}

/// Somebody who comes from the identity provider with an assertion.
pub fn saml(place: &Place, person: &Person, source: &str) -> Who {
    let provider = format!("AWSSSO_{}_DO_NOT_DELETE", &place.id[..6]);
    Who {
        key: String::new(),
        identity: format!(
            "{{\"type\":\"SAMLUser\",\"principalId\":\"{provider}:{0}\",\"userName\":\"{0}\",\"identityProvider\":\"{provider}\"}}",
            person.user_name
        ),
        arn: person.user_name.clone(),
        source: source.to_owned(),
        agent: "aws-internal/3 aws-sdk-java/1.12.750".to_owned(),
        is_direct: true,
        is_console: false,
    }
}

/// Somebody at the portal of Identity Center.
pub fn portal(
    organisation_account: &str,
    directory: &str,
    person: &Person,
    source: &str,
    agent: &str,
) -> Who {
    Who {
        key: String::new(),
        identity: format!(
            "{{\"type\":\"IdentityCenterUser\",\"accountId\":\"{organisation_account}\",\"onBehalfOf\":{{\"userId\":\"{}\",\
             \"identityStoreArn\":\"arn:aws:identitystore::{organisation_account}:identitystore/{directory}\"}},\"credentialId\":\"{}\"}}",
            person.id,
            &person.id[..8]
        ),
        arn: person.user_name.clone(),
        source: source.to_owned(),
        agent: agent.to_owned(),
        is_direct: true,
        is_console: false,
    }
}
