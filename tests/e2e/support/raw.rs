//! Requests as bytes on a socket, for what no client library sends.

use std::time::Duration;

use tests::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer takes; less than a slow client is given.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to the service.
pub(crate) async fn connect(service: &Service) -> TcpStream {
    TcpStream::connect(service.url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends bytes and gives back all that comes until the server closes the connection.
pub(crate) async fn exchange(service: &Service, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(service).await;
    // A server that has refused already may have closed the connection.
    let _ = stream.write_all(bytes.as_ref()).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(PATIENCE, read).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A POST of JSON with this request target and these further header lines, each with its line end.
pub(crate) fn post(target: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The status of an answer; 0 if the connection was closed without one.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// The body of an answer.
pub(crate) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
