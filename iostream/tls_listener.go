package iostream

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// DefaultMaxHandshakes is the default of ListenOptions.MaxHandshakes.
const DefaultMaxHandshakes = 1024

// listenerTLS is what a listener needs whose streams speak TLS.
type listenerTLS struct {
	conf   *tls.Config
	max    int
	failed func(*TLSError)
	plain  []byte
	under  map[*IOStream]struct{} // whose handshake is under way
	paused bool                   // accepting waits for one of them to end
}

// listenerTLS returns nil for a listener without TLS.
func (o *ListenOptions) listenerTLS() (*listenerTLS, error) {
	if o.TLS == nil {
		if o.Stream.TLS != nil {
			return nil, fmt.Errorf("%w: a listener's configuration belongs into ListenOptions.TLS", ErrArgument)
		}
		return nil, nil
	}
	if err := checkServerTLS(o.TLS); err != nil {
		return nil, err
	}
	t := &listenerTLS{conf: o.TLS, max: o.MaxHandshakes, failed: o.HandshakeFailed, plain: o.PlainAnswer}
	if t.max <= 0 {
		t.max = DefaultMaxHandshakes
	}
	t.under = make(map[*IOStream]struct{})
	return t, nil
}

// mustWait reports whether no more handshakes may begin. Then one that ends has
// the listener watch again.
func (t *listenerTLS) mustWait() bool {
	if t == nil || len(t.under) < t.max {
		return false
	}
	t.paused = true
	return true
}

// secure begins the handshake of an accepted connection.
func (ln *Listener) secure(s *IOStream) {
	ln.tls.under[s] = struct{}{}
	s.handshake(ln.tls.conf, true, ln.conf.handshake, nil, func(h *tlsHandshake, err error) {
		ln.secured(s, h, err)
	})
}

// secured is told how the handshake of s ended.
func (ln *Listener) secured(s *IOStream, h *tlsHandshake, err error) {
	t := ln.tls
	delete(t.under, s)
	if t.paused {
		t.paused = false
		ln.roomMade()
	}
	var failure *TLSError
	switch {
	case err == nil:
		s.flags &^= connecting
		s.later(func() { ln.hand(s) })
	case errors.As(err, &failure):
		s.later(func() { ln.tell(failure) })
		h.refuse(failure, t.plain)
	}
}

// Handshaking returns how many connections are in their TLS handshake.
func (ln *Listener) Handshaking() int {
	if ln.tls == nil {
		return 0
	}
	return len(ln.tls.under)
}

// hand passes a stream on whose handshake went well.
func (ln *Listener) hand(s *IOStream) {
	if ln.ended {
		s.Close()
		return
	}
	ln.accept(s)
}

// tell reports a handshake that failed.
func (ln *Listener) tell(err *TLSError) {
	switch logger := ln.hub.loop.Logger(); {
	case ln.tls.failed != nil:
		ln.tls.failed(err)
	case err.Reason == TLSClosed:
		// Somebody who looks whether the port is open, a browser that connects
		// ahead of need.
		logger.Debug("iostream: a TLS handshake failed", "error", err)
	default:
		logger.Warn("iostream: a TLS handshake failed", "error", err)
	}
}

// closeHandshakes closes the connections that nobody knows of yet.
func (t *listenerTLS) closeHandshakes() {
	if t == nil {
		return
	}
	for s := range t.under {
		s.Close() // takes itself out
	}
}
