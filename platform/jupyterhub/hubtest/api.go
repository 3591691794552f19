package hubtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"
)

func (h *Server) routes() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"version": "3.0.0"})
	})
	if h.config.Generation != Legacy {
		api.HandleFunc("GET /user", h.user)
		h.restRoutes(api)
	}
	if h.config.Generation != Modern {
		api.HandleFunc("GET /authorizations/token/{token}", h.tokenOwner)
		api.HandleFunc("GET /authorizations/cookie/{name}/{value}", h.cookieOwner)
	}
	api.HandleFunc("POST /oauth2/token", h.exchange)
	api.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "Not Found") })

	all := http.NewServeMux()
	prefix := h.config.BaseURL + "hub/api"
	all.Handle(prefix+"/", http.StripPrefix(prefix, h.recorded(api)))
	all.HandleFunc("GET "+prefix+"/oauth2/authorize", h.authorize)
	all.HandleFunc("POST "+prefix+"/oauth2/authorize", h.consent)
	all.HandleFunc(h.config.BaseURL+"hub/login", h.login)
	all.HandleFunc(h.config.BaseURL+"services/{name}/", h.proxy)
	all.HandleFunc(h.config.BaseURL+"user/{name}/", h.lab)
	all.HandleFunc(h.config.BaseURL+"hub/user/{name}/", h.noLab)
	return all
}

// recorded records requests, and sends the answers that [Server.Answer] has set.
func (h *Server) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := Request{Method: r.Method, Path: r.URL.Path}
		for _, dir := range []string{"/authorizations/token/", "/authorizations/cookie/"} {
			if strings.HasPrefix(req.Path, dir) {
				req.Path = dir + "…"
			}
		}
		req.Scheme, _, _ = strings.Cut(r.Header.Get("Authorization"), " ")
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" && r.ParseForm() == nil {
			for name := range r.PostForm {
				req.Form = append(req.Form, name)
			}
			slices.Sort(req.Form)
		}
		h.mu.Lock()
		h.requests = append(h.requests, req)
		var ordered *Answer
		if len(h.answers) > 0 {
			ordered = &h.answers[0]
			h.answers = h.answers[1:]
		}
		h.mu.Unlock()
		switch {
		case ordered != nil:
			contentType := ordered.ContentType
			if contentType == "" {
				contentType = "application/json"
			}
			for name, value := range ordered.Header {
				w.Header().Set(name, value)
			}
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(ordered.Status)
			_, _ = io.WriteString(w, ordered.Body)
		case r.URL.Query().Has("token"): // the API does not accept it, so no client may send it
			refuse(w, http.StatusForbidden, "Forbidden")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// caller returns the token of a request; nil if it has no valid one.
func (h *Server) caller(r *http.Request) *token {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "token") && !strings.EqualFold(scheme, "bearer") {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.valid(text)
}

func (h *Server) valid(text string) *token {
	t := h.tokens[text]
	if t == nil || !t.expiry.IsZero() && !time.Now().Before(t.expiry) {
		return nil
	}
	return t
}

func (h *Server) user(w http.ResponseWriter, r *http.Request) {
	t := h.caller(r)
	if t == nil {
		refuse(w, http.StatusForbidden, "Forbidden")
		return
	}
	reply(w, http.StatusOK, h.model(t, true))
}

// model returns what the hub answers about the owner of a token.
func (h *Server) model(t *token, withScopes bool) map[string]any {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := map[string]any{"name": t.name, "kind": t.kind}
	if t.kind == "user" {
		u := h.users[t.name]
		if u == nil { // deleted, as its tokens will be
			u = &account{}
		}
		m["admin"], m["groups"] = u.Admin, append([]string{}, u.Groups...)
	} else {
		m["admin"] = h.services[t.name].Admin
	}
	if withScopes {
		m["scopes"], m["session_id"] = t.scopes, nil
		if t.session != "" {
			m["session_id"] = t.session
		}
	}
	return m
}

// byService reports whether the caller is a service, and otherwise rejects the request.
func (h *Server) byService(w http.ResponseWriter, r *http.Request) bool {
	if t := h.caller(r); t == nil || t.kind != "service" {
		refuse(w, http.StatusForbidden, "Forbidden")
		return false
	}
	return true
}

func (h *Server) tokenOwner(w http.ResponseWriter, r *http.Request) {
	if !h.byService(w, r) {
		return
	}
	h.mu.Lock()
	t := h.valid(r.PathValue("token"))
	h.mu.Unlock()
	if t == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	reply(w, http.StatusOK, h.model(t, false))
}

func (h *Server) cookieOwner(w http.ResponseWriter, r *http.Request) {
	if !h.byService(w, r) {
		return
	}
	h.mu.Lock()
	s, ok := h.cookies[r.PathValue("value")]
	h.mu.Unlock()
	if !ok || r.PathValue("name") != "jupyterhub-services" {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	reply(w, http.StatusOK, h.model(&token{kind: "user", name: s.user}, false))
}

// proxy forwards a request to a service as the hub's proxy does, with the path unchanged.
func (h *Server) proxy(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	s := h.services[r.PathValue("name")]
	h.mu.Unlock()
	if s == nil || s.URL == "" {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	target, err := url.Parse(s.URL)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
		return
	}
	transport := &http.Transport{DisableKeepAlives: true}
	(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.SetXForwarded()
		},
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
		},
	}).ServeHTTP(w, r)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // texts and numbers
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]any{"status": status, "message": message})
}
