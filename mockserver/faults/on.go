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

// Queued returns the HTTP statuses of the answers that [Set.FailNext] and [Set.Refuse] have
// queued, in their order, each once for all its requests; zero is that of an answer without.
func (f *Set) Queued() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	var statuses []int
	for _, q := range f.queue {
		statuses = append(statuses, q.answer.Status)
	}
	return statuses
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
