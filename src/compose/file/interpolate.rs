//! Compose's interpolation: `$NAME`, `${NAME}`, `${NAME:-default}` and its five siblings,
//! nested, and `$$`. The result remembers where each part came from, so that an edit can
//! change a part where it lives.
//!
//! The rules are compose-go's (`template/template.go`), its oddities included: names are
//! ASCII, an operator is the first one after the name, a default has no line break, and a
//! lone `$` stands for itself.

use std::ops::Range;

use thiserror::Error;

/// Defaults within defaults, beyond which nobody reads on.
const MAX_DEPTH: usize = 50;

/// Bytes that values may add to a text: beyond that, variables that double each other would
/// fill the memory.
const MAX_GROWTH: usize = 1 << 20;

/// Why a text can't be interpolated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InterpolateError {
    /// `${` without a name, or without its `}`.
    #[error("invalid interpolation: a `$` that is meant literally is written `$$`")]
    Invalid,
    /// A variable that `?` demands. What stands behind the `?` isn't told: other variables'
    /// values may be in it.
    #[error("required variable `{variable}` is missing a value")]
    Missing {
        /// The variable.
        variable: String,
    },
    /// The values make the text longer than anything could mean.
    #[error("its variables make it longer than {} KiB", MAX_GROWTH >> 10)]
    TooLong,
}

/// Gives the value of a variable by its name; None for one that isn't set.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A part of an interpolated text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplatePiece {
    pub(crate) text: String,
    /// The bytes of the template that are this text, if they are: of a literal part, or of
    /// a default that applies. None for a variable's value and for `$$`.
    pub(crate) at: Option<Range<usize>>,
    /// The outermost variable that the part is held in.
    pub(crate) variable: Option<String>,
    /// The bytes of the template that stand for a variable's value, if it is the outermost.
    pub(crate) expression: Option<Range<usize>>,
}

/// Puts values in the place of the variables of `template`, by Compose's rules: `$NAME`,
/// `${NAME}` with `:-`, `-`, `:+`, `+`, `:?` and `?`, and `$$` for a dollar sign.
///
/// # Errors
/// [`InterpolateError`] for what Compose refuses: a malformed expression, a variable that is
/// required and has no value.
pub fn interpolate(template: &str, lookup: &Lookup<'_>) -> Result<String, InterpolateError> {
    if !template.contains('$') {
        return Ok(template.to_owned());
    }
    let pieces = pieces(template, lookup)?;
    Ok(pieces.into_iter().map(|piece| piece.text).collect())
}

/// Interpolates a text into its parts, in order; empty parts stand for variables without a
/// value.
pub(crate) fn pieces(
    template: &str,
    lookup: &Lookup<'_>,
) -> Result<Vec<TemplatePiece>, InterpolateError> {
    let mut scan = TemplateScanner::new(template, lookup);
    scan.range(0..template.len(), None, 0)?;
    Ok(scan.pieces)
}

/// [`interpolate`] where a variable that is required and has no value is blank, too.
///
/// # Errors
/// [`InterpolateError`] for what is malformed.
pub(crate) fn interpolate_blank(
    template: &str,
    lookup: &Lookup<'_>,
) -> Result<String, InterpolateError> {
    let mut scan = TemplateScanner::new(template, lookup);
    scan.is_lenient = true;
    scan.range(0..template.len(), None, 0)?;
    Ok(scan.pieces.into_iter().map(|piece| piece.text).collect())
}

/// The variables that a text takes for blank since they aren't set and have no default, each as
/// often as it does.
pub(crate) fn unset(template: &str, lookup: &Lookup<'_>) -> Vec<String> {
    let mut scan = TemplateScanner::new(template, lookup);
    // What can't be interpolated is told of elsewhere.
    let _ = scan.range(0..template.len(), None, 0);
    scan.unset
}

/// The names of all variables that a text mentions, in order, nested ones included.
pub(crate) fn variables(template: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = 0;
    while let Some(found) = template[rest..].find('$') {
        let at = rest + found + 1;
        rest = at + usize::from(template[at..].starts_with('$'));
        let brace = usize::from(template[at..].starts_with('{'));
        let name = name(&template[at + brace..]);
        if rest == at && !name.is_empty() {
            names.push(name.to_owned());
        }
    }
    names
}

struct TemplateScanner<'a> {
    template: &'a str,
    lookup: &'a Lookup<'a>,
    pieces: Vec<TemplatePiece>,
    /// The bytes of all pieces so far.
    length: usize,
    /// The variables that came to nothing, since they are neither set nor have a default.
    unset: Vec<String>,
    /// A variable that is required and isn't there is blank.
    is_lenient: bool,
}

/// `${NAME}` taken apart; ranges are of the whole template.
struct Braced<'a> {
    name: &'a str,
    /// `:-`, `-`, `:?`, `?`, `:+`, `+`, or empty.
    operator: &'a str,
    argument: Range<usize>,
    start: usize,
    end: usize,
}

impl<'a> TemplateScanner<'a> {
    fn new(template: &'a str, lookup: &'a Lookup<'a>) -> Self {
        Self {
            template,
            lookup,
            pieces: Vec::new(),
            length: 0,
            unset: Vec::new(),
            is_lenient: false,
        }
    }

    fn range(
        &mut self,
        range: Range<usize>,
        variable: Option<&str>,
        depth: usize,
    ) -> Result<(), InterpolateError> {
        if depth > MAX_DEPTH {
            return Err(InterpolateError::Invalid);
        }
        let mut literal = range.start;
        let mut at = range.start;
        while at < range.end {
            if self.length > self.template.len() + MAX_GROWTH {
                return Err(InterpolateError::TooLong);
            }
            let rest = &self.template[at..range.end];
            let Some(found) = rest.find('$') else { break };
            at += found;
            let after = &self.template[at + 1..range.end];
            if after.starts_with('$') {
                self.literal(literal..at, variable);
                self.push("$".to_owned(), None, variable);
                at += 2;
            } else if after.starts_with('{') {
                self.literal(literal..at, variable);
                let braced = self.braced(at, range.end)?;
                at = braced.end;
                self.substitute(&braced, variable, depth)?;
            } else {
                let name = name(after);
                if name.is_empty() {
                    at += 1;
                    continue;
                }
                self.literal(literal..at, variable);
                let dollar = at;
                at += 1 + name.len();
                self.value(name, dollar..at, variable);
            }
            literal = at;
        }
        self.literal(literal..range.end, variable);
        match self.length > self.template.len() + MAX_GROWTH {
            true => Err(InterpolateError::TooLong),
            false => Ok(()),
        }
    }

    fn literal(&mut self, range: Range<usize>, variable: Option<&str>) {
        if !range.is_empty() {
            let text = self.template[range.clone()].to_owned();
            self.push(text, Some(range), variable);
        }
    }

    fn push(&mut self, text: String, at: Option<Range<usize>>, variable: Option<&str>) {
        self.length += text.len();
        self.pieces.push(TemplatePiece {
            text,
            at,
            variable: variable.map(str::to_owned),
            expression: None,
        });
    }

    /// The value of the variable that `expression` names.
    fn push_value(
        &mut self,
        text: String,
        expression: Range<usize>,
        name: &str,
        holder: Option<&str>,
    ) {
        self.push(text, None, Some(holder.unwrap_or(name)));
        if let Some(piece) = self.pieces.last_mut().filter(|_| holder.is_none()) {
            piece.expression = Some(expression);
        }
    }

    fn value(&mut self, name: &str, expression: Range<usize>, holder: Option<&str>) {
        let value = self.set_or_blank(name, (self.lookup)(name));
        self.push_value(value, expression, name, holder);
    }

    fn set_or_blank(&mut self, name: &str, value: Option<String>) -> String {
        value.unwrap_or_else(|| {
            self.unset.push(name.to_owned());
            String::new()
        })
    }

    fn braced(&self, dollar: usize, end: usize) -> Result<Braced<'a>, InterpolateError> {
        let template = self.template;
        let inside = dollar + 2;
        let name = name(&template[inside..end]);
        let after = &template[inside + name.len()..end];
        let operator = [":-", ":?", ":+", "-", "?", "+"]
            .into_iter()
            .find(|operator| after.starts_with(operator))
            .unwrap_or_default();
        let argument = inside + name.len() + operator.len();
        let close = if operator.is_empty() {
            after.starts_with('}').then_some(argument)
        } else {
            closing_brace(&template[dollar..end]).map(|found| dollar + found)
        };
        match close {
            Some(close)
                if !name.is_empty()
                    && close >= argument
                    && !template[argument..close].contains('\n') =>
            {
                Ok(Braced {
                    name: &template[inside..inside + name.len()],
                    operator: &template[inside + name.len()..argument],
                    argument: argument..close,
                    start: dollar,
                    end: close + 1,
                })
            }
            _ => Err(InterpolateError::Invalid),
        }
    }

    fn substitute(
        &mut self,
        braced: &Braced<'_>,
        holder: Option<&str>,
        depth: usize,
    ) -> Result<(), InterpolateError> {
        let value = (self.lookup)(braced.name);
        let may_be_empty = !braced.operator.starts_with(':');
        let is_set = value
            .as_ref()
            .is_some_and(|value| may_be_empty || !value.is_empty());
        let held = holder.unwrap_or(braced.name).to_owned();
        match braced.operator.trim_start_matches(':') {
            "-" if !is_set => self.range(braced.argument.clone(), Some(&held), depth + 1),
            "+" if is_set => self.range(braced.argument.clone(), Some(&held), depth + 1),
            "?" if !is_set && self.is_lenient => {
                self.push(String::new(), None, Some(&held));
                Ok(())
            }
            "?" if !is_set => {
                // Compose resolves its variables, too, and refuses what it can't.
                interpolate(&self.template[braced.argument.clone()], self.lookup)?;
                Err(InterpolateError::Missing {
                    variable: braced.name.to_owned(),
                })
            }
            "" => {
                let value = self.set_or_blank(braced.name, value);
                self.push_value(value, braced.start..braced.end, braced.name, holder);
                Ok(())
            }
            _ => {
                let value = value.unwrap_or_default();
                self.push_value(value, braced.start..braced.end, braced.name, holder);
                Ok(())
            }
        }
    }
}

/// The longest variable name that a text begins with.
fn name(text: &str) -> &str {
    let end = text
        .bytes()
        .enumerate()
        .find(|(at, byte)| {
            !(byte.is_ascii_alphabetic() || *byte == b'_' || *at > 0 && byte.is_ascii_digit())
        })
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// The brace that closes the first one of a text, as compose-go counts: the character
/// behind an opening brace never counts. Failing that, the last brace of the line.
fn closing_brace(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'}' if open <= 1 => return Some(at),
            b'}' => open -= 1,
            b'{' => {
                open += 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    let line = text.lines().next().unwrap_or_default();
    line.rfind('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SET` is `v`, `EMPTY` is empty, `N` is `n`, and nothing else is set.
    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("v".to_owned()),
            "EMPTY" => Some(String::new()),
            "N" => Some("n".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn every_operator_does_what_compose_does() {
        let cases = [
            ("a$SET-b", "av-b"),
            ("${SET}${N}", "vn"),
            ("$UNSET.", "."),
            ("$$SET $$$SET", "$SET $v"),
            ("100$ $1 $", "100$ $1 $"),
            ("${SET:-d}${EMPTY:-d}${UNSET:-d}", "vdd"),
            ("${SET-d}${EMPTY-d}${UNSET-d}", "vd"),
            ("${SET:+d}${EMPTY:+d}${UNSET:+d}.", "d."),
            ("${SET+d}${EMPTY+d}${UNSET+d}.", "dd."),
            ("${SET:?d}${EMPTY?d}", "v"),
            ("${UNSET:-a${N}b}c", "anbc"),
            ("${UNSET:-${X:-${N}}}", "n"),
            ("${UNSET:-a} and ${UNSET-b}", "a and b"),
            ("${UNSET:-a:-b}", "a:-b"),
            ("${UNSET-a:-b}", "a:-b"),
            ("${UNSET:-}", ""),
            ("${UNSET:-$$x}", "$x"),
        ];
        for (template, expect) in cases {
            let found = interpolate(template, &lookup);
            assert_eq!(found.as_deref(), Ok(expect), "{template}");
        }
    }

    #[test]
    fn a_variable_is_unset_where_neither_a_value_nor_a_default_stands_in() {
        for (template, expect) in [
            ("$UNSET ${UNSET} ${X}", vec!["UNSET", "UNSET", "X"]),
            ("${UNSET:-a} ${UNSET-} ${UNSET:+b} ${UNSET+b}", vec![]),
            ("${UNSET:-${X}} ${SET:-${X}} ${SET:+$X}", vec!["X", "X"]),
            ("$SET ${EMPTY} $$UNSET", vec![]),
        ] {
            assert_eq!(unset(template, &lookup), expect, "{template}");
        }
    }

    #[test]
    fn broken_templates_are_errors() {
        for template in [
            "${", "${}", "${1}", "${A", "${A!}", "${A:}", "${A:-\n}", "${A b}",
        ] {
            let found = interpolate(template, &lookup);
            assert_eq!(found, Err(InterpolateError::Invalid), "{template}");
        }
    }

    #[test]
    fn a_demanded_variable_that_is_missing_says_so() {
        let error = interpolate("${UNSET?set $N}", &lookup).unwrap_err();
        assert_eq!(
            error.to_string(),
            "required variable `UNSET` is missing a value"
        );
        let error = interpolate("${EMPTY:?}", &lookup).unwrap_err();
        assert_eq!(
            error.to_string(),
            "required variable `EMPTY` is missing a value"
        );
    }

    #[test]
    fn pieces_know_where_they_live() {
        let template = "app:${UNSET:-1.${N}}$SET";
        let found: Vec<_> = pieces(template, &lookup)
            .unwrap()
            .into_iter()
            .map(|piece| {
                let source = piece.at.map(|range| template[range].to_owned());
                (piece.text, source, piece.variable)
            })
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                ("app:".to_owned(), some("app:"), None),
                ("1.".to_owned(), some("1."), some("UNSET")),
                ("n".to_owned(), None, some("UNSET")),
                ("v".to_owned(), None, some("SET")),
            ]
        );
    }

    #[test]
    fn a_value_that_grows_without_end_is_an_error() {
        let long = |_: &str| Some("x".repeat(MAX_GROWTH / 2));
        assert!(interpolate("$A", &long).is_ok());
        assert_eq!(interpolate("$A$A$A", &long), Err(InterpolateError::TooLong));
        let nested = interpolate("${A:+$A$A$A}", &long);
        assert_eq!(nested, Err(InterpolateError::TooLong));
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        let template = format!("{}x{}", "${A:-".repeat(60), "}".repeat(60));
        assert_eq!(
            interpolate(&template, &lookup),
            Err(InterpolateError::Invalid)
        );
    }

    #[test]
    fn variables_are_listed_with_nested_ones() {
        assert_eq!(
            variables("$A ${B:-${C}} $$D $$$E $ ${"),
            ["A", "B", "C", "E"]
        );
    }
}
