//! What may happen.

use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use vru_runtime::test_util::{ServerProcess, ServiceProcess, kafka, postgres, s3};

use super::cameras::Cameras;

/// Something goes wrong, and is put right after a while.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// `kill -9` of a service, by its place in the pipeline.
    ServiceDies(usize),
    /// SIGSTOP and SIGCONT.
    ServiceHangs(usize),
    /// A server is killed.
    ServerDies(usize),
    /// Its connections stay open and nothing answers.
    ServerHangs(usize),
    /// A camera keeps its connection and sends nothing.
    CameraStalls(usize),
    /// A camera goes without a word.
    CameraLeaves(usize),
}

fn server(number: usize) -> &'static ServerProcess {
    // The servers that all tests of a program share are this program's alone: it has one test.
    match number {
        0 => &kafka().server,
        1 => &postgres().server,
        _ => &s3().server,
    }
}

impl Fault {
    /// Any of them, each as likely.
    pub fn any(random: &mut StdRng) -> Self {
        let (kind, service, camera) = (random.random_range(0..6), random.random_range(0..3), random.random_range(0..4));
        match kind {
            0 => Self::ServiceDies(service),
            1 => Self::ServiceHangs(service),
            2 => Self::ServerDies(service),
            3 => Self::ServerHangs(service),
            4 => Self::CameraStalls(camera),
            _ => Self::CameraLeaves(camera),
        }
    }

    /// It happens, lasts, and is over. How long it lasts is what is tested: that is slept, and nothing else.
    pub fn happen(self, lasts: Duration, services: &[ServiceProcess; 3], cameras: &mut Cameras) {
        match self {
            Self::ServiceDies(number) => services[number].kill(),
            Self::ServiceHangs(number) => services[number].pause(),
            Self::ServerDies(number) => server(number).kill(),
            Self::ServerHangs(number) => server(number).pause(),
            Self::CameraStalls(number) => cameras.stall(number, true),
            Self::CameraLeaves(number) => cameras.leave(number),
        }
        std::thread::sleep(lasts);
        match self {
            Self::ServiceDies(number) => services[number].restart(),
            Self::ServiceHangs(number) => services[number].resume(),
            Self::ServerDies(number) => server(number).restart(),
            Self::ServerHangs(number) => {
                server(number).resume();
                server(number).wait_ready();
            }
            Self::CameraStalls(number) => cameras.stall(number, false),
            Self::CameraLeaves(number) => cameras.come_back(number),
        }
    }
}
