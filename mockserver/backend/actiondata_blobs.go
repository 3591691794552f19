package backend

import (
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

const inputsFile = "inputs.pb"

// blobs stores the inputs, outputs and reports of runs: in the object store, or in a
// private one if the backend has none.
type blobs struct{ store *objectstore.Store }

func newBlobs(b *Backend) *blobs {
	store := b.cfg.Objects
	if store == nil {
		store = objectstore.New(objectstore.Config{Now: b.cfg.Now})
	}
	return &blobs{store: store}
}

// uri returns the URI of an object of ru. Every part is escaped to one segment of the
// key, since names of domains and inline tasks are not validated.
func (s *blobs) uri(ru *run, parts ...string) string {
	segments := append([]string{ru.key.project, ru.key.domain, ru.key.name}, parts...)
	for i, seg := range segments {
		switch seg {
		case "", ".", "..":
			segments[i] = "_"
		default:
			segments[i] = url.PathEscape(seg)
		}
	}
	return s.store.NativeURL(strings.Join(segments, "/"))
}

// prefix returns the URI that all others begin with.
func (s *blobs) prefix() string { return strings.TrimSuffix(s.store.NativeURL(""), "/") }

// put stores data. Data that is too large for the store is missing later, which readers
// treat as empty.
func (s *blobs) put(uri string, data []byte) {
	if key, ok := s.store.Key(uri); ok {
		_ = s.store.Put(key, data)
	}
}

func (s *blobs) putMessage(uri string, m proto.Message) {
	if data, err := proto.Marshal(m); err == nil {
		s.put(uri, data)
	}
}

// getMessage reads an object into m; if it is missing or in another store, m stays empty.
func (s *blobs) getMessage(uri string, m proto.Message) error {
	key, ok := s.store.Key(uri)
	if !ok {
		return nil
	}
	data, ok := s.store.Get(key)
	if !ok {
		return nil
	}
	return proto.Unmarshal(data, m)
}

// storeInputs stores the inputs of a run's root action and their URI.
func (r *runs) storeInputs(a *action, in runInputs) {
	a.outputs = r.blobs.uri(a.run, rootAction, "outputs.pb")
	if in.offloaded != nil {
		a.inputs = offloadedURI(in.offloaded)
		return
	}
	a.inputs = r.blobs.uri(a.run, "inputs", inputsFile)
	if in.literals == nil {
		in.literals = &taskpb.Inputs{}
	}
	r.blobs.putMessage(a.inputs, in.literals)
}
