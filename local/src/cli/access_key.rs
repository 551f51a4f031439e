//! `latchkey access-key …`

use clap::{Subcommand, ValueEnum};

use super::{Page, Target};

/// The state of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Not yet to be used
    Pending,
    /// In use
    Active,
    /// Past its date
    Expired,
    /// Never to be used again
    Revoked,
}

/// `latchkey access-key …`
#[derive(Debug, Subcommand)]
pub enum AccessKeyCommand {
    /// Make an access key; its secret is shown once
    #[command(
        after_help = "Example:\n  latchkey access-key create --user admin --role Partner --realm Partner --domain /partners --expires 2027-12-31"
    )]
    Create {
        /// Whose key: the id, username or e-mail address of a user
        #[arg(long)]
        user: String,
        /// A role: the claim ar; can be repeated
        #[arg(long = "role")]
        roles: Vec<String>,
        /// The claim realm
        #[arg(long, default_value = "")]
        realm: String,
        /// The claim ca
        #[arg(long, default_value = "")]
        ca: String,
        /// The claim cid
        #[arg(long, default_value = "")]
        cid: String,
        /// The claim domain
        #[arg(long, default_value = "")]
        domain: String,
        /// What its OAuth access tokens may allow; can be repeated. One of the user's scopes; all that the user has if left out
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Whether it may be used
        #[arg(long, value_enum, default_value = "active")]
        state: State,
        /// When it ends: 2027-12-31 or 2027-12-31T23:59:59Z
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// List access keys
    List {
        /// Which part
        #[command(flatten)]
        page: Page,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Show one access key
    Show {
        /// The access key, or its ak
        key: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Let a pending key be used from now on
    Activate {
        /// The access key, or its ak
        key: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Refuse a key and its tokens from now on
    #[command(
        after_help = "Who checks JWTs by the published keys alone takes those that are out until they expire, within an hour."
    )]
    Revoke {
        /// The access key, or its ak
        key: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
}
