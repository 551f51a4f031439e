//! Every function in one process, over HTTP.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::ORIGIN;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use shared::App;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinError;

use crate::cors::Cors;
use crate::gateway;
use crate::mail;
use crate::routes::Routes;

/// How long requests in flight may take after the server was told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may take to send its body: API Gateway gives a whole request as much.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// How many requests are carried out at once: Lambda begins with as many for an account.
const AT_ONCE: u32 = 1000;

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("port {port} cannot be used: {source}. Choose another one with --port, or 0 for any")]
pub struct ListenError {
    port: u16,
    source: io::Error,
}

/// Listens on a loopback port; 0 lets the system pick one.
pub async fn listen(port: u16) -> Result<TcpListener, ListenError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| ListenError { port, source })
}

/// What is served.
pub struct Site {
    /// The process behind the functions.
    pub app: &'static App,
    /// The functions' routes.
    pub routes: Routes,
    /// The folder of the mails that `/local/mail` shows.
    pub mail: Option<PathBuf>,
    /// Whose pages may call the service; nobody's by default.
    pub cors: Option<Cors>,
    /// Whether to write a line for each request.
    pub log: bool,
    /// How long a body is waited for.
    pub body_within: Duration,
    /// How many requests are carried out at once; one more is answered with 503.
    pub at_once: u32,
}

impl Site {
    /// A server without mails to show and without a log.
    #[must_use]
    pub fn new(app: &'static App, routes: Routes) -> Self {
        Self { app, routes, mail: None, cors: None, log: false, body_within: BODY_WITHIN, at_once: AT_ONCE }
    }
}

/// Serves until `stop` is ready, and then until the requests in flight are carried out.
pub async fn serve(site: Site, listener: TcpListener, stop: impl Future<Output = ()>) {
    let site = Arc::new(site);
    let connections = GracefulShutdown::new();
    let at_once = site.at_once;
    let places = Arc::new(Semaphore::new(at_once as usize));
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        // Accepting fails when the process is out of file descriptors; the next try may find one.
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (site, places) = (Arc::clone(&site), Arc::clone(&places));
        let service =
            service_fn(move |request| carry_out(Arc::clone(&site), request, peer, Arc::clone(&places)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A client that goes away is its own business.
            let _ = connection.await;
        });
    }
    drop(listener);
    let last_requests = async {
        connections.shutdown().await;
        // All places are free when the last request is carried out.
        let _ = places.acquire_many(at_once).await;
    };
    let _ = tokio::time::timeout(LAST_REQUESTS, last_requests).await;
}

/// Answers a request on a task of its own: as behind API Gateway, it is carried out although its client has gone.
async fn carry_out(
    site: Arc<Site>,
    request: Request<Incoming>,
    peer: SocketAddr,
    places: Arc<Semaphore>,
) -> Result<Response<Full<Bytes>>, JoinError> {
    let place = places.try_acquire_owned().ok();
    let work = async move {
        let response = logged(&site, request, peer, place.is_some()).await;
        drop(place);
        response
    };
    tokio::spawn(work).await
}

async fn logged(
    site: &Site,
    request: Request<Incoming>,
    peer: SocketAddr,
    has_place: bool,
) -> Response<Full<Bytes>> {
    if !site.log {
        return answer(site, request, peer, has_place).await;
    }
    // Never the query: links in mails carry tokens there.
    let line = format!("{} {}", request.method(), request.uri().path());
    let started = Instant::now();
    let response = answer(site, request, peer, has_place).await;
    eprintln!("{} {line} ({} ms)", response.status().as_u16(), started.elapsed().as_millis());
    response
}

/// The answer, which a page of another origin may read if it is allowed to.
async fn answer(
    site: &Site,
    request: Request<Incoming>,
    peer: SocketAddr,
    has_place: bool,
) -> Response<Full<Bytes>> {
    let Some(cors) = &site.cors else { return answer_one(site, request, peer, has_place).await };
    if let Some(answer) = cors.preflight(&request) {
        return answer;
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = answer_one(site, request, peer, has_place).await;
    cors.allow(origin.as_ref(), &mut response);
    response
}

async fn answer_one(
    site: &Site,
    request: Request<Incoming>,
    peer: SocketAddr,
    has_place: bool,
) -> Response<Full<Bytes>> {
    match &site.mail {
        _ if !has_place => gateway::too_many_at_once(),
        Some(folder) if mail::is_wanted(&request) => mail::page(folder, &request),
        _ => gateway::serve(site.app, &site.routes, request, peer, site.body_within).await,
    }
}

/// Ready at Ctrl-C or SIGTERM.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
