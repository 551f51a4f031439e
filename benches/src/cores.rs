//! Which core something runs on.

use std::thread;

/// The core of what is measured.
pub(crate) const MEASURED: usize = 0;
/// The core of who measures.
pub(crate) const MEASURING: usize = 1;

/// Runs something on one core, with all the processes and threads that it starts. Where the system does not let
/// programs choose, or has one core alone, it runs anywhere.
pub(crate) fn on<T: Send>(core: usize, work: impl FnOnce() -> T + Send) -> T {
    let pinned = move || {
        pin(core);
        work()
    };
    thread::scope(|scope| scope.spawn(pinned).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(target_os = "linux")]
fn pin(core: usize) {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(core);
    // A machine with one core refuses the second.
    let _ = rustix::thread::sched_setaffinity(None, &cores);
}

#[cfg(not(target_os = "linux"))]
fn pin(_: usize) {}
