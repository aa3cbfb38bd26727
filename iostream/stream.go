package iostream

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// Options sets up a stream. The zero value of each field is its default.
type Options struct {
	// MaxBufferSize bounds the bytes, received and not consumed, that Turbo's
	// reads (ReadUntil and the like) may collect. When it is reached the stream
	// stops to read and calls the maxed-buffer callback. Default: 128 MiB.
	MaxBufferSize int
	// MaxWriteBuffer bounds the bytes that wait to be written. A Write that would
	// pass it takes nothing and returns ErrWriteLimit. Default: 128 MiB.
	MaxWriteBuffer int
	// Linger bounds, in time, how long a stream that CloseAfterFlush ends goes on
	// to throw away what the peer still sends, and LingerBytes in bytes. After
	// that the peer may see a reset. Defaults: 2 s and 64 MiB.
	Linger      time.Duration
	LingerBytes int
	// ConnectTimeout bounds what Connect may take, name resolution included.
	// Default: 30 s; a negative one is no bound.
	ConnectTimeout time.Duration
	// TLS makes Connect speak TLS, as a client: the connection is there when the
	// handshake is through. Without a ServerName, the host of the address is the
	// one that the server's certificate has to be for. Renegotiation is never
	// done. The configuration must not change any more. Default: nil, no TLS.
	//
	// Callbacks of the configuration run on other goroutines, except the Put of a
	// ClientSessionCache, which runs on the loop.
	TLS *tls.Config
	// HandshakeTimeout bounds what a TLS handshake may take. What Connect does
	// is bounded by ConnectTimeout as well. Default: 10 s; a negative one is no
	// bound.
	HandshakeTimeout time.Duration
	// Resolver finds the addresses of names for Connect. Default:
	// net.DefaultResolver.
	Resolver *net.Resolver
}

// The defaults of Options.
const (
	DefaultMaxBufferSize  = 128 << 20
	DefaultMaxWriteBuffer = 128 << 20
)

// state is where in its life a stream is. It only ever grows.
type state uint8

const (
	open      state = iota // also while it is being connected
	closing                // CloseAfterFlush: what is queued leaves, nothing else happens
	lingering              // the peer has been told; what it still sends is thrown away
	closed
)

// flags are the facts about a stream that the states do not tell.
type flags uint16

const (
	registered flags = 1 << iota // the loop knows the descriptor
	connecting                   // the transport is a dial

	// Reading in chunks.
	driven      // the last read was a ReadChunk: nothing is read unasked
	wanted      // ReadChunk has been called, and not been answered
	chunkQueued // the answer is on the loop's queue
	inChunk     // HandleChunk has been called and has not returned

	// Reading at all.
	peerEnded // the end of the stream was read, and the handler knows
	deaf      // an error or hang-up came which nobody may read yet: see ready
	maxed     // the read buffer is full

	// Writing.
	flushQueued // Flush is going to be called at the end of the turn
	ending      // CloseWrite: the end follows what is queued
	ended       // nothing more can be sent
	broken      // a write failed; what the peer sent before may be read
	aboveMark   // the high-water callback has been called

	layered // the transport is a layer on another one
	foreign // the transport is not the descriptor
)

// IOStream is a connection on a loop: what arrives is read with callbacks, what
// is written waits in a queue and leaves at the end of the turn. See the package
// documentation. Make one with New, Connect, Listen or Pipe.
//
// All its methods belong to the loop's goroutine.
type IOStream struct {
	conf    *config
	chunk   ChunkHandler
	rd      *reader
	wq      *writeQueue // nil when nothing is queued
	rare    *rare
	peer    sock.Endpoint
	fd      int32
	state   state
	watched uint8 // the ioloop.Events that the transport watches for
	flags   flags
}

// config is what the streams of one listener have in common, or those of one
// loop that were given no options.
type config struct {
	hub               *hub
	maxRead, maxWrite int
	linger            time.Duration
	lingerBytes       int
	handshake         time.Duration
}

// rare is what few streams need, or only at their end.
type rare struct {
	tr      transport // if it is foreign
	err     error
	onClose func()
	onMaxed func(size int)
	onMark  func(above bool)
	low     int // marks of the write queue
	high    int

	linger     ioloop.Deadline
	lingerLeft int // bytes
}

// defaults returns the config of streams that were given no options.
func (h *hub) defaults() config {
	return config{
		hub:         h,
		maxRead:     DefaultMaxBufferSize,
		maxWrite:    DefaultMaxWriteBuffer,
		linger:      defaultLinger,
		lingerBytes: defaultLingerBytes,
		handshake:   DefaultHandshakeTimeout,
	}
}

// config returns what the options say. Nobody changes a config that a stream
// has: the setters make a copy.
func (o *Options) config(h *hub) *config {
	if o == nil {
		return &h.conf
	}
	copied := h.conf
	c := &copied
	if o.MaxBufferSize > 0 {
		c.maxRead = o.MaxBufferSize
	}
	if o.MaxWriteBuffer > 0 {
		c.maxWrite = o.MaxWriteBuffer
	}
	if o.Linger > 0 {
		c.linger = o.Linger
	}
	if o.LingerBytes > 0 {
		c.lingerBytes = o.LingerBytes
	}
	if o.HandshakeTimeout != 0 {
		c.handshake = o.HandshakeTimeout
	}
	return c
}

// New makes a stream of a connected socket, which belongs to the stream from
// then on: it is made non-blocking, and TCP is told not to wait for more
// (TCP_NODELAY). When New fails, the descriptor stays the caller's. A nil
// options is the default one.
func New(l *ioloop.IOLoop, fd int, o *Options) (*IOStream, error) {
	if err := sock.SetNonblock(fd); err != nil {
		return nil, addressError("open", "fcntl", sock.Addr{}, err)
	}
	peer, err := sock.PeerAddr(fd)
	if err != nil {
		return nil, addressError("open", "getpeername", sock.Addr{}, err)
	}
	if peer.Family != sock.Unix {
		if err := sock.SetNoDelay(fd, true); err != nil {
			return nil, addressError("open", "setsockopt", peer, err)
		}
	}
	return newStream(fd, o.config(hubOf(l)), peer.Endpoint), nil
}

// newStream makes a stream of a socket that is as New wants it.
func newStream(fd int, conf *config, peer sock.Endpoint) *IOStream {
	return &IOStream{conf: conf, fd: int32(fd), peer: peer}
}

// transport returns what moves the bytes.
func (s *IOStream) transport() transport {
	if s.flags&foreign == 0 {
		return (*fdTransport)(s)
	}
	return s.rare.tr
}

// use sets what moves the bytes. The descriptor, which most streams have, costs
// them nothing.
func (s *IOStream) use(tr transport) {
	if _, ok := tr.(*fdTransport); !ok {
		s.rarely().tr = tr
		s.flags |= foreign
		return
	}
	s.flags &^= foreign
	if r := s.rare; r != nil {
		r.tr = nil
		if r.err == nil && r.onClose == nil && r.onMaxed == nil && r.onMark == nil && !r.linger.Armed() {
			s.rare = nil
		}
	}
}

// ready is called by the transport, in the poll phase, when a condition holds.
// No user's function is called from here.
func (s *IOStream) ready(events ioloop.Events) {
	if s.state == closed {
		return
	}
	if s.flags&layered != 0 {
		if events = through(s.transport(), events); events == 0 || s.state == closed {
			return
		}
	}
	if events&(ioloop.Write|ioloop.Error) != 0 && s.watching(ioloop.Write) && s.wq != nil {
		s.push()
	}
	if events&(ioloop.Read|ioloop.Error) == 0 || s.state == closed {
		return
	}
	switch {
	case s.state == lingering:
		s.drain()
	case s.readable():
	case events&ioloop.Error != 0:
		s.hungUp()
	default:
		// Nobody wants what has come. Level-triggered readiness would spin, so
		// reading is switched off, here and only here: a reader that is merely
		// slow to ask costs no system call.
		s.unwatch(ioloop.Read)
	}
}

// readable answers readiness to read; false when nobody wants to.
func (s *IOStream) readable() bool {
	switch {
	case s.flags&peerEnded != 0 || s.state == closing:
		return false
	case s.flags&driven != 0:
		if s.flags&(wanted|inChunk) != wanted {
			return false
		}
		s.queueChunk()
		return true
	default:
		return s.fill()
	}
}

// hungUp deals with an error or a hang-up of the connection at a time when
// nobody reads. It cannot be ignored, the loop would spin on it, and what the
// peer sent before is not lost yet. So the transport is taken off the loop, and
// the next read finds out without being told.
func (s *IOStream) hungUp() {
	if s.flags&peerEnded != 0 || s.state == closing {
		s.shut(s.takeError())
		return
	}
	s.transport().unwatch()
	s.watched = 0
	s.flags |= deaf
}

// takeError returns why the connection has gone when the kernel can tell.
func (s *IOStream) takeError() error {
	_, err := s.transport().read(make([]byte, 1))
	if err == nil || err == errAgain {
		return nil
	}
	return s.systemError("read", err)
}

func (s *IOStream) watching(events ioloop.Events) bool {
	return ioloop.Events(s.watched)&events != 0
}

// watchFor adds events to those that the transport watches for.
func (s *IOStream) watchFor(events ioloop.Events) {
	if s.flags&deaf == 0 {
		s.setWatch(ioloop.Events(s.watched) | events)
	}
}

// unwatch removes events from those that the transport watches for.
func (s *IOStream) unwatch(events ioloop.Events) {
	if s.watching(events) {
		s.setWatch(ioloop.Events(s.watched) &^ events)
	}
}

func (s *IOStream) setWatch(events ioloop.Events) {
	if s.state == closed || uint8(events) == s.watched {
		return
	}
	s.watched = uint8(events)
	if err := s.transport().watch(events); err != nil {
		s.shut(err)
	}
}

// rarely returns the stream's rare state.
func (s *IOStream) rarely() *rare {
	if s.rare == nil {
		s.rare = new(rare)
	}
	return s.rare
}

// Loop returns the loop that the stream belongs to.
func (s *IOStream) Loop() *ioloop.IOLoop { return s.conf.hub.loop }

// Closed reports whether the stream is closed. It is true as soon as Close has
// been called or the end of the stream was noticed, before the close callback
// runs; between CloseAfterFlush and the end of the flush it is false.
func (s *IOStream) Closed() bool { return s.state == closed }

// Err returns why the stream was closed: nil when it is open or was closed by a
// call of this program, io.EOF when the peer ended it, else the error.
func (s *IOStream) Err() error {
	if s.rare == nil {
		return nil
	}
	return s.rare.err
}

// Reading reports whether a read is pending: asked for, and its data not there
// yet.
func (s *IOStream) Reading() bool {
	return s.flags&wanted != 0 || s.rd != nil && s.rd.pending()
}

// Pending reports whether bytes have arrived that were not read; over TLS they
// may turn out to be none of the peer's.
func (s *IOStream) Pending() bool {
	switch {
	case s.rd != nil && s.rd.size() > 0:
		return true
	case s.state == closed:
		return false
	case s.fd >= 0:
		return sock.Pending(int(s.fd))
	}
	e, ok := s.transport().(*pipeEnd)
	return ok && len(e.in) > 0
}

// Writing reports whether bytes wait to be written.
func (s *IOStream) Writing() bool { return s.wq != nil }

// LocalAddr returns the address of this end, nil when it is not known (any
// more).
func (s *IOStream) LocalAddr() net.Addr {
	if s.state == closed {
		return nil
	}
	return s.transport().local().NetAddr()
}

// RemoteAddr returns the address of the peer, nil when it is not known. A TCP
// stream remembers it after it was closed.
func (s *IOStream) RemoteAddr() net.Addr {
	if s.state == closed {
		return sock.Addr{Endpoint: s.peer}.NetAddr()
	}
	return s.transport().remote().NetAddr()
}

// RemoteIP returns the peer's IP address as text, "" when the stream has none,
// as over a Unix socket. Turbo passes it to handle_stream.
func (s *IOStream) RemoteIP() string {
	if ip := s.peer.IP().Addr(); ip.IsValid() {
		return ip.String()
	}
	return ""
}

func (s *IOStream) network() string {
	return sock.Addr{Endpoint: s.peer}.Network()
}
