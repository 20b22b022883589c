//! The site of each camera.

use std::collections::HashMap;

use vru_storage::cameras;
use vru_storage::postgres::{DatabaseError, Pool};

/// Cameras of sites that were asked for, and others that sent something. `None`: no site.
#[derive(Debug)]
pub(super) struct SiteOf<'a> {
    database: &'a Pool,
    known: HashMap<String, Option<String>>,
}

impl<'a> SiteOf<'a> {
    pub(super) fn new(database: &'a Pool) -> Self {
        Self { database, known: HashMap::new() }
    }

    /// Forgets all, and asks which cameras these sites have.
    pub(super) async fn read(&mut self, sites: &[String]) -> Result<(), DatabaseError> {
        let found = cameras::of_sites(&self.database.get().await?, sites).await?;
        self.known = found.into_iter().map(|(camera, site)| (camera, Some(site))).collect();
        Ok(())
    }

    /// Of one camera. One that is not known is asked for once.
    pub(super) async fn of(&mut self, camera: &str) -> Result<Option<String>, DatabaseError> {
        if let Some(known) = self.known.get(camera) {
            return Ok(known.clone());
        }
        let site = cameras::sites_of(&self.database.get().await?, &[camera]).await?.pop().map(|found| found.site_id);
        self.known.insert(camera.to_owned(), site.clone());
        Ok(site)
    }

    pub(super) fn known(&self, camera: &str) -> Option<&str> {
        self.known.get(camera)?.as_deref()
    }

    /// In the order of ids.
    pub(super) fn cameras_of_sites(&self) -> Vec<String> {
        let with_site = self.known.iter().filter(|(_, site)| site.is_some());
        let mut cameras: Vec<String> = with_site.map(|(camera, _)| camera.clone()).collect();
        cameras.sort_unstable();
        cameras
    }
}
