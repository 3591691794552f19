package backend

import (
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

const inputsFile = "inputs.pb"

// blobs is where runs keep inputs, outputs and reports: the object store, or one
// that nobody else can reach when the backend has none.
type blobs struct{ store *objectstore.Store }

func newBlobs(b *Backend) *blobs {
	store := b.cfg.Objects
	if store == nil {
		store = objectstore.New(objectstore.Config{Now: b.cfg.Now})
	}
	return &blobs{store: store}
}

// uri names an object of ru. Every part becomes one segment of the key, whatever
// is in it: neither domains nor inline tasks were ever checked.
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

// put stores data. What the store refuses, being too large, is missing later,
// which every reader takes well.
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

// getMessage reads an object into m; a missing or foreign one leaves m empty.
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

// storeInputs keeps the inputs of a run's root action and remembers where.
func (r *runs) storeInputs(a *action, in runInputs) {
	a.outputs = r.blobs.uri(a.run, rootAction, "outputs.pb")
	if in.offloaded != nil {
		a.inputs = strings.TrimSuffix(in.offloaded.GetUri(), "/") + "/" + inputsFile
		return
	}
	a.inputs = r.blobs.uri(a.run, "inputs", inputsFile)
	if in.literals == nil {
		in.literals = &taskpb.Inputs{}
	}
	r.blobs.putMessage(a.inputs, in.literals)
}
