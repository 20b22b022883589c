use std::time::Duration;

use vru_runtime::config::{Problems, Validate};
use vru_runtime::report::chain;

use crate::config::parse_url;
use crate::{JwtConfig, fetch, sources};

impl Validate for JwtConfig {
    fn validate(&self, problems: &mut Problems) {
        self.validate_source(problems);
        for (value, name, any, what) in [
            (&self.issuer, "issuer", self.insecure_accept_any_issuer, "tokens of every issuer"),
            (&self.audience, "audience", self.insecure_accept_any_audience, "tokens for other services"),
        ] {
            match (value.trim().is_empty(), any) {
                (true, false) => problems
                    .at(name, format!("is empty: set it, or accept {what} with `insecure_accept_any_{name} = true`")),
                (false, true) => {
                    problems.at(name, format!("is set, and `insecure_accept_any_{name}` too: remove one of them"));
                }
                _ => {}
            }
        }
        problems.require(self.leeway <= Duration::from_mins(5), "leeway", "is more than 5m");
        let sane = (Duration::from_secs(10)..=Duration::from_hours(24)).contains(&self.jwks_refresh);
        problems.require(sane, "jwks_refresh", "is not between 10s and 24h");
    }
}

impl JwtConfig {
    fn validate_source(&self, problems: &mut Problems) {
        let set = [
            ("secret", !self.secret.is_empty()),
            ("public_key", !self.public_key.as_os_str().is_empty()),
            ("jwks_file", !self.jwks_file.as_os_str().is_empty()),
            ("jwks_url", !self.jwks_url.is_empty()),
        ];
        let set: Vec<&str> = set.into_iter().filter_map(|(name, is_set)| is_set.then_some(name)).collect();
        match set.as_slice() {
            [] => problems.at(
                "secret",
                "and `public_key`, `jwks_file` and `jwks_url` are all empty: set one of them, or turn authentication off",
            ),
            // An attacker who has one token can guess a short HMAC key offline.
            ["secret"] => {
                problems.require(self.secret.expose().len() >= 32, "secret", "has fewer than 32 bytes");
            }
            ["jwks_url"] => match parse_url(&self.jwks_url) {
                Ok(_) => {
                    if let Err(error) = fetch::check_ca(self) {
                        problems.at("jwks_ca", chain(&error).to_string());
                    }
                }
                Err(problem) => problems.at("jwks_url", problem),
            },
            [name] => {
                if let Err(error) = sources::check_file(self) {
                    problems.at(name, chain(&error).to_string());
                }
            }
            [first, rest @ ..] => {
                problems.at(first, format!("and `{}` are both set: set only one of them", rest.join("` and `")));
            }
        }
        let has_url = !self.jwks_url.is_empty();
        problems.require(has_url || self.jwks_ca.as_os_str().is_empty(), "jwks_ca", "is set, but `jwks_url` is empty");
    }
}

#[cfg(test)]
mod tests {
    use vru_runtime::secret::Secret;

    use super::*;

    fn problems(config: &JwtConfig) -> String {
        let mut problems = Problems::default();
        config.validate(&mut problems);
        problems.found().join("\n")
    }

    fn good() -> JwtConfig {
        JwtConfig {
            secret: Secret::new("0123456789abcdef0123456789abcdef"),
            issuer: "https://id.example".to_owned(),
            audience: "vru".to_owned(),
            ..JwtConfig::default()
        }
    }

    #[test]
    fn issuer_and_audience_are_required_or_loudly_given_up() {
        assert_eq!(problems(&good()), "");
        let any = JwtConfig {
            issuer: String::new(),
            audience: String::new(),
            insecure_accept_any_issuer: true,
            insecure_accept_any_audience: true,
            ..good()
        };
        assert_eq!(problems(&any), "");
        for (config, wanted) in [
            (JwtConfig { issuer: String::new(), ..good() }, "insecure_accept_any_issuer"),
            (JwtConfig { issuer: " ".to_owned(), ..good() }, "insecure_accept_any_issuer"),
            (JwtConfig { audience: String::new(), ..good() }, "insecure_accept_any_audience"),
            (JwtConfig { insecure_accept_any_issuer: true, ..good() }, "remove one of them"),
            (JwtConfig { insecure_accept_any_audience: true, ..good() }, "remove one of them"),
        ] {
            let found = problems(&config);
            assert!(found.contains(wanted), "{wanted} is not in {found}");
        }
    }

    #[test]
    fn exactly_one_source_of_keys_is_required() {
        let none = JwtConfig { secret: Secret::default(), ..good() };
        for (config, wanted) in [
            (none.clone(), "all empty"),
            (JwtConfig { secret: Secret::new("short"), ..good() }, "fewer than 32 bytes"),
            (JwtConfig { jwks_url: "https://id.example/keys".to_owned(), ..good() }, "only one"),
            (JwtConfig { public_key: "/no/such/key".into(), ..none.clone() }, "/no/such/key cannot be read"),
            (JwtConfig { jwks_file: "/no/such/set".into(), ..none.clone() }, "/no/such/set cannot be read"),
            (JwtConfig { jwks_ca: "/ca".into(), ..good() }, "jwks_ca"),
            (
                JwtConfig { jwks_url: "https://id.example".to_owned(), jwks_ca: "/no/such/ca".into(), ..none.clone() },
                "/no/such/ca",
            ),
        ] {
            let found = problems(&config);
            assert!(found.contains(wanted), "{wanted} is not in {found}");
        }
    }
}
