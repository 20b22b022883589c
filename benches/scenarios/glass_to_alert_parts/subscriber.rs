//! A gRPC subscriber that stores each alert with its time of arrival. Pictures are decoded after the measurement.

use std::sync::Arc;

use parking_lot::Mutex;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;
use vru_proto::v1::{AlertState, SubscribeRequest};
use vru_runtime::clock::now_us;

use super::sightings::Arrival;

/// Alerts with pictures may be larger than gRPC's default limit.
const MAX_MESSAGE: usize = 32 * 1024 * 1024;

/// A subscription, until it is dropped.
#[derive(Debug)]
pub struct TimedSubscriber {
    runtime: Option<tokio::runtime::Runtime>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl TimedSubscriber {
    /// Subscribes to everything, with pictures, and returns after the first response.
    pub fn connect(address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a thread can be started");
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let (url, filling) = (format!("http://{address}"), arrivals.clone());
        let mut stream = runtime.block_on(async {
            let client = AlertsClient::connect(url).await.expect("the server listens");
            // An end may come without a frame, and so without a picture.
            let states = vec![AlertState::Raised.into()];
            let request = SubscribeRequest { include_snapshot: true, states, ..SubscribeRequest::default() };
            let answer = client.max_decoding_message_size(MAX_MESSAGE).subscribe(request).await;
            let mut stream = answer.expect("there is room").into_inner();
            stream.message().await.expect("a stream begins").expect("a first response");
            stream
        });
        runtime.spawn(async move {
            // The stream ends with its server.
            while let Ok(Some(response)) = stream.message().await {
                let at_us = now_us();
                if let Some(Event::Alert(mut alert)) = response.event {
                    let picture = std::mem::take(&mut alert.snapshot);
                    filling.lock().push(Arrival { at_us, picture, alert: Some(alert) });
                }
            }
        });
        Self { runtime: Some(runtime), arrivals }
    }

    /// The alerts so far.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().clone()
    }

    /// Whether an alert of the camera has arrived whose capture time comes from a sender report.
    pub fn has_synchronised(&self, camera: &str) -> bool {
        let alerts = self.arrivals.lock();
        let mut alerts = alerts.iter().rev().filter_map(|arrival| arrival.alert.as_ref());
        let by_report = vru_proto::v1::ClockSource::SenderReport;
        alerts.any(|alert| alert.camera_id == camera && alert.clock_source() == by_report)
    }
}

impl Drop for TimedSubscriber {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
