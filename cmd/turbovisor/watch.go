package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// A watcher tells of files that have changed below some folders. Folders are
// watched, never files: an editor that saves puts a new file in the place of the
// old one, and a watch would stay with that.
type watcher struct {
	events *fsnotify.Watcher
	files  []string // watched by name; their folders are not watched otherwise
	roots  []string // folders that are watched with all below them
	ignore []string // absolute paths
	names  []string // patterns for names
}

// neverWatched are patterns for names of files and folders that mean nothing:
// hidden ones, what editors leave behind, tests, and other people's source.
var neverWatched = []string{".*", "*~", "#*#", "*.swp", "*.swx", "*.tmp", "4913", "*_test.go", "node_modules", "vendor"}

// newWatcher watches the paths. Close it at the end.
func newWatcher(watch, ignore []string) (*watcher, error) {
	w := &watcher{names: slices.Clone(neverWatched)}
	for _, path := range ignore {
		if _, err := filepath.Match(path, ""); err != nil {
			return nil, fmt.Errorf("-i %s: %w", path, err)
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		w.ignore = append(w.ignore, absolute)
		if !strings.ContainsRune(path, filepath.Separator) {
			w.names = append(w.names, path)
		}
	}
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w.events = events
	for _, path := range watch {
		if err := w.add(path); err != nil {
			return nil, errors.Join(err, events.Close())
		}
	}
	return w, nil
}

func (w *watcher) close() error { return w.events.Close() }

// add watches a file, or a folder and all below it.
func (w *watcher) add(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		w.roots = append(w.roots, path)
		return w.addFolder(path)
	}
	w.files = append(w.files, path)
	return w.events.Add(filepath.Dir(path))
}

// addFolder watches a folder and those below it. One that is gone in the
// meantime is no error.
func (w *watcher) addFolder(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil && path == root:
			return err
		case err != nil || d == nil || !d.IsDir():
			return nil // what cannot be read is not watched
		case w.ignored(path) && !slices.Contains(w.roots, path):
			return fs.SkipDir
		}
		if err := w.events.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot watch %s: %w", path, err)
		}
		return nil
	})
}

// ignored tells whether a path, or a folder that it lies in, is not to be
// watched. The folders that were asked for, and what they lie in, are.
func (w *watcher) ignored(path string) bool {
	for {
		if slices.Contains(w.ignore, path) {
			return true
		}
		if slices.Contains(w.roots, path) {
			return false
		}
		name := filepath.Base(path)
		for _, pattern := range w.names {
			if ok, err := filepath.Match(pattern, name); ok && err == nil {
				return true
			}
		}
		up := filepath.Dir(path)
		if up == path {
			return false
		}
		path = up
	}
}

// below tells whether a path lies in a folder that is watched with all below it.
func (w *watcher) below(path string) bool {
	for _, root := range w.roots {
		if rel, err := filepath.Rel(root, path); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// matters tells whether an event is a change that counts. New folders are
// watched from now on; they count, because files may be in them already.
func (w *watcher) matters(e fsnotify.Event) (bool, error) {
	switch {
	case e.Op&^fsnotify.Chmod == 0:
		return false, nil
	case slices.Contains(w.files, e.Name):
		return true, nil
	case !w.below(e.Name), w.ignored(e.Name):
		return false, nil
	}
	if e.Has(fsnotify.Create) {
		if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
			return true, w.addFolder(e.Name)
		}
	}
	return true, nil
}

// rescan watches what was missed when there were too many events.
func (w *watcher) rescan() error {
	for _, root := range w.roots {
		if err := w.addFolder(root); err != nil {
			return err
		}
	}
	return nil
}
