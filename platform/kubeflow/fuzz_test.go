package kubeflow

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/internal/endpoint"
)

func FuzzParseHost(f *testing.F) {
	for _, host := range []string{
		"https://kf.example/pipeline", "http://ml-pipeline-ui.kubeflow", "ml-pipeline:8888", "http://[::1]:1", "http://a@b", "http://ml-pipeline.a.b", "%zz",
		"ml-pipeline:00", "https://kf.example:99999", "https://kf.example:",
	} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, text string) {
		place, _, err := parseHost(text)
		if err != nil {
			return
		}
		if place.web == nil || place.web.User != nil || place.web.RawQuery != "" || !place.given {
			t.Fatalf("%q: %+v", text, place)
		}
		u, err := url.Parse(place.endpoint)
		if err != nil {
			t.Fatalf("%q makes %q: %v", text, place.endpoint, err)
		}
		// Credentials go without TLS to no name that the internet could have.
		if name := strings.ToLower(u.Hostname()); place.inCluster &&
			name != "ml-pipeline" && !strings.HasSuffix(name, ".svc") && !strings.HasSuffix(name, ".svc.cluster.local") {
			t.Fatalf("%q is taken for a service of the cluster", place.endpoint)
		}
		if _, err := endpoint.Parse(place.endpoint); err != nil {
			t.Fatalf("%q cannot be dialled: %v", place.endpoint, err)
		}
	})
}

func FuzzInputs(f *testing.F) {
	for _, page := range []string{
		`<input type=password>`, `<INPUT TYPE="hidden" name="req" value="a&amp;b">`, `<input`, `<!-- <input type=password> -->`, "\x00<input type=\xff>",
	} {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if n := len(inputs(body)); n > maxInputs {
			t.Fatalf("%d inputs", n)
		}
		if got := approval(body); got.Get("approval") != "approve" || len(got["approval"]) != 1 {
			t.Fatalf("approval = %q", got["approval"])
		}
	})
}

func TestApprovalSendsTheHiddenFieldsOfThePage(t *testing.T) {
	t.Parallel()
	page := `<form><input type="hidden" name="req" value="a&amp;b"/><input type="hidden" name="approval" value="approve"></form>
<form><input type="hidden" name="req" value="other"/><input type="hidden" name="approval" value="rejected"></form>`
	if got := approval([]byte(page)).Encode(); got != "approval=approve&req=a%26b" {
		t.Errorf("form = %s", got)
	}
	if got := approval(nil).Encode(); got != "approval=approve" {
		t.Errorf("form = %s", got)
	}
}
