//! The command line.
#![expect(clippy::doc_markdown, reason = "these comments are the help that people read in a terminal")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An authentication service: every function in one process, on an embedded store.
#[derive(Debug, Parser)]
#[command(
    name = "latchkey",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  latchkey                        serve on port 3000, data in .latchkey/\n  latchkey --port 0 --memory      serve on any port, keep nothing\n  latchkey user create --username ada --email ada@example.com --password '…'\n  latchkey access-key list --json\n  eval \"$(latchkey env)\"           reach the store of the running server with any AWS tool\n\nSettings come from the environment, by the names of template.yaml:\n  PUBLIC_URL, DEFAULT_ACCOUNT, ACCOUNTS_TABLE, TOKENS_TABLE, KEYS_TABLE\n  SESSION_ABSOLUTE_SECONDS, SESSION_IDLE_SECONDS, REFRESH_GRACE_SECONDS\n  ARGON2_MEMORY_KIB, ARGON2_ITERATIONS, ARGON2_PARALLELISM\n  PASSWORD_MIN_LENGTH, UNVERIFIED_SIGN_IN (allow, refuse), ADDRESS_FAILURES, KEY_ROTATION_DAYS\n  AUDIENCE, SIGNING_ALGORITHM (RS256, ES256, EdDSA), PRODUCT_NAME, PRODUCT_COLOR\n  MAIL_TRANSPORT (smtp://…, smtps://…, ses, folder:DIR; unset: the page /local/mail), MAIL_FROM, SSL_CERT_FILE"
)]
pub struct Cli {
    /// How to serve, without a command.
    #[command(flatten)]
    pub serve: Serve,
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How to serve.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Folder of the data
    #[arg(long, value_name = "DIR", default_value = ".latchkey")]
    pub data: PathBuf,
    /// Keep the data in memory only; nothing is written
    #[arg(long, conflicts_with = "data")]
    pub memory: bool,
    /// Port on the loopback address; 0 takes any free one
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Write no line for each request
    #[arg(long)]
    pub quiet: bool,
}

/// The operator's commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accounts: make, list, show
    #[command(subcommand)]
    Account(AccountCommand),
    /// Users: make, list, show, import, export
    #[command(subcommand)]
    User(UserCommand),
    /// Access keys: make, list, show
    #[command(subcommand)]
    AccessKey(AccessKeyCommand),
    /// Signing keys: list, rotate, retire
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the environment with which other programs reach the store of a running server
    #[command(
        after_help = "The store answers only those who know its access key id, which changes with every start.\n\nExample:\n  eval \"$(latchkey env)\" && aws dynamodb list-tables"
    )]
    Env {
        /// Folder of the data of the running server
        #[arg(long, value_name = "DIR", default_value = ".latchkey")]
        data: PathBuf,
        /// Answer in JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}

/// Where a command finds the data, and how it answers.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Folder of the data of a local server, running or not
    #[arg(long, value_name = "DIR", default_value = ".latchkey")]
    pub data: PathBuf,
    /// Work on AWS, with the usual AWS configuration; ACCOUNTS_TABLE, TOKENS_TABLE and KEYS_TABLE name the tables
    #[arg(long, conflicts_with = "data")]
    pub aws: bool,
    /// Answer in JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// What part of a list to show.
#[derive(Debug, Clone, Args)]
pub struct Page {
    /// How many to show at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Go on after this one, as a list that was cut says
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

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
}

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
        #[arg(long = "scope")]
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
        #[arg(long = "scope")]
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
}

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
