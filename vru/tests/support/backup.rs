//! `scripts/backup` and `scripts/restore`, installed where the account of PostgreSQL can run them, with a key and a place of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use vru_runtime::test_util::{PostgresServer, S3Server, folder};

/// The password of [`PostgresServer`]; the scripts pass the environment on to PostgreSQL's programs.
const PASSWORD: (&str, &str) = ("PGPASSWORD", PostgresServer::PASSWORD);

/// The scripts with their configuration.
pub struct Backups {
    home: PathBuf,
    config: PathBuf,
    server: String,
}

impl Backups {
    /// Backups of the database `name` of this server to a bucket.
    pub fn to_bucket(server: &PostgresServer, name: &str, s3: &S3Server, bucket: &str, archive_seconds: u64) -> Self {
        let home = folder("backup");
        // The server makes files there too.
        fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).expect("the folder is ours");
        run(Command::new("cp").arg("-r").args([&repository().join("scripts"), &home.join("scripts")]));
        run(Command::new("chmod").args(["-R", "a+rX"]).arg(home.join("scripts")));
        run(Command::new("age-keygen").args(["--output".as_ref(), home.join("key").as_os_str()]));
        run(Command::new("age-keygen").args(["--output".as_ref(), home.join("another-key").as_os_str()]));
        let recipients = run(Command::new("age-keygen").args(["-y".as_ref(), home.join("key").as_os_str()]));
        write(&home.join("recipients"), &recipients);
        let remote = format!(
            "[store]\ntype = s3\nprovider = Other\nforce_path_style = true\nendpoint = {}\naccess_key_id = {}\nsecret_access_key = {}\n",
            s3.endpoint(),
            S3Server::ACCESS_KEY,
            S3Server::SECRET_KEY
        );
        write(&home.join("rclone.conf"), &remote);
        let server = format!(
            "HOST=127.0.0.1\nPORT={}\nUSER=vru\nDATABASE={name}\nRECIPIENTS={home}/recipients\nRCLONE_CONFIG={home}/rclone.conf\n\
             ARCHIVE_SECONDS={archive_seconds}\nFILES={home}/recipients\nSCRATCH={home}\n",
            server.port(),
            home = home.display()
        );
        let config = home.join("backup.conf");
        write(&config, &format!("{server}STORE=store:{bucket}/database\n"));
        Self { home, config, server }
    }

    /// The same, with a copy of the stored backups in a folder.
    pub fn copy(&self, name: &str) -> (Self, PathBuf) {
        let (store, config) = (self.home.join(name), self.home.join(format!("{name}.conf")));
        run(self.rclone().args(["copy", &self.place()]).arg(&store));
        run(Command::new("chmod").args(["-R", "a+rwX"]).arg(&store));
        write(&config, &format!("{}STORE={}\nKEEP_DAYS=7\nKEEP_BACKUPS=1\n", self.server, store.display()));
        (Self { home: self.home.clone(), config, server: self.server.clone() }, store)
    }

    fn place(&self) -> String {
        let text = fs::read_to_string(&self.config).expect("it was written");
        text.lines().find_map(|line| line.strip_prefix("STORE=")).expect("it names the place").to_owned()
    }

    fn rclone(&self) -> Command {
        let mut rclone = Command::new("rclone");
        // With it rclone does not start.
        rclone.env("RCLONE_CONFIG", self.home.join("rclone.conf")).env_remove("AWS_CA_BUNDLE");
        rclone
    }

    pub fn key(&self) -> PathBuf {
        self.home.join("key")
    }

    /// A key that opens nothing.
    pub fn another_key(&self) -> PathBuf {
        self.home.join("another-key")
    }

    /// Where a cluster can be restored to.
    pub fn new_folder(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Runs `scripts/backup`, which must succeed. Returns what it says.
    pub fn backup(&self, args: &[&str]) -> String {
        run(&mut self.script("backup", args))
    }

    /// Restores, which must succeed. Returns what it says.
    pub fn restore(&self, to: &Path, args: &[&str]) -> String {
        run(&mut self.restore_command(&self.key(), to, args))
    }

    /// Restores, which must be refused and leave nothing. Returns what it says.
    pub fn refusal(&self, key: &Path, to: &Path, args: &[&str]) -> String {
        let existed = to.exists();
        let output = output(&mut self.restore_command(key, to, args));
        let said = text(&output);
        assert!(!output.status.success(), "it was restored: {said}");
        assert_eq!(to.exists(), existed, "{said}");
        assert!(!to.with_added_extension("restoring").exists(), "{said}");
        said
    }

    fn restore_command(&self, key: &Path, to: &Path, args: &[&str]) -> Command {
        let mut command = self.script("restore", &[]);
        command.arg("--identity").arg(key).arg("--to").arg(to).args(["--timeout", "300"]).args(args);
        command
    }

    fn script(&self, name: &str, args: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "300"]).arg(self.home.join("scripts").join(name));
        command.arg("--config").arg(&self.config).args(args).env(PASSWORD.0, PASSWORD.1);
        command
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate of the workspace")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the folder is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("the file is ours");
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; run `make setup`"))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn run(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, text(&output));
    text(&output)
}
