//! Backups that are damaged, half there, or too old.

use std::fs;
use std::path::Path;
use std::process::Command;

use vru_runtime::test_util::PostgresServer;

use crate::support::backup::Backups;

/// What is corrupt, half there, or opened with another key is refused with the reason, and leaves nothing.
pub(super) fn damaged_backups_are_refused(backups: &Backups, server: &PostgresServer) {
    let (key, to) = (backups.key(), backups.new_folder("refused"));
    let refused = |backups: &Backups, reason: &str| {
        let said = backups.refusal(&key, &to, &[]);
        assert!(said.contains(reason), "{reason:?} is not in: {said}");
    };
    let said = backups.refusal(&key, server.data(), &[]);
    assert!(said.contains("a server runs on"), "{said}");
    let said = backups.refusal(&backups.another_key(), &to, &[]);
    assert!(said.contains("files.tar.zst.age") && said.contains("no identity matched"), "{said}");

    let (copy, store) = backups.copy("copy");
    copy.backup(&["verify"]);
    let base = fs::read_dir(store.join("base")).unwrap().next().unwrap().unwrap().path();
    let (data, sums) = (base.join("data.tar.zst.age"), base.join("SHA256SUMS"));
    let (intact, intact_sums) = (fs::read(&data).unwrap(), fs::read_to_string(&sums).unwrap());
    let mut flipped = intact.clone();
    flipped[intact.len() / 2] ^= 1;
    fs::write(&data, &flipped).unwrap();
    refused(&copy, "data.tar.zst.age has another SHA-256 than when it was written");
    // Whoever changes it may change the checksums too.
    let resum = |file: &Path| {
        let output = Command::new("sha256sum").arg(file).output().unwrap().stdout;
        let sum = String::from_utf8(output).unwrap()[..64].to_owned();
        let name = file.file_name().unwrap().to_str().unwrap();
        let line = |line: &str| if line.ends_with(name) { format!("{sum}  {name}\n") } else { format!("{line}\n") };
        fs::write(&sums, intact_sums.lines().map(line).collect::<String>()).unwrap();
    };
    resum(&data);
    refused(&copy, "data.tar.zst.age of backup");
    fs::write(&data, &intact[..intact.len() / 2]).unwrap();
    resum(&data);
    refused(&copy, "data.tar.zst.age of backup");
    fs::write(&data, &intact).unwrap();
    fs::remove_file(&sums).unwrap();
    refused(&copy, "has no complete backup");
    fs::write(&sums, &intact_sums).unwrap();

    let mut segments: Vec<_> = fs::read_dir(store.join("wal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.retain(|path| path.to_str().is_some_and(|path| path.ends_with(".zst.age") && !path.contains(".backup.")));
    segments.sort();
    // After the backup, and not the last.
    let middle = &segments[segments.len() - 3];
    let segment = fs::read(middle).unwrap();
    let mut flipped = segment.clone();
    flipped[segment.len() / 2] ^= 1;
    fs::write(middle, &flipped).unwrap();
    refused(&copy, "is damaged: it has another SHA-256 than when it was written");
    fs::write(middle, &segment).unwrap();
    let sum = middle.to_str().unwrap().replace(".zst.age", ".sha256");
    fs::remove_file(&sum).unwrap();
    refused(&copy, "but later ones are there");

    old_backups_are_deleted(&copy, &store, &base);
}

/// Of the backups before the last seven days the newest stays, with its log, so that each moment of them can be restored.
fn old_backups_are_deleted(copy: &Backups, store: &Path, base: &Path) {
    let backup = |name: &str| store.join("base").join(name);
    for name in ["20200101T000000Z", "20200201T000000Z", "20200301T000000Z"] {
        fs::create_dir(backup(name)).unwrap();
        for file in ["about", "SHA256SUMS", "data.tar.zst.age", "files.tar.zst.age"] {
            fs::copy(base.join(file), backup(name).join(file)).unwrap();
        }
    }
    fs::remove_file(backup("20200301T000000Z").join("SHA256SUMS")).unwrap();
    let old = store.join("wal/000000010000000000000000.sha256");
    fs::write(&old, "").unwrap();
    let history = store.join("wal/00000001.history.sha256");
    fs::write(&history, "").unwrap();
    // The server was restored: until then its log is kept, and archived nowhere.
    copy.backup(&["enable"]);
    copy.backup(&["run"]);
    let mut left: Vec<String> = fs::read_dir(store.join("base"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!((left.len(), &*left[0]), (3, "20200201T000000Z"), "{left:?}");
    assert!(!old.exists() && history.exists());
    copy.backup(&["verify"]);
}
