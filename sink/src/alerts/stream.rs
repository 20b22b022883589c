//! Sends what a subscription says, and ends the stream when it must end, whether the subscriber reads or not.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, SendStream};

use super::batch::Batch;
use super::subscription::{End, Subscription};
use super::writer::{NotWritten, ResponseWriter};

/// How long a response that is being sent may go on when the stream must end: a status between two responses is understood by every
/// client, and one in the middle of a response by most.
const END_GRACE: Duration = Duration::from_secs(2);

/// Runs until the stream has ended. `stalled_after`: how long a subscriber may take nothing while something waits for it.
pub(crate) async fn run(mut subscription: Subscription, stream: SendStream<Bytes>, stalled_after: Duration) {
    let mut writer = ResponseWriter::new(stream);
    let mut response = subscription.subscribed();
    loop {
        let mut batch = Batch::default();
        batch.push(&response);
        while !batch.is_full()
            && let Some(response) = subscription.waiting()
        {
            batch.push(&response);
        }
        let before = writer.written();
        let sent = send(&mut subscription, &mut writer, batch.pieces(), stalled_after).await;
        if let Some(token) = batch.token_within(writer.written() - before) {
            subscription.confirm(token);
        }
        match sent {
            Sent::Whole => {}
            Sent::ThenEnd(end) => {
                writer.end(&subscription.end(end));
                return;
            }
            Sent::InPart(end) => {
                writer.end(&subscription.end(end));
                drop(subscription);
                let reason = if end == End::TooSlow { Reason::ENHANCE_YOUR_CALM } else { Reason::CANCEL };
                writer.forget(reason).await;
                return;
            }
            Sent::Gone => return,
        }
        let next = tokio::select! {
            next = subscription.next() => next,
            () = writer.gone() => return,
        };
        response = match next {
            Ok(response) => response,
            Err(status) => {
                writer.end(&status);
                return;
            }
        };
    }
}

enum Sent {
    Whole,
    /// As a whole, and the stream must end.
    ThenEnd(End),
    InPart(End),
    Gone,
}

async fn send(
    subscription: &mut Subscription,
    writer: &mut ResponseWriter,
    pieces: [Bytes; 2],
    stalled_after: Duration,
) -> Sent {
    let mut writing = pin!(async {
        for piece in pieces {
            writer.write(piece, stalled_after).await?;
        }
        Ok(())
    });
    let end = tokio::select! {
        biased;
        written = &mut writing => return match written {
            Ok(()) => Sent::Whole,
            Err(NotWritten::Stalled) => Sent::InPart(End::TooSlow),
            Err(NotWritten::Gone) => Sent::Gone,
        },
        end = subscription.overdue() => end,
    };
    match tokio::time::timeout(END_GRACE, writing).await {
        Ok(Ok(())) => Sent::ThenEnd(end),
        Ok(Err(NotWritten::Gone)) => Sent::Gone,
        Ok(Err(NotWritten::Stalled)) | Err(_) => Sent::InPart(end),
    }
}
