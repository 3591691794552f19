package wallaroo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/apitest"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

func client(cs *clientset.ClientSet) *wallaroo.Client {
	return wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
}

// steve logs in with a password.
func (i *instance) steve(t *testing.T) (*clientset.ClientSet, *wallaroo.Client) {
	t.Helper()
	cs := i.client(t, userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello"))
	return cs, client(cs)
}

var model = wallaroo.ModelVersion{Name: "sum", Version: "55f45c16-591e-4a16-8082-3ab6d843b484", SHA: "e22a0831"}

// deploy creates a workspace and a pipeline in it and deploys that.
func deploy(ctx context.Context, t *testing.T, api *wallaroo.Client) (wallaroo.Deployment, int64) {
	t.Helper()
	space, err := api.CreateWorkspace(ctx, "demo")
	if err != nil {
		t.Fatal(err)
	}
	p, err := api.CreatePipeline(ctx, wallaroo.NewPipeline{Name: "adder", WorkspaceID: space, Steps: []wallaroo.ModelVersion{model}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := api.Deploy(ctx, wallaroo.DeployRequest{Pipeline: p, Models: []wallaroo.ModelVersion{model}})
	if err != nil {
		t.Fatal(err)
	}
	return d, space
}

func TestWallarooRow09_TheLoginDeploysAndInfers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a login, whose tokens last a minute ...
		i := start(t, keycloaktest.Config{})
		_, api := i.steve(t)
		ctx := t.Context()
		// ... when a pipeline is deployed ...
		d, space := deploy(ctx, t, api)
		before := time.Now()
		got, err := api.Wait(ctx, d)
		// ... then Wait returns when it runs, after some questions ...
		if err != nil || got.Status != wallaroo.Running || len(got.Engines) != 1 || time.Since(before) != 3500*time.Millisecond {
			t.Fatalf("%+v, %v after %v; want it to run after 0.5 + 1 + 2 s", got, err, time.Since(before))
		}
		// ... and it answers, at both of its addresses, also when the token has expired ...
		time.Sleep(2 * time.Minute)
		if d.URL, err = api.ExternalURL(ctx, space, "adder"); err != nil || d.URL != api.InferenceURL(d) {
			t.Errorf("external URL %q, %v; want %s", d.URL, err, api.InferenceURL(d))
		}
		results, err := api.Infer(ctx, d, []wallaroo.Record{{"a": 1, "b": []float64{2, 3}}, {"a": 5, "b": 0}})
		if err != nil || string(results[0].Out["sum"]) != "[6]" || string(results[1].In["a"]) != "5" || results[1].Anomalies != 0 ||
			!results[0].Time.Equal(time.Now()) || !strings.Contains(string(results[0].Metadata["last_model"]), "sum") {
			t.Errorf("results %+v, %v", results, err)
		}
		// ... and the rest of the API shows it.
		spaces, err := api.Workspaces(ctx)
		if err != nil || len(spaces) != 2 || spaces[0].CreatedBy != "admin@ex.co" || !spaces[0].CreatedAt.IsZero() ||
			spaces[1].ID != space || spaces[1].CreatedBy != "102" || spaces[1].CreatedAt.IsZero() || len(spaces[1].Pipelines) != 1 {
			t.Errorf("workspaces %+v, %v", spaces, err)
		}
		var data struct {
			Pipeline []struct {
				Name string `json:"pipeline_id"`
			}
		}
		if err := api.GraphQL(ctx, wallaroo.Query{Text: "query { pipeline { id pipeline_id } }"}, &data); err != nil || data.Pipeline[0].Name != "adder" {
			t.Errorf("GraphQL: %+v, %v", data, err)
		}
		if config, err := api.Config(ctx); err != nil || string(config["cluster_name"]) != `"apitest"` {
			t.Errorf("config %s, %v", config, err)
		}
		if err := api.Undeploy(ctx, d); err != nil {
			t.Error(err)
		}
		if _, err := api.Status(ctx, d); !errors.Is(err, wallaroo.ErrNotFound) {
			t.Errorf("status of what was ended: %v", err)
		}
		i.well(t)
	})
}

// expired says that by the server's clock the token has expired.
func expired(w http.ResponseWriter, body string) {
	w.Header().Set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(body))
}

// refusals are the forms in which an instance may refuse a token.
func refusals() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"the usual":             nil,
		"401 without a body":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"403, expired, no body": func(w http.ResponseWriter, _ *http.Request) { expired(w, "") },
		"403, expired, JSON":    func(w http.ResponseWriter, _ *http.Request) { expired(w, `{"error":"forbidden"}`) },
		"a list": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`[{"error":"no token"}]`))
		},
		"a redirect to Keycloak": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, url+"/auth/realms/master/protocol/openid-connect/auth?client_id=api&response_type=code", http.StatusFound)
		},
	}
}

func TestWallarooRow10_ARefusedTokenIsReplacedInEveryForm(t *testing.T) {
	t.Parallel()
	for name, form := range refusals() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{})
			_, api := i.steve(t)
			i.api.RefuseAs(form)
			var data map[string]any
			calls := map[string]func() error{
				"an API call": func() error { _, err := api.Workspaces(t.Context()); return err },
				"GraphQL": func() error {
					return api.GraphQL(t.Context(), wallaroo.Query{Text: "query { pipeline { id } }"}, &data)
				},
			}
			for call, do := range calls {
				// Given a login that works ...
				if err := do(); err != nil {
					t.Fatal(err)
				}
				before := i.keycloak.Count("refresh_token")
				// ... when its token is revoked, then the call succeeds with one refresh.
				i.keycloak.RevokeTokens()
				if err := do(); err != nil || i.keycloak.Count("refresh_token") != before+1 {
					t.Errorf("%s: %v after %d refreshes, want one", call, err, i.keycloak.Count("refresh_token")-before)
				}
			}
		})
	}
}

func TestWallarooRow09_TheAPIIsAtTheEndpoint(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		url + "/": url + "/v1/api/config", "W.Example.com:8443/base/": "https://w.example.com:8443/base/v1/api/config",
		"http://api-lb:8080": "http://api-lb:8080/v1/api/config",
	} {
		i := start(t, keycloaktest.Config{})
		cs := i.client(t, wallaroo.Resolver{APIEndpoint: given, AuthType: wallaroo.None, LookupEnv: env()})
		if got := cs.HTTPURL("/v1/api/config"); got != want {
			t.Errorf("%s: the configuration is at %s, want %s", given, got, want)
		}
	}
}

func TestWallarooRow10_A403ByItselfIsNoRejection(t *testing.T) {
	t.Parallel()
	i := start(t, keycloaktest.Config{})
	_, api := i.steve(t)
	i.api.AnswerAs(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	_, err := api.Workspaces(t.Context())
	if e := (*wallaroo.APIError)(nil); !errors.As(err, &e) || !errors.Is(err, wallaroo.ErrForbidden) || e.Status != http.StatusForbidden {
		t.Errorf("%v, want ErrForbidden", err)
	}
	if n, m := i.keycloak.Count("refresh_token"), len(i.api.Requests()); n != 0 || m != 1 {
		t.Errorf("%d refreshes and %d requests, want none and one", n, m)
	}
}

func TestWallarooRow10_AnInstanceThatNeverAcceptsIsOneTypedError(t *testing.T) {
	t.Parallel()
	for name, form := range refusals() {
		if strings.HasPrefix(name, "403") {
			form = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
		}
		i := start(t, keycloaktest.Config{})
		i.api = apitest.New(apitest.Config{Login: i.keycloak}) // which accepts no token
		i.api.RefuseAs(form)
		_, api := i.steve(t)
		_, workspaces := api.Workspaces(t.Context())
		for _, err := range []error{workspaces, api.GraphQL(t.Context(), wallaroo.Query{Text: "{ pipeline { id } }"}, nil)} {
			if e := (*wallaroo.APIError)(nil); !errors.As(err, &e) || !errors.Is(err, wallaroo.ErrUnauthenticated) {
				t.Errorf("%s: %v, want ErrUnauthenticated", name, err)
			}
		}
	}
}

// However many calls a revoked token meets, gRPC, API and GraphQL alike, it is replaced
// once.
func TestWallarooRow11_AStormOfRejectedCallsIsOneRefresh(t *testing.T) {
	t.Parallel()
	i := start(t, keycloaktest.Config{})
	cs, api := i.steve(t)
	i.call(t, cs)
	for round := range 2 {
		i.keycloak.RevokeTokens()
		var wg sync.WaitGroup
		for n := range 60 {
			wg.Go(func() {
				var err error
				switch n % 3 {
				case 0:
					err = list(t.Context(), cs)
				case 1:
					_, err = api.Workspaces(t.Context())
				default:
					err = api.GraphQL(t.Context(), wallaroo.Query{Text: "{ pipeline { id } }"}, nil)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := i.keycloak.Count("refresh_token"); n != round+1 {
			t.Errorf("%d refreshes after %d revocations", n, round+1)
		}
	}
}

func TestWallarooRow12_ADeploymentThatFailsIsATypedError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		happens func(*instance, *wallaroo.Client, wallaroo.Deployment)
		want    error
		says    string
		after   time.Duration
	}{
		"it fails": {
			func(i *instance, _ *wallaroo.Client, d wallaroo.Deployment) { i.api.Fail(d.Name()) },
			wallaroo.ErrDeployment, "adder-11 (Error; engine engine-5df76d6869-t6nnk Error CrashLoopBackOff)", 3500 * time.Millisecond,
		},
		"it is ended": {
			func(_ *instance, api *wallaroo.Client, d wallaroo.Deployment) {
				_ = api.Undeploy(context.Background(), d)
			},
			wallaroo.ErrNotFound, "adder-11 (Pending; engine engine-5df76d6869-t6nnk Pending containers with unready status: [engine])", 3500 * time.Millisecond,
		},
		"the context ends": {
			func(*instance, *wallaroo.Client, wallaroo.Deployment) {}, context.DeadlineExceeded, "adder-11 (Pending; ", 10 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				i := start(t, keycloaktest.Config{})
				i.api = apitest.New(apitest.Config{Verifier: i.keycloak, Login: i.keycloak, Pending: 100})
				_, api := i.steve(t)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				d, _ := deploy(ctx, t, api)
				began := time.Now()
				time.AfterFunc(2*time.Second, func() { tt.happens(i, api, d) })
				_, err := api.Wait(ctx, d)
				e, ok := errors.AsType[*wallaroo.DeployError](err)
				if !ok || !errors.Is(err, tt.want) || e.Name != d.Name() || !strings.Contains(err.Error(), tt.says) || time.Since(began) != tt.after {
					t.Errorf("%v after %v\nwant %v that says %q after %v", err, time.Since(began), tt.want, tt.says, tt.after)
				}
			})
		})
	}
}

func TestWaitOutlastsWhatPasses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []int // by which the instance first answers
		repeat  bool  // the last one goes on
		want    error
	}{
		"a deployment that appears late": {[]int{404, 404}, false, nil},
		"one that never appears":         {[]int{404}, true, wallaroo.ErrNotFound},
		"a proxy that starts":            {[]int{502, 503, 504, 429}, false, nil},
		"an error of the instance":       {[]int{500}, true, wallaroo.ErrRefused},
	} {
		synctest.Test(t, func(t *testing.T) {
			answers := tt.answers
			api := wallaroo.NewClient(peertest.HTTPClient(map[string]http.Handler{host: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if len(answers) == 0 {
					_, _ = w.Write([]byte(`{"status":"Running"}`))
					return
				}
				w.WriteHeader(answers[0])
				if !tt.repeat {
					answers = answers[1:]
				}
			})}), url)
			_, err := api.Wait(t.Context(), wallaroo.Deployment{ID: 1, Pipeline: "p"})
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		})
	}
}
