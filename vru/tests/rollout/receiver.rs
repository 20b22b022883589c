//! The target of a webhook: it accepts everything, and notes which alerts it was told of.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The bodies, in the order of their arrival.
pub type Received = Arc<Mutex<Vec<Value>>>;

pub fn start(runtime: &Runtime) -> (SocketAddr, Received) {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let (address, received) = (listener.local_addr().unwrap(), Received::default());
    let noting = received.clone();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let noting = noting.clone();
            let note = service_fn(move |request: Request<Incoming>| {
                let noting = noting.clone();
                async move {
                    if let Ok(body) = request.into_body().collect().await {
                        noting.lock().push(serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null));
                    }
                    Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), note));
        }
    });
    (address, received)
}
