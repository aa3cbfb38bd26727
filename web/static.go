package web

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/turbogo/turbo/ioloop"
)

// StaticOptions says how files are served. The zero value of each field is its
// default.
type StaticOptions struct {
	// Index is the file that stands for its directory. Default: "index.html".
	// NoIndex has directories answered with 404.
	Index   string
	NoIndex bool
	// FollowSymlinks serves what a symbolic link points to outside of the folder.
	// Links that stay inside are always followed. It has no meaning for an fs.FS.
	FollowSymlinks bool
	// Precompressed sends what lies beside a file with .br or .gz behind its name,
	// to those who take that (Content-Encoding), and has all responses say Vary:
	// Accept-Encoding. One that is older than the file is left alone, as the file
	// has changed since. Default: files are sent as they are, as to look for others
	// takes time with each request.
	Precompressed bool
	// NoDotFiles answers 404 for names with an element that begins with a dot, such
	// as .git/config, but for what is below .well-known (RFC 8615). Default: the
	// folder is served as it is, so what is private has no place in it.
	NoDotFiles bool
	// CacheControl is the Cache-Control field of the responses. Default: none, so
	// that clients ask again after a while of their own choice.
	CacheControl string
	// Offload reads files on helper goroutines (see ioloop.Offload): for file
	// systems that may keep a reader waiting, such as those behind a network. By
	// default the loop reads them itself, at most 128 KiB at a time; from the
	// page cache that takes less than handing the work over.
	Offload bool
}

// StaticFileHandler returns what Handle needs to serve the files of a folder,
// or a single file:
//
//	web.Handle("^/static/(.*)$", web.StaticFileHandler("/var/www", nil))
//	web.Handle("^/favicon.ico$", web.StaticFileHandler("/var/www/icon.ico", nil))
//
// For a folder the first capture of the route is the name below it. There is no
// way out of the folder: by "..", however it is written, by a symbolic link
// (see StaticOptions.FollowSymlinks), or to anything that is not a regular file.
//
// Responses have an ETag and Last-Modified, and requests may be conditional, or
// for ranges. The files are looked at for each request, so a change is noticed;
// large ones are sent piece by piece, as fast as the client reads.
//
// It panics when name does not exist.
func StaticFileHandler(name string, o *StaticOptions) func() Handler {
	return newStatic(folderOf(name, o), o)
}

// StaticFSHandler is StaticFileHandler for the files of an fs.FS, such as an
// embed.FS. Ranges need files that can Seek.
func StaticFSHandler(fsys fs.FS, o *StaticOptions) func() Handler {
	return newStatic(&fsSource{fsys: fsys}, o)
}

// A source is where files come from. Names are valid in the sense of
// fs.ValidPath.
type source interface {
	// open returns a regular file, or nil and the information for something else.
	open(name string) (fs.File, fs.FileInfo, error)
	// single returns the name of the one file that there is, "" for a folder.
	single() string
	// tag returns the entity tag of a file without a modification time.
	tag(a *Application, name string, f fs.File) string
}

const (
	smallFile = 64 << 10  // bytes of a file that is sent in one piece
	filePiece = 128 << 10 // bytes of a piece of a larger one
)

type staticHandler struct {
	RequestHandler
	source  source
	options *StaticOptions
}

func newStatic(s source, o *StaticOptions) func() Handler {
	options := StaticOptions{}
	if o != nil {
		options = *o
	}
	if options.Index == "" {
		options.Index = "index.html"
	}
	var h Header
	if err := h.Add("Cache-Control", options.CacheControl); err != nil {
		panic("web: StaticOptions.CacheControl: " + err.Error())
	}
	if !fs.ValidPath(options.Index) {
		panic("web: StaticOptions.Index: no valid name")
	}
	return func() Handler { return &staticHandler{source: s, options: &options} }
}

var _ GetHandler = (*staticHandler)(nil)

// opened is a file and where it was found.
type opened struct {
	file   fs.File
	info   fs.FileInfo
	name   string
	coding string // "", or what it is compressed with: then its name ends in that
}

// Get answers GET and HEAD.
func (s *staticHandler) Get() error {
	name, slash, err := s.name()
	if err != nil {
		return err
	}
	if s.options.NoDotFiles && hidden(name) {
		return &HTTPError{Code: http.StatusNotFound}
	}
	f, err := s.open(name)
	if err == nil && f.file == nil {
		if !f.info.IsDir() || s.options.NoIndex {
			return &HTTPError{Code: http.StatusNotFound}
		}
		f, err = s.open(path.Join(name, s.options.Index))
		if err == nil && !slash {
			return s.toDirectory(f)
		}
	} else if err == nil && slash && s.source.single() == "" {
		err = fs.ErrNotExist // a file is no directory
	}
	defer func() { f.close() }()
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &HTTPError{Code: http.StatusForbidden}
	case err != nil && !noSuchFile(err):
		return fmt.Errorf("cannot open a static file: %w", err)
	case err != nil || f.file == nil:
		return &HTTPError{Code: http.StatusNotFound}
	}
	f = s.precompressed(f)
	return s.serve(f)
}

// hidden tells whether one of the elements of a name begins with a dot.
func hidden(name string) bool {
	name, _ = strings.CutPrefix(name, ".well-known/")
	return name != "." && (strings.HasPrefix(name, ".") || strings.Contains(name, "/."))
}

// noSuchFile tells an error that speaks of the name, as one that leads through a
// file or out of the folder, from one of the system, such as too many open
// files: that must not have clients and caches take the file for gone. Most of
// the former are known by their text alone, as package os does not export them.
func noSuchFile(err error) bool {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return true
	}
	var e *fs.PathError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Err.Error() {
	case "not a directory", "file name too long", "too many levels of symbolic links",
		"path escapes from parent", "invalid argument":
		return true
	}
	return false
}

func (f opened) close() {
	if f.file != nil {
		f.file.Close() // it was only read
	}
}

// open opens a file, on a helper goroutine if that is asked for.
func (s *staticHandler) open(name string) (opened, error) {
	return offloaded(s, func() (opened, error) {
		file, info, err := s.source.open(name)
		return opened{file: file, info: info, name: name}, err
	})
}

func offloaded[T any](s *staticHandler, fn func() (T, error)) (T, error) {
	if !s.options.Offload {
		return fn()
	}
	return ioloop.Offload(s.Loop(), fn).Await()
}

// toDirectory sends the client to the directory's own URL, so that relative
// links work. The answer is relative to where it is, so that no path can turn
// into another host.
func (s *staticHandler) toDirectory(index opened) error {
	index.close()
	if index.file == nil {
		return &HTTPError{Code: http.StatusNotFound}
	}
	where := string(s.x.req.Path())
	where = "./" + where[strings.LastIndexByte(where, '/')+1:] + "/"
	if q := s.x.req.RawQuery(); len(q) > 0 {
		where += "?" + string(q)
	}
	return s.Redirect(where, true)
}

// serve answers with a file.
func (s *staticHandler) serve(f opened) error {
	x := s.x
	size := f.info.Size()
	var content []byte // of a small file
	if size <= smallFile {
		var err error
		content, err = offloaded(s, func() ([]byte, error) { return readSmall(f.file, size) })
		if err != nil {
			return err
		}
		size = int64(len(content))
	}
	v := s.validator(f, content)
	if err := s.setFields(f, v); err != nil {
		return err
	}
	if x.codes(s.Header("Content-Type"), size) {
		x.weaken()
		x.header().Del("Accept-Ranges")
		v.etag = s.Header("Etag")
	}
	c := x.conditions()
	if status := c.evaluate(v, true); status != 0 {
		return s.preconditioned(status)
	}
	segments, length, err := s.ranges(f, &c, v, size)
	if err != nil {
		return err
	}
	if x.req.Method() == http.MethodHead {
		return s.SetHeader("Content-Length", formatSize(length))
	}
	if content != nil {
		return s.sendSmall(segments, content)
	}
	if err := s.SetHeader("Content-Length", formatSize(length)); err != nil {
		return err
	}
	return s.sendLarge(segments, f.file)
}

// readSmall reads a file that is thought to be small.
func readSmall(f io.Reader, size int64) ([]byte, error) {
	content := make([]byte, size)
	n, err := io.ReadFull(f, content)
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		err = nil // it has become shorter
	}
	return content[:n], err
}

func (s *staticHandler) setFields(f opened, v validator) error {
	x := s.x
	if err := s.SetHeader("Content-Type", f.contentType()); err != nil {
		return err
	}
	if f.coding != "" {
		x.mustAdd("Content-Encoding", f.coding)
	}
	x.header().Place("Content-Length")
	if v.etag != "" {
		x.mustAdd("Etag", v.etag)
	}
	if !v.modified.IsZero() {
		x.mustAdd("Last-Modified", v.modified.Format(http.TimeFormat))
	}
	if _, ok := f.file.(io.Seeker); ok {
		x.mustAdd("Accept-Ranges", "bytes")
	}
	if s.options.CacheControl != "" {
		x.mustAdd("Cache-Control", s.options.CacheControl)
	}
	return nil
}

// preconditioned answers 304 or 412.
func (s *staticHandler) preconditioned(status int) error {
	if status != http.StatusNotModified {
		return &HTTPError{Code: status}
	}
	// RFC 9110, 15.4.5: what describes the content has no place here.
	s.x.header().Del("Content-Type")
	s.x.header().Del("Content-Encoding")
	return s.SetStatus(status)
}

// sendSmall writes the segments of a file that is in memory.
func (s *staticHandler) sendSmall(segments []segment, content []byte) error {
	for _, g := range segments {
		if _, err := s.WriteString(g.before); err != nil {
			return err
		}
		if _, err := s.Write(content[g.start : g.start+g.length]); err != nil {
			return err
		}
	}
	return nil
}

// sendLarge sends the segments of a file, piece by piece, each when the one
// before has left.
func (s *staticHandler) sendLarge(segments []segment, f fs.File) error {
	for _, g := range segments {
		if _, err := s.WriteString(g.before); err != nil {
			return err
		}
		if seeker, ok := f.(io.Seeker); ok && g.length > 0 {
			if _, err := seeker.Seek(g.start, io.SeekStart); err != nil {
				return err
			}
		}
		for left := g.length; left > 0; {
			n := min(left, filePiece)
			if err := s.sendPiece(f, int(n)); err != nil {
				return err
			}
			left -= n
		}
	}
	return nil
}

// sendPiece reads n bytes into the exchange's own buffer. A file that ends
// early is an error: its length has been announced, so the connection ends.
func (s *staticHandler) sendPiece(f io.Reader, n int) error {
	x := s.x
	body, err := offloaded(s, func() ([]byte, error) { return appendFrom(x.body, f, n) })
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("a static file became shorter while it was sent")
	}
	if err != nil {
		return err
	}
	x.body = body
	return s.Drain()
}
