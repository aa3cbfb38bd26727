package iostream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
)

// TLSReason says what was wrong with a TLS connection.
type TLSReason uint8

// The reasons.
const (
	// TLSBroken: the peer did something that the protocol does not allow, or the
	// bytes were changed on their way; none of the others.
	TLSBroken TLSReason = iota
	// TLSNotSpoken: the peer's first bytes are no TLS. It does not use TLS on this
	// port, or, being a client, did not know that it must.
	TLSNotSpoken
	// TLSWrongHost: the server's certificate is for other names than the one that
	// was asked for.
	TLSWrongHost
	// TLSExpired: the peer's certificate is not valid any more, or not yet.
	TLSExpired
	// TLSUntrusted: the peer's certificate comes from an authority that this side
	// does not know.
	TLSUntrusted
	// TLSBadCertificate: something else is wrong with the peer's certificate.
	TLSBadCertificate
	// TLSNoCertificate: the client showed no certificate, and had to.
	TLSNoCertificate
	// TLSRefused: the peer ended it with an alert. Err holds a tls.AlertError.
	TLSRefused
	// TLSNothingInCommon: there is no version, cipher or protocol (ALPN) that both
	// sides have.
	TLSNothingInCommon
	// TLSMisconfigured: this side's configuration does not do, or a callback of it
	// failed.
	TLSMisconfigured
	// TLSTimeout: the handshake took longer than Options.HandshakeTimeout.
	TLSTimeout
	// TLSClosed: the connection ended during the handshake.
	TLSClosed
	// TLSTruncated: the connection ended without close_notify. What was received
	// is genuine, but it may not be all (RFC 9112, section 9.8).
	TLSTruncated
)

var tlsReasons = [...]string{
	TLSBroken:          "the peer broke the protocol",
	TLSNotSpoken:       "the peer does not speak TLS on this port",
	TLSWrongHost:       "the server's certificate is not for this name",
	TLSExpired:         "the peer's certificate has expired or is not valid yet",
	TLSUntrusted:       "the peer's certificate comes from an unknown authority",
	TLSBadCertificate:  "the peer's certificate is not acceptable",
	TLSNoCertificate:   "the client showed no certificate",
	TLSRefused:         "the peer refused",
	TLSNothingInCommon: "both sides have no version, cipher or protocol in common",
	TLSMisconfigured:   "the configuration of this side does not allow it",
	TLSTimeout:         "the handshake took too long",
	TLSClosed:          "the connection ended during the handshake",
	TLSTruncated:       "the connection ended without close_notify, the data may be cut short",
}

func (r TLSReason) String() string {
	if int(r) < len(tlsReasons) {
		return tlsReasons[r]
	}
	return fmt.Sprintf("TLSReason(%d)", uint8(r))
}

// A TLSError tells why a TLS connection was not made, or broke off, and whose
// fault that was. Get at it with errors.As; what crypto/tls and crypto/x509 have
// to say (a *tls.CertificateVerificationError with a x509.HostnameError, say, a
// tls.RecordHeaderError, or a tls.AlertError) can be got at in the same way.
type TLSError struct {
	// Reason is what was wrong.
	Reason TLSReason
	// Ours is true when it has to be mended on this side: its configuration, or
	// the certificate that it shows. Otherwise it is the peer, or the network.
	Ours bool
	// Addr is the peer's address, nil when it is not known.
	Addr net.Addr
	// ServerName is the name that a client asked for.
	ServerName string
	// Err is the cause.
	Err error
}

func (e *TLSError) Error() string {
	var with strings.Builder
	if e.Addr != nil {
		fmt.Fprintf(&with, " with %v", e.Addr)
	}
	if e.ServerName != "" {
		fmt.Fprintf(&with, " (%s)", e.ServerName)
	}
	return fmt.Sprintf("iostream: TLS%s: %s: %v", with.String(), e.Reason, e.Err)
}

func (e *TLSError) Unwrap() error { return e.Err }

// Timeout makes it a net.Error.
func (e *TLSError) Timeout() bool { return e.Reason == TLSTimeout }

// Temporary makes it a net.Error.
func (e *TLSError) Temporary() bool { return e.Reason == TLSTimeout }

// errHandshakeTimeout is the cause of a TLSTimeout.
var errHandshakeTimeout = fmt.Errorf("no handshake within Options.HandshakeTimeout: %w", os.ErrDeadlineExceeded)

// tlsError dresses an error of a connection whose handshake is through. ended
// tells that the end of the ciphertext was read.
func (s *IOStream) tlsError(err error, ended bool) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return err // the stream adds the addresses
	}
	e := &TLSError{Addr: s.RemoteAddr(), Err: err}
	if ended {
		e.Reason, e.Err = TLSTruncated, io.ErrUnexpectedEOF
		return e
	}
	e.classify()
	return e
}

// handshakeError says what was wrong with a handshake.
func handshakeError(err error, addr net.Addr, serverName string) *TLSError {
	e := &TLSError{Addr: addr, ServerName: serverName, Err: err}
	var errno syscall.Errno
	switch {
	case errors.Is(err, errHandshakeTimeout):
		e.Reason = TLSTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &errno):
		e.Reason = TLSClosed
	default:
		e.classify()
	}
	return e
}

// classify finds the reason, and whose fault it was, from the cause.
func (e *TLSError) classify() {
	var (
		certificate *tls.CertificateVerificationError
		header      tls.RecordHeaderError
		op          *net.OpError
	)
	switch {
	case errors.As(e.Err, &certificate):
		e.certificate(certificate.Err)
	case errors.As(e.Err, &header):
		if header.Conn != nil { // nothing but the first record
			e.Reason = TLSNotSpoken
			e.Err = &notTLS{header}
		}
	case errors.As(e.Err, &op) && op.Op == "remote error":
		e.refused(op.Err)
	case errors.As(e.Err, &op): // our own alert about what the peer sent
	default:
		e.byText()
	}
}

// certificate finds out what is wrong with the peer's.
func (e *TLSError) certificate(err error) {
	var (
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		roots   x509.SystemRootsError
	)
	switch {
	case errors.As(err, &host):
		e.Reason = TLSWrongHost
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Reason = TLSExpired
	case errors.As(err, &unknown):
		e.Reason = TLSUntrusted
	case errors.As(err, &roots):
		e.Reason, e.Ours = TLSMisconfigured, true
	default:
		e.Reason = TLSBadCertificate
	}
}

// refused looks at an alert of the peer. Its type has no exported name, only
// a number.
func (e *TLSError) refused(alert error) {
	e.Reason = TLSRefused
	v := reflect.ValueOf(alert)
	if v.Kind() != reflect.Uint8 {
		return
	}
	number := tls.AlertError(v.Uint())
	e.Err = fmt.Errorf("%w%.0w", e.Err, number)
	switch {
	case 42 <= number && number <= 49, number == 116: // RFC 8446, section 6.2: about our certificate
		e.Ours = true
	case number == 40, number == 70, number == 71, number == 120:
		e.Reason = TLSNothingInCommon
	}
}

// tlsTexts are the beginnings of those errors of crypto/tls that have neither a
// type nor a name, but make a difference.
var tlsTexts = []struct {
	begin  string
	reason TLSReason
	ours   bool
}{
	{"tls: client didn't provide a certificate", TLSNoCertificate, false},
	{"tls: client offered only unsupported versions", TLSNothingInCommon, false},
	{"tls: server selected unsupported protocol version", TLSNothingInCommon, false},
	{"tls: no cipher suite supported by both", TLSNothingInCommon, false},
	{"tls: no key exchanges supported by both", TLSNothingInCommon, false},
	{"tls: no supported elliptic curves offered", TLSNothingInCommon, false},
	{"tls: client requested unsupported application protocols", TLSNothingInCommon, false},
	{"tls: peer doesn't support any of the certificate's", TLSNothingInCommon, false},
	{"tls: failed to parse certificate from server", TLSBadCertificate, false},
	{"tls: failed to parse client certificate", TLSBadCertificate, false},
	{"tls: either ServerName or InsecureSkipVerify", TLSMisconfigured, true},
	{"tls: no certificates configured", TLSMisconfigured, true},
	{"tls: no supported versions satisfy", TLSMisconfigured, true},
	{"tls: invalid NextProtos value", TLSMisconfigured, true},
	{"tls: NextProtos values too large", TLSMisconfigured, true},
	{"tls: failed to sign", TLSMisconfigured, true},
	{"tls: unsupported certificate", TLSMisconfigured, true},
	{"tls: certificate private key", TLSMisconfigured, true},
	{"tls: internal error", TLSMisconfigured, true},
}

func (e *TLSError) byText() {
	text := e.Err.Error()
	for _, t := range tlsTexts {
		if strings.HasPrefix(text, t.begin) {
			e.Reason, e.Ours = t.reason, t.ours
			return
		}
	}
	if !strings.HasPrefix(text, "tls: ") {
		e.Reason, e.Ours = TLSMisconfigured, true // of a callback
	}
}

// notTLS shows what came in place of a handshake.
type notTLS struct{ tls.RecordHeaderError }

func (e *notTLS) Error() string {
	return fmt.Sprintf("it sent %q: %v", e.RecordHeader[:], e.RecordHeaderError)
}

func (e *notTLS) Unwrap() error { return e.RecordHeaderError }
