//! What becomes of a user after signup: verified, with a new password or address, gone. Each is one transaction with
//! the message that tells of it.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::{Credential, EmailOwner, User, UserStatus};
use crate::access_key::AccessKey;
use crate::app::App;
use crate::attempt;
use crate::clock::Timestamp;
use crate::log;
use crate::one_time::{OneTime, Purpose};
use crate::outbox::{Content, Message};
use crate::random::RandomUnavailable;
use crate::session::{self, Session, SessionId};
use crate::store::{self, Key, StoreError, Transaction, delete, delete_if, if_held, number, update};

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The one-time token was spent, or the user changed, at the same moment.
    #[error("the user changed meanwhile")]
    Overtaken,
    /// Someone else has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

/// What allows a new password.
pub enum Permit {
    /// The link in a mail, which is spent.
    Link(Box<TransactWriteItem>),
    /// The old password.
    OldPassword {
        /// The hash that it was compared with, and that must still be the user's.
        hash: String,
        /// The session that goes on.
        keep: Option<SessionId>,
    },
    /// An operator of the service, who vouches for whoever gets it.
    Operator,
}

impl User {
    /// The e-mail address is the user's: 1 becomes 0, and the token is spent.
    pub async fn verify_email(&self, app: &App, spend: TransactWriteItem) -> Result<(), ChangeError> {
        let mut items = vec![spend];
        if self.status == UserStatus::Unverified {
            items.push(activate(app, Self::key(self.id))?);
            items.push(activate(app, Credential::key(&self.username.canonical()))?);
        }
        done(app.store.transact(items).await?)
    }

    /// Replaces the password, refuses every token from before, and tells the user.
    pub async fn set_password(&self, app: &App, hash: String, permit: Permit) -> Result<(), ChangeError> {
        let keep = match &permit {
            Permit::Link(_) | Permit::Operator => None,
            Permit::OldPassword { keep, .. } => *keep,
        };
        // Who signs in with the old password while the transaction is on its way does so after the present moment.
        let until = app.now() + WRITTEN_WITHIN;
        done(app.store.transact(self.new_password(app, hash, permit, until)?).await?)?;
        self.after_password(app, until, keep).await;
        Ok(())
    }

    /// The credential with the new hash; the record, which refuses what is from before `until`; and the notice.
    fn new_password(
        &self,
        app: &App,
        hash: String,
        permit: Permit,
        until: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, ChangeError> {
        let accounts = &app.store.tables.accounts;
        let mut credential = vec![(":hash", AttributeValue::S(hash))];
        let mut record = vec![(":until", number(until.millis()))];
        let notice = Message::new(Content::PasswordChanged { user: self.id }, app.now())?;
        let mut items = vec![notice.item(&app.store)?];
        let (activate, credential_condition, record_condition) = match permit {
            Permit::Link(spend) => {
                items.push(*spend);
                if self.status == UserStatus::Unverified {
                    // A link in a mail also shows that the address is theirs. Someone may be suspending them.
                    let statuses = [
                        (":active", AttributeValue::from(UserStatus::Active)),
                        (":suspended", AttributeValue::from(UserStatus::Suspended)),
                    ];
                    credential.extend(statuses.clone());
                    record.extend(statuses);
                    (", #status = :active", NOT_SUSPENDED, NOT_SUSPENDED)
                } else {
                    ("", EXISTS, EXISTS)
                }
            }
            Permit::OldPassword { hash, keep } => {
                credential.push((COMPARED, AttributeValue::S(hash)));
                if let Some(session) = keep {
                    let (table, key) = (&app.store.tables.tokens, Session::key(self.id, session));
                    items.push(update(table, key, "SET authenticated = :until", EXISTS, &record)?);
                }
                ("", STILL_COMPARED, EXISTS)
            }
            Permit::Operator => ("", EXISTS, EXISTS),
        };
        let set_hash = format!("SET password_hash = :hash{activate}");
        let set_after = format!("SET tokens_valid_after = :until{activate}");
        let key = Credential::key(&self.username.canonical());
        items.push(update(accounts, key, &set_hash, credential_condition, &credential)?);
        items.push(update(accounts, Self::key(self.id), &set_after, record_condition, &record)?);
        Ok(items)
    }

    /// What follows a new password. It counts already, so whoever chose it is told so whatever fails here: sessions that
    /// stay are refused by the record, and so are new ones, for some seconds, while it has not been written anew.
    async fn after_password(&self, app: &App, until: Timestamp, keep: Option<SessionId>) {
        let (username, now) = (self.username.canonical(), app.now());
        let (ended, allowed, forgotten) = tokio::join!(
            session::end_until(app, self.id, now, keep),
            self.allow_again(app, until, now, keep),
            attempt::forget(app, self.id, &username),
        );
        for error in [ended, allowed, forgotten].into_iter().filter_map(Result::err) {
            log::warn("a new password is set, but not all that follows it", &error);
        }
    }

    /// What begins from now on is good again, unless someone else has meanwhile refused even that.
    async fn allow_again(
        &self,
        app: &App,
        until: Timestamp,
        now: Timestamp,
        keep: Option<SessionId>,
    ) -> Result<(), StoreError> {
        let update = UpdateItemInput::builder().table_name(&app.store.tables.accounts);
        let update = update
            .set_key(Some(Self::key(self.id).into_item()))
            .update_expression("SET tokens_valid_after = :now")
            .condition_expression("tokens_valid_after = :until OR tokens_valid_after < :now")
            .expression_attribute_values(":until", number(until.millis()))
            .expression_attribute_values(":now", number(now.millis()));
        if_held(app.store.update_past_transactions(update).await)?;
        match keep {
            Some(session) => session::renew(app, self.id, session, now).await,
            None => Ok(()),
        }
    }

    /// Replaces the address by one that is confirmed, and tells the old one.
    pub async fn set_email(&self, app: &App, one_time: &OneTime) -> Result<(), ChangeError> {
        let (old, new) = (self.email.canonical(), one_time.email.canonical());
        let now = app.now();
        let accounts = &app.store.tables.accounts;
        let told = Content::EmailChanged { user: self.id, email: self.email.clone() };
        let mut items = vec![
            one_time.spend(app, Purpose::ConfirmEmail)?,
            self.new_email(app, one_time, now)?,
            Message::new(told, now)?.item(&app.store)?,
        ];
        // An address that only changes its case keeps its item.
        let taken = (new != old).then_some(items.len());
        if taken.is_some() {
            let owner = EmailOwner { username: self.username.canonical() };
            items.push(store::new_item(accounts, EmailOwner::key(&new), &owner)?);
            items.push(delete(accounts, EmailOwner::key(&old))?);
        }
        if self.status == UserStatus::Unverified {
            items.push(activate(app, Credential::key(&self.username.canonical()))?);
        }
        match app.store.transact(items).await? {
            Transaction::Done => Ok(()),
            Transaction::Refused(at) if Some(at) == taken => Err(ChangeError::EmailTaken),
            Transaction::Refused(_) => Err(ChangeError::Overtaken),
        }
    }

    /// The record with the new address.
    fn new_email(
        &self,
        app: &App,
        one_time: &OneTime,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut values = vec![
            (":email", AttributeValue::S(one_time.email.to_string())),
            (":now", number(now.millis())),
            (":old", AttributeValue::S(self.email.to_string())),
            (":asked", number(one_time.asked_at.millis())),
        ];
        let mut set = "SET email = :email, updated_at = :now".to_owned();
        // Whoever changes the password, or ends all sessions, also stops a change that a thief has begun.
        let mut condition =
            "email = :old AND (attribute_not_exists(tokens_valid_after) OR tokens_valid_after <= :asked)"
                .to_owned();
        // They read its mail.
        if self.status == UserStatus::Unverified {
            set.push_str(", #status = :active");
            condition.push_str(" AND #status = :unverified");
            values.extend(activation());
        }
        update(&app.store.tables.accounts, Self::key(self.id), &set, &condition, &values)
    }

    /// Removes everything of a user, if `hash` is still the one of the password: in one transaction, so that one that is
    /// refused takes nothing away, and none ends half-way. A login by an access key does not look whether it still has a
    /// user, and nor does a refresh.
    pub async fn delete(&self, app: &App, hash: String) -> Result<(), ChangeError> {
        let mut items = self.names(app, hash)?;
        items.extend(self.belongings(app).await?);
        items.truncate(IN_A_TRANSACTION);
        done(app.store.transact(items).await?)?;
        // What came between, or was too much. Nothing comes any more, and nobody could ask for this again.
        let username = self.username.canonical();
        let (forgotten, swept) = tokio::join!(attempt::forget(app, self.id, &username), self.sweep(app));
        for error in [forgotten, swept].into_iter().filter_map(Result::err) {
            log::warn("a user is deleted, but not all that was left of them", &error);
        }
        Ok(())
    }

    /// Deletes the user's names and record. After a new address or another deletion, that would leave names behind or
    /// free those of someone else.
    fn names(&self, app: &App, hash: String) -> Result<Vec<TransactWriteItem>, StoreError> {
        let accounts = &app.store.tables.accounts;
        let (compared, email) = (AttributeValue::S(hash), AttributeValue::S(self.email.to_string()));
        let credential = Credential::key(&self.username.canonical());
        Ok(vec![
            delete_if(accounts, credential, STILL_COMPARED, &[(COMPARED, compared)])?,
            delete(accounts, EmailOwner::key(&self.email.canonical()))?,
            delete_if(accounts, Self::key(self.id), "email = :email", &[(":email", email)])?,
        ])
    }

    /// Deletes what the user has: access keys, sessions and links, and last what leads to the access keys, which opens
    /// nothing.
    async fn belongings(&self, app: &App) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (accounts, tokens) = (app.store.tables.accounts.as_str(), app.store.tables.tokens.as_str());
        let pk = Self::partition(self.id);
        let (lasting, passing) =
            tokio::join!(app.store.keys_of(accounts, &pk), app.store.keys_of(tokens, &pk));
        let (lasting, passing) = (lasting?, passing?);
        let links = lasting.iter().filter_map(|key| Some((AccessKey::of_link(key)?, key)));
        let keys = links.clone().map(|(ak, _)| delete(accounts, AccessKey::key(ak)));
        let passing = passing.into_iter().map(|key| delete(tokens, key));
        let links = links.map(|(_, link)| delete(accounts, link.clone()));
        keys.chain(passing).chain(links).collect()
    }

    async fn sweep(&self, app: &App) -> Result<(), StoreError> {
        for items in self.belongings(app).await?.chunks(IN_A_TRANSACTION) {
            app.store.transact(items.to_vec()).await?;
        }
        Ok(())
    }
}

impl From<UserStatus> for AttributeValue {
    fn from(status: UserStatus) -> Self {
        number(u8::from(status))
    }
}

/// The status of this item, which a record and a credential both have, from 1 to 0.
fn activate(app: &App, key: Key) -> Result<TransactWriteItem, StoreError> {
    let accounts = &app.store.tables.accounts;
    update(accounts, key, "SET #status = :active", "#status = :unverified", &activation())
}

fn activation() -> [(&'static str, AttributeValue); 2] {
    [(":active", UserStatus::Active.into()), (":unverified", UserStatus::Unverified.into())]
}

pub(super) const EXISTS: &str = "attribute_exists(pk)";
const NOT_SUSPENDED: &str = "attribute_exists(pk) AND #status <> :suspended";
/// The hash that a password was compared with, and that nobody has replaced it since.
const COMPARED: &str = ":compared";
const STILL_COMPARED: &str = "password_hash = :compared";

/// DynamoDB takes no more in one transaction.
const IN_A_TRANSACTION: usize = 100;

/// A function that has begun a transaction is given no more time than this: by then it is written or never will be.
pub const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

pub(super) fn done(transaction: Transaction) -> Result<(), ChangeError> {
    match transaction {
        Transaction::Done => Ok(()),
        Transaction::Refused(_) => Err(ChangeError::Overtaken),
    }
}
