package backend

// signal tells those who wait for it that something has changed. The zero value is
// ready; its methods need the lock of what it belongs to.
type signal struct{ next chan struct{} }

// wait returns a channel that the next fire closes.
func (s *signal) wait() <-chan struct{} {
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

func (s *signal) fire() {
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}
