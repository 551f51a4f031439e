//! An SMTP server that takes mails, or answers as it is told to.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::held::{Gate, Held};

/// The server. It ends when it is dropped.
pub struct Smtp {
    /// What the mailer is told of it.
    pub url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// The answer to a command, or to what `DATA` sends, which is the command `.`.
    answers: HashMap<String, String>,
    held: Option<(String, Gate)>,
    /// The recipient of each mail that was taken.
    taken: Vec<String>,
    connections: usize,
}

impl Smtp {
    /// Starts one that takes every mail.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state, server }
    }

    /// From now on a command, such as `RCPT`, is answered so.
    pub fn answer(&self, command: &str, reply: &str) {
        lock(&self.state).answers.insert(command.to_owned(), reply.to_owned());
    }

    /// From now on every mail is taken.
    pub fn take_all(&self) {
        lock(&self.state).answers.clear();
    }

    /// Holds the next answer to a command back. The greeting is the answer to `CONNECT`.
    #[must_use]
    pub fn hold(&self, command: &str) -> Held {
        let (held, gate) = Held::new();
        lock(&self.state).held = Some((command.to_owned(), gate));
        held
    }

    /// The recipient of each mail that was taken.
    #[must_use]
    pub fn taken(&self) -> Vec<String> {
        lock(&self.state).taken.clone()
    }

    /// How often it was called.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, until the client leaves.
async fn talk(stream: TcpStream, state: Arc<Mutex<State>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    lock(&state).connections += 1;
    let (mut recipient, mut in_mail) = (String::new(), false);
    let greeting = reply(&state, "CONNECT").await;
    let _ = write.write_all(format!("{greeting}\r\n").as_bytes()).await;
    while let Ok(Some(line)) = lines.next_line().await {
        if in_mail && line != "." {
            continue;
        }
        let command = if in_mail { "." } else { line.get(..4).unwrap_or(&line) };
        let reply = reply(&state, command).await;
        if command == "RCPT" {
            line.clone_into(&mut recipient);
        }
        if in_mail && reply.starts_with("250") {
            lock(&state).taken.push(address(&recipient));
        }
        in_mail = !in_mail && reply.starts_with("354");
        if write.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What a command is answered with, once it is not held back any more.
async fn reply(state: &Mutex<State>, command: &str) -> String {
    let gate = lock(state).held.take_if(|(held, _)| held == command);
    if let Some((_, gate)) = gate {
        gate.pass().await;
    }
    let told = lock(state).answers.get(command).cloned();
    told.unwrap_or_else(|| usual(command).to_owned())
}

fn usual(command: &str) -> &'static str {
    match command {
        "CONNECT" => "220 stand-in",
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 fine",
    }
}

/// `RCPT TO:<ada@example.com>`
fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
