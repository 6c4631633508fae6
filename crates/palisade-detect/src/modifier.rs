//! Reads the modifiers of a field: what they do to a value, and how it is compared.

use crate::number::Comparison;
use crate::text::Place;
use crate::time::Part;

/// What the modifiers of one field say together.
#[derive(Debug, Clone)]
pub(crate) struct Modifiers {
    /// What is done to each value first, in this order.
    pub(crate) transforms: Vec<Transform>,
    /// How a value is compared.
    pub(crate) operator: Operator,
    /// Every value must match, not just one.
    pub(crate) all: bool,
    /// Upper and lower case differ.
    pub(crate) cased: bool,
    /// No value may match.
    pub(crate) not_equal: bool,
}

/// What is done to a value before it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transform {
    Windash,
    Utf16Le,
    Utf16Be,
    Utf16,
    Base64,
    Base64Offset,
}

/// How a value is compared with the field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// It stands there.
    Text(Place),
    /// It is a regular expression that is found there.
    Regex(Flags),
    /// It is a network that the field's address lies in.
    Network,
    /// It is a number that the field's stands to in this way.
    Number(Comparison),
    /// It is a number that this part of the field's time stands to in this way.
    Time(Part, Comparison),
    /// It says whether the field is there.
    Exists,
    /// It names another field, whose value stands there.
    Field(Place),
}

/// The sub-modifiers of a regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags {
    pub(crate) ignores_case: bool,
    pub(crate) many_lines: bool,
    pub(crate) dot_takes_newline: bool,
}

/// Modifiers that cannot be: what is wrong, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) help: String,
}

fn refused(message: impl Into<String>, help: impl Into<String>) -> Refused {
    Refused { message: message.into(), help: help.into() }
}

const NAMES: [&str; 31] = [
    "all",
    "base64",
    "base64offset",
    "cased",
    "cidr",
    "contains",
    "day",
    "endswith",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "hour",
    "i",
    "lt",
    "lte",
    "m",
    "minute",
    "month",
    "neq",
    "re",
    "s",
    "startswith",
    "utf16",
    "utf16be",
    "utf16le",
    "week",
    "wide",
    "windash",
    "year",
];

/// Reads the modifiers that stand behind a field's name.
pub(crate) fn read(names: &[&str]) -> Result<Modifiers, Refused> {
    let mut gathered = Gathered::default();
    for name in names {
        gathered.take(name)?;
    }
    gathered.judge()
}

/// The modifiers as they come, before it is known whether they go together.
#[derive(Debug, Default)]
struct Gathered<'a> {
    transforms: Vec<(Transform, &'a str)>,
    place: Option<(Place, &'a str)>,
    comparison: Option<(Comparison, &'a str)>,
    part: Option<(Part, &'a str)>,
    others: Vec<&'a str>,
    flags: Flags,
    all: bool,
    cased: bool,
    not_equal: bool,
}

impl<'a> Gathered<'a> {
    fn take(&mut self, name: &'a str) -> Result<(), Refused> {
        match name {
            "all" => self.all = true,
            "cased" => self.cased = true,
            "neq" => self.not_equal = true,
            "windash" => self.transforms.push((Transform::Windash, name)),
            "wide" | "utf16le" => self.transforms.push((Transform::Utf16Le, name)),
            "utf16be" => self.transforms.push((Transform::Utf16Be, name)),
            "utf16" => self.transforms.push((Transform::Utf16, name)),
            "base64" => self.transforms.push((Transform::Base64, name)),
            "base64offset" => self.transforms.push((Transform::Base64Offset, name)),
            "contains" => one(&mut self.place, Place::Anywhere, name)?,
            "startswith" => one(&mut self.place, Place::Start, name)?,
            "endswith" => one(&mut self.place, Place::End, name)?,
            "lt" => one(&mut self.comparison, Comparison::Less, name)?,
            "lte" => one(&mut self.comparison, Comparison::AtMost, name)?,
            "gt" => one(&mut self.comparison, Comparison::Greater, name)?,
            "gte" => one(&mut self.comparison, Comparison::AtLeast, name)?,
            "minute" => one(&mut self.part, Part::Minute, name)?,
            "hour" => one(&mut self.part, Part::Hour, name)?,
            "day" => one(&mut self.part, Part::Day, name)?,
            "week" => one(&mut self.part, Part::Week, name)?,
            "month" => one(&mut self.part, Part::Month, name)?,
            "year" => one(&mut self.part, Part::Year, name)?,
            "re" | "cidr" | "exists" => self.others.push(name),
            "fieldref" if self.place.is_some() => {
                return Err(refused(
                    "`fieldref` stands behind the place it looks at",
                    "put `fieldref` first, as in `fieldref|endswith`",
                ));
            }
            "fieldref" => self.others.push(name),
            "i" | "m" | "s" if self.others != ["re"] => {
                return Err(refused(
                    format!("`{name}` says nothing without `re` before it"),
                    "values ignore case by themselves; `cased` makes them heed it",
                ));
            }
            "i" => self.flags.ignores_case = true,
            "m" => self.flags.many_lines = true,
            "s" => self.flags.dot_takes_newline = true,
            "expand" => {
                return Err(refused(
                    "`expand` needs placeholders, which are not supported",
                    "write the values themselves",
                ));
            }
            unknown => return Err(refused_name(unknown)),
        }
        Ok(())
    }

    fn judge(self) -> Result<Modifiers, Refused> {
        let operator = self.operator()?;
        let takes_text = matches!(operator, Operator::Text(_));
        if let (false, Some((_, name))) = (takes_text, self.transforms.first()) {
            return Err(refused(
                format!("`{name}` changes a text, and what follows does not compare one"),
                "use it with `contains`, `startswith`, `endswith` or none of them",
            ));
        }
        if operator == Operator::Exists && (self.not_equal || self.all) {
            return Err(refused(
                "`exists` goes with no other modifier",
                "say `exists: true` or `exists: false`",
            ));
        }
        Ok(Modifiers {
            transforms: self.transforms.into_iter().map(|(transform, _)| transform).collect(),
            operator,
            all: self.all,
            cased: self.cased,
            not_equal: self.not_equal,
        })
    }

    fn operator(&self) -> Result<Operator, Refused> {
        let place = self.place.map_or(Place::Whole, |(place, _)| place);
        let comparison = self.comparison.map_or(Comparison::Equal, |(comparison, _)| comparison);
        match (self.others.as_slice(), self.place, self.part, self.comparison) {
            ([], _, None, None) => Ok(Operator::Text(place)),
            ([], None, None, Some(_)) => Ok(Operator::Number(comparison)),
            ([], None, Some((part, _)), _) => Ok(Operator::Time(part, comparison)),
            (["fieldref"], _, None, None) => Ok(Operator::Field(place)),
            (["re"], None, None, None) => Ok(Operator::Regex(self.flags)),
            (["cidr"], None, None, None) => Ok(Operator::Network),
            (["exists"], None, None, None) => Ok(Operator::Exists),
            (["re", ..], Some((_, name)), ..) => Err(refused(
                format!("`re` and `{name}` cannot both say where to look"),
                "an expression is looked for anywhere: anchor it with `^` and `$`",
            )),
            _ => {
                let named =
                    [self.place.map(|it| it.1), self.part.map(|it| it.1), self.comparison.map(|it| it.1)];
                let all: Vec<String> =
                    self.others.iter().copied().chain(named.into_iter().flatten()).map(quoted).collect();
                Err(refused(
                    format!("{} do not go together", all.join(" and ")),
                    "compare in one way for each field; name the field twice to compare in two",
                ))
            }
        }
    }
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}

fn one<'a, T>(slot: &mut Option<(T, &'a str)>, value: T, name: &'a str) -> Result<(), Refused> {
    match slot.replace((value, name)) {
        None => Ok(()),
        Some((_, before)) => Err(refused(
            format!("`{before}` and `{name}` do not go together"),
            "compare in one way for each field; name the field twice to compare in two",
        )),
    }
}

fn refused_name(name: &str) -> Refused {
    let nearest = crate::compile::nearest(name, NAMES.iter().copied());
    let help = nearest.map_or_else(
        || format!("the modifiers are {}", NAMES.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    refused(format!("`{name}` is not a modifier"), help)
}
