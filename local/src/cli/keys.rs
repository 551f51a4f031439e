//! `latchkey keys …`

use clap::{Subcommand, ValueEnum};

use super::Target;

/// What keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyPurpose {
    /// JWTs that others verify
    #[value(name = "RS256", alias = "rs256")]
    Rs256,
    /// Access tokens of /oauth/token, where ES256 was chosen
    #[value(name = "ES256", alias = "es256")]
    Es256,
    /// Access tokens of /oauth/token, where EdDSA was chosen
    #[value(name = "EdDSA", alias = "eddsa")]
    EdDsa,
    /// JWTs of access keys
    #[value(name = "HS384", alias = "hs384")]
    Hs384,
    /// Tokens of sessions, links in mails
    #[value(name = "Session", alias = "session")]
    Session,
}

/// `latchkey keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the signing keys and what each does now
    #[command(
        after_help = "next: published, will sign. signing: signs. verifying: only verifies what it has signed. retired: refused.\n\nExample:\n  latchkey keys list --json"
    )]
    List {
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Make a successor for every key, or for those of one purpose
    #[command(
        after_help = "A new key is published for 2 h 15 min before it signs, so that everyone who verifies has it by then; the old one verifies until its last token has expired. No token is refused.\n\nExamples:\n  latchkey keys rotate\n  latchkey keys rotate --only RS256 --soon"
    )]
    Rotate {
        /// Only the keys of this purpose
        #[arg(long, value_enum, value_name = "PURPOSE")]
        only: Option<KeyPurpose>,
        /// Sign with the new key as soon as the service itself has read it, in 6 minutes. Whoever keeps a copy of the JWKS for longer may refuse new tokens for a while
        #[arg(long)]
        soon: bool,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Take a key out at once: for one that someone else may have
    #[command(
        after_help = "Everything that the key has signed is refused within five minutes; with a Session key, the sessions end whose tokens it made. If it was the one that signs, a new one signs at once.\n\nExample:\n  latchkey keys retire 5X0vT2mN8pQrL3aZ"
    )]
    Retire {
        /// Its id, as the list shows it
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
}
