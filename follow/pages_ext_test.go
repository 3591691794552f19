package follow_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/follow"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
)

// collect returns the entries before an error, and that.
func collect[T any](entries iter.Seq2[T, error]) (all []T, err error) {
	for entry, e := range entries {
		if err = e; e == nil {
			all = append(all, entry)
		}
	}
	return all, err
}

// book returns the pages of a list, with an error wherever there is one.
func book(pages ...any) func(context.Context, string) ([]string, string, error) {
	failed := map[int]bool{}
	return func(_ context.Context, token string) ([]string, string, error) {
		n, _ := strconv.Atoi(token)
		if code, isCode := pages[n].(codes.Code); isCode {
			if code == codes.Unavailable && failed[n] {
				pages[n] = []string{"late"}
			} else {
				failed[n] = true
				return nil, "ignored", status.Error(code, "as scripted")
			}
		}
		page := pages[n].([]string)
		if n == len(pages)-1 {
			return page, "", nil
		}
		return page, strconv.Itoa(n + 1), nil
	}
}

func TestAllReadsEveryPage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pages []any
		want  []string
		err   codes.Code
	}{
		"one":                  {[]any{[]string{"a", "b"}}, []string{"a", "b"}, codes.OK},
		"several":              {[]any{[]string{"a"}, []string{"b", "c"}, []string{"d"}}, []string{"a", "b", "c", "d"}, codes.OK},
		"none":                 {[]any{[]string{}}, nil, codes.OK},
		"an empty one between": {[]any{[]string{"a"}, []string{}, []string{"b"}}, []string{"a", "b"}, codes.OK},
		"an empty one at last": {[]any{[]string{"a"}, []string{}}, []string{"a"}, codes.OK},
		"one fails for now":    {[]any{[]string{"a"}, codes.Unavailable, []string{"b"}}, []string{"a", "late", "b"}, codes.OK},
		"one fails":            {[]any{[]string{"a"}, codes.PermissionDenied, []string{"b"}}, []string{"a"}, codes.PermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got, err := collect(follow.All(t.Context(), book(tc.pages...)))
				_, own := errors.AsType[*follow.Error](err)
				if !slices.Equal(got, tc.want) || status.Code(err) != tc.err || own != (err != nil) {
					t.Errorf("%q, %v; want %q and %v", got, err, tc.want, tc.err)
				}
			})
		})
	}
}

func TestPagesYieldsPages(t *testing.T) {
	t.Parallel()
	got, err := collect(follow.Pages(t.Context(), book([]string{"a"}, []string{"b", "c"})))
	if err != nil || len(got) != 2 || !slices.Equal(got[1], []string{"b", "c"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAListThatDoesNotEndIsAnError(t *testing.T) {
	t.Parallel()
	for _, cycle := range []int{1, 2, 7} {
		calls := 0
		_, err := collect(follow.Pages(t.Context(), func(context.Context, string) (int, string, error) {
			calls++
			return calls, fmt.Sprint(calls % cycle), nil
		}))
		if !errors.Is(err, follow.ErrRepeatedToken) || calls != cycle+1 {
			t.Errorf("a cycle of %d: %v after %d calls", cycle, err, calls)
		}
	}
}

func TestPageTokensAreNotKept(t *testing.T) { //nolint:paralleltest // it counts what all goroutines hold
	const size, most = 500_000, 64
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for n, err := range follow.Pages(t.Context(), func(_ context.Context, token string) (int, string, error) {
		n, _ := strconv.Atoi(strings.TrimLeft(token, "0"))
		return n, fmt.Sprintf("%0*d", size, n+1), nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
		if n == most {
			runtime.GC()
			runtime.ReadMemStats(&after)
			break
		}
	}
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > most*size/4 {
		t.Errorf("%d bytes are held after %d tokens of %d", held, most, size)
	}
}

func TestPagesAreReadOnlyWhenTheyAreNeeded(t *testing.T) {
	t.Parallel()
	calls := 0
	for page, err := range follow.Pages(t.Context(), func(context.Context, string) (int, string, error) {
		calls++
		return calls, strconv.Itoa(calls), nil
	}) {
		if err != nil || page == 3 {
			break
		}
	}
	if calls != 3 {
		t.Errorf("%d calls for three pages", calls)
	}
}

func TestTheCallersContextEndsAList(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := collect(follow.All(ctx, func(ctx context.Context, _ string) ([]int, string, error) {
		return nil, "", status.FromContextError(ctx.Err()).Err()
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// clusters is a list of secrets where each cluster has a token of its own.
type clusters map[string]int

func (c clusters) ListSecrets(
	_ context.Context, req *secretpb.ListSecretsRequest, _ ...grpc.CallOption,
) (*secretpb.ListSecretsResponse, error) {
	m := &secretpb.ListSecretsResponse{PerClusterTokens: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		token, again := req.GetPerClusterTokens()[name]
		if token == "" && again {
			continue
		}
		n, _ := strconv.Atoi(token)
		m.Secrets = append(m.Secrets, &secretpb.Secret{Id: &secretpb.SecretIdentifier{Name: fmt.Sprint(name, n)}})
		m.PerClusterTokens[name] = ""
		if n+1 < c[name] {
			m.PerClusterTokens[name] = strconv.Itoa(n + 1)
		}
	}
	return m, nil
}

func TestSecretsOfEveryClusterAreListed(t *testing.T) {
	t.Parallel()
	secrets, err := collect(follow.ListSecrets(t.Context(), clusters{"x": 1, "y": 3, "z": 2}, nil))
	var names []string
	for _, s := range secrets {
		names = append(names, s.GetId().GetName())
	}
	if want := []string{"x0", "y0", "z0", "y1", "z1", "y2"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v; want %q", names, err, want)
	}
}
