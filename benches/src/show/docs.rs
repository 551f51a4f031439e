//! Puts the figures into the documents, between the marks that are there for them.

use std::fs;
use std::io;

use crate::built;

use super::Section;

const DOCUMENTS: [&str; 2] = ["docs/performance.md", "docs/cost.md"];

/// Replaces every section that one of the documents has a place for.
pub(crate) fn write(sections: &[Section]) -> io::Result<()> {
    for document in DOCUMENTS {
        let path = built::root().join(document);
        let text = fs::read_to_string(&path)?;
        let filled = sections.iter().fold(text, |text, section| filled(&text, section));
        fs::write(path, filled)?;
    }
    Ok(())
}

/// The text with this section between its marks, if it has them.
fn filled(text: &str, section: &Section) -> String {
    let (start, end) =
        (format!("<!-- bench: {} -->\n", section.name), format!("<!-- end: {} -->", section.name));
    let parts = text.split_once(&start).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    match parts {
        Some((before, after)) => format!(
            "{before}{start}\n{}\n{end}{after}",
            section.text.trim_end_matches('\n').to_owned() + "\n"
        ),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_the_place_of_its_old_text_and_of_nothing_else() {
        let text = "a\n<!-- bench: x -->\nold\n<!-- end: x -->\nb\n";
        let once = filled(text, &Section { name: "x", text: "new\n".to_owned() });
        assert_eq!(once, "a\n<!-- bench: x -->\n\nnew\n\n<!-- end: x -->\nb\n");
        assert_eq!(filled(&once, &Section { name: "x", text: "new\n".to_owned() }), once);
        assert_eq!(filled(text, &Section { name: "y", text: "new".to_owned() }), text);
    }
}
