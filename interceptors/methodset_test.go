package interceptors

import "testing"

func TestOpenMethodsAreFoundWithoutHashingTheName(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	c := newConfig([]Option{WithOpenMethods("/a.B/One", "/c.D/*", "/e.F", "/g.*/H", "/i.J/K*")})
	for name, want := range map[string]bool{
		"/a.B/One": true, "/a.B/Two": false, "/c.D/Any": true, "/c.D/": false, "/c.D": false, "/c.D/x/y": false, "/c.Dd/Any": false,
		"/e.F": false, "/g.*/H": false, "/i.J/K": false, "": false, "/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata": true,
	} {
		if got := c.open.has(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
		if got := testing.AllocsPerRun(100, func() { c.open.has(name) }); got > 0 {
			t.Errorf("%q takes %v allocations", name, got)
		}
	}
	if plain := newConfig(nil); plain.open.methods != nil {
		t.Error("a client without open methods of its own looks into a map at every call")
	}
}
