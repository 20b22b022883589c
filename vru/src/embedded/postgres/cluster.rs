//! The files of the cluster: folder, password, and the programs that fit its version.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use vru_runtime::secret::Secret;

use super::{EmbeddedPostgresError, PROGRAMS, START_DEADLINE, USER, os};
use crate::embedded::child_process::{Program, User};
use crate::embedded::random_secret;

/// The major version that made the cluster in `data`; none where there is no complete cluster.
pub(super) fn version(data: &Path) -> Option<String> {
    fs::read_to_string(data.join("PG_VERSION")).ok().map(|text| text.trim().to_owned())
}

/// Creates a cluster in `data`.
pub(super) fn init(
    initdb: &Program,
    folder: &Path,
    data: &Path,
    password: &Secret,
    user: Option<User>,
) -> Result<(), EmbeddedPostgresError> {
    // Left over from an interrupted initdb: without PG_VERSION nothing in it can be used.
    if data.exists() {
        fs::remove_dir_all(data).map_err(folder_error("delete the incomplete database in", data))?;
    }
    let file = folder.join("initial-password");
    write_private(&file, password.expose())?;
    chown(&file, user)?;
    let made = initdb
        .clone()
        .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"])
        .args(["--no-instructions", "--pgdata"])
        .args([os(data), os("--pwfile"), os(&file)])
        .run(START_DEADLINE);
    fs::remove_file(&file).map_err(folder_error("remove", &file))?;
    made.map_err(|source| EmbeddedPostgresError::Program { folder: folder.to_owned(), source })
}

/// Creates the folder, readable only by the account that PostgreSQL runs as.
pub(super) fn create_folder(folder: &Path, user: Option<User>) -> Result<(), EmbeddedPostgresError> {
    fs::create_dir_all(folder).map_err(folder_error("create the folder", folder))?;
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(folder, private).map_err(folder_error("set the permissions of", folder))?;
    chown(folder, user)
}

fn chown(path: &Path, user: Option<User>) -> Result<(), EmbeddedPostgresError> {
    let Some(User { uid, gid }) = user else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(folder_error("change the owner of", path))
}

/// The password in the file; for a new cluster a new one, which is written there.
pub(super) fn password(path: &Path, new_cluster: bool) -> Result<Secret, EmbeddedPostgresError> {
    if !new_cluster {
        let password = fs::read_to_string(path).map_err(folder_error("read the password in", path))?;
        return Ok(Secret::new(password));
    }
    let password = random_secret();
    write_private(path, &password)?;
    Ok(Secret::new(password))
}

fn write_private(path: &Path, text: &str) -> Result<(), EmbeddedPostgresError> {
    // `mode` applies only to a new file: an existing one might have other permissions.
    if path.exists() {
        fs::remove_file(path).map_err(folder_error("remove", path))?;
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(folder_error("write", path))
}

fn folder_error(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> EmbeddedPostgresError {
    let path = path.to_owned();
    move |source| EmbeddedPostgresError::Folder { what, path, source }
}

/// The folder of PostgreSQL's programs. Debian has one per version: a cluster needs the version that made it; a new cluster
/// gets the newest.
pub(super) fn programs(version: Option<&str>) -> Result<PathBuf, EmbeddedPostgresError> {
    let installed = fs::read_dir(PROGRAMS).into_iter().flatten().flatten();
    let newest = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(number, programs)| {
            version.is_none_or(|version| version == number.to_string()) && programs.join("initdb").exists()
        })
        .max();
    newest
        .map(|(_, programs)| programs)
        .ok_or_else(|| EmbeddedPostgresError::NotInstalled { version: version.map(str::to_owned) })
}
