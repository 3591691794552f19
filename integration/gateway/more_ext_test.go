package gateway_test

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/jetway-go/jetway/integration/gateway/echopb"
	"github.com/jetway-go/jetway/interceptors/httprule"
)

func TestEveryCodeComesWithItsDetails(t *testing.T) {
	t.Parallel()
	for setting, opts := range gateways() {
		b := serve(t, opts...)
		for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
			_, _, direct, routed := b.call(t, "Fail", &echopb.Failure{Code: int32(code), Message: "grüße <b>&\nfrom " + code.String()})
			want, got := status.Convert(direct), status.Convert(routed)
			if want.Code() != code || len(want.Details()) != 4 || !proto.Equal(want.Proto(), got.Proto()) {
				t.Errorf("%s: %v\nover gRPC %v\nover HTTP %v", setting, code, want.Proto(), got.Proto())
			}
		}
	}
}

func TestAFileIsSentAsAGatewayReadsIt(t *testing.T) {
	t.Parallel()
	file := &httpbody.HttpBody{ContentType: "text/plain", Data: []byte("<{\x00\xff")}
	for setting, opts := range gateways() {
		b := serve(t, opts...)
		in := &echopb.Raw{Id: "a", File: file}
		direct, routed, directErr, routedErr := b.call(t, "BodyRaw", in, httprule.WithHTTPBodyAsJSON())
		if directErr != nil || routedErr != nil || !proto.Equal(direct, routed) {
			t.Errorf("%s: %v, %v; %v, %v", setting, direct, routed, directErr, routedErr)
		}
		direct, routed, directErr, routedErr = b.call(t, "BodyWholeRaw", file, httprule.WithHTTPBodyAsJSON())
		if directErr != nil || routedErr != nil || !proto.Equal(direct, routed) {
			t.Errorf("%s: %v, %v; %v, %v", setting, direct, routed, directErr, routedErr)
		}
		if _, _, _, err := b.call(t, "BodyRaw", in); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v: does the gateway read files as they are?", setting, err)
		}
	}
}

// Metadata other than authorization needs a gateway that is told to pass it on.
func TestMetadataAndDeadlinesArrive(t *testing.T) {
	t.Parallel()
	told, untold := serve(t, runtime.WithIncomingHeaderMatcher(runtime.LegacyHeaderMatcher)), serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "x-user", "ada", "x-user", "b,c", "authorization", "Bearer t", "k-bin", "\x00\xff", "x-request-id", "7")
	for name, tt := range map[string]struct {
		b     *both
		cc    grpc.ClientConnInterface
		lacks []string
	}{
		"gRPC": {told, told.grpc, nil}, "told": {told, told.http(), nil}, "not told": {untold, untold.http(), []string{"x-user", "k-bin", "x-request-id"}},
	} {
		var header metadata.MD
		if _, err := echopb.NewEchoClient(tt.cc).Field(ctx, &echopb.Item{Id: "a"}, grpc.Header(&header)); err != nil {
			t.Fatal(err)
		}
		md, _ := metadata.FromIncomingContext(tt.b.context())
		for key, want := range map[string][]string{
			"x-user": {"ada", "b,c"}, "authorization": {"Bearer t"}, "k-bin": {"\x00\xff"}, "x-request-id": {"7"},
		} {
			if slices.Contains(tt.lacks, key) {
				want = nil
			}
			if !slices.Equal(md[key], want) {
				t.Errorf("%s: %s is %q, want %q", name, key, md[key], want)
			}
		}
		if end, ok := tt.b.context().Deadline(); !ok || time.Until(end) > time.Hour || time.Until(end) < 59*time.Minute {
			t.Errorf("%s: the deadline is %v, %v", name, end, ok)
		}
		if !slices.Equal(header["served-by"], []string{"echo"}) {
			t.Errorf("%s: header %v", name, header)
		}
	}
}

// How a gateway reads an id is a setting of the gateway. Where it reads another one than was
// sent, it finds no method: never another one.
func TestAnAwkwardIDArrivesOrIsRefused(t *testing.T) {
	t.Parallel()
	for setting, tt := range map[string]struct {
		mode    runtime.UnescapingMode
		refuses string // ids with one of these
	}{
		"as it comes":         {runtime.UnescapingModeLegacy, "/"},
		"all except reserved": {runtime.UnescapingModeAllExceptReserved, ""},
		"all except slashes":  {runtime.UnescapingModeAllExceptSlash, ""},
		"all":                 {runtime.UnescapingModeAllCharacters, "/"},
	} {
		b := serve(t, runtime.WithUnescapingMode(tt.mode))
		for _, id := range []string{"a", "a b", "a+b", "a%2Fb", "%", "a:b", "a:archive", ":read", "ü", "a?b=c#d", "a&b;c", "~!*'()@,$=", "...", "a\nb", "a/b", "/", " ", "{id}"} {
			for _, name := range []string{"Field", "One", "Verb", "Pattern"} {
				in := &echopb.Item{Id: id}
				if name == "Pattern" {
					in.Id = "shelves/" + id + "/books/" + id
				}
				_, routed, _, err := b.call(t, name, in)
				switch {
				case err == nil && !proto.Equal(plain(name, routed), in):
					t.Errorf("%s: %s of %q arrives as %v", setting, name, id, routed)
				case err == nil:
				case name == "Pattern" && strings.Contains(id, "/"): // which the pattern does not allow
				case tt.refuses == "" || !strings.ContainsAny(id, tt.refuses):
					t.Errorf("%s: %s of %q: %v", setting, name, id, err)
				case status.Code(err) != codes.NotFound && status.Code(err) != codes.InvalidArgument:
					t.Errorf("%s: %s of %q: %v", setting, name, id, err)
				}
			}
		}
	}
}

// What a query cannot hold is an error, not another message.
func TestWhatAQueryCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	b := serve(t)
	for _, text := range []string{
		`books {}`, `any {}`, `by_name { key: "x" value {} }`, `labels { key: "c[d" value: "x" }`, `labels { key: "c\nd" value: "x" }`, `values { values { bool_value: true } }`,
	} {
		if _, routed, _, err := b.call(t, "Literal", item(t, text)); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, %v", text, routed, err)
		}
	}
}

// JETWAY_TEST_MESSAGES says how many messages are tried, and JETWAY_TEST_SEED which.
func TestRandomMessagesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	number := func(name string, fallback uint64) uint64 {
		if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
			return n
		}
		return fallback
	}
	seed := number("JETWAY_TEST_SEED", uint64(time.Now().UnixNano()))
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var all []*both
	for _, opts := range gateways() {
		all = append(all, serve(t, opts...))
	}
	arrived, refused := 0, 0
	for range number("JETWAY_TEST_MESSAGES", 100) {
		in := &echopb.Item{}
		fill(random, in.ProtoReflect(), 3)
		for _, b := range all {
			for _, name := range []string{"Literal", "Field", "All", "AllBesidePath", "BodyMessage", "LiteralVerb"} {
				direct, routed, directErr, routedErr := b.call(t, name, in)
				switch code := status.Code(routedErr); {
				case directErr != nil:
					t.Fatalf("%s of %v: %v", name, in, directErr)
				case code == codes.InvalidArgument, code == codes.NotFound: // see the tests of what cannot be sent
					refused++
				case routedErr != nil:
					t.Fatalf("%s of %v: %v", name, in, routedErr)
				case !proto.Equal(sent(name, plain(name, asAnswered(name, direct))), sent(name, plain(name, routed))):
					t.Fatalf("%s of\n%v, over HTTP\n%v", name, direct, routed)
				default:
					arrived++
				}
			}
		}
	}
	if arrived < refused/2 {
		t.Errorf("%d messages arrived, %d were refused", arrived, refused)
	}
}
