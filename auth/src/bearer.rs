use crate::AuthError;

/// The token in the value of an `authorization` header, `Bearer <token>`. The scheme is compared without regard to case.
pub fn bearer_token(authorization: Option<&str>) -> Result<&str, AuthError> {
    let (scheme, token) = authorization.and_then(|value| value.split_once(' ')).ok_or(AuthError::Missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(AuthError::Missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_follows_the_scheme() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "] {
            assert_eq!(bearer_token(Some(value)).unwrap(), "a.b.c", "{value:?}");
        }
    }

    #[test]
    fn other_schemes_and_missing_headers_are_rejected() {
        for value in [None, Some(""), Some("a.b.c"), Some("Bearer"), Some("Basic a.b.c")] {
            assert!(matches!(bearer_token(value), Err(AuthError::Missing)), "{value:?}");
        }
    }
}
