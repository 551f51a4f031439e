//! One count of wrong guesses: an item that is raised by one conditional write before a guess is looked at.

use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Timestamp;
use crate::random;
use crate::store::{self, Call, Item, StoreError, Updated, if_held, number};

use super::{AttemptError, Subject};

/// With fewer than `below` attempts on the count, the next one must come `after` the last.
struct Tier {
    below: u32,
    after: Duration,
}

const fn tier(below: u32, seconds: u64) -> Tier {
    Tier { below, after: Duration::from_secs(seconds) }
}

const TIERS: [Tier; 9] = [
    tier(5, 0),
    tier(6, 1),
    tier(7, 2),
    tier(8, 4),
    tier(9, 8),
    tier(10, 16),
    tier(15, 60),
    tier(30, 300),
    tier(MOST, 900),
];

/// The most failures in a row.
pub(super) const MOST: u32 = 100;

/// How long a refused attempt waits for others to be decided: as long as some ten sign-ins take.
const UNDECIDED_WAITS: [Duration; 5] = [
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
    Duration::from_millis(320),
    Duration::from_millis(640),
];

/// How long a reservation without an answer may take to be taken back. The call itself may have taken six seconds, and the
/// function has ten.
const TAKEN_BACK_WITHIN: Duration = Duration::from_secs(1);

/// A count is forgotten after this long without an attempt.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);

/// The item that counts: `n` attempts, the last of them at `last`.
#[derive(Debug, Serialize, Deserialize)]
struct Count {
    n: u32,
    last: Timestamp,
    expires: i64,
    /// Whether any of them has turned out wrong.
    #[serde(default)]
    failed: bool,
    /// Of the reservation that raised it last.
    #[serde(default)]
    mark: String,
}

/// An attempt on the count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reservation {
    at: Timestamp,
    /// When the attempt before it was.
    before: Option<Timestamp>,
}

/// What an attempt replaces: nothing if it is the first.
#[derive(Deserialize)]
struct Before {
    last: Option<Timestamp>,
}

enum Increment {
    /// With the time of the attempt before.
    Done(Option<Timestamp>),
    /// The count as it stands does not allow another attempt.
    Refused(Count),
}

/// Reserves one attempt.
///
/// Several people may sign in with one name at the same time, and rightly so: while none of the attempts on the count
/// has turned out wrong, a refused one waits a little for them to be decided. Once one has, the answer is at once.
pub(super) async fn reserve(app: &App, subject: &Subject) -> Result<Reservation, AttemptError> {
    let mark: [u8; 8] = random::bytes().map_err(StoreError::from)?;
    let mark = hex::encode(mark);
    let reserved = reserve_as(app, subject, &mark).await;
    if matches!(reserved, Err(AttemptError::Store(_))) {
        // Whether it was written is not known: if it was, it is taken back, where storage answers by now.
        let _ = tokio::time::timeout(TAKEN_BACK_WITHIN, release_marked(app, subject, &mark)).await;
    }
    reserved
}

async fn reserve_as(app: &App, subject: &Subject, mark: &str) -> Result<Reservation, AttemptError> {
    let mut waits = UNDECIDED_WAITS.into_iter();
    loop {
        let now = app.now();
        let count = match increment(app, subject, now, mark).await? {
            Increment::Done(before) => return Ok(Reservation { at: now, before }),
            Increment::Refused(count) => count,
        };
        if count.mark == mark {
            // The SDK has tried before, and lost the answer.
            return Ok(Reservation { at: count.last, before: None });
        }
        if count.expires <= now.seconds() {
            if restart(app, subject, &count, now, mark).await? {
                return Ok(Reservation { at: now, before: None });
            }
            continue;
        }
        match waits.next().filter(|_| !count.failed) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(AttemptError::TooMany(wait(&count, now))),
        }
    }
}

/// Marks the count: at least one of its attempts was wrong.
pub(super) async fn mark_failed(app: &App, subject: &Subject) -> Result<(), StoreError> {
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(subject.key().into_item()))
        .update_expression("SET failed = :true")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_values(":true", AttributeValue::Bool(true))
        .send_to(&app.store)
        .await;
    if_held(result).map(drop)
}

/// Forgets the count, after a right guess.
pub(super) async fn clear(app: &App, subject: &Subject) -> Result<(), StoreError> {
    let delete = DeleteItemInput::builder().table_name(&app.store.tables.tokens);
    delete.set_key(Some(subject.key().into_item())).send_to(&app.store).await?;
    Ok(())
}

/// Takes a reservation back: the guess could not be checked through no fault of the guesser. The wait is again the one
/// after the attempt before, unless there was another one since.
pub(super) async fn release(
    app: &App,
    subject: &Subject,
    reservation: Reservation,
) -> Result<(), StoreError> {
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let update = update
        .set_key(Some(subject.key().into_item()))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":zero", number(0));
    if let Some(before) = reservation.before {
        let update = update.clone();
        let result = update
            .update_expression("SET n = n - :one, #last = :before")
            .condition_expression("n > :zero AND #last = :at")
            .expression_attribute_names("#last", "last")
            .expression_attribute_values(":before", number(before.millis()))
            .expression_attribute_values(":at", number(reservation.at.millis()))
            .send_to(&app.store)
            .await;
        if if_held(result)?.is_some() {
            return Ok(());
        }
    }
    let result = update
        .update_expression("SET n = n - :one")
        .condition_expression("n > :zero")
        .send_to(&app.store)
        .await;
    if_held(result).map(drop)
}

/// Takes the last reservation back if it has this mark.
async fn release_marked(app: &App, subject: &Subject, mark: &str) -> Result<(), StoreError> {
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(subject.key().into_item()))
        .update_expression("SET n = n - :one REMOVE mark")
        .condition_expression("mark = :mark AND n >= :one")
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":mark", AttributeValue::S(mark.to_owned()))
        .send_to(&app.store)
        .await;
    if_held(result).map(drop)
}

/// Raises the count; or gives it back as it stands, if it does not allow another attempt, or has this mark already.
async fn increment(
    app: &App,
    subject: &Subject,
    now: Timestamp,
    mark: &str,
) -> Result<Increment, StoreError> {
    let (allowed, mut values) = allowed(now);
    values.extend([
        (":mark".to_owned(), AttributeValue::S(mark.to_owned())),
        (":zero".to_owned(), number(0)),
        (":one".to_owned(), number(1)),
        (":now".to_owned(), number(now.millis())),
        (":seconds".to_owned(), number(now.seconds())),
        (":expires".to_owned(), number((now + FORGOTTEN_AFTER).seconds())),
    ]);
    let condition = format!(
        "attribute_not_exists(pk) OR (expires > :seconds AND (attribute_not_exists(mark) OR mark <> :mark) AND ({allowed}))"
    );
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(subject.key().into_item()))
        .update_expression(
            "SET n = if_not_exists(n, :zero) + :one, #last = :now, expires = :expires, mark = :mark",
        )
        .condition_expression(condition)
        .expression_attribute_names("#last", "last")
        .set_expression_attribute_values(Some(values))
        .return_values(ReturnValue::AllOld)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send_to(&app.store)
        .await;
    match store::updated(result)? {
        Updated::Yes(item) => {
            let before: Before = serde_dynamo::from_item(item)?;
            Ok(Increment::Done(before.last))
        }
        Updated::No(item) => Ok(Increment::Refused(serde_dynamo::from_item(item.unwrap_or_default())?)),
    }
}

/// The condition of a count that allows another attempt, and its values.
fn allowed(now: Timestamp) -> (String, Item) {
    let mut values = Item::new();
    let mut allowed = Vec::with_capacity(TIERS.len());
    for (at, tier) in TIERS.iter().enumerate() {
        values.insert(format!(":below{at}"), number(tier.below));
        // Clocks differ between machines: a tier without a wait does not compare with the time of the last attempt.
        if tier.after.is_zero() {
            allowed.push(format!("n < :below{at}"));
        } else {
            values.insert(format!(":last{at}"), number((now - tier.after).millis()));
            allowed.push(format!("(n < :below{at} AND #last <= :last{at})"));
        }
    }
    (allowed.join(" OR "), values)
}

/// Starts again at one: the old count had expired but was not yet deleted. False if someone else did so meanwhile.
async fn restart(
    app: &App,
    subject: &Subject,
    old: &Count,
    now: Timestamp,
    mark: &str,
) -> Result<bool, StoreError> {
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(subject.key().into_item()))
        .update_expression("SET n = :one, #last = :now, expires = :expires, mark = :mark REMOVE failed")
        .condition_expression("expires = :old")
        .expression_attribute_names("#last", "last")
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":now", number(now.millis()))
        .expression_attribute_values(":expires", number((now + FORGOTTEN_AFTER).seconds()))
        .expression_attribute_values(":old", number(old.expires))
        .expression_attribute_values(":mark", AttributeValue::S(mark.to_owned()))
        .send_to(&app.store)
        .await;
    if_held(result).map(|held| held.is_some())
}

fn wait(count: &Count, now: Timestamp) -> Duration {
    let until = TIERS
        .iter()
        .find(|tier| count.n < tier.below)
        .map_or_else(|| Timestamp::from_seconds(count.expires), |tier| count.last + tier.after);
    until.since(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_the_last_tier_ends_at_the_most() {
        assert!(TIERS.windows(2).all(|pair| pair[0].below < pair[1].below && pair[0].after < pair[1].after));
        assert_eq!(TIERS[TIERS.len() - 1].below, MOST);
    }

    #[test]
    fn the_wait_is_told_from_the_last_attempt() {
        let now = Timestamp::from_seconds(1_000_000);
        let count = |n, ago| Count {
            n,
            last: now - Duration::from_secs(ago),
            expires: now.seconds() + 500,
            failed: true,
            mark: String::new(),
        };
        assert_eq!(wait(&count(5, 0), now), Duration::from_secs(1));
        assert_eq!(wait(&count(12, 20), now), Duration::from_secs(40));
        assert_eq!(wait(&count(100, 20), now), Duration::from_secs(500));
    }
}
