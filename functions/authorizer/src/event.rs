//! What API Gateway sends: which kind of API asks, and the credentials of its request.

use std::collections::HashMap;

use guard::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use shared::http::header::{AUTHORIZATION, COOKIE, HeaderName};

/// A question of API Gateway.
#[derive(Debug)]
pub(crate) struct Event {
    /// Who asks.
    pub(crate) api: Api,
    /// `Authorization` and `Cookie` of the request. No other part of it is read, and never its query.
    pub(crate) headers: HeaderMap,
}

/// A kind of API, by the answer that it takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// An HTTP API, payload format 2.0 with simple responses.
    HttpSimple,
    /// An HTTP API, payload format 1.0.
    HttpPolicy(Stage),
    /// A REST API, or the `$connect` of a WebSocket API.
    RestOrWebSocket(Stage),
}

/// A stage of an API: the start of the ARN of its routes, `arn:…:<api>/<stage>`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stage(String);

/// Not an event that API Gateway sends to an authorizer. What it was is not said: it may have a token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The event is not one that API Gateway sends to a Lambda authorizer.")]
pub struct NotAnEvent;

/// The members that are read, of whichever format.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(rename = "type")]
    kind: String,
    version: Option<String>,
    method_arn: Option<String>,
    authorization_token: Option<String>,
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    multi_value_headers: Option<HashMap<String, Vec<String>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
}

impl Event {
    pub(crate) fn read(event: Value) -> Result<Self, NotAnEvent> {
        let members: Members = serde_json::from_value(event).map_err(|_| NotAnEvent)?;
        let stage = || members.method_arn.as_deref().and_then(Stage::of).ok_or(NotAnEvent);
        let api = match (members.kind.as_str(), members.version.as_deref()) {
            ("REQUEST", Some("2.0")) => Api::HttpSimple,
            ("REQUEST", Some("1.0")) => Api::HttpPolicy(stage()?),
            ("REQUEST" | "TOKEN", None) => Api::RestOrWebSocket(stage()?),
            _ => return Err(NotAnEvent),
        };
        let headers = if members.kind == "TOKEN" {
            let token = members.authorization_token.unwrap_or_default();
            credentials([(AUTHORIZATION.as_str(), token.as_str())])
        } else {
            members.credentials()
        };
        Ok(Self { api, headers: headers? })
    }
}

impl Members {
    fn credentials(&self) -> Result<HeaderMap, NotAnEvent> {
        let cookies = self.cookies.iter().flatten().map(|cookie| (COOKIE.as_str(), cookie.as_str()));
        // Of a header that is sent twice, `headers` has the last one alone.
        match self.multi_value_headers.as_ref().filter(|headers| !headers.is_empty()) {
            Some(all) => {
                credentials(cookies.chain(all.iter().flat_map(|(name, values)| {
                    values.iter().map(move |value| (name.as_str(), value.as_str()))
                })))
            }
            None => {
                credentials(cookies.chain(
                    self.headers.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())),
                ))
            }
        }
    }
}

/// Those of the headers that carry credentials, whatever the case of their names.
fn credentials<'e>(headers: impl IntoIterator<Item = (&'e str, &'e str)>) -> Result<HeaderMap, NotAnEvent> {
    let known = |name: &str| {
        [AUTHORIZATION, COOKIE].into_iter().find(|known| name.eq_ignore_ascii_case(known.as_str()))
    };
    let found = headers.into_iter().filter_map(|(name, value)| Some((known(name)?, value)));
    // Not `from_str`: a cookie of somebody else's may have any letters.
    let readable = |(name, value): (HeaderName, &str)| match HeaderValue::from_bytes(value.as_bytes()) {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(NotAnEvent),
    };
    found.map(readable).collect()
}

impl Stage {
    /// Of `arn:<partition>:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`; a WebSocket API has `$connect` in
    /// place of method and path. The path is the caller's and may have any characters.
    fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(3, '/');
        let (api, stage, _route) = (parts.next()?, parts.next()?, parts.next()?);
        let named = api.starts_with("arn:") && api.split(':').count() == 6 && !api.ends_with(':');
        (named && !stage.is_empty()).then(|| Self(format!("{api}/{stage}")))
    }

    /// The resource of a policy about all that the stage has.
    pub(crate) fn all_routes(&self) -> String {
        format!("{}/*", self.0)
    }
}

#[cfg(test)]
mod tests {
    use guard::presented;
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod";

    fn stage() -> Stage {
        Stage(ARN.to_owned())
    }

    #[track_caller]
    fn read(event: Value) -> (Api, Option<String>) {
        let event = Event::read(event).unwrap();
        (event.api, presented(&event.headers).unwrap().map(str::to_owned))
    }

    #[test]
    fn an_event_says_which_api_asks() {
        let headers = json!({ "Authorization": "Bearer a.1" });
        let arn = format!("{ARN}/GET/orders");
        let token = Some("a.1".to_owned());
        let http_2 = json!({ "version": "2.0", "type": "REQUEST", "headers": headers });
        assert_eq!(read(http_2), (Api::HttpSimple, token.clone()));
        let http_1 = json!({ "version": "1.0", "type": "REQUEST", "methodArn": arn, "headers": headers });
        assert_eq!(read(http_1), (Api::HttpPolicy(stage()), token.clone()));
        let rest = json!({ "type": "REQUEST", "methodArn": arn, "headers": headers });
        assert_eq!(read(rest), (Api::RestOrWebSocket(stage()), token.clone()));
        let by_token = json!({ "type": "TOKEN", "methodArn": arn, "authorizationToken": "Bearer a.1" });
        assert_eq!(read(by_token), (Api::RestOrWebSocket(stage()), token));
    }

    #[test]
    fn what_is_not_there_may_be_null_or_left_out() {
        let event = json!({
            "type": "REQUEST", "methodArn": format!("{ARN}/$connect"),
            "headers": null, "multiValueHeaders": null, "queryStringParameters": null, "cookies": null,
        });
        assert_eq!(read(event), (Api::RestOrWebSocket(stage()), None));
        assert_eq!(read(json!({ "version": "2.0", "type": "REQUEST" })), (Api::HttpSimple, None));
    }

    #[test]
    fn a_header_that_is_sent_twice_is_seen_twice() {
        for headers in [
            json!({ "Authorization": ["Bearer a.1", "Bearer a.2"] }),
            json!({ "Authorization": ["Bearer a.1"], "authorization": ["Bearer a.2"] }),
        ] {
            let event = json!({
                "type": "REQUEST", "methodArn": format!("{ARN}/GET/"),
                "headers": { "Authorization": "Bearer a.2" }, "multiValueHeaders": headers,
            });
            let event = Event::read(event).unwrap();
            assert!(presented(&event.headers).is_err());
        }
    }

    #[test]
    fn the_cookies_of_format_2_are_a_list() {
        let event = json!({ "version": "2.0", "type": "REQUEST", "cookies": ["a=b", "JSESSIONID=s.1"], "headers": {} });
        assert_eq!(read(event), (Api::HttpSimple, Some("s.1".to_owned())));
    }

    #[test]
    fn a_cookie_of_somebody_else_s_stands_in_nobody_s_way() {
        let cookies = json!(["name=Zoë", "JSESSIONID=s.1"]);
        let event = json!({ "version": "2.0", "type": "REQUEST", "cookies": cookies, "headers": {} });
        assert_eq!(read(event), (Api::HttpSimple, Some("s.1".to_owned())));
        let headers = json!({ "Authorization": "Bearer a.1", "Cookie": "name=Zoë" });
        let event = json!({ "type": "REQUEST", "methodArn": format!("{ARN}/GET/"), "headers": headers });
        assert_eq!(read(event), (Api::RestOrWebSocket(stage()), Some("a.1".to_owned())));
    }

    #[test]
    fn a_token_in_the_query_is_not_one() {
        let event = json!({
            "type": "REQUEST", "methodArn": format!("{ARN}/$connect"), "headers": {},
            "queryStringParameters": { "access_token": "a.1", "Authorization": "Bearer a.1", "JSESSIONID": "s.1" },
        });
        assert_eq!(read(event).1, None);
    }

    #[test]
    fn a_policy_is_about_the_whole_stage_and_no_other() {
        for route in ["GET/orders", "GET/", "$connect", "POST/a:b/c/d", "GET/*/x", ""] {
            let stage = Stage::of(&format!("{ARN}/{route}"));
            assert_eq!(stage.unwrap().all_routes(), format!("{ARN}/*"), "{route}");
        }
        for arn in [
            "",
            "*",
            "a1b2c3d4e5/prod/GET/orders",
            ARN,
            "arn:aws:execute-api:eu-central-1:123456789012:/prod/GET/",
        ] {
            assert_eq!(Stage::of(arn), None, "{arn}");
        }
        let empty = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5//GET/";
        assert_eq!(Stage::of(empty), None);
    }

    #[test]
    fn what_is_no_question_is_told_without_repeating_it() {
        let arn = format!("{ARN}/GET/");
        for event in [
            json!(null),
            json!("Bearer a.1"),
            json!({}),
            json!({ "type": "REQUEST" }),
            json!({ "type": "REQUEST", "version": "3.0", "methodArn": arn }),
            json!({ "type": "TOKEN", "version": "2.0", "methodArn": arn, "authorizationToken": "Bearer a.1" }),
            json!({ "type": "REQUEST", "methodArn": "Bearer a.1", "headers": {} }),
            json!({ "type": "REQUEST", "methodArn": arn, "headers": "Bearer a.1" }),
            json!({ "type": "REQUEST", "methodArn": arn, "headers": { "authorization": "Bearer a.1\n" } }),
            json!({ "authorizationToken": "Bearer a.1", "requestContext": { "apiId": "appsync" } }),
        ] {
            let error = Event::read(event.clone()).unwrap_err();
            assert!(!error.to_string().contains("a.1"), "{event}");
        }
    }
}
