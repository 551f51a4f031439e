//! Throughput of the local server: the server with its store on one core, the clients on another.

mod client;
mod server;

use std::thread;
use std::time::{Duration, Instant};

use crate::cli::Effort;
use crate::cores::{self, MEASURED, MEASURING};
use crate::limit::RawHash;
use crate::progress;
use crate::report::{Load, LoadRow, Setting};
use crate::stats::{Spread, median};

use client::{Client, What};
use server::Server;

const CLIENTS: [usize; 4] = [1, 16, 32, 64];
const STARTS: usize = 5;
const HASHES: usize = 15;

pub(crate) fn measure(effort: Effort) -> Load {
    progress("starts of the local server");
    let first_start_ms = median((0..STARTS).map(|_| Server::memory().started_in).collect());
    let later_start_ms = later_start();
    let mut hash = RawHash::new();
    let hashes = cores::on(MEASURED, || {
        let mut one = || {
            let started = Instant::now();
            hash.compute();
            started.elapsed()
        };
        one();
        (0..HASHES).map(|_| one()).collect::<Vec<_>>()
    });

    let server = Server::memory();
    let idle = server.memory_now();
    let rows = cores::on(MEASURING, || {
        progress("users of the local server");
        let mut clients = Client::all(&server, CLIENTS.into_iter().max().unwrap_or(1));
        What::ALL.map(|what| row(what, &mut clients, effort)).into()
    });
    Load {
        setting: Setting::here(),
        first_start_ms,
        later_start_ms,
        idle,
        loaded: server.memory_now(),
        hash: Spread::of(&hashes),
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

fn row(what: What, clients: &mut [Client], effort: Effort) -> LoadRow {
    let (mut per_second, mut latency) = (Vec::new(), Vec::new());
    for count in CLIENTS {
        progress(&format!("{} by {count} clients", what.name()));
        let time = Duration::from_secs_f64(effort.seconds);
        // What is opened first is not measured.
        load(what, &mut clients[..count], time / 10);
        let rounds = (0..effort.rounds).map(|_| load(what, &mut clients[..count], time));
        let (rates, times): (Vec<f64>, Vec<Vec<Duration>>) = rounds.unzip();
        per_second.push(median(rates));
        latency.push(Spread::of(&times.concat()));
    }
    LoadRow { what: what.name().to_owned(), per_second, latency }
}

/// Lets each client ask, one request after the other, for this long; the rate, and how long each request took.
fn load(what: What, clients: &mut [Client], time: Duration) -> (f64, Vec<Duration>) {
    clients.iter_mut().for_each(Client::reconnect);
    let started = Instant::now();
    let ask = |client: &mut Client| {
        let mut times = Vec::new();
        while started.elapsed() < time {
            let sent = Instant::now();
            client.ask(what);
            times.push(sent.elapsed());
        }
        times
    };
    let times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || ask(client))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect()
    });
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let rate = times.len() as f64 / started.elapsed().as_secs_f64();
    (rate, times)
}
