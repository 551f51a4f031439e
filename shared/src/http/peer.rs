//! Who sends a request, as API Gateway saw it: never what a forwarded header claims.

use std::net::{IpAddr, Ipv6Addr};

use lambda_http::RequestExt;
use lambda_http::request::RequestContext;

use super::{Request, header};

/// The network address and the software of a caller.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// The address of the connection that API Gateway accepted.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, cut to 256 characters.
    pub user_agent: String,
}

impl Peer {
    /// Reads the event's context.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let address = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.http.source_ip.as_deref().and_then(|address| address.parse().ok())
            }
            _ => None,
        };
        let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Self { address, user_agent: user_agent.unwrap_or_default().chars().take(256).collect() }
    }

    /// What failures of this caller are counted under: the IPv4 address, or the /64 that one IPv6 subscriber has.
    #[must_use]
    pub fn network(&self) -> Option<String> {
        self.address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Option<String> {
        Peer { address: address.parse().ok(), user_agent: String::new() }.network()
    }

    #[test]
    fn one_ipv6_subscriber_is_one_network() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), Some("2001:db8:1:2::/64".into()));
        assert_eq!(network("::ffff:192.0.2.1"), Some("192.0.2.1".into()));
        assert_eq!(network("192.0.2.1"), Some("192.0.2.1".into()));
    }
}
