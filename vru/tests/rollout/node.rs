//! What pods run on: the programs of this build as processes, or containers of images.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use vru_runtime::test_util::{Launch, Process, binary, folder};

use crate::container::{Image, Mount, program_of};
use crate::servers::REPLACED;
use crate::web;
use crate::workload::Workload;

/// Settings of a pod: variable and value.
pub type Variables = Vec<(String, String)>;

pub enum Node {
    Programs,
    Images(Images),
}

/// Images that `images/build.sh` unpacked, and what the volumes of pods have that are no ConfigMaps.
pub struct Images {
    pub folder: PathBuf,
    /// The volumes by their name in the pod. Others are not mounted: the test's servers need no secrets from files.
    pub volumes: BTreeMap<String, PathBuf>,
}

/// The program of a pod.
pub struct Program {
    process: Process,
    /// Without `SIG`.
    stop_signal: String,
    in_container: bool,
}

impl Node {
    /// Starts the program with the files and variables of the pod, and what the test's servers replace.
    pub fn start(&self, name: &str, workload: &Workload, address: Ipv4Addr, replaced: Variables) -> Program {
        let home = folder(name);
        let (variables, files) = &workload.inputs;
        let kept = variables.iter().filter(|(key, _)| !REPLACED.iter().any(|prefix| key.starts_with(prefix)));
        match self {
            Self::Programs => {
                for (path, text) in files {
                    fs::write(home.join(file_name(path)), text).unwrap();
                }
                let program = workload.program();
                let is_web = program == web::PROGRAM;
                let mut launch = if is_web {
                    web::launch(&home, address, workload.port("http"))
                } else {
                    Launch::new(binary(&program), home.join("log")).args(&workload.container().args)
                };
                for (key, value) in kept {
                    // The folder of the test stands for the pod's.
                    let is_file = files.iter().any(|(path, _)| path == value);
                    let here = || home.join(file_name(value)).into_os_string();
                    launch = launch.env(key, if is_file { here() } else { value.into() });
                }
                for (key, value) in replaced {
                    launch = launch.env(key, value);
                }
                let stop_signal = if is_web { web::stop_signal() } else { "TERM".to_owned() };
                Program { process: launch.env("NO_COLOR", "1").spawn(), stop_signal, in_container: false }
            }
            Self::Images(images) => {
                let image = Image::open(&images.folder, workload.image());
                let mounts = images.mounts(&home, workload);
                let mut variables: BTreeMap<String, String> =
                    kept.map(|(key, value)| (key.clone(), value.clone())).collect();
                // The manifest says where files are in the pod.
                variables.extend(replaced.into_iter().filter(|(_, value)| !Path::new(value).is_absolute()));
                variables.insert("NO_COLOR".to_owned(), "1".to_owned());
                let args = &workload.container().args;
                let launch = image.container(name, home.join("log"), &mounts, &variables, &[], args);
                Program { process: launch.spawn(), stop_signal: image.stop_signal(), in_container: true }
            }
        }
    }
}

impl Images {
    fn mounts(&self, home: &Path, workload: &Workload) -> Vec<Mount> {
        let mut mounts = Vec::new();
        for mount in &workload.container().volume_mounts {
            let inside = format!("{}/", mount.mount_path);
            let files: Vec<_> = workload.inputs.1.iter().filter(|(path, _)| path.starts_with(&inside)).collect();
            let here = if files.is_empty() {
                let Some(here) = self.volumes.get(&mount.name) else { continue };
                here.clone()
            } else {
                let here = home.join(&mount.name);
                fs::create_dir(&here).unwrap();
                for (path, text) in files {
                    fs::write(here.join(file_name(path)), text).unwrap();
                }
                here
            };
            mounts.push(Mount::of(here, &mount.mount_path, !mount.read_only));
        }
        mounts
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Program {
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The process of the program itself.
    pub fn pid(&self) -> Option<u32> {
        if self.in_container { program_of(self.process.pid()) } else { Some(self.process.pid()) }
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        if self.in_container {
            let Some(pid) = self.pid() else { return };
            let signal = format!("-{}", self.stop_signal);
            drop(std::process::Command::new("/bin/kill").args([&signal, &pid.to_string()]).status());
        } else {
            self.process.signal(&self.stop_signal);
        }
    }
}
