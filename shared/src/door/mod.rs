//! What several functions of one door have in common. A door with a single function keeps all of it there.

pub mod user_session;
