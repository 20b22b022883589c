//! Parses the `Authorization` header of the scheme `Digest`.

/// The largest number of fields. RFC 7616 defines twelve.
const MAX_FIELDS: usize = 20;

/// The fields of `Digest a="b", c=d`, by name in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// `None` for another scheme, a syntax error, a field that occurs twice, or too many fields.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim_start().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', ',', '\t']);
            if rest.is_empty() {
                return Some(Self(fields));
            }
            let (name, after) = rest.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            let (value, after) = value(after.trim_start())?;
            let twice = fields.iter().any(|(other, _)| *other == name);
            if name.is_empty() || twice || fields.len() == MAX_FIELDS {
                return None;
            }
            fields.push((name, value));
            rest = after;
        }
    }

    /// The value of a field; empty when the field is missing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

/// A token, or a quoted string without its quotes and escapes; and the text after it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, after) = text.split_at(text.find(',').unwrap_or(text.len()));
        return Some((token.trim().to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_escapes_and_spaces_are_understood() {
        let fields =
            Fields::parse(r#" digest username="a\"b\\c", realm = "x,y" ,qop=auth,  NC=00000001, empty="""#).unwrap();
        for (name, value) in
            [("username", r#"a"b\c"#), ("realm", "x,y"), ("qop", "auth"), ("nc", "00000001"), ("empty", ""), ("no", "")]
        {
            assert_eq!(fields.get(name), value, "{name}");
        }
    }

    #[test]
    fn other_schemes_and_ambiguous_headers_are_refused() {
        let many: Vec<_> = (0..=MAX_FIELDS).map(|number| format!("f{number}=1")).collect();
        for header in [
            "",
            "Digest",
            "Basic Y2FtOmdlaGVpbQ==",
            "Digest username=\"",
            "Digest username=\"a\\",
            "Digest nonsense",
            "Digest =a",
            "Digest username=\"a\", username=\"b\"",
            "Digest username=\"a\", USERNAME=\"b\"",
            &format!("Digest {}", many.join(",")),
        ] {
            assert_eq!(Fields::parse(header), None, "{header}");
        }
    }
}
