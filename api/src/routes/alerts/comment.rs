//! A comment on an alert as requests and answers have it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_storage::reviews;

use super::review::WrittenBy;
use crate::http::Problem;
use crate::routes::text::{check_lines, time};

const LONGEST: usize = 2000;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Comment {
    id: String,
    #[schema(format = DateTime)]
    at: String,
    #[serde(flatten)]
    author: WrittenBy,
    #[serde(rename = "comment")]
    text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    #[schema(min_length = 1, max_length = 2000)]
    comment: String,
}

impl NewComment {
    pub(super) fn checked(&self) -> Result<&str, Problem> {
        check_lines("comment", &self.comment, LONGEST)?;
        let text = self.comment.trim();
        if text.is_empty() { Err(Problem::field("comment", "is empty")) } else { Ok(text) }
    }
}

impl From<reviews::Comment> for Comment {
    fn from(comment: reviews::Comment) -> Self {
        let reviews::Comment { id, at, author, comment } = comment;
        Self { id: id.to_string(), at: time(at), author: author.into(), text: comment }
    }
}
