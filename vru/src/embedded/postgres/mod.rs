//! A private PostgreSQL server on a loopback port of its own. Its cluster stays in the data folder from run to run; the server
//! runs only as long as this process. The programs are those of Debian's package
//! ([why](../../../../docs/decisions/0018-libraries-considered.md)).

mod cluster;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vru_runtime::child::is_root;
use vru_runtime::secret::Secret;
use vru_storage::postgres::{DatabaseConfig, DatabaseError, SslMode, connect};

use super::child_process::{ChildProcess, Program, ProgramError, User, find_user};

const USER: &str = "vru";
const DATABASE: &str = "vru";
/// The account that Debian's package creates: PostgreSQL refuses to run as root.
const ACCOUNT: &str = "postgres";
const PROGRAMS: &str = "/usr/lib/postgresql";
const START_DEADLINE: Duration = Duration::from_mins(1);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// The server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedPostgresError {
    #[error("PostgreSQL{} is missing below {PROGRAMS}: install the package `postgresql-15`, or run `make setup`", .version.as_ref().map(|v| format!(" {v}")).unwrap_or_default())]
    NotInstalled {
        /// The version that made the cluster in the data folder, if there is one.
        version: Option<String>,
    },
    #[error(
        "PostgreSQL does not run as root, and this machine has no account `{ACCOUNT}`: install the package `postgresql-15`, or run vru as another user"
    )]
    NoAccount,
    #[error("{what} {}", path.display())]
    Folder {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// One of PostgreSQL's programs failed. When this process is root, the account `postgres` needs access to the folder.
    #[error("run PostgreSQL in {}", folder.display())]
    Program {
        folder: PathBuf,
        #[source]
        source: ProgramError,
    },
    #[error("PostgreSQL does not answer on port {port} after {after:?}")]
    Silent {
        port: u16,
        after: Duration,
        /// The error of the last attempt.
        #[source]
        source: DatabaseError,
    },
    #[error("create the database `{DATABASE}`")]
    Create(#[source] tokio_postgres::Error),
}

/// A running server. It is shut down when dropped, and by a signal if this process dies.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    server: ChildProcess,
    programs: PathBuf,
    folder: PathBuf,
    user: Option<User>,
    port: u16,
    password: Secret,
}

impl EmbeddedPostgres {
    /// Starts the server of the cluster in `folder`, which is created if there is none. Blocks for seconds.
    pub fn start(folder: &Path) -> Result<Self, EmbeddedPostgresError> {
        let user = match (is_root(), find_user(ACCOUNT)) {
            (false, _) => None,
            (true, Some(user)) => Some(user),
            (true, None) => return Err(EmbeddedPostgresError::NoAccount),
        };
        cluster::create_folder(folder, user)?;
        let data = folder.join("data");
        let made_by = cluster::version(&data);
        let programs = cluster::programs(made_by.as_deref())?;
        let password = cluster::password(&folder.join("password"), made_by.is_none())?;
        let run = |name: &str| Program::new(programs.join(name), folder.join(format!("{name}.log"))).user(user);
        let fail = |source| EmbeddedPostgresError::Program { folder: folder.to_owned(), source };
        if made_by.is_none() {
            cluster::init(&run("initdb"), folder, &data, &password, user)?;
        } else if run("pg_ctl").args([os("status"), os("-D"), os(&data)]).run(STOP_DEADLINE).is_ok() {
            // The server of a process that was killed a moment ago is still shutting down.
            stop(&run("pg_ctl"), &data).map_err(fail)?;
        }
        let port = free_port().map_err(|source| EmbeddedPostgresError::Folder {
            what: "find a free port for the database in",
            path: folder.to_owned(),
            source,
        })?;
        let settings =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=40", "shared_buffers=64MB"];
        // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for the clients to leave.
        let server = run("postgres")
            .death_signal("INT")
            .args([os("-D"), os(&data), os(format!("--port={port}"))])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .start()
            .map_err(fail)?;
        Ok(Self { server, programs, folder: folder.to_owned(), user, port, password })
    }

    /// Waits until the server answers, and creates the database.
    pub async fn ready(&mut self) -> Result<(), EmbeddedPostgresError> {
        let started = Instant::now();
        let maintenance_database = DatabaseConfig { database: "postgres".to_owned(), ..self.database_config() };
        let client = loop {
            match connect(&maintenance_database, "vru").await {
                Ok(client) => break client,
                Err(source) if started.elapsed() > START_DEADLINE => {
                    return Err(EmbeddedPostgresError::Silent { port: self.port, after: START_DEADLINE, source });
                }
                Err(_) => {}
            }
            if let Some(status) = self.server.ended() {
                let (folder, source) = (self.folder.clone(), self.server.failed(status));
                return Err(EmbeddedPostgresError::Program { folder, source });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let exists = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&DATABASE]).await;
        if exists.map_err(EmbeddedPostgresError::Create)?.is_none() {
            client
                .batch_execute(&format!("CREATE DATABASE {DATABASE}"))
                .await
                .map_err(EmbeddedPostgresError::Create)?;
        }
        Ok(())
    }

    /// How to connect to the database.
    pub fn database_config(&self) -> DatabaseConfig {
        DatabaseConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: USER.to_owned(),
            database: DATABASE.to_owned(),
            password: self.password.clone(),
            ssl_mode: Some(SslMode::Disable),
            ..DatabaseConfig::default()
        }
    }

    /// Fast shutdown: clients are disconnected, committed data is kept. Blocks.
    pub fn stop(mut self) -> Result<(), EmbeddedPostgresError> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), EmbeddedPostgresError> {
        let program = Program::new(self.programs.join("pg_ctl"), self.folder.join("pg_ctl.log")).user(self.user);
        let folder = self.folder.clone();
        let stopped = stop(&program, &folder.join("data")).and_then(|()| self.server.wait(STOP_DEADLINE));
        stopped.map(drop).map_err(|source| EmbeddedPostgresError::Program { folder, source })
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        if self.server.ended().is_none()
            && let Err(error) = self.shut_down()
        {
            tracing::error!(error = %vru_runtime::report::chain(&error), "PostgreSQL did not shut down and is killed");
        }
    }
}

fn stop(pg_ctl: &Program, data: &Path) -> Result<(), ProgramError> {
    let limit = STOP_DEADLINE.as_secs().to_string();
    pg_ctl.clone().args([os("stop"), os("-m"), os("fast"), os("-t"), os(limit), os("-D"), os(data)]).run(STOP_DEADLINE)
}

fn os(text: impl Into<std::ffi::OsString>) -> std::ffi::OsString {
    text.into()
}

/// A port that is free now. If another process takes it first, the server ends with an error that says so.
fn free_port() -> std::io::Result<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn rows_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let home = folder.path().join("postgres");
        let mut postgres = EmbeddedPostgres::start(&home).unwrap();
        postgres.ready().await.unwrap();
        let client = connect(&postgres.database_config(), "test").await.unwrap();
        client.batch_execute("CREATE TABLE kept (v int); INSERT INTO kept VALUES (7)").await.unwrap();
        let mode = fs::metadata(home.join("password")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        postgres.stop().unwrap();
        assert!(client.query_one("SELECT v FROM kept", &[]).await.is_err());

        let mut postgres = EmbeddedPostgres::start(&home).unwrap();
        postgres.ready().await.unwrap();
        let client = connect(&postgres.database_config(), "test").await.unwrap();
        let row = client.query_one("SELECT v FROM kept", &[]).await.unwrap();
        assert_eq!(row.get::<_, i32>(0), 7);
        postgres.stop().unwrap();
    }
}
