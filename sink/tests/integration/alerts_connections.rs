//! How many connections the gRPC server accepts.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tonic::transport::Channel;
use vru_runtime::test_util::{eventually, kafka};

use crate::alerts::{DEADLINE, ids, publish, request, start};
use crate::subscriber::{Subscriber, client, connect};

#[test]
fn connections_beyond_the_bound_are_closed_at_once_and_one_that_ends_makes_room() {
    const SUBSCRIBERS: usize = 2;
    /// The server has so many more connections than subscribers.
    const MORE: usize = 100;
    let bus = kafka().bus("grpc-connections", 1);
    let (service, address) = start(&bus, &[("alerts.max_subscribers", &SUBSCRIBERS.to_string())]);
    Runtime::new().unwrap().block_on(async {
        let mut clients = Vec::new();
        for _ in 0..SUBSCRIBERS + MORE {
            clients.push(connect(&address).await);
        }
        let mut refused = TcpStream::connect(&address).await.unwrap();
        let read = tokio::time::timeout(DEADLINE, refused.read(&mut [0])).await.expect("the connection is closed");
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
        assert_eq!(service.metrics().count("sink_refused_connections_total", &[("reason", "too many")]), 1);
        // Those that are connected are served.
        let mut subscriber = Subscriber::new(&clients[0], request("")).await.unwrap();
        publish(&bus, "cam", 0..1);
        assert_eq!(subscriber.take(1).await, ids("cam", 0..1));
        drop(clients.pop());
        eventually(DEADLINE, "a place for another connection", async || {
            let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
            let client = client(endpoint).await.map_err(|error| error.to_string())?;
            Subscriber::new(&client, request("")).await.map(drop).map_err(|status| status.to_string())
        })
        .await;
    });
}
