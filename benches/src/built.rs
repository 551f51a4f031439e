//! The binaries that are measured, built as they are deployed.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use tempfile::TempDir;
use tests::events;

use crate::progress;

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of this program and of all that it builds.
fn folder() -> PathBuf {
    let program = env::current_exe().expect("the path of this program");
    program.parent().expect("its folder").to_owned()
}

/// The path of a binary.
pub(crate) fn path(name: &str) -> PathBuf {
    file(&folder(), name)
}

/// What functions and the local server are held against; each is an example of this package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Yardstick {
    /// The cheapest function there can be.
    Floor,
    /// A function of `lambda_http` and nothing else.
    Runtime,
    /// A function of all that the functions are made of, which does what it is told.
    Stack,
    /// What the local server's functions are made of, over a store of its own, without a server.
    Engine,
}

impl Yardstick {
    /// What functions are held against.
    const OF_FUNCTIONS: [Self; 3] = [Self::Floor, Self::Runtime, Self::Stack];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Runtime => "runtime",
            Self::Stack => "stack",
            Self::Engine => "engine",
        }
    }

    /// The path of its binary.
    pub(crate) fn path(self) -> PathBuf {
        file(&folder().join("examples"), self.name())
    }
}

/// Binaries as Lambda has them, which unpacks them from a zip: written from the first byte to the last. What a linker
/// leaves was written here and there, lies so in the system's cache, and starts up to a tenth later.
pub(crate) struct Unpacked(TempDir);

impl Unpacked {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    /// The path of a binary as it is beside this function, unpacked the first time. The stack has a copy for each, so that it is no
    /// fresher in the processor's caches than the function is.
    pub(crate) fn path(&self, binary: &Path, function: &str) -> PathBuf {
        let name = binary.file_name().expect("a file").to_string_lossy();
        let unpacked = self.0.path().join(format!("{name}-{function}"));
        if !unpacked.exists() {
            let bytes = fs::read(binary).expect("a binary that was built");
            let mut copy = File::create(&unpacked).expect("a folder of its own");
            // Nothing of it is left to be written while something is measured.
            copy.write_all(&bytes).and_then(|()| copy.sync_all()).expect("a folder of its own");
            let permissions = fs::metadata(binary).expect("a binary that was built").permissions();
            fs::set_permissions(&unpacked, permissions).expect("a folder of its own");
        }
        unpacked
    }
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Builds these functions with the features that all functions together have, as cargo-lambda does on a deploy. What is
/// fresh is not built again.
pub(crate) fn functions(names: &[String]) {
    let packages = events::functions();
    progress(&format!("building {} functions (the first time, 40 s each)", names.len()));
    cargo(packages.iter().map(String::as_str), "--bin", names.iter().map(String::as_str));
}

/// Builds what the functions are held against, with the same features.
pub(crate) fn yardsticks() {
    let packages = events::functions();
    let packages = packages.iter().map(String::as_str).chain(["benches"]);
    cargo(packages, "--example", Yardstick::OF_FUNCTIONS.map(Yardstick::name));
}

/// Builds the local server and what it is held against.
pub(crate) fn server() {
    progress("building the local server");
    cargo(["latchkey"], "--bin", ["latchkey"]);
    cargo(["latchkey", "benches"], "--example", [Yardstick::Engine.name()]);
}

fn cargo<'n>(
    packages: impl IntoIterator<Item = &'n str>,
    kind: &'n str,
    targets: impl IntoIterator<Item = &'n str>,
) {
    let target = folder().parent().expect("the target folder").to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked"]).arg("--target-dir").arg(target).current_dir(root());
    if cfg!(debug_assertions) {
        // Good for a look at this program alone: it takes what the tests have built.
        cargo.args(["--workspace", "--bins", "--examples"]);
        return run(&mut cargo);
    }
    cargo.arg("--release");
    cargo.args(packages.into_iter().flat_map(|package| ["--package", package]));
    cargo.args(targets.into_iter().flat_map(|target| [kind, target]));
    run(&mut cargo);
}

fn run(cargo: &mut Command) {
    if !cargo.status().expect("cargo").success() {
        process::exit(1);
    }
}
