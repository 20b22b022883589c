//! One gRPC subscriber, that stamps what comes and keeps it: pictures are looked at when nothing is measured any more.

use std::sync::Arc;

use parking_lot::Mutex;
use vru_proto::v1::SubscribeRequest;
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;
use vru_runtime::clock::now_us;

use super::sightings::Arrival;

/// Alerts with pictures are larger than gRPC's usual limit may be.
const MAX_MESSAGE: usize = 32 * 1024 * 1024;

/// Subscribed until it is dropped.
#[derive(Debug)]
pub struct Subscriber {
    runtime: Option<tokio::runtime::Runtime>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Subscriber {
    /// Subscribes to everything, with pictures, and returns after the first response.
    pub fn connect(address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a thread can be started");
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let (url, filling) = (format!("http://{address}"), arrivals.clone());
        let mut stream = runtime.block_on(async {
            let client = AlertsClient::connect(url).await.expect("the server listens");
            let request = SubscribeRequest { include_snapshot: true, ..SubscribeRequest::default() };
            let answer = client.max_decoding_message_size(MAX_MESSAGE).subscribe(request).await;
            let mut stream = answer.expect("there is room").into_inner();
            stream.message().await.expect("a stream begins").expect("a first response");
            stream
        });
        runtime.spawn(async move {
            // It ends with its server; alerts that then miss are missed in the sightings.
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

    /// What came so far.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().clone()
    }

    /// Whether an alert of the camera has come whose capture time is the camera's own.
    pub fn has_synchronised(&self, camera: &str) -> bool {
        let alerts = self.arrivals.lock();
        let mut alerts = alerts.iter().rev().filter_map(|arrival| arrival.alert.as_ref());
        let by_report = vru_proto::v1::ClockSource::SenderReport;
        alerts.any(|alert| alert.camera_id == camera && alert.clock_source() == by_report)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
