package mustache

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

// HelperOptions sets up a Helper. The zero value of each field is its default.
type HelperOptions struct {
	// Debug looks at each use whether a file has changed, and loads it again then.
	// The default is to load each file once.
	Debug bool
	// Strict is that of Options.
	Strict bool
	// Extension is added to names whose file does not exist. Default:
	// ".mustache".
	Extension string
}

// A Helper loads templates from files, by name, and keeps them compiled. It is
// Turbo's TemplateHelper. Goroutines, and so loops, may share it.
type Helper struct {
	fsys fs.FS
	o    HelperOptions

	mu    sync.Mutex
	cache map[string]loaded
}

type loaded struct {
	template *Template
	file     string
	changed  time.Time
	size     int64
}

// maxTemplate is the length of a file that is loaded, in bytes.
const maxTemplate = 16 << 20

// NewHelper returns a helper for the files of fsys, such as os.DirFS("templates")
// or an embed.FS; o may be nil. Names are paths below it, with slashes: there is
// no way out of it but by links.
func NewHelper(fsys fs.FS, o *HelperOptions) *Helper {
	h := &Helper{fsys: fsys, cache: make(map[string]loaded)}
	if o != nil {
		h.o = *o
	}
	if h.o.Extension == "" {
		h.o.Extension = ".mustache"
	}
	return h
}

// Load returns the template of a file. The error is that of the file
// (fs.ErrNotExist, for one) or an *Error. It reads the file when it is needed,
// which is fast enough for a loop unless the disk is not.
func (h *Helper) Load(name string) (*Template, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cache[name]
	if ok && !h.o.Debug {
		return c.template, nil
	}
	file, info, err := h.find(name)
	if err != nil {
		return nil, err
	}
	if ok && file == c.file && info.ModTime().Equal(c.changed) && info.Size() == c.size {
		return c.template, nil
	}
	if info.Size() > maxTemplate {
		return nil, fmt.Errorf("template %s: %w", name, ErrTooLarge)
	}
	text, err := fs.ReadFile(h.fsys, file)
	if err != nil {
		return nil, err
	}
	t, err := Compile(string(text))
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	h.cache[name] = loaded{t, file, info.ModTime(), info.Size()}
	return t, nil
}

// find returns the file of a name.
func (h *Helper) find(name string) (string, fs.FileInfo, error) {
	info, err := fs.Stat(h.fsys, name)
	if err == nil && info.Mode().IsRegular() {
		return name, info, nil
	}
	longer, longErr := fs.Stat(h.fsys, name+h.o.Extension)
	switch {
	case longErr == nil && longer.Mode().IsRegular():
		return name + h.o.Extension, longer, nil
	case err == nil:
		err = &fs.PathError{Op: "load", Path: name, Err: errors.New("not a regular file")}
	}
	return "", nil, err
}

// Render renders the template of a file; those that it includes are loaded, too.
// One that does not exist renders as nothing, unless HelperOptions.Strict is set.
func (h *Helper) Render(name string, data any) (string, error) {
	t, err := h.Load(name)
	if err != nil {
		return "", err
	}
	return t.Render(data, &Options{Partials: h.partial, Strict: h.o.Strict})
}

// partial is Load for Options.Partials.
func (h *Helper) partial(name string) (*Template, error) {
	t, err := h.Load(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, nil
	}
	return t, err
}
