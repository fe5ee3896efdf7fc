//! Every middleware, in order.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use lattice_gateway::Ending;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::App;
use crate::arrival::{Arrival, REQUEST_ID};
use crate::problem::{Problem, Told};
use crate::{lawful, limits, trust};

/// Which browser pages may call.
#[derive(Debug, Clone, Default)]
pub struct Cors {
    /// Origins such as `https://app.example.com`; `*` alone for all.
    pub allowed_origins: Vec<String>,
    /// How long a browser may remember the answer.
    pub max_age: Option<Duration>,
}

/// How long the gateway worked, as `OpenAI` reports it.
const PROCESSING_MS: HeaderName = HeaderName::from_static("openai-processing-ms");

pub(crate) fn apply(routes: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    // The last one is the outermost.
    let mut routes = routes
        // A defect in a handler is one failed request, in the same envelope as any other.
        .layer(CatchPanicLayer::custom(panicked));
    if let Some(cors) = &app.cors {
        // Outside the routes: a preflight must be answered before a route says 405.
        routes = routes.layer(cors_layer(cors));
    }
    // Outermost: every answer has an id and every request a record, also a preflight's and a panic's.
    routes.layer(from_fn_with_state(Arc::clone(app), arrive))
}

/// Every request gets an id and a record, whatever becomes of it.
async fn arrive(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let arrival = Arrival::enter(&app, &mut request);
    let fine = lawful::check(&request).and_then(|()| trust::check(&app, &request));
    let mut response = match fine {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let elapsed = arrival.record.elapsed();
    let (status, told) = (response.status().as_u16(), response.extensions().get::<Told>());
    arrival.record.note(|facts| {
        facts.status = status;
        if let Some(Told(code)) = told {
            facts.code.clone_from(code);
        }
        // A response that has begun says by itself how it ended.
        if facts.response_id.is_empty() || status != 200 {
            facts.ending = Ending::Answered;
        }
    });
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, arrival.request_id);
    let elapsed = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    headers.insert(PROCESSING_MS, HeaderValue::from(elapsed));
    response
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands over what was thrown")]
fn panicked(thrown: Box<dyn Any + Send>) -> Response {
    let said = thrown
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| thrown.downcast_ref::<&str>().copied());
    tracing::error!(detail = said.unwrap_or("no message"), "a handler panicked");
    Problem::internal().into_response()
}

fn cors_layer(cors: &Cors) -> CorsLayer {
    let origins = if cors.allowed_origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(cors.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(tower_http::cors::AllowHeaders::mirror_request())
        .expose_headers(
            [REQUEST_ID, PROCESSING_MS, header::RETRY_AFTER, header::ETAG]
                .into_iter()
                .chain(limits::names())
                .collect::<Vec<_>>(),
        );
    match cors.max_age {
        Some(age) => layer.max_age(age),
        None => layer,
    }
}
