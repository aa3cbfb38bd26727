// Package http1 says what the bytes of an HTTP/1.1 connection mean, and writes
// the ones to answer with. It does no I/O and knows no clock: bytes in, events
// out, bytes out (RFC 9110, RFC 9112).
//
// A [Conn] is one end of one connection. Its driver is a dozen lines:
//
//	conn.Receive(p) // p is lent until Next asks for more
//	for {
//		ev, err := conn.Next()
//		... write conn.AppendOutput(buf)
//		switch {
//		case err != nil: // a *ProtocolError: answer with its Status, close
//		case ev.Kind == http1.NeedData: return // read on
//		case ev.Kind == http1.Paused: return // answer first
//		...
//		}
//	}
//
// and it answers a request with [Conn.AppendResponse], [Conn.AppendData] and
// [Conn.AppendEnd]. When the response is complete and both sides keep the
// connection, the next request begins by itself.
//
// A client asks with [Conn.AppendRequest], [Conn.AppendData] and
// [Conn.AppendEnd], and reads the response with the same Receive and Next. When
// both are through, and both sides keep the connection, it may ask again.
//
// The order of reading: event.go (what can happen), state.go (what may follow
// what), conn.go (the verbs), lines.go, startline.go, target.go, field.go and
// framing.go (a head), chunked.go (a body), response.go and header.go (the
// other way); side.go (what a client does differently), statusline.go,
// responsehead.go and request.go. limits.go and errors.go say what is refused.
//
// Where the standard leaves a choice, the strict one is made: a message that
// two parsers could read differently is refused, because the other parser may
// be a proxy in front of this one.
package http1
