package httpauth

import (
	"context"

	"github.com/jetway-go/jetway/auth"
)

// Source owns the credentials that requests carry; *auth.Authenticator is one.
// Implementations are safe for concurrent use, return when ctx ends, and return the
// same pointer for as long as the credentials stay the same: the header is prepared
// once for each.
type Source interface {
	// Credentials returns the credentials for the next request. With nil and no error
	// the request carries none. With an error the request fails before it is sent, with
	// an [*Error].
	Credentials(ctx context.Context) (*auth.Credentials, error)
	// Refresh returns the replacement of stale, which the server has just rejected;
	// stale is nil if the rejected request carried no credentials. Every rejected request
	// calls it, also concurrently with the same stale credentials: the Source does the
	// work once. Nil, or stale itself, means that there is no replacement; the caller
	// then gets the server's answer.
	Refresh(ctx context.Context, stale *auth.Credentials) (*auth.Credentials, error)
}

// accepter is the part of a [Source] that is told which credentials a server has taken:
// once for each, on the first answer that shows it. Accepted must not block.
type accepter interface {
	Accepted(taken *auth.Credentials)
}

// refuser is the part of a [Source] that is told when a request was rejected with what
// Refresh had returned for it. Refused must not block.
type refuser interface {
	Refused(replacement *auth.Credentials)
}

// doubter is the part of a [Source] that is asked before Refresh whether a request that was
// rejected is to be sent once more with the same credentials. Doubted must not block.
type doubter interface {
	Doubted(ctx context.Context, rejected *auth.Credentials) bool
}

// adopter is the part of a [Source] that takes over a session that the server renewed by
// itself. Adopt makes next current if prev still is, stores it, and reports whether it
// did. It is called before the caller gets the answer, with the context of the request;
// it should complete what it began when that ends, since the server may have made prev
// invalid.
type adopter interface {
	Adopt(ctx context.Context, prev, next *auth.Credentials) (bool, error)
}
