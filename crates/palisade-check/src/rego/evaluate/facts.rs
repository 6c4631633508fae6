//! What other engines pick out of the input: each member with its own way and its own doubt.

use super::*;

impl<'a> Evaluation<'a> {
    fn picked(&self, fact: &Fact, arguments: &[Found]) -> Vec<(Found, Option<Ids>)> {
        let Some(first) = arguments.first() else { return Vec::new() };
        let nodes: Vec<_> =
            arguments.iter().map(|argument| fact::node(&argument.value, &self.input.unknowns)).collect();
        let values: Vec<&Partial> = arguments.iter().map(|argument| &argument.value).collect();
        let found = (fact.pick)(&nodes).into_iter().map(|picked| {
            let doubt = picked.open.as_ref().map(|open| fact::depends_on(&values, open));
            let way = (picked.at.0.iter())
                .fold(first.way.clone(), |way, segment| self.further(&way, || segment.clone()));
            let value = fact::part(&first.value, &picked.at.0).unwrap_or_else(|| {
                Partial::Unknown(Cause::bare(doubt.clone().unwrap_or_else(|| first.value.ids())))
            });
            (Found { value, way }, doubt)
        });
        found.collect()
    }

    /// Each member that is picked, or may be, as read.
    pub(super) fn each_picked(
        &mut self,
        fact: &Fact,
        arguments: &[Found],
        then: &mut dyn FnMut(&mut Self, Found, Found) -> Flow,
    ) -> Flow {
        for (place, (member, doubt)) in self.picked(fact, arguments).into_iter().enumerate() {
            let index = Found { value: Partial::Known(Value::from(place)), way: None };
            let mut read = |this: &mut Self| {
                this.read(member.clone(), &mut |this, member| then(this, index.clone(), member))
            };
            let flow = match &doubt {
                None => read(self),
                Some(ids) => self.under(ids, &mut read),
            };
            if flow == Flow::Stop {
                return Flow::Stop;
            }
        }
        Flow::Go
    }

    /// All that is picked, as a list, and what was read for it.
    pub(super) fn picked_list(&mut self, fact: &Fact, arguments: &[Found]) -> (Partial, Vec<Path>) {
        let (mut items, mut more, mut reads) = (Vec::new(), None, Vec::new());
        for (member, doubt) in self.picked(fact, arguments) {
            self.log_read(&member.way);
            reads.extend(path(&member.way));
            match doubt {
                None => items.push(member.value),
                Some(ids) => more = Some(more.map_or_else(|| ids.clone(), |before| union(&before, &ids))),
            }
        }
        (Partial::list(items, more.map(Cause::bare)), reads)
    }
}
