//! The login of a camera, resolved on this host.

use vru_proto::v1;
use vru_runtime::secret::{Secret, SecretError};

/// What is needed to log in to a camera, or what a publisher must know.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: Secret,
}

impl Login {
    /// Resolves both references. An empty part is an error, as in the validation of the camera's configuration.
    pub(super) fn resolve(given: &v1::Credentials) -> Result<Self, SecretError> {
        let part = |text: &str| match text {
            "" => Err(SecretError::Empty { reference: "username or password".to_owned() }),
            text => Secret::resolve(text),
        };
        Ok(Self { username: part(&given.username)?.expose().to_owned(), password: part(&given.password)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_login_is_an_error() {
        for (username, password) in [("", "p"), ("u", ""), ("u", "env:VRU_NO_SUCH_VARIABLE"), ("env:VRU_NONE", "p")] {
            let given = v1::Credentials { username: username.to_owned(), password: password.to_owned() };
            Login::resolve(&given).unwrap_err();
        }
        let given = v1::Credentials { username: "u".to_owned(), password: "p".to_owned() };
        assert_eq!(Login::resolve(&given).unwrap().username, "u");
    }
}
