//! Makes modules: variables with types and values from several files, locals that build on each other, resources with
//! `count` and `for_each`, and calls of local modules.

use super::Random;
use super::expressions::quoted;
use std::fmt::Write as _;

/// The types that generated values have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sort {
    Text,
    Number,
    Bool,
    Texts,
    Numbers,
    TextSet,
    TextMap,
    NumberMap,
    Object,
    Objects,
    ObjectMap,
}

use Sort::{Bool, Number, NumberMap, Numbers, Object, ObjectMap, Objects, Text, TextMap, TextSet, Texts};

const SORTS: [Sort; 11] =
    [Text, Number, Bool, Texts, Numbers, TextSet, TextMap, NumberMap, Object, Objects, ObjectMap];
const WORDS: &[&str] =
    &["a", "b", "web", "db", "eu-west-1", "héllo", "x_y", "10", "true", "A B", "", "line\nbreak"];
const KEYS: &[&str] = &["a", "b", "web", "db", "k1"];

/// A generated root: its files as `== path` blocks, and what is given as `-var`.
pub struct Root {
    pub text: String,
    pub variables: Vec<(String, String)>,
    /// The calls of modules with their directories, as `terraform init` lists them.
    pub calls: Vec<(String, String, String)>,
}

/// Makes one root.
pub fn root(seed: u64) -> Root {
    let mut maker = Modules { random: Random(seed), names: Vec::new(), serial: 0 };
    for _ in 0..3 {
        maker.random.next();
    }
    maker.root()
}

/// Names and the sort of each.
type Names = Vec<(String, Sort)>;

struct Modules {
    random: Random,
    /// What expressions may name, and the sort of each.
    names: Vec<(String, Sort)>,
    serial: usize,
}

impl Sort {
    fn constraint(self) -> &'static str {
        match self {
            Text => "string",
            Number => "number",
            Bool => "bool",
            Texts => "list(string)",
            Numbers => "list(number)",
            TextSet => "set(string)",
            TextMap => "map(string)",
            NumberMap => "map(number)",
            Object => {
                "object({ name = string, size = optional(number, 7), on = optional(bool), tags = optional(map(string), {}) })"
            }
            Objects => {
                "list(object({ name = string, size = optional(number, 7), on = optional(bool), tags = optional(map(string), {}) }))"
            }
            ObjectMap => {
                "map(object({ name = string, size = optional(number, 7), on = optional(bool), tags = optional(map(string), {}) }))"
            }
        }
    }
}

impl Modules {
    fn root(&mut self) -> Root {
        let (mut text, mut terraform_vars, mut auto, mut json) =
            (String::new(), String::new(), String::new(), Vec::new());
        let mut variables = Vec::new();
        let count = 2 + self.random.below(5);
        for at in 0..count {
            let sort = SORTS[self.random.below(SORTS.len())];
            let name = format!("v{at}");
            let default = self.literal(sort, true);
            let nullable = if self.random.once_in(4) { "  nullable = false\n" } else { "" };
            let _ = write!(
                text,
                "variable \"{name}\" {{\n  type = {}\n  default = {default}\n{nullable}}}\n",
                sort.constraint()
            );
            if self.random.once_in(3) {
                let _ = writeln!(terraform_vars, "{name} = {}", self.literal(sort, true));
            }
            if self.random.once_in(4) {
                let _ = writeln!(auto, "{name} = {}", self.literal(sort, true));
            }
            if sort == Text && self.random.once_in(3) {
                json.push(format!("\"{name}\": \"from json\""));
            }
            if self.random.once_in(6) {
                match sort {
                    Text => variables.push((name.clone(), "given $ {x}".to_owned())),
                    Number => variables.push((name.clone(), "42".to_owned())),
                    Texts => variables.push((name.clone(), "[\"p\", \"q\"]".to_owned())),
                    _ => {}
                }
            }
            self.names.push((format!("var.{name}"), sort));
        }
        let mut calls = Vec::new();
        let mut modules = String::new();
        for at in 0..self.random.below(3) {
            let outer = std::mem::take(&mut self.names);
            let (files, inputs, outputs) = self.module(at);
            self.names = outer;
            modules.push_str(&files);
            let times = 1 + self.random.below(2);
            for time in 0..times {
                let call = format!("m{at}_{time}");
                text.push_str(&self.call(&call, at, &inputs, &outputs));
                calls.push((call, format!("./mod{at}"), format!("mod{at}")));
            }
        }
        let (locals, resources) = (3 + self.random.below(6), 2 + self.random.below(5));
        text.push_str(&self.body(locals, resources));
        text.push_str(&modules);
        for (name, content) in [
            ("terraform.tfvars", terraform_vars),
            ("b.auto.tfvars", auto),
            (
                "terraform.tfvars.json",
                if json.is_empty() { String::new() } else { format!("{{{}}}\n", json.join(", ")) },
            ),
        ] {
            if !content.is_empty() {
                let _ = write!(text, "== {name}\n{content}");
            }
        }
        Root { text: format!("== main.tf\n{text}"), variables, calls }
    }

    /// A local module: its file, its variables and its outputs.
    fn module(&mut self, at: usize) -> (String, Names, Names) {
        let mut text = format!("== mod{at}/main.tf\n");
        let mut inputs = Vec::new();
        for at in 0..1 + self.random.below(3) {
            let sort = SORTS[self.random.below(SORTS.len())];
            let name = format!("in{at}");
            let _ = writeln!(text, "variable \"{name}\" {{\n  type = {}\n}}", sort.constraint());
            self.names.push((format!("var.{name}"), sort));
            inputs.push((name, sort));
        }
        let (locals, resources) = (1 + self.random.below(4), 1 + self.random.below(3));
        text.push_str(&self.body(locals, resources));
        let mut outputs = Vec::new();
        for at in 0..1 + self.random.below(2) {
            let sort = SORTS[self.random.below(SORTS.len())];
            let name = format!("out{at}");
            let value = self.expression(sort, 2);
            let _ = writeln!(text, "output \"{name}\" {{\n  value = {value}\n}}");
            outputs.push((name, sort));
        }
        (text, inputs, outputs)
    }

    fn call(
        &mut self,
        call: &str,
        at: usize,
        inputs: &[(String, Sort)],
        outputs: &[(String, Sort)],
    ) -> String {
        let mut text = format!("module \"{call}\" {{\n  source = \"./mod{at}\"\n");
        let form = self.random.below(4);
        match form {
            0 => {
                let _ = writeln!(text, "  count = {}", self.random.below(3));
            }
            1 => text.push_str("  for_each = { x = 1, y = 2 }\n"),
            _ => {}
        }
        for (name, sort) in inputs {
            let value = match (form, sort) {
                (0, Number) => "count.index".to_owned(),
                (1, Text) => "each.key".to_owned(),
                _ => self.expression(*sort, 2),
            };
            let _ = writeln!(text, "  {name} = {value}");
        }
        text.push_str("}\n");
        for (name, sort) in outputs {
            match (form, sort) {
                (0, Text) => self.names.push((format!("module.{call}[*].{name}"), Texts)),
                (0, Number) => self.names.push((format!("module.{call}[*].{name}"), Numbers)),
                (0, _) => {}
                (1, Text) => {
                    self.names.push((format!("{{ for k, m in module.{call} : k => m.{name} }}"), TextMap))
                }
                (1, sort) => self.names.push((format!("module.{call}[\"x\"].{name}"), *sort)),
                (_, sort) => self.names.push((format!("module.{call}.{name}"), *sort)),
            }
        }
        text
    }

    /// Locals and resources.
    fn body(&mut self, locals: usize, resources: usize) -> String {
        let mut lines = Vec::new();
        for _ in 0..locals {
            let sort = SORTS[self.random.below(SORTS.len())];
            self.serial += 1;
            let name = format!("l{}", self.serial);
            let value = self.expression(sort, 3);
            lines.push(format!("  {name} = {value}\n"));
            self.names.push((format!("local.{name}"), sort));
        }
        // In which order they are written says nothing.
        lines.reverse();
        let mut text = format!("locals {{\n{}}}\n", lines.concat());
        for _ in 0..resources {
            self.serial += 1;
            let name = format!("r{}", self.serial);
            text.push_str(&self.resource(&name));
        }
        text
    }

    fn resource(&mut self, name: &str) -> String {
        let mut text = format!("resource \"terraform_data\" \"{name}\" {{\n");
        let before = self.names.len();
        let form = self.random.below(5);
        match form {
            0 => {
                let count = match self.random.below(4) {
                    0 => format!("length({})", self.expression(Texts, 1)),
                    1 => format!("{} ? 1 : 0", self.expression(Bool, 1)),
                    _ => self.random.below(4).to_string(),
                };
                let _ = writeln!(text, "  count = {count}");
                self.names.push(("count.index".to_owned(), Number));
            }
            1 => {
                let set = self.expression(TextSet, 1);
                let _ = writeln!(text, "  for_each = toset([for s in {set} : s if s != null])");
                self.names.push(("each.key".to_owned(), Text));
                self.names.push(("each.value".to_owned(), Text));
            }
            2 => {
                let map = self.expression(ObjectMap, 1);
                let _ = writeln!(text, "  for_each = {map}");
                self.names.push(("each.key".to_owned(), Text));
                self.names.push(("each.value.name".to_owned(), Text));
                self.names.push(("each.value".to_owned(), Object));
            }
            _ => {}
        }
        let sort = SORTS[self.random.below(SORTS.len())];
        let input = match self.random.below(4) {
            0 => {
                let parts: Vec<String> = (0..1 + self.random.below(4))
                    .map(|at| {
                        let sort = SORTS[self.random.below(SORTS.len())];
                        format!("p{at} = {}", self.expression(sort, 2))
                    })
                    .collect();
                format!("{{ {} }}", parts.join(", "))
            }
            _ => self.expression(sort, 3),
        };
        let _ = writeln!(text, "  input = {input}\n}}");
        self.names.truncate(before);
        match form {
            0 => self.names.push((format!("length(terraform_data.{name})"), Number)),
            1 => self.names.push((format!("keys(terraform_data.{name})"), Texts)),
            2 => self.names.push((format!("[for k, r in terraform_data.{name} : k]"), Texts)),
            _ => self.names.push((format!("terraform_data.{name}.id"), Text)),
        }
        text
    }

    fn word(&mut self) -> String {
        quoted(WORDS[self.random.below(WORDS.len())])
    }

    fn several(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> String) -> String {
        let items: Vec<String> = (0..self.random.below(most + 1)).map(|_| item(self)).collect();
        items.join(", ")
    }

    fn keyed(&mut self, mut item: impl FnMut(&mut Self) -> String) -> String {
        let mut entries = Vec::new();
        for key in KEYS {
            if self.random.once_in(3) {
                entries.push(format!("{key} = {}", item(self)));
            }
        }
        format!("{{ {} }}", entries.join(", "))
    }

    /// A value as it is written; where it is given to a variable, some of it is of another type that converts.
    fn literal(&mut self, sort: Sort, is_given: bool) -> String {
        match sort {
            Text if is_given && self.random.once_in(5) => "12.50".to_owned(),
            Text => self.word(),
            Number if is_given && self.random.once_in(5) => "\"8\"".to_owned(),
            Number => self.random.of(&["0", "1", "2", "3", "10", "-4", "2.5"]).to_owned(),
            Bool if is_given && self.random.once_in(5) => "\"true\"".to_owned(),
            Bool => self.random.of(&["true", "false"]).to_owned(),
            Texts | TextSet => {
                let items = self.several(4, |maker| {
                    if is_given && maker.random.once_in(6) { "7".to_owned() } else { maker.word() }
                });
                if sort == TextSet && !is_given { format!("toset([{items}])") } else { format!("[{items}]") }
            }
            Numbers => format!("[{}]", self.several(4, |maker| maker.literal(Number, is_given))),
            TextMap => self.keyed(|maker| maker.literal(Text, is_given)),
            NumberMap => self.keyed(|maker| maker.literal(Number, is_given)),
            Object => {
                let mut text = format!("{{ name = {}", self.word());
                if !is_given || self.random.once_in(2) {
                    let _ = write!(text, ", size = {}", self.literal(Number, is_given));
                }
                if !is_given || self.random.once_in(3) {
                    let _ = write!(text, ", on = {}", self.literal(Bool, is_given));
                }
                if !is_given || self.random.once_in(3) {
                    let _ = write!(text, ", tags = {}", self.literal(TextMap, is_given));
                }
                text.push_str(" }");
                text
            }
            Objects => format!("[{}]", self.several(3, |maker| maker.literal(Object, is_given))),
            ObjectMap => self.keyed(|maker| maker.literal(Object, is_given)),
        }
    }

    fn name_of(&mut self, sort: Sort) -> Option<String> {
        let names: Vec<String> =
            self.names.iter().filter(|(_, other)| *other == sort).map(|(name, _)| name.clone()).collect();
        if names.is_empty() { None } else { Some(names[self.random.below(names.len())].clone()) }
    }

    /// An expression that is of this sort, or becomes it where it is used.
    fn expression(&mut self, sort: Sort, depth: usize) -> String {
        if !self.random.once_in(3)
            && let Some(name) = self.name_of(sort)
        {
            return name;
        }
        if depth == 0 {
            return self.literal(sort, false);
        }
        let deeper = depth - 1;
        if self.random.once_in(6) {
            let (one, two, three) = (
                self.expression(Bool, deeper),
                self.expression(sort, deeper),
                self.expression(self.alternative(sort), deeper),
            );
            return format!("({one} ? {two} : {three})");
        }
        if self.random.once_in(10) {
            let (one, two) = (self.expression(sort, deeper), self.expression(sort, deeper));
            let wrong = ["{}.nope", "tonumber(\"x\")", "[][0]", "var.v0.nothing"][self.random.below(3)];
            return if self.random.once_in(2) {
                format!("try({wrong}, {one}, {two})")
            } else {
                format!("try({one}, {two})")
            };
        }
        self.compound(sort, deeper)
    }

    /// A sort that unifies with this one.
    fn alternative(&self, sort: Sort) -> Sort {
        match sort {
            Text if self.serial.is_multiple_of(3) => Number,
            Texts if self.serial.is_multiple_of(4) => Numbers,
            TextMap if self.serial.is_multiple_of(4) => NumberMap,
            other => other,
        }
    }

    fn compound(&mut self, sort: Sort, deeper: usize) -> String {
        let form = self.random.below(8);
        let mut of = |sort: Sort| self.expression(sort, deeper);
        match (sort, form) {
            (Text, 0) => format!("\"${{{}}}-${{{}}}\"", of(Text), of(Number)),
            (Text, 1) => format!("upper({})", of(Text)),
            (Text, 2) => format!("join(\",\", {})", of(Texts)),
            (Text, 3) => format!("\"%{{ if {} }}yes%{{ else }}${{{}}}%{{ endif }}\"", of(Bool), of(Text)),
            (Text, 4) => format!("\"%{{ for s in {} }}[${{s}}]%{{ endfor }}\"", of(Texts)),
            (Text, 5) => format!("jsonencode({})", of(TextMap)),
            (Text, 6) => format!("lookup({}, \"a\", {})", of(TextMap), of(Text)),
            (Text, _) => format!("coalesce({}.name, {}, \"z\")", of(Object), of(Text)),
            (Number, 0) => format!("({} + {})", of(Number), of(Number)),
            (Number, 1) => format!("({} * 2 - {})", of(Number), of(Number)),
            (Number, 2) => format!("length({})", of(Texts)),
            (Number, 3) => format!("max({}, {})", of(Number), of(Number)),
            (Number, 4) => format!("try(tonumber({}), 5)", of(Text)),
            (Number, 5) => format!("sum(concat([1], {}))", of(Numbers)),
            (Number, 6) => format!("{}.size", of(Object)),
            (Number, _) => format!("-{}", of(Number)),
            (Bool, 0) => format!("({} == {})", of(Text), of(Text)),
            (Bool, 1) => format!("({} > {})", of(Number), of(Number)),
            (Bool, 2) => format!("({} && {})", of(Bool), of(Bool)),
            (Bool, 3) => format!("!{}", of(Bool)),
            (Bool, 4) => format!("contains({}, {})", of(Texts), of(Text)),
            (Bool, 5) => format!("can(tonumber({}))", of(Text)),
            (Bool, 6) => format!("({} == {})", of(Texts), of(Texts)),
            (Bool, _) => format!("({} == null || {})", of(Text), of(Bool)),
            (Texts, 0) => format!("[for s in {} : lower(s)]", of(Texts)),
            (Texts, 1) => format!("concat({}, {})", of(Texts), of(Texts)),
            (Texts, 2) => format!("sort(keys({}))", of(TextMap)),
            (Texts, 3) => format!("[for i, s in {} : \"${{i}}:${{s}}\" if s != \"a\"]", of(Texts)),
            (Texts, 4) => format!("{}[*].name", of(Objects)),
            (Texts, 5) => format!("distinct(compact({}))", of(Texts)),
            (Texts, 6) => format!("tolist({})", of(TextSet)),
            (Texts, _) => format!("flatten([{}, [{}]])", of(Texts), of(Text)),
            (Numbers, 0) => format!("[for s in {} : length(s)]", of(Texts)),
            (Numbers, 1) => "range(3)".to_owned(),
            (Numbers, 2) => format!("values({})", of(NumberMap)),
            (Numbers, 3) => format!("reverse({})", of(Numbers)),
            (Numbers, 4) => format!("slice(concat([1, 2], {}), 0, 2)", of(Numbers)),
            (Numbers, _) => format!("[for n in {} : n + 1]", of(Numbers)),
            (TextSet, 0) => format!("setunion({}, {})", of(TextSet), of(TextSet)),
            (TextSet, 1) => format!("setsubtract({}, {})", of(TextSet), of(TextSet)),
            (TextSet, 2) => format!("toset(keys({}))", of(TextMap)),
            (TextSet, _) => format!("toset({})", of(Texts)),
            (TextMap, 0) => format!("merge({}, {})", of(TextMap), of(TextMap)),
            (TextMap, 1) => format!("{{ for k, v in {} : upper(k) => \"${{v}}!\" }}", of(TextMap)),
            (TextMap, 2) => format!("{{ for s in toset({}) : s => s if s != \"\" }}", of(Texts)),
            (TextMap, 3) => format!("tomap({})", of(TextMap)),
            (TextMap, 4) => format!("{}.tags", of(Object)),
            (TextMap, 5) => format!("{{ for o in {} : o.name => o.name... if false }}", of(Objects)),
            (TextMap, _) => format!("{{ (\"k${{{}}}\") = {}, b = {} }}", of(Number), of(Text), of(Text)),
            (NumberMap, 0) => format!("{{ for k, v in {} : k => length(v) }}", of(TextMap)),
            (NumberMap, 1) => format!("merge({}, {{ z = {} }})", of(NumberMap), of(Number)),
            (NumberMap, _) => format!("{{ for k, v in {} : k => v * 2 if v > 1 }}", of(NumberMap)),
            (Object, 0) => format!("merge({}, {{ name = {} }})", of(Object), of(Text)),
            (Object, 1) => format!("try({}[0], {})", of(Objects), self.literal(Object, false)),
            (Object, 2) => format!("try(one({}), {})", of(Objects), self.literal(Object, false)),
            (Object, _) => {
                let (name, size, on, tags) = (of(Text), of(Number), of(Bool), of(TextMap));
                format!("{{ name = {name}, size = {size}, on = {on}, tags = {tags} }}")
            }
            (Objects, 0) => format!("values({})", of(ObjectMap)),
            (Objects, 1) => format!("[for o in {} : o if o.size > 1]", of(Objects)),
            (Objects, _) => format!("[{}, {}]", of(Object), of(Object)),
            (ObjectMap, 0) => format!("{{ for k, o in {} : k => o if o.size != 2 }}", of(ObjectMap)),
            (ObjectMap, 1) => format!("{{ for i, o in {} : \"i${{i}}\" => o }}", of(Objects)),
            (ObjectMap, _) => format!("{{ a = {}, b = {} }}", of(Object), of(Object)),
        }
    }
}
