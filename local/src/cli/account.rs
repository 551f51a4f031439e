//! `latchkey account …`

use clap::Subcommand;

use super::{Page, Target};

/// `latchkey account …`
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account; its secret is shown once
    #[command(after_help = "Example:\n  latchkey account create --name Hubler --json")]
    Create {
        /// What to call it
        #[arg(long, default_value = "")]
        name: String,
        /// Its id, 24 hexadecimal digits; a new one if left out
        #[arg(long)]
        id: Option<String>,
        /// Its secret, or - to read it from standard input; a random one if left out. Other users of this machine see what stands here
        #[arg(long)]
        secret: Option<String>,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// List accounts
    List {
        /// Which part
        #[command(flatten)]
        page: Page,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Show one account
    Show {
        /// Its id
        id: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Refuse its secret and its tokens from now on; its users go on
    Disable {
        /// Its id
        id: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Let it in again
    Enable {
        /// Its id
        id: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Forget the wrong secrets: whoever has the right one need not wait any more
    Unlock {
        /// Its id
        id: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Give it a new secret, which is shown once; the old one is refused from now on
    #[command(
        after_help = "A token that the old secret brought is good for up to 24 hours: leave the account disabled for as long, if someone else may have it.\n\nExample:\n  latchkey account new-secret 000000000000000000000001 --json"
    )]
    NewSecret {
        /// Its id
        id: String,
        /// The secret, or - to read it from standard input; a random one if left out. Other users of this machine see what stands here
        #[arg(long)]
        secret: Option<String>,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
}
