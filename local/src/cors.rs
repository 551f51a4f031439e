//! What API Gateway answers to pages of other origins, by the settings of `template.yaml`
//! (the CORS protocol, <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, InvalidHeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Request, Response, StatusCode};
use url::Url;

use crate::template::{self, TemplateError};

/// Whose pages may call the service, separated by commas: what the parameter `AllowedOrigins` is in AWS.
const ALLOWED_ORIGINS: &str = "ALLOWED_ORIGINS";

/// What pages of some origins may do.
#[derive(Debug)]
pub struct Cors {
    origins: Vec<HeaderValue>,
    methods: HeaderValue,
    headers: HeaderValue,
    exposed: HeaderValue,
    max_age: HeaderValue,
}

/// Why there are no such pages.
#[derive(Debug, thiserror::Error)]
pub enum CorsError {
    /// The environment.
    #[error(
        "the environment variable {ALLOWED_ORIGINS} is set to {0:?}: it must be origins such as http://localhost:5173, separated by commas"
    )]
    NoOrigin(String),
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template's words are no headers.
    #[error("template.yaml: its CORS settings are no headers")]
    NoHeader(#[from] InvalidHeaderValue),
}

impl Cors {
    /// What the environment allows; `None` if that is nothing, as by default.
    pub fn from_env(template: &str) -> Result<Option<Self>, CorsError> {
        let allowed = std::env::var(ALLOWED_ORIGINS).unwrap_or_default();
        if allowed.is_empty() {
            return Ok(None);
        }
        Self::new(template, &allowed).map(Some)
    }

    fn new(template: &str, allowed: &str) -> Result<Self, CorsError> {
        let origin = |text: &str| {
            let is_origin = Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
            HeaderValue::from_str(text)
                .ok()
                .filter(|_| is_origin)
                .ok_or_else(|| CorsError::NoOrigin(allowed.to_owned()))
        };
        let origins = allowed.split(',').map(|text| origin(text.trim())).collect::<Result<_, _>>()?;
        let settings = template::cors(template)?;
        Ok(Self {
            origins,
            methods: settings.methods.join(",").try_into()?,
            headers: settings.headers.join(",").try_into()?,
            exposed: settings.exposed.join(",").try_into()?,
            max_age: settings.max_age.into(),
        })
    }

    /// The answer to a browser that asks whether a page may send a request; `None` to another request.
    pub fn preflight<B>(&self, request: &Request<B>) -> Option<Response<Full<Bytes>>> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(ORIGIN)
            && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.allow(request.headers().get(ORIGIN), &mut response) {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        }
        Some(response)
    }

    /// Lets a page of this origin read a response, if it may. Whether it may.
    pub fn allow(&self, origin: Option<&HeaderValue>, response: &mut Response<Full<Bytes>>) -> bool {
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("origin"));
        let Some(origin) = origin.filter(|origin| self.origins.contains(origin)) else { return false };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::TEMPLATE;

    #[test]
    fn origins_are_whole_and_nothing_else() {
        for good in
            ["http://localhost:5173", "https://app.example.com, http://127.0.0.1:8080", "https://[::1]:444"]
        {
            assert!(Cors::new(TEMPLATE, good).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "localhost:5173",
            "http://localhost:5173/",
            "https://a.example/b",
            "https://a.example,",
            "null",
        ] {
            assert!(matches!(Cors::new(TEMPLATE, bad), Err(CorsError::NoOrigin(_))), "{bad}");
        }
    }
}
