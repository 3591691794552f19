package nublado

import (
	"strings"
	"testing"
)

func TestTheFormHasOneImageAndASize(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0a", 32)
	for name, tt := range map[string]struct {
		lab  Lab
		want string // form, or part of the error
		ok   bool
	}{
		"nothing":          {Lab{}, "image_class=recommended&size=Large", true},
		"class":            {Lab{Image: Image{Class: LatestDaily}, Size: Fine}, "image_class=latest-daily&size=Fine", true},
		"release":          {Lab{Image: Image{Class: LatestRelease}}, "image_class=latest-release&size=Large", true},
		"weekly":           {Lab{Image: Image{Class: LatestWeekly}}, "image_class=latest-weekly&size=Large", true},
		"tag, debug":       {Lab{Image: Image{Tag: "w_2026_20"}, Debug: true}, "enable_debug=true&image_tag=w_2026_20&size=Large", true},
		"reference":        {Lab{Image: Image{Reference: "r.io/lab:w_1"}, Size: "colossal"}, "image_list=r.io%2Flab%3Aw_1&size=Colossal", true},
		"digest":           {Lab{Image: Image{Reference: "r.io/lab:w_1", Digest: digest}}, "image_list=r.io%2Flab%3Aw_1%40" + strings.ReplaceAll(digest, ":", "%3A") + "&size=Large", true},
		"digest in it":     {Lab{Image: Image{Reference: "r.io/lab@" + digest}}, "image_list=r.io%2Flab%40" + strings.ReplaceAll(digest, ":", "%3A") + "&size=Large", true},
		"digest twice":     {Lab{Image: Image{Reference: "r.io/lab@" + digest, Digest: digest}}, "image_list=r.io%2Flab%40" + strings.ReplaceAll(digest, ":", "%3A") + "&size=Large", true},
		"two digests":      {Lab{Image: Image{Reference: "r.io/lab@" + digest, Digest: "sha256:" + strings.Repeat("0b", 32)}}, "two different", false},
		"no digest":        {Lab{Image: Image{Reference: "r.io/lab", Digest: "sha256:x"}}, "64 hex digits", false},
		"empty digest":     {Lab{Image: Image{Reference: "r.io/lab@"}}, "64 hex digits", false},
		"no name":          {Lab{Image: Image{Reference: "@" + digest}}, "no name", false},
		"a digest alone":   {Lab{Image: Image{Digest: digest}}, "needs a Reference", false},
		"a digest of tag":  {Lab{Image: Image{Digest: digest, Tag: "x"}}, "needs a Reference", false},
		"twice":            {Lab{Image: Image{Class: Recommended, Tag: "x"}}, "given twice", false},
		"other class":      {Lab{Image: Image{Class: "latest"}}, "none of [recommended", false},
		"other size":       {Lab{Size: "big"}, "none of [Fine", false},
		"a space":          {Lab{Image: Image{Tag: "a b"}}, "has a space", false},
		"a line":           {Lab{Image: Image{Reference: "a\nb"}}, "has a space", false},
		"not to be seen":   {Lab{Image: Image{Tag: "a\u200bb"}}, "has a space or a control", false},
		"another's fields": {Lab{Image: Image{Tag: "x&size=Huge"}}, "image_tag=x%26size%3DHuge&size=Large", true},
	} {
		form, err := tt.lab.form()
		switch {
		case tt.ok && (err != nil || form.Encode() != tt.want):
			t.Errorf("%s: %s, %v; want %s", name, form.Encode(), err, tt.want)
		case !tt.ok && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %s, %v; want an error with %q", name, form.Encode(), err, tt.want)
		}
	}
}
