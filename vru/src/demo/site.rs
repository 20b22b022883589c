//! The site of the demo: its cameras are in the database, as if somebody had added them by the API, so that people can change their zones
//! and lines. What they changed stays when the demo starts again; only addresses and logins are new each time.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use vru_runtime::cameras::{CameraSettings, SealingKey};
use vru_runtime::secret::Secret;
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::cameras::{self, SealedCredentials};
use vru_storage::postgres::{DatabaseConfig, Pool};
use vru_storage::sites::{self, SiteSettings, Units};

const DEADLINE: Duration = Duration::from_secs(10);

/// A camera that the site must have.
pub(super) struct WantedCamera {
    pub(super) id: String,
    pub(super) settings: Value,
    pub(super) username: String,
    pub(super) password: Secret,
}

/// Adds the site and the cameras that are missing, and gives the others their new address.
pub(super) async fn put(database: &DatabaseConfig, key: &Secret, wanted: &[WantedCamera]) -> anyhow::Result<()> {
    let key = SealingKey::parse(key).map_err(anyhow::Error::msg)?;
    let pool = Pool::new(database, "vru demo", 1, DEADLINE)?;
    let mut client = pool.get().await?;
    let transaction = client.transaction().await.context("put the cameras of the demo")?;
    let actor = Actor { user_id: String::new(), key_id: String::new(), request_id: "demo".to_owned(), claim: None };
    let mut site_id = None;
    for camera in wanted {
        if let Some((found, _)) = cameras::newest(&transaction, &camera.id).await? {
            site_id = Some(found.site_id);
        }
    }
    let site_id = if let Some(site_id) = site_id {
        site_id
    } else {
        let name = "Demo street".to_owned();
        let settings = SiteSettings { name, time_zone: "UTC".to_owned(), location: None, units: Units::Metric };
        sites::create(&transaction, &settings).await?.id
    };
    for WantedCamera { id, settings, username, password } in wanted {
        let before = cameras::newest(&transaction, id).await?.map(|(camera, _)| camera.settings);
        let settings = with_source(before.as_ref(), settings);
        // What is stored is what the API would have stored.
        let checked: CameraSettings = serde_json::from_value(settings).context("read the settings of a camera")?;
        let stored = serde_json::to_value(&checked).context("write the settings of a camera")?;
        if before.is_some() {
            cameras::change(&transaction, &actor, id, &stored, false).await?;
        } else {
            cameras::create(&transaction, &actor, &site_id, id, &stored).await?;
        }
        let seal = |text: &Secret| key.seal(text).context("encrypt the login of a camera");
        let credentials =
            SealedCredentials { username: seal(&Secret::new(username.as_str()))?, password: seal(password)? };
        cameras::set_credentials(&transaction, id, Some(&credentials)).await?;
        let entry = Entry { action: "camera.demo", site_id: &site_id, object: id, details: json!({}) };
        audit::record(&transaction, &actor, entry).await?;
    }
    transaction.commit().await.context("put the cameras of the demo")?;
    Ok(())
}

/// The settings as they were before, at the new address.
fn with_source(before: Option<&Value>, wanted: &Value) -> Value {
    let Some(before) = before else { return wanted.clone() };
    let mut settings = before.clone();
    for source in ["pull", "push"] {
        settings[source] = wanted[source].clone();
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_that_somebody_drew_stay_and_the_address_is_new() {
        let before = json!({ "name": "Mine", "zones": [1], "pull": { "url": "rtsp://127.0.0.1:1/a" } });
        let wanted = json!({ "name": "Theirs", "zones": [], "pull": { "url": "rtsp://127.0.0.1:2/a" } });
        let settings = with_source(Some(&before), &wanted);
        assert_eq!((&settings["name"], &settings["zones"]), (&json!("Mine"), &json!([1])));
        assert_eq!(settings["pull"]["url"], "rtsp://127.0.0.1:2/a");
        assert_eq!(with_source(None, &wanted), wanted);
    }
}
