package nublado

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

// Lab is what the hub's form asks of a new lab. The zero value is the recommended image in
// size Large.
type Lab struct {
	// Image is what runs in it.
	Image Image
	// Size is how much processor and memory it gets; empty means [Large].
	Size Size
	// Debug makes the lab log more.
	Debug bool
}

// Image chooses the image of a lab by one of Class, Reference and Tag; none means
// [Recommended].
type Image struct {
	// Class is one of the images that the hub offers.
	Class ImageClass
	// Reference is the reference of a container image, such as
	// ghcr.io/lsst-sqre/sciplat-lab:w_2026_20.
	Reference string
	// Digest pins a Reference to one image: sha256: and 64 hex digits. It may be in the
	// Reference instead, after an @.
	Digest string
	// Tag is the tag of an image of the hub's own repository, such as w_2026_20.
	Tag string
}

// ImageClass is a kind of image.
type ImageClass string

// The classes that the hub offers.
const (
	Recommended   ImageClass = "recommended"
	LatestRelease ImageClass = "latest-release"
	LatestWeekly  ImageClass = "latest-weekly"
	LatestDaily   ImageClass = "latest-daily"
)

// Size is the size of a lab.
type Size string

// The sizes, from the smallest to the largest. A hub need not offer all of them.
const (
	Fine       Size = "Fine"
	Diminutive Size = "Diminutive"
	Tiny       Size = "Tiny"
	Small      Size = "Small"
	Medium     Size = "Medium"
	Large      Size = "Large"
	Huge       Size = "Huge"
	Gargantuan Size = "Gargantuan"
	Colossal   Size = "Colossal"
)

func isDigest(text string) bool {
	sum, ok := strings.CutPrefix(text, "sha256:")
	return ok && len(sum) == 64 && strings.Trim(sum, "0123456789abcdef") == ""
}

// form returns the fields of the hub's form.
func (l Lab) form() (url.Values, error) {
	field, value, err := l.Image.field()
	if err != nil {
		return nil, err
	}
	size := Large
	if l.Size != "" {
		sizes := []Size{Fine, Diminutive, Tiny, Small, Medium, Large, Huge, Gargantuan, Colossal}
		i := slices.IndexFunc(sizes, func(s Size) bool { return strings.EqualFold(string(s), string(l.Size)) })
		if i < 0 {
			return nil, fmt.Errorf("size %.64q is none of %v", l.Size, sizes)
		}
		size = sizes[i]
	}
	form := url.Values{field: {value}, "size": {string(size)}}
	if l.Debug {
		form.Set("enable_debug", "true")
	}
	return form, nil
}

// field returns the field of the form that says which image.
func (i Image) field() (name, value string, err error) {
	given := 0
	for _, text := range []string{string(i.Class), i.Reference, i.Tag} {
		if text == "" {
			continue
		}
		given++
		if !fault.Visible(text) || strings.ContainsAny(text, " \t\r\n") {
			return "", "", fmt.Errorf("the image %.128q has a space or a control character in it", text)
		}
	}
	switch {
	case given > 1:
		return "", "", errors.New("the image is given twice: set one of Class, Reference and Tag")
	case i.Digest != "" && i.Reference == "":
		return "", "", errors.New("the digest of the image needs a Reference")
	case i.Reference != "":
		value, err = i.reference()
		return "image_list", value, err
	case i.Tag != "":
		return "image_tag", i.Tag, nil
	}
	switch i.Class {
	case "":
		return "image_class", string(Recommended), nil
	case Recommended, LatestRelease, LatestWeekly, LatestDaily:
		return "image_class", string(i.Class), nil
	default:
		classes := []ImageClass{Recommended, LatestRelease, LatestWeekly, LatestDaily}
		return "", "", fmt.Errorf("image class %.64q is none of %v", i.Class, classes)
	}
}

// reference returns the reference with its digest in it.
func (i Image) reference() (string, error) {
	name, digest, pinned := strings.Cut(i.Reference, "@")
	switch {
	case pinned && i.Digest != "" && digest != i.Digest:
		return "", errors.New("the image has two different digests")
	case i.Digest != "":
		digest, pinned = i.Digest, true
	}
	if pinned && !isDigest(digest) {
		return "", fmt.Errorf("the digest %.128q is not sha256: and 64 hex digits in lower case", digest)
	}
	if name == "" {
		return "", errors.New("the reference of the image has no name")
	}
	if !pinned {
		return name, nil
	}
	return name + "@" + digest, nil
}
