package httprule_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/jetway-go/jetway/interceptors/httprule"
)

// sent is a request as a server sees it.
type sent struct {
	line, body string
	header     http.Header
}

// recorder answers each request with {} and keeps the last one.
func recorder(tb testing.TB) (base string, last *sent) {
	tb.Helper()
	last = &sent{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*last = sent{r.Method + " " + r.RequestURI, string(body), r.Header}
		_, _ = io.WriteString(w, "{}")
	}))
	tb.Cleanup(srv.Close)
	return srv.URL, last
}

func TestEveryFormOfRuleMakesItsRequest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule, in, line, body string
		camel                bool
	}{
		"literals":                {`get: "/v1/items"`, ``, "GET /v1/items", "", false},
		"root":                    {`get: "/"`, ``, "GET /", "", false},
		"field":                   {`get: "/v1/items/{id}"`, `id: "a"`, "GET /v1/items/a", "", false},
		"escaped once":            {`get: "/v1/items/{id}"`, `id: "a b/c%2F:d?e#f+ü"`, "GET /v1/items/a%20b%2Fc%252F%3Ad%3Fe%23f%2B%C3%BC", "", false},
		"field = *":               {`get: "/v1/{id=*}/x"`, `id: "a"`, "GET /v1/a/x", "", false},
		"nested field":            {`get: "/v1/{book.next.name}"`, `book { next { name: "n" page_count: 7 } }`, "GET /v1/n?book.next.page_count=7", "", false},
		"pattern":                 {`get: "/v1/{id=shelves/*/books/*}"`, `id: "shelves/a b/books/c:d"`, "GET /v1/shelves/a%20b/books/c%3Ad", "", false},
		"pattern and verb":        {`post: "/v1/{id=shelves/*}:close"`, `id: "shelves/1"`, "POST /v1/shelves/1:close", "", false},
		"many":                    {`get: "/v1/{id=files/**}"`, `id: "files/a/b c"`, "GET /v1/files/a/b%20c", "", false},
		"many of none":            {`get: "/v1/{id=files/**}"`, `id: "files"`, "GET /v1/files", "", false},
		"only many":               {`get: "/v1/{id=**}:read"`, `id: "a/b"`, "GET /v1/a/b:read", "", false},
		"only many, all":          {`get: "/{id=**}"`, `id: "a/b"`, "GET /a/b", "", false},
		"literals around one":     {`get: "/v1/{id=a/*/b}/c"`, `id: "a/x:y/b"`, "GET /v1/a/x%3Ay/b/c", "", false},
		"one and many":            {`get: "/v1/{id=*/files/**}:get"`, `id: "a/files/b/c"`, "GET /v1/a/files/b/c:get", "", false},
		"literal as a field":      {`get: "/v1/{id=latest}"`, `id: "latest"`, "GET /v1/latest", "", false},
		"several fields":          {`get: "/v1/{book.name=teams/*}/{id}/{number}"`, `book { name: "teams/t" } id: "a" number: 7`, "GET /v1/teams/t/a/7", "", false},
		"the same field twice":    {`get: "/v1/{id}/copy/{id}"`, `id: "a"`, "GET /v1/a/copy/a", "", false},
		"literal to be escaped":   {`get: "/v1/a b/ü"`, ``, "GET /v1/a%20b/%C3%BC", "", false},
		"dots in a literal":       {`get: "/v1/a.b/...:x.y"`, ``, "GET /v1/a.b/...:x.y", "", false},
		"times in the path":       {`get: "/v1/{made_at}/{ttl}/{big}/{raw}"`, `made_at { nanos: 5000 } ttl { seconds: 9 } big { value: 7 } raw { value: "\xff" }`, "GET /v1/1970-01-01T00%3A00%3A00.000005Z/9s/7/_w%3D%3D", "", false},
		"verb":                    {`post: "/v1/{id}:archive"`, `id: "a"`, "POST /v1/a:archive", "", false},
		"verb on a literal":       {`post: "/v1/items:prune"`, ``, "POST /v1/items:prune", "", false},
		"number in the path":      {`delete: "/v1/{number}"`, `number: 9007199254740993`, "DELETE /v1/9007199254740993", "", false},
		"zero in the path":        {`delete: "/v1/{number}"`, ``, "DELETE /v1/0", "", false},
		"enum in the path":        {`get: "/v1/{kind}/{flag}"`, `kind: ATLAS`, "GET /v1/ATLAS/false", "", false},
		"custom verb":             {`custom { kind: "PURGE" path: "/v1/{id}" }`, `id: "a"`, "PURGE /v1/a", "", false},
		"any verb":                {`custom { kind: "*" path: "/v1/{id}" } body: "*"`, `id: "a"`, "POST /v1/a", `{}`, false},
		"first binding":           {`get: "/v2/{id}" additional_bindings { get: "/v1/{id}" }`, `id: "a"`, "GET /v2/a", "", false},
		"body *":                  {`post: "/v1" body: "*"`, `id: "a" number: 5 kind: ATLAS`, "POST /v1", `{"id":"a","number":"5","kind":"ATLAS"}`, false},
		"body * without the path": {`put: "/v1/{book.name}" body: "*"`, `id: "a" book { name: "n" page_count: 1 }`, "PUT /v1/n", `{"id":"a","book":{"page_count":"1"}}`, false},
		"body * of nothing":       {`post: "/v1" body: "*"`, ``, "POST /v1", `{}`, false},
		"body field":              {`patch: "/v1/{book.name}" body: "book"`, `id: "q" book { name: "n" }`, "PATCH /v1/n?id=q", `{"name":"n"}`, false},
		"body field not set":      {`post: "/v1" body: "book"`, `id: "q"`, "POST /v1?id=q", ``, false},
		"body text":               {`post: "/v1" body: "id"`, `id: "q\"" number: 1`, "POST /v1?number=1", `"q\""`, false},
		"body list":               {`post: "/v1" body: "books"`, `books { name: "a" } books {}`, "POST /v1", `[{"name":"a"},{}]`, false},
		"body map":                {`post: "/v1" body: "labels"`, `labels { key: "k" value: "v" }`, "POST /v1", `{"k":"v"}`, false},
		"body enum list":          {`post: "/v1" body: "kinds"`, `kinds: [ATLAS, NONE]`, "POST /v1", `[2,0]`, false},
		"body enum":               {`post: "/v1" body: "kind"`, `kind: ATLAS`, "POST /v1", `2`, false},
		"body number":             {`post: "/v1" body: "number"`, `number: -9007199254740993`, "POST /v1", `-9007199254740993`, false},
		"body numbers":            {`post: "/v1" body: "counts"`, `counts: [1, -2]`, "POST /v1", `[1,-2]`, false},
		"body map of numbers":     {`post: "/v1" body: "numbers"`, `numbers { key: "1" value: 2 }`, "POST /v1", `{"1":2}`, false},
		"body time":               {`post: "/v1" body: "made_at"`, `made_at {}`, "POST /v1", `"1970-01-01T00:00:00Z"`, false},
		"body bytes":              {`post: "/v1" body: "data"`, `data: "\xfb\xff\xfe!"`, "POST /v1", `"+//+IQ=="`, false},
		"body optional":           {`post: "/v1" body: "note"`, `note: ""`, "POST /v1", `""`, false},
		"body as it is":           {`post: "/v1" body: "file"`, `file { content_type: "text/plain" data: "{x" }`, "POST /v1", `{x`, false},
		"body in camel case":      {`post: "/v1" body: "book"`, `book { page_count: 1 }`, "POST /v1", `{"pageCount":"1"}`, true},
		"query":                   {`get: "/v1"`, `id: "a b&c=d" number: -9223372036854775808 flag: true`, "GET /v1?flag=true&id=a+b%26c%3Dd&number=-9223372036854775808", "", false},
		"query nested":            {`get: "/v1"`, `book { next { page_count: 3 } name: "n" }`, "GET /v1?book.name=n&book.next.page_count=3", "", false},
		"query in camel case":     {`get: "/v1"`, `book { page_count: 3 } made_at {}`, "GET /v1?book.pageCount=3&madeAt=1970-01-01T00%3A00%3A00Z", "", true},
		"query repeated":          {`get: "/v1"`, `tags: ["b", "a", ""] kinds: [ATLAS, NOVEL]`, "GET /v1?kinds=ATLAS&kinds=NOVEL&tags=b&tags=a&tags=", "", false},
		"query map":               {`get: "/v1"`, `labels { key: "a.b" value: "1" } labels { key: "c" value: "2" }`, "GET /v1?labels%5Ba.b%5D=1&labels%5Bc%5D=2", "", false},
		"query unknown enum":      {`get: "/v1"`, `kind: 9`, "GET /v1?kind=9", "", false},
		"query bytes":             {`get: "/v1"`, `data: "\xfb\xff\xfe!" raw { value: "\xff" }`, "GET /v1?data=-__-IQ%3D%3D&raw=_w%3D%3D", "", false},
		"query times":             {`get: "/v1"`, `made_at { nanos: 5000 } ttl { seconds: 90 nanos: 500000000 } times { seconds: 1 } times {}`, "GET /v1?made_at=1970-01-01T00%3A00%3A00.000005Z&times=1970-01-01T00%3A00%3A01Z&times=1970-01-01T00%3A00%3A00Z&ttl=90.500s", "", false},
		"query mask":              {`get: "/v1"`, `mask { paths: ["page_count", "book.name"] }`, "GET /v1?mask=page_count%2Cbook.name", "", false},
		"query wrapper of zero":   {`get: "/v1"`, `big {} note: ""`, "GET /v1?big=0&note=", "", false},
		"query floats":            {`get: "/v1"`, `ratio: -inf weight: 0.1`, "GET /v1?ratio=-Infinity&weight=0.1", "", false},
		"query struct":            {`get: "/v1"`, `spec { fields { key: "k" value { number_value: 1 } } } value { string_value: "s" }`, `GET /v1?spec=%7B%22k%22%3A1%7D&value=%22s%22`, "", false},
		"query nothing":           {`get: "/v1"`, `void {} book {}`, "GET /v1?void=%7B%7D", "", false},
		"query beside a body":     {`post: "/v1/{id}" body: "book"`, `id: "i" book { name: "n" } tags: "t"`, "POST /v1/i?tags=t", `{"name":"n"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, last := recorder(t)
			files, item := withRule(t, tt.rule)
			opts := []httprule.Option{httprule.WithResolver(files)}
			if tt.camel {
				opts = append(opts, httprule.WithJSONNames())
			}
			in := newItem(t, item, tt.in)
			before := proto.Clone(in)
			if err := httprule.New(nil, base+"/", opts...).Invoke(t.Context(), call, in, newItem(t, item, "")); err != nil {
				t.Fatal(err)
			}
			if last.line != tt.line || !sameBody(last.body, tt.body) {
				t.Errorf("sent %s\n%s\nwant %s\n%s", last.line, last.body, tt.line, tt.body)
			}
			if got := last.header["Accept"]; len(got) != 1 || got[0] != "application/json" {
				t.Errorf("Accept: %q", got)
			}
			if !proto.Equal(in, before) {
				t.Errorf("the caller's request was changed to %v", in)
			}
		})
	}
}

// For grpc-gateways, which read a file as JSON of its message.
func TestAFileCanBeSentAsJSON(t *testing.T) {
	t.Parallel()
	base, last := recorder(t)
	files, item := withRule(t, `post: "/v1" body: "file"`)
	cc := httprule.New(nil, base, httprule.WithResolver(files), httprule.WithHTTPBodyAsJSON())
	if err := cc.Invoke(t.Context(), call, newItem(t, item, `file { content_type: "text/plain" data: "{x" }`), newItem(t, item, "")); err != nil {
		t.Fatal(err)
	}
	if want := `{"content_type":"text/plain","data":"e3g="}`; !sameBody(last.body, want) || last.header.Get("Content-Type") != "application/json" {
		t.Errorf("sent %s as %s, want %s", last.body, last.header.Get("Content-Type"), want)
	}
}

// sameBody compares JSON by what it says.
func sameBody(got, want string) bool {
	var g, w any
	if json.Unmarshal([]byte(got), &g) != nil || json.Unmarshal([]byte(want), &w) != nil {
		return got == want
	}
	return reflect.DeepEqual(g, w)
}

func TestARequestThatWouldReachAnotherMethodIsNotSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule, in string
		want     codes.Code
		says     string
	}{
		"empty id":               {`get: "/v1/{id}"`, ``, codes.InvalidArgument, "field id"},
		"empty nested id":        {`get: "/v1/{book.name}"`, `book {}`, codes.InvalidArgument, "field book.name"},
		"message not set":        {`get: "/v1/{book.name}"`, ``, codes.InvalidArgument, "empty"},
		"dots":                   {`get: "/v1/{id}"`, `id: ".."`, codes.InvalidArgument, "elsewhere"},
		"dots in many":           {`get: "/v1/{id=**}"`, `id: "a/../b"`, codes.InvalidArgument, "segment"},
		"empty segment":          {`get: "/v1/{id=a/*}"`, `id: "a/"`, codes.InvalidArgument, "segment"},
		"another pattern":        {`get: "/v1/{id=shelves/*}"`, `id: "books/canary"`, codes.InvalidArgument, `"shelves/*"`},
		"too long for a pattern": {`get: "/v1/{id=shelves/*}"`, `id: "shelves/a/b"`, codes.InvalidArgument, "pattern"},
		"list of messages":       {`get: "/v1"`, `books {}`, codes.InvalidArgument, "field books"},
		"bracket in a key":       {`get: "/v1"`, `labels { key: "a[canary" value: "b" }`, codes.InvalidArgument, "field labels"},
		"line break in a key":    {`get: "/v1"`, `labels { key: "a\ncanary" value: "b" }`, codes.InvalidArgument, "field labels"},
		"wildcard many":          {`get: "/v1/**"`, ``, codes.Internal, "no field"},
		"slash at the end":       {`get: "/v1/"`, ``, codes.Internal, "empty"},
		"empty verb":             {`get: "/v1/{id}:"`, ``, codes.Internal, "verb"},
		"text after a field":     {`get: "/v1/{id}x"`, ``, codes.Internal, "}"},
		"field without a name":   {`get: "/v1/{=*}"`, ``, codes.Internal, "no name"},
		"braces in braces":       {`get: "/v1/{id={number}}"`, ``, codes.Internal, "}"},
		"verb alone":             {`get: "/:x"`, ``, codes.Internal, "empty"},
		"query in a template":    {`get: "/v1?x=1"`, ``, codes.Internal, "character"},
		"map in the path":        {`get: "/v1/{labels}"`, ``, codes.Internal, "repeated"},
		"many too early":         {`get: "/v1/{id=**/x}"`, ``, codes.Internal, "last segment"},
		"any in a query":         {`get: "/v1"`, `any {}`, codes.InvalidArgument, "field any"},
		"no rule":                {``, ``, codes.Unimplemented, "google.api.http"},
		"no pattern":             {`body: "*"`, ``, codes.Internal, "verb"},
		"wildcard of no field":   {`get: "/v1/*"`, ``, codes.Internal, "no field"},
		"unknown field":          {`get: "/v1/{nothing}"`, ``, codes.Internal, "nothing"},
		"list in the path":       {`get: "/v1/{tags}"`, ``, codes.Internal, "repeated"},
		"message in the path":    {`get: "/v1/{book}"`, ``, codes.Internal, "message"},
		"through a text":         {`get: "/v1/{id.x}"`, ``, codes.Internal, "no message"},
		"unknown body":           {`post: "/v1" body: "nothing"`, ``, codes.Internal, "nothing"},
		"many in the middle":     {`get: "/v1/{id=**}/x"`, ``, codes.Internal, "last segment"},
		"relative":               {`get: "v1"`, ``, codes.Internal, "begin"},
		"open brace":             {`get: "/v1/{id"`, ``, codes.Internal, "}"},
		"a verb of no protocol":  {`custom { kind: "A B" path: "/v1" }`, ``, codes.Internal, "verb"},
	} {
		base, last := recorder(t)
		files, item := withRule(t, tt.rule)
		err := httprule.New(nil, base, httprule.WithResolver(files)).Invoke(t.Context(), call, newItem(t, item, tt.in), newItem(t, item, ""))
		if status.Code(err) != tt.want || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %v that says %q", name, err, tt.want, tt.says)
		}
		if last.line != "" {
			t.Errorf("%s: sent %s", name, last.line)
		}
	}
}

// A descriptor that a program got from elsewhere has the option as an unknown field.
func TestARuleIsFoundInADescriptorThatIsNotLinked(t *testing.T) {
	t.Parallel()
	base, last := recorder(t)
	files, _ := withRule(t, `get: "/v1/{id}"`)
	found, err := files.FindFileByPath("library.proto")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(protodesc.ToFileDescriptorProto(found))
	if err != nil {
		t.Fatal(err)
	}
	file := &descriptorpb.FileDescriptorProto{}
	if err := (proto.UnmarshalOptions{Resolver: new(protoregistry.Types)}).Unmarshal(raw, file); err != nil {
		t.Fatal(err)
	}
	_, item := register(t, file)
	// Without WithResolver it is in the file of the request's message.
	if err := httprule.New(nil, base).Invoke(t.Context(), call, newItem(t, item, `id: "a"`), newItem(t, item, "")); err != nil {
		t.Fatal(err)
	}
	if last.line != "GET /v1/a" {
		t.Error(last.line)
	}
}
