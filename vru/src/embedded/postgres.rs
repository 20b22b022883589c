//! A private PostgreSQL: a cluster of Debian's programs in a data folder, on a loopback port of its own. It lives on in the
//! folder from run to run; the server runs only as long as this process.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vru_runtime::child::is_root;
use vru_runtime::secret::Secret;
use vru_storage::postgres::{DatabaseConfig, DatabaseError, SslMode, connect};

use super::process::{Program, ProgramError, Running, User, find_user};

const USER: &str = "vru";
const DATABASE: &str = "vru";
/// The account of Debian's package: PostgreSQL refuses to run as root.
const ACCOUNT: &str = "postgres";
const PROGRAMS: &str = "/usr/lib/postgresql";
const START_DEADLINE: Duration = Duration::from_mins(1);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Why the database did not come up.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Debian's package is missing.
    #[error("PostgreSQL{} is missing below {PROGRAMS}: install the package `postgresql-15`, or run `make setup`", .version.as_ref().map(|v| format!(" {v}")).unwrap_or_default())]
    NotInstalled {
        /// The version that the data folder was made by.
        version: Option<String>,
    },
    /// This is root, and there is no other account to run as.
    #[error("PostgreSQL does not run as root, and this machine has no account `{ACCOUNT}`")]
    NoAccount,
    /// The data folder cannot be used.
    #[error("{what} {}", path.display())]
    Folder {
        /// What was tried.
        what: &'static str,
        /// With which path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// One of its programs failed. As root, the account `postgres` must be able to enter the folder.
    #[error("run PostgreSQL in {}", folder.display())]
    Program {
        /// The data folder.
        folder: PathBuf,
        /// What happened.
        #[source]
        source: ProgramError,
    },
    /// It runs but does not answer.
    #[error("PostgreSQL does not answer on port {port} after {after:?}")]
    Silent {
        /// Where.
        port: u16,
        /// How long was waited.
        after: Duration,
        /// The last attempt's failure.
        #[source]
        source: DatabaseError,
    },
    /// The database could not be made.
    #[error("make the database `{DATABASE}`")]
    Create(#[source] tokio_postgres::Error),
}

/// A running server. It is shut down when dropped, and by a signal if this process dies.
#[derive(Debug)]
pub struct Postgres {
    server: Running,
    programs: PathBuf,
    folder: PathBuf,
    user: Option<User>,
    port: u16,
    password: Secret,
}

impl Postgres {
    /// Starts the cluster in `folder`, making it if there is none. Blocks for seconds.
    pub fn start(folder: &Path) -> Result<Self, PostgresError> {
        let user = match (is_root(), find_user(ACCOUNT)) {
            (false, _) => None,
            (true, Some(user)) => Some(user),
            (true, None) => return Err(PostgresError::NoAccount),
        };
        make_folder(folder, user)?;
        let data = folder.join("data");
        let made_by = fs::read_to_string(data.join("PG_VERSION")).ok().map(|text| text.trim().to_owned());
        let programs = programs(made_by.as_deref())?;
        let password = Secret::new(keep_password(&folder.join("password"), made_by.is_none())?);
        let run = |name: &str| Program::new(programs.join(name), folder.join(format!("{name}.log"))).user(user);
        let fail = |source| PostgresError::Program { folder: folder.to_owned(), source };
        if made_by.is_none() {
            init(&run("initdb"), folder, &data, &password, user)?;
        } else if run("pg_ctl").args([os("status"), os("-D"), os(&data)]).run(STOP_DEADLINE).is_ok() {
            // Left over from a process that was killed a moment ago and is still shutting down.
            stop(&run("pg_ctl"), &data).map_err(fail)?;
        }
        let port = free_port().map_err(|source| PostgresError::Folder {
            what: "find a port for",
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

    /// Waits until it answers, and makes the database.
    pub async fn ready(&mut self) -> Result<(), PostgresError> {
        let maintenance_database = DatabaseConfig { database: "postgres".to_owned(), ..self.database_config() };
        let started = Instant::now();
        let client = loop {
            match connect(&maintenance_database, "vru").await {
                Ok(client) => break client,
                Err(source) if started.elapsed() > START_DEADLINE => {
                    return Err(PostgresError::Silent { port: self.port, after: START_DEADLINE, source });
                }
                Err(_) => {}
            }
            if let Some(status) = self.server.ended() {
                let (folder, source) = (self.folder.clone(), self.server.failed(status));
                return Err(PostgresError::Program { folder, source });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let exists = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&DATABASE]).await;
        if exists.map_err(PostgresError::Create)?.is_none() {
            client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await.map_err(PostgresError::Create)?;
        }
        Ok(())
    }

    /// Which database to use, and how to connect to it.
    pub fn database_config(&self) -> DatabaseConfig {
        DatabaseConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: USER.to_owned(),
            database: DATABASE.to_owned(),
            password: self.password.clone(),
            ssl_mode: SslMode::Disable,
            ..DatabaseConfig::default()
        }
    }

    /// Fast shutdown: clients are cut, everything committed is kept. Blocks.
    pub fn stop(mut self) -> Result<(), PostgresError> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), PostgresError> {
        let program = Program::new(self.programs.join("pg_ctl"), self.folder.join("pg_ctl.log")).user(self.user);
        let folder = self.folder.clone();
        let stopped = stop(&program, &folder.join("data")).and_then(|()| self.server.wait(STOP_DEADLINE));
        stopped.map(drop).map_err(|source| PostgresError::Program { folder, source })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.server.ended().is_none()
            && let Err(error) = self.shut_down()
        {
            tracing::error!(error = %vru_runtime::report::chain(&error), "PostgreSQL is killed");
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

fn init(
    initdb: &Program,
    folder: &Path,
    data: &Path,
    password: &Secret,
    user: Option<User>,
) -> Result<(), PostgresError> {
    // A cluster that is half made is none: without PG_VERSION nothing in it can be used.
    if data.exists() {
        fs::remove_dir_all(data).map_err(folder_error("empty", data))?;
    }
    let file = folder.join("initial-password");
    write_private(&file, password.expose())?;
    give(&file, user)?;
    let made = initdb
        .clone()
        .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"])
        .args(["--no-instructions", "--pgdata"])
        .args([os(data), os("--pwfile"), os(&file)])
        .run(START_DEADLINE);
    fs::remove_file(&file).map_err(folder_error("remove", &file))?;
    made.map_err(|source| PostgresError::Program { folder: folder.to_owned(), source })
}

fn make_folder(folder: &Path, user: Option<User>) -> Result<(), PostgresError> {
    fs::create_dir_all(folder).map_err(folder_error("make the folder", folder))?;
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(folder, private).map_err(folder_error("close the folder", folder))?;
    give(folder, user)
}

fn give(path: &Path, user: Option<User>) -> Result<(), PostgresError> {
    let Some(User { uid, gid }) = user else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(folder_error("give away", path))
}

/// The password of an existing cluster, or a new one.
fn keep_password(path: &Path, anew: bool) -> Result<String, PostgresError> {
    if !anew {
        return fs::read_to_string(path).map_err(folder_error("read the password in", path));
    }
    let password = super::random_secret();
    write_private(path, &password)?;
    Ok(password)
}

fn write_private(path: &Path, text: &str) -> Result<(), PostgresError> {
    // `mode` counts only when the file is made, so one with other rights must not stay.
    if path.exists() {
        fs::remove_file(path).map_err(folder_error("remove", path))?;
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(folder_error("write", path))
}

fn folder_error(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> PostgresError {
    let path = path.to_owned();
    move |source| PostgresError::Folder { what, path, source }
}

/// Debian keeps the programs of each version apart. A cluster needs those of the version that made it; a new one gets the
/// newest.
fn programs(version: Option<&str>) -> Result<PathBuf, PostgresError> {
    let installed = fs::read_dir(PROGRAMS).into_iter().flatten().flatten();
    let newest = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(number, programs)| {
            version.is_none_or(|version| version == number.to_string()) && programs.join("initdb").exists()
        })
        .max();
    newest
        .map(|(_, programs)| programs)
        .ok_or_else(|| PostgresError::NotInstalled { version: version.map(str::to_owned) })
}

/// A port that is free now. Another process may take it before we do; then the server says so and ends.
fn free_port() -> std::io::Result<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_cluster_keeps_its_rows_from_run_to_run() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let home = folder.path().join("postgres");
        let mut postgres = Postgres::start(&home).unwrap();
        postgres.ready().await.unwrap();
        let client = connect(&postgres.database_config(), "test").await.unwrap();
        client.batch_execute("CREATE TABLE kept (v int); INSERT INTO kept VALUES (7)").await.unwrap();
        let mode = fs::metadata(home.join("password")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        postgres.stop().unwrap();
        assert!(client.query_one("SELECT v FROM kept", &[]).await.is_err());

        let mut postgres = Postgres::start(&home).unwrap();
        postgres.ready().await.unwrap();
        let client = connect(&postgres.database_config(), "test").await.unwrap();
        let row = client.query_one("SELECT v FROM kept", &[]).await.unwrap();
        assert_eq!(row.get::<_, i32>(0), 7);
        postgres.stop().unwrap();
    }
}
