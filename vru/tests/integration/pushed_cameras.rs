//! Cameras that push through a load balancer, which knows nothing of cameras: two pods of ingest, and connections that reach either.

use std::io::copy;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use vru_proto::v1;
use vru_runtime::test_util::{Codec, FfmpegCamera, RedisServer, ServiceProcess, free_port, kafka, wait_for};

use crate::pipeline::{DEADLINE, camera, frames_of, ingest, start};

const ID: &str = "gate";

/// Passes each connection to the pod that the test has chosen.
struct LoadBalancer {
    address: SocketAddr,
    chosen: Arc<AtomicUsize>,
}

impl LoadBalancer {
    fn start(pods: [u16; 2]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, chosen) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let choice = chosen.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let pod = TcpStream::connect((Ipv4Addr::LOCALHOST, pods[choice.load(Ordering::SeqCst)]));
                let (client, pod) = (client.unwrap(), pod.unwrap());
                for (mut from, mut to) in [(client.try_clone().unwrap(), pod.try_clone().unwrap()), (pod, client)] {
                    thread::spawn(move || {
                        copy(&mut from, &mut to).ok();
                        to.shutdown(Shutdown::Both).ok();
                        from.shutdown(Shutdown::Both).ok();
                    });
                }
            }
        });
        Self { address, chosen }
    }

    fn choose(&self, pod: usize) {
        self.chosen.store(pod, Ordering::SeqCst);
    }
}

fn push() -> v1::camera_config::Source {
    let credentials = v1::Credentials { username: "camera".to_owned(), password: "a-login".to_owned() };
    v1::camera_config::Source::Push(v1::PushSource { credentials: Some(credentials), ..Default::default() })
}

fn wait_until_connected(pod: &ServiceProcess, wanted: u64) {
    wait_for(DEADLINE, "the publisher", || match pod.count("ingest_camera_connected", &[("camera", ID)]) {
        connected if connected == wanted => Ok(()),
        connected => Err(format!("{connected}; {}", pod.log_tail())),
    });
}

#[test]
fn a_camera_pushes_to_whichever_pod_it_reaches_and_the_newest_publisher_goes_on() {
    let (bus, redis) = (kafka().bus("pushed", 6), RedisServer::start());
    let ports = [free_port(), free_port()];
    let pods = start(ports.map(|port| ingest(&bus, port).set("redis.url", redis.url())));
    bus.put_camera(&camera(ID, push()));
    let balancer = LoadBalancer::start(ports);
    // The pods know the camera when they open its path.
    for pod in &pods {
        wait_for(DEADLINE, "the camera's configuration", || {
            if pod.log().contains("camera added") { Ok(()) } else { Err(pod.log_tail()) }
        });
    }
    let device = FfmpegCamera::new(Codec::H264, format!("rtsp://camera:a-login@{}/{ID}", balancer.address));
    let sessions = || frames_of(&bus, ID).into_iter().map(|frame| frame.id.unwrap().session).collect::<Vec<u64>>();
    // One of the pods has the camera's partition; it does not matter which.
    let mut earlier = 0;
    for (number, pod) in [0, 1, 0].into_iter().enumerate() {
        balancer.choose(pod);
        let publisher = device.start();
        wait_until_connected(&pods[pod], 1);
        wait_for(DEADLINE, "frames of the new connection", || match sessions().last() {
            Some(session) if *session > earlier => Ok(()),
            other => Err(format!("{other:?}; {}", publisher.log_tail())),
        });
        earlier = *sessions().last().unwrap();
        if number < 2 {
            drop(publisher);
            wait_until_connected(&pods[pod], 0);
            continue;
        }
        // Another device with the same login reaches the other pod.
        balancer.choose(1);
        let newer = device.start();
        wait_until_connected(&pods[1], 1);
        wait_until_connected(&pods[0], 0);
        assert_eq!(pods[0].count("ingest_errors_total", &[("camera", ID), ("kind", "superseded")]), 1);
        wait_for(DEADLINE, "the older publisher to end", || publisher.ended().map_or(Err(String::new()), |_| Ok(())));
        let newest = wait_for(DEADLINE, "frames of the newer publisher", || match sessions().last() {
            Some(session) if *session > earlier => Ok(*session),
            other => Err(format!("{other:?}; {}", newer.log_tail())),
        });
        let wait_for_more = |wanted: usize| {
            let before = sessions().len();
            wait_for(DEADLINE, "more frames", || {
                let count = sessions().len();
                if count > before + wanted { Ok(before) } else { Err(format!("{count}")) }
            })
        };
        // What the older one had queued comes first.
        wait_for_more(5);
        let before = wait_for_more(20);
        assert!(sessions()[before..].iter().all(|session| *session == newest), "only the newest publishes");
    }
    for pod in &pods {
        for reason in ["unknown_path", "wrong_credentials", "in_use"] {
            assert_eq!(
                pod.count("ingest_push_refused_total", &[("reason", reason)]),
                0,
                "{reason}: {}",
                pod.log_tail()
            );
        }
        assert!(pod.stop().success(), "{}", pod.log_tail());
    }
}
