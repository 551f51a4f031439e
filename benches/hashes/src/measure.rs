//! The processor's time of one thread, by turns: who else is on the machine disturbs little, and disturbs all alike.

use std::error::Error;

use rustix::time::{ClockId, clock_gettime};

use crate::contenders::Contender;
use crate::input::Input;

/// How often each contender hashes with each set of parameters.
const ROUNDS: u32 = 25;

/// The parameters of the service, and the same number of blocks in memory that fits a processor's cache: what is left
/// of the time there is compute.
const SERVICE: (u32, u32) = (19_456, 2);
const IN_CACHE: (u32, u32) = (512, 76);

/// Prints a table in Markdown: milliseconds with the service's parameters, and in the cache.
pub fn print_table(contenders: &mut [Box<dyn Contender>]) -> Result<(), Box<dyn Error>> {
    let service = times(contenders, SERVICE)?;
    let in_cache = times(contenders, IN_CACHE)?;
    println!("| implementation | ms | p10 | p90 | ratio | in cache, ms | ratio |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let first = (at(&service, 0, 50), at(&in_cache, 0, 50));
    for (index, contender) in contenders.iter().enumerate() {
        let [low, median, high] = [10, 50, 90].map(|percent| at(&service, index, percent));
        let cached = at(&in_cache, index, 50);
        println!(
            "| {} | {median:.2} | {low:.2} | {high:.2} | {:.2} | {cached:.2} | {:.2} |",
            contender.name(),
            median / first.0,
            cached / first.1,
        );
    }
    Ok(())
}

/// A percentile of one contender's times.
fn at(times: &[Vec<f64>], contender: usize, percent: usize) -> f64 {
    times[contender][(times[contender].len() - 1) * percent / 100]
}

/// Each contender's times in milliseconds, sorted. The first round allocates what is kept, and is left out.
fn times(
    contenders: &mut [Box<dyn Contender>],
    (memory_kib, passes): (u32, u32),
) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut times = vec![Vec::new(); contenders.len()];
    for round in 0..=ROUNDS {
        let input = Input::plain(memory_kib, passes, &round.to_le_bytes(), b"sixteen salt byt");
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            let started = milliseconds();
            std::hint::black_box(contender.hash(&input)?);
            if round > 0 {
                times.push(milliseconds() - started);
            }
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    Ok(times)
}

/// How long this thread has run, in the kernel too: page faults count.
fn milliseconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    std::time::Duration::try_from(now).unwrap_or_default().as_secs_f64() * 1000.0
}
