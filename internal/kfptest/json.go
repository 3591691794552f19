package kfptest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const maxBody = 16 << 20

// readBody reads the body of a request into a field of m. An empty one leaves the field
// without fields; one that m does not know is an error.
func readBody(r *http.Request, m proto.Message, field string) error {
	if field == "" {
		return nil
	}
	part := m.ProtoReflect().Mutable(m.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(field))).Message()
	var raw json.RawMessage
	switch err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&raw); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return status.Error(codes.InvalidArgument, err.Error())
	}
	if err := protojson.Unmarshal(raw, part.Interface()); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

// populate sets fields by parameters, which may have either name of a field. Other
// parameters are ignored.
func populate(m proto.Message, params url.Values, body string) error {
	fields := m.ProtoReflect().Descriptor().Fields()
	for name, values := range params {
		f := fields.ByName(protoreflect.Name(name))
		if f == nil {
			f = fields.ByJSONName(name)
		}
		if f == nil || string(f.Name()) == body {
			continue
		}
		if len(values) != 1 {
			return status.Errorf(codes.InvalidArgument, "too many values for field %q: %s", f.Name(), strings.Join(values, ", "))
		}
		v, err := valueOf(f.Kind(), values[0])
		if err != nil {
			return status.Errorf(codes.InvalidArgument, "parsing field %q: %v", f.Name(), err)
		}
		m.ProtoReflect().Set(f, v)
	}
	return nil
}

// valueOf parses the two kinds of parameters that there are.
func valueOf(kind protoreflect.Kind, text string) (protoreflect.Value, error) {
	if kind != protoreflect.Int32Kind {
		return protoreflect.ValueOfString(text), nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return protoreflect.ValueOfInt32(int32(n)), err
}

// fail writes an error as a grpc-gateway does: a 401 has its text as the challenge.
func fail(w http.ResponseWriter, err error) {
	st := status.Convert(err)
	raw, marshalErr := protojson.MarshalOptions{UseProtoNames: true}.Marshal(st.Proto())
	if marshalErr != nil {
		raw = []byte(`{"code":13,"message":"failed to marshal error message"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	if st.Code() == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", st.Message())
	}
	w.WriteHeader(httpStatus(st.Code()))
	_, _ = w.Write(raw) //nolint:gosec // JSON, for programs
}

func httpStatus(code codes.Code) int {
	switch code {
	case codes.InvalidArgument:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.NotFound:
		return http.StatusNotFound
	case codes.AlreadyExists:
		return http.StatusConflict
	case codes.Unimplemented:
		return http.StatusNotImplemented
	default:
		return http.StatusInternalServerError
	}
}
