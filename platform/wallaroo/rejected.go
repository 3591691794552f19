package wallaroo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/jetway-go/jetway/interceptors/httpauth"
)

// maxPeek is how long an answer of GraphQL may be, in bytes, to be a rejection: one with
// errors of the token has nothing else in it.
const maxPeek = 16 << 10

// Rejected reports whether an answer of a Wallaroo instance rejects the token that was
// sent: the rule of httpauth.WithRejected, which the [Resolver] sets. It is status 401; a
// redirect to a page of Keycloak; 403 if the token has expired by the server's time; and
// GraphQL's answer 200 with the error invalid-jwt. For the last it reads an answer at
// /v1/graphql of up to 16 KiB, which the caller gets all the same.
func Rejected(sent *http.Request, answer *http.Response) bool {
	return httpauth.Unauthorized(sent, answer) || isLoginRedirect(answer) || lapsed(sent, answer) || invalidJWT(sent, answer)
}

// lapsed reports whether a 403 answers a token that has expired, or is about to.
func lapsed(sent *http.Request, answer *http.Response) bool {
	if answer.StatusCode != http.StatusForbidden {
		return false
	}
	expiry, ok := expiryOf(sent.Header.Get("Authorization"))
	now, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return ok && now.Add(expirySkew).After(expiry)
}

// expiryOf returns when the JWT of an Authorization header expires.
func expiryOf(header string) (time.Time, bool) {
	_, token, _ := strings.Cut(header, " ")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	content, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Expiry number `json:"exp"`
	}
	if err != nil || json.Unmarshal(content, &claims) != nil || claims.Expiry <= 0 {
		return time.Time{}, false
	}
	return time.Unix(int64(claims.Expiry), 0), true
}

// invalidJWT reports whether an answer of GraphQL says that the token is not valid.
func invalidJWT(sent *http.Request, answer *http.Response) bool {
	if answer.StatusCode != http.StatusOK || !strings.HasSuffix(sent.URL.Path, graphqlPath) || answer.ContentLength > maxPeek {
		return false
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != contentJSON { // such as a stream of events
		return false
	}
	body := answer.Body
	begun, err := io.ReadAll(io.LimitReader(body, maxPeek+1))
	rest := io.Reader(body)
	if err != nil {
		rest = broken{err}
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begun), rest), body}
	if err != nil || len(begun) > maxPeek {
		return false
	}
	for _, e := range parseRefusal(begun).errors {
		if e.Code == "invalid-jwt" {
			return true
		}
	}
	return false
}

// broken is the rest of a body that could not be read.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
