//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package poller

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Poller cannot be opened on this system.
type Poller struct{}

var errUnsupported = fmt.Errorf("poller: no backend for %s: %w", runtime.GOOS, errors.ErrUnsupported)

// Open fails: errors.Is(err, errors.ErrUnsupported).
func Open() (*Poller, error) { return nil, errUnsupported }

// Add fails as Open does.
func (p *Poller) Add(fd int, events Events) error { return errUnsupported }

// Modify fails as Open does.
func (p *Poller) Modify(fd int, events Events) error { return errUnsupported }

// Delete fails as Open does.
func (p *Poller) Delete(fd int) error { return errUnsupported }

// Wait fails as Open does.
func (p *Poller) Wait(dst []Event, timeout time.Duration) (int, error) { return 0, errUnsupported }

// Wake fails as Open does.
func (p *Poller) Wake() error { return errUnsupported }

// Close fails as Open does.
func (p *Poller) Close() error { return errUnsupported }
