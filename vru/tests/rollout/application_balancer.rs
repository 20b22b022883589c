//! A load balancer of requests, as the one of the API and of the web app: it keeps connections to its targets, and chooses one for each
//! request. Streams and WebSockets last until their target goes.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::UPGRADE;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::targets::{Chosen, Targets};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Answer = Response<UnsyncBoxBody<Bytes, BoxError>>;
type ToTargets = Client<HttpConnector, Incoming>;

/// A request, in the order of the answers.
#[derive(Debug, Clone)]
pub struct Access {
    /// Empty where there was no target.
    pub pod: String,
    pub method: Method,
    pub path: String,
    pub status: u16,
    /// The target had to go before it answered.
    pub cut: bool,
}

#[derive(Clone)]
pub struct ApplicationBalancer {
    pub address: SocketAddr,
    client: ToTargets,
    targets: Arc<Targets>,
    log: Arc<Mutex<Vec<Access>>>,
}

impl ApplicationBalancer {
    pub fn start(runtime: &Runtime, targets: Arc<Targets>) -> Self {
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        // What fails at a target fails at the client.
        let client: ToTargets = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http();
        let balancer = Self { address, client, targets, log: Arc::default() };
        let serving = balancer.clone();
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serving = serving.clone();
                let serve = service_fn(move |request| {
                    let serving = serving.clone();
                    async move { Ok::<_, Infallible>(serving.serve(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), serve).with_upgrades());
            }
        });
        balancer
    }

    /// The requests whose answers have begun.
    pub fn log(&self) -> Vec<Access> {
        self.log.lock().clone()
    }

    async fn serve(&self, request: Request<Incoming>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let chosen = self.targets.choose();
        let pod = chosen.as_ref().map(|chosen| chosen.pod.clone()).unwrap_or_default();
        let (answer, cut) = match chosen {
            Some(chosen) => self.forward(request, chosen).await,
            None => (refusal(StatusCode::SERVICE_UNAVAILABLE), false),
        };
        self.log.lock().push(Access { pod, method, path, status: answer.status().as_u16(), cut });
        answer
    }

    /// The answer, and whether the target had to go before it came.
    async fn forward(&self, mut request: Request<Incoming>, chosen: Chosen) -> (Answer, bool) {
        let what = format!("{} {}", request.method(), request.uri());
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = Uri::try_from(format!("http://{}{path}", chosen.address)).unwrap();
        let upgrade = request.headers().contains_key(UPGRADE).then(|| hyper::upgrade::on(&mut request));
        // A part of an upload may take longer than its target stays: its client goes on at another one.
        let may_be_cut = request.headers().contains_key("upload-offset");
        match chosen.cut.run_until_cancelled(self.client.request(request)).await {
            Some(Ok(mut response)) => {
                if let (Some(upgrade), StatusCode::SWITCHING_PROTOCOLS) = (upgrade, response.status()) {
                    tokio::spawn(carry(upgrade, hyper::upgrade::on(&mut response), chosen.cut));
                    return (response.map(|_| empty()), false);
                }
                let cut = Box::pin(chosen.cut.cancelled_owned());
                (response.map(|body| UntilCut { body, cut }.boxed_unsync()), false)
            }
            Some(Err(error)) => {
                self.targets.fault(format!("{} did not answer {what}: {error:?}", chosen.pod));
                (refusal(StatusCode::BAD_GATEWAY), false)
            }
            // As an ALB answers when the delay of deregistration is over.
            None => {
                if !may_be_cut {
                    let fault = format!("{} did not answer {what} before its connections were ended", chosen.pod);
                    self.targets.fault(fault);
                }
                (refusal(StatusCode::BAD_GATEWAY), may_be_cut)
            }
        }
    }
}

/// A WebSocket.
async fn carry(client: OnUpgrade, target: OnUpgrade, cut: CancellationToken) {
    if let (Ok(client), Ok(target)) = tokio::join!(client, target) {
        let (mut client, mut target) = (TokioIo::new(client), TokioIo::new(target));
        cut.run_until_cancelled(copy_bidirectional(&mut client, &mut target)).await;
    }
}

/// The body of an answer, which fails when the target has to be gone.
struct UntilCut {
    body: Incoming,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Body for UntilCut {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err("the connections of the target were ended".into())));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn empty() -> UnsyncBoxBody<Bytes, BoxError> {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

fn refusal(status: StatusCode) -> Answer {
    let mut response = Response::new(empty());
    *response.status_mut() = status;
    response
}
