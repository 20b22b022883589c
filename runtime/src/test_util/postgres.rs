//! A PostgreSQL cluster with one database for each test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{IssuedCertificate, Launch, ServerProcess, folder, free_port};
use crate::child::is_root;

const USER: &str = "vru";
const PASSWORD: &str = "of-the-test-database";
/// The account that Debian's package creates. PostgreSQL refuses to run as root.
const ACCOUNT: &str = "postgres";

// Without fsync only a power cut loses data. Tests kill processes, which loses nothing.
const SETTINGS: [&str; 4] =
    ["fsync=off", "unix_socket_directories=", "listen_addresses=127.0.0.1", "max_connections=200"];

#[derive(Debug)]
pub struct PostgresServer {
    pub server: ServerProcess,
    port: u16,
    data: PathBuf,
    next_database: AtomicUsize,
}

/// How a cluster serves TLS.
#[derive(Debug)]
pub struct PostgresTls {
    pub server: IssuedCertificate,
    /// PEM file that client certificates are verified against.
    pub client_ca: PathBuf,
    /// The lines of `pg_hba.conf`.
    pub access: &'static [&'static str],
}

/// The cluster that all tests of this process share.
pub fn postgres() -> &'static PostgresServer {
    static SHARED: OnceLock<PostgresServer> = OnceLock::new();
    SHARED.get_or_init(PostgresServer::start)
}

impl PostgresServer {
    /// Of the account that owns the databases.
    pub const PASSWORD: &'static str = PASSWORD;

    /// Creates a cluster and starts its server.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Creates a cluster whose server has TLS.
    pub fn start_tls(tls: &PostgresTls) -> Self {
        Self::start_with(Some(tls))
    }

    fn start_with(tls: Option<&PostgresTls>) -> Self {
        let home = home("postgres");
        let password = home.join("password");
        fs::write(&password, PASSWORD).expect("the folder is ours");
        let data = home.join("data");
        let port = free_port();
        Launch::new(program("initdb"), home.join("initdb.log"))
            .unprivileged(ACCOUNT)
            .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"])
            .args(["--no-sync", "--no-instructions", "--pgdata"])
            .args([data.as_os_str(), "--pwfile".as_ref(), password.as_os_str()])
            .run();
        let mut settings = SETTINGS.to_vec();
        if let Some(tls) = tls {
            install_tls(tls, &home, &data);
            settings.extend([
                "ssl=on",
                "ssl_cert_file=server.pem",
                "ssl_key_file=server.key",
                "ssl_ca_file=client_ca.pem",
            ]);
        }
        Self::serve(&home, &data, port, &settings)
    }

    /// Starts a server that replays the log of this one as it is written. Its databases have the same names.
    #[must_use]
    pub fn start_replica(&self) -> Self {
        let home = home("postgres-replica");
        let data = home.join("data");
        let primary = format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/postgres", self.port);
        Launch::new(program("pg_basebackup"), home.join("backup.log"))
            .unprivileged(ACCOUNT)
            .args([
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
                "--wal-method=stream",
                "--dbname",
                &primary,
            ])
            .args(["--pgdata".as_ref(), data.as_os_str()])
            .run();
        Self::serve(&home, &data, free_port(), &SETTINGS)
    }

    /// Starts a server on a data folder that is there, such as one that was restored.
    pub fn start_on(data: &Path) -> Self {
        Self::serve(&home("postgres-restored"), data, free_port(), &SETTINGS)
    }

    fn serve(home: &Path, data: &Path, port: u16, settings: &[&str]) -> Self {
        let launch = Launch::new(program("postgres"), home.join("server.log"))
            .unprivileged(ACCOUNT)
            .args([format!("--port={port}")])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .args(["-D".as_ref(), data.as_os_str()]);
        // SIGINT is PostgreSQL's fast shutdown. SIGTERM would wait until all clients have disconnected.
        let server =
            ServerProcess::start("PostgreSQL", launch, "INT", move || psql(port, "postgres", "select 1").map(drop));
        Self { server, port, data: data.to_owned(), next_database: AtomicUsize::new(0) }
    }

    /// The data folder. It is the account's that the server runs as.
    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates an empty database and returns its connection string, `postgres://…`.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.next_database.fetch_add(1, Ordering::Relaxed));
        let made = psql(self.port, "postgres", &format!("create database {name}"));
        made.unwrap_or_else(|error| panic!("cannot create database {name}: {error}"));
        self.url_here(&name)
    }

    /// The same database at this server: of a replica, that of its primary.
    pub fn url_here(&self, database: &str) -> String {
        let name = database.rsplit('/').next().unwrap_or(database);
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL in the database of a connection string. Returns rows of columns as text; null is the empty text.
    pub fn query(&self, database: &str, sql: &str) -> Vec<Vec<String>> {
        self.try_query(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Like [`PostgresServer::query`], but returns the server's error message instead of a panic.
    pub fn try_query(&self, database: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let name = database.rsplit('/').next().unwrap_or(database);
        let text = psql(self.port, name, sql)?;
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }
}

/// A folder in which the unprivileged account creates the data folder.
fn home(name: &str) -> PathBuf {
    let home = folder(name);
    if is_root() {
        fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).expect("the folder is ours");
    }
    home
}

/// Copies the files into the data folder, as the account that runs the server: PostgreSQL refuses a key that others own.
fn install_tls(tls: &PostgresTls, home: &Path, data: &Path) {
    let access = home.join("pg_hba.conf");
    fs::write(&access, tls.access.join("\n") + "\n").expect("the folder is ours");
    let files = [
        (&tls.server.certificate, "server.pem"),
        (&tls.server.key, "server.key"),
        (&tls.client_ca, "client_ca.pem"),
        (&access, "pg_hba.conf"),
    ];
    for (from, to) in files {
        Launch::new("install", home.join("install.log"))
            .unprivileged(ACCOUNT)
            .args(["--mode=600".as_ref(), from.as_os_str(), data.join(to).as_os_str()])
            .run();
    }
}

fn psql(port: u16, database: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(program("psql"))
        .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t"])
        .args(["--set=ON_ERROR_STOP=1", "--host=127.0.0.1", "--username", USER])
        .args([format!("--port={port}"), format!("--dbname={database}"), format!("--command={sql}")])
        .env("PGPASSWORD", PASSWORD)
        .env("PGCONNECT_TIMEOUT", "2")
        .output()
        .map_err(|error| format!("cannot run psql: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Debian installs each version in a folder of its own. Uses the newest.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|entry| entry.path()).filter_map(|path| Some((version(&path)?, path))).max();
    let path = newest.map(|(_, path)| path.join("bin").join(name)).filter(|path| path.exists());
    path.unwrap_or_else(|| panic!("PostgreSQL's {name} is missing below /usr/lib/postgresql: run `make setup`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_separate_and_survive_a_kill() {
        let postgres = PostgresServer::start();
        let (one, two) = (postgres.database(), postgres.database());
        postgres.query(&one, "create table t (v int); insert into t values (7)");
        assert!(postgres.try_query(&two, "select v from t").unwrap_err().contains("does not exist"));
        postgres.server.kill();
        assert!(postgres.try_query(&one, "select v from t").is_err());
        postgres.server.restart();
        assert_eq!(postgres.query(&one, "select v, null from t"), [["7", ""]]);
    }
}
