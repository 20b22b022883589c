//! The faults of the soak.

use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use vru_runtime::test_util::{ServerProcess, ServiceProcess, kafka, postgres, s3};

use super::cameras::SoakCameras;

/// A fault that begins, lasts a while, and ends. The number is the index of the service, server or camera.
#[derive(Debug, Clone, Copy)]
pub enum SoakFault {
    /// SIGKILL.
    ServiceDies(usize),
    /// SIGSTOP and SIGCONT.
    ServiceHangs(usize),
    /// SIGKILL.
    ServerDies(usize),
    /// SIGSTOP and SIGCONT: connections stay open and nothing answers.
    ServerHangs(usize),
    /// The camera keeps its connection and sends nothing.
    CameraStalls(usize),
    /// The camera ends without TEARDOWN.
    CameraLeaves(usize),
}

fn server(number: usize) -> &'static ServerProcess {
    // These servers are shared by all tests of a program; this program has one test.
    match number {
        0 => &kafka().server,
        1 => &postgres().server,
        _ => &s3().server,
    }
}

impl SoakFault {
    /// A random fault; all kinds are equally likely.
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

    /// Begins the fault, sleeps for its duration, and ends it.
    pub fn run(self, lasts: Duration, services: &[ServiceProcess; 3], cameras: &mut SoakCameras) {
        match self {
            Self::ServiceDies(number) => services[number].kill(),
            Self::ServiceHangs(number) => services[number].pause(),
            Self::ServerDies(number) => server(number).kill(),
            Self::ServerHangs(number) => server(number).pause(),
            Self::CameraStalls(number) => cameras.stall(number, true),
            Self::CameraLeaves(number) => cameras.disappear(number),
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
            Self::CameraLeaves(number) => cameras.reappear(number),
        }
    }
}
