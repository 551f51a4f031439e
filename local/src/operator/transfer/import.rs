//! `latchkey user import`

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};
use serde_json::json;
use shared::App;
use shared::clock::Timestamp;
use shared::id::ObjectId;
use shared::identifier::{Email, Username};
use shared::password::StoredHash;
use shared::user::{CreateUserError, Profile, ProfileField, User, UserStatus};
use tokio::sync::Mutex;

use super::Line;
use crate::cli::Target;
use crate::operator::target::Operator;
use crate::operator::{OperatorError, describe, moment, output, user};

/// How many users are written at once.
const AT_ONCE: usize = 16;
/// How many lines are read before the next word of progress.
const STEP: usize = 1000;

/// What to import.
pub(in crate::operator) struct Import {
    /// `-` is standard input.
    pub(in crate::operator) file: PathBuf,
    /// Read the file and write nothing.
    pub(in crate::operator) check: bool,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Imported,
    /// By an earlier import of the same file.
    AlreadyThere,
}

/// What became of all.
#[derive(Default)]
struct Counts {
    taken: usize,
    already_there: usize,
    failed: usize,
}

/// Makes a user of each line, and says which line is why not.
pub(in crate::operator) async fn import(wanted: Import, target: &Target) -> Result<(), OperatorError> {
    let lines = lines(&wanted.file)?;
    let operator = Operator::connect(target).await?;
    let importer = &Importer { app: &operator.app, accounts: Mutex::default(), check: wanted.check };
    let results =
        lines.enumerate().map(|(number, line)| async move { (number + 1, importer.read(line).await) });
    let mut results = stream::iter(results).buffered(AT_ONCE);
    let mut counts = Counts::default();
    while let Some((number, done)) = results.next().await {
        counts.add(number, done);
        if number % STEP == 0 {
            eprintln!("{number} lines");
        }
    }
    let Counts { taken, already_there, failed } = counts;
    let taken_as = if wanted.check { "good" } else { "imported" };
    output::object(
        &json!({ taken_as: taken, "already_there": already_there, "failed": failed }),
        target.json,
    );
    if failed == 0 { Ok(()) } else { Err(OperatorError::Argument(MEND.to_owned())) }
}

const MEND: &str =
    "mend the lines that are named above and import the file again: whoever is there already is passed over";

impl Counts {
    fn add(&mut self, number: usize, done: Result<Option<Done>, OperatorError>) {
        match done {
            Ok(None) => {}
            Ok(Some(Done::Imported)) => self.taken += 1,
            Ok(Some(Done::AlreadyThere)) => self.already_there += 1,
            Err(error) => {
                self.failed += 1;
                eprintln!("line {number}: {}", describe(&error));
            }
        }
    }
}

fn lines(file: &Path) -> Result<Box<dyn Iterator<Item = io::Result<String>>>, OperatorError> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lines()));
    }
    let opened = File::open(file);
    let opened = opened
        .map_err(|error| OperatorError::Argument(format!("{} cannot be read: {error}", file.display())))?;
    Ok(Box::new(BufReader::new(opened).lines()))
}

struct Importer<'a> {
    app: &'a App,
    /// Those that are known to exist.
    accounts: Mutex<HashSet<ObjectId>>,
    check: bool,
}

impl Importer<'_> {
    /// Nothing of an empty line.
    async fn read(&self, line: io::Result<String>) -> Result<Option<Done>, OperatorError> {
        let line = line.map_err(|error| OperatorError::Argument(format!("cannot be read: {error}")))?;
        if line.trim().is_empty() { Ok(None) } else { self.take(&line).await.map(Some) }
    }

    async fn take(&self, line: &str) -> Result<Done, OperatorError> {
        let line: Line = serde_json::from_str(line).map_err(|error| {
            let (what, column) = (error.to_string(), error.column());
            // It counts lines too, and knows of one.
            let what = what.split(" at line 1 ").next().unwrap_or_default();
            OperatorError::Argument(format!("{what}, at character {column}"))
        })?;
        let hash = line.password_hash.clone();
        if let Some(hash) = &hash {
            hash.parse::<StoredHash>().map_err(|error| OperatorError::Argument(error.to_string()))?;
        }
        let user = new_user(self.app, line)?;
        self.expect_account(user.account).await?;
        if self.check {
            return Ok(Done::Imported);
        }
        let hash = hash.map_or_else(|| self.app.passwords.hash_of_nobody(), Ok)?;
        match user.create(&self.app.store, hash, None).await {
            Ok(()) => Ok(Done::Imported),
            Err(CreateUserError::Store(error)) => Err(error.into()),
            Err(taken) => match User::by_email(self.app, &user.email.canonical()).await? {
                Some(there) if is_same(&user, &there) => Ok(Done::AlreadyThere),
                _ => Err(taken.into()),
            },
        }
    }

    async fn expect_account(&self, account: ObjectId) -> Result<(), OperatorError> {
        let mut known = self.accounts.lock().await;
        if account != self.app.config.default_account && !known.contains(&account) {
            user::existing_account(self.app, Some(account)).await?;
            known.insert(account);
        }
        Ok(())
    }
}

/// A line without an id was given another one each time, and so was the username that comes of it.
fn is_same(wanted: &User, there: &User) -> bool {
    let unnamed =
        wanted.username.as_str() == wanted.id.to_string() && there.username.as_str() == there.id.to_string();
    wanted.id == there.id || unnamed || wanted.username.canonical() == there.username.canonical()
}

fn new_user(app: &App, line: Line) -> Result<User, OperatorError> {
    let now = app.now();
    let id = line.id.map_or_else(|| ObjectId::new(now), Ok)?;
    // Whoever signs in by the address alone needs no name.
    let username: Username = line.username.unwrap_or_else(|| id.to_string()).parse()?;
    let email: Email = line.email.parse()?;
    let scopes = line.scopes.unwrap_or_default();
    user::check_scopes(&scopes)?;
    let profile = Profile {
        first_name: line.first_name.unwrap_or_default(),
        last_name: line.last_name.unwrap_or_default(),
        display_name: line.display_name.unwrap_or_default(),
        phone: line.phone.unwrap_or_default(),
        time_zone: line.time_zone.unwrap_or_default(),
    };
    for field in ProfileField::ALL {
        let checked = field.check(profile.get(field));
        checked.map_err(|reason| OperatorError::Argument(format!("{} {reason}", field.name())))?;
    }
    Ok(User {
        id,
        account: line.account.unwrap_or(app.config.default_account),
        username,
        email,
        sub_type: line.sub_type.unwrap_or_else(|| "user".to_owned()),
        scopes,
        status: line.status.map_or(Ok(UserStatus::Active), |name| user::status(&name))?,
        profile,
        created_at: line.created_at.map_or(Ok(now), |text| moment(&text))?,
        updated_at: None,
        tokens_valid_after: Timestamp::default(),
    })
}
