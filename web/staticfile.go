package web

import (
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// name returns the name of the file that is asked for, and whether it was
// written as a directory, with a slash at the end.
func (s *staticHandler) name() (name string, slash bool, err error) {
	if one := s.source.single(); one != "" {
		return one, false, nil
	}
	name, status := staticName(s.URLArg(0))
	if status != 0 {
		return "", false, &HTTPError{Code: status}
	}
	return name, strings.HasSuffix(string(s.x.req.Path()), "/"), nil
}

// staticName turns a part of a path into the name of a file. It is decoded once,
// as everywhere; after that a segment ".." is refused with 403, and what is no
// plain name with 404. The root is ".".
func staticName(arg string) (name string, status int) {
	name = Unescape(arg)
	if strings.ContainsAny(name, "\x00\\") || !utf8.ValidString(name) {
		return "", http.StatusNotFound
	}
	name = strings.TrimSuffix(name, "/")
	if name == "" {
		return ".", 0
	}
	for segment := range strings.SplitSeq(name, "/") {
		switch segment {
		case "..":
			return "", http.StatusForbidden
		case "", ".":
			return "", http.StatusNotFound
		}
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", http.StatusNotFound // a device name, on systems that have them
	}
	return name, 0
}

// A folder is a directory of the system, or one file in it.
type folder struct {
	dir    string
	file   string
	follow bool
}

func folderOf(name string, o *StaticOptions) *folder {
	info, err := os.Stat(name)
	if err != nil {
		panic("web: StaticFileHandler: " + err.Error())
	}
	f := &folder{dir: name, follow: o != nil && o.FollowSymlinks}
	if !info.IsDir() {
		f.dir, f.file = filepath.Split(filepath.Clean(name))
		if f.dir == "" {
			f.dir = "."
		}
	}
	return f
}

func (d *folder) single() string { return d.file }

func (d *folder) tag(*Application, string, fs.File) string { return "" }

// open looks before it opens: opening a pipe or a device could block, or do
// something. The file's own information is asked for again, in case that it was
// exchanged meanwhile.
func (d *folder) open(name string) (fs.File, fs.FileInfo, error) {
	if d.follow {
		full := filepath.Join(d.dir, filepath.FromSlash(name))
		return openRegular(full, os.Stat, os.Open)
	}
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	return openRegular(filepath.FromSlash(name), root.Stat, root.Open)
}

func openRegular(name string, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) (fs.File, fs.FileInfo, error) {
	info, err := stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, info, err
	}
	f, err := open(name)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close() // it was only opened
		return nil, info, err
	}
	return f, info, nil
}

// An fsSource is an fs.FS.
type fsSource struct{ fsys fs.FS }

// A fixedFile is a file that cannot change, of an embed.FS.
type fixedFile struct {
	source *fsSource
	name   string
}

func (s *fsSource) single() string { return "" }

func (s *fsSource) open(name string) (fs.File, fs.FileInfo, error) {
	info, err := fs.Stat(s.fsys, name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, info, err
	}
	f, err := s.fsys.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return f, info, nil
}

// validator makes the validator of a file. The tag of a small one is, as in
// Turbo, the SHA-1 of its content. For a large one time and size must do: a
// strong tag, unless it was written so lately that another change could have
// the same time.
func (s *staticHandler) validator(f opened, content []byte) validator {
	v := validator{modified: f.info.ModTime().UTC().Truncate(time.Second)}
	switch {
	case content != nil:
		sum := sha1.Sum(content)
		v.etag = `"` + hex.EncodeToString(sum[:]) + `"`
	case f.info.ModTime().IsZero():
		v.etag = s.source.tag(s.x.app, f.name, f.file)
	default:
		v.etag = `"` + strconv.FormatInt(f.info.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(f.info.Size(), 36) + f.coding + `"`
		if time.Since(f.info.ModTime()) < racy {
			v.etag = "W/" + v.etag
		}
	}
	if f.info.ModTime().IsZero() || v.modified.Unix() == 0 || v.modified.After(time.Now()) {
		// RFC 9110, 8.8.2.1: not later than now.
		v.modified = time.Time{}
	}
	return v
}

// racy is how old a modification time must be to tell all versions of a file
// apart: the clocks of file systems tick slowly.
const racy = 2 * time.Second

// conditions reads the conditional fields of the request.
func (x *exchange) conditions() conditions {
	return conditions{
		ifMatch: x.list("If-Match"), ifNoneMatch: x.list("If-None-Match"),
		ifModifiedSince: x.field("If-Modified-Since"), ifUnmodifiedSince: x.field("If-Unmodified-Since"),
		ifRange: x.field("If-Range"),
	}
}

// list joins the fields of a name whose value is a list (RFC 9110, 5.3).
func (x *exchange) list(name string) string { return strings.Join(x.fieldValues(name), ", ") }

func formatSize(n int64) string { return strconv.FormatInt(n, 10) }

// appendFrom appends n bytes that it reads from r.
func appendFrom(dst []byte, r io.Reader, n int) ([]byte, error) {
	have := len(dst)
	dst = slices.Grow(dst, n)[:have+n]
	if _, err := io.ReadFull(r, dst[have:]); err != nil {
		return nil, err
	}
	return dst, nil
}

// tag hashes the files of an embed.FS, once for each application, as they cannot
// change. For other files without a time there is no telling whether they did.
func (s *fsSource) tag(a *Application, name string, f fs.File) string {
	key := fixedFile{s, name}
	if tag, ok := a.tags[key]; ok {
		return tag
	}
	if _, fixed := s.fsys.(embed.FS); !fixed {
		return ""
	}
	seeker, ok := f.(io.Seeker)
	if !ok {
		return ""
	}
	sum := sha1.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	if _, err := seeker.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	if a.tags == nil {
		a.tags = make(map[fixedFile]string)
	}
	a.tags[key] = `"` + hex.EncodeToString(sum.Sum(nil)) + `"`
	return a.tags[key]
}
