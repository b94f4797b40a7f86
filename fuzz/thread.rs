//! Fuzzing on one thread.

/// Makes the calling thread the only one. A fuzzer runs small inputs by the thousand; handing each step of each over to
/// another thread and waiting for it takes longer than the step.
pub(crate) fn only_this_one() {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()
        .expect("nothing has run in parallel before");
}
