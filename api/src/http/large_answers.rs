//! Answers of many megabytes. They are in memory as a whole until the client has taken them, so there are few at once, of everybody and of
//! each caller, and a client may not take its time.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use super::places::{Full, Place, Places};
use super::{Code, Problem};

/// The largest takes about 50 MB.
const AT_ONCE: usize = 6;
const OF_A_CALLER: usize = 2;
/// For all of an answer.
const TAKEN_WITHIN: Duration = Duration::from_mins(5);
const PIECE: usize = 64 * 1024;
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct LargeAnswers(Places);

/// One large answer, until it is dropped.
#[derive(Debug)]
pub(crate) struct LargeAnswer(#[expect(dead_code, reason = "it is free when it is dropped")] Place);

impl Default for LargeAnswers {
    fn default() -> Self {
        Self(Places::new(AT_ONCE, OF_A_CALLER))
    }
}

impl LargeAnswers {
    /// Before it is made.
    pub(crate) fn begin(&self, caller: String) -> Result<LargeAnswer, Problem> {
        let refused = |full| {
            let problem = match full {
                Full::Caller => {
                    let detail =
                        format!("you are being sent {OF_A_CALLER} large answers; take one of them to its end first");
                    Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::TooManyLargeAnswers, detail)
                }
                Full::Everybody => {
                    let detail = "too many large answers are sent at once; try again";
                    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, detail)
                }
            };
            problem.retry_after(TRY_AGAIN)
        };
        self.0.take(caller).map(LargeAnswer).map_err(refused)
    }
}

impl LargeAnswer {
    /// The same answer, in pieces. A client that is too slow sees it end before its announced length.
    pub(crate) async fn send(self, answer: Response) -> Result<Response, Problem> {
        self.send_within(answer, TAKEN_WITHIN).await
    }

    async fn send_within(self, answer: Response, within: Duration) -> Result<Response, Problem> {
        let (mut head, body) = answer.into_parts();
        // It is in memory already.
        let mut body = to_bytes(body, usize::MAX).await.map_err(|_| Problem::internal())?;
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        let (to_client, pieces) = mpsc::channel::<Bytes>(1);
        tokio::spawn(async move {
            let sending = async {
                while !body.is_empty() {
                    let piece = body.split_to(body.len().min(PIECE));
                    if to_client.send(piece).await.is_err() {
                        return;
                    }
                }
            };
            if timeout(within, sending).await.is_err() {
                tracing::debug!("a client was too slow for a large answer");
            }
            drop(self);
        });
        let pieces = ReceiverStream::new(pieces).map(Ok::<_, Infallible>);
        Ok(Response::from_parts(head, Body::from_stream(pieces)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use tower::{ServiceBuilder, ServiceExt, service_fn};
    use tower_http::compression::CompressionLayer;
    use vru_runtime::test_util::eventually;

    use super::*;

    fn refused(answers: &LargeAnswers, caller: &str) -> Option<(u16, &'static str)> {
        answers.begin(caller.to_owned()).err().map(|problem| (problem.status().as_u16(), problem.code()))
    }

    #[test]
    fn large_answers_are_bounded_for_each_caller_and_for_all() {
        let answers = LargeAnswers::default();
        let mut begun: Vec<_> =
            (0..AT_ONCE).map(|at| answers.begin(format!("{}", at / OF_A_CALLER)).unwrap()).collect();
        assert_eq!(refused(&answers, "0"), Some((429, "too_many_large_answers")));
        assert_eq!(refused(&answers, "another"), Some((503, "overloaded")));
        begun.remove(0);
        assert_eq!(refused(&answers, "0"), None);
        assert_eq!(refused(&answers, "another"), None);
        drop(begun);
        assert!(answers.0.taken().1.is_empty());
    }

    #[tokio::test]
    async fn an_answer_takes_its_place_until_it_is_sent_or_its_client_is_too_slow() {
        let answers = LargeAnswers::default();
        let large = || Response::new(Body::from(vec![7; 10 * PIECE + 1]));
        let send = async |within| answers.begin("a".to_owned()).unwrap().send_within(large(), within).await.unwrap();
        let (first, second) = (send(TAKEN_WITHIN).await, send(Duration::from_millis(100)).await);
        assert_eq!(first.headers()[header::CONTENT_LENGTH], "655361");
        assert!(refused(&answers, "a").is_some());
        let body = to_bytes(first.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, vec![7; 10 * PIECE + 1]);
        // Nobody takes the other one.
        eventually(Duration::from_mins(1), "no place is taken", async || {
            let (taken, _) = answers.0.taken();
            if taken == 0 { Ok(()) } else { Err(taken.to_string()) }
        })
        .await;
        let rest = to_bytes(second.into_body(), usize::MAX).await.unwrap();
        assert!(rest.len() <= 2 * PIECE, "{}", rest.len());
    }

    /// A compressor may ask for more after the end: when its own output is full just then.
    #[tokio::test]
    async fn an_answer_of_any_size_is_compressed_to_its_end() {
        let answers = LargeAnswers::default();
        // Bytes without a pattern, so that the compressed answer is as long as the answer.
        let noise: Vec<u8> = (0..16_384_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for length in (64..noise.len()).step_by(61) {
            let body = noise[..length].to_vec();
            let answer = service_fn(|_: Request<Body>| async {
                let large = answers.begin("a".to_owned()).map_err(|problem| problem.code())?;
                large.send(Response::new(Body::from(body.clone()))).await.map_err(|problem| problem.code())
            });
            let compressed = ServiceBuilder::new().layer(CompressionLayer::new()).service(answer);
            let asked = Request::builder().header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
            let answer = compressed.oneshot(asked).await.unwrap();
            assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
            let sent = to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
            assert_eq!(
                sent[sent.len() - 4..],
                u32::try_from(length).unwrap().to_le_bytes(),
                "the length in gzip's end"
            );
        }
    }
}
