//! What a run may write for others when it syncs a group.

use crate::protocol::many::group_sync::{Budget, OTHERS};

/// What this many groups of a hundred bytes may be synced with, of a thousand files, if others write as much each time.
fn groups(of_others: u64, elsewhere: u64) -> usize {
    let mut budget = Budget::default();
    for group in 0..100 {
        let dirty = 100 + of_others + elsewhere;
        if !budget.permits(dirty, 100, 1000) {
            return group;
        }
        budget = budget.after(dirty, 100, elsewhere);
    }
    100
}

#[test]
fn what_is_on_other_file_systems_counts_once() {
    assert_eq!((groups(0, 0), groups(0, OTHERS * 1000)), (100, 100));
    assert_eq!(groups(0, OTHERS * 1001), 0);
}

#[test]
fn what_others_write_all_the_time_is_not_waited_for_again_and_again() {
    assert_eq!(groups(OTHERS * 100, 0), 10);
    assert_eq!(groups(OTHERS * 1001, 0), 0);
    // What was written during a sync is left as well.
    let budget = Budget::default().after(500, 100, 0).after(1100, 100, 1000);
    assert_eq!((budget.elsewhere, budget.spent), (Some(0), 400 + 1000));
}
