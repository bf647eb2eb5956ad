//! Many members at once: everybody asks to join within a storm and all end in one epoch with one code. A sample here; the full
//! size, 300, in the soak that `ENTENTE_STORM=300` asks for. Times are printed, never asserted.

mod support;

use std::time::Instant;
use support::Meeting;

/// The hub's batches in a storm: those that came while the last commit was under way (K3.3).
const BATCH: usize = 25;

#[test]
fn a_storm_of_joins_ends_in_one_epoch_with_one_code() {
    let size: usize = std::env::var("ENTENTE_STORM")
        .ok()
        .and_then(|size| size.parse().ok())
        .unwrap_or(40);
    let begin = Instant::now();
    let mut meeting = Meeting::of(1);
    let mut next = 1;
    while next < size {
        let last = (next + BATCH).min(size);
        let joiners = (next..last)
            .map(|i| meeting.world.person(i % 3, &format!("p{i}")))
            .collect();
        let committer = (next / BATCH) as u32;
        let started = Instant::now();
        meeting.change(committer, joiners, &[]);
        println!(
            "{last} members: batch of {} in {:?}",
            last - next,
            started.elapsed()
        );
        next = last;
    }
    let code = meeting.members[0].code().unwrap();
    let epoch = meeting.epoch();
    for member in &meeting.members {
        assert!(member.code().unwrap() == code && member.epoch() == Ok(epoch));
        assert_eq!(member.roster().unwrap().len(), size);
    }
    println!(
        "{size} members in one epoch after {:?}, everything of everybody on one core",
        begin.elapsed()
    );
}
