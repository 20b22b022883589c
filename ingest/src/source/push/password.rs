//! What a publisher must know, kept up to date while a camera's path is open.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use vru_proto::v1::Credentials;
use vru_runtime::cameras::{Login, LoginError, References};
use vru_runtime::report::chain;

use crate::error::SourceError;

/// How often a file with a password is read.
const READ_EVERY: Duration = Duration::from_secs(2);
/// How long a read may take before the password counts as unreadable. A network file system can hang for ever.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Who may publish to a path.
#[derive(Debug, Clone)]
pub(super) enum Access {
    /// Anyone, because the camera has `allow_anonymous`.
    Anonymous,
    /// Whoever knows this login. The requests of peers never cause a read of its file.
    Login(SharedLogin),
}

/// A login whose password may change. It is `None` while its file cannot be read: then nobody can log in.
pub(super) type SharedLogin = Arc<RwLock<Option<Login>>>;

/// A login that is read again and again while this exists.
#[derive(Debug)]
pub(super) struct FollowedLogin {
    pub(super) login: SharedLogin,
    _follower: Option<AbortOnDropHandle<()>>,
}

impl FollowedLogin {
    /// Reads the login, and follows its files. `changed` is called after each change.
    pub(super) async fn start(
        references: References,
        given: Credentials,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, SourceError> {
        let follows = [&given.username, &given.password].iter().any(|text| text.starts_with("file:"));
        let mut reader = Reader { references, given, reading: None };
        let login = Arc::new(RwLock::new(Some(reader.read().await?)));
        let follower = follows.then(|| AbortOnDropHandle::new(tokio::spawn(follow(reader, login.clone(), changed))));
        Ok(Self { login, _follower: follower })
    }
}

async fn follow(mut reader: Reader, shared: SharedLogin, changed: impl Fn()) {
    loop {
        tokio::time::sleep(READ_EVERY).await;
        let read = reader.read().await;
        let same = *shared.read() == read.as_ref().ok().cloned();
        if same {
            continue;
        }
        match &read {
            Ok(_) => tracing::info!("the camera's login has changed, the next publisher needs the new one"),
            Err(error) => {
                let error = chain(error);
                tracing::error!(%error, "cannot read the camera's password, publishers to it are refused");
            }
        }
        *shared.write() = read.ok();
        changed();
    }
}

/// Reads a login again and again. A read that hangs is waited for by the next call, so a reader blocks one thread at most.
struct Reader {
    references: References,
    given: Credentials,
    reading: Option<JoinHandle<Result<Login, LoginError>>>,
}

impl Reader {
    async fn read(&mut self) -> Result<Login, LoginError> {
        let reading = self.reading.get_or_insert_with(|| {
            let (references, given) = (self.references.clone(), self.given.clone());
            tokio::task::spawn_blocking(move || references.login_blocking(&given))
        });
        let Ok(read) = tokio::time::timeout(READ_TIMEOUT, reading).await else { return Err(LoginError::TimedOut) };
        self.reading = None;
        // A read does not panic, and is cancelled only when the runtime ends.
        read.unwrap_or(Err(LoginError::TimedOut))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use vru_runtime::cameras::CamerasConfig;
    use vru_runtime::test_util::eventually;

    use super::*;

    #[tokio::test]
    async fn a_password_is_followed_in_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let config = CamerasConfig { secrets_dir: folder.path().to_owned(), ..CamerasConfig::default() };
        let given = Credentials { username: "cam".to_owned(), password: "file:password".to_owned() };
        let changes = Arc::new(AtomicU32::new(0));
        let start = async || {
            let counter = changes.clone();
            let count = move || {
                counter.fetch_add(1, Ordering::Relaxed);
            };
            FollowedLogin::start(References::new(&config), given.clone(), count).await
        };
        assert!(start().await.is_err(), "there is no file yet");
        std::fs::write(&file, "old\n").unwrap();
        let followed = start().await.unwrap();
        let password = || followed.login.read().as_ref().map(|login| login.password.expose().to_owned());
        assert_eq!(password().as_deref(), Some("old"));
        // `None` removes the file.
        for (what, content, expected) in [
            ("a new password", Some("new"), Some("new")),
            ("an empty file", Some("\n"), None),
            ("a password of the same length", Some("neo"), Some("neo")),
            ("no file", None, None),
        ] {
            match content {
                Some(text) => std::fs::write(&file, text).unwrap(),
                None => std::fs::remove_file(&file).unwrap(),
            }
            eventually(Duration::from_mins(1), what, async || match password() {
                now if now.as_deref() == expected => Ok(()),
                now => Err(format!("{now:?}")),
            })
            .await;
        }
        assert!(changes.load(Ordering::Relaxed) >= 4);
    }
}
