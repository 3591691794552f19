package main

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // required by the upload protocol, not for protection
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
)

// uploadFile requests a signed URL and uploads a file to it. The signature is the
// credential: the request carries no access token.
func uploadFile(ctx context.Context, t *tour) (string, error) {
	content := []byte("hello from the quick start\n")
	digest := md5.Sum(content) //nolint:gosec // see above
	place, err := t.cs.DataProxy().CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
		Project: t.project.GetName(), Domain: t.project.GetDomain(),
		Filename: "hello.txt", ContentMd5: digest[:], ContentLength: int64(len(content)),
	})
	if err != nil {
		return "", err
	}
	put, err := http.NewRequestWithContext(ctx, http.MethodPut, place.GetSignedUrl(), bytes.NewReader(content))
	if err != nil {
		return "", errors.New("the backend signed a URL that is none")
	}
	for key, value := range place.GetHeaders() {
		if !strings.EqualFold(key, "Content-Length") { // net/http sets it itself
			put.Header.Set(key, value)
		}
	}
	if _, err := fetch(put); err != nil {
		return "", err
	}
	return fmt.Sprintf("hello.txt, %d bytes", len(content)), nil
}

// downloadFile downloads the report of the run.
func downloadFile(ctx context.Context, t *tour) (string, error) {
	link, err := t.cs.DataProxy().CreateDownloadLink(ctx, &dataproxypb.CreateDownloadLinkRequest{
		ArtifactType: dataproxypb.ArtifactType_ARTIFACT_TYPE_REPORT,
		Source: &dataproxypb.CreateDownloadLinkRequest_ActionAttemptId{
			ActionAttemptId: &commonpb.ActionAttemptIdentifier{ActionId: t.action, Attempt: t.attempt},
		},
	})
	if err != nil {
		return "", err
	}
	urls := link.GetPreSignedUrls().GetSignedUrl()
	if len(urls) == 0 {
		return "", errors.New("the run has no report")
	}
	get, err := http.NewRequestWithContext(ctx, http.MethodGet, urls[0], http.NoBody)
	if err != nil {
		return "", errors.New("the backend signed a URL that is none")
	}
	content, err := fetch(get)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the run's report, %d bytes", len(content)), nil
}

// fetch sends a request to a signed URL. Its errors omit the URL, which is a secret until
// it expires.
func fetch(r *http.Request) ([]byte, error) {
	client := http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		return nil, errors.New("the object store cannot be reached")
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("the object store answered %s", answer.Status)
	}
	return body, nil
}
