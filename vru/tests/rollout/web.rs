//! A pod of the web app: Debian's nginx with the configuration of the image. Folders of the test stand for those of the image.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use vru_runtime::test_util::{Launch, require_asset};

/// The program, as `Workload::program` names it.
pub const PROGRAM: &str = "vru-web";
/// A page, a file, and a place inside the app.
pub const PATHS: [&str; 3] = ["/", "/assets/app.js", "/sites/street/alerts"];

fn images() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../images")
}

/// What a node sends to the containers of the image, without `SIG`. SIGTERM would cut answers off.
pub fn stop_signal() -> String {
    let text = fs::read_to_string(images().join("Dockerfile")).unwrap();
    let signal = text.lines().find_map(|line| line.strip_prefix("STOPSIGNAL SIG"));
    signal.unwrap_or("TERM").to_owned()
}

/// The program for a pod with this address and the port of its manifest. The files of its ConfigMaps are in the folder.
pub fn launch(home: &Path, address: Ipv4Addr, port: u16) -> Launch {
    let files = home.join("files");
    fs::create_dir_all(files.join("assets")).unwrap();
    fs::write(files.join("index.html"), "<script nonce=__CSP_NONCE__ src=/assets/app.js></script>").unwrap();
    fs::write(files.join("assets/app.js"), "let app;").unwrap();
    let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
    let mut configuration = fs::read_to_string(images().join("web/nginx.conf")).unwrap();
    // First /tmp, in which the folder of the test may be.
    for (there, here) in [
        ("/tmp/".to_owned(), text(home) + "/"),
        (format!("listen {port}"), format!("listen {address}:{port}")),
        ("/etc/nginx/mime.types".to_owned(), text(&require_asset("nginx/etc/nginx/mime.types"))),
        ("/etc/nginx/vru/".to_owned(), text(home) + "/"),
        ("/srv/web".to_owned(), text(&files)),
    ] {
        assert!(configuration.contains(&there), "images/web/nginx.conf has no {there}");
        configuration = configuration.replace(&there, &here);
    }
    let path = home.join("nginx.test");
    fs::write(&path, configuration).unwrap();
    // A container has one user, who is not root. Here root would change to another one, who may not read the folder.
    let directives = "daemon off; user root;";
    let arguments = ["-e", "stderr", "-c", &text(&path), "-g", directives];
    Launch::new(require_asset("nginx/usr/sbin/nginx"), home.join("log")).args(arguments)
}
