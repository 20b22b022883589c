//! One request of HTTP, with bounds for its time and for what is read.

use std::error::Error;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use vru_runtime::report::chain;

use super::client::{Failure, Outbound};
use super::stream::Stream;
use super::target::Target;

/// Of the head of an answer.
const MOST_HEAD: usize = 32 * 1024;

impl Outbound {
    /// The answer, whatever its status. No redirect is followed. Of the body at most so many bytes are read, and `None` reads nothing of it.
    pub(crate) async fn exchange(
        &self,
        url: &str,
        method: Method,
        headers: &HeaderMap,
        body: impl Into<Bytes>,
        most: Option<usize>,
    ) -> Result<Response<Bytes>, Failure> {
        let target = self.checked(url)?;
        if target.is_broker() {
            return Err(Failure::new("target", "the address is that of a broker, which takes no requests of HTTP"));
        }
        let mut request = Request::builder().method(method).uri(target.path());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request
            .header(header::HOST, target.authority())
            .header(header::CONNECTION, "close")
            .body(Full::new(body.into()))
            .map_err(|error| Failure::new("target", format!("no request can be made: {error}")))?;
        self.send(&target, request, most).await
    }

    async fn send(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        most: Option<usize>,
    ) -> Result<Response<Bytes>, Failure> {
        let deadline = Instant::now() + self.timeout;
        let stream = self.open(target, &self.http_tls, deadline).await?;
        let sent = timeout_at(deadline, send(stream, request, most));
        sent.await.map_err(|_| self.late("no complete answer"))?
    }
}

async fn send(stream: Stream, request: Request<Full<Bytes>>, most: Option<usize>) -> Result<Response<Bytes>, Failure> {
    let lost = |error: &(dyn Error + 'static)| Failure::new("answer", format!("no complete answer: {}", chain(error)));
    let handshake = http1::Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| lost(&error))?;
    let connection = tokio::spawn(connection);
    // It ends with this call, whatever the host goes on sending.
    let _end = AbortOnDrop(connection.abort_handle());
    let (head, body) = sender.send_request(request).await.map_err(|error| lost(&error))?.into_parts();
    let body = match most {
        None => Bytes::new(),
        Some(most) => Limited::new(body, most).collect().await.map_err(|error| lost(&*error))?.to_bytes(),
    };
    Ok(Response::from_parts(head, body))
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::future::BoxFuture;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use vru_runtime::networks::Network;

    use super::super::client::Lookup;
    use super::super::target::Reach;
    use super::*;

    /// Counts the connections that it gets, and accepts every request.
    async fn listener() -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut bytes = [0; 4096];
                drop(stream.read(&mut bytes).await);
                drop(stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await);
            }
        });
        (address, connections)
    }

    /// Answers the look-ups one after the other, and the last one for ever.
    fn lookups(answers: Vec<Vec<SocketAddr>>) -> (Arc<Lookup>, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let lookup = move |_, _| -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            let number = counted.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            let answer = answers[number].clone();
            Box::pin(async move { Ok(answer) })
        };
        (Arc::new(lookup), asked)
    }

    fn outbound(allowed: &str, lookup: Arc<Lookup>) -> Outbound {
        let allowed: Vec<Network> = allowed.split_whitespace().map(|network| network.parse().unwrap()).collect();
        let reach = Reach::new(&allowed, "webhooks.allowed_networks");
        Outbound::with_lookup(Path::new(""), reach, Duration::from_secs(5), lookup).unwrap()
    }

    #[tokio::test]
    async fn a_host_is_looked_up_once_and_no_name_leads_to_a_forbidden_address() {
        let (address, connections) = listener().await;
        let public = SocketAddr::from(([192, 0, 2, 1], address.port()));
        let get = async |outbound: &Outbound, url: &str| {
            let answer = outbound.exchange(url, Method::GET, &HeaderMap::new(), "", Some(1024)).await;
            answer.map(|answer| answer.status().as_u16())
        };
        // The name moves between two look-ups, as the names of an attacker do.
        for answers in [vec![vec![address]], vec![vec![public, address]], vec![vec![address, public]]] {
            let (lookup, asked) = lookups(answers);
            let outbound = outbound("192.0.2.0/24", lookup);
            let url = "https://rebinding.example.org/";
            let failure = get(&outbound, url).await.unwrap_err();
            assert_eq!(failure.reason, "forbidden", "{failure:?}");
            assert!(failure.text.contains("127.0.0.1, which is loopback"), "{failure:?}");
            assert_eq!((asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 0));
        }
        // What was checked is what is connected to: a second look-up would lead elsewhere.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let (lookup, asked) = lookups(vec![vec![address], vec![nowhere]]);
        let outbound = outbound("127.0.0.0/8", lookup);
        let url = format!("http://localhost:{}/", address.port());
        assert_eq!(get(&outbound, &url).await, Ok(204));
        assert_eq!((asked.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (1, 1));
    }
}
