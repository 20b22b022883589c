//! Error texts for logs and operators.

use std::error::Error;
use std::fmt;

/// Displays the error and all its sources, joined by `: `. Use it wherever an error is printed: our `Display` texts omit the source.
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> Chain<'a> {
    Chain(error)
}

/// Line, column and kind of a TOML mistake. Does not quote the text, because that line may contain a password.
pub fn toml_problem(text: &str, error: &toml::de::Error) -> String {
    // These messages quote the value. Keep what was expected.
    let message = match (error.message().split_once(": "), error.message().rsplit_once(", expected ")) {
        (Some((kind @ ("invalid type" | "invalid value" | "invalid length"), _)), Some((_, wanted))) => {
            format!("{kind}, expected {wanted}")
        }
        _ => error.message().to_owned(),
    };
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        // A value that is read out of its text has no position. The last line of its error names the key.
        let shown = error.to_string();
        let key = shown.lines().last().and_then(|line| line.strip_prefix("in `")?.strip_suffix('`'));
        return key.map_or_else(|| message.clone(), |key| format!("{key}: {message}"));
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {message}")
}

/// See [`chain`].
#[derive(Debug)]
pub struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            let text = error.to_string();
            // Some libraries include the source in their own text.
            if !shown.contains(&text) {
                write!(f, ": {text}")?;
            }
            shown = text;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_problems_have_a_position_and_no_password() {
        #[derive(Debug, serde::Deserialize)]
        struct Login {
            #[serde(rename = "password")]
            _password: String,
        }
        for (text, wanted) in [
            ("\npassword = \"hunter2\" x", "line 2, column 22: "),
            ("password = 'hunter2", "line 1, column "),
            ("password = [\"hunter2\"]", "line 1, column 12: invalid type, expected a string"),
            ("password = \"\\hunter2\"", "line 1, column "),
        ] {
            let problem = toml_problem(text, &toml::from_str::<Login>(text).unwrap_err());
            assert!(problem.starts_with(wanted) && !problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn problems_of_values_without_a_position_name_their_key() {
        #[derive(Debug, serde::Deserialize)]
        struct Rule {
            #[serde(rename = "seconds")]
            _seconds: f64,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Camera {
            #[serde(rename = "rules")]
            _rules: Vec<Rule>,
        }
        let entry: toml::Value = toml::from_str("rules = [{ seconds = '5s' }]").unwrap();
        let problem = toml_problem("", &entry.try_into::<Camera>().unwrap_err());
        assert_eq!(problem, "rules.seconds: invalid type, expected f64");
    }
}
