//! The binaries and examples of the workspace, built as the test was.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of a binary of the workspace, as in `login` or `latchkey`.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    file(folder(), name)
}

/// The path of an example, as in `protected_function`.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    file(&folder().join("examples"), name)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} was not built", path.display());
    path
}

/// `cargo test` builds nothing for the tests of another package, so the first call of a process has cargo build it all:
/// next to nothing when it is fresh. All, for one package alone would have dependencies of other features, and compile them again.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build)
}

/// This test is `<target>/<profile>/deps/e2e-…`; the binaries are two floors up.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("the folder of the profile");
    let target = folder.parent().expect("the target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--bins", "--examples", "--locked", "--offline", "--quiet"])
        .args(["--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo");
    assert!(built.success(), "the binaries cannot be built");
    folder.to_owned()
}
