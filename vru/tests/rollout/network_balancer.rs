//! A load balancer of connections, as the one of cameras and of subscribers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::targets::Targets;

/// Returns its address.
pub fn start(runtime: &Runtime, targets: Arc<Targets>) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(carry(client, targets.clone()));
        }
    });
    address
}

async fn carry(mut client: TcpStream, targets: Arc<Targets>) {
    let Some(chosen) = targets.choose() else { return };
    let mut server = match TcpStream::connect(chosen.address).await {
        Ok(server) => server,
        Err(error) => return targets.fault(format!("{} refused a connection: {error}", chosen.pod)),
    };
    // How it ends is a matter of the two.
    chosen.cut.run_until_cancelled(copy_bidirectional(&mut client, &mut server)).await;
}
