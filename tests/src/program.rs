//! The built program `latchkey`, run as people run it: its own process, with a folder of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::binaries;

/// Nothing that a test waits for takes this long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A call of `latchkey` that is to be made.
pub struct Latchkey(Command, Option<String>);

impl Latchkey {
    /// With these arguments, in this working folder, and with nothing of the tests' own environment.
    pub fn new<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(binaries::path("latchkey"));
        command.args(arguments).current_dir(folder).env_clear().kill_on_drop(true);
        for name in ["PATH", "SYSTEMROOT", "TMPDIR", "TEMP"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command, None)
    }

    /// With this environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// With this text on standard input.
    #[must_use]
    pub fn input(mut self, text: &str) -> Self {
        self.0.stdin(Stdio::piped());
        self.1 = Some(text.to_owned());
        self
    }

    /// Runs it to its end.
    pub async fn finish(mut self) -> Finished {
        let mut child = self.0.spawn().expect("latchkey runs");
        if let (Some(text), Some(mut input)) = (self.1, child.stdin.take()) {
            // A program that ends before it has read everything is judged by what it says.
            let _ = input.write_all(text.as_bytes()).await;
        }
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        let output = output.expect("an end in time").expect("an end");
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Starts it, and kills it after this time, however far it has come.
    pub async fn killed_after(mut self, time: Duration) {
        let mut child = self.0.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("latchkey runs");
        tokio::time::sleep(time).await;
        child.kill().await.expect("its end");
    }

    /// Runs it as a server, and waits until it has said all that it says at the start.
    pub async fn serve(mut self) -> Program {
        let mut child = self.0.spawn().expect("latchkey runs");
        let stdout = Captured::of(child.stdout.take().expect("its output"));
        let stderr = Captured::of(child.stderr.take().expect("its errors"));
        let started = async {
            while !stdout.text().contains("Ctrl-C ends it.\n") {
                let ended = child.try_wait().expect("its state").is_some() && stderr.1.is_finished();
                assert!(!ended, "latchkey ended at the start: {}", stderr.text());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, started).await.expect("a start in time");
        let banner = stdout.text();
        let url = banner.lines().find_map(|line| line.strip_prefix("Latchkey is listening on "));
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Program { url: url.expect("its URL").to_owned(), banner, http, child, stdout, stderr }
    }
}

/// How a call ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Finished {
    /// The JSON that a successful command answered.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.succeeded()).expect("JSON")
    }

    /// What a command wrote that must have succeeded.
    #[must_use]
    pub fn succeeded(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        &self.stdout
    }

    /// The one line with which a command must have failed.
    #[must_use]
    pub fn failed(&self) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr.trim_end()
    }
}

/// What the first start made, in readable form.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The secret of the default account.
    pub account: String,
    /// The password of the admin.
    pub password: String,
    /// The access key.
    pub access_key: String,
    /// Its secret.
    pub key_secret: String,
}

impl Secrets {
    /// All of them.
    #[must_use]
    pub fn all(self) -> [String; 4] {
        [self.account, self.password, self.access_key, self.key_secret]
    }
}

/// A running server. It is killed when it is dropped.
pub struct Program {
    /// Where it says that it listens.
    pub url: String,
    /// What it wrote at the start.
    pub banner: String,
    /// A client.
    pub http: reqwest::Client,
    child: Child,
    stdout: Captured,
    stderr: Captured,
}

impl Program {
    /// The mails, as the page `/local/mail` has them for scripts, once there are so many.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn mails(&self, count: usize) -> Vec<Value> {
        for _ in 0..600 {
            let request = self.http.get(self.at("/local/mail")).header("accept", "application/json");
            let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
            let mails = answer["mails"].as_array().expect("mails");
            if mails.len() >= count {
                return mails.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{count} mails did not come");
    }

    /// The URL of a path.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The secrets that a first start prints.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let shown = self.banner.split_once("First run.").expect("a first start").1;
        let after = |labels: &[&str]| {
            let words = labels.iter().fold(shown, |rest, label| rest.split_once(label).expect("a label").1);
            words.split_whitespace().next().expect("a secret").to_owned()
        };
        Secrets {
            account: after(&["\n  account ", " secret "]),
            password: after(&["\n  user ", " password "]),
            access_key: after(&["\n  access key "]),
            key_secret: after(&["\n  access key ", " secret "]),
        }
    }

    /// Kills it as a power failure would, without a chance to do anything.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("its end");
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// Sends it SIGTERM.
    #[cfg(unix)]
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Sends it SIGINT, as Ctrl-C does.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(self.id().cast_signed()).expect("an id");
        rustix::process::kill_process(id, signal).expect("a signal");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Finished {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status: ExitStatus = status.expect("an end in time").expect("an end");
        Finished { code: status.code(), stdout: self.stdout.whole().await, stderr: self.stderr.whole().await }
    }

    /// Stops it as a person does, and waits for its end.
    #[cfg(unix)]
    pub async fn stop(self) -> Finished {
        self.interrupt();
        self.ended().await
    }
}

/// What a process has written so far.
struct Captured(Arc<Mutex<Vec<u8>>>, JoinHandle<()>);

impl Captured {
    fn of(mut from: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reading = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut buffer).await {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..length]);
            }
        });
        Self(bytes, reading)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    async fn whole(self) -> String {
        let Self(bytes, reading) = self;
        let _ = reading.await;
        let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).expect("UTF-8")
    }
}
