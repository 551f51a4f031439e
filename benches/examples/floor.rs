//! The cheapest function there can be: a blocking socket that asks the Lambda Runtime API for events and answers each
//! with the same text. What any other function takes is told as a multiple of this.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: runtime\r\n\r\n";
const ANSWER: &str = r#"{"statusCode":200,"headers":{"content-type":"application/json"},"body":"{}","isBase64Encoded":false,"cookies":[]}"#;

fn main() -> io::Result<()> {
    let address = env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let mut api = TcpStream::connect(address)?;
    api.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        api.write_all(NEXT.as_bytes())?;
        let event = read_message(&mut api, &mut buffer)?;
        let id =
            header(&buffer[..event], "lambda-runtime-aws-request-id").ok_or(io::ErrorKind::InvalidData)?;
        let post = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: runtime\r\ncontent-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        );
        api.write_all(post.as_bytes())?;
        read_message(&mut api, &mut buffer)?;
    }
}

/// Reads one whole message; the length of its head.
fn read_message(api: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    buffer.clear();
    let mut part = [0; 4096];
    loop {
        let length = api.read(&mut part)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(&part[..length]);
        let Some(head) = buffer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let body =
            header(&buffer[..head], "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if buffer.len() >= head + 4 + body {
            return Ok(head);
        }
    }
}

fn header<'h>(head: &'h [u8], name: &str) -> Option<&'h str> {
    let lines = std::str::from_utf8(head).ok()?.lines();
    let mut fields = lines.filter_map(|line| line.split_once(": "));
    fields.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
