//! Where the goroutines of the carried processes come from.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{RELEASES, model, process};

#[test]
fn goroutines_know_the_statement_that_made_them() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, true);
        let mut of_fixture = 0;
        for goroutine in model.goroutines.iter().filter(|goroutine| goroutine.status.is_live()) {
            let Some(created) = model.created_by(goroutine) else {
                assert_eq!(goroutine.id, 1, "{release}");
                continue;
            };
            assert!(created.line > 0, "{release}: {created:?}");
            if let Some(parent) = goroutine.parent_id {
                assert!(parent < goroutine.id, "{release}: {} of {parent}", goroutine.id);
            }
            assert_eq!(goroutine.parent_id.is_some(), model.version.minor >= 21, "{release}");
            // The fixture's goroutines are made by its function `hold` alone, in a closure, at one go statement.
            if created.function.starts_with("main.hold.func") {
                assert!(created.file.ends_with("structures/goroutines.go"), "{release}: {created:?}");
                assert!(model.function_name(goroutine.startpc).unwrap().starts_with("main."), "{release}");
                of_fixture += 1;
            }
            assert_eq!((model.labels(goroutine), model.ancestors(goroutine)), (vec![], vec![]), "{release}");
        }
        assert!(of_fixture > 10, "{release}: {of_fixture}");
    }
}
