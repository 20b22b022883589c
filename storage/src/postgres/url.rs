//! Connection URLs: `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?PARAMETER=VALUE&…`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::tls::{SslMode, TlsFiles};

/// Parameters that `tokio_postgres` understands as libpq does.
const PASSED_ON: [&str; 14] = [
    "application_name",
    "channel_binding",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "target_session_attrs",
    "user",
];
/// Parameters that have a setting of their own, which would contradict them.
const SETTINGS: [(&str, &str); 2] = [("connect_timeout", "connect_timeout"), ("tcp_user_timeout", "statement_timeout")];
/// Server settings that the connection sets by itself.
const OWN_OPTIONS: [&str; 4] = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone"];

/// What a URL says.
#[derive(Debug)]
pub(super) struct Url {
    pub(super) client: tokio_postgres::Config,
    pub(super) ssl_mode: Option<SslMode>,
    pub(super) files: TlsFiles,
    /// `keepalives_idle` is given.
    pub(super) keepalives_idle: bool,
}

/// Parses the URL. Returns every problem otherwise. The problems name parameters and quote no value that may be secret.
pub(super) fn parse(url: &str) -> Result<Url, Vec<String>> {
    const FORM: &str = "is not postgres://USER:PASSWORD@HOST:PORT/DATABASE";
    let known = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    if !known {
        return Err(vec![FORM.to_owned()]);
    }
    // As `tokio_postgres` reads it: the first `@` ends the credentials, which may contain a question mark.
    let after_credentials = url.find('@').map_or(0, |at| at + 1);
    let (address, query) = match url[after_credentials..].split_once('?') {
        Some((address, query)) => (&url[..after_credentials + address.len()], query),
        None => (url, ""),
    };
    let mut parameters = Parameters::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((name, value)) => parameters.add(&decoded(name), value),
            None => parameters.problem("has a parameter without a value"),
        }
    }
    let whole = if parameters.passed_on.is_empty() {
        Cow::from(address)
    } else {
        Cow::from(format!("{address}?{}", parameters.passed_on.join("&")))
    };
    match whole.parse::<tokio_postgres::Config>() {
        Ok(client) => {
            if client.get_hosts().is_empty() {
                parameters.problem("names no host");
            }
            if parameters.problems.is_empty() {
                let Parameters { ssl_mode, files, keepalives_idle, .. } = parameters;
                return Ok(Url { client, ssl_mode, files, keepalives_idle });
            }
        }
        // The parser's message may quote the password.
        Err(_) if parameters.problems.is_empty() => parameters.problem(FORM),
        Err(_) => {}
    }
    Err(parameters.problems)
}

#[derive(Debug, Default)]
struct Parameters {
    seen: BTreeSet<String>,
    passed_on: Vec<String>,
    ssl_mode: Option<SslMode>,
    files: TlsFiles,
    keepalives_idle: bool,
    problems: Vec<String>,
}

impl Parameters {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    fn add(&mut self, name: &str, encoded: &str) {
        if !self.seen.insert(name.to_owned()) {
            return self.problem(format!("has the parameter `{name}` twice"));
        }
        let value = decoded(encoded);
        match name {
            "sslmode" => {
                self.ssl_mode = SslMode::NAMES.iter().find(|(known, _)| *known == value).map(|(_, mode)| *mode);
                if self.ssl_mode.is_none() {
                    let known = SslMode::NAMES.map(|(known, _)| known).join(", ");
                    self.problem(format!("has an unsupported value of the parameter `sslmode`: supported are {known}"));
                }
            }
            "sslrootcert" => self.files.ca = PathBuf::from(&*value),
            "sslcert" => self.files.certificate = PathBuf::from(&*value),
            "sslkey" => self.files.key = PathBuf::from(&*value),
            "options" if OWN_OPTIONS.iter().any(|own| value.contains(own)) => {
                let own = OWN_OPTIONS.join(", ");
                self.problem(format!(
                    "sets one of {own} in the parameter `options`: these follow from `statement_timeout`"
                ));
            }
            _ if PASSED_ON.contains(&name) => self.pass_on(name, encoded),
            _ => match SETTINGS.iter().find(|(parameter, _)| *parameter == name) {
                Some((_, setting)) => {
                    self.problem(format!("has the parameter `{name}`: use the setting `{setting}` beside `url`"));
                }
                None => self.problem(format!("has the parameter `{name}`, which is not supported")),
            },
        }
    }

    fn pass_on(&mut self, name: &str, encoded: &str) {
        let pair = format!("{name}={encoded}");
        if format!("postgres://host/?{pair}").parse::<tokio_postgres::Config>().is_err() {
            return self.problem(format!("has an unsupported value of the parameter `{name}`"));
        }
        self.keepalives_idle |= name == "keepalives_idle";
        self.passed_on.push(pair);
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_unsupported_parameters_are_named_and_no_value_is_quoted() {
        let problems = parse(
            "postgres://u:hunter2@h/d?sslcrl=x&sslpassword=hunter2&sslmode=allow&connect_timeout=3\
             &target_session_attrs=primary&port=5&port=6&options=-c%20statement_timeout%3D0&keepalives",
        )
        .unwrap_err();
        let wanted = [
            "`sslcrl`",
            "`sslpassword`",
            "`sslmode`",
            "`connect_timeout`",
            "`target_session_attrs`",
            "`port` twice",
            "`options`",
            "without a value",
        ];
        assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
        for part in wanted {
            assert!(problems.iter().any(|problem| problem.contains(part)), "{part} is not in {problems:#?}");
        }
        assert!(!problems.iter().any(|problem| problem.contains("hunter2")), "{problems:#?}");
    }

    #[test]
    fn several_hosts_and_their_selection_are_passed_on() {
        let url = parse("postgresql://u@a:1,b:2/d?target_session_attrs=read-write&load_balance_hosts=random").unwrap();
        assert_eq!((url.client.get_hosts().len(), url.client.get_ports()), (2, &[1, 2][..]));
        assert_eq!(url.client.get_target_session_attrs(), tokio_postgres::config::TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn a_question_mark_in_the_password_does_not_start_the_parameters() {
        let url = parse("postgres://u:a?b=c@h/d?sslmode=verify-ca").unwrap();
        assert_eq!((url.client.get_password(), url.ssl_mode), (Some(&b"a?b=c"[..]), Some(SslMode::VerifyCa)));
    }

    #[test]
    fn other_forms_are_refused_without_quoting_them() {
        for text in ["hunter2://", "host=h password=hunter2", "postgres://u:hunter2@h:port/d", "postgres:///d"] {
            let problems = parse(text).unwrap_err();
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
            assert!(!problems[0].contains("hunter2"), "{problems:?}");
        }
    }
}
