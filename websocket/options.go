package websocket

import (
	"slices"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
)

// Options are the limits and choices of the connections of a route. The zero
// value of each field, like a nil *Options, is the default that is given.
type Options struct {
	// MaxMessageBytes is the size of the longest message that is accepted, in
	// bytes, all its fragments together. A longer one ends the connection with
	// close code 1009 as soon as a frame header announces it. Default: 16 MiB
	// (Turbo: 64 MiB). A negative value is no limit.
	MaxMessageBytes int64

	// MaxQueuedBytes bounds what waits to be read by a slow peer, in bytes.
	// While more than that is queued, the next message is refused with
	// ErrQueueFull and SlowPolicy says what else is done, so that at most this
	// and one message are ever held; as much again while a message is sent in
	// parts, behind which others have to wait. From half of it on nothing is read
	// from the peer either, until an eighth is left: one that sends without reading
	// is held up, not cut. Pings and pongs have 64 KiB more. Default: 1 MiB.
	MaxQueuedBytes int

	// SlowPolicy is what is done about a message that meets a full queue.
	// Default: SlowCut, the connection is cut.
	SlowPolicy SlowPolicy

	// PingInterval is for how long nothing may come from the peer before it is
	// asked with a ping whether it is still there, PingTimeout for how long it
	// may then go on to say nothing before the connection is cut. Anything
	// received counts as life. Defaults: 30 s and 20 s. A negative PingInterval
	// turns it off.
	PingInterval time.Duration
	PingTimeout  time.Duration

	// IdleTimeout is for how long no message, nor part of one, may come or go
	// before the connection is closed with 1001. Pings and pongs do not count: they
	// say that the peer is there, and not that it wants something. While an event
	// is suspended, reading is paused or something is queued, the connection is
	// not idle. Default: 0 s, for ever.
	IdleTimeout time.Duration

	// CloseTimeout bounds the closing handshake: what is queued and the close
	// frame must have left and been answered by then, or the connection is cut.
	// Default: 10 s.
	CloseTimeout time.Duration

	// Compression has messages compressed when the client can do that too.
	// Default: nil, they are not.
	Compression *Compression

	// Subprotocols are the subprotocols that the route speaks. The first one
	// that the client offers and that is on the list is chosen; if there is
	// none the connection has no subprotocol, which browsers refuse. A handler
	// with a method Subprotocol chooses by itself.
	Subprotocols []string

	// AllowedOrigins lists origins, such as "https://example.com", whose pages
	// may connect beside those of the server's own origin. A browser says in
	// the Origin field which page a connection comes from; without the check
	// every page on the web could use a visitor's cookies here. Requests
	// without the field come from programs, and pass. Others are refused with
	// 403. A handler with a method CheckOrigin decides by itself.
	AllowedOrigins []string

	// AllowAllOrigins turns the check off.
	AllowAllOrigins bool
}

// The defaults of Options.
const (
	DefaultMaxMessageBytes = rfc6455.DefaultMessageBytes
	DefaultMaxQueuedBytes  = 1 << 20
	DefaultPingInterval    = 30 * time.Second
	DefaultPingTimeout     = 20 * time.Second
	DefaultCloseTimeout    = 10 * time.Second
)

// controlBytes is how much more than MaxQueuedBytes pings and pongs may queue.
const controlBytes = 64 << 10

// withDefaults returns the options with every default filled in.
func (o *Options) withDefaults() Options {
	var full Options
	if o != nil {
		full = *o
		full.Subprotocols = slices.Clone(o.Subprotocols)
		full.AllowedOrigins = slices.Clone(o.AllowedOrigins)
	}
	full.Compression = full.Compression.withDefaults()
	if full.MaxMessageBytes == 0 {
		full.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if full.MaxQueuedBytes <= 0 {
		full.MaxQueuedBytes = DefaultMaxQueuedBytes
	}
	if full.PingInterval == 0 {
		full.PingInterval = DefaultPingInterval
	}
	if full.PingTimeout <= 0 {
		full.PingTimeout = DefaultPingTimeout
	}
	if full.CloseTimeout <= 0 {
		full.CloseTimeout = DefaultCloseTimeout
	}
	return full
}

// highWater is from where on a peer that sends is held up, lowWater where that
// ends.
func (o *Options) highWater() int { return o.MaxQueuedBytes / 2 }
func (o *Options) lowWater() int  { return o.MaxQueuedBytes / 8 }
