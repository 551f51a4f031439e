//! How long the tokens of a session last, for those who ask by OAuth.

use std::time::Duration;

use super::{ACCESS_TOKEN_LIFETIME, COOKIE_LIFETIME, Session, SessionToken, TokenKind};
use crate::clock::Timestamp;

/// When a token was issued, as far as the session still knows, and when it ends; in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Unknown of the tokens that were replaced by the last refresh.
    pub issued: Option<i64>,
    /// The first second in which it is refused.
    pub expires: i64,
}

impl Session {
    /// Whether an authentic refresh token of this session leads to its next tokens at this moment.
    #[must_use]
    pub fn renews(&self, token: &SessionToken, grace: Duration, now: Timestamp) -> bool {
        self.is_live(now)
            && (token.generation == self.generation
                || self.replaced(token) && now.since(self.rotated) <= grace)
    }

    /// How many seconds the access token of the present generation is still good for.
    #[must_use]
    pub fn access_left(&self, now: Timestamp) -> u64 {
        let of_session = self.expires.min(self.idle_expires).saturating_sub(now.seconds());
        let of_token = ACCESS_TOKEN_LIFETIME.as_secs().saturating_sub(now.since(self.rotated).as_secs());
        of_token.min(u64::try_from(of_session).unwrap_or(0))
    }

    /// From when to when a token lasts that this session accepts or that renews it.
    #[must_use]
    pub fn lifetime(&self, token: &SessionToken, grace: Duration) -> Lifetime {
        let end = self.expires.min(self.idle_expires);
        let until = |from: Timestamp, life: Duration| first_second(from + life).min(end);
        let lifetime =
            |issued: Option<Timestamp>, expires| Lifetime { issued: issued.map(Timestamp::seconds), expires };
        match token.kind {
            TokenKind::Cookie => lifetime(Some(self.created), until(self.created, COOKIE_LIFETIME)),
            _ if self.replaced(token) => lifetime(None, until(self.rotated, grace)),
            TokenKind::Access => {
                lifetime(Some(self.rotated), until(self.rotated, ACCESS_TOKEN_LIFETIME + grace))
            }
            _ => lifetime(Some(self.rotated), end),
        }
    }

    /// Whether the last refresh replaced this token.
    pub(super) fn replaced(&self, token: &SessionToken) -> bool {
        token.generation.checked_add(1) == Some(self.generation)
    }
}

/// The first whole second at or after a moment.
fn first_second(at: Timestamp) -> i64 {
    (at + Duration::from_millis(999)).seconds()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ObjectId;
    use crate::session::SessionId;

    const GRACE: Duration = Duration::from_secs(10);
    const START: Timestamp = Timestamp::from_millis(1_000_000_700);

    fn session() -> Session {
        Session {
            id: SessionId::from_bytes([1; 4]),
            user: ObjectId::from_bytes([2; 12]),
            generation: 3,
            key: String::new(),
            created: START,
            authenticated: START,
            rotated: START,
            expires: START.seconds() + 30 * 86_400,
            idle_expires: START.seconds() + 14 * 86_400,
            address: String::new(),
            user_agent: String::new(),
        }
    }

    /// What is said of the end of a token is when it ends.
    #[test]
    fn a_token_is_accepted_in_every_second_before_its_end_and_in_none_after() {
        let kinds = [
            (TokenKind::Access, 3),
            (TokenKind::Access, 2),
            (TokenKind::Cookie, 0),
            (TokenKind::NextRefresh, 3),
            (TokenKind::NextRefresh, 2),
        ];
        for (kind, generation) in kinds {
            let session = session();
            let token = session.token(kind, generation);
            let holds = |second: i64| {
                let now = Timestamp::from_seconds(second);
                session.accepts(&token, GRACE, now)
                    || kind == TokenKind::NextRefresh && session.renews(&token, GRACE, now)
            };
            let end = session.lifetime(&token, GRACE).expires;
            assert!(holds(end - 1) && !holds(end), "{kind:?} {generation}");
        }
    }

    #[test]
    fn what_is_left_never_exceeds_a_life_nor_falls_below_nothing() {
        let mut session = session();
        let life = ACCESS_TOKEN_LIFETIME.as_secs();
        assert_eq!(session.access_left(START), life);
        assert_eq!(session.access_left(START + Duration::from_millis(999)), life, "a second that has begun");
        assert_eq!(session.access_left(START - Duration::from_secs(600)), life);
        assert_eq!(session.access_left(START + ACCESS_TOKEN_LIFETIME * 2), 0);
        session.idle_expires = START.seconds() + 60;
        assert_eq!(session.access_left(START), 60);
        session.expires = START.seconds() - 60;
        assert_eq!(session.access_left(START), 0);
    }
}
