package interceptors

import "google.golang.org/grpc"

// UnaryClientMetadata returns an interceptor that attaches request metadata and
// no credentials. With credentials, give the same options to [UnaryClientAuth]
// instead: it writes both at once.
func UnaryClientMetadata(opts ...MetadataOption) grpc.UnaryClientInterceptor {
	return UnaryClientAuth(nil, asOptions(opts)...)
}

// StreamClientMetadata is [UnaryClientMetadata] for streams. The metadata is made once
// for each stream and sent when it opens.
func StreamClientMetadata(opts ...MetadataOption) grpc.StreamClientInterceptor {
	return StreamClientAuth(nil, asOptions(opts)...)
}

func asOptions(opts []MetadataOption) []Option {
	out := make([]Option, len(opts))
	for i, o := range opts {
		out[i] = o
	}
	return out
}
