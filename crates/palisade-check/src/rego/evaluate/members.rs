//! Members of collections, and patterns that values are matched with.

use super::*;

impl<'a> Evaluation<'a> {
    /// Each member of a collection with its index or key; those that may be in it, under doubt.
    pub(super) fn members(
        &mut self,
        found: &Found,
        then: &mut dyn FnMut(&mut Self, Found, Found) -> Flow,
    ) -> Flow {
        let plain = |value: Partial| Found { value, way: None };
        match &found.value {
            Partial::Known(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let way = self.further(&found.way, || Segment::Index(index));
                    let index = plain(Partial::Known(Value::from(index)));
                    if then(self, index, Found { value: Partial::Known(item.clone()), way }) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                Flow::Go
            }
            Partial::Known(Value::Object(entries)) => {
                for (key, value) in entries.iter_sorted() {
                    let way = self.further(&found.way, || segment(key));
                    let value = Found { value: Partial::Known(value.clone()), way };
                    if then(self, plain(Partial::Known(key.clone())), value) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                Flow::Go
            }
            Partial::Known(Value::Set(members)) => {
                for member in members.iter_sorted() {
                    let member = plain(Partial::Known(member.clone()));
                    if then(self, member.clone(), member) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                Flow::Go
            }
            Partial::Known(_) => Flow::Go,
            Partial::Unknown(cause) => self.perhaps(&cause.ids, &found.way, then),
            Partial::List(list) => {
                for (index, item) in list.items.iter().enumerate() {
                    let way = self.further(&found.way, || Segment::Index(index));
                    // Where there may be more items, positions are not certain either.
                    let position = match &list.more {
                        None => Partial::Known(Value::from(index)),
                        Some(more) => Partial::Unknown(Cause::outcome(more.ids.clone(), Shape::Number)),
                    };
                    if then(self, plain(position), Found { value: item.clone(), way }) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                match &list.more {
                    Some(more) => self.perhaps(&more.ids, &found.way, then),
                    None => Flow::Go,
                }
            }
            Partial::Map(map) => {
                for (key, value) in &map.entries {
                    let way = self.further(&found.way, || segment(key));
                    let value = Found { value: value.clone(), way };
                    if then(self, plain(Partial::Known(key.clone())), value) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                match &map.more {
                    Some(more) => self.perhaps(&more.ids, &found.way, then),
                    None => Flow::Go,
                }
            }
            Partial::Set(set) => {
                for member in &set.0 {
                    let member = plain(Partial::Known(member.clone()));
                    if then(self, member.clone(), member) == Flow::Stop {
                        return Flow::Stop;
                    }
                }
                self.perhaps(&set.1.ids, &found.way, then)
            }
        }
    }

    /// A member that may exist, of which nothing is known.
    pub(super) fn perhaps(
        &mut self,
        ids: &Ids,
        way: &Way,
        then: &mut dyn FnMut(&mut Self, Found, Found) -> Flow,
    ) -> Flow {
        let unknown = || Partial::Unknown(Cause::bare(ids.clone()));
        let (index, member) =
            (Found { value: unknown(), way: None }, Found { value: unknown(), way: way.clone() });
        self.under(ids, &mut |this| then(this, index.clone(), member.clone()))
    }

    pub(super) fn is_bound(&self, pattern: &Expr) -> bool {
        match pattern {
            Expr::Slot(slot) => self.slot(*slot).is_some(),
            Expr::Array(items) => items.iter().all(|item| self.is_bound(item)),
            Expr::Object(fields) => fields.iter().all(|(_, value)| self.is_bound(value)),
            _ => true,
        }
    }

    /// Makes a pattern and a value the same, binding the pattern's free variables.
    pub(super) fn matches(&mut self, pattern: &'a Expr, found: Found, then: Then<'_, 'a>) -> Flow {
        match pattern {
            Expr::Slot(slot) if self.slot(*slot).is_none() => self.bound(*slot, found, then),
            Expr::Array(patterns) if !self.is_bound(pattern) => match (&found.value, found.value.items()) {
                (Partial::Unknown(cause), _) => {
                    let unknown = Found {
                        value: Partial::Unknown(Cause::bare(cause.ids.clone())),
                        way: found.way.clone(),
                    };
                    let pairs = patterns.iter().map(|pattern| (pattern, unknown.clone())).collect();
                    self.under(&cause.ids, &mut |this| this.match_all(&pairs, then))
                }
                (_, Some(list)) => self.match_items(patterns, &list, &found.way, then),
                _ => Flow::Go,
            },
            Expr::Object(fields) if !self.is_bound(pattern) => self.match_fields(fields, &found, then),
            _ => self.expression(pattern, &mut |this, other| this.same(&other.value, &found.value, then)),
        }
    }

    pub(super) fn match_items(
        &mut self,
        patterns: &'a [Expr],
        list: &PartialList,
        way: &Way,
        then: Then<'_, 'a>,
    ) -> Flow {
        if list.items.len() > patterns.len() || (list.more.is_none() && list.items.len() < patterns.len()) {
            return Flow::Go;
        }
        let item = |this: &Self, index: usize| match (&list.more, list.items.get(index)) {
            (None, Some(item)) => {
                Found { value: item.clone(), way: this.further(way, || Segment::Index(index)) }
            }
            (more, _) => {
                let ids = more.as_ref().map_or_else(|| Ids::from([]), |more| more.ids.clone());
                Found { value: Partial::Unknown(Cause::bare(ids)), way: way.clone() }
            }
        };
        let pairs =
            patterns.iter().enumerate().map(|(index, pattern)| (pattern, item(self, index))).collect();
        match &list.more {
            Some(more) => self.under(&more.ids, &mut |this| this.match_all(&pairs, then)),
            None => self.match_all(&pairs, then),
        }
    }

    pub(super) fn match_fields(
        &mut self,
        fields: &'a [(Expr, Expr)],
        found: &Found,
        then: Then<'_, 'a>,
    ) -> Flow {
        let Some(((key, pattern), rest)) = fields.split_first() else {
            return then(self);
        };
        self.expression(key, &mut |this, key| {
            this.enter(found, &key.value, &mut |this, value| {
                this.matches(pattern, value, &mut |this| this.match_fields(rest, found, then))
            })
        })
    }

    pub(super) fn match_all(&mut self, pairs: &Vec<(&'a Expr, Found)>, then: Then<'_, 'a>) -> Flow {
        self.match_from(pairs, 0, then)
    }

    pub(super) fn match_from(
        &mut self,
        pairs: &Vec<(&'a Expr, Found)>,
        from: usize,
        then: Then<'_, 'a>,
    ) -> Flow {
        match pairs.get(from) {
            None => then(self),
            Some((pattern, found)) => {
                self.matches(pattern, found.clone(), &mut |this| this.match_from(pairs, from + 1, then))
            }
        }
    }

    pub(super) fn same(&mut self, left: &Partial, right: &Partial, then: Then<'_, 'a>) -> Flow {
        match left.same(right) {
            Some(true) => then(self),
            Some(false) => Flow::Go,
            None => self.under(&union(&left.ids(), &right.ids()), then),
        }
    }
}
