//! A load balancer of requests, as the one of the API: it keeps connections to its targets, and chooses one for each request.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::targets::Targets;

type Answer = Response<BoxBody<Bytes, hyper::Error>>;
type ToTargets = Client<HttpConnector, Incoming>;

/// Returns its address.
pub fn start(runtime: &Runtime, targets: Arc<Targets>) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = listener.local_addr().unwrap();
    // What fails at a target fails at the client.
    let client: ToTargets = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (client, targets) = (client.clone(), targets.clone());
            let serve = service_fn(move |request| {
                let (client, targets) = (client.clone(), targets.clone());
                async move { Ok::<_, Infallible>(forward(request, &client, &targets).await) }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), serve));
        }
    });
    address
}

async fn forward(mut request: Request<Incoming>, client: &ToTargets, targets: &Targets) -> Answer {
    let Some(chosen) = targets.choose() else { return refusal(StatusCode::SERVICE_UNAVAILABLE) };
    let what = format!("{} {}", request.method(), request.uri());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(format!("http://{}{path}", chosen.address)).unwrap();
    match chosen.cut.run_until_cancelled(client.request(request)).await {
        Some(Ok(response)) => response.map(BodyExt::boxed),
        Some(Err(error)) => {
            targets.fault(format!("{} did not answer {what}: {error:?}", chosen.pod));
            refusal(StatusCode::BAD_GATEWAY)
        }
        None => {
            targets.fault(format!("{} did not answer {what} before its connections were ended", chosen.pod));
            refusal(StatusCode::GATEWAY_TIMEOUT)
        }
    }
}

fn refusal(status: StatusCode) -> Answer {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}
