//! A stand-in for the Lambda Runtime API, on blocking sockets and threads of its own, so that what is measured is the
//! function and not the stand-in.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use shared::clock::{Clock, SystemClock};

/// More than any cold start takes.
const PATIENCE: Duration = Duration::from_secs(20);
const INVOCATIONS: &str = "/2018-06-01/runtime/invocation/";

/// The API of one function.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    queue: Arc<Queue>,
    reports: Receiver<Report>,
    sent: usize,
}

/// What a function has said about an invocation, or about its own start.
pub(crate) struct Report {
    /// When its last byte had arrived.
    pub(crate) at: Instant,
    /// As in `…/response`.
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: VecDeque<(String, Vec<u8>)>,
    first_poll: Option<Instant>,
    closed: bool,
}

impl Stub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let queue = Arc::new(Queue::default());
        let (reporter, reports) = mpsc::channel();
        let accepting = Arc::clone(&queue);
        thread::spawn(move || accept(&listener, &accepting, &reporter));
        Self { address, queue, reports, sent: 0 }
    }

    /// Puts an event where the function will find it.
    pub(crate) fn send(&mut self, event: &[u8]) {
        self.sent += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.sent);
        self.queue.lock().events.push_back((id, event.to_vec()));
        self.queue.changed.notify_one();
    }

    /// What the function reports next; `None` if it reports nothing.
    pub(crate) fn report(&self) -> Option<Report> {
        self.reports.recv_timeout(PATIENCE).ok()
    }

    /// When the function first asked for an event: the end of its init.
    pub(crate) fn first_poll(&self) -> Option<Instant> {
        self.queue.lock().first_poll
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        // Wakes the thread that accepts, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an event; `None` when the stand-in is gone.
    fn next(&self) -> Option<(String, Vec<u8>)> {
        let mut state = self.lock();
        state.first_poll.get_or_insert_with(Instant::now);
        loop {
            if state.closed {
                return None;
            }
            if let Some(event) = state.events.pop_front() {
                return Some(event);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn accept(listener: &TcpListener, queue: &Arc<Queue>, reporter: &Sender<Report>) {
    while let Ok((stream, _)) = listener.accept() {
        if queue.lock().closed {
            return;
        }
        let (queue, reporter) = (Arc::clone(queue), reporter.clone());
        // A function that is killed cuts its connection.
        thread::spawn(move || serve(stream, &queue, &reporter).ok());
    }
}

fn serve(stream: TcpStream, queue: &Queue, reporter: &Sender<Report>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut requests = BufReader::new(stream);
    loop {
        let Some((path, body)) = read_request(&mut requests)? else { return Ok(()) };
        let at = Instant::now();
        if path.ends_with("/invocation/next") {
            let Some((id, event)) = queue.next() else { return Ok(()) };
            answers.write_all(&invocation(&id, &event))?;
            continue;
        }
        let path = path.strip_prefix(INVOCATIONS).unwrap_or(&path).to_owned();
        // Nobody listens any more when the measurement is over.
        let _ = reporter.send(Report { at, path, body });
        answers.write_all(
            b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        )?;
    }
}

fn read_request(from: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(Some((path, body)))
}

fn invocation(id: &str, event: &[u8]) -> Vec<u8> {
    let deadline = SystemClock.now() + Duration::from_secs(10);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: {id}\r\nlambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:bench\r\n\
         lambda-runtime-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0\r\n\r\n",
        event.len(),
        deadline.millis(),
    );
    [head.as_bytes(), event].concat()
}
