package mockserver

// Changes are numbers that grow whenever something changes, for programs that look again
// and again: what has not changed need not be read.
type Changes struct {
	// Requests grows with each request that arrives or is answered, and with
	// [Server.ResetRequests].
	Requests uint64
	// Logins grows with each event in [Server.LoginRecords].
	Logins uint64
	// Runs grows with each change of a run, also by a line of its log.
	Runs uint64
}

// Changes returns how often the server's state has changed so far.
func (s *Server) Changes() Changes {
	s.log.mu.Lock()
	requests := s.log.version
	s.log.mu.Unlock()
	return Changes{Requests: requests, Logins: s.oauth.LoginVersion(), Runs: s.backend.RunChanges()}
}

// Latest returns the latest n requests at most, oldest first; fewer if the log keeps fewer.
// Maps and slices in it are shared: do not change them.
func (s *Server) Latest(n int) []Request {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(max(n, 0), len(l.ring))
	out := make([]Request, 0, n)
	for i := len(l.ring) - n; i < len(l.ring); i++ {
		out = append(out, l.ring[(l.next+i)%len(l.ring)].request())
	}
	return out
}

// WithoutSecrets returns text, or "[redacted]" if text holds a token of this server or the
// secret of a client, a user or the proxy. It is for programs that show what clients have
// sent.
func (s *Server) WithoutSecrets(text string) string { return s.withoutSecrets(text) }
