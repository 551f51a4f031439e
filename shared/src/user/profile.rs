//! What users say about themselves.

use serde::{Deserialize, Serialize};

/// What users may change about themselves. What is empty is not stored: a check of a session reads every attribute there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Given name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    /// Family name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_name: String,
    /// The name to show.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// A time zone of the IANA database, as in `Africa/Lagos`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
}

/// A part of a [`Profile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileField {
    /// [`Profile::first_name`]
    FirstName,
    /// [`Profile::last_name`]
    LastName,
    /// [`Profile::display_name`]
    DisplayName,
    /// [`Profile::phone`]
    Phone,
    /// [`Profile::time_zone`]
    TimeZone,
}

impl ProfileField {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::FirstName, Self::LastName, Self::DisplayName, Self::Phone, Self::TimeZone];

    /// Its attribute, and its name in requests and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name_and_longest().0
    }

    /// Whether it may be this text.
    ///
    /// # Errors
    /// What is wrong with the text, for the person who wrote it.
    pub fn check(self, text: &str) -> Result<(), String> {
        let (_, most) = self.name_and_longest();
        if text.chars().count() > most {
            return Err(format!("has at most {most} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err("has no control characters".to_owned());
        }
        Ok(())
    }

    const fn name_and_longest(self) -> (&'static str, usize) {
        match self {
            Self::FirstName => ("first_name", 100),
            Self::LastName => ("last_name", 100),
            Self::DisplayName => ("display_name", 100),
            Self::Phone => ("phone", 32),
            Self::TimeZone => ("time_zone", 64),
        }
    }
}

impl Profile {
    /// One part of it.
    #[must_use]
    pub fn get(&self, field: ProfileField) -> &str {
        match field {
            ProfileField::FirstName => &self.first_name,
            ProfileField::LastName => &self.last_name,
            ProfileField::DisplayName => &self.display_name,
            ProfileField::Phone => &self.phone,
            ProfileField::TimeZone => &self.time_zone,
        }
    }
}
