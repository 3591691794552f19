package console

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver/requests"
)

// What counts as a retry, and what does not.
func TestRepeatedFindsWhatARequestSendsAgain(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	call := func(after time.Duration, token, id string, code codes.Code) requests.Request {
		r := requests.Request{
			Kind: requests.KindGRPC, Method: "/s/M", Time: begun.Add(after), TokenID: token, Done: true, Code: code,
			Metadata: map[string][]string{"user-agent": {"program"}},
		}
		if id != "" {
			r.Metadata["x-request-id"] = []string{id}
		}
		return r
	}
	ask := func(after time.Duration, client string, status int) requests.Request {
		return requests.Request{
			Kind: requests.KindToken, Method: "POST /oauth2/token", Time: begun.Add(after), Done: true, HTTPStatus: status,
			Form: map[string][]string{"client_id": {client}},
		}
	}
	other := func(r requests.Request, change func(*requests.Request)) requests.Request {
		change(&r)
		return r
	}
	const now = time.Second
	for name, tt := range map[string]struct {
		before []requests.Request
		r      requests.Request
		want   bool
	}{
		"the first":                 {nil, call(now, "b", "1", codes.OK), false},
		"refused, same ID":          {[]requests.Request{call(0, "a", "1", codes.Unauthenticated)}, call(now, "b", "1", codes.OK), true},
		"failed, same ID and token": {[]requests.Request{call(0, "a", "1", codes.Unavailable)}, call(now, "a", "1", codes.OK), true},
		"another ID":                {[]requests.Request{call(0, "a", "1", codes.Unavailable)}, call(now, "a", "2", codes.OK), false},
		"between others":            {[]requests.Request{call(0, "a", "1", codes.Unavailable), call(0, "a", "2", codes.OK)}, call(now, "a", "1", codes.OK), true},
		"it has worked":             {[]requests.Request{call(0, "a", "1", codes.OK)}, call(now, "a", "1", codes.OK), false},
		"too long ago":              {[]requests.Request{call(0, "a", "1", codes.Unavailable)}, call(time.Hour, "a", "1", codes.OK), false},
		"another method": {[]requests.Request{other(call(0, "a", "1", codes.Unavailable), func(r *requests.Request) { r.Method = "/s/N" })},
			call(now, "a", "1", codes.OK), false},
		"no ID, another token":            {[]requests.Request{call(0, "a", "", codes.Unauthenticated)}, call(now, "b", "", codes.OK), true},
		"no ID, the same token":           {[]requests.Request{call(0, "a", "", codes.Unauthenticated)}, call(now, "a", "", codes.OK), false},
		"no ID, failed otherwise":         {[]requests.Request{call(0, "a", "", codes.Unavailable)}, call(now, "b", "", codes.OK), false},
		"no ID, it has worked meanwhile":  {[]requests.Request{call(0, "a", "", codes.Unauthenticated), call(0, "b", "", codes.OK)}, call(now, "b", "", codes.OK), false},
		"a token endpoint that was down":  {[]requests.Request{ask(0, "c", 503)}, ask(now, "c", 200), true},
		"a token endpoint that refused":   {[]requests.Request{ask(0, "c", 400)}, ask(now, "c", 200), false},
		"another client":                  {[]requests.Request{ask(0, "c", 503)}, ask(now, "d", 200), false},
		"under way":                       {[]requests.Request{other(call(0, "a", "1", codes.OK), func(r *requests.Request) { r.Done = false })}, call(now, "a", "1", codes.OK), false},
		"answered with a page by a proxy": {[]requests.Request{other(call(0, "a", "1", codes.Unknown), func(r *requests.Request) { r.HTTPStatus = 302 })}, call(now, "b", "1", codes.OK), true},
	} {
		if _, got := repeated(tt.before, tt.r); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestResultsHaveATextAndATone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		r    requests.Request
		text string
		tone tone
	}{
		{requests.Request{}, "under way", busy},
		{requests.Request{Done: true}, "OK", good},
		{requests.Request{Done: true, Code: codes.Unauthenticated}, "Unauthenticated", warn},
		{requests.Request{Done: true, Code: codes.Canceled}, "Canceled", quiet},
		{requests.Request{Done: true, Code: codes.Internal}, "Internal", bad},
		{requests.Request{Done: true, HTTPStatus: 204, Kind: requests.KindHTTP}, "204 No Content", good},
		{requests.Request{Done: true, HTTPStatus: 303, Kind: requests.KindHTTP}, "303 See Other", quiet},
		{requests.Request{Done: true, HTTPStatus: 401, Kind: requests.KindToken}, "401 Unauthorized", warn},
		{requests.Request{Done: true, HTTPStatus: 503, Kind: requests.KindToken}, "503 Service Unavailable", bad},
		{requests.Request{Done: true, HTTPStatus: 200, Kind: requests.KindGRPC}, "200 OK", warn}, // a page instead of an answer
	} {
		if text, tone := resultOf(tt.r); text != tt.text || tone != tt.tone {
			t.Errorf("%+v: %s, %s", tt.r, text, tone)
		}
	}
}

func TestDurationsAreShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		12 * time.Microsecond: "12 µs", 1500 * time.Microsecond: "1.5 ms", 15 * time.Millisecond: "15 ms",
		1500 * time.Millisecond: "1.5 s", 15 * time.Second: "15 s", 90 * time.Second: "1 min 30 s", 90 * time.Minute: "1 h 30 min",
	} {
		if got := took(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestTicksAreRoundAndFew(t *testing.T) {
	t.Parallel()
	for total, want := range map[time.Duration][]string{
		103 * time.Millisecond:  {"20 ms", "40 ms", "60 ms", "80 ms"},
		2600 * time.Millisecond: {"500 ms", "1 s", "1.5 s", "2 s"},
		7 * time.Second:         {"2 s", "4 s", "6 s"},
		time.Millisecond:        nil,
	} {
		var got []string
		for _, tick := range ticks(total) {
			if tick.X <= 0 || tick.X >= 100 {
				t.Errorf("%v: a tick at %v", total, tick.X)
			}
			got = append(got, tick.Label)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: %q, want %q", total, got, want)
		}
	}
	if n := len(ticks(300 * time.Hour)); n == 0 || n > 5 {
		t.Errorf("%d ticks", n)
	}
}
