package kfptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/internal/kfppb"
)

// maxPackage is the API server's limit for a package, in bytes.
const maxPackage = 32 << 20

// upload creates a pipeline with its first version. Whatever is wrong with a caller is 400.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	name, content, ok := readPackage(w, r, "Failed to read pipeline from file")
	if !ok {
		return
	}
	q := r.URL.Query()
	namespace := q.Get("namespace")
	if !s.mayUpload(w, r, namespace) {
		return
	}
	made := &kfppb.Pipeline{
		Name: first(q.Get("name"), q.Get("display_name"), name), DisplayName: first(q.Get("display_name"), q.Get("name"), name),
		Description: q.Get("description"), Namespace: namespace, CreatedAt: timestamppb.Now(),
	}
	if tags := q.Get("tags"); tags != "" && json.Unmarshal([]byte(tags), &map[string]string{}) != nil {
		refuse(w, http.StatusBadRequest, "Failed to parse tags query parameter. Expected JSON object with string keys and values")
		return
	}
	if s.pipeline(func(p *kfppb.Pipeline) bool { return p.GetName() == made.GetName() && p.GetNamespace() == namespace }) != nil {
		refuse(w, http.StatusConflict, "Failed to create a pipeline and a pipeline version")
		return
	}
	s.mu.Lock()
	made.PipelineId = s.next("pipeline")
	s.pipelines = append(s.pipelines, made)
	s.keep(made.GetPipelineId(), content)
	s.mu.Unlock()
	write(w, made)
}

func (s *Server) uploadVersion(w http.ResponseWriter, r *http.Request) {
	const failed = "Failed to create a pipeline version"
	name, content, ok := readPackage(w, r, failed)
	if !ok {
		return
	}
	q := r.URL.Query()
	of := s.pipeline(func(p *kfppb.Pipeline) bool { return p.GetPipelineId() == q.Get("pipelineid") })
	if of == nil {
		refuse(w, http.StatusBadRequest, failed)
		return
	}
	if !s.mayUpload(w, r, of.GetNamespace()) {
		return
	}
	made := &kfppb.PipelineVersion{
		PipelineId: of.GetPipelineId(), Name: first(q.Get("name"), q.Get("display_name"), name),
		DisplayName: first(q.Get("display_name"), q.Get("name"), name), Description: q.Get("description"), CreatedAt: timestamppb.Now(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.versions {
		if v.GetPipelineId() == made.GetPipelineId() && v.GetName() == made.GetName() {
			refuse(w, http.StatusConflict, failed)
			return
		}
	}
	made.PipelineVersionId = s.next("version")
	s.versions = append(s.versions, made)
	s.keep(made.GetPipelineVersionId(), content)
	write(w, made)
}

func (s *Server) keep(id string, content []byte) {
	if s.packages == nil {
		s.packages = map[string][]byte{}
	}
	s.packages[id] = content
}

// mayUpload answers a caller who may not.
func (s *Server) mayUpload(w http.ResponseWriter, r *http.Request, namespace string) bool {
	ctx, err := s.identify(r.Context(), r.Header[userHeader], r.Header["Authorization"])
	if err == nil {
		err = s.review(ctx, namespace)
	}
	switch status.Code(err) {
	case codes.OK:
		return true
	case codes.Unauthenticated:
		refuse(w, http.StatusBadRequest, "Pipeline upload authentication failed. Authenticate the client and retry")
	default:
		refuse(w, http.StatusBadRequest,
			fmt.Sprintf("pipeline upload denied: permission to create pipelines in namespace %q is required", namespace))
	}
	return false
}

// readPackage reads the file of an upload, and answers if there is none that can be used.
func readPackage(w http.ResponseWriter, r *http.Request, failed string) (name string, content []byte, ok bool) {
	var part *multipart.Part
	form, err := r.MultipartReader()
	for err == nil && (part == nil || part.FormName() != "uploadfile") {
		part, err = form.NextPart()
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, failed)
		return "", nil, false
	}
	name = part.FileName()
	content, err = io.ReadAll(io.LimitReader(part, maxPackage+1))
	packed := bytes.HasPrefix(content, []byte("PK\x03\x04")) || bytes.HasPrefix(content, []byte{0x1f, 0x8b})
	switch {
	case err == nil && len(content) > maxPackage:
		refuse(w, http.StatusRequestEntityTooLarge, "File size too large. Maximum supported file size: 32MB")
	case err != nil, name == "", !packed && !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml"):
		refuse(w, http.StatusBadRequest, "Failed to read a pipeline spec file")
	default:
		return name, content, true
	}
	return "", nil, false
}

// refuse writes an error as the uploads do, which are no part of the gateway.
func refuse(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"error_message": message, "error_details": message}) //nolint:errchkjson // texts
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
