package redisstore

import "sync"

// seen is what a Store knows of the logins that it has read or written. The zero value is
// ready.
type seen struct {
	mu      sync.Mutex
	records map[string]known  // by group and field
	told    map[string]uint64 // generation that the program knows
	fences  map[string]uint64
}

type known struct {
	place  place
	record *record
}

func (s *seen) get(p place) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[p.group+p.field].record
}

// put remembers r, which was opened or sealed here, unless a newer one is known.
func (s *seen) put(p place, r *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.records[p.group+p.field].record; old != nil && old.newer(r.version) {
		return
	}
	if s.records == nil {
		s.records = map[string]known{}
	}
	s.records[p.group+p.field] = known{place: p, record: r}
}

// tell remembers which generation the program knows of: it has read or written it.
func (s *seen) tell(p place, gen uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil {
		s.told = map[string]uint64{}
	}
	s.told[p.group+p.field] = max(s.told[p.group+p.field], gen)
}

// knows returns the generation that the program knows of, 0 for none.
func (s *seen) knows(p place) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.told[p.group+p.field]
}

// in returns the places in a group that are known.
func (s *seen) in(group string) (all []place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.records {
		if k.place.group == group {
			all = append(all, k.place)
		}
	}
	return all
}

// fence remembers a fence of the group and returns the highest one.
func (s *seen) fence(p place, fence uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fences == nil {
		s.fences = map[string]uint64{}
	}
	s.fences[p.group] = max(s.fences[p.group], fence)
	return s.fences[p.group]
}
