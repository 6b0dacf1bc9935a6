//! What kind of leak a suspect looks like, told by the types on its way: each has a page in `docs/leaks/`.

use super::{Suspect, SuspectRoot};
use goheap_model::names::closure_function;
use serde::Serialize;

/// A kind, the most telling first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuspectKind {
    /// Contexts that were never cancelled, below one that lives long (context.go `cancelCtx.children`).
    Contexts,
    /// Timers and tickers that were never stopped (time.go `timers.heap`).
    Timers,
    /// Connections of net/http, mostly with bodies that were not closed.
    Connections,
    /// Handles to C (cgo/handle.go `handles`).
    CgoHandles,
    /// What a `runtime.Pinner` keeps where it is (pinner.go `pinner.refs`, since 1.21).
    Pinner,
    /// What finalizers and cleanups keep.
    Finalizers,
    /// Calls that one call deferred, and that wait for its end (panic.go `_defer`).
    Defers,
    /// A channel's buffer.
    Channel,
    /// A `sync.Pool`, which collections empty in two steps.
    Pool,
    /// Interned values (unique, intern).
    Interned,
    /// Goroutines of one stack.
    Goroutines,
    /// Functions with what they captured.
    Closures,
    /// A map.
    Map,
    /// A list, of nodes that lead to each other.
    List,
    /// A slice.
    Slice,
    /// One large thing.
    Large,
    /// Many things that no one thing holds.
    #[default]
    Shared,
}

impl SuspectKind {
    /// Every one.
    pub const ALL: [SuspectKind; 17] = [
        SuspectKind::Contexts,
        SuspectKind::Timers,
        SuspectKind::Connections,
        SuspectKind::CgoHandles,
        SuspectKind::Pinner,
        SuspectKind::Finalizers,
        SuspectKind::Defers,
        SuspectKind::Channel,
        SuspectKind::Pool,
        SuspectKind::Interned,
        SuspectKind::Goroutines,
        SuspectKind::Closures,
        SuspectKind::Map,
        SuspectKind::List,
        SuspectKind::Slice,
        SuspectKind::Large,
        SuspectKind::Shared,
    ];

    /// The name of its page.
    pub fn name(self) -> &'static str {
        match self {
            SuspectKind::Contexts => "contexts",
            SuspectKind::Timers => "timers",
            SuspectKind::Connections => "connections",
            SuspectKind::CgoHandles => "cgo-handles",
            SuspectKind::Pinner => "pinner",
            SuspectKind::Finalizers => "finalizers",
            SuspectKind::Defers => "defers",
            SuspectKind::Channel => "channel",
            SuspectKind::Pool => "pool",
            SuspectKind::Interned => "interned",
            SuspectKind::Goroutines => "goroutines",
            SuspectKind::Closures => "closures",
            SuspectKind::Map => "map",
            SuspectKind::List => "list",
            SuspectKind::Slice => "slice",
            SuspectKind::Large => "large",
            SuspectKind::Shared => "shared",
        }
    }

    /// What mostly ends it, in a sentence; empty where there is no rule.
    pub fn remedy(self) -> &'static str {
        match self {
            SuspectKind::Contexts => "call cancel of each context, or make it below one that ends",
            SuspectKind::Timers => "Stop timers and tickers when what they hold is done",
            SuspectKind::Connections => {
                "read and close every response's Body, on errors too; set IdleConnTimeout and MaxIdleConns"
            }
            SuspectKind::CgoHandles => "Delete each cgo.Handle when C is done with it",
            SuspectKind::Finalizers => {
                "a finalizer that blocks, or objects that lead to themselves, keep what is queued"
            }
            SuspectKind::Pinner => "Unpin when C is done with what is pinned",
            SuspectKind::Defers => "a deferred call waits for the end of its function: give the turn of the loop one",
            SuspectKind::Channel => "somebody must receive, or the sender give up",
            SuspectKind::Pool => "put nothing huge back; collections empty a pool in two steps",
            SuspectKind::Interned => "interned values go when nobody holds their handles",
            SuspectKind::Goroutines => "see what they wait for: each must be able to end",
            SuspectKind::Closures => {
                "let what they captured be no more than they need, and take out those that are done"
            }
            SuspectKind::Map => "delete entries, or bound the map; a map never shrinks: make a new one",
            SuspectKind::List => "bound it, and take elements off its end",
            SuspectKind::Slice => "bound it; elements behind its length live on: set them to nil",
            SuspectKind::Large | SuspectKind::Shared => "",
        }
    }
}

/// What tells a kind.
struct Rule {
    kind: SuspectKind,
    /// Parts of the texts on the way to what gathers.
    parts: &'static [&'static str],
}

/// Names of the standard library's own; their shapes were the same from Go 1.17 to 1.27 unless said.
const RULES: [Rule; 9] = [
    Rule { kind: SuspectKind::Contexts, parts: &["map[context.canceler]"] },
    // `runtime.p.timers` is a struct since 1.23 and was a slice before.
    Rule { kind: SuspectKind::Timers, parts: &["runtime.timer", "time.Timer", "time.Ticker", "runtime.timeTimer"] },
    Rule {
        kind: SuspectKind::Connections,
        parts: &["http.persistConn", "http.conn", "http2ClientConn", "http.wantConn"],
    },
    Rule { kind: SuspectKind::CgoHandles, parts: &["runtime/cgo.handles"] },
    Rule { kind: SuspectKind::Defers, parts: &["runtime._defer"] },
    Rule { kind: SuspectKind::Pool, parts: &["sync.Pool", "sync.poolLocal", "sync.poolChain"] },
    Rule { kind: SuspectKind::Interned, parts: &["unique.uniqueMap", "unique.uniqueMaps", "intern.Value"] },
    Rule { kind: SuspectKind::List, parts: &["list.Element", "list.List", ".next ", ".prev ", ".Next ", ".Prev "] },
    Rule { kind: SuspectKind::Channel, parts: &["chan ", "<-chan "] },
];

/// What a Pinner is called in texts of its fields and of variables.
const PINNER: [&str; 2] = ["runtime.pinner", "runtime.Pinner"];

/// What roots are called that are specials of spans or the queues of these (`finalizer of main.File`, `cleanup queue`).
const FINALIZERS: [&str; 2] = ["finalizer", "cleanup"];

/// True of all that finalizers alone keep, however far below: nothing of the program leads there.
fn is_finalizers(suspect: &Suspect) -> bool {
    let root = suspect.path.first().filter(|_| suspect.root == SuspectRoot::Other);
    root.is_some_and(|root| FINALIZERS.iter().any(|name| root.starts_with(name)))
}

/// True of all that one pool alone keeps: the next collections take it, however far below it gathers (pool.go `Pool.local`, `Pool.victim`).
fn is_pooled(path: &[String]) -> bool {
    let is_part = |text: &str| text.starts_with(".local ") || text.starts_with(".victim ");
    path.windows(2).any(|pair| pair[0].contains("sync.Pool") && is_part(&pair[1]))
}

/// True of all that one Pinner alone keeps: nothing else of it leads there.
fn is_pinned(path: &[String]) -> bool {
    path.iter().any(|text| PINNER.iter().any(|part| text.contains(part)))
}

/// True of the text of a function with what it captured: `main.newHandler.func1{job}`, `main.(*Job).Run-fm{R}`.
pub fn is_closure_text(ty: &str) -> bool {
    let is_function = |name: &str| name.contains(".func") || name.ends_with("-fm");
    closure_function(ty).is_some_and(is_function)
}

/// The kind of a suspect.
pub(super) fn kind_of(suspect: &Suspect) -> SuspectKind {
    let step = suspect.gathered.as_ref().map(|gathered| gathered.step.as_str());
    // What the holder is, and by what things hang on it: the ways to it tell nothing.
    let near = || suspect.path.last().map(String::as_str).into_iter().chain(step);
    let near_or_ty = || near().chain(suspect.gathered.as_ref().map(|gathered| gathered.ty.as_str()));
    if suspect.root == SuspectRoot::Goroutines && suspect.gathered.is_none() && suspect.holders > 1 {
        let is_http = suspect.holder.contains("net/http.(*persistConn)");
        return if is_http { SuspectKind::Connections } else { SuspectKind::Goroutines };
    }
    // What the runtime keeps of a goroutine goes when that ends: whoever holds it, there are too many of them.
    if suspect.gathered.as_ref().is_some_and(|gathered| gathered.ty.trim_start_matches('*') == "runtime.g") {
        return SuspectKind::Goroutines;
    }
    if is_finalizers(suspect) {
        return SuspectKind::Finalizers;
    }
    if is_pooled(&suspect.path) {
        return SuspectKind::Pool;
    }
    if is_pinned(&suspect.path) {
        return SuspectKind::Pinner;
    }
    if near().any(|text| text.contains("unique.Handle[")) && step.is_some_and(|step| step.contains(".value *")) {
        return SuspectKind::Interned;
    }
    let told = RULES.iter().find(|rule| near_or_ty().any(|text| rule.parts.iter().any(|part| text.contains(part))));
    if let Some(rule) = told {
        return rule.kind;
    }
    if suspect.gathered.as_ref().is_some_and(|gathered| is_closure_text(&gathered.ty)) {
        return SuspectKind::Closures;
    }
    match step {
        Some(step) if step.starts_with("[value]") || step.starts_with("[key]") => SuspectKind::Map,
        _ if suspect.maps.is_some() => SuspectKind::Map,
        Some(step) if step.starts_with("[i]") => SuspectKind::Slice,
        Some(_) => SuspectKind::Shared,
        None => SuspectKind::Large,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gathered;

    fn kind(path: &[&str], step: &str, ty: &str) -> SuspectKind {
        let gathered = (!step.is_empty()).then(|| Gathered {
            step: step.into(),
            ty: ty.into(),
            values: 1000,
            ..Gathered::default()
        });
        let path = path.iter().map(|text| (*text).to_owned()).collect();
        kind_of(&Suspect { path, gathered, ..Suspect::default() })
    }

    #[test]
    fn each_kind_has_a_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/leaks");
        for kind in SuspectKind::ALL {
            let page = std::fs::read_to_string(folder.join(format!("{}.md", kind.name())));
            assert!(page.is_ok_and(|page| page.contains("**How to mend it.**")), "{kind:?}");
        }
    }

    #[test]
    fn all_that_finalizers_alone_keep_is_theirs() {
        let of = |root, top: &str| {
            let path = vec![top.to_owned(), "*main.job".to_owned()];
            let gathered = Some(Gathered { step: ".data []uint8".into(), ty: "[]uint8".into(), ..Gathered::default() });
            kind_of(&Suspect { root, path, gathered, ..Suspect::default() })
        };
        assert_eq!(of(SuspectRoot::Other, "finalizer queue"), SuspectKind::Finalizers);
        assert_eq!(of(SuspectRoot::Other, "cleanup main.close"), SuspectKind::Finalizers);
        assert_eq!(of(SuspectRoot::Variable, "main.jobs"), SuspectKind::Shared);
    }

    #[test]
    fn kinds_are_told_by_what_things_hang_on() {
        let base = [".base context.Context = *context.cancelCtx", ".children map[context.canceler]struct {}"];
        assert_eq!(kind(&base, "[key] context.canceler = *context.cancelCtx", "*runner.Job"), SuspectKind::Contexts);
        let heap = ["runtime.p", ".timers.heap []runtime.timerWhen"];
        assert_eq!(kind(&heap, "[i].timer *runtime.timer in runtime.timeTimer", "*main.Session"), SuspectKind::Timers);
        assert_eq!(kind(&["http.persistConn"], "http.persistConn", "http.persistConn"), SuspectKind::Connections);
        assert_eq!(kind(&["main.q chan *main.Job"], "[i] *main.Job", "*main.Job"), SuspectKind::Channel);
        assert_eq!(kind(&["main.m map[string]int"], "[value] *main.T", "*main.T"), SuspectKind::Map);
        assert_eq!(kind(&["main.l *main.node"], ".next *main.node", "*main.node"), SuspectKind::List);
        assert_eq!(kind(&["main.s []*main.T"], "[i] *main.T", "*main.T"), SuspectKind::Slice);
        assert_eq!(kind(&["main.T"], "main.T", "main.T"), SuspectKind::Shared);
        assert_eq!(kind(&["runtime.g"], "runtime.g", "runtime.g"), SuspectKind::Goroutines);
        assert_eq!(kind(&["main.g"], "main.g", "main.g"), SuspectKind::Shared);
        let calls = ["main.handlers []func() int64"];
        assert_eq!(
            kind(&calls, "[i] func() int64 = main.add.func1{job}", "main.add.func1{job}"),
            SuspectKind::Closures
        );
        assert_eq!(
            kind(&calls, "[i] func() int64 = main.(*T).Run-fm{R}", "main.(*T).Run-fm{R}"),
            SuspectKind::Closures
        );
        assert_eq!(kind(&["main.m map[string]int"], "[value] struct {}", "struct {}"), SuspectKind::Map);
        assert_eq!(kind(&["main.table []uint8"], "", ""), SuspectKind::Large);
        let pool = ["main.app *main.App", ".buffers sync.Pool", ".local unsafe.Pointer"];
        assert_eq!(kind(&pool, "[i].val unsafe.Pointer = *[]uint8", "*[]uint8"), SuspectKind::Pool);
        assert_eq!(
            kind(&["main.names []unique.Handle[string]"], "[i].value *string", "*string"),
            SuspectKind::Interned
        );
        let pins = ["main.pins runtime.Pinner", ".pinner *runtime.pinner", ".refs []unsafe.Pointer"];
        assert_eq!(kind(&pins, "[i] unsafe.Pointer", "unsafe.Pointer"), SuspectKind::Pinner);
        let turns = ["goroutine main.consume"];
        assert_eq!(kind(&turns, "runtime._defer", "main.consume.func1{job}"), SuspectKind::Defers);
        // Keyed by handles, which are small.
        let by_handle = ["main.users map[unique.Handle[string]]*main.User"];
        assert_eq!(kind(&by_handle, "[value] *main.User", "*main.User"), SuspectKind::Map);
        // A handler that is reached through connections is no connection.
        let handler = ["http.conn", ".server *http.Server", ".Handler http.Handler = *main.App", ".users []main.User"];
        assert_eq!(kind(&handler, "[i].name string", "string"), SuspectKind::Slice);
    }
}
