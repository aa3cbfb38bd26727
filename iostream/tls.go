package iostream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// StartTLSClient makes a connected stream a TLS one: with the peer as server, by
// a handshake that begins now. For those who have talked to the peer in the
// clear before, to a proxy say; Connect does it by Options.TLS. What is written
// from now on waits until the handshake is through.
//
// done is called from the callbacks phase, with nil or with what went wrong, a
// *TLSError; the stream is closed then. ErrClosed means that the stream was
// closed first. conf needs a ServerName, and must not change any more. What
// arrived from the peer and was not read is taken for the beginning of its
// handshake.
//
// It returns ErrAlreadyReading when a read is pending, ErrArgument when bytes
// still wait to be written or the stream is not connected yet, and ErrClosed.
func (s *IOStream) StartTLSClient(conf *tls.Config, done func(error)) error {
	return s.startTLS(clientTLS(conf, ""), false, done)
}

// StartTLSServer is StartTLSClient for the other side: the peer is the client.
func (s *IOStream) StartTLSServer(conf *tls.Config, done func(error)) error {
	if err := checkServerTLS(conf); err != nil {
		return err
	}
	return s.startTLS(conf, true, done)
}

func (s *IOStream) startTLS(conf *tls.Config, server bool, done func(error)) error {
	switch {
	case s.state != open || s.flags&(peerEnded|ending|ended|broken) != 0:
		return ErrClosed
	case s.Reading():
		return ErrAlreadyReading
	case s.wq != nil || s.flags&connecting != 0:
		return fmt.Errorf("%w: TLS cannot begin before what was written has left", ErrArgument)
	case done == nil:
		return fmt.Errorf("%w: TLS without a callback", ErrArgument)
	}
	var early []byte
	if s.rd != nil {
		early = make([]byte, s.rd.size())
		s.rd.take(s.conf.hub, early)
	}
	s.flags &^= deaf | maxed
	s.handshake(conf, server, s.conf.handshake, early, func(h *tlsHandshake, err error) {
		var failure *TLSError
		s.later(func() { done(err) })
		switch {
		case err == nil:
			s.usable()
		case err == ErrClosed:
		case server && errors.As(err, &failure):
			h.refuse(failure, nil)
		default:
			s.shut(err)
		}
	})
	return nil
}

// TLSState returns what was agreed on in the stream's TLS handshake: version,
// protocol (ALPN), the peer's certificates. It returns nil while the handshake
// is under way, and for a stream without TLS.
func (s *IOStream) TLSState() *tls.ConnectionState {
	t, ok := s.transport().(*tlsTransport)
	if !ok {
		return nil
	}
	state := t.conn.ConnectionState()
	return &state
}

// Secure reports whether the stream speaks TLS, its handshake being through. It
// costs less than TLSState.
func (s *IOStream) Secure() bool {
	_, ok := s.transport().(*tlsTransport)
	return ok
}

// clientTLS returns the configuration for a client of the host in address.
func clientTLS(conf *tls.Config, address string) *tls.Config {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = ""
	}
	if conf.Renegotiation == tls.RenegotiateNever && (conf.ServerName != "" || host == "") {
		return conf
	}
	conf = conf.Clone()
	// It would need the handshake's own stack in the middle of a read.
	conf.Renegotiation = tls.RenegotiateNever
	if conf.ServerName == "" {
		conf.ServerName = host
	}
	return conf
}

// errNoCertificate is the cause of a TLSMisconfigured.
var errNoCertificate = errors.New("the tls.Config of a server needs Certificates, GetCertificate or GetConfigForClient")

func checkServerTLS(conf *tls.Config) error {
	if len(conf.Certificates) == 0 && conf.GetCertificate == nil && conf.GetConfigForClient == nil {
		return &TLSError{Reason: TLSMisconfigured, Ours: true, Err: errNoCertificate}
	}
	return nil
}
