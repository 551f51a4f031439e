//! What a client shows of itself, before anyone has looked whether it is true.

use super::{Parameters, Refusal};
use crate::http::body::form_decoded;
use crate::http::{Fault, Request, credentials};
use crate::secret::Secret;

/// How a client shows its secret (RFC 6749 section 2.3.1), by the names of RFC 8414.
pub const SECRET_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];
/// How a client goes without one.
pub const PUBLIC_METHOD: &str = "none";

/// What a client shows of itself.
#[derive(Debug)]
pub enum Credentials {
    /// Nothing.
    Nothing,
    /// Its id, and no secret.
    Id(String),
    /// Its id and a secret, in the header or in the body.
    Secret {
        /// The id.
        id: String,
        /// The secret.
        secret: Secret<String>,
    },
}

impl Credentials {
    /// Reads them. A client authenticates in one way (RFC 6749 section 2.3).
    pub fn of(request: &Request, parameters: &Parameters) -> Result<Self, Fault> {
        let (id, secret) = (parameters.get("client_id"), parameters.get("client_secret"));
        let Some((by_header, secret_by_header)) = in_header(request)? else {
            return match (id, secret) {
                (None, None) => Ok(Self::Nothing),
                (Some(id), None) => Ok(Self::Id(id.to_owned())),
                (Some(id), Some(secret)) => Ok(Self::Secret { id: id.to_owned(), secret: mended(secret) }),
                (None, Some(_)) => Err(Refusal::InvalidClient.because("A client_secret needs a client_id.")),
            };
        };
        // The id may be repeated in the body (RFC 6749 section 3.2.1); another one would be another client.
        if secret.is_some() || id.is_some_and(|id| id != by_header) {
            let both = "Authenticate in the Authorization header or in the body, not in both.";
            return Err(Refusal::InvalidRequest.because(both));
        }
        Ok(Self::Secret { id: by_header, secret: secret_by_header })
    }
}

/// The id and the secret of the Basic scheme, each encoded like a value of a form.
fn in_header(request: &Request) -> Result<Option<(String, Secret<String>)>, Fault> {
    let refused = || Refusal::InvalidClient.because("The Authorization header holds no Basic credentials.");
    let Some(basic) = credentials::basic(request).map_err(|_| refused())? else { return Ok(None) };
    let id = form_decoded(&basic.id).ok_or_else(refused)?;
    let secret = form_decoded(basic.secret.expose()).map(Secret::new).ok_or_else(refused)?;
    Ok(Some((id, mended(secret.expose()))))
}

/// Many clients send their secret as it is, and a plus sign that is not encoded reads as a space. No secret has one.
fn mended(secret: &str) -> Secret<String> {
    Secret::new(secret.replace(' ', "+"))
}
