//! Sends what a line of `curl` sends, so that the lines of the banner are tried without curl and without a shell.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, StatusCode};

/// Sends the request of a line; the status and the body of the answer.
pub(super) async fn send(http: &Client, line: &str) -> (StatusCode, String) {
    let mut words = words(&Box::pin(substituted(http, line)).await).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut url, mut headers, mut data, mut method) = (None, Vec::new(), Vec::new(), None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" => {}
            "-H" => headers.push(words.next().unwrap()),
            "-d" => data.push(words.next().unwrap()),
            "-X" => method = words.next(),
            "-u" => headers.push(format!("Authorization: Basic {}", STANDARD.encode(words.next().unwrap()))),
            flag if flag.starts_with('-') => panic!("what does {flag} do? {line}"),
            _ => assert_eq!(url.replace(word), None, "two URLs: {line}"),
        }
    }
    let usual = if data.is_empty() { "GET" } else { "POST" };
    let method = method.as_deref().unwrap_or(usual).parse().unwrap();
    let mut request = http.request(method, url.unwrap());
    if !data.is_empty() && !headers.iter().any(|header| header.to_lowercase().starts_with("content-type:")) {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    for header in &headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let answer = request.body(data.join("&")).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// The line with the answer of its `$(…)` in place of it.
async fn substituted(http: &Client, line: &str) -> String {
    let Some((before, rest)) = line.split_once("$(") else { return line.to_owned() };
    let (inner, after) = rest.rsplit_once(')').unwrap();
    let (_, answer) = send(http, inner).await;
    format!("{before}{}{after}", answer.trim_end())
}

/// The words of a line as a shell splits it: single and double quotes, no escapes.
fn words(line: &str) -> Vec<String> {
    assert!(!line.contains('\\'), "escapes are not read: {line}");
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (quote, letter) {
            (None, ' ') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if letter == open => quote = None,
            _ => word.get_or_insert_default().push(letter),
        }
    }
    assert_eq!(quote, None, "an open quote: {line}");
    words.extend(word);
    words
}
