//! The few pages that links in mails open, so that the whole flow works without a front end of one's own.

use lambda_http::RequestExt;

use super::{Body, HeaderValue, Request, Response, StatusCode, header, response};
use crate::config::Product;

/// No script, nothing from elsewhere, no frame around it; a form goes back to where the page came from.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// Text made safe for HTML, in an element or in an attribute in double quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A page with a title and this content, which is HTML.
#[must_use]
pub fn page(status: StatusCode, product: &Product, title: &str, content: &str) -> Response {
    let html = include_str!("page.html")
        .replace("{{title}}", &escape(title))
        .replace("{{product}}", &escape(&product.name))
        .replace("{{color}}", product.color.as_str())
        .replace("{{content}}", content);
    let mut response =
        response::with_body(status, HeaderValue::from_static("text/html; charset=utf-8"), Body::Text(html));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    // The address of the page holds the token.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

/// Whether the request was made by a page's form and not by a program.
#[must_use]
pub fn wanted(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The token of the link that was opened.
#[must_use]
pub fn link_token(request: &Request) -> String {
    request
        .query_string_parameters_ref()
        .and_then(|query| query.first("token"))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escape("\"><script>'&"), "&quot;&gt;&lt;script&gt;&#39;&amp;");
    }
}
