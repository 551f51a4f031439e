//! Which Argon2 to ship: every implementation is checked against published vectors and against the others, then they are
//! measured by turns, in the shape of a Lambda function: one process, one hash after another, memory kept where it can be.
//!
//! ```sh
//! cargo run --release --manifest-path benches/hashes/Cargo.toml
//! ```
//!
//! `--all-features` adds OpenSSL, which is slow to build. `docs/decisions/0010-argon2-implementation.md` has the outcome.

mod check;
mod contenders;
mod input;
mod measure;
mod vectors;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut contenders = contenders::all()?;
    check::published_vectors(&mut contenders)?;
    check::one_another(&mut contenders)?;
    println!("\nargon2-rust chose {} on this processor.\n", argon2_rust::detected_backend());
    // Anew, for the vectors have left them more memory than the service keeps.
    measure::print_table(&mut contenders::all()?)
}
