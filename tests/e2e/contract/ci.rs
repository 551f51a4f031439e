//! CI does what the documents say.

use std::collections::{BTreeMap, BTreeSet};

use tests::documents;

/// Which line of CI runs each command of the README.
#[test]
fn ci_runs_every_command_of_the_readme() {
    let readme = documents::text("README.md");
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    let shown: BTreeSet<&str> = blocks.flat_map(|(block, _)| block.lines()).collect();
    let run = BTreeMap::from([
        ("cargo run", (".ci/first-run", r#"["cargo", "run", "#)),
        ("cargo test --workspace", (".ci/run", "local command='cargo test --workspace'")),
        ("sam build", (".ci/sam-build", "sam build ")),
        ("sam deploy --guided", (".ci/sam-deploy", r#"("sam", ["deploy", "--guided"]"#)),
    ]);
    assert_eq!(shown, run.keys().copied().collect());
    for (command, (file, line)) in run {
        assert!(documents::text(file).contains(line), "{command} in {file}");
    }
    for step in [".ci/first-run", "sam_build", "run_tests"] {
        assert!(
            documents::text(".ci/run").lines().any(|line| line.starts_with("step ") && line.ends_with(step))
        );
    }
}

#[test]
fn ci_has_the_cargo_lambda_of_the_documentation() {
    let version = |text: &str| {
        let after = text.split_once("cargo-lambda==").expect("a version of cargo-lambda").1;
        after
            .split(|character: char| character != '.' && !character.is_ascii_digit())
            .next()
            .map(str::to_owned)
    };
    assert_eq!(version(&documents::text(".ci/run")), version(&documents::text("docs/cargo-lambda.md")));
}
