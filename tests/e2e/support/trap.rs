//! A server that nobody is to call.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

/// Where keys are fetched from by whoever believes what a token says of them.
pub(crate) struct Trap(TcpListener);

impl Trap {
    pub(crate) fn set() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// The system takes a connection before anyone accepts it, so none is missed.
    #[track_caller]
    pub(crate) fn caught_nobody(&self) {
        let call = self.0.accept().map(|(_, from)| from);
        assert_eq!(call.expect_err("nobody calls").kind(), ErrorKind::WouldBlock);
    }
}
