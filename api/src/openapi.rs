//! The OpenAPI document: made from the routes, checked in as `api/openapi.json`, compared by a test.

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Required};

use crate::http::{KEY_HEADER, ProblemDocument};
use crate::limits;
use crate::routes;
use crate::webhooks::WebhookEvent;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "vru",
        description = "Road users as cameras see them. Errors are `application/problem+json` with a `code` that keeps its meaning. \
                       Who changes something sends its ETag as If-Match. A POST with an `Idempotency-Key` can be sent again. Every answer has `x-request-id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemDocument, WebhookEvent))
)]
struct Document;

/// The whole document.
pub fn document() -> OpenApi {
    let (_, of_routes) = routes::router().split_for_parts();
    let mut document = Document::openapi();
    document.merge(of_routes);
    let cookie = ApiKeyValue::with_description("__Host-vru_session", "Set by `POST /api/v1/session`.");
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, or a token of `POST /api/v1/oauth/token`."));
    components.add_security_scheme("key", SecurityScheme::Http(key.build()));
    components.responses.insert(limits::REFUSED.to_owned(), RefOr::T(limits::refused()));
    for (name, path) in &mut document.paths.paths {
        name_operations(name, path);
        // Logging in again makes another session, and changes nothing.
        if let Some(operation) = path.post.as_mut().filter(|operation| operation.security.is_some()) {
            operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
        }
        let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
        operations.into_iter().flatten().for_each(limits::document);
    }
    document
}

/// Several modules have a function `list`; a program that makes a client of the document needs a name for each.
fn name_operations(path: &str, item: &mut PathItem) {
    let words = path.trim_start_matches("/api/v1/").replace(['{', '}'], "").replace(['/', '-', '.'], "_");
    let methods = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
        ("head", &mut item.head),
        ("options", &mut item.options),
    ];
    for (method, operation) in methods {
        if let Some(operation) = operation {
            operation.operation_id = Some(format!("{method}_{words}"));
        }
    }
}

fn idempotency_key() -> Parameter {
    let description = "Chosen by the client, new for each request. The same request with the same key is answered as before for a day, \
                       and changes nothing again.";
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200));
    let visible = text.pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name(KEY_HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(visible))
        .build()
}
