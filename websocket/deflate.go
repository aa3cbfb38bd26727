package websocket

import (
	"compress/flate"
	"errors"

	"github.com/turbogo/turbo/internal/rfc6455"
)

// Compression has messages compressed, if the peer can do that too
// (permessage-deflate, RFC 7692). An idle connection holds no memory for it, and
// what decompressing and compressing need is shared by all connections of a loop:
// about 1.2 MB for each Level in use. So every message is compressed by itself,
// without reference to those before it, unless Takeover or SendTakeover is set.
//
// Of a compressed message Options.MaxMessageBytes bounds what it becomes: one
// that would become longer ends the connection with 1009 before it does.
type Compression struct {
	// Threshold is from which size on messages are compressed, in bytes: of
	// smaller ones hardly anything is saved. A message that would get longer is
	// sent as it is. Default: 512. Negative: all messages are compressed.
	Threshold int

	// Level is how hard is tried, from 1 to 9. All connections of the loop wait
	// meanwhile: Level 1 takes 10 us for 1 KiB, 6 three times that for a few
	// percent. Default: 1.
	Level int

	// Takeover allows the peer to refer to its earlier messages. That makes many
	// small messages of the same kind much shorter, and costs each connection 5 KiB
	// plus 2 to the power of PeerWindowBits bytes and a quarter. A server that
	// does not do without is talked with all the same: the client's second offer
	// leaves that to it.
	Takeover bool

	// SendTakeover does the same the other way, if the peer allows it: messages
	// refer to earlier ones, at Level 1 to the last one, from 2 on to the last
	// 32 KiB. It costs each connection 1.2 MB from its first compressed message
	// on, so it is for few connections. Prepared messages have no part in it.
	SendTakeover bool

	// PeerWindowBits asks the peer not to refer further back than 2 to the power
	// of it bytes, from 9 to 15. A peer that cannot do so compresses without the
	// bound. Default: 15, 32 KiB.
	PeerWindowBits int
}

// The defaults of Compression.
const (
	DefaultCompressionThreshold = 512
	DefaultCompressionLevel     = flate.BestSpeed
	DefaultPeerWindowBits       = 15
)

// withDefaults returns a copy with every default filled in; nil stays nil.
func (o *Compression) withDefaults() *Compression {
	if o == nil {
		return nil
	}
	full := *o
	switch {
	case full.Threshold == 0:
		full.Threshold = DefaultCompressionThreshold
	case full.Threshold < 0:
		full.Threshold = 0
	}
	if full.Level == 0 {
		full.Level = DefaultCompressionLevel
	}
	full.Level = min(max(full.Level, flate.BestSpeed), flate.BestCompression)
	if full.PeerWindowBits < 9 || full.PeerWindowBits > DefaultPeerWindowBits {
		full.PeerWindowBits = DefaultPeerWindowBits
	}
	return &full
}

// wish is what an end of this role wants to agree upon.
func (o *Compression) wish(role rfc6455.Role) rfc6455.DeflateTerms {
	bits := o.PeerWindowBits
	if bits == DefaultPeerWindowBits {
		bits = 0 // not worth a word
	}
	if role == rfc6455.Client {
		return rfc6455.DeflateTerms{ClientNoTakeover: !o.SendTakeover, ServerNoTakeover: !o.Takeover, ServerWindowBits: bits}
	}
	return rfc6455.DeflateTerms{ServerNoTakeover: !o.SendTakeover, ClientNoTakeover: !o.Takeover, ClientWindowBits: bits}
}

// agreement is what the handshake says about compression. Its zero value is that
// there is none.
type agreement struct {
	terms    rfc6455.DeflateTerms
	response string // as the server names the terms; "" for no compression
}

// accept answers a client's offers.
func (o *Compression) accept(offers []rfc6455.Named) (a agreement) {
	if o != nil {
		a.terms, a.response, _ = rfc6455.AcceptDeflate(offers, o.wish(rfc6455.Server))
	}
	return a
}

// offer is what a client says in Sec-WebSocket-Extensions; "" for nothing.
func (o *Compression) offer() string {
	if o == nil {
		return ""
	}
	return rfc6455.OfferDeflate(o.wish(rfc6455.Client))
}

// answered reads the server's answer to the offer. After an error the handshake
// has failed.
func (o *Compression) answered(values []string) (a agreement, err error) {
	if o == nil {
		list, err := rfc6455.ParseExtensions(values)
		if err == nil && len(list) > 0 {
			err = errors.New("websocket: the response has an extension, but none was offered")
		}
		return a, err
	}
	terms, ok, err := rfc6455.CheckDeflate(o.wish(rfc6455.Client), values)
	if ok {
		a = agreement{terms, terms.String()}
	}
	return a, err
}

// compress has the messages of c compressed as agreed. It is called between open
// and start.
func (c *Conn) compress(a agreement) {
	if a.response != "" {
		c.core.Init(c.kind.compressing(a.terms))
	}
}

// compressing returns the configuration of the kind's connections on such terms.
// They share it, unless the peer may refer to earlier messages: then each has its
// own, with what it must remember.
func (k *kind) compressing(terms rfc6455.DeflateTerms) *rfc6455.Config {
	if cfg := k.packed[terms]; cfg != nil {
		return cfg
	}
	cfg := k.core
	d := rfc6455.NewDeflate(&cfg, &sharedBy(k.loop).tools, terms)
	d.Threshold, d.Level = k.opts.Compression.Threshold, k.opts.Compression.Level
	cfg.Extension = d
	if d.Shareable() {
		if k.packed == nil {
			k.packed = make(map[rfc6455.DeflateTerms]*rfc6455.Config)
		}
		k.packed[terms] = &cfg
	}
	return &cfg
}
