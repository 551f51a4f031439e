//! What a person reads when the server has started: where it is, and a line to try each door with.

use std::fmt::Write;

use shared::id::ObjectId;

use crate::bootstrap::{ADMIN, Bootstrapped};

/// The text for a start at `url`, with where the data and the mails are; with the secrets if this is the first run.
#[must_use]
pub fn text(url: &str, store: &str, mails: &str, account: ObjectId, first: Option<&Bootstrapped>) -> String {
    let mut text = format!("Latchkey is listening on {url}\nData: {store}\nMails: {mails}\n\n");
    let secret = |get: fn(&Bootstrapped) -> &String, stand_in: &str| {
        first.map_or_else(|| stand_in.to_owned(), |made| get(made).clone())
    };
    let account_secret = secret(|made| &made.account_secret, "ACCOUNT-SECRET");
    let password = secret(|made| &made.password, "PASSWORD");
    let access_key = secret(|made| &made.access_key, "ACCESS-KEY");
    let key_secret = secret(|made| &made.access_key_secret, "KEY-SECRET");
    if first.is_some() {
        let _ = writeln!(
            text,
            "First run. These secrets are shown once and kept nowhere in readable form:\n\
             \x20 account     {account}  secret    {account_secret}\n\
             \x20 user        {ADMIN}                     password  {password}\n\
             \x20 access key  {access_key}\n\
             \x20             secret    {key_secret}\n\n\
             Try each door:"
        );
    } else {
        text.push_str(
            "Lost a secret? A new password for admin: POST /auth/password/forgot with email=admin@example.com, and the mails above.\n\
             `latchkey account create` and `access-key create --user admin` make others, whose ids replace those below.\n\
             Without the data folder the next start is a first one.\n\n\
             Try each door, with the secrets of the first run in place of the words in capitals:\n",
        );
    }
    let json = "-H 'Content-Type: application/json'";
    let login = format!(
        "curl -s {url}/login {json} -d '{{\"accessKey\":\"{access_key}\",\"secret\":\"{key_secret}\"}}'"
    );
    let lines = [
        (
            "account token",
            format!(
                "curl -s {url}/public-api/auth/ {json} -d '{{\"account\":\"{account}\",\"secret\":\"{account_secret}\"}}'"
            ),
        ),
        ("user session", format!("curl -s {url}/auth/login -d username={ADMIN} -d password={password}")),
        ("access key", login.clone()),
        ("verify token", format!("curl -s {url}/auth/verify-token -H \"Authorization: Bearer $({login})\"")),
        (
            "scoped token",
            format!(
                "curl -s {url}/v1/auth {json} -d '{{\"username\":\"{ADMIN}\",\"password\":\"{password}\"}}'"
            ),
        ),
        (
            "OAuth 2.0",
            format!(
                "curl -s {url}/oauth/token -u {access_key}:{key_secret} -d grant_type=client_credentials"
            ),
        ),
    ];
    for (door, line) in lines {
        let _ = write!(text, "\n# {door}\n{line}\n");
    }
    text.push_str("\nCtrl-C ends it.\n");
    text
}
