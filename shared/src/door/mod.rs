//! What several functions of one door have in common. A door with a single function keeps all of it there.

pub mod mail_link;
pub mod mail_request;
pub mod oauth;
pub mod own_password;
pub mod user_session;
