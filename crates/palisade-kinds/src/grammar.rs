//! The grammar of a kind page's blocks: what each word means, and the types that hold it.
//!
//! # The `attributes` block
//!
//! A map from an attribute's name to its rule:
//!
//! ```yaml
//! encrypted:
//!   is: bool                                  # what it is
//!   live: Encrypted                           # where the API's answer keeps it
//!   cloudformation: Encrypted                 # where a template keeps it, below `Properties`
//!   terraform: aws_ebs_volume.encrypted       # where Terraform keeps it: type, then argument
//!   or: { terraform: aws_x.on anywhere }      # what makes a bool true as well, whatever it is itself
//!   values: { "yes": true }                   # what a source's word stands for, where that differs
//!   absent: { live: false, cloudformation: unknown, terraform: unknown }
//! ```
//!
//! ## `is`: what the value is
//!
//! | word | value |
//! |---|---|
//! | `bool` | true or false; the texts `"true"` and `"false"` count |
//! | `number` | a number; a text that is one counts |
//! | `text` | a text; a number or bool counts |
//! | `name` | a text by which other resources name this one; of an ARN or URL, its last part |
//! | `arn`, `arn of TYPE` | a text: the ARN (or whatever the service takes in its place) of a resource |
//! | `id`, `id of TYPE` | a text: the id or name of a resource |
//! | `base64` | a text that the source may keep in Base64; it is decoded where it is |
//! | `json` | any value; a text is read as JSON |
//! | `policy` | an IAM policy in its normal form, see below |
//! | `tags` | a map from key to value, from a map or from a list of `Key` and `Value` |
//! | `protocol` | an IP protocol: `tcp`, `udp`, `icmp`, `icmpv6`, another one's number, or `-1` for all |
//! | `first port`, `last port` | a number; 0 and 65535 where the record's `protocol` knows no ports |
//! | `management events` | `all`, `read`, `write` or `none`, from a trail's event selectors |
//! | `record` | a map of the fields under `each:` |
//! | `list of X` | a list; one value where a list is meant is a list of one |
//! | `map of X` | a map whose values are X |
//!
//! A value that can't be taken for what it should be is unknown, and says so. With `secret: true` beside it, reports say
//! where the value stands and never what it is.
//!
//! ## Paths
//!
//! ```text
//! source     = chain | a YAML list of chains: the first that is there
//! chain      = path { " + " path }               all of them, one after the other (in a list)
//! path       = [ types "." ] steps [ " is present" ] [ " where " condition { " and " condition } | " anywhere" ]
//!            | types " where " …                 the whole resource: a record, or what names it
//! types      = type { "|" type }                 aws_lb|aws_alb
//! steps      = step { "." step }
//! step       = name [ "[]" | "[" key "]" ]
//! condition  = steps { " or " steps } " is this"  which of its arguments says to whom it belongs
//!            | steps " is " word                 an argument that must have that value
//!            | "this is " steps                  which argument of this resource names the other
//! ```
//!
//! `[]` takes each item of a list, and `[key]` the `Value` of the item whose `Key` that is; a step through a list without it wants exactly one item, as Terraform's nested
//! blocks are. A step into a text that begins like JSON reads it as JSON, and so does a list of records. `is present` gives true or false for whether something is there.
//! A `where` path is a *join*: the resources of those types that belong to this one. A path without `where` whose type
//! is written out makes that type one of the kind's own; CloudFormation's own type needn't be written.
//! A tag path that ends in `tags_all` falls back to `tags`.
//!
//! A joined resource belongs here when its argument refers to this resource or equals one of its `name`s; it doesn't
//! when it refers to another declared resource or is a text that no name equals. Otherwise it *may* belong here, and
//! then what it would decide is unknown. Only resources of one root are joined. `aws_subnet.x where this is subnet_id`
//! joins the other way round: the subnet that this resource names. `anywhere` takes every resource of the type in the
//! root, as what is set for the whole account; one that another provider makes, or that names its account, may belong.
//!
//! A joined resource that belongs to nothing declared here is judged all the same: a resource of this kind *stands in*
//! for its owner, at the place of the part. It has what its parts say, lists being open at the end, and all else of it is
//! unknown because it is not declared here. Parts that name the same owner share one.
//!
//! ## `absent`: what it means when nothing is there
//!
//! | word | meaning |
//! |---|---|
//! | `none` | there is none |
//! | `empty` | an empty list or map |
//! | `true`, `false`, a number, a text | that value, by documented default |
//! | `{ value: … }` | that value, whatever it is |
//! | `unknown` | something that the source doesn't show decides |
//! | `{ unknown: "the subnet group" }` | that decides |
//!
//! One meaning for all sources that have a path, or a map from conditions to meanings of which the first that holds
//! counts. A condition is a source (`live`, `cloudformation`, `terraform`), which holds for it, or a path, which holds
//! when something is there: a property (`DBClusterIdentifier`), an argument (`aws_db_instance.snapshot_identifier`),
//! or a joined type (`aws_s3_bucket_public_access_block`), which is there when one belongs to this resource. An empty
//! text is not there. The condition `outside` holds for what stands in for an owner that is not declared here; of the
//! other conditions only those on joined types hold for it.
//!
//! Where none of them holds, absence leaves the attribute unknown. A source without a path can't say the attribute: it is
//! unknown there, unless `absent` names that source.
//!
//! ## `each`: the fields of a record
//!
//! A map from a field's name to its rule, as above, with paths that begin at the record. A field that is absent with
//! `none` stays away; a default stands in its place.
//!
//! ## The normal form of a policy
//!
//! `Statement` is a list. In a statement, `Action`, `NotAction`, `Resource` and `NotResource` are lists of text;
//! `Principal` and `NotPrincipal` map `AWS`, `Service`, `Federated` and `CanonicalUser` to lists of text, `"*"` being
//! `{"AWS": ["*"]}`; `Condition` maps operators to keys to lists of text. Actions and condition keys are in lower case.
//! What a statement doesn't have stays away; all else (`Sid`, `Effect`, `Version`, `Id`) is as written.
//!
//! # The `collect` block
//!
//! A list of API calls. The first lists the resources; the others, its parts, are made for each of them.
//!
//! | field | meaning |
//! |---|---|
//! | `call` | `service.Operation` |
//! | `in` | `every region`, `the account` or `the organisation` (the listing call) |
//! | `for` | the kind for each of whose resources the listing call is made, in its region, instead of `in` |
//! | `with` | parameters; `$Name` is a field of the resource's document, `$Name.Name` one further down |
//! | `each` | the path to the list in the answer; `+` joins several; an item that is a text becomes a map of its `id` |
//! | `only` | fields of a listed item and what they must be, as `{ HomeRegion: $Region }`; other items are left out |
//! | `id` | the field, or fields, that tell one from another |
//! | `keep` | fields of what encloses an item that are kept with it |
//! | `into` | the field of the resource's document that takes the answer |
//! | `none-when` | error codes that mean there is none |
//! | `region` | `$Name`: the field that says in which region a part is asked for, as a bucket's |
//! | `batch` | how many resources one call may be asked about |
//! | `unchanged-while` | fields of the listed item: while none of them changes, neither does this answer |
//!
//! - The pages of an answer are put together: a part's lists are one list.
//! - Calls of several kinds that are the same are made once. Of `iam.GetAccountAuthorizationDetails`, `Filter` is left
//!   out when several kinds want it, so that one run of pages serves all.
//! - `$AccountId`, `$Region` and `$Partition` are there for every call, unless the document has such a field.
//! - `$Name` that begins with the `into` of an earlier part waits for that part; where it brought nothing, nothing is asked.
//! - With `for`, `$Name` and `keep` are fields of the other kind's document, as it was listed. That kind is listed for it
//!   even when it isn't asked for itself.
//! - `the organisation`: once, as the account that manages it.
//! - When the first call has `into` and no `each`, there is just one resource of the kind in each place, whatever the
//!   answer: the account's password policy, a region's default encryption. It needs no `id`.
//! - A part with `batch` has one list of one `$Name` among its parameters, `each` for the list in its answer, and as `id`
//!   the field of an item there that is equal to the `$Name`. The document takes the answer as if only that resource had
//!   been asked about.
//!
//! ```yaml
//! - call: codebuild.ListProjects
//!   in: every region
//!   each: projects
//!   id: name
//! - call: codebuild.BatchGetProjects
//!   with: { names: [$name] }
//!   batch: 100
//!   each: projects
//!   id: name
//!   into: Project
//! ```

use indexmap::IndexMap;
use palisade_model::{Node, ResourceType, Source, Span};
use std::fmt;
use std::sync::Arc;

/// What a resource type is.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// CloudFormation's name of the type.
    pub kind: ResourceType,
    /// What people call it.
    pub title: Arc<str>,
    /// The name under which a check on an account sees all of them, as `trails`.
    pub collection: Option<Arc<str>>,
    /// Its attributes, by name, in the order of the page.
    pub attributes: IndexMap<Arc<str>, AttributeRule>,
    /// The calls that collect it, the listing one first.
    pub collect: Vec<Collect>,
    /// Terraform's types that are of this kind.
    pub terraform: Vec<Arc<str>>,
    /// CloudFormation's types that are of this kind, the kind's own name first.
    pub cloudformation: Vec<Arc<str>>,
    /// Where the page's attributes stand.
    pub span: Span,
}

/// How one attribute is found and what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeRule {
    /// What the value is.
    pub is: Is,
    /// What it says, in a sentence, where the name doesn't.
    pub about: Option<Arc<str>>,
    /// Where the API's answer keeps it.
    pub live: Vec<Chain>,
    /// Where a template keeps it.
    pub cloudformation: Vec<Chain>,
    /// Where Terraform keeps it.
    pub terraform: Vec<Chain>,
    /// What makes a bool true as well, whatever it is itself.
    pub or: Vec<(Source, Chain)>,
    /// May it hold secrets? Then reports say where it stands, and not what it is.
    pub holds_secrets: bool,
    /// What a source's word stands for.
    pub values: IndexMap<Arc<str>, Node>,
    /// What absence means; the first condition that holds counts.
    pub absent: Vec<(When, Absent)>,
    /// The fields, where it is a record or a list of them.
    pub each: IndexMap<Arc<str>, AttributeRule>,
    /// Where the rule stands.
    pub span: Span,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Is {
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A text by which other resources name this one.
    Name,
    /// The ARN of a resource, of this type where one is given.
    Arn(Option<ResourceType>),
    /// The id of a resource, of this type where one is given.
    Id(Option<ResourceType>),
    /// A text that may be kept in Base64.
    Base64,
    /// Any value; a text is read as JSON.
    Json,
    /// An IAM policy.
    Policy,
    /// Keys and values.
    Tags,
    /// An IP protocol.
    Protocol,
    /// The first port of a range.
    FirstPort,
    /// The last port of a range.
    LastPort,
    /// Which management events a trail records.
    ManagementEvents,
    /// The fields under `each`.
    Record,
    /// A list.
    List(Box<Is>),
    /// A map from any key.
    Map(Box<Is>),
}

/// Paths whose values come one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(pub Vec<SourcePath>);

/// A way into the documents of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourcePath {
    /// The source's types it starts from; the resource at hand where there are none.
    pub types: Vec<Arc<str>>,
    /// The way from there.
    pub steps: Vec<Step>,
    /// Is the question only whether something is there?
    pub asks_presence: bool,
    /// What joins the other resource to this one.
    pub join: Option<Join>,
}

/// One step of a [`SourcePath`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// The name of the entry.
    pub name: Arc<str>,
    /// Does it go on with each item of the list there?
    pub each: bool,
    /// Does it go on with the `Value` of the item of the list there whose `Key` this is? Of `name=word`, with each item
    /// whose `name` is that word.
    pub key: Option<Arc<str>>,
}

/// What joins another resource to this one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Join {
    /// The arguments, any of which may say to whom it belongs.
    pub arguments: Vec<Vec<Step>>,
    /// The arguments of the resource at hand, any of which may name the other.
    pub named_by: Vec<Vec<Step>>,
    /// Are all of the root joined?
    pub is_anywhere: bool,
    /// Arguments that must have a value.
    pub equals: Vec<(Vec<Step>, Arc<str>)>,
}

/// When a meaning of absence holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// For every source that has a path.
    Always,
    /// For what stands in for an owner that is not declared in the source.
    Outside,
    /// For this source, even if it has no path.
    Source(Source),
    /// When something is at this path of this source.
    Present(Source, SourcePath),
}

/// What absence means.
#[derive(Debug, Clone, PartialEq)]
pub enum Absent {
    /// There is none.
    Nothing,
    /// This value holds by default.
    Value(Node),
    /// Something that the source doesn't show decides; what, where that is known.
    Unknown(Option<Arc<str>>),
}

/// A call that collects a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Collect {
    /// The service, as botocore names it.
    pub service: Arc<str>,
    /// The operation.
    pub operation: Arc<str>,
    /// Where the listing call is made; none for a call on each resource, and for one on each of another kind.
    pub scope: Option<Scope>,
    /// The kind for each of whose resources the listing call is made.
    pub parent: Option<ResourceType>,
    /// Its parameters; a text that begins with `$` names a field of the resource's document.
    pub with: IndexMap<Arc<str>, Node>,
    /// The way to the resources in the answer of the listing call.
    pub each: Option<Chain>,
    /// What fields of a listed item must be for it to count.
    pub only: IndexMap<Arc<str>, Node>,
    /// The fields that tell one resource from another.
    pub id: Vec<Arc<str>>,
    /// Fields of what encloses an item that are kept with it.
    pub keep: Vec<Arc<str>>,
    /// The field of the resource's document that takes the answer.
    pub into: Option<Arc<str>>,
    /// Error codes that mean there is none.
    pub none_when: Vec<Arc<str>>,
    /// The field of the document that says in which region to ask.
    pub region: Option<Arc<str>>,
    /// How many resources one call may be asked about; 1 where it takes one.
    pub batch: usize,
    /// Fields of the listed item: while none of them changes, neither does the answer.
    pub unchanged_while: Vec<Arc<str>>,
}

/// Where a listing call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In every region.
    EveryRegion,
    /// Once for the account.
    Account,
    /// Once for the organisation, as the account that manages it.
    Organisation,
}

impl AttributeRule {
    /// All paths of this source, in no order that means anything.
    pub(crate) fn every_path(&self, source: Source) -> impl Iterator<Item = &SourcePath> {
        let or = self.or.iter().filter(move |(of, _)| *of == source).map(|(_, chain)| chain);
        self.paths(source).iter().chain(or).flat_map(|chain| &chain.0)
    }

    /// Where this source keeps it: the alternatives, of which the first that is there counts.
    pub fn paths(&self, source: Source) -> &[Chain] {
        match source {
            Source::Live => &self.live,
            Source::Cloudformation => &self.cloudformation,
            Source::Terraform => &self.terraform,
        }
    }
}

impl Is {
    /// What an item is, where this is a list; itself elsewhere.
    pub fn item(&self) -> &Is {
        match self {
            Self::List(item) => item,
            other => other,
        }
    }

    /// Is a text meant that names a resource or is simply a text?
    pub(crate) fn is_textual(&self) -> bool {
        matches!(self, Self::Text | Self::Name | Self::Arn(_) | Self::Id(_) | Self::Base64)
    }
}

impl fmt::Display for Is {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::Text => f.write_str("text"),
            Self::Name => f.write_str("name"),
            Self::Arn(None) => f.write_str("arn"),
            Self::Arn(Some(of)) => write!(f, "arn of {of}"),
            Self::Id(None) => f.write_str("id"),
            Self::Id(Some(of)) => write!(f, "id of {of}"),
            Self::Base64 => f.write_str("base64"),
            Self::Json => f.write_str("json"),
            Self::Policy => f.write_str("policy"),
            Self::Tags => f.write_str("tags"),
            Self::Protocol => f.write_str("protocol"),
            Self::FirstPort => f.write_str("first port"),
            Self::LastPort => f.write_str("last port"),
            Self::ManagementEvents => f.write_str("management events"),
            Self::Record => f.write_str("record"),
            Self::List(of) => write!(f, "list of {of}"),
            Self::Map(of) => write!(f, "map of {of}"),
        }
    }
}

/// Writes a path as the page does, so that it reads back as the same path.
impl fmt::Display for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.types.join("|"))?;
        if !self.types.is_empty() && !self.steps.is_empty() {
            f.write_str(".")?;
        }
        write!(f, "{}", Steps(&self.steps))?;
        if self.asks_presence {
            f.write_str(" is present")?;
        }
        let Some(join) = &self.join else {
            return Ok(());
        };
        if join.is_anywhere {
            return f.write_str(" anywhere");
        }
        for (position, argument) in join.arguments.iter().chain(&join.named_by).enumerate() {
            f.write_str(match position {
                0 if join.arguments.is_empty() => " where this is ",
                0 => " where ",
                _ => " or ",
            })?;
            write!(f, "{}", Steps(argument))?;
        }
        if !join.arguments.is_empty() {
            f.write_str(" is this")?;
        }
        join.equals.iter().try_for_each(|(steps, word)| write!(f, " and {} is {word}", Steps(steps)))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, path) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" + ")?;
            }
            write!(f, "{path}")?;
        }
        Ok(())
    }
}

struct Steps<'a>(&'a [Step]);

impl fmt::Display for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            let dot = if position > 0 { "." } else { "" };
            write!(f, "{dot}{}", step.name)?;
            match &step.key {
                Some(key) => write!(f, "[{key}]")?,
                None if step.each => f.write_str("[]")?,
                None => {}
            }
        }
        Ok(())
    }
}
