//! What the local server cannot do without, and nothing of Latchkey: hyper, the embedded engine in the same process, Argon2 and
//! aws-lc. It finds [`Scripts`] on its standard input, says where it listens, and does for `GET /<number>` what the
//! script of that number does for a request.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;

use benches::{Player, Scripts};
use dynoxide::Database;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use lambda_http::Error;
use latchkey::embedded::{Embedded, Place};
use mimalloc::MiMalloc;
use tokio::net::TcpListener;

/// As in the local server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let given: &'static Scripts = Box::leak(Box::new(serde_json::from_reader(io::stdin().lock())?));
    let store = Embedded::with_tables(&Place::Memory, &given.tables()).await?.engine.database.clone();
    let mut players = Vec::new();
    for script in &given.scripts {
        let player = Player::new(store.clone(), script)?;
        player.init().await?;
        players.push(player);
    }
    let players: &'static [Player<Database>] = players.leak();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(|request| answer(players, request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    players: &[Player<Database>],
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let number = request.uri().path().trim_start_matches('/').parse().ok();
    let (status, text) = match number.and_then(|number: usize| players.get(number)) {
        None => (StatusCode::NOT_FOUND, "{}".to_owned()),
        Some(player) => match player.request().await {
            Ok(()) => (StatusCode::OK, "{}".to_owned()),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        },
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}
