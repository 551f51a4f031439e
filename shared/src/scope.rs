//! Scopes: what a token allows, in the terms of the APIs that take it.

/// Whether this is one scope, the `scope-token` of RFC 6749 section 3.3: a word of printable ASCII without `"` and `\`.
#[must_use]
pub fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_word_that_ends_no_quoted_string() {
        for scope in ["a", "orders:read", "https://example.com/x?y", "!#[]~"] {
            assert!(is_scope(scope), "{scope}");
        }
        for other in ["", "a b", "a\"", "a\\", "\u{e9}", "a\n"] {
            assert!(!is_scope(other), "{other:?}");
        }
    }
}
