package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// responses are the seeds.
var responses = []string{
	ok200 + "Content-Length: 5\r\n\r\nhello",
	ok200 + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\n\r\n",
	ok200 + "\r\nuntil close",
	"HTTP/1.1 100 Continue\r\n\r\n" + ok200 + "Content-Length: 0\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
	"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nrest",
	ok200 + "X: a\r\n b\r\nContent-Length:\r\n 1\r\n\r\na",
	ok200 + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi",
}

// Whatever comes and however it is cut: the events are the same, and nothing
// panics.
func FuzzClient(f *testing.F) {
	for i, input := range responses {
		f.Add([]byte(input), []byte{byte(i), 1, 7})
	}
	f.Add([]byte(strings.Join(responses, "")), []byte{3, 1, 50})
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		for _, methods := range []string{"GET", "HEAD", "UPGRADE", "CONNECT"} {
			wiretest.Same(t, client(nil, methods), input, cuts)
		}
		// Where a body that is too long is noticed depends on the cuts when its
		// length is not announced, so the small limits leave the body alone.
		l := *small
		l.BodyBytes = 1 << 40
		wiretest.Same(t, client(&l, "GET"), input, cuts)
	})
}

// answer1 is what two clients can agree on.
type answer1 struct {
	status          int
	body            string
	header, trailer []string
}

func readHere(input []byte, method string) (*answer1, error) {
	c, h := NewConn(Client, nil), new(Head)
	c.SetHead(h)
	if err := ask(c, method); err != nil {
		return nil, err
	}
	c.Receive(input)
	c.ReceiveEOF()
	var body []byte
	for {
		ev, err := c.Next()
		if err != nil {
			return nil, err
		}
		switch ev.Kind {
		case Interim:
			return nil, errors.New("interim") // net/http leaves these to its transport
		case Data:
			body = append(body, ev.Data...)
		case EndOfMessage:
			a := &answer1{status: h.Status(), body: string(body)}
			for name, value := range h.Fields().All() {
				a.header = append(a.header, textproto.CanonicalMIMEHeaderKey(name)+": "+strings.Join(strings.Fields(value), " "))
			}
			for name, value := range h.Trailers().All() {
				a.trailer = append(a.trailer, textproto.CanonicalMIMEHeaderKey(name)+": "+strings.Join(strings.Fields(value), " "))
			}
			slices.Sort(a.header)
			slices.Sort(a.trailer)
			return a, nil
		}
	}
}

func readThere(input []byte, method string) (*answer1, error) {
	request, err := http.NewRequest(method, "http://a/", nil)
	if err != nil {
		return nil, err
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(input)), request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a := &answer1{status: r.StatusCode, body: string(body)}
	lines := func(h http.Header) (list []string) {
		for name, values := range h {
			for _, v := range values {
				list = append(list, name+": "+strings.Join(strings.Fields(v), " "))
			}
		}
		slices.Sort(list)
		return list
	}
	a.header, a.trailer = lines(r.Header), lines(r.Trailer)
	return a, nil
}

// stricterHere says why a response that net/http takes is refused here.
var stricterHere = []struct {
	why string
	err []*ProtocolError
}{
	{"a bare LF is no line end", []*ProtocolError{errBareLF, errChunkSize, errChunkEnd, errChunkExt}},
	{"one framing, once", []*ProtocolError{errCodingLength, errLengthTwice, errCodingTwice, errLength, errCoding, errCodingForm, errCodingVersion}},
	{"the status line as in the standard", []*ProtocolError{errStatusLine, errNotResponse}},
	{"characters that may not be there", []*ProtocolError{errFieldValue, errFieldName, errObsFold, errNoColon, errSpaceColon}},
	{"a body that breaks off", []*ProtocolError{errTruncated}}, // net/http does not want the end of trailers
	{"limits", []*ProtocolError{errHeadLength, errHeadCount, errBodyLength, errTrailerLength, errTrailerCount, errChunkOverhead}},
	{"no fields that frame in trailers", []*ProtocolError{errTrailerField}},
	{"101 must have been asked for", []*ProtocolError{errSwitch}},
}

// framingFields are those that net/http takes out of the header, or puts in.
func framingFields(s string) bool {
	for _, name := range []string{"Content-Length: ", "Transfer-Encoding: ", "Trailer: ", "Connection: ", "Pragma: ", "Cache-Control: "} {
		if strings.HasPrefix(s, name) {
			return true
		}
	}
	return false
}

func FuzzResponseAgainstNetHTTP(f *testing.F) {
	for _, input := range responses {
		f.Add([]byte(input), false)
	}
	f.Fuzz(func(t *testing.T, input []byte, head bool) {
		method := "GET"
		if head {
			method = "HEAD"
		}
		here, err := readHere(input, method)
		there, errThere := readThere(input, method)
		switch {
		case err != nil && errThere == nil:
			var pe *ProtocolError
			for _, x := range stricterHere {
				if errors.As(err, &pe) && slices.Contains(x.err, pe) {
					return
				}
			}
			if err.Error() != "interim" {
				t.Errorf("%q is refused here: %v", input, err)
			}
		case err != nil || errThere != nil:
			// net/http refuses more: invalid trailers, for one.
		default:
			here.header = slices.DeleteFunc(here.header, framingFields)
			there.header = slices.DeleteFunc(there.header, framingFields)
			if here.status != there.status || here.body != there.body || !slices.Equal(here.header, there.header) {
				t.Errorf("%q: here %+v, there %+v", input, *here, *there)
			}
		}
	})
}
