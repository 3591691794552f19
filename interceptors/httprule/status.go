package httprule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // the usual details, so that they can be read

	"github.com/jetway-go/jetway/internal/fault"
)

const (
	maxError = 1 << 20 // bytes that are read of an error
	maxPage  = 100     // characters of a page that an error quotes
	minQuery = 4       // length from which a query is removed from a text
)

// CodeOf returns the gRPC code of an HTTP status without a gRPC status in the answer: that
// of google.rpc.Code, read backwards. Where several have one HTTP status it is the one that
// claims least: 409 is Aborted, 400 InvalidArgument, 500 Internal. Redirects that are not
// permanent are Unauthenticated, since they lead to a login page; so is 407. Any other
// status is Unknown.
func CodeOf(httpStatus int) codes.Code {
	switch httpStatus {
	case http.StatusBadRequest:
		return codes.InvalidArgument
	case http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound:
		return codes.NotFound
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return codes.Unimplemented
	case http.StatusConflict:
		return codes.Aborted
	case http.StatusPreconditionFailed:
		return codes.FailedPrecondition
	case http.StatusRequestedRangeNotSatisfiable:
		return codes.OutOfRange
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case 499: // the client closed the request
		return codes.Canceled
	case http.StatusInternalServerError:
		return codes.Internal
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return codes.Unavailable
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return codes.DeadlineExceeded
	default:
		return codes.Unknown
	}
}

// answered is the JSON of an error: a google.rpc.Status, as grpc-gateway writes it, also
// within "error", as Google's servers do, or a text there, as other servers do.
type answered struct {
	Code    json.RawMessage `json:"code"`
	Status  json.RawMessage `json:"status"`
	Message json.RawMessage `json:"message"`
	Details json.RawMessage `json:"details"`
	Error   json.RawMessage `json:"error"`
}

// statusOf returns the error of an answer that is none of 2xx.
func statusOf(got answer) error {
	code := CodeOf(got.StatusCode)
	got.body = bytes.TrimSpace(got.body)
	st := &spb.Status{}
	var a answered
	if json.Unmarshal(got.body, &a) == nil {
		var inner answered
		if json.Unmarshal(a.Error, &inner) == nil && isObject(a.Error) {
			a = inner
		}
		st.Message = text(a.Message)
		if st.GetMessage() == "" {
			st.Message = text(a.Error)
		}
		if said := a.code(); said != codes.OK {
			code = said
		}
		for _, raw := range list(a.Details) {
			if detail := detailOf(raw); detail != nil {
				st.Details = append(st.Details, detail)
			}
		}
	}
	st.Code = int32(code) //nolint:gosec // one of seventeen
	st.Message = fault.Message(st.GetMessage())
	if st.GetMessage() == "" {
		st.Message = got.instead()
	}
	return status.FromProto(st).Err()
}

// code returns the gRPC code in an error; OK if there is none.
func (a answered) code() codes.Code {
	for _, raw := range []json.RawMessage{a.Status, a.Code} {
		var code codes.Code // by its name or number
		if len(raw) > 0 && code.UnmarshalJSON(raw) == nil && code <= codes.Unauthenticated && code != codes.OK {
			return code
		}
	}
	return codes.OK
}

func isObject(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }

// list returns the elements of raw; none if it is no list.
func list(raw json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &all) != nil {
		return nil
	}
	return all
}

// text returns raw as a string; empty if it is none.
func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// detailOf returns a detail of a status. One whose type is not linked into the program is
// kept as a google.protobuf.Struct with its "@type"; nil if it is no object.
func detailOf(raw json.RawMessage) *anypb.Any {
	detail := &anypb.Any{}
	if (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, detail) == nil && detail.GetTypeUrl() != "" {
		return detail
	}
	kept := &structpb.Struct{}
	if protojson.Unmarshal(raw, kept) != nil {
		return nil
	}
	packed, err := anypb.New(kept)
	if err != nil {
		return nil
	}
	return packed
}

// instead says what came in place of a status.
func (a answer) instead() string {
	said := fmt.Sprintf("HTTP %d %s", a.StatusCode, http.StatusText(a.StatusCode))
	said = strings.TrimSpace(said) + " without a gRPC status"
	if a.StatusCode/100 == 3 {
		said += "; redirects are not followed"
		if to, err := url.Parse(a.Header.Get("Location")); err == nil && to.Host != "" {
			said += " (this one leads to " + fault.Foreign(to.Host, maxPage) + ")"
		}
		return said + ": log in, or correct the base"
	}
	if a.StatusCode == http.StatusNotFound {
		said += "; is the base that of the API?"
	}
	switch {
	case a.isPage():
		said += "; the answer is a web page: " + a.quote(maxPage)
	case len(a.body) > 0 && string(a.body) != "{}":
		said += ": " + a.quote(fault.MaxForeign)
	default:
		said += ", as a proxy in front of the gateway answers"
	}
	return said
}
