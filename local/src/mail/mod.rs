//! Mail on a laptop: what is in the outbox is sent as in AWS, and unless it is to go elsewhere it can be read at `/local/mail`.

mod delivery;
mod page;
mod way;

pub use delivery::deliver;
pub use page::{PATH, is_wanted, page};
pub use way::{MailFolder, Way};
