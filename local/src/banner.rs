//! What a person reads when the server has started: where it is, and a line to try each door with.

use std::fmt::Write;

use shared::id::ObjectId;

use crate::bootstrap::{ADMIN, Bootstrapped};

/// The text for a start at `url`, with where the data and the mails are; with the secrets if this is the first run.
#[must_use]
pub fn text(url: &str, store: &str, mails: &str, account: ObjectId, first: Option<&Bootstrapped>) -> String {
    let mut text = format!("Latchkey is listening on {url}\nData: {store}\nMails: {mails}\n\n");
    text.push_str(&first.map_or_else(|| LATER_RUN.to_owned(), first_run));
    let stand_ins = Bootstrapped {
        account,
        account_secret: "ACCOUNT-SECRET".to_owned(),
        password: "PASSWORD".to_owned(),
        access_key: "ACCESS-KEY".to_owned(),
        access_key_secret: "KEY-SECRET".to_owned(),
    };
    for (door, line) in doors(url, first.unwrap_or(&stand_ins)) {
        let _ = write!(text, "\n# {door}\n{line}\n");
    }
    text.push_str("\nCtrl-C ends it.\n");
    text
}

fn first_run(made: &Bootstrapped) -> String {
    let Bootstrapped { account, account_secret, password, access_key, access_key_secret } = made;
    format!(
        "First run. These secrets are shown once and kept nowhere in readable form:\n\
         \x20 account     {account}  secret    {account_secret}\n\
         \x20 user        {ADMIN}                     password  {password}\n\
         \x20 access key  {access_key}\n\
         \x20             secret    {access_key_secret}\n\n\
         Try each door:\n"
    )
}

const LATER_RUN: &str = "Lost a secret? A new password for admin: POST /auth/password/forgot with email=admin@example.com, and the mails above.\n\
     `latchkey account create` and `access-key create --user admin` make others, whose ids replace those below.\n\
     Without the data folder the next start is a first one.\n\n\
     Try each door, with the secrets of the first run in place of the words in capitals:\n";

/// A line to try each door with.
fn doors(url: &str, made: &Bootstrapped) -> [(&'static str, String); 6] {
    let Bootstrapped { account, account_secret, password, access_key, access_key_secret } = made;
    let json = "-H 'Content-Type: application/json'";
    let by_account = format!("{json} -d '{{\"account\":\"{account}\",\"secret\":\"{account_secret}\"}}'");
    let by_key = format!("{json} -d '{{\"accessKey\":\"{access_key}\",\"secret\":\"{access_key_secret}\"}}'");
    let by_name = format!("{json} -d '{{\"username\":\"{ADMIN}\",\"password\":\"{password}\"}}'");
    let login = format!("curl -s {url}/login {by_key}");
    let verify = format!("curl -s {url}/auth/verify-token -H \"Authorization: Bearer $({login})\"");
    let oauth = format!("-u {access_key}:{access_key_secret} -d grant_type=client_credentials");
    [
        ("account token", format!("curl -s {url}/public-api/auth/ {by_account}")),
        ("user session", format!("curl -s {url}/auth/login -d username={ADMIN} -d password={password}")),
        ("access key", login),
        ("verify token", verify),
        ("scoped token", format!("curl -s {url}/v1/auth {by_name}")),
        ("OAuth 2.0", format!("curl -s {url}/oauth/token {oauth}")),
    ]
}
