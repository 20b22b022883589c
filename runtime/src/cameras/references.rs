//! Credentials of cameras, and which references (`env:NAME`, `file:PATH`) in them are resolved.
//!
//! Whoever can write to the topic `vru.cameras` chooses the host that a secret is sent to. So a reference in a record is resolved only in
//! a folder and under a prefix of environment variables that hold nothing but secrets of cameras. The operator writes the cameras file,
//! as well as the service's configuration, so its references may name any file and any variable that is not itself configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use vru_proto::v1::Credentials;

use super::config::CamerasConfig;
use super::sealed::{self, SealingKey, Unopened};
use crate::config::ENV_PREFIX;
use crate::secret::{Secret, SecretError, read_regular_file};

/// A file on a network file system that does not answer must not hold up a camera for ever.
const READ_DEADLINE: Duration = Duration::from_secs(10);

/// A user name and password that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub username: String,
    pub password: Secret,
}

/// Why a camera's credentials or files cannot be used. The text has the name of a reference, never a value.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("cannot read the {field}")]
    Unresolved {
        field: &'static str,
        #[source]
        source: SecretError,
    },
    #[error("the {field} is sealed, and `cameras.secrets_key` is not set")]
    NoKey { field: &'static str },
    #[error("the {field} {why}; they must be the keys of the API")]
    Sealed { field: &'static str, why: Unopened },
    #[error("the {field} is empty{from}; set both the user name and the password, or neither")]
    Empty { field: &'static str, from: String },
    #[error("the {field} contains a line break or another control character{from}")]
    Control { field: &'static str, from: String },
    #[error("the files of the secrets were not read within {READ_DEADLINE:?}; check their file system")]
    TimedOut,
}

/// Resolves the references of a camera. The default is the rule for records of the topic, without a folder.
#[derive(Debug, Clone)]
pub struct References(Rule);

impl Default for References {
    fn default() -> Self {
        Self::new(&CamerasConfig::default())
    }
}

#[derive(Debug, Clone)]
enum Rule {
    Operator,
    Record { env_prefix: String, folder: PathBuf, key: Option<SealingKey> },
}

impl References {
    /// The rule for the place that the cameras come from.
    pub fn new(config: &CamerasConfig) -> Self {
        if config.file.as_os_str().is_empty() {
            let (env_prefix, folder) = (config.secrets_env_prefix.clone(), config.secrets_dir.clone());
            // A key that is none was refused with the configuration.
            let key = SealingKey::with_old(&config.secrets_key, &config.old_secrets_keys).ok();
            Self(Rule::Record { env_prefix, folder, key })
        } else {
            Self(Rule::Operator)
        }
    }

    /// Reads the secrets again, so that a rotated one takes effect. Does not block the runtime's workers.
    pub async fn login(&self, credentials: &Credentials) -> Result<Login, LoginError> {
        let (references, credentials) = (self.clone(), credentials.clone());
        let read = tokio::task::spawn_blocking(move || references.login_blocking(&credentials));
        match tokio::time::timeout(READ_DEADLINE, read).await {
            Ok(Ok(login)) => login,
            // The task cannot be cancelled, and does not panic.
            Ok(Err(_)) | Err(_) => Err(LoginError::TimedOut),
        }
    }

    /// Like [`References::login`]. Reads files on the calling thread.
    pub fn login_blocking(&self, credentials: &Credentials) -> Result<Login, LoginError> {
        let username = self.text("user name", &credentials.username)?.expose().to_owned();
        let password = self.text("password", &credentials.password)?;
        Ok(Login { username, password })
    }

    fn text(&self, field: &'static str, text: &str) -> Result<Secret, LoginError> {
        let secret = match &self.0 {
            Rule::Record { key, .. } if text.starts_with(sealed::PREFIX) => {
                let key = key.as_ref().ok_or(LoginError::NoKey { field })?;
                key.open(text).map_err(|why| LoginError::Sealed { field, why })?
            }
            _ => self.secret(text).map_err(|source| LoginError::Unresolved { field, source })?,
        };
        let from = || match text.split_once(':') {
            Some(("env" | "file", _)) => format!(" ({text})"),
            _ => String::new(),
        };
        if secret.is_empty() {
            return Err(LoginError::Empty { field, from: from() });
        }
        if secret.expose().chars().any(char::is_control) {
            return Err(LoginError::Control { field, from: from() });
        }
        Ok(secret)
    }

    /// Resolves a reference. Any other text is the secret itself.
    fn secret(&self, text: &str) -> Result<Secret, SecretError> {
        if let Some(name) = text.strip_prefix("env:") {
            self.allow_variable(name)?;
        }
        match text.strip_prefix("file:") {
            Some(path) => {
                let text = self.file(path).map_err(|source| SecretError::File { path: path.to_owned(), source })?;
                Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
            }
            None => Secret::resolve(text),
        }
    }

    fn allow_variable(&self, name: &str) -> Result<(), SecretError> {
        let forbidden = |rule: String| Err(SecretError::Forbidden { name: name.to_owned(), rule });
        match &self.0 {
            _ if name.starts_with(ENV_PREFIX) => {
                forbidden(format!("variables that begin with {ENV_PREFIX} are the service's own configuration"))
            }
            Rule::Record { env_prefix, .. } if env_prefix.is_empty() => {
                forbidden("`cameras.secrets_env_prefix` is empty, so no variable may be used".to_owned())
            }
            Rule::Record { env_prefix, .. } if !name.starts_with(env_prefix) => forbidden(format!(
                "a record of the topic may only use variables that begin with {env_prefix} (`cameras.secrets_env_prefix`)"
            )),
            _ => Ok(()),
        }
    }

    /// Reads a file that the camera's configuration names.
    pub fn file(&self, path: &str) -> std::io::Result<String> {
        match &self.0 {
            Rule::Operator => read_regular_file(Path::new(path), None),
            Rule::Record { folder, .. } if folder.as_os_str().is_empty() => Err(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                "a record of the topic may only use files inside `cameras.secrets_dir`, which is not set",
            )),
            Rule::Record { folder, .. } => read_regular_file(&folder.join(path), Some(folder)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;
    use crate::report::chain;

    fn record(folder: &Path) -> References {
        References::new(&CamerasConfig { secrets_dir: folder.to_owned(), ..CamerasConfig::default() })
    }

    fn operator() -> References {
        References::new(&CamerasConfig { file: "cameras.toml".into(), ..CamerasConfig::default() })
    }

    fn login(references: &References, password: &str) -> Result<Login, String> {
        let credentials = Credentials { username: "viewer".to_owned(), password: password.to_owned() };
        references.login_blocking(&credentials).map_err(|error| chain(&error).to_string())
    }

    #[test]
    fn a_record_reads_variables_under_the_prefix_only() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["PATH", "HOME", "VRU__KAFKA__SASL_PASSWORD", "vru_camera_x", "XVRU_CAMERA_"] {
            let problem = login(&record(folder.path()), &format!("env:{name}")).unwrap_err();
            assert!(problem.contains(name) && problem.contains("VRU_"), "{problem}");
        }
        let problem = login(&record(folder.path()), "env:VRU_CAMERA_UNSET_IN_TESTS").unwrap_err();
        assert!(problem.contains("VRU_CAMERA_UNSET_IN_TESTS") && problem.contains("not set"), "{problem}");
        let none = CamerasConfig { secrets_env_prefix: String::new(), ..CamerasConfig::default() };
        assert!(login(&References::new(&none), "env:PATH").unwrap_err().contains("secrets_env_prefix"));
        // The operator's own file may use any variable but the service's configuration.
        assert_eq!(login(&operator(), "env:PATH").unwrap().password.expose(), std::env::var("PATH").unwrap());
        assert!(login(&operator(), "env:VRU__KAFKA__SASL_PASSWORD").unwrap_err().contains("configuration"));
    }

    #[test]
    fn a_record_reads_regular_files_inside_the_folder_only() {
        let root = tempfile::tempdir().unwrap();
        let (inside, outside) = (root.path().join("cameras"), root.path().join("token"));
        std::fs::create_dir_all(inside.join("..data")).unwrap();
        std::fs::create_dir(root.path().join("cameras-2")).unwrap();
        std::fs::write(&outside, "geheim").unwrap();
        std::fs::write(root.path().join("cameras-2/token"), "geheim").unwrap();
        std::fs::write(inside.join("..data/door"), "correct\n").unwrap();
        std::fs::write(inside.join("large"), vec![b'x'; 70_000]).unwrap();
        std::fs::write(inside.join("empty"), "\n").unwrap();
        std::fs::write(inside.join("two"), "geheim\r\nX: y").unwrap();
        // Kubernetes mounts a secret as such a link.
        symlink("..data/door", inside.join("door")).unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink("..", inside.join("up")).unwrap();
        assert!(Command::new("mkfifo").arg(inside.join("fifo")).status().unwrap().success());
        let references = record(&inside);
        let absolute = format!("file:{}/door", inside.display());
        for text in ["file:door", &absolute, "file:./..data/../door"] {
            assert_eq!(login(&references, text).unwrap().password.expose(), "correct", "{text}");
        }
        for path in [
            outside.to_str().unwrap(),
            "../token",
            "link",
            "up/token",
            "../cameras-2/token",
            "/dev/zero",
            "/proc/self/environ",
            "fifo",
            "..data",
            "missing",
            "large",
            "empty",
            "two",
            "",
        ] {
            let problem = login(&references, &format!("file:{path}")).unwrap_err();
            assert!(problem.contains(path) && !problem.contains("geheim"), "{path}: {problem}");
        }
        let unset = References::new(&CamerasConfig::default());
        assert!(login(&unset, &absolute).unwrap_err().contains("cameras.secrets_dir"));
        assert_eq!(login(&operator(), &format!("file:{}", outside.display())).unwrap().password.expose(), "geheim");
    }

    #[test]
    fn a_text_is_the_secret_itself_and_an_empty_one_is_an_error() {
        assert_eq!(login(&References::new(&CamerasConfig::default()), "geheim").unwrap().password.expose(), "geheim");
        assert!(login(&operator(), "").unwrap_err().contains("password is empty"));
        assert!(login(&operator(), "geheim\r\n").unwrap_err().contains("line break"));
    }

    #[test]
    fn a_sealed_secret_of_a_record_is_opened_with_the_key_only() {
        let config =
            |digit: &str| CamerasConfig { secrets_key: Secret::new(digit.repeat(64)), ..CamerasConfig::default() };
        let key = SealingKey::parse(&config("a").secrets_key).unwrap();
        let sealed = key.seal(&Secret::new("geheim")).unwrap();
        assert_eq!(login(&References::new(&config("a")), &sealed).unwrap().password.expose(), "geheim");
        // What was sealed is no reference, whatever it says.
        let reference = key.seal(&Secret::new("env:PATH")).unwrap();
        assert_eq!(login(&References::new(&config("a")), &reference).unwrap().password.expose(), "env:PATH");
        for (references, problem) in [
            (References::new(&config("b")), "was encrypted with the key "),
            (References::new(&CamerasConfig::default()), "is not set"),
        ] {
            let said = login(&references, &sealed).unwrap_err();
            assert!(said.contains(problem) && !said.contains(&sealed), "{said}");
        }
        // The operator writes literal texts.
        assert_eq!(login(&operator(), &sealed).unwrap().password.expose(), sealed);
    }

    #[tokio::test]
    async fn a_rotated_secret_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let references = record(folder.path());
        let credentials = Credentials { username: "viewer".to_owned(), password: "file:door".to_owned() };
        for password in ["old", "new"] {
            std::fs::write(folder.path().join("door"), password).unwrap();
            assert_eq!(references.login(&credentials).await.unwrap().password.expose(), password);
        }
    }
}
