package web

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// Compression says which responses are sent with gzip, to those clients that
// take it. The zero value of each field is its default.
//
// A response is compressed when its Content-Type is on the list, its content is
// long enough, and the handler has not set Content-Encoding, Content-Range or
// Cache-Control: no-transform; never with the statuses 204, 205, 206 and 304, and
// never in answer to a request for a range. All those that could be compressed
// say Vary: Accept-Encoding. An ETag becomes a weak one, as the bytes are not
// those that it was made for. What is flushed is compressed as it comes, so that
// the client can read it at once.
type Compression struct {
	// Level is that of compress/gzip, from 1 to 9. Default: 1, as the time is the
	// loop's: higher ones save a few percent and take several times as long.
	Level int
	// MinBytes is the length of the shortest content worth it. Default: 1024.
	// Content that is flushed before its length is known counts as long enough.
	MinBytes int
	// MaxBytes is the length of the longest content that is compressed in one
	// piece, while everything else on the loop waits: 10 ms for each MiB, or so.
	// Default: 4 MiB; longer content is sent as it is. What is flushed, or drained,
	// in pieces has no such limit.
	MaxBytes int
	// MaxStreams is how many responses may be compressed at the same time while
	// they are flushed piece by piece; each takes about 1 MiB of memory until it is
	// finished. Default: 64; further ones are sent as they are.
	MaxStreams int
	// Types lists the media types: "text/plain", "text/*", or "*+json" for all that
	// end so. Default: texts, scripts, JSON, XML, SVG, WebAssembly, fonts and images
	// that are not compressed themselves; not text/event-stream, where each client
	// would keep the memory of MaxStreams.
	Types []string
}

var compressedTypes = []string{
	"text/html", "text/plain", "text/css", "text/csv", "text/javascript", "text/markdown", "text/xml",
	"text/calendar", "text/vcard", "text/vtt",
	"application/json", "*+json", "application/xml", "*+xml", "application/javascript", "application/wasm",
	"application/rtf", "font/ttf", "font/otf", "image/bmp", "image/x-icon",
}

var defaultCompression = Compression{
	Level: gzip.BestSpeed, MinBytes: 1 << 10, MaxBytes: 4 << 20, MaxStreams: 64, Types: compressedTypes,
}

// withDefaults returns a copy of c, nil for nil.
func (c *Compression) withDefaults() *Compression {
	if c == nil {
		return nil
	}
	x, d := *c, &defaultCompression
	if x.Level < gzip.BestSpeed || x.Level > gzip.BestCompression {
		x.Level = d.Level
	}
	for _, f := range []struct{ v, d *int }{
		{&x.MinBytes, &d.MinBytes}, {&x.MaxBytes, &d.MaxBytes}, {&x.MaxStreams, &d.MaxStreams},
	} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
	}
	if x.Types == nil {
		x.Types = d.Types
	}
	return &x
}

// takes reports whether a media type is on the list.
func (c *Compression) takes(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.Trim(t, " \t")
	for _, pattern := range c.Types {
		n := len(pattern) - 1
		switch {
		case strings.EqualFold(t, pattern):
			return true
		case n > 0 && pattern[n] == '*' && len(t) > n && strings.EqualFold(t[:n], pattern[:n]):
			return true
		case n > 0 && pattern[0] == '*' && len(t) > n && strings.EqualFold(t[len(t)-n:], pattern[1:]):
			return true
		}
	}
	return false
}

// A packer compresses one response: it appends to out what has not been sent.
type packer struct {
	gz  *gzip.Writer
	out []byte
}

func (p *packer) Write(b []byte) (int, error) {
	p.out = append(p.out, b...)
	return len(b), nil
}

// keptPackers is how many packers wait for the next response. Each has about 1
// MiB of tables.
const keptPackers = 8

func (a *Application) takePacker() *packer {
	var p *packer
	if n := len(a.packers); n > 0 {
		p, a.packers = a.packers[n-1], a.packers[:n-1]
	} else {
		p = new(packer)
		gz, err := gzip.NewWriterLevel(p, a.compression.Level)
		if err != nil {
			panic("bug: web: level of compression: " + err.Error())
		}
		p.gz = gz
	}
	p.gz.Reset(p)
	return p
}

func (a *Application) givePacker(p *packer) {
	if p.out = p.out[:0]; cap(p.out) > keptBody {
		p.out = nil
	}
	if len(a.packers) < keptPackers {
		a.packers = append(a.packers, p)
	}
}

// codes decides whether content of this type and size (-1: unknown) is sent with
// gzip. It says that the answer would vary, where it would.
func (x *exchange) codes(contentType string, size int64) bool {
	c := x.app.compression
	if c == nil || x.plain || size >= 0 && size < int64(c.MinBytes) ||
		x.status == http.StatusPartialContent || x.status != http.StatusNotModified && withoutContent(x.status) ||
		x.header().Has("Content-Encoding") || x.header().Has("Content-Range") || !c.takes(contentType) ||
		hasDirective(x.header().Values("Cache-Control"), "no-transform") {
		return false
	}
	x.vary("Accept-Encoding")
	_, ranged := x.req.Fields().Lookup("Range")
	return !ranged && negotiate(x.list("Accept-Encoding"), "gzip") != ""
}

// hasDirective looks for a word in fields that are lists of words.
func hasDirective(fields []string, word string) bool {
	for _, list := range fields {
		for element := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.Trim(element, " \t"), word) {
				return true
			}
		}
	}
	return false
}

// vary adds a name to the Vary field, once.
func (x *exchange) vary(name string) {
	fields := x.header().Values("Vary")
	if hasDirective(fields, name) || hasDirective(fields, "*") {
		return
	}
	x.mustSet("Vary", strings.Join(append(fields, name), ", "))
}

// weaken makes the entity tag a weak one: it stands for more than these bytes
// (RFC 9110, 8.8.1).
func (x *exchange) weaken() {
	if tag := x.header().Get("Etag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		x.mustSet("Etag", "W/"+tag)
	}
}

// setCoded has the header speak of compressed content.
func (x *exchange) setCoded() {
	x.mustSet("Content-Encoding", "gzip")
	x.header().Del("Accept-Ranges") // what a client has is no range of the file
	x.weaken()
}

// packWhole compresses a response that is sent in one piece.
func (x *exchange) packWhole() {
	n := len(x.body)
	if x.app.compression == nil || !x.codes(x.header().Get("Content-Type"), int64(n)) || n > x.app.compression.MaxBytes {
		return
	}
	p := x.app.takePacker()
	p.pack(x.body, true)
	x.setCoded()
	if x.header().Get("Content-Length") != "" {
		x.mustSet("Content-Length", strconv.Itoa(len(p.out)))
	}
	x.body, p.out = p.out, x.body
	x.app.givePacker(p)
}

// packStream has what follows compressed, if it is to be. size is -1 when it is
// not known.
func (x *exchange) packStream(size int64) bool {
	a := x.app
	if a.compression == nil || !x.codes(x.header().Get("Content-Type"), size) || a.packing >= a.compression.MaxStreams {
		return false
	}
	x.setCoded()
	x.header().Del("Content-Length")
	if x.req.Method() != http.MethodHead {
		a.packing++
		x.packer = a.takePacker()
	}
	return true
}

// pack compresses b; last ends the content, otherwise all of it can be read by
// the client.
func (p *packer) pack(b []byte, last bool) {
	_, err := p.gz.Write(b)
	if err == nil && last {
		err = p.gz.Close()
	} else if err == nil && len(b) > 0 {
		err = p.gz.Flush()
	}
	if err != nil {
		panic("bug: web: gzip into memory: " + err.Error())
	}
}

// unpack ends what packStream began.
func (x *exchange) unpack() {
	if x.packer != nil {
		x.app.packing--
		x.app.givePacker(x.packer)
		x.packer = nil
	}
}

// NoCompression has the response sent as it is, whatever Options.Compression
// says. It is for pages that show a secret together with text that comes from
// somebody else: the length of the compressed page would give the secret away
// (BREACH).
func (h *RequestHandler) NoCompression() error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	x.plain = true
	return nil
}
