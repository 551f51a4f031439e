//! The POST routes, and the shape that errors have at each.

use serde_json::Value;

use super::Answer;
use super::jwt::names;

/// One POST route.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) path: &'static str,
    /// A body with every field, each of the right type, that stands for nobody.
    pub(crate) body: &'static str,
    pub(crate) shape: Shape,
    /// Whether it takes forms too.
    pub(crate) forms: bool,
}

/// What the errors of a door look like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// `{"error": "Validation", "error_description": …}`
    Account,
    /// `{"error": …}`, with or without `details`
    Session,
    /// `{"statusCode": "Error", "error": {…}}`
    AccessKey,
    /// `{"code": …, "message": …}`
    Verify,
    /// `{"code": …, "message": …, "description": …}`
    Scoped,
    /// `{"error": …, "error_description": …}`
    Oauth,
}

const ACCOUNT: &str =
    r#"{"account":"5723073937d63a18396a1bae","secret":"hubble","user_id":"613590fd0366b6816a0b75ee"}"#;

pub(crate) const DOORS: [Door; 12] = [
    Door { path: "/public-api/auth/", body: ACCOUNT, shape: Shape::Account, forms: false },
    Door { path: "/public-api/auth", body: ACCOUNT, shape: Shape::Account, forms: false },
    Door {
        path: "/auth/signup",
        body: r#"{"username":"x","password":"y","email":"z"}"#,
        shape: Shape::Session,
        forms: true,
    },
    Door {
        path: "/auth/login",
        body: r#"{"username":"nobody","password":"br123"}"#,
        shape: Shape::Session,
        forms: true,
    },
    Door {
        path: "/auth/refresh",
        body: r#"{"refresh_token":"d.cf03600e7e505af7c4e90120838a05a3"}"#,
        shape: Shape::Session,
        forms: true,
    },
    Door {
        path: "/auth/logout",
        body: r#"{"refresh_token":"d.cf03600e7e505af7c4e90120838a05a3","all":false}"#,
        shape: Shape::Session,
        forms: true,
    },
    Door {
        path: "/login",
        body: r#"{"accessKey":"986d8167a9b9a15e37db4ab4ad50877b01347a94","secret":"79bPqahzbeYuIgyod1GBjBsy38wN7KuBBNNmN/emwjFCuAfq"}"#,
        shape: Shape::AccessKey,
        forms: false,
    },
    Door {
        path: "/auth/verify-token",
        body: r#"{"token":"a.3f8f961077b54e0e"}"#,
        shape: Shape::Verify,
        forms: false,
    },
    Door {
        path: "/v1/auth",
        body: r#"{"username":"BR0001","password":"br123"}"#,
        shape: Shape::Scoped,
        forms: false,
    },
    // These take forms alone; as JSON their bodies are bad requests too.
    Door {
        path: "/oauth/token",
        body: r#"{"grant_type":"refresh_token","refresh_token":"d.cf03600e7e505af7c4e90120838a05a3"}"#,
        shape: Shape::Oauth,
        forms: true,
    },
    Door {
        path: "/oauth/introspect",
        body: r#"{"token":"a.3f8f961077b54e0e","client_id":"986d8167a9b9a15e37db4ab4ad50877b01347a94","client_secret":"x"}"#,
        shape: Shape::Oauth,
        forms: true,
    },
    Door {
        path: "/oauth/revoke",
        body: r#"{"token":"a.3f8f961077b54e0e","client_id":"986d8167a9b9a15e37db4ab4ad50877b01347a94","client_secret":"x"}"#,
        shape: Shape::Oauth,
        forms: true,
    },
];

/// The codes of RFC 6749 section 5.2 and RFC 8707, and those of failures on the service's side.
const OAUTH_CODES: [&str; 9] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "temporarily_unavailable",
    "server_error",
];

impl Door {
    /// The body's members without the braces.
    pub(crate) fn members(&self) -> &'static str {
        &self.body[1..self.body.len() - 1]
    }

    /// The body as an object.
    pub(crate) fn object(&self) -> serde_json::Map<String, Value> {
        serde_json::from_str(self.body).unwrap()
    }

    /// An answer with this status, in this door's shape.
    #[track_caller]
    pub(crate) fn refuses(&self, answer: &Answer, status: u16, why: &str) {
        assert_eq!(answer.status, status, "{} {why}: {}", self.path, answer.text);
        let body = answer.json();
        assert!(self.shape.fits(&body, status), "{} {why}: {}", self.path, answer.text);
        assert_eq!(answer.header("content-type"), "application/json", "{} {why}", self.path);
        answer.has_common_headers();
    }
}

impl Shape {
    fn fits(self, body: &Value, status: u16) -> bool {
        if !body.is_object() {
            return false;
        }
        let names = names(body);
        match self {
            Self::Account => {
                let error = if status < 500 { "Validation" } else { "Error" };
                names == ["error", "error_description"]
                    && body["error"] == error
                    && body["error_description"].is_string()
            }
            Self::Session => {
                body["error"].is_string() && (names == ["error"] || names == ["error", "details"])
            }
            Self::AccessKey => {
                names == ["statusCode", "error"]
                    && body["statusCode"] == "Error"
                    && body["error"]["name"].is_string()
                    && body["error"]["message"].is_string()
            }
            Self::Verify => {
                names == ["code", "message"] && body["code"] == status && body["message"].is_string()
            }
            Self::Scoped => {
                names == ["code", "message", "description"]
                    && body["code"] == status
                    && body["description"].is_string()
            }
            Self::Oauth => {
                let description = body["error_description"].as_str().unwrap_or("\"");
                names == ["error", "error_description"]
                    && body["error"].as_str().is_some_and(|code| OAUTH_CODES.contains(&code))
                    && description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
            }
        }
    }
}
