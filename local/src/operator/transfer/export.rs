//! `latchkey user export`

use std::io::{self, BufWriter, Write};

use shared::App;
use shared::store::StoreError;
use shared::user::{Credential, User};

use super::Line;
use crate::cli::Target;
use crate::operator::target::Operator;
use crate::operator::{OperatorError, list, user};

/// DynamoDB reads so many items in one batch.
const BATCH: usize = 100;

/// Writes all users to standard output.
pub(in crate::operator) async fn export(target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let mut output = BufWriter::new(io::stdout().lock());
    let mut start = None;
    loop {
        let (items, next) = list::scan(app, "USER", start).await?;
        let users: Vec<User> = list::read(&items)?;
        for users in users.chunks(BATCH) {
            for line in lines(app, users).await? {
                let written = serde_json::to_writer(&mut output, &line).map_err(io::Error::from);
                written.and_then(|()| output.write_all(b"\n")).map_err(OperatorError::Output)?;
            }
        }
        start = next;
        if start.is_none() {
            return output.flush().map_err(OperatorError::Output);
        }
    }
}

/// With the hashes, which are kept beside the names.
async fn lines(app: &App, users: &[User]) -> Result<Vec<Line>, StoreError> {
    let accounts = app.store.tables.accounts.as_str();
    let key = |user: &User| Credential::key(&user.username.canonical());
    let mut found = app.store.get_all(users.iter().map(|user| (accounts, key(user))).collect()).await?;
    let mut lines = Vec::new();
    for user in users {
        // Without one, the user was deleted since the record was read.
        let credential: Option<Credential> = found.take(&key(user))?;
        // Someone else may have taken the name since.
        if let Some(credential) = credential.filter(|credential| credential.user == user.id) {
            lines.push(line(user, credential));
        }
    }
    Ok(lines)
}

fn line(user: &User, credential: Credential) -> Line {
    let profile = user.profile.clone();
    let unless_empty = |text: String| (!text.is_empty()).then_some(text);
    Line {
        id: Some(user.id),
        account: Some(user.account),
        username: Some(user.username.to_string()),
        email: user.email.to_string(),
        password_hash: Some(credential.password_hash),
        status: Some(user::status_name(user.status).to_owned()),
        sub_type: Some(user.sub_type.clone()),
        scopes: Some(user.scopes.clone()),
        first_name: unless_empty(profile.first_name),
        last_name: unless_empty(profile.last_name),
        display_name: unless_empty(profile.display_name),
        phone: unless_empty(profile.phone),
        time_zone: unless_empty(profile.time_zone),
        created_at: Some(user.created_at.to_rfc3339()),
    }
}
