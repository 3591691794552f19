// Package follow reads what a backend streams and lists to its end, over connections that
// do not last as long: load balancers cut streams, servers restart, and some streams die
// without a word.
//
// [WatchRun], [WatchAction], [WatchRuns], [WatchActions] and [TailLogs] are iterators over
// one watch each. They open a stream again when it is cut, with growing pauses, and deliver
// what happened in between once: a state that the caller has is not delivered again, and a
// log goes on at the line after the last one. A stream that has been silent is checked. The
// List functions, [Pages] and [All] read lists page by page. Every iterator can be used more
// than once and starts anew each time; leaving the loop ends its stream. An iterator yields
// an error at most once, as its last pair, and it is an [*Error].
//
// Start with [Wait], which returns when a run has ended; [Outputs] returns what it made:
//
//	details, err := follow.Wait(ctx, cs.Run(), run)
//	if err != nil {
//		return err
//	}
//	outputs, err := follow.Outputs(ctx, cs.DataProxy(), run)
//
// Functions take generated clients, or any value with the one or two methods that they
// call. All of them are safe for concurrent use.
package follow
