package web

import (
	"path"
	"slices"
	"strings"
)

// codings are those that Precompressed looks for, the best first.
var codings = []struct{ name, ext string }{{"br", ".br"}, {"gzip", ".gz"}}

// precompressed returns what is to be sent in place of a file, or the file.
func (s *staticHandler) precompressed(f opened) opened {
	if !s.options.Precompressed {
		return f
	}
	s.x.vary("Accept-Encoding")
	accept := s.x.list("Accept-Encoding")
	offers := []string{codings[0].name, codings[1].name}
	for len(offers) > 0 {
		coding := negotiate(accept, offers...)
		i := slices.Index(offers, coding)
		if i < 0 {
			break
		}
		offers = slices.Delete(offers, i, i+1)
		for _, c := range codings {
			if c.name != coding {
				continue
			}
			// One that cannot be opened is as good as none: there is the file.
			packed, err := s.open(f.name + c.ext)
			if err == nil && packed.file != nil && !packed.info.ModTime().Before(f.info.ModTime()) {
				f.close()
				packed.coding = coding
				return packed
			}
			packed.close()
		}
	}
	return f
}

// contentType is that of the content without its coding.
func (f opened) contentType() string {
	name := f.name
	if f.coding != "" {
		name = strings.TrimSuffix(name, path.Ext(name))
	}
	return contentTypeOf(name)
}
