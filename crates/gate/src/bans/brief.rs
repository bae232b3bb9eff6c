//! The answer to somebody who is kept out and keeps calling.
//!
//! Once a second a request of theirs is answered in full: with an id, a line in the log and a
//! place in a trace. All others of that second have the same answer, id included, without a
//! dossier or a ring: an attack costs next to nothing, and the line says how many it stands for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use axum_core::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use kernel::{Problem, Timestamp};

use crate::listener::Connection;
use crate::ring::{Request, Response};
use crate::rings::{brings_credentials, is_known, true_address};
use crate::{App, Dossier, render};

/// What is answered within one second.
#[derive(Default)]
pub(super) struct Brief {
    now: ArcSwapOption<Answer>,
    /// Given since the last line in the log.
    given: AtomicU64,
}

struct Answer {
    second: i64,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers a request whose sender is kept out, if one was answered in full within this second. Whom
/// this node knows is looked at in full.
pub(crate) fn answer(app: &App, request: &Request) -> Option<Response> {
    if app.bans.is_nobody_kept_out() {
        return None;
    }
    let headers = request.headers();
    let peer = request.extensions().get::<Connection>()?.peer.ip().to_canonical();
    let (posture, now) = (app.posture(), app.clock.now());
    let origin = true_address(peer, headers, &posture.named.proxies);
    let response = app.bans.with_banned(&posture.bans, (origin, now), |sentence| {
        // A stranger who is banned shuts out nobody whom this node knows behind the same address.
        if brings_credentials(headers) && is_known(app, headers) {
            return None;
        }
        sentence.brief.again(now)
    })??;
    app.metrics.kept_out(response.status().as_u16());
    Some(response)
}

/// Keeps the answer that a request is given in full, for those that follow it.
pub(crate) fn keep(app: &App, dossier: &Dossier, problem: &Problem) {
    let (Some(origin), now) = (dossier.origin(), dossier.received_at) else { return };
    let rules = &dossier.posture().bans;
    let kept = app.bans.with_banned(rules, (origin, now), |sentence| {
        let (mut headers, body) = render::parts(app, dossier, problem);
        if let Ok(id) = HeaderValue::try_from(dossier.request_id.to_string()) {
            headers.insert("x-request-id", id);
        }
        let answer = Answer { second: now.seconds(), headers, body: body.into() };
        sentence.brief.now.store(Some(Arc::new(answer)));
        sentence.brief.given.swap(0, Ordering::Relaxed)
    });
    if let Some(given @ 1..) = kept {
        dossier.stands_for(given);
    }
}

impl Brief {
    fn again(&self, now: Timestamp) -> Option<Response> {
        let answer = self.now.load();
        let answer = answer.as_ref().filter(|answer| answer.second == now.seconds())?;
        self.given.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(Body::from(answer.body.clone()));
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        *response.headers_mut() = answer.headers.clone();
        Some(response)
    }
}
