//! Randomness from the operating system's generator, through aws-lc.

use aws_lc_rs::rand;

/// The generator gave nothing. Nothing that needs randomness may go on.
#[derive(Debug, thiserror::Error)]
#[error("the random generator is unavailable")]
pub struct RandomUnavailable;

/// `N` unpredictable bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomUnavailable> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| RandomUnavailable)?;
    Ok(bytes)
}
