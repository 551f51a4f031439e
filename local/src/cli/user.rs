//! `latchkey user …`

use std::path::PathBuf;

use clap::Subcommand;

use super::{Page, Target};

/// `latchkey user …`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user
    #[command(
        after_help = "Example:\n  latchkey user create --username BR0001 --email br@example.com --password 'a long one' --sub-type admin --scope users:read --scope users:write"
    )]
    Create {
        /// The account, by its id; the default account if left out
        #[arg(long)]
        account: Option<String>,
        /// The username
        #[arg(long)]
        username: String,
        /// The e-mail address
        #[arg(long)]
        email: String,
        /// The password, or - to read it from standard input; a random one, shown once, if left out. Other users of this machine see what stands here
        #[arg(long)]
        password: Option<String>,
        /// What the user is: the claim sub_type
        #[arg(long, default_value = "user")]
        sub_type: String,
        /// What the user's tokens allow; can be repeated
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// List users
    List {
        /// Which part
        #[command(flatten)]
        page: Page,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Show one user
    Show {
        /// The id, username or e-mail address
        user: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Change what a user's tokens say and allow. What is left out stays as it is
    #[command(
        after_help = "If a scope goes or the sub_type changes, the user's sessions and tokens from before end; who checks JWTs by the published\nkeys alone takes those that are out until they expire.\n\nExamples:\n  latchkey user update ada --scope users:read --scope users:write\n  latchkey user update ada --sub-type admin --aws\n  latchkey user update mallory --no-scopes"
    )]
    Update {
        /// The id, username or e-mail address
        user: String,
        /// What the user is: the claim sub_type
        #[arg(long)]
        sub_type: Option<String>,
        /// What the user's tokens allow, in place of what they allowed; can be repeated
        #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "no_scopes")]
        scopes: Vec<String>,
        /// They allow nothing
        #[arg(long)]
        no_scopes: bool,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Refuse every sign-in, session and token of a user from now on, and revoke the user's access keys
    #[command(
        after_help = "Who checks JWTs by the published keys alone takes those that are out until they expire.\n\nExample:\n  latchkey user suspend mallory"
    )]
    Suspend {
        /// The id, username or e-mail address
        user: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Let a suspended user sign in again; counts as verified. Sessions and access keys from before stay ended
    Activate {
        /// The id, username or e-mail address
        user: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Forget the wrong passwords for a user's name and from their devices: who is locked out can try at once
    Unlock {
        /// The id, username or e-mail address
        user: String,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Give a user another password: all of their sessions and tokens end, and they are told so by mail
    #[command(
        after_help = "A suspended user stays suspended, and access keys go on.\n\nExamples:\n  latchkey user set-password ada\n  pass show ada | latchkey user set-password ada --password - --aws"
    )]
    SetPassword {
        /// The id, username or e-mail address
        user: String,
        /// The password, or - to read it from standard input; a random one, shown once, if left out. Other users of this machine see what stands here
        #[arg(long)]
        password: Option<String>,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Delete a user with all that is theirs: sessions, access keys and names, which are free again
    #[command(
        after_help = "Who checks JWTs by the published keys alone takes those that are out until they expire.\n\nExample:\n  latchkey user delete mallory --yes"
    )]
    Delete {
        /// The id, username or e-mail address
        user: String,
        /// Do it. Without this the command says who would go, and deletes nothing
        #[arg(long)]
        yes: bool,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Make users of the lines of a file, with the password hashes of the system that they come from
    #[command(
        after_help = "Each line is one user in JSON. Only email must be there; what else can be:\n  username       the id if left out: they sign in with the address\n  password_hash  $argon2id$…, $2b$… (bcrypt), $scrypt$…, $pbkdf2-sha256$…, pbkdf2_sha256$… (Django), $fbscrypt$… (Firebase);\n                 without one they choose a password by \"forgotten password\"\n  status         active (the default), unverified or suspended\n  id, account, sub_type, scopes, first_name, last_name, display_name, phone, time_zone, created_at\nA hash is replaced by one of Argon2id when its owner signs in. Nobody is sent a mail. An import that was broken off can be begun again.\ndocs/moving.md makes such lines of what Firebase, Supabase, Auth0, Keycloak, Cognito and Django export.\n\nExamples:\n  latchkey user import users.jsonl --check\n  latchkey user import users.jsonl --aws\n  echo '{\"email\":\"ada@example.com\",\"password_hash\":\"$2b$12$…\"}' | latchkey user import -"
    )]
    Import {
        /// The file; - is standard input
        file: PathBuf,
        /// Say what is wrong with the file, and write nothing
        #[arg(long)]
        check: bool,
        /// Where and how
        #[command(flatten)]
        target: Target,
    },
    /// Write all users with their password hashes to standard output, as import takes them
    #[command(
        after_help = "Whoever has the hashes can try passwords on them: keep the file as you keep the database. Users who are changed meanwhile are written as they were or as they are.\n\nExamples:\n  latchkey user export > users.jsonl\n  latchkey user export --aws | gzip > users.jsonl.gz"
    )]
    Export {
        /// Folder of the data of a local server, running or not
        #[arg(long, value_name = "DIR", default_value = ".latchkey")]
        data: PathBuf,
        /// Read from AWS, with the usual AWS configuration; ACCOUNTS_TABLE names the table
        #[arg(long, conflicts_with = "data")]
        aws: bool,
    },
}
