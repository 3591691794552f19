package kept

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// Store holds values by bucket and key.
type Store interface {
	// Commit makes all changes or none: changes[bucket][key] is the new value, nil deletes
	// the key. When it returns nil, the changes outlive a crash of the machine.
	Commit(changes map[string]map[string][]byte) error
	// Each calls f for the keys of a bucket that begin with prefix, as [View] says.
	Each(bucket, prefix string, f func(key string, value []byte) error) error
}

// ErrClosed means that the journal was closed before a change was written.
var ErrClosed = errors.New("the server is closing")

// again is the time between two attempts to write while writing fails.
const again = time.Second

// Journal is the [Keeper] that writes changes to a store: one goroutine takes all that were
// reported since its last commit and commits them together. It is safe for concurrent use.
type Journal struct {
	store  Store
	owners []Owner
	wake   chan struct{} // holds one token while there is something to do
	done   chan struct{} // closed by Close
	ended  chan struct{} // closed when the writer has returned

	mu      sync.Mutex // guards everything below
	pending map[string]map[string][]byte
	asked   uint64        // how many times Keep was called
	written uint64        // how many of these calls are written or undone
	undone  uint64        // how many commits were undone
	failure error         // of the latest commit; nil: writing works
	reason  error         // why the latest one was undone
	broken  error         // why an owner could not take the stored values again
	news    chan struct{} // closed at the next change of written or undone
	ready   chan struct{} // closed while failure is nil
}

// NewJournal returns a journal that writes to store. Call [Journal.Start] once the owners
// exist, and [Journal.Close] at the end; until Start, changes wait.
func NewJournal(store Store) *Journal {
	return &Journal{
		store: store, wake: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{}),
		pending: map[string]map[string][]byte{}, news: make(chan struct{}), ready: closed(),
	}
}

// Start lets the owners take over what the store holds and begins to write. It changes
// nothing if an owner fails, and Close must not be called then.
func (j *Journal) Start(owners ...Owner) error {
	j.owners = owners
	for _, o := range owners {
		if err := o.Restore(everything{j.store}); err != nil {
			return err
		}
	}
	go j.write()
	return nil
}

// Keep takes changes that are committed together; it does not wait for that. See [Keeper].
func (j *Journal) Keep(changes ...Change) {
	if len(changes) == 0 {
		return
	}
	values := make([][]byte, len(changes))
	for i, c := range changes {
		if c.Value != nil {
			values[i] = c.Value()
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, c := range changes {
		if j.pending[c.Bucket] == nil {
			j.pending[c.Bucket] = map[string][]byte{}
		}
		j.pending[c.Bucket][c.Key] = values[i]
	}
	j.asked++
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Ready returns a channel that is closed as soon as writing works; see [Keeper].
func (j *Journal) Ready() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ready
}

// Mark returns a mark of the present state. Call it when a request arrives and give the mark
// to [Journal.Settle] before the answer leaves.
func (j *Journal) Mark() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.undone
}

// Settle waits until all changes reported so far are written. It fails if changes were undone
// since mark, since the answer may then describe what no longer is, and when ctx or the journal
// ends ([ErrClosed]).
func (j *Journal) Settle(ctx context.Context, mark uint64) error {
	if err := j.settle(ctx.Done(), mark); !errors.Is(err, errGone) {
		return err
	}
	return ctx.Err()
}

// Flush waits until all changes reported so far are written, and fails if any since the start
// was undone.
func (j *Journal) Flush() error { return j.settle(nil, 0) }

// errGone means that the request has ended.
var errGone = errors.New("the request has ended")

func (j *Journal) settle(gone <-chan struct{}, mark uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	target := j.asked
	for {
		switch {
		case j.broken != nil:
			return j.broken
		case j.undone != mark:
			return j.reason
		case j.written >= target:
			return nil
		}
		news := j.news
		j.mu.Unlock()
		var err error
		select {
		case <-news:
		case <-gone:
			err = errGone
		case <-j.ended:
			err = ErrClosed
		}
		j.mu.Lock()
		if err != nil && j.written < target {
			return err
		}
	}
}

// Close writes what is pending and ends the journal. It returns the error of the latest
// write.
func (j *Journal) Close() error {
	close(j.done)
	<-j.ended
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failure
}

// write is the journal's goroutine. While one commit is under way, the changes for the next
// one gather. After a commit that failed it probes the store once a second.
func (j *Journal) write() {
	defer close(j.ended)
	var retry <-chan time.Time
	for {
		var probe, last bool
		select {
		case <-j.wake:
		case <-retry:
			probe = true
		case <-j.done:
			last = true
		}
		batch, upTo := j.take()
		if len(batch) > 0 || probe {
			j.settled(upTo, j.store.Commit(batch), batch)
		}
		if last {
			return
		}
		if retry = nil; !j.works() {
			retry = time.After(again)
		}
	}
}

func (j *Journal) take() (batch map[string]map[string][]byte, upTo uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	batch, j.pending = j.pending, map[string]map[string][]byte{}
	return batch, j.asked
}

func (j *Journal) works() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failure == nil
}

// settled records the end of a commit. A batch that was not written is undone first.
func (j *Journal) settled(upTo uint64, failure error, batch map[string]map[string][]byte) {
	var broken error
	if failure != nil && len(batch) > 0 {
		broken = j.undo(batch)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	wasReady := j.failure == nil
	j.failure = failure
	switch {
	case failure == nil && !wasReady:
		close(j.ready)
	case failure != nil && wasReady:
		j.ready = make(chan struct{})
	}
	j.written = max(j.written, upTo)
	if failure != nil && len(batch) > 0 {
		j.undone++
		j.reason = failure
		j.broken = errors.Join(j.broken, broken)
	}
	close(j.news)
	j.news = make(chan struct{})
}

// undo makes the owners' memory equal to the store again, since batch is not in it.
func (j *Journal) undo(batch map[string]map[string][]byte) error {
	from := &undoing{j: j, failed: batch}
	var errs []error
	for _, o := range j.owners {
		errs = append(errs, o.Restore(from))
	}
	return errors.Join(errs...)
}

// everything is the view at the start.
type everything struct{ Store }

func (everything) Stale(string) ([]string, bool) { return nil, true }

// undoing is the view after a failed commit.
type undoing struct {
	j      *Journal
	failed map[string]map[string][]byte
}

func (v *undoing) Each(bucket, prefix string, f func(string, []byte) error) error {
	return v.j.store.Each(bucket, prefix, f)
}

// Stale also drops the changes that were reported since, which build on what is undone.
func (v *undoing) Stale(bucket string) (keys []string, all bool) {
	v.j.mu.Lock()
	defer v.j.mu.Unlock()
	if v.failed[bucket] == nil {
		v.failed[bucket] = map[string][]byte{}
	}
	maps.Copy(v.failed[bucket], v.j.pending[bucket])
	delete(v.j.pending, bucket)
	for key := range v.failed[bucket] {
		keys = append(keys, key)
	}
	return keys, false
}
