package backend

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

const (
	maxUploadLifetime = time.Hour // and the default
	maxUploadSize     = 100 << 20
)

// dataProxyServer is DataProxyService.
type dataProxyServer struct {
	dataproxypb.UnimplementedDataProxyServiceServer

	b *Backend
}

// objects returns the store of uploads; may be nil.
func (b *Backend) objects() *objectstore.Store { return b.cfg.Objects }

// CreateUploadLocation signs a URL for one upload.
func (s *dataProxyServer) CreateUploadLocation(
	_ context.Context, req *dataproxypb.CreateUploadLocationRequest,
) (*dataproxypb.CreateUploadLocationResponse, error) {
	lifetime := maxUploadLifetime
	if req.GetExpiresIn() != nil {
		lifetime = req.GetExpiresIn().AsDuration()
	}
	key, name, err := uploadKey(req, s.b.cfg.Strict)
	switch {
	case err != nil:
		return nil, err
	case lifetime <= 0 || lifetime > maxUploadLifetime:
		return nil, status.Errorf(codes.InvalidArgument, "expires_in %v must be positive and at most %v", lifetime, maxUploadLifetime)
	case req.GetContentLength() > maxUploadSize, s.b.cfg.Strict && req.GetContentLength() < 0:
		return nil, status.Errorf(codes.InvalidArgument, "content_length %d must be between 0 and %d", req.GetContentLength(), maxUploadSize)
	}
	if err := s.b.checkProject(req.GetProject()); err != nil {
		return nil, err
	}
	store, err := s.b.needObjects()
	if err != nil {
		return nil, err
	}
	if err := checkOverwrite(store, key, req); err != nil {
		return nil, err
	}
	signed, sent := uploadHeaders(req)
	signedURL, err := store.SignPut(key, lifetime, signed)
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "failed to sign the upload: %v", err)
	}
	return &dataproxypb.CreateUploadLocationResponse{
		SignedUrl: signedURL, NativeUrl: store.NativeURL(name),
		ExpiresAt: timestamppb.New(s.b.cfg.Now().Add(lifetime)), Headers: sent,
	}, nil
}

func (b *Backend) needObjects() (*objectstore.Store, error) {
	if store := b.objects(); store != nil {
		return store, nil
	}
	return nil, status.Error(codes.Unavailable, "no object store is configured")
}

// uploadKey returns the key of the upload: below the root that the caller chose, or else
// below a name made from the content's digest. Real backends let names climb out of there
// by "..", a strict one does not. Like them it reads names as a URL reference: what follows
// a "?" or "#" is not part of the key, and percent encoding is taken off; the native URL has
// the name with its characters escaped.
func uploadKey(req *dataproxypb.CreateUploadLocationRequest, strict bool) (key, name string, err error) {
	root := req.GetFilenameRoot()
	if root == "" {
		if len(req.GetContentMd5()) == 0 {
			return "", "", status.Error(codes.InvalidArgument, "content_md5 or filename_root is required")
		}
		root = base32.StdEncoding.EncodeToString(req.GetContentMd5())
	}
	parts := []string{"uploads", req.GetProject(), req.GetDomain(), root, req.GetFilename()}
	key = path.Join(parts...)
	climbs := slices.Contains(strings.Split(strings.Join(parts, "/"), "/"), "..")
	if climbs && (strict || key == ".." || strings.HasPrefix(key, "../")) {
		return "", "", status.Error(codes.InvalidArgument, `names must not have ".." in their path`)
	}
	u, err := url.Parse(key)
	switch {
	case err != nil && strict:
		return "", "", status.Error(codes.InvalidArgument, "names must be URL references")
	case err != nil:
		return "", "", status.Errorf(codes.Internal, "failed to construct storage path: %v", err)
	}
	return u.Path, u.String(), nil
}

// checkOverwrite protects a file whose full name the caller chose: it may only be
// uploaded again with the same content.
func checkOverwrite(store *objectstore.Store, key string, req *dataproxypb.CreateUploadLocationRequest) error {
	if req.GetFilename() == "" || req.GetFilenameRoot() == "" {
		return nil
	}
	info, exists := store.Stat(key)
	switch {
	case !exists || slices.Equal(info.MD5[:], req.GetContentMd5()):
		return nil
	case len(req.GetContentMd5()) == 0:
		return status.Errorf(codes.AlreadyExists, "file already exists at [%s]; content_md5 is needed to compare the contents",
			store.NativeURL(key))
	default:
		return status.Errorf(codes.AlreadyExists, "file already exists at [%s] with other content", store.NativeURL(key))
	}
}

// uploadHeaders returns the headers that the signature covers and those that the answer
// tells the client to send. Without a digest the latter are empty ones, which a client has
// to leave out.
func uploadHeaders(req *dataproxypb.CreateUploadLocationRequest) (signed, sent map[string]string) {
	signed, sent = map[string]string{}, map[string]string{}
	if len(req.GetContentMd5()) == 0 {
		return signed, map[string]string{"Content-MD5": "", "Content-Length": "0"}
	}
	digest := base64.StdEncoding.EncodeToString(req.GetContentMd5())
	signed["Content-MD5"] = digest
	if req.GetAddContentMd5Metadata() {
		signed["x-amz-meta-flyteContentMD5"] = digest
	}
	maps.Copy(sent, signed)
	// The real backend sends the length of the digest, not of the content, and does not
	// sign it: a client that sends it as told breaks its own upload.
	sent["Content-Length"] = strconv.Itoa(len(digest))
	return signed, sent
}
