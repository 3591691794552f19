package redisstore

import "time"

// KeysAreOld makes s read its keys again at the next need, as it does each minute.
func (s *Store) KeysAreOld() {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.read = time.Time{}
}
