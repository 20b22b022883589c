//! Lists in pages: the answer to one page has the cursor of the next.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;

const DEFAULT: u16 = 50;
const MOST: u16 = 200;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Pass it as `cursor` to get the next page. Absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub(crate) fn map<U>(self, to: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(to).collect(), next_cursor: self.next_cursor }
    }
}

fn foreign_cursor() -> Problem {
    Problem::parameter("cursor", "is not a cursor of this list")
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    /// How many items the page has at most: 1 to 200, default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which page is asked for.
#[derive(Debug)]
pub(crate) struct PageQuery {
    limit: usize,
    /// The key of the last item of the page before; empty for the first page.
    pub(crate) after: String,
}

impl IntoParams for PageQuery {
    fn into_params(
        parameter_in_provider: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        Parameters::into_params(parameter_in_provider)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(Parameters { limit, cursor }) = Query::try_from_uri(&parts.uri)
            .map_err(|error| Problem::parameter("", format!("the query cannot be read: {}", error.body_text())))?;
        let limit = limit.unwrap_or(DEFAULT);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::parameter("limit", format!("is not between 1 and {MOST}")));
        }
        let after = match cursor {
            None => String::new(),
            Some(cursor) => URL_SAFE_NO_PAD
                .decode(cursor)
                .ok()
                .and_then(|key| String::from_utf8(key).ok())
                // PostgreSQL refuses texts with it.
                .filter(|key| !key.contains('\0'))
                .ok_or_else(foreign_cursor)?,
        };
        Ok(Self { limit: usize::from(limit), after })
    }
}

impl PageQuery {
    /// The key, in a list in the order of a number.
    pub(crate) fn after_number(&self) -> Result<i64, Problem> {
        self.after.parse().map_err(|_| foreign_cursor())
    }

    /// How many items to read: one more than asked for tells whether there is another page.
    pub(crate) fn read(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// The page of the items that were read. `key` names an item's place in the order of the list.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_cursor = items.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Page { items, next_cursor }
    }
}
