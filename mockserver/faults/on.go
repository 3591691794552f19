package faults

// Names of faults, as [Set.On] returns them.
const (
	OnHang        = "hang"
	OnSlow        = "slow"
	OnQueue       = "queue" // answers of FailNext or Refuse
	OnDown        = "down"
	OnRedirect    = "redirect"
	OnEcho        = "echo"
	OnFlood       = "flood"
	OnRewrite     = "rewrite" // also ExpiresIn
	OnContentType = "content-type"
)

// Queued is an answer that requests are still to get.
type Queued struct {
	// Status is its HTTP status; zero for an answer without.
	Status int
	// Left is for how many requests it is.
	Left int
}

// Queued returns the answers that [Set.FailNext] and [Set.Refuse] have queued, in their order.
func (f *Set) Queued() []Queued {
	f.mu.Lock()
	defer f.mu.Unlock()
	var queued []Queued
	for _, q := range f.queue {
		queued = append(queued, Queued{Status: q.answer.Status, Left: q.left})
	}
	return queued
}

// On returns the names of the faults that are on, in the order in which they apply.
func (f *Set) On() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	redirects := f.instead != nil && f.instead.Header.Get("Location") != ""
	var names []string
	for _, fault := range []struct {
		on   bool
		name string
	}{
		{f.hang != nil, OnHang},
		{f.delay > 0, OnSlow},
		{len(f.queue) > 0, OnQueue},
		{f.instead != nil && !redirects, OnDown},
		{redirects, OnRedirect},
		{f.echo, OnEcho},
		{f.flood > 0, OnFlood},
		{f.rewrite != nil, OnRewrite},
		{f.contentType != "", OnContentType},
	} {
		if fault.on {
			names = append(names, fault.name)
		}
	}
	return names
}
