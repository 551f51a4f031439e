//! Every function in one process, over HTTP.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use shared::App;
use tokio::net::TcpListener;

use crate::gateway;
use crate::routes::Routes;

/// How long requests in flight may take after the server was told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("port {port} is not free: {source}. Choose another one with --port, or 0 for any")]
pub struct ListenError {
    port: u16,
    source: io::Error,
}

/// Listens on a loopback port; 0 lets the system pick one.
pub async fn listen(port: u16) -> Result<TcpListener, ListenError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| ListenError { port, source })
}

/// Serves until `stop` is ready, and then until the requests in flight are answered.
pub async fn serve(
    app: &'static App,
    routes: Routes,
    listener: TcpListener,
    log: bool,
    stop: impl Future<Output = ()>,
) {
    let routes = Arc::new(routes);
    let connections = GracefulShutdown::new();
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
        let routes = Arc::clone(&routes);
        let service = service_fn(move |request| {
            let routes = Arc::clone(&routes);
            async move { Ok::<_, hyper::Error>(answer(app, &routes, request, peer, log).await) }
        });
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
    let _ = tokio::time::timeout(LAST_REQUESTS, connections.shutdown()).await;
}

async fn answer(
    app: &'static App,
    routes: &Routes,
    request: hyper::Request<hyper::body::Incoming>,
    peer: SocketAddr,
    log: bool,
) -> hyper::Response<http_body_util::Full<bytes::Bytes>> {
    if !log {
        return gateway::serve(app, routes, request, peer).await;
    }
    // Never the query: links in mails carry tokens there.
    let line = format!("{} {}", request.method(), request.uri().path());
    let started = Instant::now();
    let response = gateway::serve(app, routes, request, peer).await;
    eprintln!("{} {line} ({} ms)", response.status().as_u16(), started.elapsed().as_millis());
    response
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
