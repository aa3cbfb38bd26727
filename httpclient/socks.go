package httpclient

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
)

// socks asks a SOCKS proxy for the way to a host (RFC 1928, RFC 1929). The name
// is the proxy's to resolve.
type socks struct{ d *dial }

func newSocks(d *dial) *socks { return &socks{d} }

const (
	socksVersion    = 5
	socksAuthNone   = 0
	socksAuthUser   = 2
	socksUserFormat = 1
	socksConnect    = 1
	socksIPv4       = 1
	socksName       = 3
	socksIPv6       = 4
)

func (s *socks) begin() {
	s.d.stream.SetCloseCallback(func() {
		err := s.d.stream.Err()
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		s.d.fail(ErrCouldNotConnect.because("the proxy hung up: "+err.Error(), err))
	})
	methods := []byte{socksAuthNone}
	if s.d.proxy.User != nil {
		methods = append(methods, socksAuthUser)
	}
	s.say(append([]byte{socksVersion, byte(len(methods))}, methods...), 2, s.chosen)
}

// say sends a message and has next called with the first n bytes of the answer.
func (s *socks) say(message []byte, n int, next func([]byte)) {
	if err := s.d.stream.Write(message, nil); err != nil {
		s.fail("cannot be asked: " + err.Error())
		return
	}
	s.hear(n, next)
}

func (s *socks) hear(n int, next func([]byte)) {
	err := s.d.stream.ReadBytes(n, func(p []byte) {
		if !s.d.over {
			next(p)
		}
	})
	if err != nil {
		s.fail("cannot be heard: " + err.Error())
	}
}

func (s *socks) fail(what string) {
	s.d.fail(ErrCouldNotConnect.because("the proxy "+what, nil))
}

// chosen is the method of authentication that the proxy wants.
func (s *socks) chosen(p []byte) {
	switch {
	case p[0] != socksVersion:
		s.fail("does not speak SOCKS 5")
	case p[1] == socksAuthNone:
		s.connect()
	case p[1] == socksAuthUser && s.d.proxy.User != nil:
		name := s.d.proxy.User.Username()
		password, _ := s.d.proxy.User.Password()
		if len(name) == 0 || len(name) > 255 || len(password) > 255 {
			s.fail("cannot be told a user or password of this length")
			return
		}
		message := append([]byte{socksUserFormat, byte(len(name))}, name...)
		message = append(message, byte(len(password)))
		s.say(append(message, password...), 2, func(p []byte) {
			if p[1] != 0 {
				s.fail("does not accept the user or the password")
				return
			}
			s.connect()
		})
	default:
		s.fail("wants another kind of authentication")
	}
}

// connect asks for the host.
func (s *socks) connect() {
	message := []byte{socksVersion, socksConnect, 0}
	host := s.d.url.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		kind := byte(socksIPv6)
		if ip.Is4() {
			kind = socksIPv4
		}
		message = append(append(message, kind), ip.AsSlice()...)
	} else if len(host) <= 255 {
		message = append(append(message, socksName, byte(len(host))), host...)
	} else {
		s.fail("cannot be told a name of this length")
		return
	}
	port, err := strconv.ParseUint(portOf(s.d.url), 10, 16)
	if err != nil {
		s.fail("cannot be told the port") // checkURL has looked at it
		return
	}
	s.say(append(message, byte(port>>8), byte(port)), 5, s.answered)
}

// socksReplies are what a proxy says when there is no way (RFC 1928, 6).
var socksReplies = [...]string{
	"", "has failed", "does not allow it", "finds no way to the network", "finds no way to the host",
	"was refused the connection", "has waited for too long", "cannot connect", "does not know this kind of address",
}

// answered is the beginning of the answer: what follows it is an address, which
// nobody wants to know but which has to be read.
func (s *socks) answered(p []byte) {
	switch {
	case p[0] != socksVersion:
		s.fail("does not speak SOCKS 5")
		return
	case p[1] != 0:
		what := fmt.Sprintf("answered %d", p[1])
		if int(p[1]) < len(socksReplies) {
			what = socksReplies[p[1]]
		}
		s.fail(what)
		return
	}
	rest := 0 // of the address, whose first byte is here, and the port
	switch p[3] {
	case socksIPv4:
		rest = 3 + 2
	case socksIPv6:
		rest = 15 + 2
	case socksName:
		rest = int(p[4]) + 2
	default:
		s.fail("answered with an unknown kind of address")
		return
	}
	s.hear(rest, func([]byte) {
		s.d.stream.SetCloseCallback(nil)
		s.d.secure()
	})
}
