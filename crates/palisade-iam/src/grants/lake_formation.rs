//! Permissions of Lake Formation on databases and tables, which the Data Catalog asks for beside those of IAM.
//!
//! Source: Lake Formation developer guide, "Lake Formation permissions reference", "Implicit Lake Formation permissions"
//! and "Lake Formation tag-based access control".

use super::receiver::Receiver;
use crate::request::{Parameters, Request};
use crate::truth::Truth;

/// A permission of Lake Formation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeFormationGrant {
    /// Who got it: a user, a role, `IAM_ALLOWED_PRINCIPALS`, `ACCOUNT:IAMPrincipals`.
    pub to: Receiver,
    /// `SELECT`, `DESCRIBE` and so on; none: `ALL`.
    pub permissions: Vec<Box<str>>,
    /// On what.
    pub on: LakeResource,
}

/// What a permission of Lake Formation is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LakeResource {
    /// What is asked for.
    #[default]
    Asked,
    /// What has this ARN in the Data Catalog.
    Arn(Box<str>),
    /// The catalog.
    Catalog,
    /// A database.
    Database(Box<str>),
    /// A table, or with `*` all of the database.
    Table {
        /// Its database.
        database: Box<str>,
        /// Its name.
        table: Box<str>,
        /// The columns; nothing: all.
        columns: Option<Columns>,
    },
    /// The databases or tables whose LF-Tags have one of the values, for each key.
    Tagged {
        /// Tables; else databases.
        is_of_tables: bool,
        /// Each key with its values.
        expression: Vec<(Box<str>, Vec<Box<str>>)>,
    },
    /// Everything: the one who got it is an administrator of the data lake.
    Administered,
    /// Rows, cells and other parts of tables, which no request shows.
    Part,
}

/// Columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// These.
    Only(Vec<Box<str>>),
    /// All but these.
    AllBut(Vec<Box<str>>),
}

/// What a request needs: one of the permissions that are enough; those that perhaps are.
struct Need {
    on: Sort,
    enough: &'static [&'static str],
    perhaps: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Catalog,
    Database,
    Table,
}

/// The requests of the Data Catalog that the reference of permissions tells about.
///
/// What makes or changes something also needs a permission on the data's location where one is given, which no key of the
/// request shows; so its own permission is only perhaps enough.
const NEEDS: [(&str, Need); 10] = [
    ("glue:getdatabase", need(Sort::Database, &["DESCRIBE"], &["ALTER", "CREATE_TABLE", "DROP"])),
    ("glue:updatedatabase", need(Sort::Database, &[], &["ALTER", "ALL"])),
    ("glue:deletedatabase", need(Sort::Database, &["DROP"], &[])),
    ("glue:createdatabase", need(Sort::Catalog, &[], &["CREATE_DATABASE", "ALL"])),
    ("glue:createtable", need(Sort::Database, &[], &["CREATE_TABLE", "ALL"])),
    ("glue:gettable", SEE_TABLE),
    ("glue:gettableversion", SEE_TABLE),
    ("glue:gettableversions", SEE_TABLE),
    ("glue:updatetable", need(Sort::Table, &[], &["ALTER", "ALL"])),
    ("glue:deletetable", need(Sort::Table, &["DROP"], &[])),
];

const SEE_TABLE: Need = need(Sort::Table, &["DESCRIBE", "SELECT", "INSERT", "DELETE"], &["ALTER", "DROP"]);

const fn need(on: Sort, enough: &'static [&'static str], perhaps: &'static [&'static str]) -> Need {
    Need { on, enough, perhaps }
}

/// Does Lake Formation have a say in the request?
pub(super) fn touches(request: &Request) -> bool {
    let name = request.action.name();
    match request.action.service() {
        "lakeformation" => name == "getdataaccess",
        "glue" => ["database", "table", "catalog", "partition"].iter().any(|word| name.contains(word)),
        _ => false,
    }
}

pub(super) fn permits(grant: &LakeFormationGrant, request: &Request) -> Truth {
    let receives = receives(&grant.to, request);
    if receives.is_no() {
        return Truth::No;
    }
    let parameters = &request.facts.parameters;
    let permits = if request.action.service() == "lakeformation" {
        reads_data(grant, parameters, request)
    } else {
        let need =
            NEEDS.iter().find(|(action, _)| *action == request.action.lowercase()).map(|(_, need)| need);
        need.map_or(Truth::Unknown, |need| {
            let about = is_about(&grant.on, need.on, &request.resource.text, request);
            about.and(is_enough(grant, need))
        })
    };
    receives.and(permits)
}

/// "Super" for the group `IAMAllowedPrincipals` leaves it to IAM; `IAMPrincipals` are all users and roles of an account.
fn receives(to: &Receiver, request: &Request) -> Truth {
    let account = request.principal.account();
    match to.text().split_once(':') {
        Some((given, "IAMPrincipals")) => (account == Some(given)).into(),
        _ if to.text() == "IAM_ALLOWED_PRINCIPALS" => account.is_some().into(),
        _ => to.receives(request),
    }
}

fn has(grant: &LakeFormationGrant, permissions: &[&str]) -> bool {
    match grant.permissions.as_slice() {
        [] => permissions.contains(&"ALL"),
        given => given.iter().any(|given| permissions.contains(&given.as_ref())),
    }
}

fn is_enough(grant: &LakeFormationGrant, need: &Need) -> Truth {
    let by_all = !need.perhaps.contains(&"ALL") && has(grant, &["ALL"]);
    if by_all || has(grant, need.enough) {
        Truth::Yes
    } else if has(grant, need.perhaps) {
        Truth::Unknown
    } else {
        Truth::No
    }
}

/// Is the grant about what has this ARN?
fn is_about(on: &LakeResource, sort: Sort, arn: &str, request: &Request) -> Truth {
    let asked = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let mut parts = asked.split('/');
    let (kind, database, table) = (parts.next(), parts.next(), parts.next());
    let is_sort = match sort {
        Sort::Catalog => kind == Some("catalog"),
        Sort::Database => kind == Some("database"),
        Sort::Table => kind == Some("table") && table.is_some(),
    };
    if !is_sort {
        return Truth::Unknown;
    }
    match on {
        LakeResource::Asked => Truth::Yes,
        LakeResource::Arn(given) => (given.as_ref() == arn).into(),
        LakeResource::Catalog => (sort == Sort::Catalog).into(),
        LakeResource::Database(name) => (sort == Sort::Database && database == Some(name)).into(),
        LakeResource::Table { database: of, table: name, .. } => {
            let is_table = name.as_ref() == "*" || table == Some(name);
            (sort == Sort::Table && database == Some(of) && is_table).into()
        }
        LakeResource::Tagged { is_of_tables, .. } if *is_of_tables != (sort == Sort::Table) => Truth::No,
        LakeResource::Tagged { expression, .. } => match &request.facts.parameters.lf_tags {
            None => Truth::Unknown,
            Some(tags) => expression
                .iter()
                .all(|(key, values)| tags.iter().any(|(tag, value)| tag == key && values.contains(value)))
                .into(),
        },
        // "Except for resources shared from another account directly to a different principal."
        LakeResource::Administered if request.principal.account() == request.resource_account.as_deref() => {
            Truth::Yes
        }
        LakeResource::Administered | LakeResource::Part => Truth::Unknown,
    }
}

/// May the data of the table that the parameters tell be read or written?
fn reads_data(grant: &LakeFormationGrant, parameters: &Parameters, request: &Request) -> Truth {
    let about = match (&grant.on, &parameters.table) {
        (LakeResource::Asked, _) => Truth::Yes,
        (on, Some(arn)) => is_about(on, Sort::Table, arn, request),
        (_, None) => Truth::Unknown,
    };
    let given = |permission: &str| has(grant, &[permission, "ALL"]);
    let permitted = match parameters.permission.as_deref() {
        Some(asked @ ("SELECT" | "INSERT" | "DELETE")) if given(asked) => Truth::Yes,
        // "Insert, update and read": whether it is enough for reading alone, the pages leave open.
        Some("SELECT") if given("INSERT") || given("DELETE") => Truth::Unknown,
        Some("SELECT" | "INSERT" | "DELETE") => Truth::No,
        _ if ["SELECT", "INSERT", "DELETE"].into_iter().any(given) => Truth::Unknown,
        _ => Truth::No,
    };
    about.and(permitted).and(has_columns(&grant.on, parameters))
}

fn has_columns(on: &LakeResource, parameters: &Parameters) -> Truth {
    let LakeResource::Table { columns: Some(columns), .. } = on else { return Truth::Yes };
    let Some(asked) = &parameters.columns else { return Truth::Unknown };
    let all_given = match columns {
        Columns::Only(columns) => asked.iter().all(|column| columns.contains(column)),
        Columns::AllBut(columns) => !asked.iter().any(|column| columns.contains(column)),
    };
    all_given.into()
}
