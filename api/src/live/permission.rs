//! Whether an open feed is still allowed. It is asked when the feed begins and again from time to time: a session that ended, a key that was
//! revoked or a membership that was taken away ends what it opened.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, header};
use vru_live::wishes::Wish;
use vru_proto::CameraId;
use vru_storage::cameras::{self, CameraSite};

use super::metrics::Ended;
use crate::auth::{Caller, identify};
use crate::http::Problem;
use crate::state::ApiState;
use vru_auth::policy::Action;

/// How long a feed stays open while nobody can say whether it may.
const UNVERIFIED_FOR: Duration = Duration::from_secs(30);

/// What a feed was opened with.
#[derive(Debug)]
pub(crate) struct Credentials {
    headers: HeaderMap,
    request_id: String,
    verified: Instant,
}

impl Credentials {
    /// Of the request that opens it, which was let in.
    pub(crate) fn new(headers: &HeaderMap, request_id: String) -> Self {
        let of_caller = [header::AUTHORIZATION, header::COOKIE];
        let mut kept = HeaderMap::new();
        for name in of_caller {
            for value in headers.get_all(&name) {
                kept.append(name.clone(), value.clone());
            }
        }
        Self { headers: kept, request_id, verified: Instant::now() }
    }

    /// Who it is now, if they may still have the feed. `None`: this cannot be found out at the moment, and what was allowed stays for a while.
    pub(super) async fn check(
        &mut self,
        state: &ApiState,
        allowed: impl Fn(&Caller) -> Result<(), Problem>,
    ) -> Result<Option<Caller>, (Ended, Problem)> {
        let asked = async {
            let caller = identify(&self.headers, state).await.into_caller(&self.request_id)?;
            allowed(&caller).map(|()| caller)
        };
        match asked.await {
            Ok(caller) => {
                self.verified = Instant::now();
                Ok(Some(caller))
            }
            Err(problem)
                if !problem.status().is_server_error() && problem.status() != StatusCode::TOO_MANY_REQUESTS =>
            {
                Err((Ended::Revoked, problem))
            }
            Err(_) if self.verified.elapsed() < UNVERIFIED_FOR => Ok(None),
            Err(problem) => Err((Ended::Unverified, problem)),
        }
    }
}

/// Which of the cameras they may watch, and whether its pictures are blurred, as far as the database knows. Of others they do not learn whether
/// they exist.
pub(super) async fn watchable(
    state: &ApiState,
    caller: &Caller,
    wishes: &[Wish],
) -> Result<HashMap<CameraId, Option<bool>>, Problem> {
    if wishes.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<&str> = wishes.iter().map(|wish| wish.camera_id.as_str()).collect();
    let found = cameras::sites_of(&state.database.get().await?, &ids).await?;
    let sites: HashMap<&str, &CameraSite> = found.iter().map(|camera| (camera.id.as_str(), camera)).collect();
    let sees_all = caller.may(Action::SeeAllLive).is_ok();
    let mut allowed = HashMap::new();
    for wish in wishes {
        let id = wish.camera_id.as_str();
        let (may, blurred) = match sites.get(id) {
            Some(camera) => (caller.may_at(Action::SeeLive, &camera.site_id).is_ok(), Some(camera.blurred)),
            None => (sees_all && exists_without_site(state, id).await, None),
        };
        if may {
            allowed.insert(wish.camera_id.clone(), blurred);
        }
    }
    Ok(allowed)
}

/// A camera that another program configures: it is known by what it shows.
async fn exists_without_site(state: &ApiState, camera: &str) -> bool {
    if state.config.cameras.in_file {
        return true;
    }
    let Some(live) = &state.live else { return false };
    matches!(live.read(&[camera.to_owned()]).await.as_deref(), Ok([Some(_)]))
}
