//! Clients of the local server: HTTP/1.1 over a connection that is kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::server::Server;

const PASSWORD: &str = "correct horse battery";
/// How many people sign in by turns: so many that none comes near the limit of sessions.
const PEOPLE: usize = 256;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// What clients ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    SignIn,
    Verify,
    Refresh,
    MachineToken,
    RsaMachineToken,
    Jwks,
}

impl What {
    pub(crate) const ALL: [Self; 6] =
        [Self::SignIn, Self::Verify, Self::Refresh, Self::MachineToken, Self::RsaMachineToken, Self::Jwks];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Verify => "check of a session",
            Self::Refresh => "refresh",
            Self::MachineToken => "machine token, HS384",
            Self::RsaMachineToken => "machine token, RS256",
            Self::Jwks => "JWKS",
        }
    }

    /// The function that answers, if it asks storage.
    pub(crate) const fn function(self) -> Option<&'static str> {
        match self {
            Self::SignIn => Some("login"),
            Self::Verify => Some("verify-token"),
            Self::Refresh => Some("refresh"),
            Self::MachineToken => Some("access-key-login"),
            Self::RsaMachineToken => Some("oauth-token"),
            Self::Jwks => None,
        }
    }
}

/// A user with a session, and a connection.
pub(crate) struct Client {
    address: SocketAddr,
    connection: Connection,
    /// Who signs in next.
    person: usize,
    access_token: String,
    refresh_token: String,
    /// The body that brings a machine token.
    access_key: String,
    /// The form that brings one over OAuth.
    credentials: String,
}

impl Client {
    /// This many clients, each a user of its own, and the other people.
    pub(crate) fn all(server: &Server, count: usize) -> Vec<Self> {
        let (key, secret) = server.access_key();
        let access_key = json!({ "accessKey": key, "secret": secret }).to_string();
        let form = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let secret = form(secret);
        let oauth = format!("grant_type=client_credentials&client_id={key}&client_secret={secret}");
        let first_person = |number| number * PEOPLE / count;
        let client = |number| {
            let mut client = Self {
                address: server.address,
                connection: Connection::to(server.address),
                person: first_person(number),
                access_token: String::new(),
                refresh_token: String::new(),
                access_key: access_key.clone(),
                credentials: oauth.clone(),
            };
            client.sign_up(client.person);
            client.ask(What::SignIn);
            client
        };
        let mut clients: Vec<Self> = (0..count).map(client).collect();
        let taken: Vec<usize> = (0..count).map(first_person).collect();
        clients[0].reconnect();
        (0..PEOPLE).filter(|person| !taken.contains(person)).for_each(|person| clients[0].sign_up(person));
        clients
    }

    fn sign_up(&mut self, person: usize) {
        let name = username(person);
        let form = format!("username={name}&password={PASSWORD}&email={name}@example.com");
        self.connection.post("/auth/signup", FORM, &form.replace(' ', "+"));
    }

    /// Opens the connection anew: the server ends those that have nothing to say for ten seconds.
    pub(crate) fn reconnect(&mut self) {
        self.connection = Connection::to(self.address);
    }

    /// Sends one request and reads its answer, which must be a success.
    pub(crate) fn ask(&mut self, what: What) {
        match what {
            What::SignIn => {
                // Each time it is another person, far from those of other clients.
                let name = username(self.person);
                self.person = (self.person + 1) % PEOPLE;
                let form = format!("username={name}&password={PASSWORD}").replace(' ', "+");
                let answer = self.connection.post("/auth/login", FORM, &form);
                self.keep_tokens(&answer);
            }
            What::Verify => drop(self.connection.get("/auth/verify-token", Some(&self.access_token))),
            What::Refresh => {
                let body = format!("{{\"refresh_token\":\"{}\"}}", self.refresh_token);
                let answer = self.connection.post("/auth/refresh", JSON, &body);
                self.keep_tokens(&answer);
            }
            What::MachineToken => drop(self.connection.post("/login", JSON, &self.access_key)),
            What::RsaMachineToken => drop(self.connection.post("/oauth/token", FORM, &self.credentials)),
            What::Jwks => drop(self.connection.get("/.well-known/jwks.json", None)),
        }
    }

    fn keep_tokens(&mut self, answer: &[u8]) {
        let answer: Value = serde_json::from_slice(answer).expect("JSON");
        let token = |name: &str| answer["tokens"][name].as_str().expect("a token").to_owned();
        (self.access_token, self.refresh_token) = (token("access_token"), token("refresh_token"));
    }
}

fn username(number: usize) -> String {
    format!("bench{number}")
}

/// A connection to the server.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("a connection"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a connection");
        Self(BufReader::new(stream))
    }

    pub(crate) fn get(&mut self, path: &str, token: Option<&str>) -> Vec<u8> {
        let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.exchange(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{bearer}\r\n"))
    }

    pub(crate) fn post(&mut self, path: &str, kind: &str, body: &str) -> Vec<u8> {
        let length = body.len();
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }

    /// The body of an answer, which must be a success: a refusal is quick, and no measurement.
    fn exchange(&mut self, request: &str) -> Vec<u8> {
        self.0.get_mut().write_all(request.as_bytes()).expect("a connection");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an answer");
        let success = line.starts_with("HTTP/1.1 2");
        let status = line.trim_end().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).expect("an answer");
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        assert!(success, "{status}: {}", String::from_utf8_lossy(&body));
        body
    }
}
