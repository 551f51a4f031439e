//! Throughput of the local server: the server with its store on one core, the clients on another.

mod alone;
mod client;
mod server;

use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rsa::{KeyPair, KeySize};

use crate::cli::Effort;
use crate::cores::{self, MEASURED, MEASURING};
use crate::limit::RawHash;
use crate::progress;
use crate::report::{Load, LoadRow, Setting};
use crate::stats::{Spread, median};

use alone::Alone;
use client::{Client, What};
use server::Server;

const CLIENTS: [usize; 4] = [1, 16, 32, 64];
const STARTS: usize = 25;
/// How many clients the limit is measured with as well: so many that the core is never idle.
pub(crate) const AT_ONCE: usize = 32;
const TIMES: usize = 25;

pub(crate) fn measure(effort: Effort) -> Load {
    progress("starts of the local server");
    let first_start_ms = median((0..STARTS).map(|_| Server::memory().started_in).collect());
    let later_start_ms = later_start();
    let mut hash = RawHash::new();
    let hash = on_the_servers_core(|| hash.compute());
    let rsa_key = on_the_servers_core(|| drop(KeyPair::generate(KeySize::Rsa2048).expect("a key")));

    let server = Server::memory();
    let idle = server.memory_now();
    let rows = cores::on(MEASURING, || {
        progress("users of the local server");
        let mut clients = Client::all(&server, CLIENTS.into_iter().max().unwrap_or(1));
        let alone = Alone::start();
        What::ALL.map(|what| row(what, &mut clients, &alone, effort)).into()
    });
    Load {
        setting: Setting::here(),
        first_start_ms,
        later_start_ms,
        idle,
        loaded: server.memory_now(),
        hash,
        rsa_key,
        clients: CLIENTS.to_vec(),
        rows,
    }
}

/// On a folder that a server has left behind.
fn later_start() -> f64 {
    let folder = tempfile::TempDir::new().expect("a folder");
    drop(Server::on(folder.path()));
    median((0..STARTS).map(|_| Server::on(folder.path()).started_in).collect())
}

/// How long something takes there.
fn on_the_servers_core(mut work: impl FnMut() + Send) -> Spread {
    let times = cores::on(MEASURED, || {
        let mut time = || {
            let started = Instant::now();
            work();
            started.elapsed()
        };
        time();
        (0..TIMES).map(|_| time()).collect::<Vec<_>>()
    });
    Spread::of(&times)
}

fn row(what: What, clients: &mut [Client], alone: &Alone, effort: Effort) -> LoadRow {
    let (mut per_second, mut latency, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    let time = Duration::from_secs_f64(effort.seconds);
    for count in CLIENTS {
        progress(&format!("{} by {count} clients", what.name()));
        let clients = &mut clients[..count];
        let mut ours = |time| {
            clients.iter_mut().for_each(Client::reconnect);
            load(clients, time, |client| client.ask(what))
        };
        let path = Alone::path(what).filter(|_| count == AT_ONCE);
        let limit = path.map(|path| {
            move |time| {
                load(&mut alone.clients(count), time, |connection| drop(connection.get(&path, None))).0
            }
        });
        // What is opened first is not measured.
        ours(time / 10);
        limit.as_ref().map(|limit| limit(time / 10));
        let (mut rates, mut times) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            let (rate, took) = ours(time);
            rates.push(rate);
            times.extend(took);
            limits.extend(limit.iter().map(|limit| limit(time)));
        }
        per_second.push(median(rates));
        latency.push(Spread::of(&times));
    }
    let limit = (!limits.is_empty()).then(|| median(limits));
    LoadRow { what: what.name().to_owned(), per_second, latency, limit }
}

/// Lets each client ask, one request after the other, for this long; the rate, and how long each request took.
fn load<C: Send>(clients: &mut [C], time: Duration, ask: impl Fn(&mut C) + Sync) -> (f64, Vec<Duration>) {
    let started = Instant::now();
    let ask = |client: &mut C| {
        let mut times = Vec::new();
        while started.elapsed() < time {
            let sent = Instant::now();
            ask(client);
            times.push(sent.elapsed());
        }
        times
    };
    let ask = &ask;
    let times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || ask(client))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect()
    });
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let rate = times.len() as f64 / started.elapsed().as_secs_f64();
    (rate, times)
}
