//! What the push server lets in and what not, with peers that break rules on purpose.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use vru_ingest::metrics;
use vru_ingest::source::push as push_source;
use vru_proto::v1::{Credentials, PushSource, camera_config::Source};
use vru_runtime::shutdown::Shutdown;
use vru_runtime::test_util::{CertificateFiles, Codec, eventually, folder, resident_bytes};

use super::push::{COPY, PublisherProcess, camera, ffmpeg, passthrough, server, servers};
use super::push_client::{RtspClient, path_opens};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions};

const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n";
const TCP: &str = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n";

fn refused(camera: &str, reason: &str) -> u64 {
    metrics::PUSH_REFUSED.with_label_values(&[camera, reason]).get()
}

fn attacker(number: u32) -> IpAddr {
    // Never 127.0.0.1, where the cameras are.
    Ipv4Addr::from_bits(0x7f01_0000 + number).into()
}

/// Waits until a publisher gets in. Each attempt is a new process.
async fn published(rig: &Rig, id: &str, url: &str, frames: usize) {
    let before = frames_of(&rig.publisher, id).len();
    eventually(DEADLINE, &format!("a publisher to {id}"), async || {
        let (success, output) = ffmpeg(Codec::H264, frames as u32, url, COPY, false).ended().await;
        if success { Ok(()) } else { Err(output) }
    })
    .await;
    eventually(DEADLINE, &format!("frames of {id}"), async || match frames_of(&rig.publisher, id).len() - before {
        came if came == frames => Ok(()),
        came => Err(format!("{came} of {frames}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_whose_login_is_not_usable_lets_nobody_publish() {
    let (rig, address, _shutdown) = server(quick()).await;
    let credentials = |username: &str, password: &str| {
        Some(Credentials { username: username.to_owned(), password: password.to_owned() })
    };
    // The validation refuses all of these. A source that is given one anyway must not open.
    let half = [
        ("half-password", credentials("", "env:VRU_CAMERA_NOT_SET"), false),
        ("half-user", credentials("cam", ""), false),
        ("half-unset", credentials("cam", "env:VRU_CAMERA_NOT_SET"), false),
        ("half-nothing", None, false),
        ("half-both", credentials("cam", "geheim"), true),
    ];
    for (id, credentials, allow_anonymous) in half.clone() {
        let source = PushSource { path: String::new(), credentials, allow_anonymous };
        rig.run(id, Source::Push(source), passthrough());
    }
    for (id, ..) in half {
        eventually(DEADLINE, "the error", async || {
            let errors = metrics::ERRORS.with_label_values(&[id, "credentials"]).get();
            if errors > 0 { Ok(()) } else { Err("no error is counted".to_owned()) }
        })
        .await;
        let port = address.port();
        for login in ["", "cam:@", ":geheim@", "cam:geheim@"] {
            let url = format!("rtsp://{login}127.0.0.1:{port}/{id}");
            let (success, output) = ffmpeg(Codec::H264, 5, &url, COPY, false).ended().await;
            assert!(!success && (output.contains("401") || output.contains("503")), "{url}: {output}");
        }
    }
    assert_eq!(rig.publisher.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_peer_sends_extends_the_time_until_it_must_record() {
    let certificate = CertificateFiles::create(&folder("push-deadline"), "server");
    let mut config = quick();
    config.push.setup_timeout = Duration::from_secs(2);
    // It must not be this that closes them.
    config.push.read_timeout = Duration::from_mins(5);
    config.push.tls_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    (config.push.tls_certificate, config.push.tls_key) = (certificate.certificate, certificate.key);
    let (rig, address, addresses, _shutdown) = servers(config).await;
    let task = rig.run("slow-door", camera("", ""), passthrough());
    path_opens(address, "slow-door", "").await;
    let url = format!("rtsp://127.0.0.1:{}/slow-door", address.port());

    let mut announced = RtspClient::connect(address).await;
    let line = "ANNOUNCE rtsp://h/slow-door";
    assert_eq!(announced.request(line, "", SDP).await.status, 200);
    assert_eq!(announced.request("SETUP rtsp://h/slow-door/streamid=0", TCP, "").await.status, 200);
    let clients = [
        (RtspClient::connect(address).await, "", ""),
        (RtspClient::connect(address).await, "", "\r\n"),
        (RtspClient::connect(address).await, "ANNOUNCE rtsp://h/slow-door RTSP/1.0\r\nX: ", "x"),
        (RtspClient::connect(address).await, "", "$\0\0\u{1}x"),
        (announced, "", "GET_PARAMETER rtsp://h/slow-door RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        (RtspClient::connect(addresses[1]).await, "", ""),
        // The head of a TLS record, so that the handshake goes on.
        (RtspClient::connect(addresses[1]).await, "\u{16}\u{3}\u{1}\u{1}\0", "\u{1}"),
    ];
    let before = refused("", "setup_timeout") + refused("slow-door", "setup_timeout");
    let count = clients.len() as u64;
    let mut writers = tokio::task::JoinSet::new();
    for (client, first, again) in clients {
        writers.spawn(async move {
            let (mut reader, mut writer) = client.stream.into_split();
            let mut nowhere = tokio::io::sink();
            let write = async {
                drop(writer.write_all(first.as_bytes()).await);
                loop {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    drop(writer.write_all(again.as_bytes()).await);
                }
            };
            tokio::select! {
                () = write => false,
                // Ends when the server closes the connection.
                _ = tokio::io::copy(&mut reader, &mut nowhere) => true,
            }
        });
    }
    // The idle announcement holds no path.
    published(&rig, "slow-door", &url, 20).await;
    let closed = tokio::time::timeout(DEADLINE, writers.join_all()).await.expect("a connection stays open");
    assert!(closed.into_iter().all(|closed| closed));
    eventually(DEADLINE, "the refusals", async || {
        let now = refused("", "setup_timeout") + refused("slow-door", "setup_timeout") - before;
        if now == count { Ok(()) } else { Err(format!("{now} of {count}")) }
    })
    .await;
    // A publisher that sends is not closed by this deadline.
    let live = ffmpeg(Codec::H264, 700, &url, COPY, true);
    let count = rig.publisher.count();
    rig.publisher.wait(count + 60).await;
    drop(live);
    let frames = rig.finish(task).await;
    assert_eq!(sessions(&frames).len(), 2, "the publisher was disconnected");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_slowed_across_connections_and_lock_out_nobody_else() {
    let (rig, address, _shutdown) = server(quick()).await;
    let task = rig.run("guessed", camera("cam", "geheim"), passthrough());
    path_opens(address, "guessed", "geheim").await;
    let guess = async |from: IpAddr, path: &str| {
        RtspClient::connect_from(from, address).await.announce(path, "falsch", SDP).await.status
    };
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(guess(attacker(1), "guessed").await);
    }
    let checked = statuses.iter().filter(|status| **status == 401).count();
    assert!((4..10).contains(&checked) && statuses.contains(&503), "{statuses:?}");
    // Many addresses at the same path, and one address at many paths.
    for number in 0..300 {
        guess(attacker(100 + number), "guessed").await;
        guess(attacker(2), &format!("path-{number}")).await;
    }
    assert!(refused("guessed", "throttled") > 100, "{}", refused("guessed", "throttled"));
    assert!(refused("", "throttled") > 100, "{}", refused("", "throttled"));
    let url = format!("rtsp://cam:geheim@127.0.0.1:{}/guessed", address.port());
    let (success, output) = ffmpeg(Codec::H264, 20, &url, COPY, false).ended().await;
    assert!(success, "the camera is locked out: {output}");
    rig.publisher.wait(20).await;
    assert_eq!(rig.finish(task).await.len(), 20);
    let text = vru_runtime::metrics::encode();
    assert!(!text.contains("path-1") && !text.contains("falsch"), "a peer's text is in a metric");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_bad_connections_use_bounded_memory_and_disturb_no_publisher() {
    let mut config = quick();
    config.push.max_connections = 64;
    config.push.max_pending_per_address = 8;
    // Only displacement makes room.
    config.push.setup_timeout = Duration::from_mins(5);
    config.push.read_timeout = Duration::from_mins(5);
    let (rig, address, _shutdown) = server(config).await;
    let task = rig.run("flooded", camera("cam", "geheim"), passthrough());
    let second = rig.run("flooded-too", camera("cam", "geheim"), passthrough());
    path_opens(address, "flooded", "geheim").await;
    path_opens(address, "flooded-too", "geheim").await;
    let url = |path: &str| format!("rtsp://cam:geheim@127.0.0.1:{}/{path}", address.port());
    let live = ffmpeg(Codec::H264, 700, &url("flooded"), COPY, true);
    rig.publisher.wait(5).await;

    let body = format!("ANNOUNCE rtsp://h/flooded RTSP/1.0\r\nContent-Length: 60000\r\n\r\n{}", "x".repeat(59_000));
    let openings = ["", "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", "\u{16}\u{3}\u{1}", "GET / HTTP/1.1\r\n", &body];
    let flood = async |held: &mut Vec<RtspClient>, from: u32, count: u32| {
        for number in from..from + count {
            let mut client = RtspClient::connect_from(attacker(number % 200), address).await;
            // The server may have closed it.
            drop(client.stream.write_all(openings[number as usize % openings.len()].as_bytes()).await);
            held.push(client);
            // The newest stay open; there are always more of them than places.
            if held.len() > 500 {
                held.remove(0);
            }
        }
    };
    let mut held = Vec::new();
    for _ in 0..12 {
        held.push(RtspClient::connect_from(attacker(999), address).await);
    }
    flood(&mut held, 0, 1_000).await;
    let before = resident_bytes(std::process::id());
    flood(&mut held, 1_000, 5_000).await;
    let after = resident_bytes(std::process::id());
    let grown = after.saturating_sub(before) >> 20;
    assert!(grown < 64, "the process has grown by {grown} MiB");
    // A camera gets in while all places are held by others.
    published(&rig, "flooded-too", &url("flooded-too"), 20).await;
    let before = frames_of(&rig.publisher, "flooded").len();
    eventually(DEADLINE, "more frames", async || match frames_of(&rig.publisher, "flooded").len() {
        now if now > before + 5 => Ok(()),
        now => Err(format!("{now}")),
    })
    .await;
    assert_eq!(sessions(&frames_of(&rig.publisher, "flooded")).len(), 1, "the publisher was disturbed");
    for reason in ["displaced", "too_many_of_address"] {
        assert!(refused("", reason) > 0, "no connection is counted as {reason}");
    }
    drop((live, held));
    rig.stop.cancel();
    for task in [task, second] {
        tokio::time::timeout(DEADLINE, task).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_plaintext_only_tls_is_served_and_a_new_certificate_is_used() {
    let folder = folder("push-tls-only");
    let served = CertificateFiles::create(&folder, "served");
    let mut config = quick();
    config.push.plaintext = false;
    config.push.tls_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    (config.push.tls_certificate, config.push.tls_key) = (served.certificate.clone(), served.key.clone());
    let rig = Rig::new(config);
    let shutdown = Shutdown::default();
    let bound = push_source::serve(&rig.config.push, rig.push_paths.clone(), &shutdown).await.unwrap();
    let [address] = bound[..] else { panic!("{bound:?}") };
    let task = rig.run("tls-only", camera("cam", "geheim"), passthrough());
    let plain = format!("rtsp://cam:geheim@127.0.0.1:{}/tls-only", address.port());
    let (success, _) = ffmpeg(Codec::H264, 5, &plain, COPY, false).ended().await;
    assert!(!success, "a publisher without TLS got in");
    assert!(refused("", "tls_handshake") > 0);
    let url = plain.replace("rtsp:", "rtsps:");
    published(&rig, "tls-only", &url, 20).await;

    CertificateFiles::create(&folder, "next").replace(&served);
    let wanted = std::fs::read_to_string(&served.certificate).unwrap();
    eventually(DEADLINE, "the new certificate", async || {
        let port = address.port();
        let output = tokio::task::spawn_blocking(move || {
            let connect = format!("127.0.0.1:{port}");
            let stdin = std::process::Stdio::null();
            Command::new("openssl").args(["s_client", "-connect", &connect]).stdin(stdin).output().unwrap()
        })
        .await
        .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        if shown.contains(wanted.trim()) { Ok(()) } else { Err("the old one is served".to_owned()) }
    })
    .await;
    published(&rig, "tls-only", &url, 20).await;
    rig.finish(task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_reach_a_path_with_spaces_a_slash_and_a_query() {
    let (rig, address, _shutdown) = server(quick()).await;
    let Source::Push(source) = camera("cam", "geheim") else { panic!("it pushes") };
    let source = PushSource { path: "yard/door 1".to_owned(), ..source };
    let task = rig.run("encoded", Source::Push(source), passthrough());
    path_opens(address, "yard/door%201", "geheim").await;
    let port = address.port();
    let mut came = 0;
    for path in ["yard/door%201", "yard/door%201/", "yard/door%201?token=1", "%79ard/d%6For%201?a=b/c&d=%2F"] {
        came += 20;
        let url = format!("rtsp://cam:geheim@127.0.0.1:{port}/{path}");
        eventually(DEADLINE, "ffmpeg to publish", async || {
            let (success, output) = ffmpeg(Codec::H264, 20, &url, COPY, false).ended().await;
            if success { Ok(()) } else { Err(format!("{path}: {output}")) }
        })
        .await;
        rig.publisher.wait(came).await;
    }
    let mut command = Command::new("gst-launch-1.0");
    command.args(["-q", "videotestsrc", "num-buffers=60", "is-live=true", "!", "video/x-raw,framerate=20/1", "!"]);
    command.args(["x264enc", "tune=zerolatency", "key-int-max=10", "!", "rtspclientsink", "user-id=cam"]);
    command.args(["user-pw=geheim", "protocols=tcp"]);
    command.arg(format!("location=rtsp://127.0.0.1:{port}/yard/door%201?token=1"));
    let publisher = PublisherProcess::start(command);
    rig.publisher.wait(came + 30).await;
    drop(publisher);
    for path in ["yard%2Fdoor%201", "yard/door%201%00", "yard/door%"] {
        let answer = RtspClient::connect(address).await.announce(path, "geheim", SDP).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
    }
    rig.finish(task).await;
}
