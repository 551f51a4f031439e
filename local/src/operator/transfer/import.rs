//! `latchkey user import`

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

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
/// How long to wait for storage before another try.
const THROTTLED: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

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
    let mut addresses = HashSet::new();
    let results = lines.enumerate().map(|(number, line)| {
        let comer = importer.read(line, &mut addresses);
        async move {
            let done = match comer {
                Ok(Some(comer)) => importer.take(comer).await.map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            (number + 1, done)
        }
    });
    let mut results = stream::iter(results).buffered(AT_ONCE);
    let mut counts = Counts::default();
    while let Some((number, done)) = results.next().await {
        counts.add(number, done)?;
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
    /// Fails with what is not about this line, and would happen to the others too.
    fn add(&mut self, number: usize, done: Result<Option<Done>, OperatorError>) -> Result<(), OperatorError> {
        match done {
            Ok(None) => {}
            Ok(Some(Done::Imported)) => self.taken += 1,
            Ok(Some(Done::AlreadyThere)) => self.already_there += 1,
            Err(error @ (OperatorError::Store(_) | OperatorError::NoTable | OperatorError::Input(_))) => {
                eprintln!(
                    "stopped at line {number}: import the file again, and whoever is there already is passed over"
                );
                return Err(error);
            }
            Err(error) => {
                self.failed += 1;
                eprintln!("line {number}: {}", describe(&error));
            }
        }
        Ok(())
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

/// Who is to be a user.
struct Comer {
    user: User,
    password_hash: Option<String>,
    /// The line says neither id nor username: both are made anew each time.
    unnamed: bool,
}

impl Importer<'_> {
    /// Nothing of an empty line.
    fn read(
        &self,
        line: io::Result<String>,
        addresses: &mut HashSet<String>,
    ) -> Result<Option<Comer>, OperatorError> {
        let line = match line {
            Ok(line) if line.trim().is_empty() => return Ok(None),
            Ok(line) => line,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(OperatorError::Argument("it is not UTF-8".to_owned()));
            }
            Err(error) => return Err(OperatorError::Input(error)),
        };
        let comer = self.comer(&line)?;
        if addresses.insert(comer.user.email.canonical()) {
            return Ok(Some(comer));
        }
        Err(OperatorError::Argument("the e-mail address is that of an earlier line".to_owned()))
    }

    fn comer(&self, line: &str) -> Result<Comer, OperatorError> {
        let line: Line = serde_json::from_str(line).map_err(|error| {
            let (what, column) = (error.to_string(), error.column());
            // It counts lines too, and knows of one.
            let what = what.split(" at line 1 ").next().unwrap_or_default();
            OperatorError::Argument(format!("{what}, at byte {column}"))
        })?;
        let password_hash = line.password_hash.clone();
        if let Some(hash) = &password_hash {
            hash.parse::<StoredHash>().map_err(|error| OperatorError::Argument(error.to_string()))?;
        }
        let unnamed = line.id.is_none() && line.username.is_none();
        Ok(Comer { user: new_user(self.app, line)?, password_hash, unnamed })
    }

    async fn take(&self, comer: Comer) -> Result<Done, OperatorError> {
        let Comer { user, password_hash, unnamed } = comer;
        self.expect_account(user.account).await?;
        if self.check {
            return Ok(Done::Imported);
        }
        let hash = password_hash.map_or_else(|| self.app.passwords.hash_of_nobody(), Ok)?;
        match self.create(&user, &hash).await {
            Ok(()) => Ok(Done::Imported),
            Err(CreateUserError::Store(error)) => Err(error.into()),
            Err(taken) => match User::by_email(self.app, &user.email.canonical()).await? {
                Some(there) if is_same(&user, &there, unnamed) => Ok(Done::AlreadyThere),
                _ => Err(taken.into()),
            },
        }
    }

    /// A new table on demand grows while it is written to, and throttles until it has.
    async fn create(&self, user: &User, hash: &str) -> Result<(), CreateUserError> {
        for wait in THROTTLED {
            match user.create(&self.app.store, hash.to_owned(), None).await {
                Err(CreateUserError::Store(error)) if error.is_unavailable() => {
                    tokio::time::sleep(wait).await;
                }
                done => return done,
            }
        }
        user.create(&self.app.store, hash.to_owned(), None).await
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

fn is_same(wanted: &User, there: &User, unnamed: bool) -> bool {
    let unnamed = unnamed && there.username.as_str() == there.id.to_string();
    wanted.id == there.id || unnamed || wanted.username.canonical() == there.username.canonical()
}

fn new_user(app: &App, line: Line) -> Result<User, OperatorError> {
    let now = app.now();
    // Whoever had this id before had tokens, too.
    let tokens_valid_after = if line.id.is_some() { now } else { Timestamp::default() };
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
        tokens_valid_after,
    })
}
