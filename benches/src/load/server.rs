//! The local server, alone on its core.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::built;
use crate::cores::{self, MEASURED};
use crate::process::Memory;

use super::client::Connection;

/// A server that runs. It is killed when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// From its start to its first answer, in milliseconds.
    pub(crate) started_in: f64,
    /// What it has said at its start.
    banner: String,
    child: Child,
}

impl Server {
    /// With nothing but memory.
    pub(crate) fn memory() -> Self {
        Self::start(|command| command.arg("--memory"))
    }

    /// On this folder.
    pub(crate) fn on(folder: &Path) -> Self {
        Self::start(|command| command.arg("--data").arg(folder))
    }

    fn start(arguments: impl Fn(&mut Command) -> &mut Command + Sync) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = port.expect("a free port");
        let (started, mut child) = cores::on(MEASURED, || {
            let mut command = Command::new(built::path("latchkey"));
            command.env_clear().args(["--quiet", "--port"]).arg(address.port().to_string());
            arguments(&mut command).stdin(Stdio::null()).stdout(Stdio::piped());
            (Instant::now(), command.spawn().expect("the local server"))
        });
        first_answer(address);
        let started_in = started.elapsed().as_secs_f64() * 1000.0;
        let mut banner = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        while !banner.ends_with("Ctrl-C ends it.\n")
            && output.read_line(&mut banner).is_ok_and(|read| read > 0)
        {}
        Self { address, started_in, banner, child }
    }

    pub(crate) fn memory_now(&self) -> Memory {
        Memory::of(self.child.id())
    }

    /// The access key of the first start, and its secret.
    pub(crate) fn access_key(&self) -> (&str, &str) {
        let mut lines = self.banner.lines().skip_while(|line| !line.starts_with("  access key"));
        let mut word =
            || lines.next().and_then(|line| line.split_whitespace().next_back()).expect("a secret");
        (word(), word())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// It listens before it is ready, and answers when it is.
fn first_answer(address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                Connection::over(stream).get("/.well-known/jwks.json", None);
                return;
            }
            Err(error) => assert!(Instant::now() < deadline, "the local server does not start: {error}"),
        }
        thread::sleep(Duration::from_micros(200));
    }
}
